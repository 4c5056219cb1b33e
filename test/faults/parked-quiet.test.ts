/** What is kept of calls that wait, and what is asked of the store for them. */
import { expect, test } from "vitest";
import { handle } from "../../src/gateway/handle.ts";
import { AGENT, Client, type Kind, ParkingLife } from "./parking-life.ts";

const HELD = 20;
const SWEEP_MS = 600_000;

async function paused() {
  const life = new ParkingLife({ from: 0, count: 0, when: "before" });
  const parts = await life.start();
  parts.upkeep.start();
  await life.done(life.pauseAgent(parts));
  return { life, parts };
}

test("rows of calls that wait here are not read while nothing happens to them", async () => {
  const { life, parts } = await paused();
  const { lot, store } = parts.gateway;
  const { list } = store.parking;
  let read = 0;
  store.parking.list = async (filter) => {
    const rows = await list(filter);
    read += rows.length;
    return rows;
  };
  const asked = Array.from({ length: HELD }, (_, no) => life.ask(parts, { no, kind: "read" }));
  await life.pass(2_000);
  expect(lot.heldOf(AGENT)).toBe(HELD);
  read = 0;
  await life.pass(15_000);
  expect(read).toBe(0);
  await life.done(life.resumeAgent(parts));
  await life.done(Promise.all(asked));
  expect([...life.farEnd.written].sort((one, two) => one - two)).toEqual([...asked.keys()]);
  expect(lot.heldOf(AGENT)).toBe(0);
  expect(life.unexpected).toEqual([]);
  await life.done(life.stop(parts));
});

/** One call that is held; whoever brought it here has ended. */
async function held(kind: Kind) {
  const { life, parts } = await paused();
  const client = new Client();
  await life.done(handle(life.callOf(parts, { no: 1, kind }, client), parts.gateway));
  expect(client.destroyed).toBe(false);
  expect(parts.gateway.lot.heldOf(AGENT)).toBe(1);
  return { client, life, parts };
}

test("whoever brought a call here has ended while it is held, and it goes on all the same", async () => {
  const { client, life, parts } = await held("model");
  await life.done(life.resumeAgent(parts));
  await life.done(client.over);
  expect(client).toMatchObject({ status: 200 });
  expect(client.text).toContain("done 1");
  expect(parts.gateway.lot.heldOf(AGENT)).toBe(0);
  expect(life.unexpected).toEqual([]);
  await life.done(life.stop(parts));
});

test.each(["model", "read"] as const)("a bug when it goes on refuses a call: %s", async (kind) => {
  const { client, life, parts } = await held(kind);
  const bug = new Error("a bug");
  parts.gateway.keys.stillHolds = () => {
    throw bug;
  };
  await life.done(life.resumeAgent(parts));
  await life.done(client.over);
  expect(client).toMatchObject({ status: 503 });
  expect(client.text).toContain("gateway.unsure");
  expect(life.unexpected).toEqual([bug]);
  await life.done(life.stop(parts));
});

test("a bug while it asks for its turn refuses a call, and its place is free", async () => {
  const { client, life, parts } = await held("model");
  const { parking } = parts.gateway.store;
  const bug = new Error("a bug");
  parking.claim = async () => {
    throw bug;
  };
  await life.done(life.resumeAgent(parts));
  await life.done(client.over);
  expect(client).toMatchObject({ status: 503 });
  expect(life.unexpected).toEqual([bug]);
  await life.pass(100);
  expect(await parking.list({ limit: 1 })).toMatchObject([{ state: "let_go", attached: null }]);
  expect(parts.gateway.lot.heldOf(AGENT)).toBe(0);
  await life.done(life.stop(parts));
});

/** One call is parked; the answer by which this gateway has got its place was lost. */
async function stray() {
  const { life, parts } = await paused();
  const { holding, store } = parts.gateway;
  await life.done(life.ask(parts, { no: 1, kind: "read" }, { afterMs: 100, backAfterMs: null }));
  const [row] = await store.parking.list({ limit: 1 });
  if (row === undefined) throw new Error("it is parked");
  const attached = async () => (await store.parking.list({ limit: 1 }))[0]?.attached;
  expect(await attached()).toBe(null);
  await store.parking.attach(holding.tenure.id, row);
  expect(await attached()).toBe(holding.tenure.id);
  return { life, parts, attached };
}

test("a place is given up within seconds where an answer of the store was lost", async () => {
  const { attached, life, parts } = await stray();
  parts.gateway.lot.doubt();
  await life.pass(4_000);
  expect(await attached()).toBe(null);
  await life.done(life.stop(parts));
});

test("a place that nobody knows to be lost is given up in the end, too", async () => {
  const { attached, life, parts } = await stray();
  await life.pass(4_000);
  expect(await attached()).toBe(parts.gateway.holding.tenure.id);
  for (let passed = 0; passed < SWEEP_MS; passed += 30_000) await life.pass(30_000);
  expect(await attached()).toBe(null);
  await life.done(life.stop(parts));
});
