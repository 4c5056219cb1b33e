import { Socket } from "node:net";
import { Pool, type PoolClient, type QueryResultRow } from "pg";
import type { Clock } from "../../../ports/clock.ts";
import { StoreUnreachable } from "../../../ports/store.ts";
import type { Address } from "./address.ts";
import { encode, TYPES, type Value } from "./values.ts";

/** Connections for work; heartbeats and notices have one each beside them. */
const CONNECTIONS_MAX = 4;
/** Statements that may wait for a connection; one more is refused at once. */
const WAITING_MAX = 1_000;
/** From asking to the answer, waiting and connecting included. */
const ANSWER_MS = 5_000;
/** A gateway that had no heartbeat answered for long refuses: this must be well below that. */
const BEAT_MS = 2_000;
/** To reach the server and log in. */
export const CONNECT_MS = 2_000;
/** In the server, so that what nobody waits for any more does not go on holding locks. */
export const STATEMENT_MS = 4_000;
const LOCK_MS = 3_000;
/** On closing; then connections are cut. */
const CLOSE_MS = 2_000;

/** Of every connection. A commit is answered when it is on disk, whatever the server's default. */
export function sessionSettings(schema: string, origin: string): Record<string, string> {
  return {
    search_path: schema,
    synchronous_commit: "on",
    default_transaction_isolation: "read\\ committed",
    statement_timeout: String(STATEMENT_MS),
    lock_timeout: String(LOCK_MS),
    idle_in_transaction_session_timeout: String(STATEMENT_MS),
    "slipclutch.origin": origin,
  };
}

/** One statement. A name makes it prepared once on each connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: readonly Value[];
}

/** Where statements go: an answer within the deadline, or `StoreUnreachable`. */
export interface Lane {
  ask<Row extends QueryResultRow>(statement: Statement): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** The connections that all work shares. */
export function workLane(address: Address, clock: Clock): Lane {
  return lane(address, clock, { connections: CONNECTIONS_MAX, deadlineMs: ANSWER_MS });
}

/** Heartbeats only: they wait behind no other work. */
export function beatLane(address: Address, clock: Clock): Lane {
  return lane(address, clock, { connections: 1, deadlineMs: BEAT_MS });
}

interface LaneLimits {
  readonly connections: number;
  readonly deadlineMs: number;
}

function lane(address: Address, clock: Clock, limits: LaneLimits): Lane {
  const sockets = new Set<Socket>();
  const pool = new Pool({
    connectionString: address.url,
    stream: () => remembered(sockets),
    max: limits.connections,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: 0,
    keepAlive: true,
    types: TYPES,
  });
  // A connection that breaks is dropped by the pool and made anew when it is needed; who was using
  // it hears of it by the statement that fails. Without a listener the process would end.
  pool.on("connect", (client) => client.on("error", () => undefined));
  pool.on("error", () => undefined);
  return {
    async ask<Row extends QueryResultRow>(statement: Statement): Promise<readonly Row[]> {
      if (pool.ending) throw new StoreUnreachable("This store was closed.");
      if (pool.waitingCount >= WAITING_MAX) {
        throw new StoreUnreachable(`${WAITING_MAX} statements wait for PostgreSQL already.`);
      }
      const since = clock.monotonic();
      const client = await pool.connect().catch((error: unknown) => {
        throw unreachable(address, error);
      });
      const leftMs = limits.deadlineMs - (clock.monotonic() - since);
      return await askWithin<Row>({ client, clock, leftMs, address }, statement);
    },
    close: () => closeWithin(pool, sockets, clock),
  };
}

interface Turn {
  readonly client: PoolClient;
  readonly clock: Clock;
  readonly leftMs: number;
  readonly address: Address;
}

/** A connection without an answer in time is cut: a late one would be taken for the next one's. */
function askWithin<Row extends QueryResultRow>(turn: Turn, statement: Statement) {
  return new Promise<readonly Row[]>((resolve, reject) => {
    let over = false;
    const finish = (error: unknown): boolean => {
      if (over) return false;
      over = true;
      cancel();
      turn.client.release(error !== null);
      if (error !== null) reject(unreachable(turn.address, error));
      return true;
    };
    const cancel = turn.clock.after(Math.max(turn.leftMs, 0), () => {
      finish(new Error("no answer in time"));
    });
    const values = statement.values.map(encode);
    turn.client.query<Row>({ ...statement, values }).then(
      (result) => finish(null) && resolve(result.rows),
      (error: unknown) => finish(error),
    );
  });
}

/** Polite at first; a server that does not answer must not keep this process alive. */
function closeWithin(pool: Pool, sockets: ReadonlySet<Socket>, clock: Clock): Promise<void> {
  if (pool.ending) return Promise.resolve();
  return new Promise((resolve) => {
    const closed = (): void => {
      cancel();
      for (const socket of sockets) socket.destroy();
      resolve();
    };
    const cancel = clock.after(CLOSE_MS, closed);
    pool.end().then(closed, closed);
  });
}

/** A socket for the driver, kept in `sockets` while it is open. */
export function remembered(sockets: Set<Socket>): Socket {
  const socket = new Socket();
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
  return socket;
}

/** Says where and why, with the server's own code if it gave one; nothing of it is secret. */
export function unreachable(address: Address, error: unknown): StoreUnreachable {
  if (error instanceof StoreUnreachable) return error;
  const reason = error instanceof Error ? error.message || error.name : "unknown";
  const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
  return new StoreUnreachable(`PostgreSQL at ${address.shown}: ${reason}${code}`);
}
