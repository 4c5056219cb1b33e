import { Client } from "pg";
import type { Address } from "./address.ts";
import { CONNECT_MS, unreachable } from "./connections.ts";
import { VERSIONS } from "./schema/versions.ts";
import { TYPES } from "./values.ts";

/** The functions are written for these and later. */
const SERVER_MIN = 150_000n;
/** Several processes may start at once; each waits for the one that migrates. */
const MIGRATION_MS = 60_000;

/** The schema was written by a later release, or is not one of ours. For the operator. */
export class SchemaUnusable extends Error {
  override readonly name = "SchemaUnusable";
}

/** Brings the schema to this release's version, once, however many processes start together. */
export async function migrate(address: Address, schema: string): Promise<void> {
  const client = new Client({
    connectionString: address.url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: MIGRATION_MS,
    types: TYPES,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await checkServer(client);
    if ((await versionOf(client, schema)) < newest()) await advance(client, schema);
  } catch (error) {
    if (error instanceof SchemaUnusable) throw error;
    throw isRefusal(error) ? refused(schema, error) : unreachable(address, error);
  } finally {
    // The answer to the farewell is not waited for: a server that is gone would never give it.
    client.end().catch(() => undefined);
  }
}

/** SQLSTATE class 42: a missing right, or tables of a stranger. Asking again will not help. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("42");
}

function refused(schema: string, error: Error): SchemaUnusable {
  return new SchemaUnusable(
    `The schema ${schema} cannot be brought to version ${newest()}: ${error.message}. ` +
      "Its user needs the right to create it, and it may hold nothing else.",
  );
}

function newest(): number {
  return VERSIONS.at(-1)?.no ?? 0;
}

async function checkServer(client: Client): Promise<void> {
  const sql = "SELECT current_setting('server_version_num')::bigint AS version";
  const { rows } = await client.query<{ version: bigint }>(sql);
  if ((rows[0]?.version ?? 0n) < SERVER_MIN) {
    throw new SchemaUnusable("This PostgreSQL is older than version 15: upgrade it.");
  }
}

/** 0 before the first migration. */
async function versionOf(client: Client, schema: string): Promise<number> {
  const table = `${schema}.migration`;
  const there = await client.query<{ there: boolean }>(
    "SELECT to_regclass($1) IS NOT NULL AS there",
    [table],
  );
  if (!there.rows[0]?.there) return 0;
  const sql = `SELECT coalesce(max(no), 0)::bigint AS no FROM ${table}`;
  const version = Number((await client.query<{ no: bigint }>(sql)).rows[0]?.no ?? 0n);
  if (version <= newest()) return version;
  throw new SchemaUnusable(
    `The schema ${schema} has version ${version} and this release knows up to ${newest()}: ` +
      "start the newer release, or name another schema.",
  );
}

async function advance(client: Client, schema: string): Promise<void> {
  await client.query("BEGIN");
  await client.query(`SET LOCAL statement_timeout = ${MIGRATION_MS}`);
  await client.query(`SET LOCAL lock_timeout = ${MIGRATION_MS}`);
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [
    `slipclutch migration ${schema}`,
  ]);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${schema}.migration
      (no integer PRIMARY KEY, at timestamptz NOT NULL)`,
  );
  const from = await versionOf(client, schema);
  for (const version of VERSIONS) {
    if (version.no <= from) continue;
    await client.query(version.statements);
    await client.query(`INSERT INTO ${schema}.migration VALUES ($1, clock_timestamp())`, [
      version.no,
    ]);
  }
  await client.query("COMMIT");
}
