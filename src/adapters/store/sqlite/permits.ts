import type {
  Fenced,
  HolderId,
  Permit,
  PermitKey,
  PermitsTaken,
  PermitWant,
  PermitWish,
  Returned,
} from "../../../ports/store.ts";
import { liveNo } from "./ledger.ts";
import type { Sql } from "./sql.ts";
import type { Transaction } from "./transaction.ts";

/** Gives what is free of a limit, within the holder's share. */
export function take(
  transaction: Transaction,
  id: HolderId,
  wish: PermitWish,
): PermitsTaken | Fenced {
  const holder = liveNo(transaction, id);
  if (holder === undefined) return { kind: "fenced" };
  const { sql } = transaction;
  const limit = madeLimit(sql, wish);
  const free = freeOf(sql, limit, wish.requests);
  const most = shareOf(sql, limit, { holder, requests: wish.requests });
  const gifts = Math.max(0, Math.min(wish.most, most, free));
  sql.run(
    `UPDATE permit SET holder = ?, number = number + 1 WHERE call_limit = ? AND no IN (
       SELECT no FROM permit WHERE call_limit = ? AND holder IS NULL AND no < ?
         ORDER BY last_use, no LIMIT ?)`,
    ...[holder, limit, limit, wish.requests, gifts],
  );
  want(transaction, limit, { holder, most: wish.most - gifts });
  const owned = ownedOf(transaction, limit, holder);
  return { kind: "ok", owned, unowned: free - gifts };
}

function limitNo(sql: Sql, { agent, bounds, server, tool }: PermitKey): number | undefined {
  const text = `SELECT no FROM call_limit
    WHERE agent = ? AND server = ? AND tool = ? AND bounds = ?`;
  return sql.first<{ no: number }>(text, agent, server, tool, bounds)?.no;
}

/** The number of a limit; it and its permits are made where they are missing. */
function madeLimit(sql: Sql, wish: PermitWish): number {
  const { agent, bounds, server, tool, requests } = wish;
  sql.run(
    `INSERT INTO call_limit (agent, server, tool, bounds) VALUES (?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ...[agent, server, tool, bounds],
  );
  const limit = limitNo(sql, wish);
  if (limit === undefined) throw new Error("a limit that was inserted is there");
  const count = "SELECT count(*) AS n FROM permit WHERE call_limit = ?";
  const made = sql.first<{ n: number }>(count, limit)?.n ?? 0;
  if (made >= requests) return limit;
  sql.run(
    `INSERT INTO permit (call_limit, no)
       WITH RECURSIVE missing (no) AS (
         SELECT ? UNION ALL SELECT no + 1 FROM missing WHERE no + 1 < ?)
       SELECT ?, no FROM missing`,
    ...[made, requests, limit],
  );
  return limit;
}

function freeOf(sql: Sql, limit: number, requests: number): number {
  const text = `SELECT count(*) AS n FROM permit
    WHERE call_limit = ? AND holder IS NULL AND no < ?`;
  return sql.first<{ n: number }>(text, limit, requests)?.n ?? 0;
}

/** How many more it may have: all of it for who is alone, half of it beside others. */
function shareOf(
  sql: Sql,
  limit: number,
  { holder, requests }: { readonly holder: number; readonly requests: number },
): number {
  const row = sql.first<{ own: number; others: number }>(
    `SELECT (SELECT count(*) FROM permit WHERE call_limit = ? AND holder = ? AND no < ?) AS own,
       EXISTS (SELECT 1 FROM permit WHERE call_limit = ? AND holder <> ?)
         OR EXISTS (SELECT 1 FROM permit_want WHERE call_limit = ? AND holder <> ?) AS others`,
    ...[limit, holder, requests, limit, holder, limit, holder],
  );
  if (!row) throw new Error("a count has one row");
  return (row.others === 1 ? Math.ceil(requests / 2) : requests) - row.own;
}

/** What it was left short of replaces what it was left short of before. */
function want(
  transaction: Transaction,
  limit: number,
  { holder, most }: { readonly holder: number; readonly most: number },
): void {
  const { sql } = transaction;
  if (most <= 0) {
    sql.run("DELETE FROM permit_want WHERE call_limit = ? AND holder = ?", limit, holder);
    return;
  }
  sql.run(
    `INSERT INTO permit_want (call_limit, holder, most) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET most = excluded.most`,
    ...[limit, holder, most],
  );
  transaction.tell("wants");
}

/** A clock that was set back must not make a permit older than it is. */
function ownedOf({ sql, now }: Transaction, limit: number, holder: number): Permit[] {
  return sql.all<Permit>(
    `SELECT no, number, max(0, ? - last_use) AS ageMs FROM permit
       WHERE call_limit = ? AND holder = ? ORDER BY no`,
    ...[now, limit, holder],
  );
}

/** Takes back what this holder owns under these numbers. */
export function give(
  transaction: Transaction,
  id: HolderId,
  returned: readonly Returned[],
): { readonly kind: "ok" } | Fenced {
  const holder = liveNo(transaction, id);
  if (holder === undefined) return { kind: "fenced" };
  const { sql, now } = transaction;
  for (const { no, number, idleMs, ...key } of returned) {
    const limit = limitNo(sql, key);
    if (limit === undefined) continue;
    const used = idleMs === null ? null : now - Math.max(0, Math.floor(idleMs));
    const given = sql.run(
      `UPDATE permit SET holder = NULL, last_use = coalesce(?, last_use)
         WHERE call_limit = ? AND no = ? AND holder = ? AND number = ?`,
      ...[used, limit, no, holder, number],
    );
    if (given === 0) continue;
    sql.run("DELETE FROM permit_want WHERE call_limit = ? AND holder = ?", limit, holder);
    transaction.tell("room");
  }
  return { kind: "ok" };
}

/** Of a holder that is gone: used now, at the latest. */
export function releasePermits(transaction: Transaction, holder: number): void {
  const { sql, now } = transaction;
  sql.run("DELETE FROM permit_want WHERE holder = ?", holder);
  const freed = sql.run(
    "UPDATE permit SET holder = NULL, number = number + 1, last_use = ? WHERE holder = ?",
    ...[now, holder],
  );
  if (freed > 0) transaction.tell("room");
}

/** What others were left short of. */
export function permitWants({ sql }: Transaction, but: number): PermitWant[] {
  return sql.all<PermitWant>(
    `SELECT holder.id AS holder, agent, server, tool, bounds, most FROM permit_want
       JOIN holder ON holder.no = permit_want.holder
       JOIN call_limit ON call_limit.no = permit_want.call_limit
       WHERE permit_want.holder <> ?`,
    but,
  );
}
