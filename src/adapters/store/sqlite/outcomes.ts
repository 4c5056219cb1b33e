import type { Millis } from "../../../guards/money.ts";
import type { AnsweredOutcome, HolderId, ReportedOutcome } from "../../../ports/store.ts";
import type { Transaction } from "./transaction.ts";

export function put(
  transaction: Transaction,
  idBegins: string,
  { body, id }: ReportedOutcome,
): boolean {
  const { now, sql } = transaction;
  const holder = sql.first<{ id: HolderId }>(
    "SELECT id FROM holder WHERE state = 'live' AND substr(id, 1, length(?)) = ?",
    ...[idBegins, idBegins],
  );
  if (holder === undefined) return false;
  sql.run(
    `INSERT INTO outcome (id, holder, at, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
    ...[id, holder.id, now, body],
  );
  transaction.tell("outcomes");
  return true;
}

/** Those that have no answer yet, oldest first. */
export function waiting(
  { sql }: Transaction,
  holder: HolderId,
  limit: number,
): readonly ReportedOutcome[] {
  const text = `SELECT id, body FROM outcome WHERE holder = ? AND answer IS NULL
    ORDER BY no LIMIT ?`;
  return sql.all<ReportedOutcome>(text, holder, limit);
}

export function answer(
  transaction: Transaction,
  holder: HolderId,
  answered: readonly { readonly id: string; readonly answer: "taken" | "ended" }[],
): void {
  for (const { answer: said, id } of answered) {
    transaction.sql.run(
      "UPDATE outcome SET answer = ?, body = NULL WHERE id = ? AND holder = ? AND answer IS NULL",
      ...[said, id, holder],
    );
  }
  transaction.tell("outcomes");
}

export function answers({ sql }: Transaction, ids: readonly string[]): readonly AnsweredOutcome[] {
  return sql.all<AnsweredOutcome>(
    `SELECT outcome.id, coalesce(answer, 'gone') AS answer FROM outcome
       LEFT JOIN holder ON holder.id = outcome.holder AND holder.state = 'live'
       WHERE outcome.id IN (SELECT value FROM json_each(?))
         AND (answer IS NOT NULL OR holder.id IS NULL)`,
    JSON.stringify(ids),
  );
}

export function forget({ sql }: Transaction, ids: readonly string[]): void {
  const text = "DELETE FROM outcome WHERE id IN (SELECT value FROM json_each(?))";
  sql.run(text, JSON.stringify(ids));
}

export function prune({ sql }: Transaction, before: Millis): void {
  sql.run("DELETE FROM outcome WHERE at < ?", before);
}
