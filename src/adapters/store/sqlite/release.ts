import {
  CALLS_SHOWN_MAX,
  OUTCOME_UNKNOWN,
  outcomeReviewId,
} from "../../../guards/clutch/review.ts";
import type { Millis } from "../../../guards/money.ts";
import type { HolderId } from "../../../ports/store.ts";
import { doubtCommitments } from "./commitments.ts";
import { LEFT } from "./copies.ts";
import { releasePermits } from "./permits.ts";
import { openReview } from "./reviews.ts";
import type { Transaction } from "./transaction.ts";

/** A holder that is no longer there. */
interface Gone {
  readonly no: number;
  readonly holder: HolderId;
  /** Since when nothing was heard of it; null: it ended itself. */
  readonly silentSince: Millis | null;
  /** The last change that it knew of. */
  readonly caughtUp: number | null;
}

interface Call {
  readonly agent: string;
  readonly task: string;
  readonly call: string;
}

/** No instant is later, and no change. */
const NEVER = Number.MAX_SAFE_INTEGER;

const CLAIMED = "state = 'claimed' AND claimed_by = ?";
/**
 * A call that others parked in its silence, or that it has not caught up with, may be the one that
 * its client asked it for again. Who parks a call itself knows that its agent is paused, and admits
 * no copy of it.
 */
const MAY_BE_SENT = `${LEFT}
  AND (copied = 'maybe' OR (parked_by <> ? AND (arrived_at >= ? OR seq > ?)))`;
const CALL_CLAIMED = "state = 'claimed' AND holder = ?";

/** Permits and calls of a holder that is gone. */
export function release(transaction: Transaction, gone: Gone): void {
  const { caughtUp, holder, no, silentSince } = gone;
  const { sql } = transaction;
  const since = silentSince ?? NEVER;
  const seq = caughtUp ?? NEVER;
  releasePermits(transaction, no);
  doubtCommitments(transaction, holder);
  // What was finished before its last beat was answered to its client; nobody else is to have it.
  sql.run(
    `UPDATE parked SET attached = NULL, was_left = 1
       WHERE attached = ? AND (finished_at IS NULL OR finished_at >= ?)`,
    ...[holder, since],
  );
  const calls = sql.all<Call>(
    `SELECT agent, task, call FROM parked WHERE ${CLAIMED}
       UNION ALL SELECT agent, task, call FROM parked WHERE ${MAY_BE_SENT}
       UNION ALL SELECT agent, task, call_id FROM call_claim WHERE ${CALL_CLAIMED}`,
    ...[holder, holder, since, seq, holder],
  );
  for (const agent of new Set(calls.map((call) => call.agent))) {
    const review = outcomeReviewId(holder, agent);
    doubt(transaction, { agent, holder, review, since, seq });
    open(transaction, { agent, holder, review }, calls);
  }
  if (calls.length > 0) transaction.raiseChange();
}

interface Doubt {
  readonly agent: string;
  readonly holder: HolderId;
  readonly review: string;
}

/** Only a person can say what became of them. */
function doubt(
  { sql }: Transaction,
  { agent, holder, review, seq, since }: Doubt & { readonly since: Millis; readonly seq: number },
): void {
  sql.run(
    `UPDATE parked SET state = 'unknown', review = ? WHERE agent = ? AND ${CLAIMED}`,
    ...[review, agent, holder],
  );
  sql.run(
    `UPDATE parked SET state = 'parked', let_go_at = NULL, maybe_sent = 1, review = ?
       WHERE agent = ? AND ${MAY_BE_SENT}`,
    ...[review, agent, holder, since, seq],
  );
  sql.run(
    `UPDATE call_claim SET state = 'unknown', review = ? WHERE agent = ? AND ${CALL_CLAIMED}`,
    ...[review, agent, holder],
  );
}

function open(
  { sql, now }: Transaction,
  { agent, holder, review }: Doubt,
  calls: readonly Call[],
): void {
  const shown = calls
    .filter((each) => each.agent === agent)
    .slice(0, CALLS_SHOWN_MAX)
    .map(({ task, call }) => ({ task, call }));
  openReview(sql, {
    id: review,
    kind: "outcome_unknown",
    agent,
    subject: holder,
    reason: OUTCOME_UNKNOWN,
    evidence: JSON.stringify({ holder, calls: shown }),
    at: now,
  });
}
