import type { Millis } from "../../../guards/money.ts";
import type { KeyRecord, ModelFlag } from "../../../ports/store.ts";
import type { Transaction } from "./transaction.ts";

interface KeyRow {
  readonly id: string;
  readonly hash: string;
  /** JSON text of the record's `holder`. */
  readonly holder: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
}

function recordOf(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    hash: row.hash,
    holder: JSON.parse(row.holder),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

/** Once by its id. */
export function createKey(transaction: Transaction, key: KeyRecord): void {
  const { id, hash, holder, createdAt, expiresAt, revokedAt } = key;
  const added = transaction.sql.run(
    `INSERT INTO access_key (id, hash, holder, created_at, expires_at, revoked_at)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    ...[id, hash, JSON.stringify(holder), createdAt, expiresAt, revokedAt],
  );
  if (added > 0) transaction.raiseChange();
}

export function revokeKey(transaction: Transaction, id: string, at: Millis): boolean {
  const text = "UPDATE access_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL";
  if (transaction.sql.run(text, at, id) === 0) return false;
  transaction.raiseChange();
  return true;
}

/** In the order in which they were made. */
export function keys({ sql }: Transaction, all: boolean): KeyRecord[] {
  const where = all ? "" : "WHERE revoked_at IS NULL";
  return sql.all<KeyRow>(`SELECT * FROM access_key ${where} ORDER BY rowid`).map(recordOf);
}

export function keyByHash({ sql }: Transaction, hash: string): KeyRecord | null {
  const row = sql.first<KeyRow>("SELECT * FROM access_key WHERE hash = ?", hash);
  return row ? recordOf(row) : null;
}

/** Kept as first raised. */
export function flag(transaction: Transaction, raised: ModelFlag): void {
  const { provider, model, what, since, call } = raised;
  const added = transaction.sql.run(
    `INSERT INTO model_flag (provider, model, what, since, call) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ...[provider, model, what, since, call],
  );
  if (added > 0) transaction.raiseChange();
}

export function clearFlag(transaction: Transaction, provider: string, model: string): boolean {
  const text = "DELETE FROM model_flag WHERE provider = ? AND model = ?";
  if (transaction.sql.run(text, provider, model) === 0) return false;
  transaction.raiseChange();
  return true;
}

export function flags({ sql }: Transaction): ModelFlag[] {
  return sql.all<ModelFlag>("SELECT provider, model, what, since, call FROM model_flag");
}
