/**
 * Watches the heartbeats of the other processes on this store, and fences those that have stopped.
 */
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import type { Beat, HolderId } from "../ports/store.ts";

/**
 * A pause of our own answers longer than this tells nothing about the others: the store was away.
 */
const BLIND_MS = 3_000;

interface Sighting {
  readonly beatNo: number;
  /** When this process first read that number, on its own monotonic clock. */
  readonly since: Millis;
}

export class Neighbours {
  readonly #expiryMs: Millis;
  readonly #clock: Clock;
  #seen = new Map<HolderId, Sighting>();
  #lastLookAt = Number.NEGATIVE_INFINITY;

  constructor(expiryMs: Millis, clock: Clock) {
    this.#expiryMs = expiryMs;
    this.#clock = clock;
  }

  /**
   * Takes what a heartbeat's answer lists, and fences whose number stood still for the whole
   * expiry.
   */
  async watch(
    live: Beat["live"],
    self: HolderId,
    fence: (id: HolderId, seen: number) => Promise<unknown>,
  ): Promise<void> {
    const now = this.#clock.monotonic();
    const blind = now - this.#lastLookAt > BLIND_MS;
    this.#lastLookAt = now;

    const next = new Map<HolderId, Sighting>();
    const silent: [HolderId, number][] = [];
    for (const { id, beatNo } of live) {
      if (id === self) continue;
      const before = this.#seen.get(id);
      const stood = !blind && before?.beatNo === beatNo;
      const since = stood ? before.since : now;
      next.set(id, { beatNo, since });
      if (now - since >= this.#expiryMs) silent.push([id, beatNo]);
    }
    this.#seen = next;
    for (const [id, beatNo] of silent) await fence(id, beatNo);
  }
}
