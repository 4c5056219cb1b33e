import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { expect, test } from "vitest";
import type { JournalEntry, Settlement, Store } from "../../src/ports/store.ts";
import {
  type Cluster,
  describePostgres,
  freshSchema,
  newAccount,
  newHolder,
  openStore,
} from "../support/postgres.ts";

/** The repository's own Node, which runs TypeScript as it is. */
const NODE = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));
const HUNT_MS = 4_000;
const WORKERS = 8;

/** A small generator of its own, so that a seed repeats a run's choices. */
function chance(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** What one worker knows of its slice of one account. */
interface Slice {
  granted: bigint;
  free: bigint;
  returned: bigint;
}

/** What all workers share, and what the books must show at the end. */
interface Hunt {
  readonly accounts: readonly number[];
  readonly holders: string[];
  readonly charged: Map<number, bigint>;
  readonly limit: bigint;
  readonly budget: string;
  calls: number;
  flushes: number;
}

const slicesOf = (hunt: Hunt) =>
  new Map<number, Slice>(hunt.accounts.map((id) => [id, { granted: 0n, free: 0n, returned: 0n }]));

/** Everything a gateway does, in any order, on shared accounts; a fenced one starts anew. */
async function work(store: Store, hunt: Hunt, seed: number, until: number): Promise<void> {
  const pick = chance(seed);
  let holder = await newHolder(store);
  let slices = slicesOf(hunt);
  hunt.holders.push(holder);
  const some = () => hunt.accounts.filter(() => pick(2) === 0).sort(() => pick(3) - 1);
  const anew = async () => {
    await store.holders.close(holder);
    holder = await newHolder(store);
    slices = slicesOf(hunt);
    hunt.holders.push(holder);
  };
  const slice = (id: number): Slice => slices.get(id) ?? { granted: 0n, free: 0n, returned: 0n };

  const lease = async () => {
    const wants = some().map((account) => {
      const least = slice(account).granted + BigInt(pick(30));
      return { account, least, most: least + BigInt(pick(20)) };
    });
    const answer = await store.ledger.lease(holder, wants);
    if (answer.kind === "fenced") return await anew();
    if (answer.kind === "short") return;
    for (const { account, total } of answer.granted) {
      slice(account).free += total - slice(account).granted;
      slice(account).granted = total;
    }
  };
  const flush = async () => {
    const settlements: Settlement[] = Array.from({ length: 1 + pick(4) }, () => {
      const legs = some().map((account) => {
        const drawn = BigInt(pick(Number(slice(account).free) + 1));
        slice(account).free -= drawn;
        return { account, drawn, charged: drawn };
      });
      hunt.calls += 1;
      return { call: `call-${hunt.calls}`, legs, estimated: false };
    });
    const batch = { settlements, entries: [], anchor: null };
    const answers = await Promise.all([
      store.ledger.flush(holder, batch),
      ...(pick(3) === 0 ? [store.ledger.flush(holder, batch)] : []),
    ]);
    hunt.flushes += answers.length;
    expect(new Set(answers.map((answer) => answer.kind))).toEqual(new Set(["ok"]));
    for (const { legs } of settlements) {
      for (const { account, charged } of legs) {
        hunt.charged.set(account, (hunt.charged.get(account) ?? 0n) + charged);
      }
    }
  };
  const giveBack = async () => {
    const returned = some().map((account) => {
      const amount = BigInt(pick(Number(slice(account).free) + 1));
      slice(account).free -= amount;
      slice(account).returned += amount;
      return { account, total: slice(account).returned };
    });
    const answer = await store.ledger.giveBack(holder, returned);
    if (answer.kind === "fenced") await anew();
  };
  const others: readonly (() => Promise<unknown>)[] = [
    async () => {
      const victim = hunt.holders[pick(hunt.holders.length)];
      if (victim !== undefined && pick(3) === 0) await store.holders.fence(victim, null);
    },
    () =>
      store.ledger.want(
        holder,
        some().map((account) => ({ account, amount: 5n })),
      ),
    () => store.ledger.editLimit({ ...windowOf(hunt, 0), limit: BigInt(pick(100)) }),
    () => store.ledger.open([windowOf(hunt, pick(20)), windowOf(hunt, pick(20))]),
    () => store.holders.configure(holder, "dir:one", "dir:one"),
    () => store.ledger.accounts({ limit: 10 }),
  ];
  const moves = [lease, lease, flush, flush, giveBack];
  while (performance.now() < until) {
    const move = moves[pick(moves.length + 1)] ?? others[pick(others.length)];
    await move?.();
  }
}

function windowOf(hunt: Hunt, hour: number) {
  const span = { window: "day", starts: hour, ends: hour + 1 } as const;
  return { budget: hunt.budget, scope: "", unit: "usd", ...span, limit: 10n } as const;
}

interface Books {
  readonly id: number;
  readonly wrong: boolean;
  readonly spent: string;
  readonly committed: string;
}

/** Accounts whose sums are not those of the slices of live and of fenced holders. */
async function books(cluster: Cluster, schema: string): Promise<Books[]> {
  return await cluster.query<Books>(`
    SELECT a.id::int, a.spent::text, (a.spent + a.leased + a.forfeited)::text AS committed,
      a.leased <> coalesce(sum(s.granted - s.returned - s.drawn) FILTER (WHERE h.state = 'live'), 0)
      OR a.forfeited <> coalesce(sum(s.forfeit), 0)
      OR coalesce(min(s.granted - s.returned - s.drawn), 0) < 0 AS wrong
    FROM ${schema}.account a LEFT JOIN ${schema}.slice s ON s.account = a.id
    LEFT JOIN ${schema}.holder h ON h.id = s.holder GROUP BY a.id ORDER BY a.id`);
}

/** A process of its own that leases one unit after another, once it is told to begin. */
interface Racer {
  readonly child: ChildProcess;
  /** The total it said last; -1 before it is ready. */
  readonly said: { last: number };
}

function racer(cluster: Cluster, schema: string, holder: string, account: number): Racer {
  const script = fileURLToPath(new URL("./postgres-racer.ts", import.meta.url));
  const parameters = [script, cluster.url, schema, holder, String(account)];
  const child = spawn(NODE, parameters, { stdio: ["pipe", "pipe", "inherit"] });
  const said = { last: -1 };
  let rest = "";
  child.stdout.on("data", (data: Buffer) => {
    const lines = `${rest}${data}`.split("\n");
    rest = lines.pop() ?? "";
    said.last = Number(lines.at(-1) ?? said.last);
  });
  return { child, said };
}

/** All begin once all are ready, so that they really race. */
async function begin(racers: readonly Racer[]): Promise<void> {
  for (const { said } of racers) {
    await expect.poll(() => said.last, { timeout: 15_000, interval: 5 }).toBe(0);
  }
  for (const { child } of racers) child.stdin?.write("go\n");
}

describePostgres("PostgreSQL under load", (cluster) => {
  test("whatever eight workers do at once, the books hold and nothing deadlocks", async () => {
    const schema = freshSchema();
    const stores = await Promise.all([1, 2, 3, 4].map(() => openStore(cluster(), schema)));
    const [first] = stores;
    if (!first) throw new Error("four were opened");
    const limit = 2_000_000n;
    const accounts: number[] = [];
    for (let n = 0; n < 5; n += 1) accounts.push(await newAccount(first, limit));
    const hunt: Hunt = {
      accounts,
      holders: [],
      charged: new Map(),
      limit,
      budget: "windows",
      calls: 0,
      flushes: 0,
    };
    const beating = await newHolder(first);
    const seed = Date.now() % 1_000_000;
    const until = performance.now() + HUNT_MS;
    const workers = Array.from({ length: WORKERS }, (_, n) =>
      work(stores[n % stores.length] ?? first, hunt, seed + n, until),
    );
    let slowestBeatMs = 0;
    while (performance.now() < until) {
      const since = performance.now();
      expect((await first.holders.beat(beating)).kind).toBe("ok");
      slowestBeatMs = Math.max(slowestBeatMs, performance.now() - since);
    }
    // A deadlock would reject one of them.
    await Promise.all(workers);
    console.log(`seed ${seed}: ${hunt.calls} calls in ${hunt.flushes} flushes`);
    expect(slowestBeatMs).toBeLessThan(1_000);

    expect(hunt.calls).toBeGreaterThan(200);
    for (const row of await books(cluster(), schema)) {
      if (!accounts.includes(row.id)) continue;
      expect(row.wrong, `account ${row.id}`).toBe(false);
      expect(BigInt(row.spent)).toBe(hunt.charged.get(row.id) ?? 0n);
      expect(BigInt(row.committed)).toBeLessThanOrEqual(limit);
    }
    const [count] = await cluster().query<{ deadlocks: string }>(
      "SELECT sum(deadlocks)::text AS deadlocks FROM pg_stat_database",
    );
    expect(count?.deadlocks).toBe("0");
    await Promise.all(stores.map((store) => store.close()));
  });

  test("a beat waits behind nothing: not behind locks, nor behind a full queue", async () => {
    const schema = freshSchema();
    const store = await openStore(cluster(), schema);
    const holder = await newHolder(store);
    const account = await newAccount(store, 100n);
    const blocker = new Client({ connectionString: cluster().url });
    await blocker.connect();
    await blocker.query(`SET search_path = ${schema}`);
    await blocker.query("BEGIN");
    await blocker.query("SELECT 1 FROM store FOR UPDATE");
    await blocker.query("SELECT 1 FROM holder FOR KEY SHARE");
    await blocker.query("SELECT 1 FROM account FOR UPDATE");
    const wants = [{ account, least: 1n, most: 1n }];
    const waiting = Array.from({ length: 20 }, () => store.ledger.lease(holder, wants));
    const changing = store.registry.flag({
      provider: "p",
      model: "m",
      what: "output",
      since: 1,
      call: "c",
    });
    for (let n = 0; n < 5; n += 1) {
      const since = performance.now();
      expect((await store.holders.beat(holder)).kind).toBe("ok");
      expect(performance.now() - since).toBeLessThan(500);
    }
    await blocker.query("ROLLBACK");
    await blocker.end();
    for (const answer of await Promise.all(waiting)) expect(answer.kind).toBe("ok");
    await changing;
    await store.close();
  });

  test("two processes that race for a budget of k get exactly k, and never more if one is killed", async () => {
    const schema = freshSchema();
    const store = await openStore(cluster(), schema);
    const limit = 600;
    const [shared, killed] = [
      await newAccount(store, BigInt(limit)),
      await newAccount(store, BigInt(limit)),
    ];
    const holders = [await newHolder(store), await newHolder(store), await newHolder(store)];
    const racers = holders.slice(0, 2).map((id) => racer(cluster(), schema, id, shared));
    await begin(racers);
    await Promise.all(racers.map(({ child }) => once(child, "close")));
    const [one = 0, two = 0] = racers.map(({ said }) => said.last);
    expect(one + two).toBe(limit);
    expect(Math.min(one, two)).toBeGreaterThan(0);

    const pair = holders.slice(1).map((id) => racer(cluster(), schema, id, killed));
    const [victim, survivor] = pair;
    if (!victim || !survivor) throw new Error("two were started");
    await begin(pair);
    const [dying, living] = [victim.said, survivor.said];
    await expect.poll(() => dying.last, { timeout: 10_000, interval: 5 }).toBeGreaterThan(20);
    victim.child.kill("SIGKILL");
    await once(survivor.child, "close");
    const granted = await cluster().query<{ holder: string; granted: string }>(
      `SELECT holder, granted::text FROM ${schema}.slice WHERE account = ${killed}`,
    );
    const total = granted.reduce((sum, row) => sum + Number(row.granted), 0);
    expect(total).toBe(limit);
    // The last lease of the killed one may have been granted without its knowing.
    expect(limit - living.last - dying.last).toBeGreaterThanOrEqual(0);
    await store.holders.fence(holders[1] ?? "", null);
    const [account] = await store.ledger.accounts({ ids: [killed], limit: 1 });
    expect((account?.leased ?? 0n) + (account?.forfeited ?? 0n)).toBe(BigInt(limit));
    expect(account?.forfeited).toBe(BigInt(limit - living.last));
    await store.close();
  });

  test("a flush of two thousand calls and entries is one transaction", async () => {
    const store = await openStore(cluster(), freshSchema());
    const holder = await newHolder(store);
    const account = await newAccount(store, 1_000_000n);
    await store.ledger.lease(holder, [{ account, least: 10_000n, most: 10_000n }]);
    const settlements = Array.from({ length: 2_000 }, (_, n) => ({
      call: `call-${n}`,
      legs: [{ account, drawn: 2n, charged: 2n }],
      estimated: false,
    }));
    const entries = settlements.map((_, n) => entry(holder, n + 1));
    const before = await transactions(cluster());
    await store.ledger.flush(holder, { settlements, entries, anchor: null });
    const grown = (await transactions(cluster())) - before;
    // The flush itself, and the server's own housekeeping.
    expect(grown).toBeLessThan(10);
    const [state] = await store.ledger.accounts({ ids: [account], limit: 1 });
    expect(state).toMatchObject({ spent: 4_000n, leased: 6_000n });
    await store.close();
  });

  test("who reads on from the last entry seen misses none, while others write", async () => {
    const schema = freshSchema();
    const [reader, ...writers] = await Promise.all(
      [1, 2, 3, 4].map(() => openStore(cluster(), schema)),
    );
    if (!reader) throw new Error("four were opened");
    let writing = true;
    const written = Promise.all(
      writers.map(async (store) => {
        const writer = await newHolder(store);
        for (let no = 1; no <= 120; no += 3) {
          const entries = [entry(writer, no), entry(writer, no + 1), entry(writer, no + 2)];
          await store.ledger.flush(writer, { settlements: [], entries, anchor: null });
        }
      }),
    ).finally(() => {
      writing = false;
    });
    const seen = new Map<string, number[]>();
    let after = 0;
    for (let idle = 0; idle < 2; idle += writing ? 0 : 1) {
      const page = await reader.journal.read({ after, take: "oldest", limit: 1_000 });
      for (const { writer, no, position } of page) {
        seen.set(writer, [...(seen.get(writer) ?? []), no]);
        after = position;
      }
    }
    await written;
    expect(seen.size).toBe(3);
    const all = Array.from({ length: 120 }, (_, n) => n + 1);
    for (const numbers of seen.values()) expect(numbers).toEqual(all);
    await Promise.all([reader, ...writers].map((store) => store.close()));
  });
});

function entry(writer: string, no: number): JournalEntry {
  const nothing = { decision: null, agent: null, task: null, code: null };
  return { writer, no, at: no, kind: "call.settled", ...nothing, body: "{}", hash: `${no}` };
}

/** Transactions that wrote something, ever; asking is one. */
async function transactions(cluster: Cluster): Promise<number> {
  const [row] = await cluster.query<{ no: string }>("SELECT pg_current_xact_id()::text AS no");
  return Number(row?.no);
}
