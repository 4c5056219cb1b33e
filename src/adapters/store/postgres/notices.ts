import { Socket } from "node:net";
import { Client, escapeIdentifier } from "pg";
import type { Clock } from "../../../ports/clock.ts";
import type { HolderStore } from "../../../ports/store.ts";
import type { Address } from "./address.ts";
import { CONNECT_MS } from "./connections.ts";
import { TYPES } from "./values.ts";

/** Between two looks behind the notices, and at whether the connection is alive. */
const POLL_MS = 1_000;
const POLL_ANSWER_MS = 2_000;
/** Before a lost connection is tried again. */
const RECONNECT_MS = 500;

type What = Parameters<Parameters<HolderStore["watch"]>[0]>[0];

const ALL: readonly What[] = ["changes", "wants", "room", "outcomes"];

/** What others changed, as the database tells it. */
export interface Notices {
  readonly watch: HolderStore["watch"];
  close(): void;
}

/** Where and as whom to listen. A process does not hear what it said itself. */
export interface Listening {
  readonly address: Address;
  readonly clock: Clock;
  readonly schema: string;
  readonly origin: string;
}

/** Listens on a connection of its own, from the first watcher on. */
export function notices(listening: Listening): Notices {
  const watchers = new Set<{ readonly changed: (what: What) => void }>();
  let stop: (() => void) | null = null;
  let closed = false;
  const tell = (what: What): void => {
    for (const watcher of watchers) watcher.changed(what);
  };
  return {
    watch(changed) {
      const watcher = { changed };
      watchers.add(watcher);
      if (!closed) stop ??= keepListening(listening, tell);
      return () => void watchers.delete(watcher);
    },
    close() {
      closed = true;
      watchers.clear();
      stop?.();
    },
  };
}

/**
 * One session after another, until it is stopped.
 *
 *   connecting ──listening──► open ──a look every POLL_MS──► open
 *       ▲                      │
 *       └──after RECONNECT_MS──┴── broken, or no answer to a look
 */
function keepListening(listening: Listening, tell: (what: What) => void): () => void {
  let stopped = false;
  let cancel = (): void => undefined;
  let cut = (): void => undefined;
  const begin = (): void => {
    cut = session(listening, tell, () => {
      if (!stopped) cancel = listening.clock.after(RECONNECT_MS, begin);
    });
  };
  begin();
  return () => {
    stopped = true;
    cancel();
    cut();
  };
}

/** One connection, until it breaks; then `over` is called, once. The answer cuts it. */
function session(listening: Listening, tell: (what: What) => void, over: () => void): () => void {
  const { address, clock, schema, origin } = listening;
  const socket = new Socket();
  const client = new Client({
    connectionString: address.url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: POLL_ANSWER_MS,
    keepAlive: true,
    types: TYPES,
    stream: () => socket,
  });
  let ended = false;
  let stopLooking = (): void => undefined;
  const end = (): void => {
    if (ended) return;
    ended = true;
    stopLooking();
    socket.destroy();
    over();
  };
  const look = looking(client, tell);
  client.on("error", end);
  client.on("end", end);
  client.on("notification", ({ payload }) => {
    look.heard();
    const [from, said] = (payload ?? "").split(" ");
    const what = ALL.find((candidate) => candidate === said);
    if (what && from !== origin) tell(what);
  });
  const lookAgain = (): void => {
    look.now().then(() => {
      if (!ended) stopLooking = clock.after(POLL_MS, lookAgain);
    }, end);
  };
  client
    .connect()
    .then(() => client.query(`LISTEN ${escapeIdentifier(schema)}`))
    // Who was not connected may have missed anything.
    .then(() => ALL.forEach(tell))
    .then(lookAgain, end);
  return end;
}

interface Seen {
  readonly change_seq: bigint;
  readonly want_no: bigint | null;
  readonly permit_want_no: bigint | null;
}

/** Looks behind the notices: where a pooler swallows them, it tells what differs from last time. */
function looking(client: Client, tell: (what: What) => void) {
  let before: Seen | null = null;
  let heard = false;
  return {
    heard: () => {
      heard = true;
    },
    async now(): Promise<void> {
      const now = await seenNow(client);
      if (before && !heard) missed(before, now).forEach(tell);
      before = now;
      heard = false;
    },
  };
}

async function seenNow(client: Client): Promise<Seen> {
  const text = `SELECT change_seq, (SELECT max(no) FROM want) AS want_no,
    (SELECT max(no) FROM permit_want) AS permit_want_no FROM store`;
  const [now] = (await client.query<Seen>(text)).rows;
  if (!now) throw new Error("the store has exactly one row");
  return now;
}

/**
 * Room leaves no number behind: while anybody waits for it, it may be there. Of outcomes the
 * heartbeats tell.
 */
function missed(before: Seen, now: Seen): What[] {
  const changes = before.change_seq === now.change_seq ? [] : (["changes"] as const);
  const same = before.want_no === now.want_no && before.permit_want_no === now.permit_want_no;
  const wants = same ? [] : (["wants"] as const);
  const nobody = now.want_no === null && now.permit_want_no === null;
  const room = nobody ? [] : (["room"] as const);
  return [...changes, ...wants, ...room];
}
