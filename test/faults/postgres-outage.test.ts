import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { postgresStore } from "../../src/adapters/store/postgres/index.ts";
import { type Store, StoreUnreachable } from "../../src/ports/store.ts";
import {
  type Cluster,
  describePostgres,
  freshSchema,
  newAccount,
  newHolder,
  openStore,
} from "../support/postgres.ts";

const SECRET = "s3cr3t-w0rd";

/** How long `work` took to reject with StoreUnreachable. */
async function unreachableAfterMs(work: Promise<unknown>): Promise<number> {
  const since = performance.now();
  await expect(work).rejects.toBeInstanceOf(StoreUnreachable);
  return performance.now() - since;
}

async function stateOf(store: Store, id: number) {
  const [account] = await store.ledger.accounts({ ids: [id], open: false, limit: 1 });
  return account;
}

/** Stops every process of the server where it stands; the answer lets them go on. */
async function freeze(cluster: Cluster): Promise<() => void> {
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

/** Stands between a store and its server, and can lose answers. */
interface Wire {
  readonly port: number;
  /** The next answer does not arrive: the connection breaks in its place. */
  loseNext(): void;
  close(): void;
}

async function wire(cluster: Cluster): Promise<Wire> {
  let lose = false;
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const upstream = createConnection(join(cluster.folder, ".s.PGSQL.5432"));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    client.pipe(upstream);
    upstream.on("data", (data) => {
      if (!lose) return void client.write(data);
      lose = false;
      client.destroy();
      upstream.destroy();
    });
    upstream.on("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A listening TCP server answers an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    loseNext: () => {
      lose = true;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

describePostgres("a PostgreSQL that fails", (cluster) => {
  test("killed and started again: refused meanwhile, and nothing acknowledged is lost", async () => {
    const store = await openStore(cluster(), freshSchema());
    const holder = await newHolder(store);
    const account = await newAccount(store, 1_000n);
    const told: string[] = [];
    store.holders.watch((what) => told.push(what));
    let acknowledged = 0n;
    const leasing = (async () => {
      for (let total = 1n; total <= 1_000n; total += 1n) {
        await store.ledger.lease(holder, [{ account, least: total, most: total }]);
        acknowledged = total;
        if (total === 30n) await cluster().kill();
      }
    })();
    await expect(leasing).rejects.toBeInstanceOf(StoreUnreachable);
    expect(await unreachableAfterMs(store.holders.beat(holder))).toBeLessThan(2_500);
    expect(acknowledged).toBeGreaterThanOrEqual(30n);

    told.length = 0;
    await cluster().start();
    // No new store is opened: connections recover by themselves.
    expect((await store.holders.beat(holder)).kind).toBe("ok");
    expect((await stateOf(store, account))?.leased).toBe(acknowledged);
    const lost = acknowledged + 1n;
    const again = await store.ledger.lease(holder, [{ account, least: lost, most: lost }]);
    expect(again).toMatchObject({ kind: "ok", granted: [{ account, total: lost }] });
    await expect.poll(() => told, { timeout: 5_000 }).toContain("changes");
    await store.close();
  });

  test("frozen: a beat is given up in 2 s, work in 5 s, and a late commit counts once", async () => {
    const store = await openStore(cluster(), freshSchema());
    const holder = await newHolder(store);
    const account = await newAccount(store, 100n);
    await store.holders.beat(holder);
    const wants = [{ account, least: 10n, most: 10n }];
    const thaw = await freeze(cluster());
    const [beatMs, leaseMs] = await Promise.all([
      unreachableAfterMs(store.holders.beat(holder)),
      unreachableAfterMs(store.ledger.lease(holder, wants)),
    ]).finally(thaw);
    expect(beatMs).toBeLessThan(2_500);
    expect(leaseMs).toBeLessThan(5_500);
    expect((await store.holders.beat(holder)).kind).toBe("ok");
    const granted = await store.ledger.lease(holder, wants);
    expect(granted).toMatchObject({ kind: "ok", granted: [{ account, total: 10n }] });
    expect(await stateOf(store, account)).toMatchObject({ leased: 10n });
    await store.close();
  });

  test("frozen: closing is not held up, and what is asked afterwards is refused", async () => {
    const store = await openStore(cluster(), freshSchema());
    const holder = await newHolder(store);
    const pending: Promise<unknown>[] = [];
    const thaw = await freeze(cluster());
    const since = performance.now();
    try {
      pending.push(store.holders.beat(holder), store.holders.list());
      const ends = Promise.allSettled(pending);
      await store.close();
      expect(performance.now() - since).toBeLessThan(2_500);
      const kinds = (await ends).map((end) => end.status);
      expect(kinds).toEqual(["rejected", "rejected"]);
    } finally {
      thaw();
    }
    await expect(store.holders.beat(holder)).rejects.toBeInstanceOf(StoreUnreachable);
  });

  test("an answer that is lost is asked again, and nothing happens twice", async () => {
    const between = await wire(cluster());
    const url = `postgres://postgres:${SECRET}@127.0.0.1:${between.port}/postgres`;
    const store = await postgresStore({ url, schema: freshSchema(), clock: systemClock });
    const holder = await newHolder(store);
    const account = await newAccount(store, 100n);
    const flush = {
      settlements: [
        { call: "call-1", legs: [{ account, drawn: 7n, charged: 7n }], estimated: false },
      ],
      entries: [],
      anchor: null,
    };
    const messages: readonly (readonly [() => Promise<unknown>, object])[] = [
      [
        () => store.ledger.lease(holder, [{ account, least: 40n, most: 40n }]),
        { spent: 0n, leased: 40n },
      ],
      [() => store.ledger.flush(holder, flush), { spent: 7n, leased: 33n }],
      [() => store.ledger.giveBack(holder, [{ account, total: 3n }]), { spent: 7n, leased: 30n }],
    ];
    for (const [message, after] of messages) {
      between.loseNext();
      await expect(message()).rejects.toBeInstanceOf(StoreUnreachable);
      expect(await stateOf(store, account), "it happened").toMatchObject(after);
      for (let copy = 0; copy < 2; copy += 1) {
        await message();
        expect(await stateOf(store, account), "once").toMatchObject(after);
      }
    }
    await store.close();
    between.close();
  });

  test("more statements than may wait are refused at once", async () => {
    const store = await openStore(cluster(), freshSchema());
    const asked = Array.from({ length: 1_200 }, () => store.holders.list());
    const ends = await Promise.allSettled(asked);
    const refused = ends.filter((end) => end.status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(250);
    for (const end of refused) expect(end.reason).toBeInstanceOf(StoreUnreachable);
    expect(await store.holders.list()).toEqual([]);
    await store.close();
  });
});

test("no error says the password, whatever is wrong with the URL or the server", async () => {
  const urls = [
    `postgres://user:${SECRET}@127.0.0.1:1/db`,
    `postgres://user:${SECRET}@no-such-host.invalid/db`,
    `postgres://user:${SECRET}#x@127.0.0.1:1/db`,
    `postgres://user:1/${SECRET}@127.0.0.1:1/db`,
    `postgres://user:1?${SECRET}@127.0.0.1:1/db`,
    `postgres://user:${SECRET}@127.0.0.1:1/db?statement_timeout=0`,
    `postgres://user:${SECRET}@127.0.0.1:port/db`,
    `mysql://user:${SECRET}@127.0.0.1:1/db`,
    `user=me password=${SECRET}`,
  ];
  for (const url of urls) {
    const opening = postgresStore({ url, clock: systemClock });
    const error: unknown = await opening.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Error);
    const shown = error instanceof Error ? `${error.message}\n${error.stack}\n${error.cause}` : "";
    expect(shown).not.toContain(SECRET);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(SECRET);
  }
});
