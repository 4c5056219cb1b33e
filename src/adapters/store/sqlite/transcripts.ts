import type { Millis } from "../../../guards/money.ts";
import type {
  PlacedLine,
  TaskRef,
  TranscriptLine,
  TranscriptQuery,
  TranscriptState,
} from "../../../ports/store.ts";
import { TRANSCRIPT_PRUNED_MAX, TRANSCRIPT_READ_MAX } from "../../../ports/transcripts.ts";
import type { Transaction } from "./transaction.ts";

export function known(
  { sql }: Transaction,
  { agent, id }: TaskRef,
  marks: readonly string[],
): TranscriptState & { marks: readonly string[] } {
  const rows = sql.all<{ mark: string }>(
    `SELECT mark FROM transcript_line
       WHERE agent = ? AND task = ? AND mark IN (SELECT value FROM json_each(?))`,
    ...[agent, id, JSON.stringify(marks)],
  );
  return { ...stateOf({ sql }, { agent, id }), marks: rows.map(({ mark }) => mark) };
}

export function write(
  { sql }: Transaction,
  { agent, id }: TaskRef,
  lines: readonly TranscriptLine[],
  bytesMax: number,
): void {
  if (lines.length === 0) return;
  const seenAt = Math.max(...lines.map(({ at }) => at));
  sql.run(
    `INSERT INTO transcript (agent, task, seen_at) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)`,
    ...[agent, id, seenAt],
  );
  if (stateOf({ sql }, { agent, id }).erasedAt !== null) return;
  for (const { at, mark, sealed } of lines) {
    sql.run(
      `INSERT INTO transcript_line (agent, task, mark, at, bytes, sealed)
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      ...[agent, id, mark, at, sealed.length, sealed],
    );
  }
  const dropped = sql.run(
    `DELETE FROM transcript_line WHERE agent = ?1 AND task = ?2 AND position <= (
       SELECT max(position) FROM (
         SELECT position, sum(bytes) OVER (ORDER BY position DESC) AS total FROM transcript_line
           WHERE agent = ?1 AND task = ?2)
         WHERE total > ?3)`,
    ...[agent, id, bytesMax],
  );
  if (dropped === 0) return;
  const text = "UPDATE transcript SET dropped = dropped + ? WHERE agent = ? AND task = ?";
  sql.run(text, dropped, agent, id);
}

export function read(
  { sql }: Transaction,
  { after, agent, id, limit }: TranscriptQuery,
): TranscriptState & { lines: readonly PlacedLine[] } {
  const lines = sql.all<PlacedLine>(
    `SELECT position, mark, at, sealed FROM transcript_line
       WHERE agent = ? AND task = ? AND position > ? ORDER BY position LIMIT ?`,
    ...[agent, id, after, Math.min(limit, TRANSCRIPT_READ_MAX)],
  );
  return { ...stateOf({ sql }, { agent, id }), lines };
}

export function erase({ sql }: Transaction, { agent, id }: TaskRef, at: Millis): number {
  sql.run(
    `INSERT INTO transcript (agent, task, seen_at, erased_at) VALUES (?1, ?2, ?3, ?3)
       ON CONFLICT DO UPDATE SET seen_at = max(seen_at, ?3), erased_at = coalesce(erased_at, ?3)`,
    ...[agent, id, at],
  );
  return sql.run("DELETE FROM transcript_line WHERE agent = ? AND task = ?", agent, id);
}

export function prune({ sql }: Transaction, before: Millis): boolean {
  const old = sql.all<{ agent: string; task: string; position: number }>(
    "SELECT agent, task, position FROM transcript_line WHERE at < ? LIMIT ?",
    ...[before, TRANSCRIPT_PRUNED_MAX],
  );
  for (const { agent, position, task } of old) {
    sql.run("DELETE FROM transcript_line WHERE position = ?", position);
    const text = "UPDATE transcript SET dropped = dropped + 1 WHERE agent = ? AND task = ?";
    sql.run(text, agent, task);
  }
  sql.run(
    `DELETE FROM transcript WHERE seen_at < ? AND NOT EXISTS (
       SELECT 1 FROM transcript_line l WHERE l.agent = transcript.agent
         AND l.task = transcript.task)`,
    before,
  );
  return old.length === TRANSCRIPT_PRUNED_MAX;
}

function stateOf({ sql }: Pick<Transaction, "sql">, { agent, id }: TaskRef): TranscriptState {
  const row = sql.first<TranscriptState>(
    `SELECT dropped, erased_at AS "erasedAt" FROM transcript WHERE agent = ? AND task = ?`,
    ...[agent, id],
  );
  return row ?? { dropped: 0, erasedAt: null };
}
