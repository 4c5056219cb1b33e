import type { Millis } from "../../../guards/money.ts";
import { UNNAMED_MS } from "../../../guards/task/unnamed.ts";
import type {
  TaskEnd,
  TaskLimits,
  TaskOpen,
  TaskOpened,
  TaskRecord,
  TaskRef,
  TaskStore,
} from "../../../ports/store.ts";
import type { Transaction } from "./transaction.ts";

const HOUR_MS = 3_600_000;

const TASK = `id, agent, parent, depth, bundle, opened_at AS openedAt, last_seen_at AS lastSeenAt,
  ended_at AS endedAt, outcome`;

export function find({ sql }: Transaction, agent: string, id: string): TaskRecord | null {
  const text = `SELECT ${TASK} FROM task WHERE agent = ? AND id = ?`;
  return sql.first<TaskRecord>(text, agent, id) ?? null;
}

/** Those of them that have ended. */
export function ended({ sql }: Transaction, tasks: readonly TaskRef[]): TaskRef[] {
  const text = "SELECT 1 FROM task WHERE agent = ? AND id = ? AND ended_at IS NOT NULL";
  return tasks.filter(({ agent, id }) => sql.first(text, agent, id) !== undefined);
}

/** Counts and inserts in one transaction. */
export function open(transaction: Transaction, asked: TaskOpen): TaskOpened {
  const { id, agent, parent, at, bundle, limits, unnamed } = asked;
  const known = find(transaction, agent, id);
  if (known) return { kind: "ok", task: known, made: false };
  const above = parent === null ? null : find(transaction, agent, parent);
  if (parent !== null && above?.endedAt !== null) return { kind: "no-parent" };
  const depth = above ? above.depth + 1 : 0;
  const limit = passed(transaction, asked, depth);
  if (limit) return { kind: "too-many", limit, max: limits[limit] };
  transaction.sql.run(
    `INSERT INTO task (agent, id, parent, depth, bundle, opened_at, last_seen_at, unnamed)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[agent, id, parent, depth, bundle, at, at, unnamed ? 1 : 0],
  );
  const made = find(transaction, agent, id);
  if (!made) throw new Error("a task that was inserted is there");
  return { kind: "ok", task: made, made: true };
}

/** The first limit that one more task would pass. */
function passed({ sql }: Transaction, asked: TaskOpen, depth: number): keyof TaskLimits | null {
  const { agent, parent, at, limits, unnamed } = asked;
  const count = (condition: string, ...values: (string | number)[]): number => {
    const text = `SELECT count(*) AS n FROM task WHERE agent = ? AND ${condition}`;
    return sql.first<{ n: number }>(text, agent, ...values)?.n ?? 0;
  };
  if (depth > limits.depthMax) return "depthMax";
  if (parent !== null) {
    const children = count("parent = ? AND ended_at IS NULL", parent);
    if (children >= limits.childrenMax) return "childrenMax";
  }
  if (!unnamed) {
    const recent = count("opened_at > ? AND unnamed = 0", at - HOUR_MS);
    if (recent >= limits.newPerHour) return "newPerHour";
  }
  return count("ended_at IS NULL") >= limits.aliveMax ? "aliveMax" : null;
}

/** Ends a task that lives, and its descendants that do. */
export function end(
  transaction: Transaction,
  ...[agent, id, outcome, at]: [string, string, TaskEnd, Millis]
): boolean {
  if (find(transaction, agent, id)?.endedAt !== null) return false;
  transaction.sql.run(
    `WITH RECURSIVE ending (id) AS (
       SELECT ? UNION SELECT task.id FROM task JOIN ending ON task.parent = ending.id
         WHERE task.agent = ?)
     UPDATE task SET ended_at = ?, outcome = ?
       WHERE agent = ? AND id IN (SELECT id FROM ending) AND ended_at IS NULL`,
    ...[id, agent, at, outcome, agent],
  );
  return true;
}

export function touch({ sql }: Transaction, seen: Parameters<TaskStore["touch"]>[0]): void {
  for (const { agent, id, at } of seen) {
    sql.run(
      "UPDATE task SET last_seen_at = ? WHERE agent = ? AND id = ? AND last_seen_at < ?",
      ...[at, agent, id, at],
    );
  }
}

/** Longest idle first. */
export function endIdle(
  { sql }: Transaction,
  ...[agent, before, at, limit]: [string, Millis, Millis, number]
): string[] {
  const idle = sql.all<{ id: string }>(
    `SELECT id FROM task WHERE agent = ? AND ended_at IS NULL AND last_seen_at < ?
       AND (unnamed = 0 OR opened_at <= ?) ORDER BY last_seen_at LIMIT ?`,
    ...[agent, before, at - UNNAMED_MS, limit],
  );
  for (const { id } of idle) {
    sql.run(
      "UPDATE task SET ended_at = ?, outcome = 'unknown' WHERE agent = ? AND id = ?",
      ...[at, agent, id],
    );
  }
  return idle.map((task) => task.id);
}

/** Newest first. */
export function list(
  { sql }: Transaction,
  { agent, alive, limit }: Parameters<TaskStore["list"]>[0],
): TaskRecord[] {
  const conditions: string[] = [];
  if (agent !== undefined) conditions.push("agent = ?");
  if (alive !== undefined) conditions.push(`ended_at IS ${alive ? "" : "NOT "}NULL`);
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const text = `SELECT ${TASK} FROM task ${where} ORDER BY opened_at DESC LIMIT ?`;
  return sql.all<TaskRecord>(text, ...(agent === undefined ? [] : [agent]), limit);
}
