/** The PostgreSQL of a benchmark: one that is there, or a throwaway server of its own. */

import { postgresFolder } from "../test/support/parts.ts";
import { startCluster } from "../test/support/postgres.ts";
import { pin } from "./processes.ts";

export interface Postgres {
  readonly url: string;
  /** Pid of the server's first process; null where the server is not ours. */
  readonly pid: number | null;
  query<Row extends object>(sql: string): Promise<Row[]>;
  remove(): Promise<void>;
}

/** Whether a throwaway server can be started here. */
export function hasPostgres(): boolean {
  return postgresFolder() !== null;
}

/** `postgres` starts a server; anything else is the URL of one. */
export async function openPostgres(store: string, core?: number): Promise<Postgres> {
  if (store !== "postgres") {
    const { Client } = await import("pg");
    return {
      url: store,
      pid: null,
      async query<Row extends object>(sql: string) {
        const client = new Client({ connectionString: store });
        await client.connect();
        try {
          return (await client.query<Row>(sql)).rows;
        } finally {
          await client.end();
        }
      },
      remove: () => Promise.resolve(),
    };
  }
  const cluster = await startCluster();
  if (core !== undefined) pin(cluster.pid(), core);
  return {
    url: cluster.url,
    pid: cluster.pid(),
    query: (sql) => cluster.query(sql),
    remove: () => cluster.remove(),
  };
}
