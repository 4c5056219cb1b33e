/**
 * What evaluation needs from outside: the engine itself imports nothing, reads no clock and waits
 * for nothing. Whoever embeds it passes this in. Bytes are `Uint8Array`s; whatever fails throws an
 * `Error` whose message says why.
 */
import type { Value } from "./values/value.ts";

export interface Host {
  /** RE2, as Go's `regexp` reads it. */
  regex(pattern: string): Regex;
  hash(algorithm: HashAlgorithm, bytes: Uint8Array): Uint8Array;
  hmac(algorithm: HashAlgorithm, key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** Of a PEM certificate, a PEM public key or a JSON Web Key (its public part). */
  publicKey(text: string): PublicKey;
  /** One document of YAML 1.2 or JSON. */
  parseYaml(text: string): Value;
  yamlText(value: Value): string;
  /** Nanoseconds since 1970, one answer for a whole evaluation. */
  now(): bigint;
  /** Offset of local time from UTC, in seconds, and its abbreviation; undefined: no such zone. */
  zone(name: string, seconds: number): Zone | undefined;
}

/** Positions count UTF-16 units. */
export interface Regex {
  /** How many instructions its machine has, which is what a search costs at each character. */
  readonly size: number;
  matches(text: string): boolean;
  /**
   * Searched for as they are asked for; what took no part in a match is "". An empty match right
   * behind the one before it does not count.
   */
  find(text: string): Iterable<Match>;
  groupNames(): ReadonlyMap<string, number>;
}

export interface Match {
  readonly start: number;
  readonly end: number;
  /** The whole match first. */
  readonly groups: readonly string[];
}

export type HashAlgorithm = "md5" | "sha1" | "sha256" | "sha384" | "sha512";

export type SignatureAlgorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA";

export interface PublicKey {
  /** False for a key of another family than the algorithm's too. */
  verify(signature: SignedBytes): boolean;
}

export interface SignedBytes {
  readonly algorithm: SignatureAlgorithm;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  /** Whether the salt of PS256 and the like may have any length, else that of the hash. */
  readonly anySalt: boolean;
}

export interface Zone {
  readonly offset: number;
  /** Undefined: not known for that time. */
  readonly abbreviation: string | undefined;
}
