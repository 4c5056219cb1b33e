import type { Window } from "../../../guards/budget/budget.ts";
import type { Unit } from "../../../guards/budget/unit.ts";
import type {
  AccountFilter,
  AccountId,
  AccountSpec,
  AccountState,
  Done,
  Fenced,
  Granted,
  HolderId,
  Limited,
  Short,
  Total,
  Want,
} from "../../../ports/store.ts";
import type { Transaction } from "./transaction.ts";

export const ACCOUNT =
  "id, budget, scope, unit, window, starts, ends, limit_n, spent, leased, forfeited, committed, open";

const OF_KIND = "budget = ? AND scope = ? AND unit = ? AND window = ?";

export interface AccountRow {
  readonly id: bigint;
  readonly budget: string;
  readonly scope: string;
  readonly unit: Unit;
  readonly window: Window;
  readonly starts: bigint;
  readonly ends: bigint | null;
  readonly limit_n: bigint;
  readonly spent: bigint;
  readonly leased: bigint;
  readonly forfeited: bigint;
  readonly committed: bigint;
  readonly open: bigint;
}

export function stateOf(row: AccountRow): AccountState {
  const { id, starts, ends, limit_n, open, ...same } = row;
  return {
    ...same,
    id: Number(id),
    starts: Number(starts),
    ends: ends === null ? null : Number(ends),
    limit: limit_n,
    open: open === 1n,
  };
}

/** The number of a live holder; undefined for any other. */
export function liveNo({ sql }: Transaction, id: HolderId): number | undefined {
  const text = "SELECT no FROM holder WHERE id = ? AND state = 'live'";
  return sql.first<{ no: number }>(text, id)?.no;
}

/** Raises the number that every answer to this holder carries. */
export function done({ sql }: Transaction, no: number): number {
  const text = "UPDATE holder SET done_no = done_no + 1 WHERE no = ? RETURNING done_no AS doneNo";
  const row = sql.first<{ doneNo: number }>(text, no);
  if (!row) throw new Error("a holder that was found is there");
  return row.doneNo;
}

export function doneNo({ sql }: Transaction, no: number): number {
  const text = "SELECT done_no AS doneNo FROM holder WHERE no = ?";
  return sql.first<{ doneNo: number }>(text, no)?.doneNo ?? 0;
}

/** Makes accounts that are missing; a window is open only if none of its kind is later. */
export function open({ sql }: Transaction, specs: readonly AccountSpec[]): AccountState[] {
  return specs.map(({ budget, scope, unit, window, starts, ends, limit }) => {
    const kind = [budget, scope, unit, window] as const;
    const find = `SELECT ${ACCOUNT} FROM account WHERE ${OF_KIND} AND starts = ?`;
    const known = sql.firstExact<AccountRow>(find, ...kind, starts);
    if (known) return stateOf(known);
    sql.run(
      `UPDATE account SET open = 0 WHERE ${OF_KIND} AND starts < ? AND open = 1`,
      ...[...kind, starts],
    );
    sql.run(
      `INSERT INTO account (budget, scope, unit, window, starts, ends, limit_n, configured, open)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?,
           NOT EXISTS (SELECT 1 FROM account WHERE ${OF_KIND} AND starts > ?))`,
      ...[...kind, starts, ends, limit, limit, ...kind, starts],
    );
    const made = sql.firstExact<AccountRow>(find, ...kind, starts);
    if (!made) throw new Error("an account that was inserted is there");
    return stateOf(made);
  });
}

interface Plan {
  readonly account: AccountId;
  readonly granted: bigint;
  readonly gift: bigint;
}

/** All or nothing: every want is looked at before the first row is written. */
export function lease(
  transaction: Transaction,
  id: HolderId,
  wants: readonly Want[],
): Granted | Short | Fenced {
  const holder = liveNo(transaction, id);
  if (holder === undefined) return { kind: "fenced" };
  const plans: Plan[] = [];
  for (const want of merged(wants)) {
    const plan = planFor(transaction, holder, want);
    if (!plan) {
      const accounts = known(transaction, wants);
      return { kind: "short", accounts, doneNo: doneNo(transaction, holder) };
    }
    plans.push(plan);
  }
  const { sql } = transaction;
  for (const { account, gift } of plans) {
    if (gift === 0n) continue;
    sql.run(
      `INSERT INTO slice (holder, account, granted) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET granted = granted + excluded.granted`,
      ...[holder, account, gift],
    );
    sql.run("UPDATE account SET leased = leased + ? WHERE id = ?", gift, account);
  }
  const granted = plans.map((plan) => ({ account: plan.account, total: plan.granted + plan.gift }));
  const accounts = known(transaction, wants);
  return { kind: "ok", granted, accounts, doneNo: done(transaction, holder) };
}

/** An account named twice is one want, the larger one: two would be granted twice. */
function merged(wants: readonly Want[]): readonly Want[] {
  const byAccount = new Map<AccountId, Want>();
  for (const want of wants) {
    const before = byAccount.get(want.account) ?? want;
    const least = before.least > want.least ? before.least : want.least;
    const most = before.most > want.most ? before.most : want.most;
    byAccount.set(want.account, { account: want.account, least, most });
  }
  return [...byAccount.values()];
}

/** Null if the least wanted is not there. What was granted before always is. */
function planFor({ sql }: Transaction, holder: number, want: Want): Plan | null {
  const row = sql.firstExact<{ room: bigint; open: bigint; granted: bigint }>(
    `SELECT limit_n - spent - leased - forfeited - committed AS room, open,
         coalesce(granted, 0) AS granted FROM account LEFT JOIN slice ON slice.holder = ? AND slice.account = account.id
       WHERE account.id = ?`,
    ...[holder, want.account],
  );
  if (!row) return null;
  const { room, granted } = row;
  const needed = want.least - granted;
  if (needed > 0n && !(row.open === 1n && needed <= room)) return null;
  const welcome = want.most - granted < room ? want.most - granted : room;
  const gift = row.open === 1n && welcome > 0n ? welcome : 0n;
  return { account: want.account, granted, gift };
}

function known({ sql }: Transaction, wants: readonly Want[]): AccountState[] {
  return wants.flatMap((want) => {
    const find = `SELECT ${ACCOUNT} FROM account WHERE id = ?`;
    const row = sql.firstExact<AccountRow>(find, want.account);
    return row ? [stateOf(row)] : [];
  });
}

/** Never more than is held, whatever the total says. */
export function giveBack(
  transaction: Transaction,
  id: HolderId,
  returned: readonly Total[],
): (Done & { readonly kind: "ok" }) | Fenced {
  const holder = liveNo(transaction, id);
  if (holder === undefined) return { kind: "fenced" };
  const { sql } = transaction;
  for (const { account, total } of returned) {
    const slice = sql.firstExact<{ more: bigint }>(
      `SELECT min(? - returned, granted - returned - drawn) AS more FROM slice
         WHERE holder = ? AND account = ?`,
      ...[total, holder, account],
    );
    if (!slice || slice.more <= 0n) continue;
    sql.run(
      "UPDATE slice SET returned = returned + ? WHERE holder = ? AND account = ?",
      ...[slice.more, holder, account],
    );
    sql.run("UPDATE account SET leased = leased - ? WHERE id = ?", slice.more, account);
  }
  transaction.tell("room");
  return { kind: "ok", doneNo: done(transaction, holder) };
}

/** Replaces the recalls of a live holder. */
export function want(
  transaction: Transaction,
  id: HolderId,
  wants: readonly { readonly account: AccountId; readonly amount: bigint }[],
): void {
  const holder = liveNo(transaction, id);
  if (holder === undefined) return;
  const { sql } = transaction;
  sql.run("DELETE FROM want WHERE holder = ?", holder);
  for (const { account, amount } of wants) {
    sql.run(
      `INSERT INTO want (holder, account, amount) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET amount = max(amount, excluded.amount)`,
      ...[holder, account, amount],
    );
  }
  transaction.tell("wants");
}

/** The limit of every open account of a budget, unit and kind of window. */
export function editLimit(transaction: Transaction, limited: Limited, of: string | null): void {
  const { budget, limit, unit, window } = limited;
  const text = `UPDATE account SET configured = ?, limit_n = max(?, coalesce(raised, ?))
    WHERE budget = ? AND unit = ? AND window = ? AND open = 1 AND configured <> ?
      AND (? IS NULL OR ? = (SELECT configuration FROM store))`;
  const values = [limit, limit, limit, budget, unit, window, limit, of, of];
  if (transaction.sql.run(text, ...values) === 0) return;
  transaction.raiseChange();
  transaction.tell("room");
}

/** Ids in one statement; a longer list is asked for in pieces. */
const IDS_A_STATEMENT = 500;

/** Newest first. */
export function accounts(transaction: Transaction, filter: AccountFilter): AccountState[] {
  if (filter.ids === undefined) return find(transaction, filter, "");
  const ids = [...new Set(filter.ids)].sort((one, two) => two - one);
  const found: AccountState[] = [];
  for (let at = 0; at < ids.length && found.length < filter.limit; at += IDS_A_STATEMENT) {
    const some = ids.slice(at, at + IDS_A_STATEMENT);
    found.push(...find(transaction, filter, JSON.stringify(some)));
  }
  return found.slice(0, filter.limit);
}

function find({ sql }: Transaction, filter: AccountFilter, ids: string): AccountState[] {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  if (filter.open !== false) conditions.push("open = 1");
  if (filter.budget !== undefined) {
    conditions.push("budget = ?");
    values.push(filter.budget);
  }
  if (filter.scope !== undefined) {
    conditions.push("scope = ?");
    values.push(filter.scope);
  }
  if (ids !== "") {
    conditions.push("id IN (SELECT value FROM json_each(?))");
    values.push(ids);
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const text = `SELECT ${ACCOUNT} FROM account ${where} ORDER BY id DESC LIMIT ?`;
  return sql.allExact<AccountRow>(text, ...values, filter.limit).map(stateOf);
}

/** Closes the accounts of one scope in these budgets. */
export function closeScope({ sql }: Transaction, budgets: readonly string[], scope: string): void {
  for (const budget of budgets) {
    sql.run(
      "UPDATE account SET open = 0 WHERE budget = ? AND scope = ? AND open = 1",
      ...[budget, scope],
    );
  }
}
