import type { Anchor, JournalEntry, JournalQuery } from "../../../ports/store.ts";
import type { Sql } from "./sql.ts";

type Placed<T> = T & { readonly position: number };

/** Columns that a query names by their own name, each to be equal. */
const EQUAL = ["agent", "task", "code", "decision", "kind", "writer"] as const;

/** In the store's order, whichever end was taken. */
export function read(sql: Sql, query: JournalQuery): Placed<JournalEntry>[] {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const add = (condition: string, value: string | number | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  for (const column of EQUAL) add(`${column} = ?`, query[column]);
  add("at >= ?", query.from);
  add("at < ?", query.to);
  add("position > ?", query.after);
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const order = query.take === "newest" ? "DESC" : "ASC";
  const text = `SELECT position, writer, no, at, kind, decision, agent, task, code, body, hash
    FROM journal ${where} ORDER BY position ${order} LIMIT ?`;
  const rows = sql.all<Placed<JournalEntry>>(text, ...values, query.limit);
  return query.take === "newest" ? rows.reverse() : rows;
}

export function anchors(sql: Sql, after: number, limit: number): Placed<Anchor>[] {
  return sql.all<Placed<Anchor>>(
    `SELECT position, writer, no, at, heads, mac FROM anchor WHERE position > ?
       ORDER BY position LIMIT ?`,
    ...[after, limit],
  );
}
