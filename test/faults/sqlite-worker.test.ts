import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { WorkerClient } from "../../src/adapters/store/sqlite/client.ts";
import { pack } from "../../src/adapters/store/sqlite/flush.ts";
import { sqliteStore } from "../../src/adapters/store/sqlite/index.ts";
import { workerUrl } from "../../src/adapters/store/sqlite/worker-url.ts";
import { type Settlement, StoreUnreachable } from "../../src/ports/store.ts";
import { testClock } from "../../src/testing/test-clock.ts";

const SOURCE = new URL("../../src/adapters/store/sqlite/index.ts", import.meta.url).href;

let folder: string;
const ends: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipclutch-worker-"));
});

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await rm(folder, { recursive: true });
});

/** A client whose thread runs this text instead of the store's. */
async function clientOn(script: string) {
  const path = join(folder, "thread.mjs");
  await writeFile(path, `import { parentPort, workerData } from "node:worker_threads";\n${script}`);
  const clock = testClock();
  const settings = { path: join(folder, "store.db"), readOnly: false, told: () => {} };
  const client = new WorkerClient({ ...settings, url: pathToFileURL(path), clock });
  ends.push(() => client.end());
  return { client, clock };
}

describe("when the thread dies", () => {
  /** Dies at its first request; the next thread is the real one. */
  const DIES_ONCE = `
    import { existsSync, writeFileSync } from "node:fs";
    const mark = workerData.path + ".died";
    if (existsSync(mark)) await import("${workerUrl(SOURCE)}");
    else {
      writeFileSync(mark, "");
      parentPort.postMessage({ kind: "ready" });
      parentPort.on("message", () => process.exit(3));
    }`;

  test("everybody who waits is told, and so are those who come at once", async () => {
    const { client } = await clientOn(DIES_ONCE);
    await client.ready();
    const waiting = await Promise.allSettled([client.ask("flags"), client.ask("holders")]);
    for (const result of waiting) {
      expect(result).toMatchObject({ status: "rejected", reason: expect.any(StoreUnreachable) });
    }
    await expect(client.ask("flags")).rejects.toBeInstanceOf(StoreUnreachable);
  });

  test("it is started again, and what comes then is answered", async () => {
    const { client, clock } = await clientOn(DIES_ONCE);
    await client.ready();
    await expect(client.ask("flags")).rejects.toBeInstanceOf(StoreUnreachable);
    clock.advance(1000);
    expect(await client.ask("flags")).toEqual([]);
  });

  test("an uncaught error is told with its words", async () => {
    const { client } = await clientOn(`
      parentPort.postMessage({ kind: "ready" });
      parentPort.on("message", () => { throw new Error("the disk is on fire"); });`);
    await client.ready();
    await expect(client.ask("flags")).rejects.toThrow(/the disk is on fire/);
  });
});

test("a flush that was durable when its thread died counts once when it is sent again", async () => {
  // Commits its first flush and dies before it can say so; the next thread is the real one.
  const { client, clock } = await clientOn(`
    import { existsSync, writeFileSync } from "node:fs";
    const mark = workerData.path + ".died";
    const answer = parentPort.postMessage.bind(parentPort);
    parentPort.postMessage = (report) => {
      const value = JSON.stringify(report.answers?.[0]?.value, (_, each) =>
        typeof each === "bigint" ? "" : each);
      if (existsSync(mark) || value !== '{"kind":"ok","doneNo":1}') return answer(report);
      writeFileSync(mark, "");
      process.exit(3);
    };
    await import("${workerUrl(SOURCE)}");`);
  await client.ready();
  const info = { host: "h", pid: 1, pidStart: "p", configuration: "c", keyId: "k" };
  await client.ask("register", { id: "a", ...info });
  const spec = {
    budget: "b",
    scope: "",
    unit: "usd",
    window: "lifetime",
    starts: 0,
    ends: null,
    limit: 100n,
  } as const;
  const id = (await client.ask("open", [spec]))[0]?.id ?? -1;
  const legs = [{ account: id, drawn: 0n, charged: 7n }];
  const settlements = [{ call: "once", legs, estimated: false }];
  const batch = pack({ settlements, entries: [], anchor: null });
  await expect(client.ask("flush", "a", batch)).rejects.toBeInstanceOf(StoreUnreachable);
  clock.advance(1000);
  const spent = async () => (await client.ask("accounts", { ids: [id], limit: 1 }))[0]?.spent;
  expect(await spent()).toBe(7n);
  expect(await client.ask("flush", "a", batch)).toEqual({ kind: "ok", doneNo: 2 });
  expect(await spent()).toBe(7n);
});

describe("when the disk hangs", () => {
  const DEAF = `parentPort.postMessage({ kind: "ready" }); parentPort.on("message", () => {});`;

  test("a request is given up after its time", async () => {
    const { client, clock } = await clientOn(DEAF);
    await client.ready();
    const asked = client.ask("flags");
    clock.advance(4000);
    const later = client.ask("flags");
    clock.advance(5999);
    expect(await Promise.race([asked, "waits"])).toBe("waits");
    clock.advance(1);
    await expect(asked).rejects.toBeInstanceOf(StoreUnreachable);
    clock.advance(3999);
    expect(await Promise.race([later, "waits"])).toBe("waits");
    clock.advance(1);
    await expect(later).rejects.toBeInstanceOf(StoreUnreachable);
    expect(clock.waiting).toBe(0);
  });

  test("closing waits two seconds and no longer, and tells who waited", async () => {
    const { client } = await clientOn(DEAF);
    await client.ready();
    const asked = expect(client.ask("flags")).rejects.toBeInstanceOf(StoreUnreachable);
    const before = performance.now();
    await client.end();
    await asked;
    expect(performance.now() - before).toBeLessThan(4000);
    await expect(client.ask("flags")).rejects.toThrow(/closed/);
  });

  test("a queue that is full refuses the next one at once", async () => {
    const { client } = await clientOn(DEAF);
    await client.ready();
    const waiting = Array.from({ length: 20_000 }, () => client.ask("flags"));
    const all = Promise.allSettled(waiting);
    await expect(client.ask("flags")).rejects.toThrow(/20000 requests wait/);
    await client.end();
    await all;
  });
});

describe("group commit", () => {
  const info = { host: "h", pid: 1, pidStart: "p", configuration: "c", keyId: "k" };

  async function storeWithSlice() {
    const store = await sqliteStore({ folder, clock: systemClock });
    ends.push(() => store.close());
    await store.holders.register({ id: "a", ...info });
    const spec = {
      budget: "b",
      scope: "",
      unit: "usd",
      window: "lifetime",
      starts: 0,
      ends: null,
      limit: 10n ** 12n,
    } as const;
    const [account] = await store.ledger.open([spec]);
    const id = account?.id ?? -1;
    await store.ledger.lease("a", [{ account: id, least: 10n ** 12n, most: 10n ** 12n }]);
    return { store, id };
  }

  // Behind all of it the beat would be the 60th.
  test("a beat does not wait behind work that came before it", async () => {
    const { store, id } = await storeWithSlice();
    const order: string[] = [];
    const flushes = Array.from({ length: 60 }, (_, flush) => {
      const settlements: Settlement[] = Array.from({ length: 1500 }, (_, n) => ({
        call: `call-${flush}-${n}`,
        legs: [{ account: id, drawn: 1n, charged: 1n }],
        estimated: false,
      }));
      const batch = { settlements, entries: [], anchor: null };
      return store.ledger.flush("a", batch).then(() => order.push("flush"));
    });
    const beat = store.holders.beat("a").then(() => order.push("beat"));
    await Promise.all([...flushes, beat]);
    expect(order.indexOf("beat")).toBeLessThan(50);
  });

  test("a request that fails takes nothing of its batch with it", async () => {
    const { store, id } = await storeWithSlice();
    const charge = (amount: bigint, call: string): Settlement => ({
      call,
      legs: [{ account: id, drawn: amount, charged: amount }],
      estimated: false,
    });
    const flush = (settlements: readonly Settlement[]) =>
      store.ledger.flush("a", { settlements, entries: [], anchor: null });
    // Two charges that no 64-bit sum holds: the second statement of its request fails.
    const huge = 2n ** 62n;
    const results = await Promise.allSettled([
      flush([charge(5n, "one")]),
      flush([charge(huge, "two"), charge(huge, "three"), charge(huge, "four")]),
      flush([charge(6n, "five")]),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: expect.any(StoreUnreachable) });
    const [account] = await store.ledger.accounts({ ids: [id], limit: 1 });
    expect(account).toMatchObject({ spent: 11n, leased: 10n ** 12n - 11n });
    await flush([charge(7n, "two")]);
    const [after] = await store.ledger.accounts({ ids: [id], limit: 1 });
    expect(after?.spent).toBe(18n);
  });

  test("an amount that no column holds is refused before it is sent", async () => {
    const { store, id } = await storeWithSlice();
    for (const amount of [2n ** 63n, -1n]) {
      const legs = [{ account: id, drawn: amount, charged: amount }];
      const settlements = [{ call: "c", legs, estimated: false }];
      const flushed = store.ledger.flush("a", { settlements, entries: [], anchor: null });
      await expect(flushed).rejects.toBeInstanceOf(RangeError);
    }
  });
});
