/** Keys by their hashes, and models that did not keep to what they were asked. */
import type { Millis } from "../guards/money.ts";

export type Role = "viewer" | "operator" | "admin";

export interface KeyRecord {
  /** Public id, `key_…`. */
  readonly id: string;
  /** Hex SHA-256 of the secret; the secret itself is nowhere. */
  readonly hash: string;
  /** An agent's key, one for a single task of it, or an operator's token. */
  readonly holder:
    | { readonly kind: "agent"; readonly agent: string }
    | { readonly kind: "task"; readonly agent: string; readonly task: string }
    | { readonly kind: "operator"; readonly name: string; readonly role: Role };
  readonly createdAt: Millis;
  readonly expiresAt: Millis | null;
  readonly revokedAt: Millis | null;
}

/** A provider's model that billed above what it was asked, reserved at its maximum from then on. */
export interface ModelFlag {
  readonly provider: string;
  readonly model: string;
  readonly what: "output" | "input";
  readonly since: Millis;
  /** Call that showed it. */
  readonly call: string;
}

export interface Registry {
  createKey(key: KeyRecord): Promise<void>;
  /** False if there is no such key, or it was revoked before. */
  revokeKey(id: string, at: Millis): Promise<boolean>;
  /** All that are not revoked, or all. */
  keys(all: boolean): Promise<readonly KeyRecord[]>;
  keyByHash(hash: string): Promise<KeyRecord | null>;
  flag(flag: ModelFlag): Promise<void>;
  clearFlag(provider: string, model: string): Promise<boolean>;
  flags(): Promise<readonly ModelFlag[]>;
}
