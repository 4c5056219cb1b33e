import type { AccountState, NewOverride, Override } from "../../../ports/store.ts";
import { ACCOUNT, type AccountRow, stateOf } from "./ledger.ts";
import type { Sql } from "./sql.ts";
import type { Transaction } from "./transaction.ts";

/** Null: no account is open by that id. */
export function raise(transaction: Transaction, asked: NewOverride): AccountState | null {
  const { sql } = transaction;
  if (!isOpen(sql, asked.account)) return null;
  if (put(transaction, asked)) transaction.raiseChange();
  const text = `SELECT ${ACCOUNT} FROM account WHERE id = ?`;
  const row = sql.firstExact<AccountRow>(text, asked.account);
  if (!row) throw new Error("an account that is open is there");
  return stateOf(row);
}

export function isOpen(sql: Sql, account: number): boolean {
  return sql.first("SELECT 1 FROM account WHERE id = ? AND open = 1", account) !== undefined;
}

/** False: it was there. */
export function put({ sql, tell }: Transaction, asked: NewOverride): boolean {
  const { account, at, by, id, limit, reason, review } = asked;
  const made = sql.run(
    `INSERT INTO override (id, account, limit_n, reason, said_by, at, review)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    ...[id, account, limit, reason, by, at, review],
  );
  if (made === 0) return false;
  sql.run(
    `UPDATE account SET raised = ?, limit_n = max(configured, coalesce(?, configured))
       WHERE id = ?`,
    ...[limit, limit, account],
  );
  tell("room");
  return true;
}

interface Row extends Omit<Override, "account" | "at" | "starts" | "ends"> {
  readonly account: bigint;
  readonly at: bigint;
  readonly starts: bigint;
  readonly ends: bigint | null;
}

const IN_FORCE = `SELECT o.id, o.account, o.limit_n AS "limit", o.reason, o.said_by AS "by", o.at,
    o.review, a.budget, a.scope, a.unit, a.window, a.starts, a.ends, a.configured
  FROM override o JOIN account a ON a.id = o.account
  WHERE a.open = 1 AND o.limit_n IS NOT NULL
    AND o.no = (SELECT max(n.no) FROM override n WHERE n.account = o.account)
  ORDER BY o.no DESC LIMIT ?`;

/** Newest first. */
export function list({ sql }: Transaction, limit: number): Override[] {
  return sql.allExact<Row>(IN_FORCE, limit).map((row) => ({
    ...row,
    account: Number(row.account),
    at: Number(row.at),
    starts: Number(row.starts),
    ends: row.ends === null ? null : Number(row.ends),
  }));
}
