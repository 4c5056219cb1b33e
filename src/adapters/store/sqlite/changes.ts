import type { Change, ReviewDecision } from "../../../ports/store.ts";
import { isOpen, put } from "./overrides.ts";
import type { ReviewRow } from "./reviews.ts";
import type { Sql } from "./sql.ts";
import type { Transaction } from "./transaction.ts";

/**
 * What is done before the agent goes on: a limit is raised, a call is edited, tasks are told
 * something. Null: done. Else why nothing was.
 */
export function prepare(
  transaction: Transaction,
  review: ReviewRow,
  decision: ReviewDecision,
): string | null {
  const { sql } = transaction;
  const { at, by, change = {}, id, message, reason, task } = decision;
  const { edit, raise } = change;
  const told = message === null ? [] : toldBy(sql, review.id, task);
  const unfit = unfitFor(sql, review, change);
  if (unfit !== null) return unfit;
  if (message !== null && told.length === 0) return "no task of it waits: name the one to tell";
  if (raise) put(transaction, { ...raise, id, reason, by, at, review: review.id });
  if (edit) applyEdit(sql, review, edit);
  for (const to of told) {
    sql.run(
      `INSERT INTO agent_message (id, agent, task, text, said_by, at) VALUES (?, ?, ?, ?, ?, ?)`,
      ...[id, review.agent, to, message, by, at],
    );
  }
  return null;
}

const WAITS = "review = ? AND state = 'parked'";

function unfitFor(sql: Sql, { id }: ReviewRow, { edit, raise }: Change): string | null {
  if (raise && !isOpen(sql, raise.account)) return "the window of its budget is over";
  if (!edit) return null;
  const there = sql.first(`SELECT 1 FROM parked WHERE call = ? AND ${WAITS}`, edit.call, id);
  return there ? null : "it has no such call parked";
}

function applyEdit(sql: Sql, { id }: ReviewRow, edit: NonNullable<Change["edit"]>): void {
  const { about, call, evidence, request } = edit;
  sql.run(
    "UPDATE parked SET request = ?, about = ?, edited = 1 WHERE call = ?",
    ...[request, about, call],
  );
  if (evidence !== null) sql.run("UPDATE review SET evidence = ? WHERE id = ?", evidence, id);
}

function toldBy(sql: Sql, review: string, task: string | null): readonly string[] {
  if (task !== null) return [task];
  const text = `SELECT DISTINCT task FROM parked WHERE ${WAITS}`;
  return sql.all<{ task: string }>(text, review).map((row) => row.task);
}
