/**
 * Follows a Git remote: asks it again and again, and at once when told that something was pushed.
 *
 *   waiting ──poll is over, or told──► asking ──answered──► waiting
 *      ▲                                  │
 *      └─────twice as long each time──────┘ (no answer)
 *
 * What does not hold is said once, and left until there is a newer commit. What was in force stays.
 */
import type { RemoteState } from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import type { Event } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";
import type { GitGuardrails } from "./git.ts";
import type { Reload } from "./reload.ts";

/** Longest wait for a remote that does not answer, unless it is asked more rarely anyway. */
const BACK_OFF_MAX_MS: Millis = 10 * 60_000;
/** Gateways that were started together do not ask together: a tenth more or less. */
const JITTER = 0.1;
/** However often it is told of pushes. */
const TOLD_MS: Millis = 1_000;
const BY = "git";

export interface WatchSettings {
  readonly gateway: Gateway;
  readonly reload: Reload;
  readonly guardrails: GitGuardrails;
  readonly pollMs: Millis;
}

export class Watch {
  readonly #settings: WatchSettings;
  /** The commit that needs nothing more: it was taken, or does not hold. */
  #handled: string | null = null;
  /** The commit that was last said to be no successor. */
  #announced: string | null = null;
  #rejected: RemoteState["rejected"] = null;
  #lost: RemoteState["lost"] = null;
  #answeredAt: Millis | null = null;
  #failures = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;
  #told = false;
  #stopped = false;
  #cancel: () => void = () => undefined;

  constructor(settings: WatchSettings) {
    this.#settings = settings;
  }

  /** The first look is now: the gateway may have begun with something older than what is there. */
  start(): void {
    this.#arm(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#settings.guardrails.close();
    await this.#asking;
  }

  /** Something was pushed, says somebody: nothing of what they say is believed but that. */
  tell(): void {
    if (this.#stopped) return;
    if (this.#asking !== null) {
      this.#told = true;
      return;
    }
    const sinceMs = this.#settings.gateway.clock.monotonic() - this.#askedAt;
    this.#arm(Math.max(0, TOLD_MS - sinceMs));
  }

  get state(): RemoteState {
    const { gateway, guardrails } = this.#settings;
    const commit = guardrails.seen?.commit ?? null;
    // In force from the very moment at which it is swapped in: nothing is rejected then.
    const isInForce = commit !== null && gateway.rules.configuration.commit === commit;
    return {
      source: guardrails.source,
      commit,
      answeredAt: this.#answeredAt,
      lost: this.#lost,
      rejected: isInForce ? null : this.#rejected,
    };
  }

  #arm(ms: Millis): void {
    this.#cancel();
    this.#cancel = this.#settings.gateway.clock.after(ms, () => {
      this.#asking = this.#ask().finally(() => {
        this.#asking = null;
        if (!this.#stopped) this.#arm(this.#waitMs());
      });
    });
  }

  #waitMs(): Millis {
    const { gateway, pollMs } = this.#settings;
    if (this.#told) {
      this.#told = false;
      return TOLD_MS;
    }
    const most = Math.max(pollMs, BACK_OFF_MAX_MS);
    const usual = Math.min(pollMs * 2 ** this.#failures, most);
    const dice = Number.parseInt(gateway.chance.hex(2), 16) / 0xffff;
    return usual * (1 - JITTER + 2 * JITTER * dice);
  }

  /** Never rejects: a store that is away, say, is met again at the next look. */
  async #ask(): Promise<void> {
    const { gateway, guardrails } = this.#settings;
    this.#askedAt = gateway.clock.monotonic();
    try {
      const because = await guardrails.look();
      if (this.#stopped) return;
      if (because !== null) return this.#lose(because);
      this.#find();
      await this.#take();
    } catch (error) {
      this.#failures += 1;
      gateway.log.warn("what Git has could not be taken; it is tried again", { error });
    }
  }

  async #take(): Promise<void> {
    const { gateway, guardrails, reload } = this.#settings;
    const { seen } = guardrails;
    if (seen === null || seen.commit === this.#handled) return;
    const { commit, rewrittenFrom } = seen;
    if (rewrittenFrom !== null && commit !== this.#announced) {
      this.#announced = commit;
      this.#emit({ kind: "remote.rewritten", from: rewrittenFrom, to: commit });
    }
    if (gateway.rules.configuration.commit === commit) {
      this.#handled = commit;
      this.#rejected = null;
      return;
    }
    const reloaded = await reload.ask(BY, () => guardrails.readSeen());
    switch (reloaded.kind) {
      case "invalid": {
        const { issues } = reloaded;
        this.#handled = commit;
        this.#rejected = { commit, at: gateway.clock.wall(), issues };
        return;
      }
      case "refused":
        this.#failures += 1;
        gateway.log.warn("what Git has could not be taken; it is tried again", reloaded);
        return;
      case "ok":
      case "unchanged":
        if (gateway.rules.configuration.commit !== commit) return;
        this.#handled = commit;
        this.#rejected = null;
    }
  }

  #lose(because: string): void {
    this.#failures += 1;
    const since = this.#lost?.since ?? this.#settings.gateway.clock.wall();
    if (this.#lost === null) this.#emit({ kind: "remote.lost", because });
    this.#lost = { since, because };
  }

  #find(): void {
    const { clock } = this.#settings.gateway;
    this.#failures = 0;
    this.#answeredAt = clock.wall();
    if (this.#lost === null) return;
    this.#emit({ kind: "remote.found", afterMs: Math.max(0, clock.wall() - this.#lost.since) });
    this.#lost = null;
  }

  #emit(event: Event): void {
    const { gateway } = this.#settings;
    emit(gateway, gateway.holding.tenure, event);
  }
}
