import type {
  Anchor,
  Forfeit,
  Gap,
  HolderId,
  JournalEntry,
  JournalQuery,
} from "../../../ports/store.ts";
import { insertEntry } from "./flush.ts";
import type { Sql } from "./sql.ts";
import type { Transaction } from "./transaction.ts";

type Placed<T> = T & { readonly position: number };

/** Columns that a query names by their own name, each to be equal. */
const EQUAL = ["task", "code", "decision", "kind", "writer"] as const;

/** In the store's order, whichever end was taken. */
export function read(sql: Sql, query: JournalQuery): Placed<JournalEntry>[] {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const add = (condition: string, value: string | number | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  // As the index of those few entries is written.
  if (query.agent === null) conditions.push("agent IS NULL");
  else add("agent = ?", query.agent);
  for (const column of EQUAL) add(`${column} = ?`, query[column]);
  add("at >= ?", query.from);
  add("at < ?", query.to);
  add("position > ?", query.after);
  add("position <= ?", query.upTo);
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const order = query.take === "newest" ? "DESC" : "ASC";
  const text = `SELECT position, writer, no, at, kind, decision, agent, task, code, body, hash
    FROM journal ${where} ORDER BY position ${order} LIMIT ?`;
  const rows = sql.all<Placed<JournalEntry>>(text, ...values, query.limit);
  return query.take === "newest" ? rows.reverse() : rows;
}

/** Amounts are text, for the numbers of JSON would lose digits. */
export function gapText(forfeits: readonly Forfeit[]): string {
  return JSON.stringify(forfeits.map((one) => ({ ...one, amount: String(one.amount) })));
}

function forfeitsOf(text: string): Forfeit[] {
  // `as`: written by `gapText` alone.
  const rows = JSON.parse(text) as (Omit<Forfeit, "amount"> & { readonly amount: string })[];
  return rows.map((row) => ({ ...row, amount: BigInt(row.amount) }));
}

export function gaps(sql: Sql, limit: number): Gap[] {
  const rows = sql.all<{ id: HolderId; gap: string }>(
    "SELECT id, gap FROM holder WHERE gap IS NOT NULL ORDER BY no LIMIT ?",
    limit,
  );
  return rows.map(({ gap, id }) => ({ holder: id, forfeits: forfeitsOf(gap) }));
}

/** The entry, and that it is owed no more, are one transaction. */
export function writeGap({ sql }: Transaction, holder: HolderId, entry: JournalEntry): boolean {
  const text = "UPDATE holder SET gap = NULL WHERE id = ? AND gap IS NOT NULL";
  if (sql.run(text, holder) === 0) return false;
  insertEntry(sql, entry);
  return true;
}

export function anchors(sql: Sql, after: number, limit: number): Placed<Anchor>[] {
  return sql.all<Placed<Anchor>>(
    `SELECT position, writer, no, at, heads, mac FROM anchor WHERE position > ?
       ORDER BY position LIMIT ?`,
    ...[after, limit],
  );
}
