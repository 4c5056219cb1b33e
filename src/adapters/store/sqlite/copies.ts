import {
  CALLS_SHOWN_MAX,
  CLOCKS_APART_MS,
  COPIES_SUBJECT,
  copiesReviewId,
  MAYBE_COPIED,
} from "../../../guards/clutch/review.ts";
import type { HolderId, LetThrough } from "../../../ports/store.ts";
import { liveNo } from "./ledger.ts";
import { openReview, standing } from "./reviews.ts";
import type { Transaction } from "./transaction.ts";

/** Not finished, not claimed, not doubted; and whoever has it now, its first client has gone. */
export const LEFT = "was_left = 1 AND state IN ('parked', 'let_go') AND maybe_sent = 0";
export const DOUBTFUL = `copied = 'maybe' AND ${LEFT}`;

/** A gateway that has not caught up may have let it through, and has not said so yet. */
export const AWAITED = `was_left = 1 AND EXISTS (SELECT 1 FROM holder
  WHERE holder.state = 'live' AND holder.id <> parked_by AND caught_up < seq)`;

/** What a gateway let through before it knew of a change, beside what others have parked. */
export function catchUp(
  transaction: Transaction,
  holder: HolderId,
  ...[changeSeq, calls]: [number, readonly LetThrough[]]
): void {
  const { sql } = transaction;
  const no = liveNo(transaction, holder);
  if (no === undefined) return;
  const raise = "UPDATE holder SET caught_up = max(coalesce(caught_up, 0), ?) WHERE no = ?";
  sql.run(raise, changeSeq, no);
  for (const { agent, at, digest, key, task } of calls) {
    sql.run(
      `UPDATE parked SET copied = 'maybe' WHERE key = ? AND task = ? AND digest = ? AND agent = ?
         AND arrived_at <= ? AND parked_by <> ? AND copied = 'no'
         AND state IN ('parked', 'let_go', 'claimed')`,
      ...[key, task, digest, agent, at + CLOCKS_APART_MS, holder],
    );
  }
  for (const agent of new Set(calls.map((call) => call.agent))) doubtCopies(transaction, agent);
}

/** Only a person can say whether these ran. */
export function doubtCopies(transaction: Transaction, agent: string): void {
  const { sql, now } = transaction;
  const calls = sql.all<{ task: string; call: string }>(
    `SELECT task, call FROM parked WHERE agent = ? AND ${DOUBTFUL} ORDER BY call`,
    agent,
  );
  const [first] = calls;
  if (first === undefined) return;
  const asked = {
    id: copiesReviewId(first.call),
    kind: "outcome_unknown",
    agent,
    subject: COPIES_SUBJECT,
    reason: MAYBE_COPIED,
    evidence: JSON.stringify({ calls: calls.slice(0, CALLS_SHOWN_MAX) }),
    at: now,
  } as const;
  const stands = standing(sql, asked);
  if (stands === undefined) openReview(sql, asked);
  sql.run(
    `UPDATE parked SET state = 'parked', let_go_at = NULL, maybe_sent = 1, review = ?
       WHERE agent = ? AND ${DOUBTFUL}`,
    ...[stands ?? asked.id, agent],
  );
  transaction.raiseChange();
}

/** The agents of calls that may be copies and whose clients have just gone. */
export function doubtAmong(transaction: Transaction, calls: readonly string[]): void {
  const agents = transaction.sql.all<{ agent: string }>(
    `SELECT DISTINCT agent FROM parked
       WHERE call IN (SELECT value FROM json_each(?)) AND ${DOUBTFUL} ORDER BY agent`,
    JSON.stringify(calls),
  );
  for (const { agent } of agents) doubtCopies(transaction, agent);
}
