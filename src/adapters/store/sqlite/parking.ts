import { passes } from "../../../guards/clutch/review.ts";
import type { Millis } from "../../../guards/money.ts";
import type {
  Claimed,
  Fenced,
  Forgotten,
  HolderId,
  NewParked,
  ParkAnswer,
  Parked,
  ParkedAgain,
  ParkingStore,
  ParkLimits,
} from "../../../ports/store.ts";
import { clutchOf } from "./clutch.ts";
import { AWAITED, doubtAmong } from "./copies.ts";
import { liveNo } from "./ledger.ts";
import type { Sql, Value } from "./sql.ts";
import type { Transaction } from "./transaction.ts";

/** Rows of each kind forgotten at a time: a beat waits for no more than these. */
const PRUNED_MAX = 1000;

const PARKED = `call, agent, task, key, cause, review, digest, about, at, state, let_go_at AS letGoAt,
  attached, claimed_by AS claimedBy, attempt, message, maybe_sent AS maybeSent,
  edited`;

interface Row extends Omit<Parked, "maybeSent" | "edited"> {
  readonly maybeSent: number;
  readonly edited: number;
}

function parkedFrom(row: Row): Parked {
  return { ...row, maybeSent: row.maybeSent === 1, edited: row.edited === 1 };
}

function parkedRow(sql: Sql, call: string): Parked | undefined {
  const row = sql.first<Row>(`SELECT ${PARKED} FROM parked WHERE call = ?`, call);
  return row && parkedFrom(row);
}

function bytesOf(sql: Sql, column: "request" | "answer", call: string): Uint8Array | null {
  const text = `SELECT ${column} AS bytes FROM parked WHERE call = ?`;
  return sql.first<{ bytes: Uint8Array | null }>(text, call)?.bytes ?? null;
}

/** Parks a call, or lets it go at once if nothing stops it by now. */
export function park(
  transaction: Transaction,
  holder: HolderId,
  ...[asked, limits]: [NewParked, ParkLimits]
): ParkAnswer | Fenced {
  const { sql, now } = transaction;
  if (liveNo(transaction, holder) === undefined) return { kind: "fenced" };
  const known = parkedRow(sql, asked.call);
  if (known) return { kind: "ok", parked: known };
  const limit = passed(sql, asked, limits);
  if (limit) return { kind: "full", limit, max: limits[limit] };
  const { lifted, review } = waitsFor(sql, asked);
  const { about, agent, at, call, cause, digest, key, request, task } = asked;
  sql.run(
    `INSERT INTO parked (call, agent, task, key, cause, review, digest, about, at, state,
         let_go_at, attached, arrived_at, parked_by, size, request, seq)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT change_seq FROM store))`,
    ...[call, agent, task, key, cause, review, digest, about, at],
    ...[
      lifted ? "let_go" : "parked",
      lifted ? now : null,
      holder,
      now,
      holder,
      request.byteLength,
      request,
    ],
  );
  const made = parkedRow(sql, call);
  if (!made) throw new Error("a call that was inserted is there");
  return { kind: "ok", parked: made };
}

/** Is what it waits for over, and which review will say so? */
function waitsFor(
  sql: Sql,
  { agent, cause, review, task }: NewParked,
): { readonly lifted: boolean; readonly review: string } {
  if (cause !== "clutch") {
    const closed = "SELECT 1 FROM review WHERE id = ? AND state = 'closed'";
    return { lifted: sql.first(closed, review) !== undefined, review };
  }
  const clutch = clutchOf(sql, agent);
  const stands = clutch.state === "engaged" ? review : clutch.review;
  return { lifted: passes(clutch, task), review: stands };
}

/** The first limit that one more call would pass. */
function passed(
  sql: Sql,
  { agent, request, task }: NewParked,
  limits: ParkLimits,
): keyof ParkLimits | null {
  const none = { calls: 0, bytes: 0 };
  const ofAgent = "SELECT calls, bytes FROM parked_by_agent WHERE agent = ?";
  const { bytes, calls } = sql.first<typeof none>(ofAgent, agent) ?? none;
  if (calls >= limits.callsPerAgent) return "callsPerAgent";
  const ofTask = "SELECT calls FROM parked_by_task WHERE agent = ? AND task = ?";
  const sameTask = sql.first<{ calls: number }>(ofTask, agent, task)?.calls ?? 0;
  if (sameTask >= limits.callsPerTask) return "callsPerTask";
  return bytes + request.byteLength > limits.bytesPerAgent ? "bytesPerAgent" : null;
}

export function attach(
  transaction: Transaction,
  holder: HolderId,
  { by, digest, key, task }: Parameters<ParkingStore["attach"]>[1],
): Parked | null | Fenced {
  const { sql } = transaction;
  if (liveNo(transaction, holder) === undefined) return { kind: "fenced" };
  const find = (condition: string, ...values: Value[]): Parked | undefined => {
    const row = sql.first<Row>(
      `SELECT ${PARKED} FROM parked WHERE key = ? AND task = ? AND digest = ? AND ${condition}
         AND (state <> 'done' OR answer IS NOT NULL OR message IS NOT NULL) ORDER BY no LIMIT 1`,
      ...[key, task, digest, ...values],
    );
    return row && parkedFrom(row);
  };
  const before = by === undefined ? undefined : find("taken_by = ? AND attached = ?", by, holder);
  if (before) return before;
  const detached = find("attached IS NULL");
  if (!detached) return null;
  const take = "UPDATE parked SET attached = ?, taken_by = ? WHERE call = ?";
  sql.run(take, holder, by ?? null, detached.call);
  return { ...detached, attached: holder };
}

export function detach(transaction: Transaction, holder: HolderId, calls: readonly string[]): void {
  for (const call of calls) {
    transaction.sql.run(
      "UPDATE parked SET attached = NULL, was_left = 1 WHERE call = ? AND attached = ?",
      ...[call, holder],
    );
  }
  doubtAmong(transaction, calls);
}

export function claim(transaction: Transaction, holder: HolderId, call: string): Claimed | Fenced {
  const { sql, now } = transaction;
  if (liveNo(transaction, holder) === undefined) return { kind: "fenced" };
  const parked = parkedRow(sql, call);
  if (!parked) return { kind: "none" };
  switch (parked.state) {
    case "parked":
      return { kind: "waits", parked };
    case "let_go":
      return isItsTurn(sql, parked, now) ? begin(sql, call, holder) : { kind: "waits", parked };
    case "claimed":
      return parked.claimedBy === holder ? claimed(sql, parked) : { kind: "waits", parked };
    case "done":
      return { kind: "done", parked, answer: bytesOf(sql, "answer", call) };
    case "denied":
    case "unknown":
      return { kind: parked.state, parked };
  }
}

function isItsTurn(sql: Sql, { agent, call, letGoAt, task }: Parked, now: Millis): boolean {
  const due = (letGoAt ?? now) <= now && passes(clutchOf(sql, agent), task);
  return due && !sql.first(`SELECT 1 FROM parked WHERE call = ? AND ${AWAITED}`, call);
}

function begin(sql: Sql, call: string, holder: HolderId): Claimed {
  sql.run(
    "UPDATE parked SET state = 'claimed', claimed_by = ?, attempt = attempt + 1 WHERE call = ?",
    ...[holder, call],
  );
  const parked = parkedRow(sql, call);
  if (!parked) throw new Error("a call that was claimed is there");
  return claimed(sql, parked);
}

function claimed(sql: Sql, parked: Parked): Claimed {
  const request = bytesOf(sql, "request", parked.call);
  if (!request) throw new Error("a parked call has its request");
  return { kind: "claimed", parked, request };
}

export function unclaim(
  transaction: Transaction,
  holder: HolderId,
  ...[call, attempt, again]: [string, number, ParkedAgain | undefined]
): void {
  const { sql } = transaction;
  if (liveNo(transaction, holder) === undefined) return;
  const parked = parkedRow(sql, call);
  if (parked?.state !== "claimed") return;
  if (parked.claimedBy !== holder || parked.attempt !== attempt) return;
  const clutch = clutchOf(sql, parked.agent);
  const stopped = clutch.state !== "engaged" && !passes(clutch, parked.task);
  const waits = stopped ? ({ cause: "clutch", review: clutch.review } as const) : again;
  const open = "SELECT 1 FROM review WHERE id = ? AND state = 'open'";
  if (waits === undefined || !(stopped || sql.first(open, waits.review))) {
    sql.run("UPDATE parked SET state = 'let_go', claimed_by = NULL WHERE call = ?", call);
  } else {
    sql.run(
      `UPDATE parked SET state = 'parked', claimed_by = NULL, let_go_at = NULL, cause = ?,
         review = ? WHERE call = ?`,
      ...[waits.cause, waits.review, call],
    );
  }
  doubtAmong(transaction, [call]);
}

/** Newest first. */
export function list({ sql }: Transaction, filter: Parameters<ParkingStore["list"]>[0]): Parked[] {
  const conditions: string[] = [];
  const values: string[] = [];
  const add = (condition: string, value: string | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  add("agent = ?", filter.agent);
  add("review = ?", filter.review);
  add("call = ?", filter.call);
  add("attached = ?", filter.attached);
  add("state IN (SELECT value FROM json_each(?))", filter.states && JSON.stringify(filter.states));
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const text = `SELECT ${PARKED} FROM parked ${where} ORDER BY no DESC LIMIT ?`;
  return sql.all<Row>(text, ...values, filter.limit).map(parkedFrom);
}

export function request({ sql }: Transaction, call: string): Uint8Array | null {
  const text = "SELECT request AS bytes FROM parked WHERE call = ? AND state = 'parked'";
  return sql.first<{ bytes: Uint8Array }>(text, call)?.bytes ?? null;
}

/** Some of what was finished before; the next time some more. */
export function prune({ sql }: Transaction, { approvals, calls: before, trips }: Forgotten): void {
  sql.run(
    `DELETE FROM parked WHERE no IN (
       SELECT no FROM parked WHERE finished_at < ? ORDER BY finished_at LIMIT ?)`,
    ...[before, PRUNED_MAX],
  );
  sql.run(
    `DELETE FROM call_claim WHERE rowid IN (
       SELECT rowid FROM call_claim AS c WHERE finished_at < ? AND NOT EXISTS (
         SELECT 1 FROM task WHERE task.agent = c.agent AND task.id = c.task AND ended_at IS NULL)
       LIMIT ?)`,
    ...[before, PRUNED_MAX],
  );
  sql.run("DELETE FROM agent_message WHERE at < ?", trips);
  const closed = sql.all<{ id: string }>(
    `SELECT id FROM review WHERE state = 'closed'
       AND closed_at < CASE kind WHEN 'trip' THEN ? WHEN 'approval' THEN ? ELSE ? END
       AND NOT EXISTS (
       SELECT 1 FROM parked WHERE parked.review = review.id AND finished_at IS NULL) LIMIT ?`,
    ...[trips, approvals, before, PRUNED_MAX],
  );
  for (const { id } of closed) {
    sql.run("DELETE FROM review_merged WHERE review = ?", id);
    sql.run("DELETE FROM review_decision WHERE review = ?", id);
    sql.run("DELETE FROM review WHERE id = ?", id);
  }
}
