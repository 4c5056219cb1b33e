import type {
  Beat,
  Fenced,
  Forfeit,
  HolderId,
  HolderInfo,
  HolderRow,
  Registered,
} from "../../../ports/store.ts";
import { gapText } from "./journal.ts";
import { waiting } from "./outcomes.ts";
import { permitWants } from "./permits.ts";
import { release } from "./release.ts";
import type { Transaction } from "./transaction.ts";

/** Rows of `list`: one for each boot, the newest ones; live ones are always among them. */
const LISTED_MAX = 1000;

/** A holder as it is kept; its columns are read as numbers. */
export interface Row {
  readonly no: number;
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly pid_start: string;
  readonly configuration: string;
  readonly key_id: string;
  readonly state: "live" | "fenced" | "closed";
  readonly beat_no: number;
  readonly done_no: number;
  readonly beat_at: number;
  readonly fenced_at: number | null;
  readonly caught_up: number | null;
}

interface StoreRow {
  readonly generation: string;
  readonly change_seq: number;
  readonly configuration: string | null;
  readonly key_id: string | null;
}

function holderRow({ sql }: Transaction, id: HolderId): Row | undefined {
  return sql.first<Row>("SELECT * FROM holder WHERE id = ?", id);
}

function storeRow({ sql }: Transaction): StoreRow {
  const row = sql.first<StoreRow>("SELECT * FROM store");
  if (!row) throw new Error("the store has lost its only row");
  return row;
}

/** A holder as others may see it. */
export function shown(row: Row): HolderRow {
  return {
    id: row.id,
    host: row.host,
    pid: row.pid,
    pidStart: row.pid_start,
    configuration: row.configuration,
    keyId: row.key_id,
    state: row.state,
    beatNo: row.beat_no,
    fencedAt: row.fenced_at,
  };
}

/** A holder's view of the store. */
function beatOf(transaction: Transaction, holder: Row): Beat {
  const { sql, now } = transaction;
  const store = storeRow(transaction);
  const wants = sql.allExact<{ holder: string; account: bigint; amount: bigint }>(
    `SELECT holder.id AS holder, account, amount FROM want
       JOIN holder ON holder.no = want.holder WHERE want.holder <> ?`,
    holder.no,
  );
  return {
    kind: "ok",
    now,
    generation: store.generation,
    changeSeq: store.change_seq,
    configuration: store.configuration ?? holder.configuration,
    live: sql
      .all<Row>("SELECT * FROM holder WHERE state = 'live' ORDER BY no")
      .map((row) => ({ id: row.id, beatNo: row.beat_no })),
    wants: wants.map((want) => ({ ...want, account: Number(want.account) })),
    doneNo: holder.done_no,
    permitWants: permitWants(transaction, holder.no),
    outcomesWait: waiting(transaction, holder.id, 1).length > 0,
  };
}

export function register(transaction: Transaction, info: HolderInfo): Registered {
  const known = holderRow(transaction, info.id);
  if (known) return beatOf(transaction, known);
  const { sql } = transaction;
  const store = storeRow(transaction);
  if (store.key_id !== null && store.key_id !== info.keyId) {
    return { kind: "other-key", keyId: store.key_id };
  }
  if (store.configuration !== info.configuration) {
    const live = sql.all<Row>("SELECT * FROM holder WHERE state = 'live' ORDER BY no");
    if (store.configuration !== null && live.length > 0) {
      const holders = live.map(shown);
      return { kind: "other-configuration", configuration: store.configuration, holders };
    }
    sql.run("UPDATE store SET configuration = ?", info.configuration);
    transaction.raiseChange();
  }
  sql.run("UPDATE store SET key_id = ? WHERE key_id IS NULL", info.keyId);
  const { id, host, pid, pidStart, configuration, keyId } = info;
  sql.run(
    `INSERT INTO holder (id, host, pid, pid_start, configuration, key_id, beat_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ...[id, host, pid, pidStart, configuration, keyId, transaction.now],
  );
  const made = holderRow(transaction, id);
  if (!made) throw new Error("a holder that was inserted is there");
  return beatOf(transaction, made);
}

export function beat(transaction: Transaction, id: HolderId): Beat | Fenced {
  const { sql, now } = transaction;
  sql.run(
    "UPDATE holder SET beat_no = beat_no + 1, beat_at = ? WHERE id = ? AND state = 'live'",
    ...[now, id],
  );
  const holder = holderRow(transaction, id);
  return holder?.state === "live" ? beatOf(transaction, holder) : { kind: "fenced" };
}

/** What the holder held is forfeited. */
export function fence(transaction: Transaction, id: HolderId, seen: number | null): Forfeit[] {
  const { sql, now } = transaction;
  const holder = holderRow(transaction, id);
  if (holder?.state !== "live" || (seen !== null && holder.beat_no !== seen)) return [];
  sql.run("UPDATE holder SET state = 'fenced', fenced_at = ? WHERE no = ?", now, holder.no);
  sql.run("DELETE FROM want WHERE holder = ?", holder.no);
  type Held = Omit<Forfeit, "account"> & { readonly account: bigint };
  const held = sql.allExact<Held>(
    `SELECT account, budget, scope, unit, granted - returned - drawn AS amount
       FROM slice JOIN account ON account.id = slice.account
       WHERE holder = ? AND granted - returned - drawn > 0 ORDER BY account`,
    holder.no,
  );
  for (const { account, amount } of held) {
    sql.run(
      "UPDATE account SET leased = leased - ?, forfeited = forfeited + ? WHERE id = ?",
      ...[amount, amount, account],
    );
  }
  sql.run(
    `UPDATE slice SET forfeit = granted - returned - drawn, returned = granted - drawn
       WHERE holder = ?`,
    holder.no,
  );
  const forfeits = held.map((forfeit) => ({ ...forfeit, account: Number(forfeit.account) }));
  sql.run("UPDATE holder SET gap = ? WHERE no = ?", gapText(forfeits), holder.no);
  releaseWork(transaction, holder, holder.beat_at);
  return forfeits;
}

function releaseWork(transaction: Transaction, holder: Row, silentSince: number | null): void {
  const { caught_up: caughtUp, id, no } = holder;
  release(transaction, { no, holder: id, silentSince, caughtUp });
}

/** Gives what is left of a fenced holder's forfeits back. */
export function close(transaction: Transaction, id: HolderId): { kind: "closed" | "held" } {
  const { sql } = transaction;
  const holder = holderRow(transaction, id);
  if (!holder || holder.state === "closed") return { kind: "closed" };
  const holds = `SELECT 1 AS held FROM slice
    WHERE holder = ? AND granted - returned - drawn > 0 LIMIT 1`;
  if (sql.first(holds, holder.no)) return { kind: "held" };
  if (holder.state === "live") releaseWork(transaction, holder, null);
  sql.run(
    `UPDATE account SET forfeited = forfeited - slice.forfeit FROM slice
       WHERE slice.holder = ? AND slice.account = account.id AND slice.forfeit > 0`,
    holder.no,
  );
  sql.run("DELETE FROM slice WHERE holder = ?", holder.no);
  sql.run("DELETE FROM want WHERE holder = ?", holder.no);
  sql.run("UPDATE holder SET state = 'closed' WHERE no = ?", holder.no);
  transaction.tell("room");
  return { kind: "closed" };
}

/** The live ones, and the newest of the rest. */
export function list({ sql }: Transaction): HolderRow[] {
  const text = "SELECT * FROM holder ORDER BY state = 'live' DESC, no DESC LIMIT ?";
  return sql.all<Row>(text, LISTED_MAX).map(shown);
}

/** True too where another holder made the same change before: this one follows. */
export function configure(
  transaction: Transaction,
  ...change: [HolderId, string, string]
): boolean {
  const [id, from, to] = change;
  const { sql } = transaction;
  if (holderRow(transaction, id)?.state !== "live") return false;
  const { configuration } = storeRow(transaction);
  const runs = "SELECT 1 FROM holder WHERE state = 'live' AND id <> ? AND configuration = ?";
  const isRun = sql.first(runs, id, configuration) !== undefined;
  if (configuration !== from && configuration !== to && isRun) return false;
  sql.run("UPDATE holder SET configuration = ? WHERE id = ?", to, id);
  if (configuration === to) return true;
  sql.run("UPDATE store SET configuration = ?", to);
  transaction.raiseChange();
  return true;
}
