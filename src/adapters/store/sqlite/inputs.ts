import type { Millis } from "../../../guards/money.ts";
import { INPUTS_READ_MAX } from "../../../ports/inputs.ts";
import type { CallInput, InputQuery, PlacedInput } from "../../../ports/store.ts";
import type { Transaction } from "./transaction.ts";

/** Forgotten at a time: a beat waits for no more than these. */
const PRUNED_MAX = 5_000;

export function write({ sql }: Transaction, inputs: readonly CallInput[]): void {
  for (const { agent, at, decision, sealed } of inputs) {
    sql.run(
      "INSERT INTO input (decision, agent, at, sealed) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
      ...[decision, agent, at, sealed],
    );
  }
}

export function read(
  { sql }: Transaction,
  { after, agent, from, limit }: InputQuery,
): PlacedInput[] {
  return sql.all<PlacedInput>(
    `SELECT position, decision, agent, at, sealed FROM input
       WHERE agent = ? AND at >= ? AND position > ? ORDER BY position LIMIT ?`,
    ...[agent, from, after, Math.min(limit, INPUTS_READ_MAX)],
  );
}

export function prune({ sql }: Transaction, before: Millis): void {
  sql.run(
    "DELETE FROM input WHERE position IN (SELECT position FROM input WHERE at < ? LIMIT ?)",
    ...[before, PRUNED_MAX],
  );
}
