import type {
  AccountId,
  Anchor,
  Answered,
  Batch,
  Done,
  HolderId,
  JournalEntry,
  Settlement,
} from "../../../ports/store.ts";
import { answer } from "./claims.ts";
import { done } from "./ledger.ts";
import type { Transaction } from "./transaction.ts";

/**
 * A batch as it crosses to the worker: one string for all its texts and one list for its numbers,
 * which cost a copy of their bytes. One object for each call, leg and entry costs ten times that.
 */
export interface PackedBatch {
  /** For each settlement: call. For each entry: its texts, in the order of `ENTRY_TEXTS`. */
  readonly texts: string;
  /** The lengths of those texts, in characters; `NO_TEXT` for null. */
  readonly lengths: Int32Array;
  /** For each settlement: number of legs. For each entry: no, at. */
  readonly numbers: Float64Array;
  /** For each leg: account, drawn, charged. */
  readonly legs: BigInt64Array;
  readonly settlements: number;
  readonly entries: number;
  readonly anchor: Anchor | null;
  readonly answers: readonly Answered[];
}

const LEG_FIELDS = 3;
const ENTRY_TEXTS = 8;
const ENTRY_NUMBERS = 2;
const NO_TEXT = -1;
/** What a 64-bit column holds: 9.2 billion dollars. */
const AMOUNT_MAX = 2n ** 63n - 1n;

/** The batch for the worker. Throws on an amount that no column holds: it would wrap around. */
export function pack({ anchor, answers = [], entries, settlements }: Batch): PackedBatch {
  const texts: (string | null)[] = [];
  const numbers = new Float64Array(settlements.length + entries.length * ENTRY_NUMBERS);
  let number = 0;
  for (const { call, legs } of settlements) {
    texts.push(call);
    numbers[number] = legs.length;
    number += 1;
  }
  for (const entry of entries) {
    const { writer, no, at, kind, decision, agent, task, code, body, hash } = entry;
    texts.push(writer, kind, decision, agent, task, code, body, hash);
    numbers[number] = no;
    numbers[number + 1] = at;
    number += ENTRY_NUMBERS;
  }
  return {
    texts: texts.join(""),
    lengths: lengthsOf(texts),
    numbers,
    legs: packLegs(settlements),
    settlements: settlements.length,
    entries: entries.length,
    anchor,
    answers,
  };
}

function lengthsOf(texts: readonly (string | null)[]): Int32Array {
  const lengths = new Int32Array(texts.length);
  texts.forEach((text, index) => {
    lengths[index] = text === null ? NO_TEXT : text.length;
  });
  return lengths;
}

/** Rows that a batch writes, one for each call, answer and entry. */
export function rowsIn({ answers, entries, settlements }: PackedBatch): number {
  return answers.length + entries + settlements;
}

function packLegs(settlements: readonly Settlement[]): BigInt64Array {
  const count = settlements.reduce((sum, { legs }) => sum + legs.length, 0);
  const packed = new BigInt64Array(count * LEG_FIELDS);
  let at = 0;
  for (const { call, legs } of settlements) {
    for (const { account, drawn, charged } of legs) {
      if (drawn < 0n || charged < 0n || drawn > AMOUNT_MAX || charged > AMOUNT_MAX) {
        throw new RangeError(`call ${call}: ${drawn} and ${charged} nano-USD are no amounts`);
      }
      packed[at] = BigInt(account);
      packed[at + 1] = drawn;
      packed[at + 2] = charged;
      at += LEG_FIELDS;
    }
  }
  return packed;
}

/** Takes a batch's texts and numbers out again, in the order in which they were put in. */
class Unpacking {
  readonly #batch: PackedBatch;
  #text = 0;
  #from = 0;
  #number = 0;

  constructor(batch: PackedBatch) {
    this.#batch = batch;
  }

  text(): string | null {
    const { lengths, texts } = this.#batch;
    const length = lengths[this.#text] ?? NO_TEXT;
    this.#text += 1;
    if (length === NO_TEXT) return null;
    const from = this.#from;
    this.#from += length;
    return texts.slice(from, this.#from);
  }

  number(): number {
    this.#number += 1;
    return this.#batch.numbers[this.#number - 1] ?? 0;
  }
}

/** Settles calls and writes the journal, each call and each entry once. */
export function flush(
  transaction: Transaction,
  id: HolderId,
  batch: PackedBatch,
): (Done & { readonly kind: "ok" }) | { readonly kind: "closed" } {
  const { sql } = transaction;
  const find = "SELECT no, state FROM holder WHERE id = ? AND state <> 'closed'";
  const holder = sql.first<{ no: number; state: "live" | "fenced" }>(find, id);
  if (!holder) return { kind: "closed" };
  const packed = new Unpacking(batch);
  for (const [account, sums] of insertSettlements(transaction, batch, packed)) {
    move(transaction, holder, { account, ...sums });
  }
  for (const answered of batch.answers) answer(transaction, id, answered);
  for (let entry = 0; entry < batch.entries; entry += 1) writeEntry(transaction, packed);
  if (batch.anchor) writeAnchor(transaction, batch.anchor);
  return { kind: "ok", doneNo: done(transaction, holder.no) };
}

interface Sums {
  drawn: bigint;
  charged: bigint;
}

const INSERT_CALL = "INSERT INTO settlement (call) VALUES (?) ON CONFLICT DO NOTHING";

/** Inserts the settlements that are new; answers their sums by account. */
function insertSettlements(
  { sql }: Transaction,
  { legs, settlements }: PackedBatch,
  packed: Unpacking,
): Map<AccountId, Sums> {
  const sums = new Map<AccountId, Sums>();
  let leg = 0;
  for (let settlement = 0; settlement < settlements; settlement += 1) {
    const end = leg + packed.number() * LEG_FIELDS;
    const added = sql.run(INSERT_CALL, packed.text());
    if (added === 1) for (; leg < end; leg += LEG_FIELDS) addLeg(sums, legs, leg);
    leg = end;
  }
  return sums;
}

function addLeg(sums: Map<AccountId, Sums>, legs: BigInt64Array, at: number): void {
  const account = Number(legs[at]);
  const sum = sums.get(account) ?? { drawn: 0n, charged: 0n };
  sums.set(account, sum);
  sum.drawn += legs[at + 1] ?? 0n;
  sum.charged += legs[at + 2] ?? 0n;
}

/** From the slice of a live holder, from the forfeit of a fenced one; never more than is there. */
function move(
  { sql }: Transaction,
  holder: { readonly no: number; readonly state: "live" | "fenced" },
  { account, drawn, charged }: { readonly account: AccountId } & Sums,
): void {
  const live = holder.state === "live";
  const there = live ? "granted - returned - drawn" : "forfeit";
  const slice = sql.firstExact<{ moved: bigint }>(
    `SELECT min(?, ${there}) AS moved FROM slice WHERE holder = ? AND account = ?`,
    ...[drawn, holder.no, account],
  );
  const moved = slice?.moved ?? 0n;
  const change = live ? "drawn = drawn + ?" : "forfeit = forfeit - ?";
  sql.run(`UPDATE slice SET ${change} WHERE holder = ? AND account = ?`, moved, holder.no, account);
  const column = live ? "leased" : "forfeited";
  sql.run(
    `UPDATE account SET spent = spent + ?, ${column} = ${column} - ? WHERE id = ?`,
    ...[charged, moved, account],
  );
}

const INSERT_ENTRY = `INSERT INTO journal
  (no, at, writer, kind, decision, agent, task, code, body, hash)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

function writeEntry({ sql }: Transaction, packed: Unpacking): void {
  const numbers = [packed.number(), packed.number()];
  const texts: (string | null)[] = [];
  for (let text = 0; text < ENTRY_TEXTS; text += 1) texts.push(packed.text());
  sql.run(INSERT_ENTRY, ...numbers, ...texts);
}

/** One entry by itself. */
export function insertEntry(sql: Transaction["sql"], entry: JournalEntry): void {
  const { writer, no, at, kind, decision, agent, task, code, body, hash } = entry;
  sql.run(INSERT_ENTRY, no, at, writer, kind, decision, agent, task, code, body, hash);
}

function writeAnchor({ sql }: Transaction, { writer, no, at, heads, mac }: Anchor): void {
  sql.run(
    `INSERT INTO anchor (writer, no, at, heads, mac) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ...[writer, no, at, heads, mac],
  );
}
