/**
 * The gap entries: whose journal ends, and what it had held, which is charged. Exactly one for each
 * fenced holder, whoever dies when.
 *
 * The fence itself leaves in the store that an entry is owed and with which amounts, so a process
 * that dies right after it takes nothing along: whoever looks next pays. The entry and the end of
 * the debt are one transaction, so of several that look at once the first pays and the rest are
 * told. Such an entry must be one that can be thrown away, which no link of a chain is: the next
 * ones are hashed over it. And a fencer that owed it on its own chain could be fenced in turn and
 * write it after all, when another has done so long since. So it is a chain of its own, of one
 * entry.
 */
import type { Gateway } from "../gateway/gateway.ts";
import type { Millis } from "../guards/money.ts";
import type { Gap, HolderId } from "../ports/store.ts";
import { Chain, written } from "../telemetry/chain.ts";
import { logEvent } from "../telemetry/log-events.ts";

/** Written with one look; the rest with the next heartbeat. */
const GAPS_AT_ONCE = 100;
/** Another gateway may have died, or left, before it could write what it owed. */
const LOOK_MS: Millis = 60_000;

/** The writer of the one entry about this holder. */
export function gapWriter(holder: HolderId): string {
  return `gap-${holder}`;
}

export class Gaps {
  readonly #gateway: Gateway;
  #lookAt = Number.NEGATIVE_INFINITY;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** From now on entries may be owed: told before a fence, whose answer may never come. */
  expect(): void {
    this.#lookAt = Number.NEGATIVE_INFINITY;
  }

  /** Never rejects: what the store does not take now is looked for with the next heartbeat. */
  async writeIfDue(): Promise<void> {
    const { clock, log } = this.#gateway;
    if (clock.monotonic() < this.#lookAt) return;
    try {
      await this.write();
    } catch (error) {
      log.warn("gap entries could not be written; they are looked for again", { error });
    }
  }

  /** Writes what is owed. Two of these at once do no harm. */
  async write(): Promise<void> {
    const { clock, store } = this.#gateway;
    this.#lookAt = clock.monotonic() + LOOK_MS;
    try {
      const owed = await store.journal.gaps(GAPS_AT_ONCE);
      for (const gap of owed) await this.#pay(gap);
      if (owed.length === GAPS_AT_ONCE) this.expect();
    } catch (error) {
      this.expect();
      throw error;
    }
  }

  async #pay({ forfeits, holder }: Gap): Promise<void> {
    const { clock, holding, log, metrics, store } = this.#gateway;
    const [last] = await store.journal.read({ writer: holder, take: "newest", limit: 1 });
    const amounts = forfeits.map(({ amount, budget, scope, unit }) => {
      return { budget, scope, unit, amount: amount.toString() };
    });
    const lastNo = last?.no ?? 0;
    const event = { kind: "journal.gap", writer: holder, lastNo, forfeits: amounts } as const;
    const entry = new Chain(gapWriter(holder)).append(written(event, clock.wall()));
    if (!(await store.journal.writeGap(holder, entry))) return;
    // Nobody else signs them any more: the next checkpoint of this process does.
    const { journal } = holding.tenure;
    if (last !== undefined) journal.learn(holder, last.no, last.hash);
    journal.learn(entry.writer, entry.no, entry.hash);
    metrics.observe(event);
    logEvent(log, event);
  }
}
