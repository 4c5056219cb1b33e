import { type Clutch, ENGAGED } from "../../../guards/clutch/clutch.ts";
import { transition } from "../../../guards/clutch/transition.ts";
import type { ClutchRow, ClutchStore, NewReview, Review } from "../../../ports/store.ts";
import { found, knownReview, openReview, shownReview, standing } from "./reviews.ts";
import type { Sql } from "./sql.ts";
import type { Transaction } from "./transaction.ts";

interface Row {
  readonly agent: string;
  readonly state: "disengaged" | "probing";
  readonly review: string;
  readonly since: number;
  readonly task: string | null;
}

function clutchFrom({ review, since, task }: Row): Clutch {
  if (task === null) return { state: "disengaged", review, since };
  return { state: "probing", review, since, task };
}

/** The clutch of an agent; one without a row is engaged. */
export function clutchOf(sql: Sql, agent: string): Clutch {
  const row = sql.first<Row>("SELECT * FROM clutch WHERE agent = ?", agent);
  return row ? clutchFrom(row) : ENGAGED;
}

export function setClutch(sql: Sql, agent: string, clutch: Clutch): void {
  if (clutch.state === "engaged") {
    sql.run("DELETE FROM clutch WHERE agent = ?", agent);
    return;
  }
  const { state, review, since } = clutch;
  const task = clutch.state === "probing" ? clutch.task : null;
  sql.run(
    `INSERT INTO clutch (agent, state, review, since, task) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET state = excluded.state, review = excluded.review,
         since = excluded.since, task = excluded.task`,
    ...[agent, state, review, since, task],
  );
}

export function clutches({ sql }: Transaction): ClutchRow[] {
  return sql
    .all<Row>("SELECT * FROM clutch ORDER BY agent")
    .map((row) => ({ agent: row.agent, clutch: clutchFrom(row) }));
}

function merge(sql: Sql, id: string, into: string, reason: string | null): void {
  const text = "INSERT INTO review_merged (id, review, reason) VALUES (?, ?, ?)";
  sql.run(text, id, into, reason);
}

/** Opens a review that moves no clutch. */
export function open({ sql }: Transaction, asked: NewReview): Review {
  const known = knownReview(sql, asked.id);
  if (known !== undefined) return shownReview(sql, known);
  const stands = standing(sql, asked);
  if (stands === undefined) openReview(sql, asked);
  else merge(sql, asked.id, stands, null);
  return shownReview(sql, stands ?? asked.id);
}

/** Disengages an agent's clutch, once for each id. */
export function trip(transaction: Transaction, asked: NewReview): Review {
  const { sql } = transaction;
  const known = knownReview(sql, asked.id);
  if (known !== undefined) return shownReview(sql, known);
  const { agent, at, id, reason } = asked;
  const clutch = clutchOf(sql, agent);
  const stands = clutch.state === "engaged" ? standing(sql, asked) : clutch.review;
  if (stands === undefined) openReview(sql, asked);
  else merge(sql, id, stands, reason);
  const review = stands ?? id;
  if (clutch.state === "disengaged") return shownReview(sql, review);
  if (clutch.state === "probing") {
    // Who decides on what was seen of the probe decides on something else now.
    sql.run("UPDATE review SET version = version + 1 WHERE id = ?", review);
  }
  setClutch(sql, agent, transition(clutch, { kind: "trip", review, at }));
  transaction.raiseChange();
  return shownReview(sql, review);
}

export function reviews(
  { sql }: Transaction,
  { agent, id, kind, limit, state }: Parameters<ClutchStore["reviews"]>[0],
): Review[] {
  const conditions: string[] = [];
  const values: string[] = [];
  const add = (condition: string, value: string | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  add("state = ?", state);
  add("agent = ?", agent);
  add("kind = ?", kind);
  add("id = ?", id);
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  return found(sql, `${where} ORDER BY no DESC LIMIT ?`, ...values, limit);
}
