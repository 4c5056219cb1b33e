import type { Millis } from "../../../guards/money.ts";
import type { CounterStore, CounterTotal, HolderId } from "../../../ports/store.ts";
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
  for (const { agent, server, tool, bucket, total } of totals) {
    if (total <= 0) continue;
    const set = sql.run(
      `INSERT INTO counter (agent, server, tool, bucket, holder, total, changed)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
         SET total = excluded.total, changed = excluded.changed WHERE excluded.total > total`,
      ...[agent, server, tool, bucket, holder, total, before + 1],
    );
    if (set > 0) raised = true;
  }
  if (raised) sql.run("UPDATE store SET counter_seq = ?", before + 1);
  const sums = sql.all<CounterTotal>(
    `SELECT agent, server, tool, bucket, sum(total) AS total FROM counter
       WHERE (agent, server, tool, bucket) IN
         (SELECT agent, server, tool, bucket FROM counter WHERE changed > ?)
       GROUP BY agent, server, tool, bucket`,
    after,
  );
  return { kind: "ok", sums, seq: raised ? before + 1 : before };
}

function seqOf({ sql }: Transaction): number {
  return sql.first<{ seq: number }>("SELECT counter_seq AS seq FROM store")?.seq ?? 0;
}

export function prune({ sql }: Transaction, before: Millis): void {
  sql.run(
    `DELETE FROM counter WHERE (agent, server, tool, bucket, holder) IN
       (SELECT agent, server, tool, bucket, holder FROM counter WHERE bucket < ? LIMIT ?)`,
    ...[before, PRUNED_MAX],
  );
}
