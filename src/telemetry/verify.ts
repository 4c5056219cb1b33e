/**
 * Is the journal what was written? Checkpoints are read first, entries after: what a checkpoint
 * signed was stored with it or before it, so a journal that is still being written verifies too.
 */
import type { JournalEntry, JournalReader } from "../ports/store.ts";
import { anchorHolds, type Heads, headsOf } from "./anchor.ts";
import { EMPTY_CHAIN, entryHash, type Head } from "./chain.ts";

/** Rows read at once: memory does not grow with the journal. */
export const PAGE_ROWS = 1_000;
/** Every boot is a writer; a store with more of them than this is not one of ours. */
export const WRITERS_MAX = 100_000;

/** The first thing that is not as it was written. */
export interface Bad {
  readonly what: "entry" | "anchor";
  readonly writer: string;
  readonly no: number;
  /** In the store's order; null where the row itself is missing. */
  readonly position: number | null;
  readonly why: string;
}

export type Verified =
  | {
      readonly kind: "ok";
      readonly entries: number;
      readonly writers: number;
      readonly anchors: number;
      readonly gaps: number;
    }
  | { readonly kind: "bad"; readonly bad: Bad };

type Stored = JournalEntry & { readonly position: number };

interface Progress extends Head {
  readonly position: number;
}

interface Signed {
  readonly anchors: number;
  /** The furthest signed head of every writer. */
  readonly heads: Heads;
  readonly bad: Bad | null;
}

/** Reads the whole journal and answers with its counts or with the first thing that is wrong. */
export async function verifyJournal(store: JournalReader, key: Uint8Array): Promise<Verified> {
  const signed = await readAnchors(store, key);
  const walk = new Walk(store, signed.heads);
  const badEntry = await walk.all();
  if (badEntry) return { kind: "bad", bad: await place(store, key, badEntry) };
  if (signed.bad) return { kind: "bad", bad: signed.bad };
  const { entries, writers, gaps } = walk;
  return { kind: "ok", entries, writers, anchors: signed.anchors, gaps };
}

async function* anchorsOf(store: JournalReader) {
  for (let after = 0; ; ) {
    const page = await store.anchors(after, PAGE_ROWS);
    yield* page;
    const last = page.at(-1);
    if (!last) return;
    after = last.position;
  }
}

async function* entriesOf(store: JournalReader, from: { after: number; writer?: string }) {
  const writer = from.writer === undefined ? {} : { writer: from.writer };
  for (let after = from.after; ; ) {
    const page = await store.read({ ...writer, after, take: "oldest", limit: PAGE_ROWS });
    yield* page;
    const last = page.at(-1);
    if (!last) return;
    after = last.position;
  }
}

async function readAnchors(store: JournalReader, key: Uint8Array): Promise<Signed> {
  const numbers = new Map<string, number>();
  const heads = new Map<string, Head>();
  let anchors = 0;
  let bad: Bad | null = null;
  for await (const anchor of anchorsOf(store)) {
    const { writer, no, position } = anchor;
    const expected = (numbers.get(writer) ?? 0) + 1;
    numbers.set(writer, no);
    anchors += 1;
    if (no !== expected) {
      const why = `Checkpoint ${expected} of this writer is missing.`;
      bad ??= { what: "anchor", writer, no: expected, position: null, why };
    }
    if (!anchorHolds(key, anchor)) {
      const why = "The checkpoint was edited, or signed with another encryption key.";
      bad ??= { what: "anchor", writer, no, position, why };
      continue;
    }
    for (const [of, head] of headsOf(anchor)) {
      if (head.no >= (heads.get(of)?.no ?? 0)) heads.set(of, head);
    }
    if (numbers.size > WRITERS_MAX || heads.size > WRITERS_MAX) throw tooMany();
  }
  return { anchors, heads, bad };
}

function tooMany(): Error {
  return new Error(`The journal names more than ${WRITERS_MAX} writers`);
}

/** One pass over all entries, each chain by itself. */
class Walk {
  readonly #store: JournalReader;
  readonly #heads: Heads;
  readonly #chains = new Map<string, Progress>();
  entries = 0;
  gaps = 0;

  constructor(store: JournalReader, heads: Heads) {
    this.#store = store;
    this.#heads = heads;
  }

  get writers(): number {
    return this.#chains.size;
  }

  async all(): Promise<Bad | null> {
    for await (const entry of entriesOf(this.#store, { after: 0 })) {
      const known = this.#chains.get(entry.writer);
      // Read before, by a look ahead.
      if (known && entry.position <= known.position) continue;
      const bad = (await this.#lookAhead(entry)) ?? this.#step(entry);
      if (bad) return bad;
    }
    return this.#cutTail();
  }

  /**
   * Where several gateways write at once, an entry may become visible after one with a higher
   * position. So before a number is called missing its writer is asked for by itself.
   */
  async #lookAhead(entry: Stored): Promise<Bad | null> {
    const { writer } = entry;
    const known = this.#chains.get(writer);
    if (entry.no === (known?.no ?? 0) + 1) return null;
    for await (const between of entriesOf(this.#store, { after: known?.position ?? 0, writer })) {
      if (between.position >= entry.position) return null;
      const bad = this.#step(between);
      if (bad) return bad;
    }
    return null;
  }

  #step(entry: Stored): Bad | null {
    const { writer, no, position } = entry;
    const before = this.#chains.get(writer) ?? { ...EMPTY_CHAIN, position: 0 };
    const bad = (why: string): Bad => ({ what: "entry", writer, no, position, why });
    if (no > before.no + 1) {
      const missing = no - before.no - 1;
      const why = `${missing} missing before it: ${before.no} is followed by ${no}.`;
      return { ...bad(why), no: before.no + 1, position: null };
    }
    if (no <= before.no) return bad(`The numbers go back: ${before.no} is followed by ${no}.`);
    if (entryHash(before.hash, entry) !== entry.hash) {
      return bad("The entry is not the one that was hashed: it, or the one before it, was edited.");
    }
    const signed = this.#heads.get(writer);
    if (signed?.no === no && signed.hash !== entry.hash) return bad(REBUILT);

    this.#chains.set(writer, { no, hash: entry.hash, position });
    this.entries += 1;
    if (entry.kind === "journal.gap") this.gaps += 1;
    if (this.#chains.size > WRITERS_MAX) throw tooMany();
    return null;
  }

  /** A checkpoint that goes further than the entries do. */
  #cutTail(): Bad | null {
    for (const [writer, signed] of this.#heads) {
      const no = this.#chains.get(writer)?.no ?? 0;
      if (signed.no <= no) continue;
      const why = `The end was cut off: a checkpoint signed ${signed.no} entries, ${no} are left.`;
      return { what: "entry", writer, no: no + 1, position: null, why };
    }
    return null;
  }
}

const REBUILT =
  "The chain is not the one that a checkpoint signed: it was rebuilt without the key.";

/** A rebuilt chain shows at its last checkpoint; earlier ones tell where it begins to differ. */
async function place(store: JournalReader, key: Uint8Array, bad: Bad): Promise<Bad> {
  if (bad.why !== REBUILT) return bad;
  const { writer } = bad;
  const entries = entriesOf(store, { after: 0, writer });
  let good = 0;
  for await (const anchor of anchorsOf(store)) {
    if (!anchorHolds(key, anchor)) continue;
    const signed = headsOf(anchor).get(writer);
    if (!signed || signed.no <= good) continue;
    const first = await entries.next();
    let entry = first.done ? null : first.value;
    const { no, position } = entry ?? bad;
    while (entry && entry.no < signed.no) {
      const next = await entries.next();
      entry = next.done ? null : next.value;
    }
    if (entry?.hash !== signed.hash) {
      const why = `${REBUILT} Entries ${no} to ${signed.no} do not lead to it.`;
      return { what: "entry", writer, no, position, why };
    }
    good = signed.no;
  }
  return bad;
}
