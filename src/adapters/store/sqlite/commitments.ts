import type { Step } from "../../../guards/commitment/commitment.ts";
import { type Commitment, HOLDING, type Hold } from "../../../guards/commitment/commitment.ts";
import type { Millis } from "../../../guards/money.ts";
import type {
  AccountId,
  CommitmentFilter,
  CommitmentKey,
  CommitmentMoved,
  CommitmentOpened,
  Commitments,
  Fenced,
  HolderId,
  NewCommitment,
} from "../../../ports/store.ts";
import { accounts, done, doneNo, liveNo } from "./ledger.ts";
import type { Transaction } from "./transaction.ts";

const COLUMNS = `id, agent, task, key, server, tool, nano_usd_per_hour, horizon_ms, version, state,
  service, opened_at, seen_at, elapsed_ms, due_at, holds, renewals, unrenewable, ended_at, ended_by,
  reason`;
const HOLDS_PLACE = HOLDING.map((state) => `'${state}'`).join(", ");
const OF_TOOL = "agent = ? AND server = ? AND tool = ?";

interface Row {
  readonly id: string;
  readonly agent: string;
  readonly task: string;
  readonly key: string;
  readonly server: string;
  readonly tool: string;
  readonly nano_usd_per_hour: bigint;
  readonly horizon_ms: bigint;
  readonly version: bigint;
  readonly state: Commitment["state"];
  readonly service: string | null;
  readonly opened_at: bigint;
  readonly seen_at: bigint;
  readonly elapsed_ms: bigint;
  readonly due_at: bigint | null;
  readonly holds: string;
  readonly renewals: bigint;
  readonly unrenewable: bigint;
  readonly ended_at: bigint | null;
  readonly ended_by: string | null;
  readonly reason: string | null;
}

function commitmentOf(row: Row): Commitment {
  const { agent, id, key, reason, server, service, state, task, tool } = row;
  return {
    ...{ id, agent, task, key, server, tool, state, service, reason },
    nanoUsdPerHour: row.nano_usd_per_hour,
    horizonMs: Number(row.horizon_ms),
    version: Number(row.version),
    openedAt: Number(row.opened_at),
    seenAt: Number(row.seen_at),
    elapsedMs: Number(row.elapsed_ms),
    dueAt: numberOrNull(row.due_at),
    holds: holdsOf(row.holds),
    renewals: Number(row.renewals),
    unrenewable: row.unrenewable === 1n,
    endedAt: numberOrNull(row.ended_at),
    endedBy: row.ended_by,
  };
}

function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}

/** Amounts as texts: a JSON number would lose digits. */
function holdsText(holds: readonly Hold[]): string {
  return JSON.stringify(holds.map(({ account, held }) => [account, held.toString()]));
}

function holdsOf(text: string): Hold[] {
  // `as`: written by `holdsText` alone.
  const pairs = JSON.parse(text) as readonly [number, string][];
  return pairs.map(([account, held]) => ({ account, held: BigInt(held) }));
}

function find({ sql }: Transaction, id: string): Commitment | null {
  const row = sql.firstExact<Row>(`SELECT ${COLUMNS} FROM commitment WHERE id = ?`, id);
  return row ? commitmentOf(row) : null;
}

/** Places that are taken. */
export function count({ sql }: Transaction, { agent, server, tool }: CommitmentKey): number {
  const text = `SELECT count(*) AS active FROM commitment
    WHERE ${OF_TOOL} AND state IN (${HOLDS_PLACE})`;
  return sql.first<{ active: number }>(text, agent, server, tool)?.active ?? 0;
}

/** All or nothing: every slice is looked at before the first row is written. */
export function open(
  transaction: Transaction,
  id: HolderId,
  opening: NewCommitment,
): CommitmentOpened | Fenced {
  const holder = liveNo(transaction, id);
  if (holder === undefined) return { kind: "fenced" };
  const known = find(transaction, opening.id);
  if (known) return { kind: "opened", commitment: known, doneNo: doneNo(transaction, holder) };
  const active = count(transaction, opening);
  if (active >= opening.activeMax) return { kind: "full", active };
  if (!opening.holds.every((hold) => isHeld(transaction, holder, hold))) {
    return { kind: "not-held" };
  }
  for (const hold of opening.holds) draw(transaction, holder, hold);
  insert(transaction, id, opening);
  const commitment = find(transaction, opening.id);
  if (!commitment) throw new Error("a commitment that was inserted is there");
  return { kind: "opened", commitment, doneNo: done(transaction, holder) };
}

function isHeld({ sql }: Transaction, holder: number, { account, held }: Hold): boolean {
  const text = `SELECT granted - returned - drawn AS held FROM slice
    WHERE holder = ? AND account = ?`;
  return (sql.firstExact<{ held: bigint }>(text, holder, account)?.held ?? -1n) >= held;
}

function draw({ sql }: Transaction, holder: number, { account, held }: Hold): void {
  const slice = "UPDATE slice SET drawn = drawn + ? WHERE holder = ? AND account = ?";
  sql.run(slice, held, holder, account);
  const moved = "UPDATE account SET leased = leased - ?, committed = committed + ? WHERE id = ?";
  sql.run(moved, held, held, account);
}

function insert({ sql, now }: Transaction, holder: HolderId, opening: NewCommitment): void {
  const { agent, holds, horizonMs, id, key, nanoUsdPerHour, server, task, tool } = opening;
  sql.run(
    `INSERT INTO commitment (id, agent, task, key, server, tool, nano_usd_per_hour, horizon_ms,
       opened_by, opened_at, seen_at, holds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[id, agent, task, key, server, tool, nanoUsdPerHour, horizonMs],
    ...[holder, now, now, holdsText(holds)],
  );
}

/** Compare and set of a row, with what its accounts are charged and what they hold. */
export function move(transaction: Transaction, { charges, next }: Step): CommitmentMoved {
  const before = find(transaction, next.id);
  if (!before) return { kind: "none" };
  if (before.version !== next.version) return { kind: "conflict", commitment: before };
  const ids = new Set([...before.holds, ...next.holds, ...charges].map(({ account }) => account));
  const changes = [...ids].map((id) => changeOf(id, before, { charges, next }));
  if (!changes.every((change) => fits(transaction, change))) {
    const filter = { ids: [...ids], open: false, limit: ids.size };
    return { kind: "short", accounts: accounts(transaction, filter) };
  }
  const { sql } = transaction;
  for (const { charged, id, more } of changes) {
    const text = "UPDATE account SET spent = spent + ?, committed = committed + ? WHERE id = ?";
    sql.run(text, charged, more, id);
  }
  write(transaction, next);
  if (changes.some(({ charged, more }) => charged + more < 0n)) transaction.tell("room");
  return { kind: "ok", commitment: { ...next, version: next.version + 1 } };
}

interface Change {
  readonly id: AccountId;
  readonly charged: bigint;
  /** Held more than before. */
  readonly more: bigint;
}

function changeOf(id: AccountId, before: Commitment, { charges, next }: Step): Change {
  const heldIn = (holds: readonly Hold[]) =>
    holds.find(({ account }) => account === id)?.held ?? 0n;
  const own = charges.filter(({ account }) => account === id);
  const charged = own.reduce((sum, { amount }) => sum + amount, 0n);
  return { id, charged, more: heldIn(next.holds) - heldIn(before.holds) };
}

function fits({ sql }: Transaction, { charged, id, more }: Change): boolean {
  const row = sql.firstExact<{ room: bigint; open: bigint }>(
    `SELECT limit_n - spent - leased - forfeited - committed AS room, open
       FROM account WHERE id = ?`,
    id,
  );
  if (!row) throw new Error(`a commitment names account ${id}, which is not there`);
  return more <= 0n || (row.open === 1n && more + charged <= row.room);
}

function write({ sql }: Transaction, next: Commitment): void {
  const { dueAt, elapsedMs, endedAt, endedBy, reason, renewals, seenAt, service, state } = next;
  sql.run(
    `UPDATE commitment SET version = version + 1, state = ?, service = ?, seen_at = ?,
       elapsed_ms = ?, due_at = ?, holds = ?, renewals = ?, unrenewable = ?, ended_at = ?,
       ended_by = ?, reason = ? WHERE id = ?`,
    ...[state, service, seenAt, elapsedMs, dueAt, holdsText(next.holds), renewals],
    ...[next.unrenewable ? 1 : 0, endedAt, endedBy, reason, next.id],
  );
}

/** Those that fit the filter, and the clock that they are to be seen by. */
export function list(transaction: Transaction, filter: CommitmentFilter): Commitments {
  const { sql, now } = transaction;
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  for (const name of ["id", "agent", "server", "tool", "service"] as const) {
    const value = filter[name];
    if (value === undefined) continue;
    conditions.push(`${name} = ?`);
    values.push(value);
  }
  if (filter.states !== undefined) {
    conditions.push("state IN (SELECT value FROM json_each(?))");
    values.push(JSON.stringify(filter.states));
  }
  if (filter.due === true) {
    // Seen in what is to come: the clock was set back, and waiting for it would charge nothing.
    conditions.push("due_at IS NOT NULL AND (due_at <= ? OR seen_at > ?)");
    values.push(now, now);
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const order = filter.due === true ? "due_at, no" : "no DESC";
  const text = `SELECT ${COLUMNS} FROM commitment ${where} ORDER BY ${order} LIMIT ?`;
  const rows = sql.allExact<Row>(text, ...values, filter.limit);
  return { now, commitments: rows.map(commitmentOf) };
}

/** Forgets those that ended before this. */
export function prune({ sql }: Transaction, before: Millis): void {
  sql.run("DELETE FROM commitment WHERE ended_at < ?", before);
}

/** Of a holder that is gone: whether its calls made anything, nobody knows. */
export function doubtCommitments({ sql, now }: Transaction, holder: HolderId): void {
  sql.run(
    `UPDATE commitment SET state = 'unknown', due_at = ?, version = version + 1
       WHERE opened_by = ? AND state = 'opening'`,
    ...[now, holder],
  );
}
