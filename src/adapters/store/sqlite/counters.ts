import type { Millis } from "../../../guards/money.ts";
import { MERGED_MAX } from "../../../ports/counters.ts";
import type {
  CounterStore,
  CounterTotal,
  HolderId,
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
