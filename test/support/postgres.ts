import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, describe, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { postgresStore } from "../../src/adapters/store/postgres/index.ts";
import type { Store } from "../../src/ports/store.ts";
import { part, postgresFolder } from "./parts.ts";

const START_MS = 20_000;
const PORT = 5432;

/** A throwaway server on a socket in a folder of its own. */
export interface Cluster {
  readonly folder: string;
  readonly url: string;
  /** Pid of the server's first process. */
  pid(): number;
  /** Ends the server as a power cut would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Pids of the processes that serve connections. */
  backends(): Promise<number[]>;
  query<Row extends object>(sql: string): Promise<Row[]>;
  remove(): Promise<void>;
}

/** PostgreSQL refuses to run as root, so as root its programs run as the user `postgres`. */
function asServer(program: string, parameters: readonly string[]): [string, string[]] {
  if (process.getuid?.() !== 0) return [program, [...parameters]];
  const user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"];
  return ["setpriv", [...user, program, ...parameters]];
}

function idOf(flag: string): number {
  return Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout);
}

/** Makes and starts a cluster; its server runs in this environment. */
export async function startCluster(
  environment: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const bin = postgresFolder();
  if (bin === null) throw new Error("PostgreSQL is not installed");
  const folder = mkdtempSync(join(tmpdir(), "slipclutch-postgres-"));
  if (process.getuid?.() === 0) chownSync(folder, idOf("-u"), idOf("-g"));
  const data = join(folder, "data");
  const [initdb, how] = asServer(join(bin, "initdb"), [
    ...["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
  ]);
  const made = spawnSync(initdb, how, { cwd: folder, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);

  const url = `postgres:///postgres?host=${encodeURIComponent(folder)}&user=postgres`;
  let server: ChildProcess | null = null;
  const start = async () => {
    // Only the server itself is to have it: what it runs as another user by must not.
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const [program, parameters] = asServer("env", [
      ...variables,
      join(bin, "postgres"),
      ...["-D", data, "-k", folder, "-p", String(PORT), "-c", "listen_addresses="],
      ...["-c", "max_connections=100", "-c", "shared_buffers=32MB", "-c", "deadlock_timeout=100ms"],
    ]);
    server = spawn(program, parameters, { cwd: folder, stdio: "ignore" });
    await untilItAnswers(url);
  };
  const kill = async () => {
    if (!server || server.exitCode !== null) return;
    const gone = once(server, "exit");
    server.kill("SIGQUIT");
    await gone;
    server = null;
  };
  process.once("exit", () => server?.kill("SIGQUIT"));
  await start();
  return {
    folder,
    url,
    pid: () => server?.pid ?? 0,
    kill,
    start,
    query: (sql) => query(url, sql),
    async backends() {
      const sql = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'";
      return (await query<{ pid: number }>(url, sql)).map((row) => row.pid);
    },
    async remove() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function untilItAnswers(url: string): Promise<void> {
  const until = Date.now() + START_MS;
  for (;;) {
    try {
      await query(url, "SELECT 1");
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(20);
    }
  }
}

/** Stops every process of the server where it stands; the answer lets them go on. */
export async function freeze(cluster: Cluster): Promise<() => void> {
  const pids = [cluster.pid(), ...(await cluster.backends())];
  const signal = (name: "SIGSTOP" | "SIGCONT") => {
    for (const pid of pids) {
      try {
        process.kill(pid, name);
      } catch {
        // The connection that asked for the list has ended since.
      }
    }
  };
  signal("SIGSTOP");
  return () => signal("SIGCONT");
}

/**
 * Tests on one cluster for the file; without PostgreSQL one sentence, or a failure if all must run.
 */
export function describePostgres(name: string, body: (cluster: () => Cluster) => void): void {
  if (!part("postgres").available) return test.skip(name, () => undefined);
  describe(name, () => {
    let cluster: Cluster | null = null;
    beforeAll(async () => {
      cluster = await startCluster();
    });
    afterAll(() => cluster?.remove());
    body(() => {
      if (!cluster) throw new Error("the cluster is started before the first test");
      return cluster;
    });
  });
}

let made = 0;

/** A schema that no other test of this file has. */
export function freshSchema(): string {
  made += 1;
  return `test_${made}`;
}

/** A handle on one store of the cluster, as a process has it. */
export async function openStore(cluster: Cluster, schema: string): Promise<Store> {
  return await postgresStore({ url: cluster.url, schema, clock: systemClock });
}

/** Registers a new live holder and answers its id. */
export async function newHolder(store: Store): Promise<string> {
  const id = randomUUID().replaceAll("-", "");
  const answer = await store.holders.register({
    id,
    host: "host-1",
    pid: 1,
    pidStart: "then",
    configuration: "dir:one",
    keyId: "key-one",
  });
  if (answer.kind !== "ok") throw new Error(`register answered ${answer.kind}`);
  return id;
}

/** Opens an account without a window and answers its number. */
export async function newAccount(store: Store, limit: bigint): Promise<number> {
  const budget = `budget-${randomUUID()}`;
  const [account] = await store.ledger.open([
    { budget, scope: "", unit: "usd", window: "lifetime", starts: 0, ends: null, limit },
  ]);
  if (!account) throw new Error("open answers every account");
  return account.id;
}
