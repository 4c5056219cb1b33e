import type { Answered, CallClaim, CallClaimed, Fenced, HolderId } from "../../../ports/store.ts";
import { liveNo } from "./ledger.ts";
import type { Transaction } from "./transaction.ts";

interface Row {
  readonly digest: string;
  readonly at: number;
  readonly holder: HolderId;
  readonly state: "claimed" | "done" | "unknown";
  readonly answer: Uint8Array | null;
}

const OF_CALL = "key = ? AND task = ? AND call_id = ?";
/** This very claim, while it stands. */
const STANDS = `${OF_CALL} AND digest = ? AND at = ? AND holder = ? AND state = 'claimed'`;

function valuesOf({ at, callId, digest, key, task }: CallClaim, holder: HolderId) {
  return [key, task, callId, digest, at, holder];
}

/** Claims a call by its own name. */
export function claimCall(
  transaction: Transaction,
  holder: HolderId,
  claim: CallClaim,
): CallClaimed | Fenced {
  const { sql } = transaction;
  if (liveNo(transaction, holder) === undefined) return { kind: "fenced" };
  const { at, callId, digest, key, task } = claim;
  const text = `SELECT digest, at, holder, state, answer FROM call_claim WHERE ${OF_CALL}`;
  const row = sql.first<Row>(text, key, task, callId);
  if (row) return standing(row, holder, claim);
  sql.run(
    `INSERT INTO call_claim (key, task, call_id, digest, at, holder, state, agent)
       VALUES (?, ?, ?, ?, ?, ?, 'claimed', coalesce(
         (SELECT json_extract(holder, '$.agent') FROM access_key WHERE id = ?), ''))`,
    ...[key, task, callId, digest, at, holder, key],
  );
  return { kind: "claimed" };
}

function standing(row: Row, holder: HolderId, claim: CallClaim): CallClaimed {
  if (row.digest !== claim.digest) return { kind: "other-digest" };
  switch (row.state) {
    case "claimed":
      return { kind: row.holder === holder && row.at === claim.at ? "claimed" : "running" };
    case "done":
      return { kind: "done", answer: row.answer };
    case "unknown":
      return { kind: "unknown" };
  }
}

export function unclaimCall(transaction: Transaction, holder: HolderId, claim: CallClaim): void {
  if (liveNo(transaction, holder) === undefined) return;
  transaction.sql.run(`DELETE FROM call_claim WHERE ${STANDS}`, ...valuesOf(claim, holder));
}

/** A flush's answer to a call of its holder, if the claim still stands. */
export function answer({ sql, now }: Transaction, holder: HolderId, answered: Answered): void {
  const values = [answered.answer, now];
  if (answered.kind === "claim") {
    const text = "UPDATE call_claim SET state = 'done', answer = ?, finished_at = ?";
    sql.run(`${text} WHERE ${STANDS}`, ...values, ...valuesOf(answered.claim, holder));
    return;
  }
  sql.run(
    `UPDATE parked SET state = 'done', answer = ?, finished_at = ?
       WHERE call = ? AND state = 'claimed' AND claimed_by = ? AND attempt = ?`,
    ...[...values, answered.call, holder, answered.attempt],
  );
}
