/**
 * Keyed checkpoints of the journal. Whoever can write to the store can rebuild a chain of hashes,
 * but not the signature over its head: that takes the encryption key, which is not in the store.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Millis } from "../guards/money.ts";
import type { Anchor, JournalReader } from "../ports/store.ts";
import type { Head } from "./chain.ts";

/** Chains of other writers that one checkpoint names; the newest ones are the ones at risk. */
export const OTHER_HEADS_MAX = 64;

const KEY_BYTES = 32;
/** Names the purpose, so that what else is derived from the encryption key has another key. */
const KEY_PURPOSE = "slipclutch journal anchors v1";

export type Heads = ReadonlyMap<string, Head>;

/** The journal's signing key, from the 32 bytes of the encryption key in hex. */
export function anchorKey(encryptionKey: string): Uint8Array {
  const key = Buffer.from(encryptionKey, "hex");
  if (key.length !== KEY_BYTES) throw new Error("The encryption key is not 32 bytes in hex");
  return new Uint8Array(hkdfSync("sha256", key, "", KEY_PURPOSE, KEY_BYTES));
}

function macOf(key: Uint8Array, anchor: Omit<Anchor, "mac">): Buffer {
  const { writer, no, at, heads } = anchor;
  return createHmac("sha256", key)
    .update(JSON.stringify([writer, no, at, heads]))
    .digest();
}

export interface AnchorFacts {
  readonly writer: string;
  readonly no: number;
  readonly at: Millis;
  readonly heads: Heads;
}

/** Signs how far these chains have come. */
export function signAnchor(key: Uint8Array, facts: AnchorFacts): Anchor {
  const pairs = [...facts.heads].map(([writer, head]) => [writer, [head.no, head.hash]] as const);
  const anchor = {
    writer: facts.writer,
    no: facts.no,
    at: facts.at,
    heads: JSON.stringify(Object.fromEntries(pairs)),
  };
  return { ...anchor, mac: macOf(key, anchor).toString("hex") };
}

/** Whether the checkpoint is as it was signed, with this key. */
export function anchorHolds(key: Uint8Array, anchor: Anchor): boolean {
  const given = Buffer.from(anchor.mac, "hex");
  const right = macOf(key, anchor);
  return given.length === right.length && timingSafeEqual(given, right);
}

/** The heads of a checkpoint that holds; throws on what `signAnchor` cannot have written. */
export function headsOf(anchor: Anchor): Heads {
  const parsed: unknown = JSON.parse(anchor.heads);
  if (typeof parsed !== "object" || parsed === null) throw new Error("Heads are not an object");
  const heads = new Map<string, Head>();
  for (const [writer, head] of Object.entries(parsed)) {
    if (!Array.isArray(head)) throw new Error("A head is not a list");
    const [no, hash]: unknown[] = head;
    if (typeof no !== "number" || typeof hash !== "string") throw new Error("A head is malformed");
    heads.set(writer, { no, hash });
  }
  return heads;
}

/**
 * Where the chains of other writers stand, for the checkpoints of this one: a writer that is gone
 * signs nothing any more, so its end is kept by those that come after it.
 */
export async function readHeads(store: JournalReader, writers: readonly string[]): Promise<Heads> {
  const heads = new Map<string, Head>();
  for (const writer of writers.slice(-OTHER_HEADS_MAX)) {
    const [last] = await store.read({ writer, take: "newest", limit: 1 });
    if (last) heads.set(writer, { no: last.no, hash: last.hash });
  }
  return heads;
}
