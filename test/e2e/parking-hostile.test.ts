/** Whoever means harm, and whatever people change, while calls are parked. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { stringify } from "yaml";
import { until } from "./clients-world.ts";
import {
  ask,
  CHAT,
  type ParkingWorld,
  parkAndLeave,
  parkingWorld,
  READ,
  WRITE,
} from "./parking-world.ts";

let world: ParkingWorld;

afterEach(async () => {
  await world.end();
});

const isDetached = async (id: string) =>
  (await world.review(id)).calls.every(({ attached }) => !attached);
const isDone = async (id: string) =>
  (await world.review(id)).calls.every(({ state }) => state === "done");
const codeOf = ({ headers }: Response) =>
  /code=(\S+)/.exec(headers.get("x-slipclutch-decision") ?? "")?.[1] ?? null;

test("many clients with one and the same question are as many calls, each answered once", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  const many = 200;
  const answers = Array.from({ length: many }, () => world.post(CHAT, ask(1)));
  await world.parked(many);
  await world.resume();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses).toEqual(Array(many).fill(200));
  expect(world.upstream.received()).toBe(many);
  await until(() => isDone(id));
}, 60_000);

test("clients that hang up at every moment of their parking find their calls again", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  const many = 60;
  const numbers = Array.from({ length: many }, (_, no) => no);
  const leaving = numbers.map(async (no) => {
    const signal = AbortSignal.timeout(1 + no);
    await world.post(WRITE, { arguments: { no } }, { signal }).catch(() => {});
  });
  await Promise.all(leaving);
  const back = numbers.map((no) => world.post(WRITE, { arguments: { no } }));
  await world.parked(many);
  await world.resume();
  for (const answer of await Promise.all(back)) expect(answer.status).toBe(200);
  await until(() => isDone(id));
  expect(world.server.ran()).toBe(many);
}, 60_000);

test("what is parked of one agent is within its bytes, and what is beyond is told so", async () => {
  world = await parkingWorld({ hold_for: "0s", max_bytes_per_agent: 1_000_000 });
  await world.pause();
  const messages = [{ role: "user", content: "x".repeat(300_000) }];
  const codes = [];
  for (let no = 0; no < 5; no += 1) {
    codes.push(codeOf(await world.post(CHAT, ask(no, { messages, user: String(no) }))));
  }
  expect(codes).toEqual([...Array(3).fill("clutch.parked"), "parking.full", "parking.full"]);
  // The same again is none more.
  const again = await world.post(CHAT, ask(0, { messages, user: "0" }));
  expect(codeOf(again)).toBe("clutch.parked");
});

test("a parked call that cannot be read any more is refused by name, and stops no other", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  for (const no of [1, 2, 3]) await parkAndLeave(world, WRITE, { arguments: { no } }, no);
  await until(() => isDetached(id));
  // The calls of a review come newest first.
  const broken = (await world.review(id)).calls[1]?.call ?? "";
  const database = new DatabaseSync(join(world.gateway.dataFolder, "store.db"));
  database.prepare("UPDATE parked SET request = x'0102' WHERE call = ?").run(broken);
  database.close();
  await world.resume();
  await until(() => isDone(id));
  expect(world.server.ran()).toBe(2);
  const journal = await world.gateway.api("GET", "/api/v1/journal?kind=call.refused");
  expect(await journal.text()).toContain(broken);
  const told = await world.post(WRITE, { arguments: { no: 2 } });
  expect([told.status, codeOf(told)]).toEqual([503, "gateway.unsure"]);
  expect(world.server.ran()).toBe(2);
});

test("what stands of a call is told to its own agent, and to a key of one task of that task", async () => {
  world = await parkingWorld({ hold_for: "0s" });
  const { agentUrl } = world.gateway;
  const opened = await world.gateway.call("/guard/v1/tasks", { name: "one" });
  const { key } = (await opened.json()) as { key: string };
  await world.pause();
  expect((await world.post(CHAT, ask(1))).status).toBe(429);
  const ofTask = await world.gateway.call(CHAT, ask(2), { authorization: `Bearer ${key}` });
  expect(ofTask.status).toBe(429);
  const rows = (await world.review((await world.pause()).id)).calls;
  const [task, shared] = ["one", null].map((name) =>
    rows.find((row) => (row.task === "one") === (name === "one")),
  );
  await world.resume();
  const asked = async (call: string | undefined, by: string) => {
    const headers = { authorization: `Bearer ${by}` };
    return (await fetch(`${agentUrl}/guard/v1/parked/${call}`, { headers })).status;
  };
  expect(await asked(task?.call, key)).toBe(200);
  expect(await asked(shared?.call, key)).toBe(404);
  expect(await asked(shared?.call, world.gateway.agentKey)).toBe(200);
  expect(await asked(task?.call, "none")).toBe(401);
});

test("a key that is revoked while its calls are parked gets nothing done by them", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  const held = world.post(CHAT, ask(1));
  await world.parked(1);
  await parkAndLeave(world, WRITE, { arguments: { text: "a" } }, 2);
  const keys = (await (await world.gateway.api("GET", "/api/v1/keys")).json()) as {
    id: string;
    agent: string | null;
  }[];
  for (const key of keys) {
    if (key.agent === "worker") await world.gateway.api("DELETE", `/api/v1/keys/${key.id}`);
  }
  await world.resume();
  expect((await held).status).toBe(401);
  await until(async () => (await world.review(id)).calls[0]?.state === "done");
  expect(world.server.ran() + world.upstream.received()).toBe(0);
});

test("a tool that is taken from its agent while a call of it is parked does not run", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  const held = world.post(READ, { arguments: { n: 1 } });
  await world.parked(1);
  await parkAndLeave(world, WRITE, { arguments: { text: "a" } }, 2);
  const manifest = { version: 1, agent: "worker", models: [], allowed_tools: [] };
  const file = join(world.gateway.configFolder, "agents", "worker.yaml");
  await writeFile(file, stringify(manifest));
  expect((await world.gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  await world.resume();
  expect((await held).status).toBe(403);
  await until(async () => (await world.review(id)).calls[0]?.state === "done");
  const told = await world.post(WRITE, { arguments: { text: "a" } });
  expect([told.status, codeOf(told)]).toEqual([403, "manifest.unknown-tool"]);
  expect(world.server.ran()).toBe(0);
});

test("an agent that is gone from the folder gets nothing done by what it had parked", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  await parkAndLeave(world, WRITE, { arguments: { text: "a" } }, 1);
  await rm(join(world.gateway.configFolder, "agents", "worker.yaml"));
  const other = { version: 1, agent: "other", models: [] };
  await writeFile(join(world.gateway.configFolder, "agents", "other.yaml"), stringify(other));
  expect((await world.gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  await world.resume();
  await until(() => isDone(id));
  expect(world.server.ran()).toBe(0);
});

test("a call that is let go and waits for its rate limit is tried again, and is no runaway", async () => {
  const rate_limit = { requests: 1, per_seconds: 12 };
  const allowed_tools = [{ tool_name: "echo", rate_limit }];
  world = await parkingWorld({}, { allowed_tools });
  const { id } = await world.pause();
  const leaving = new AbortController();
  const equal = [1, 2].map(() =>
    world.post(READ, { arguments: { n: 1 } }, { signal: leaving.signal }).catch(() => {}),
  );
  await world.parked(2);
  leaving.abort();
  await Promise.all(equal);
  await world.resume();
  // One runs; the other is tried each second, more often than `stuck` lets pass.
  await until(() => isDone(id), 30_000);
  expect(world.server.ran()).toBe(2);
  const open = await world.gateway.api("GET", "/api/v1/reviews?state=open");
  expect(await open.json()).toEqual([]);
}, 60_000);

test("many held connections that leave are all let go of, without a warning", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  const many = 240;
  for (let wave = 0; wave < 2; wave += 1) {
    const leaving = new AbortController();
    const calls = Array.from({ length: many }, (_, no) =>
      world.post(CHAT, ask(no), { signal: leaving.signal }).catch(() => {}),
    );
    await world.parked(many);
    await until(async () => (await heldNow()) === many);
    leaving.abort();
    await Promise.all(calls);
    await until(async () => (await heldNow()) === 0);
  }
  await until(() => isDetached(id));
  expect(world.gateway.log()).not.toContain("MaxListeners");
  expect((await world.review(id)).parked).toBe(many);
}, 60_000);

async function heldNow(): Promise<number> {
  const rows = await world.gateway.api("GET", "/api/v1/agents");
  const [row] = (await rows.json()) as { held: number }[];
  return row?.held ?? 0;
}
