/** Who asks: a key presented by an agent, found by its hash among those that hold now. */
import { hash } from "node:crypto";
import type { Clock } from "../ports/clock.ts";
import type { KeyRecord, Registry } from "../ports/store.ts";
import { Allowance } from "./allowance.ts";

/** Longer ones are not ours; nothing is hashed for them. */
const TOKEN_CHARS_MAX = 200;
/**
 * Unknown keys may be new ones of another process; a flood of them must not become one of queries.
 */
const LOOKUPS_A_SECOND = 50;

/** What a look-up ends in. */
export type Found = KeyRecord | null | "busy";

export class Keys {
  readonly #registry: Registry;
  readonly #clock: Clock;
  #byHash = new Map<string, KeyRecord>();
  /** Lookups under way: a new key that is used by many at once is asked for once. */
  readonly #asking = new Map<string, Promise<Found>>();
  readonly #lookups = new Allowance(LOOKUPS_A_SECOND, LOOKUPS_A_SECOND);

  constructor(registry: Registry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /**
   * Reads all keys that are not revoked: at start, and whenever the store says that something
   * changed.
   */
  async load(): Promise<void> {
    const keys = await this.#registry.keys(false);
    this.#byHash = new Map(keys.map((key) => [key.hash, key]));
  }

  get size(): number {
    return this.#byHash.size;
  }

  /**
   * The key's record, or null if it is unknown, revoked or expired. Too many unknown ones at once:
   * busy, for a key that another process made a moment ago must not be told that it is none.
   */
  find(token: string | null): KeyRecord | null | Promise<Found> {
    if (token === null || token.length === 0 || token.length > TOKEN_CHARS_MAX) return null;
    return this.withHash(hashToken(token));
  }

  /** As `find`, by what the store keeps of a key. */
  withHash(digest: string): KeyRecord | null | Promise<Found> {
    const key = this.#byHash.get(digest);
    return key === undefined ? this.#ask(digest) : this.#holds(key);
  }

  /** The key of a call that was parked; null if it would not be found now. */
  withId(id: string): KeyRecord | null {
    for (const key of this.#byHash.values()) if (key.id === id) return this.#holds(key);
    return null;
  }

  /** Whether a key that was found a while ago would be found now. */
  stillHolds({ hash: digest }: KeyRecord): boolean {
    const key = this.#byHash.get(digest);
    return key !== undefined && this.#holds(key) !== null;
  }

  #ask(digest: string): Promise<Found> {
    const asked = this.#asking.get(digest);
    if (asked !== undefined) return asked;
    const asking = this.#lookUp(digest).finally(() => this.#asking.delete(digest));
    this.#asking.set(digest, asking);
    return asking;
  }

  async #lookUp(digest: string): Promise<Found> {
    if (!this.#lookups.take(this.#clock.monotonic())) return "busy";
    const known = this.#byHash;
    const key = await this.#registry.keyByHash(digest);
    if (key === null || key.revokedAt !== null) return null;
    // If all were read again meanwhile, this answer may be the older one: it is used, not kept.
    if (known === this.#byHash) known.set(digest, key);
    return this.#holds(key);
  }

  #holds(key: KeyRecord): KeyRecord | null {
    if (key.revokedAt !== null) return null;
    return key.expiresAt === null || this.#clock.wall() < key.expiresAt ? key : null;
  }
}

/** What the store keeps of a key. */
export function hashToken(token: string): string {
  return hash("sha256", token);
}
