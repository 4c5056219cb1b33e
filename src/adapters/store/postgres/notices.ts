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
type Watcher = (what: What) => void;

const ALL: readonly What[] = ["changes", "wants", "room"];

/** What others changed, as the database tells it. */
export interface Notices {
  readonly watch: HolderStore["watch"];
  close(): void;
}

/** What a look behind the notices sees: it differs when something was missed. */
interface Seen {
  readonly change_seq: bigint;
  readonly want_no: bigint | null;
}

/** Where and as whom to listen. A process does not hear what it said itself. */
export interface Listening {
  readonly address: Address;
  readonly clock: Clock;
  readonly schema: string;
  readonly origin: string;
}

/**
 * Listens on a connection of its own while anybody watches.
 *
 *   idle ──first watcher──► connecting ──listening──► open ──poll──► open
 *                               ▲                       │
 *                               └──RECONNECT_MS── broken connection, or no answer
 *
 * Whoever was not connected may have missed something, so each connection begins with telling all.
 */
export function notices(listening: Listening): Notices {
  const watchers = new Set<{ readonly changed: Watcher }>();
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

function keepListening(listening: Listening, tell: (what: What) => void): () => void {
  let ended = false;
  let cancel = (): void => undefined;
  let cut = (): void => undefined;
  const again = (): void => {
    if (!ended) cancel = listening.clock.after(RECONNECT_MS, begin);
  };
  const begin = (): void => {
    cut = session(listening, tell, again);
  };
  begin();
  return () => {
    ended = true;
    cancel();
    cut();
  };
}

/** One connection, until it breaks; then `over` is called, once. The answer cuts it. */
function session(listening: Listening, tell: (what: What) => void, over: () => void): () => void {
  const { address, clock, schema, origin } = listening;
  const client = new Client({
    connectionString: address.url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: POLL_ANSWER_MS,
    keepAlive: true,
    types: TYPES,
  });
  let ended = false;
  let cancel = (): void => undefined;
  let heard = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    cancel();
    client.end().catch(() => undefined);
    over();
  };
  const look = (before: Seen | null): void => {
    if (ended) return;
    heard = false;
    seenNow(client).then((now) => {
      if (before && !heard) missed(before, now).forEach(tell);
      cancel = clock.after(POLL_MS, () => look(now));
    }, end);
  };
  client.on("error", end);
  client.on("end", end);
  client.on("notification", ({ payload }) => {
    heard = true;
    const [from, what] = (payload ?? "").split(" ");
    const known = ALL.find((candidate) => candidate === what);
    if (known && from !== origin) tell(known);
  });
  client
    .connect()
    .then(() => client.query(`LISTEN ${escapeIdentifier(schema)}`))
    .then(() => ALL.forEach(tell))
    .then(() => look(null), end);
  return end;
}

async function seenNow(client: Client): Promise<Seen> {
  const text = "SELECT change_seq, (SELECT max(no) FROM want) AS want_no FROM store";
  const [now] = (await client.query<Seen>(text)).rows;
  if (!now) throw new Error("the store has exactly one row");
  return now;
}

/** Room leaves no number behind: while anybody waits for it, it may be there. */
function missed(before: Seen, now: Seen): What[] {
  const changes = before.change_seq === now.change_seq ? [] : (["changes"] as const);
  const wants = before.want_no === now.want_no ? [] : (["wants"] as const);
  const room = now.want_no === null ? [] : (["room"] as const);
  return [...changes, ...wants, ...room];
}
