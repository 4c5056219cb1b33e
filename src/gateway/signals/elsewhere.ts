/** What other gateways see of calls and tasks that may be at several, as the store tells it. */
import type { Millis } from "../../guards/money.ts";
import type { HolderId, Share } from "../../ports/store.ts";

type OtherShare = Share & { readonly holder: HolderId };

/** Shares of one agent that are remembered; beyond, what was heard of first goes. */
const SHARES_MAX = 4_096;

export class Elsewhere {
  /** By agent, then by what they are of, then by whose they are. */
  readonly #agents = new Map<string, Map<string, Map<HolderId, OtherShare>>>();

  take(shares: readonly OtherShare[]): void {
    for (const share of shares) {
      const keys = this.#agents.get(share.agent) ?? new Map<string, Map<HolderId, OtherShare>>();
      this.#agents.set(share.agent, keys);
      const holders = keys.get(share.key) ?? new Map<HolderId, OtherShare>();
      holders.set(share.holder, share);
      keys.set(share.key, holders);
      const [oldest] = keys.keys();
      if (keys.size > SHARES_MAX && oldest !== undefined) keys.delete(oldest);
    }
  }

  /** Whether anybody has told of the agent. */
  knows(agent: string): boolean {
    return this.#agents.has(agent);
  }

  /** What begins so, of which anybody has told. */
  keysOf(agent: string, begins: string): readonly string[] {
    return [...(this.#agents.get(agent)?.keys() ?? [])].filter((key) => key.startsWith(begins));
  }

  /** Those that were seen after that, by the store's clock. */
  of(agent: string, key: string, after: Millis): readonly OtherShare[] {
    const holders = this.#agents.get(agent)?.get(key);
    return holders === undefined ? [] : [...holders.values()].filter(({ at }) => at > after);
  }

  forget(agent: string): void {
    this.#agents.delete(agent);
  }

  /** Nobody will ask for these. */
  prune(before: Millis): void {
    for (const [agent, keys] of this.#agents) {
      for (const [key, holders] of keys) {
        for (const [holder, { at }] of holders) if (at < before) holders.delete(holder);
        if (holders.size === 0) keys.delete(key);
      }
      if (keys.size === 0) this.#agents.delete(agent);
    }
  }
}
