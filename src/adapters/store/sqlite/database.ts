import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { StoreDamaged, StoreTooNew } from "./errors.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";
import { Sql } from "./sql.ts";

/** Kept in memory: the upper levels of every index, and the rows of the last minutes. */
const CACHE_KIB = 16_384;
/** Copied back after so many pages (32 MB): at a quarter of SQLite's default cost a row. */
const CHECKPOINT_PAGES = 8000;
/** SQLite's codes for a file that is damaged, and for one that is no database. */
const DAMAGED = [11, 26];

/**
 * Opens the store, making or migrating it. What is no whole store of ours is not written to.
 * `first`: nobody before in this process has, so no copy of a flush can come any more.
 */
export function openDatabase(path: string, { first }: { readonly first: boolean }): Sql {
  if (!existsSync(path)) {
    // Written to with the store that is missing: SQLite would mix it into the new one.
    if (existsSync(`${path}-wal`)) throw damaged(path, "only its write-ahead log is there");
    create(path);
  }
  if (statSync(path).size === 0) throw damaged(path, "it is empty");
  return guarded(path, () => {
    const sql = new Sql(path, { readOnly: false });
    try {
      sql.script("PRAGMA locking_mode = NORMAL; PRAGMA busy_timeout = 2000");
      check(sql, path);
      sql.script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      sql.script(`PRAGMA cache_size = -${CACHE_KIB}`);
      sql.script(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      migrate(sql);
      if (first) dropSettlements(sql);
    } catch (error) {
      sql.close();
      throw error;
    }
    return sql;
  });
}

/** A second connection that only reads, on a store that is open already. */
export function openReader(path: string): Sql {
  return guarded(path, () => {
    const sql = new Sql(path, { readOnly: true });
    sql.script("PRAGMA busy_timeout = 2000");
    return sql;
  });
}

/**
 * A new store is made whole under another name, then renamed: so an empty or half-made file under
 * the store's own name is always damage, and never taken for a new store in which nothing is spent.
 */
function create(path: string): void {
  const draft = `${path}.new`;
  for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(draft + suffix, { force: true });
  const sql = new Sql(draft, { readOnly: false });
  sql.script(`PRAGMA synchronous = FULL; PRAGMA application_id = ${APPLICATION_ID}`);
  migrate(sql);
  sql.run(
    "INSERT INTO store (one, generation, change_seq) VALUES (1, ?, 0)",
    randomBytes(16).toString("hex"),
  );
  sql.close();
  renameSync(draft, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}

/**
 * A settlement is kept so that a copy of its flush counts once. Whoever holds the folder's lock
 * knows that every process before is gone, and its copies with it: so the table is as long as one
 * process's life and not as the store's, and closing a holder need not look through it. A thread
 * that is started again keeps it: its callers are there still, and ask again.
 */
function dropSettlements(sql: Sql): void {
  sql.run("DELETE FROM settlement");
}

function check(sql: Sql, path: string): void {
  const application = sql.first<{ application_id: number }>("PRAGMA application_id");
  if (application?.application_id !== APPLICATION_ID)
    throw damaged(path, "it is another program's");
  const version = versionOf(sql);
  if (version > MIGRATIONS.length) {
    throw new StoreTooNew(
      `The store in ${path} was written by a newer Slipclutch (its schema is ${version}, this ` +
        `version knows up to ${MIGRATIONS.length}). Start that version, or a folder of its own.`,
    );
  }
  if (!sql.first("SELECT 1 FROM store")) throw damaged(path, "its first row is missing");
}

function versionOf(sql: Sql): number {
  return sql.first<{ user_version: number }>("PRAGMA user_version")?.user_version ?? 0;
}

/** Each step in a transaction with its number. */
function migrate(sql: Sql): void {
  for (let version = versionOf(sql); version < MIGRATIONS.length; version += 1) {
    const step = MIGRATIONS[version];
    sql.script(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${version + 1}; COMMIT`);
  }
}

function damaged(path: string, why: string): StoreDamaged {
  return new StoreDamaged(
    `${path} is not a usable store: ${why}. Nothing was changed. Put back a backup of the whole ` +
      "folder, or move the file away to begin with an empty store in which nothing counts as spent.",
  );
}

/** SQLite's own words for damage become ours. */
function guarded(path: string, run: () => Sql): Sql {
  try {
    return run();
  } catch (error) {
    if (isDamage(error)) throw damaged(path, error.message);
    throw error;
  }
}

function isDamage(error: unknown): error is Error {
  return error instanceof Error && "errcode" in error && DAMAGED.includes(Number(error.errcode));
}
