import { transition } from "../../../guards/clutch/transition.ts";
import type { Note, Review, ReviewAnswer, ReviewDecision } from "../../../ports/store.ts";
import { prepare } from "./changes.ts";
import { clutchOf, setClutch } from "./clutch.ts";
import { type ReviewRow, reviewRow, shownReview } from "./reviews.ts";
import type { Sql } from "./sql.ts";
import type { Transaction } from "./transaction.ts";

/** One decision on one review, in its transaction. */
interface Deciding {
  readonly transaction: Transaction;
  readonly review: ReviewRow;
  readonly decision: ReviewDecision;
}

/** By the change that this decision will be. */
const LET_GO = "state = 'let_go', seq = (SELECT change_seq + 1 FROM store)";

/** Each decision once by its id, and only on the version it was made on. */
export function decide(transaction: Transaction, decision: ReviewDecision): ReviewAnswer {
  const { sql } = transaction;
  const before = "SELECT review, proposed FROM review_decision WHERE id = ?";
  const known = sql.first<{ review: string; proposed: string | null }>(before, decision.id);
  if (known) {
    const kind = known.proposed === null ? "ok" : "proposed";
    return { kind, review: shownReview(sql, known.review) };
  }
  const review = reviewRow(sql, decision.review);
  if (!review) return { kind: "nothing", because: "there is no such review" };
  if (review.version !== decision.version) {
    return { kind: "conflict", review: shownReview(sql, review.id) };
  }
  if (review.state === "closed") return { kind: "nothing", because: "it is closed" };
  const isAgreed = agrees(sql, review, decision);
  const because = isAgreed ? apply({ transaction, review, decision }) : null;
  if (because !== null) return { kind: "nothing", because };
  sql.run("UPDATE review SET version = version + 1 WHERE id = ?", review.id);
  write(sql, review, decision, isAgreed);
  transaction.raiseChange();
  return { kind: isAgreed ? "ok" : "proposed", review: shownReview(sql, review.id) };
}

/** It takes one, or somebody else has just said the same. */
function agrees(sql: Sql, { id, version }: ReviewRow, { by, second }: ReviewDecision): boolean {
  if (second === undefined) return true;
  const text = `SELECT 1 FROM review_decision
    WHERE review = ? AND version = ? AND proposed = ? AND decided_by <> ?`;
  return sql.first(text, id, version, second.digest, by) !== undefined;
}

function write(sql: Sql, review: ReviewRow, decision: ReviewDecision, isAgreed: boolean): void {
  const { id, decision: verb, by, reason, at, task, call, message, second } = decision;
  const proposal = isAgreed ? undefined : second;
  sql.run(
    `INSERT INTO review_decision
         (id, review, decision, decided_by, reason, at, task, call, message, proposed, sealed, version)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[id, review.id, proposal ? "proposed" : verb, by, reason, at, task, call, message],
    ...[proposal?.digest ?? null, proposal?.sealed ?? null, proposal ? review.version + 1 : null],
  );
}

/** Open or closed: it changes nothing. */
export function note({ sql }: Transaction, asked: Note): Review | null {
  const { at, by, id, review, text } = asked;
  if (!reviewRow(sql, review)) return null;
  sql.run(
    `INSERT INTO review_decision (id, review, decision, decided_by, reason, at)
       VALUES (?, ?, 'note', ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    ...[id, review, by, text, at],
  );
  return shownReview(sql, review);
}

/** Null: done. Else why there is nothing to do it to. */
function apply(deciding: Deciding): string | null {
  const { review, decision, transaction } = deciding;
  const clutch = clutchOf(transaction.sql, review.agent);
  const waits = clutch.state !== "engaged" && clutch.review === review.id;
  switch (decision.decision) {
    case "resume":
    case "change":
      if (review.kind === "outcome_unknown") return "its calls are decided one by one";
      if (review.kind === "approval" && decision.decision === "resume") {
        return "its call is approved or denied";
      }
      return prepare(transaction, review, decision) ?? resume(deciding);
    case "approve":
      if (review.kind !== "approval") return "it asks for no approval";
      return prepare(transaction, review, decision) ?? resume(deciding);
    case "calm":
      return waits && clutch.state === "probing" ? resume(deciding) : "it is not probing";
    case "probe":
      if (!waits) return "no clutch waits for it";
      if (decision.task === null) return "it names no task";
      return prepare(transaction, review, decision) ?? probe(deciding, decision.task);
    case "deny":
      return denyCall(deciding);
    case "end":
      return denyTask(deciding);
    case "ran":
    case "did_not_run":
      return settleUnknown(deciding);
  }
}

/** Those that wait for their turn from before come first, then all that are parked. */
function resume(deciding: Deciding): null {
  const { decision, review, transaction } = deciding;
  const { sql, now } = transaction;
  const clutch = clutchOf(sql, review.agent);
  const ofClutch = clutch.state !== "engaged" && clutch.review === review.id;
  const next = transition(clutch, { kind: "resume", review: review.id });
  if (ofClutch) setClutch(sql, review.agent, next);
  sql.run(
    `UPDATE parked SET ${LET_GO}, let_go_at = ? + turn.no * ?
       FROM (SELECT call, row_number() OVER (ORDER BY let_go_at IS NULL, let_go_at, no) - 1 AS no
         FROM parked WHERE (review = ? AND state = 'parked' AND maybe_sent = 0)
           OR (? AND agent = ? AND state = 'let_go')) AS turn
       WHERE turn.call = parked.call`,
    ...[now, Math.floor(decision.paceMs), review.id, ofClutch ? 1 : 0, review.agent],
  );
  close(deciding);
  return null;
}

function close({ review, transaction: { sql, now } }: Deciding): void {
  sql.run("UPDATE review SET state = 'closed', closed_at = ? WHERE id = ?", now, review.id);
}

function probe(deciding: Deciding, task: string): null {
  const { decision, review, transaction } = deciding;
  const { sql, now } = transaction;
  const { at } = decision;
  const event = { kind: "probe", review: review.id, task, at } as const;
  setClutch(sql, review.agent, transition(clutchOf(sql, review.agent), event));
  sql.run(
    `UPDATE parked SET ${LET_GO}, let_go_at = ?
       WHERE review = ? AND state = 'parked' AND task = ? AND maybe_sent = 0`,
    ...[now, review.id, task],
  );
  return null;
}

const DENY = `UPDATE parked SET state = 'denied', message = ?, finished_at = ?
  WHERE review = ? AND state = 'parked'`;

function denyCall(deciding: Deciding): string | null {
  const { decision, review, transaction } = deciding;
  const { sql, now } = transaction;
  const { call, message } = decision;
  const denied = sql.run(`${DENY} AND call = ?`, message, now, review.id, call);
  if (denied === 0) return "it has no such call parked";
  closeAfterDenial(deciding);
  return null;
}

function denyTask(deciding: Deciding): string | null {
  const { decision, review, transaction } = deciding;
  const { message, task } = decision;
  if (task === null) return "it names no task";
  transaction.sql.run(`${DENY} AND task = ?`, message, transaction.now, review.id, task);
  closeAfterDenial(deciding);
  return null;
}

const UNKNOWN = "review = ? AND (state = 'unknown' OR (state = 'parked' AND maybe_sent = 1))";

/** What became of a call that may have been sent. */
function settleUnknown(deciding: Deciding): string | null {
  const { decision, review, transaction } = deciding;
  const { sql, now } = transaction;
  const ran = decision.decision === "ran";
  const becomes = ran
    ? "state = 'done', finished_at = ?, message = ?"
    : `${LET_GO}, let_go_at = ?, message = coalesce(message, ?)`;
  const settled = sql.run(
    `UPDATE parked SET ${becomes}, claimed_by = NULL, maybe_sent = 0,
         copied = CASE copied WHEN 'maybe' THEN 'settled' ELSE copied END
       WHERE call = ? AND ${UNKNOWN}`,
    ...[now, ran ? decision.message : null, decision.call, review.id],
  );
  if (settled === 0 && !settleClaims(deciding, ran)) {
    return "it has no such call whose outcome is unknown, or more than one";
  }
  closeIfAllKnown(deciding);
  return null;
}

/** The claims of that name; of two tasks only if one is named. */
function settleClaims({ decision, review, transaction }: Deciding, ran: boolean): boolean {
  const { sql, now } = transaction;
  const found = sql.all<{ task: string }>(
    `SELECT DISTINCT task FROM call_claim
       WHERE review = ? AND state = 'unknown' AND call_id = ? AND task = coalesce(?, task)`,
    ...[review.id, decision.call, decision.task],
  );
  const [only] = found;
  if (!only || found.length > 1) return false;
  const which = "WHERE review = ? AND state = 'unknown' AND call_id = ? AND task = ?";
  const values = [review.id, decision.call, only.task];
  if (ran) {
    const text = `UPDATE call_claim SET state = 'done', finished_at = ? ${which}`;
    sql.run(text, now, ...values);
  } else sql.run(`DELETE FROM call_claim ${which}`, ...values);
  return true;
}

/** An approval is of one call, and decided with it. */
function closeAfterDenial(deciding: Deciding): void {
  const { review, transaction } = deciding;
  const waits = "SELECT 1 FROM parked WHERE review = ? AND state = 'parked' LIMIT 1";
  const isLeft = transaction.sql.first(waits, review.id) !== undefined;
  if (review.kind === "approval" && !isLeft) close(deciding);
  closeIfAllKnown(deciding);
}

/** A review of unknown outcomes ends with the last of them. */
function closeIfAllKnown(deciding: Deciding): void {
  const { review, transaction } = deciding;
  if (review.kind !== "outcome_unknown") return;
  const left = transaction.sql.first(
    `SELECT 1 FROM parked WHERE ${UNKNOWN}
       UNION ALL SELECT 1 FROM call_claim WHERE review = ? AND state = 'unknown' LIMIT 1`,
    ...[review.id, review.id],
  );
  if (left === undefined) close(deciding);
}
