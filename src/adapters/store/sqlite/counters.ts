import type { Millis } from "../../../guards/money.ts";
import { HOURS_MAX, MERGED_MAX, SUMMED_MAX } from "../../../ports/counters.ts";
import type {
  CounterStore,
  CounterTotal,
  HolderId,
  HourKey,
  HourSpan,
  HourSum,
  HourTotal,
  Share,
  ToolIsNew,
  ToolMet,
} from "../../../ports/store.ts";
import { liveNo } from "./ledger.ts";
import type { Transaction } from "./transaction.ts";

/** Buckets forgotten at a time: a beat waits for no more than these. */
const PRUNED_MAX = 5000;

/** Sets totals and answers the sums of what changed. */
export function merge(
  transaction: Transaction,
  id: HolderId,
  ...[totals, after]: [readonly CounterTotal[], number]
): Awaited<ReturnType<CounterStore["merge"]>> {
  const holder = liveNo(transaction, id);
  if (holder === undefined) return { kind: "fenced" };
  const { sql } = transaction;
  const before = seqOf(transaction);
  let raised = false;
  for (const { agent, server, tool, what, bucket, total } of totals) {
    if (total <= 0) continue;
    const set = sql.run(
      `INSERT INTO counter (agent, server, tool, what, bucket, holder, total, changed)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
         SET total = excluded.total, changed = excluded.changed WHERE excluded.total > total`,
      ...[agent, server, tool, what, bucket, holder, total, before + 1],
    );
    if (set > 0) raised = true;
  }
  if (raised) sql.run("UPDATE store SET counter_seq = ?", before + 1);
  const seq = raised ? before + 1 : before;
  const last = sql.first<{ changed: number }>(
    "SELECT changed FROM counter WHERE changed > ? ORDER BY changed LIMIT 1 OFFSET ?",
    ...[after, MERGED_MAX - 1],
  );
  // What changed in one message has one number, and is told in one answer.
  const until = last?.changed ?? seq;
  const sums = sql.all<CounterTotal>(
    `SELECT agent, server, tool, what, bucket, sum(total) AS total FROM counter
       WHERE (agent, server, tool, what, bucket) IN
         (SELECT agent, server, tool, what, bucket FROM counter WHERE changed > ? AND changed <= ?)
       GROUP BY agent, server, tool, what, bucket`,
    ...[after, until],
  );
  return { kind: "ok", sums, seq: until, isMore: until < seq };
}

/** Sets shares and answers those of others that changed. */
export function share(
  transaction: Transaction,
  id: HolderId,
  ...[shares, after]: [readonly Share[], number]
): Awaited<ReturnType<CounterStore["share"]>> {
  const holder = liveNo(transaction, id);
  if (holder === undefined) return { kind: "fenced" };
  const { sql } = transaction;
  const seq = seqOf(transaction) + (shares.length > 0 ? 1 : 0);
  for (const { agent, key, kind, value, at } of shares) {
    sql.run(
      `INSERT INTO share (holder, agent, key, kind, value, at, changed)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET kind = excluded.kind,
         value = excluded.value, at = excluded.at, changed = excluded.changed`,
      ...[holder, agent, key, kind, value, at, seq],
    );
  }
  if (shares.length > 0) sql.run("UPDATE store SET counter_seq = ?", seq);
  const others = sql.all<Share & { holder: HolderId }>(
    `SELECT h.id AS holder, s.agent, s.key, s.kind, s.value, s.at
       FROM share s JOIN holder h ON h.no = s.holder WHERE s.changed > ? AND s.holder <> ?`,
    ...[after, holder],
  );
  return { kind: "ok", others, seq };
}

/** Those that were never met. */
export function meet(
  { sql }: Transaction,
  tools: readonly ToolMet[],
  at: Millis,
): readonly ToolIsNew[] {
  return tools.flatMap(({ agent, server, tool }) => {
    const known = sql.first<{ known: number }>(
      "SELECT count(*) AS known FROM tool_met WHERE agent = ?",
      agent,
    );
    const isNew = sql.run(
      "INSERT INTO tool_met (agent, server, tool, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
      ...[agent, server, tool, at],
    );
    return isNew > 0 ? [{ agent, server, tool, known: known?.known ?? 0 }] : [];
  });
}

function seqOf({ sql }: Transaction): number {
  return sql.first<{ seq: number }>("SELECT counter_seq AS seq FROM store")?.seq ?? 0;
}

export function prune({ sql }: Transaction, whats: readonly string[], before: Millis): void {
  sql.run(
    `DELETE FROM counter WHERE (agent, server, tool, what, bucket, holder) IN
       (SELECT agent, server, tool, what, bucket, holder FROM counter
          WHERE bucket < ? AND what IN (SELECT value FROM json_each(?)) LIMIT ?)`,
    ...[before, JSON.stringify(whats), PRUNED_MAX],
  );
}

export function pruneShares({ sql }: Transaction, before: Millis): void {
  sql.run(
    `DELETE FROM share WHERE (holder, agent, key) IN
       (SELECT holder, agent, key FROM share WHERE at < ? LIMIT ?)`,
    ...[before, PRUNED_MAX],
  );
}

const HOUR_MS: Millis = 3_600_000;
const MINUTE_MS: Millis = 60_000;

/** `k` is an hour of one agent or tool, `b` the same with the minute in which it was begun. */
const SUM_HOURS = `
  WITH given (signal, count, beside, left_out, is_agent, first, until, after, last)
    AS (VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?))
  INSERT INTO counter_hour (hour, agent, server, tool, signal, count, beside, minutes)
    SELECT b.hour, b.agent, b.server, b.tool, g.signal, b.n, b.m,
      (b.hour + ${HOUR_MS} - b.begun) / ${MINUTE_MS}
      - (SELECT count(DISTINCT s.bucket) FROM counter s
         WHERE (s.agent, s.server, s.tool, s.what) = (b.agent, b.server, b.tool, g.left_out)
           AND s.bucket >= b.begun AND s.bucket < b.hour + ${HOUR_MS})
    FROM given g, (SELECT k.*, CASE WHEN EXISTS (SELECT 1 FROM counter_hour e
            WHERE (e.agent, e.server, e.tool) = (k.agent, k.server, k.tool)
              AND e.signal = k.signal AND e.hour < k.hour)
          OR EXISTS (SELECT 1 FROM counter e
            WHERE (e.agent, e.server, e.tool) = (k.agent, k.server, k.tool)
              AND e.what IN (k.count, k.beside) AND e.bucket < k.hour)
          THEN k.hour ELSE k.first END AS begun
        FROM (SELECT c.bucket - c.bucket % ${HOUR_MS} AS hour, c.agent, c.server, c.tool,
                g.signal, g.count, g.beside,
                sum(CASE WHEN c.what = g.count THEN c.total ELSE 0 END) AS n,
                sum(CASE WHEN c.what = g.beside THEN c.total ELSE 0 END) AS m,
                min(c.bucket) AS first
              FROM given g, counter c
              WHERE c.agent > g.after AND c.agent <= g.last AND (c.tool = '') = g.is_agent
                AND c.bucket >= g.first AND c.bucket < g.until AND c.what IN (g.count, g.beside)
                AND NOT EXISTS (SELECT 1 FROM counter s
                  WHERE (s.agent, s.server, s.tool) = (c.agent, c.server, c.tool)
                    AND s.what = g.left_out AND s.bucket = c.bucket)
              GROUP BY 1, 2, 3, 4) k) b
    WHERE true ON CONFLICT DO NOTHING`;

/** Those of the hours between that are not there yet. */
export function sumHours(
  { sql }: Transaction,
  { beside, count, leftOut, of, signal }: HourSum,
  ...[{ from, until }, after]: [HourSpan, string]
): string | null {
  const [last] = sql
    .all<{ agent: string }>(
      `SELECT DISTINCT agent FROM counter
         WHERE agent > ? AND bucket >= ? AND bucket < ? ORDER BY agent LIMIT ?`,
      ...[after, from, until, SUMMED_MAX],
    )
    .slice(-1);
  if (last === undefined) return null;
  sql.run(
    SUM_HOURS,
    ...[signal, count, beside, leftOut, of === "agent" ? 1 : 0],
    ...[from, until, after, last.agent],
  );
  return last.agent;
}

export function hours(
  { sql }: Transaction,
  hour: Millis,
  after: HourKey | null,
): readonly HourTotal[] {
  return sql.all<HourTotal>(
    `SELECT agent, server, tool, signal, count, beside, minutes FROM counter_hour
       WHERE hour = ? AND (agent, server, tool, signal) > (?, ?, ?, ?)
       ORDER BY agent, server, tool, signal LIMIT ?`,
    hour,
    ...[after?.agent ?? "", after?.server ?? "", after?.tool ?? "", after?.signal ?? ""],
    HOURS_MAX,
  );
}

export function pruneHours({ sql }: Transaction, before: Millis): void {
  sql.run(
    `DELETE FROM counter_hour WHERE (hour, agent, server, tool, signal) IN
       (SELECT hour, agent, server, tool, signal FROM counter_hour WHERE hour < ? LIMIT ?)`,
    ...[before, PRUNED_MAX],
  );
}
