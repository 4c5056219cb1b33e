/**
 * Tells people what happened. It goes its own way beside the upkeep: a trip never waits for it, and
 * a far end that hangs holds up nothing but its own notices.
 *
 *   review, alarm ──► notice in the store ──► claimed by one gateway ──► sent | again | given up
 *
 * What was sent just before a gateway died is sent again by the next: at least once out there, by
 * one id.
 */
import type { Millis } from "../../guards/money.ts";
import type { Delivery } from "../../ports/notifier.ts";
import { type NoticeCounts, StoreUnreachable } from "../../ports/store.ts";
import { EverySecond } from "../every-second.ts";
import type { Gateway } from "../gateway.ts";
import { ATTEMPT_MS, type Links, Sender } from "./send.ts";
import { tellAlerts, tellReviews } from "./tell.ts";

/** Taken of each notifier at once: as many are told in one message at most. */
const CLAIMED_MAX = 500;
const PRUNE_MS: Millis = 60_000;
/** What was told is remembered for so long. */
const KEPT_MS: Millis = 7 * 24 * 3_600_000;
/** Attempts under way at a stop may take this long. */
const STOP_MS: Millis = 2_000;
const TEST_ID_BYTES = 8;

export class Notifying {
  readonly #gateway: Gateway;
  readonly #links: Links;
  readonly #sender: Sender;
  /** By notifier, what is being sent. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #loop: EverySecond;
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(gateway: Gateway, links: Links) {
    this.#gateway = gateway;
    this.#links = links;
    this.#sender = new Sender(gateway, links);
    this.#loop = new EverySecond(gateway.clock, () => this.tick());
  }

  start(): void {
    this.#loop.start();
  }

  /** Waits for the tick under way, and a moment for what is being sent. */
  async stop(): Promise<void> {
    this.#sender.stopped = true;
    await this.#loop.stop();
    const { clock } = this.#gateway;
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(STOP_MS, resolve);
    });
    await Promise.race([this.settled(), late]);
    cancel();
  }

  /** Once nothing is being sent. */
  async settled(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  /** Never rejects: what fails is tried again a second later, and holds up nothing else. */
  async tick(): Promise<void> {
    const gateway = this.#gateway;
    const steps = [
      () => tellAlerts(gateway),
      () => tellReviews(gateway),
      () => this.#sendDue(),
      () => this.#prune(),
    ];
    for (const step of steps) if (!(await this.#did(step))) return;
  }

  /** False: the store cannot be asked now, for anything. */
  async #did(work: () => Promise<void>): Promise<boolean> {
    const { log, metrics } = this.#gateway;
    try {
      await work();
      return true;
    } catch (error) {
      log.warn("notices were held up; they are tried again with the next second", { error });
      if (error instanceof StoreUnreachable) return false;
      metrics.error("notices");
      return true;
    }
  }

  /** Is not waited for: a far end may take its time. */
  async #sendDue(): Promise<void> {
    const { holding, rules, store } = this.#gateway;
    const names = rules.configuration.notifiers.map(({ road }) => road.name);
    const idle = names.filter((name) => !this.#busy.has(name));
    if (idle.length === 0) return;
    const { tenure } = holding;
    const claimed = await store.notices.claim(tenure.id, idle, CLAIMED_MAX);
    if ("kind" in claimed) {
      tenure.fenced = true;
      return;
    }
    for (const one of claimed) {
      const { notifier } = one;
      const sending = this.#did(() => this.#sender.send(one));
      this.#busy.set(
        notifier,
        sending.then(() => void this.#busy.delete(notifier)),
      );
    }
  }

  async #prune(): Promise<void> {
    const { clock, holding, store } = this.#gateway;
    if (clock.monotonic() - this.#prunedAt < PRUNE_MS) return;
    this.#prunedAt = clock.monotonic();
    await store.notices.prune(holding.storeNow() - KEPT_MS);
  }

  /** In the order of the configuration. Rejects if the store cannot be asked. */
  counts(): Promise<readonly NoticeCounts[]> {
    const { rules, store } = this.#gateway;
    return store.notices.counts(rules.configuration.notifiers.map(({ road }) => road.name));
  }

  /** Sends a test now, beside whatever waits. Null: there is no such notifier. */
  async test(name: string, by: string): Promise<Delivery | null> {
    const { chance, holding, rules } = this.#gateway;
    const notifier = rules.notifier(name);
    if (notifier === null) return null;
    const id = `test.${chance.hex(TEST_ID_BYTES)}`;
    const message = { kind: "test", id, by, at: holding.storeNow() } as const;
    return notifier.deliver({ ...message, link: this.#links.reviews() }, ATTEMPT_MS);
  }
}
