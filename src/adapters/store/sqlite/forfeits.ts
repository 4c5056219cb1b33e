import type { Unit } from "../../../guards/budget/unit.ts";
import type {
  ForfeitFilter,
  ForfeitRow,
  Release,
  Released,
  ReleaseWanted,
} from "../../../ports/store.ts";
import { type Row as HolderColumns, shown } from "./holders.ts";
import type { Value } from "./sql.ts";
import type { Transaction } from "./transaction.ts";

interface Row {
  readonly holder_no: bigint;
  readonly account: bigint;
  readonly budget: string;
  readonly scope: string;
  readonly unit: Unit;
  readonly starts: bigint;
  readonly ends: bigint | null;
  readonly amount: bigint;
}

type ReleaseRow = Omit<Release, "account" | "at"> & {
  readonly account: bigint;
  readonly at: bigint;
};

/** Forfeits above an amount, on open accounts. */
function find({ sql }: Transaction, filter: ForfeitFilter, above: bigint): Row[] {
  const { budget = null, holder = null, limit, scope = null, unit = null } = filter;
  const which: Value[] = [holder, holder, budget, budget, scope, scope, unit, unit];
  return sql.allExact<Row>(
    `SELECT holder.no AS holder_no, account.id AS account, budget, scope, unit, starts, ends,
         forfeit AS amount
       FROM holder JOIN slice ON slice.holder = holder.no
       JOIN account ON account.id = slice.account
       WHERE state = 'fenced' AND forfeit > ? AND open = 1 AND (? IS NULL OR holder.id = ?)
         AND (? IS NULL OR budget = ?) AND (? IS NULL OR scope = ?)
         AND (? IS NULL OR unit = ?)
       ORDER BY fenced_at DESC, holder.no DESC, account.id LIMIT ?`,
    ...[above, ...which, limit],
  );
}

export function list(transaction: Transaction, filter: ForfeitFilter): ForfeitRow[] {
  const { sql } = transaction;
  return find(transaction, filter, 0n).flatMap(({ holder_no, ...row }) => {
    const holder = sql.first<HolderColumns>("SELECT * FROM holder WHERE no = ?", holder_no);
    if (!holder) return [];
    const { account, ends, starts } = row;
    const window = { starts: Number(starts), ends: ends === null ? null : Number(ends) };
    return [{ ...row, holder: shown(holder), account: Number(account), ...window }];
  });
}

/** Lowers forfeits to what was billed, once for each id. */
export function release(transaction: Transaction, wanted: ReleaseWanted): Released {
  const { billed, evidence, forfeits, id, operator, reason } = wanted;
  const { now, sql } = transaction;
  const known = releases(transaction, { id, limit: forfeits.limit });
  if (known.length > 0) return { kind: "already", releases: known };
  const fenced = "SELECT no FROM holder WHERE id = ? AND state = 'fenced'";
  if (!sql.first(fenced, forfeits.holder)) return { kind: "refused", missing: "fence" };
  const rows = find(transaction, forfeits, billed);
  if (rows.length === 0) return { kind: "refused", missing: "nothing" };
  for (const { account, amount, holder_no } of rows) {
    const freed = amount - billed;
    sql.run(
      `INSERT INTO release (id, holder, account, amount, billed, evidence, operator, reason, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, forfeits.holder, account, freed, billed, evidence, operator, reason, now],
    );
    sql.run(
      "UPDATE slice SET forfeit = forfeit - ? WHERE holder = ? AND account = ?",
      ...[freed, holder_no, account],
    );
    sql.run("UPDATE account SET forfeited = forfeited - ? WHERE id = ?", freed, account);
  }
  transaction.tell("room");
  return { kind: "released", releases: releases(transaction, { id, limit: forfeits.limit }) };
}

export function releases(
  { sql }: Transaction,
  { id = null, limit }: { readonly id?: string | null; readonly limit: number },
): Release[] {
  const rows = sql.allExact<ReleaseRow>(
    `SELECT release.id, holder, account, budget, scope, unit, amount, billed, evidence, operator,
         reason, at
       FROM release JOIN account ON account.id = release.account
       WHERE ? IS NULL OR release.id = ? ORDER BY release.rowid DESC LIMIT ?`,
    ...[id, id, limit],
  );
  return rows.map((row) => ({ ...row, account: Number(row.account), at: Number(row.at) }));
}
