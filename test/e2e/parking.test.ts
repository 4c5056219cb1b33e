/** Calls of a paused agent are kept in the store, and each is answered once, or accounted for. */
import { afterEach, expect, test } from "vitest";
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

const detached = async (id: string) => {
  const { calls } = await world.review(id);
  return calls.length > 0 && calls.every(({ attached }) => !attached);
};

test("a call whose client waits is parked, and answered after the resume", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  const model = world.post(CHAT, ask(1));
  const tool = world.post(READ, { arguments: { n: 1 } });
  await world.parked(2);
  expect((await world.review(id)).calls.map(({ state }) => state)).toEqual(["parked", "parked"]);
  expect(world.upstream.received() + world.server.ran()).toBe(0);
  await world.resume();
  expect((await model).status).toBe(200);
  expect((await tool).status).toBe(200);
  expect(world.upstream.received()).toBe(1);
  expect(world.server.ran()).toBe(1);
  await until(async () => (await world.review(id)).calls.every(({ state }) => state === "done"));
});

test("a client that hung up takes its place again, before the resume or after", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  await parkAndLeave(world, CHAT, ask(1), 1);
  await parkAndLeave(world, CHAT, ask(2), 2);
  await until(() => detached(id));
  const first = world.post(CHAT, ask(1));
  await until(async () => (await world.review(id)).calls.some(({ attached }) => attached));
  expect((await world.review(id)).parked).toBe(2);
  await world.resume();
  expect((await first).status).toBe(200);
  const second = await world.post(CHAT, ask(2));
  expect(second.status).toBe(200);
  expect(world.upstream.received()).toBe(2);
  await until(async () => (await world.review(id)).calls.every(({ state }) => state === "done"));
  // What is done is done: the same question once more is one more call.
  expect((await world.post(CHAT, ask(2))).status).toBe(200);
  expect(world.upstream.received()).toBe(3);
});

test("a tool call that nobody waits for runs once, and its answer is kept", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  await parkAndLeave(world, WRITE, { arguments: { text: "a" } }, 1);
  await until(() => detached(id));
  await world.resume();
  await until(async () => (await world.review(id)).calls.every(({ state }) => state === "done"));
  expect(world.server.ran()).toBe(1);
  const answer = await world.post(WRITE, { arguments: { text: "a" } });
  expect(answer.status).toBe(200);
  expect(JSON.stringify(await answer.json())).toContain('\\"text\\":\\"a\\"');
  expect(world.server.ran()).toBe(1);
  await world.post(WRITE, { arguments: { text: "a" } });
  expect(world.server.ran()).toBe(2);
});

test("what is parked outlives a kill -9, and is answered once", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  await parkAndLeave(world, CHAT, ask(1), 1);
  const waiting = world.post(WRITE, { arguments: { text: "a" } }).catch(() => "cut");
  await world.parked(2);
  await world.restart("SIGKILL");
  expect(await waiting).toBe("cut");
  expect((await world.review(id)).calls.map(({ state }) => state)).toEqual(["parked", "parked"]);
  const question = world.post(CHAT, ask(1));
  await until(async () => (await world.review(id)).calls.some(({ attached }) => attached));
  await world.resume();
  expect((await question).status).toBe(200);
  await until(async () => (await world.review(id)).calls.every(({ state }) => state === "done"));
  expect([world.upstream.received(), world.server.ran()]).toEqual([1, 1]);
  expect((await world.post(WRITE, { arguments: { text: "a" } })).status).toBe(200);
  expect(world.server.ran()).toBe(1);
});

test("after its hold a client is told to come again, where, and why", async () => {
  world = await parkingWorld({ hold_for: "0s" });
  const { id } = await world.pause();
  const refused = await world.post(CHAT, ask(1));
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("30");
  expect(refused.headers.get("x-should-retry")).toBe("true");
  const { error } = (await refused.json()) as {
    error: { code: string; details: { facts: Record<string, string> } };
  };
  expect(error.code).toBe("clutch.parked");
  const { facts } = error.details;
  expect(facts.review).toBe(id);
  expect(facts.wait_at).toBe(`/guard/v1/parked/${facts.parked}`);
  // The same again is the same call.
  expect((await world.post(CHAT, ask(1))).status).toBe(429);
  expect((await world.review(id)).parked).toBe(1);
});

test("as many wait as may, and not one more", async () => {
  world = await parkingWorld({ hold_for: "0s", max_calls_per_agent: 2 });
  await world.pause();
  expect((await world.post(CHAT, ask(1))).status).toBe(429);
  expect((await world.post(CHAT, ask(2))).status).toBe(429);
  const full = await world.post(CHAT, ask(3));
  expect(full.status).toBe(429);
  expect(full.headers.get("x-slipclutch-decision")).toContain("parking.full");
});

test("a denied call tells its agent why, by its own road", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  const model = world.post(CHAT, ask(1));
  await world.parked(1);
  const tool = world.post(READ, { arguments: { n: 1 } });
  await world.parked(2);
  const { calls, version } = await world.review(id);
  const message = `The desk is closed: answer without it. ${"Be brief. ".repeat(50)}`.trim();
  for (const [index, { call }] of calls.entries()) {
    const decision = { version: version + index, decision: "deny", call, message };
    expect((await world.decide(id, decision)).status).toBe(200);
  }
  const refused = await model;
  expect(refused.status).toBe(403);
  const { error } = (await refused.json()) as { error: { code: string; message: string } };
  expect(error.code).toBe("review.denied");
  expect(error.message.startsWith(message)).toBe(true);
  const told = await tool;
  expect(told.status).toBe(403);
  expect(await told.text()).toContain(message);
  expect(world.upstream.received() + world.server.ran()).toBe(0);
  // The review is forgotten one day; what was decided of which call is not.
  const journal = await world.gateway.api("GET", "/api/v1/journal?kind=review.decided");
  const { entries } = (await journal.json()) as { entries: { event: { call: string } }[] };
  expect(entries.map(({ event }) => event.call)).toEqual(calls.map(({ call }) => call));
});

test("an agent that was told to come again can ask how its call stands", async () => {
  world = await parkingWorld({ hold_for: "0s" });
  await world.pause();
  const refused = await world.post(CHAT, ask(1));
  const { error } = (await refused.json()) as {
    error: { details: { facts: { wait_at: string } } };
  };
  const headers = { authorization: `Bearer ${world.gateway.agentKey}` };
  const get = (path: string) => fetch(world.gateway.agentUrl + path, { headers });
  const waiting = get(error.details.facts.wait_at);
  const early = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 300))]);
  expect(early).toBeUndefined();
  await world.resume();
  expect(await (await waiting).json()).toMatchObject({ state: "let_go", message: null });
  expect((await get("/guard/v1/parked/d-none")).status).toBe(404);
});

test("a call that writes and names itself runs once, however often it is asked for", async () => {
  world = await parkingWorld();
  const body = { arguments: { text: "a" }, call_id: "ticket-1" };
  const both = await Promise.all([world.post(WRITE, body), world.post(WRITE, body)]);
  const statuses = both.map(({ status }) => status).sort();
  expect(statuses[0]).toBe(200);
  expect([200, 429]).toContain(statuses[1]);
  await until(async () => (await world.post(WRITE, body)).status === 200);
  expect(world.server.ran()).toBe(1);
  const other = await world.post(WRITE, { ...body, arguments: { text: "b" } });
  expect(other.status).toBe(403);
  expect(await other.text()).toContain("call.key-reused");
  expect((await world.post(WRITE, { ...body, call_id: "ticket-2" })).status).toBe(200);
  expect(world.server.ran()).toBe(2);
  // The answer outlives the process that had it.
  await world.restart("SIGKILL");
  expect((await world.post(WRITE, body)).status).toBe(200);
  expect(world.server.ran()).toBe(2);
});

test("a named call that is parked runs once, by whichever road it comes again", async () => {
  world = await parkingWorld();
  const body = { arguments: { text: "a" }, call_id: "ticket-1" };
  const { id } = await world.pause();
  await parkAndLeave(world, WRITE, body, 1);
  await until(() => detached(id));
  await world.resume();
  await until(async () => (await world.review(id)).calls.every(({ state }) => state === "done"));
  for (let n = 0; n < 3; n += 1) expect((await world.post(WRITE, body)).status).toBe(200);
  expect(world.server.ran()).toBe(1);
});

test("what was out when the gateway died waits for a person, and never runs by itself", async () => {
  world = await parkingWorld();
  world.server.set({ latencyMs: 20_000 });
  const body = { arguments: { text: "a" }, call_id: "ticket-1" };
  const out = world.post(WRITE, body).catch(() => "cut");
  await until(async () => world.server.count("tools/call") === 1);
  await world.restart("SIGKILL");
  expect(await out).toBe("cut");
  world.server.set({ latencyMs: 0 });
  const asked = await world.post(WRITE, body);
  expect(asked.status).toBe(429);
  expect(await asked.text()).toContain("not known");
  const answer = await world.gateway.api("GET", "/api/v1/reviews?state=open");
  const [review] = (await answer.json()) as { id: string; kind: string; version: number }[];
  expect(review?.kind).toBe("outcome_unknown");
  const { id = "", version = 0 } = review ?? {};
  const decision = { version, decision: "did_not_run", call: "ticket-1" };
  expect((await world.decide(id, decision)).status).toBe(200);
  expect((await world.post(WRITE, body)).status).toBe(200);
  expect(world.server.count("tools/call")).toBe(2);
});

interface ToolTold {
  readonly isError: boolean;
  readonly content: readonly { readonly text: string }[];
  readonly _meta?: object;
}

test("over MCP a model reads that its call waits, and that the same call again takes its place", async () => {
  world = await parkingWorld({ hold_for: "0s" });
  const { id } = await world.pause();
  const call = async () => {
    const params = { name: "echo", arguments: { n: 1 } };
    const answer = await world.post(
      "/mcp",
      { jsonrpc: "2.0", id: 1, method: "tools/call", params },
      { headers: { accept: "application/json, text/event-stream" } },
    );
    expect(answer.status).toBe(200);
    const { result } = (await answer.json()) as { result: ToolTold };
    return result;
  };
  for (let n = 0; n < 2; n += 1) {
    const told = await call();
    expect(told.isError).toBe(true);
    expect(told.content[0]?.text).toContain("Call again with the same arguments after 30 s.");
    expect(told._meta).toMatchObject({ "slipclutch/code": "clutch.parked" });
  }
  expect((await world.review(id)).parked).toBe(1);
  const { calls, version } = await world.review(id);
  const decision = { version, decision: "deny", call: calls[0]?.call, message: "Not today." };
  expect((await world.decide(id, decision)).status).toBe(200);
  const denied = await call();
  expect(denied.isError).toBe(true);
  expect(denied.content[0]?.text.startsWith("Not today.")).toBe(true);
});

test("a client that hangs up while its call runs, and comes again, waits for the one answer", async () => {
  world = await parkingWorld();
  await world.pause();
  world.server.set({ latencyMs: 1_500 });
  world.upstream.setScript({ latencyMs: 1_500 });
  const hangUp = new AbortController();
  const { signal } = hangUp;
  const tool = world.post(WRITE, { arguments: { n: 1 } }, { signal }).catch(() => "gone");
  await world.parked(1);
  const model = world.post(CHAT, ask(1), { signal }).catch(() => "gone");
  await world.parked(2);
  await world.resume();
  await until(() => world.server.count("tools/call") === 1 && world.upstream.received() === 1);
  hangUp.abort();
  expect([await tool, await model]).toEqual(["gone", "gone"]);
  const again = [world.post(WRITE, { arguments: { n: 1 } }), world.post(CHAT, ask(1))];
  for (const answer of await Promise.all(again)) expect(answer.status).toBe(200);
  expect([world.server.ran(), world.upstream.received()]).toEqual([1, 1]);
});

test("a tool whose server is away is called once it is back, by nobody's asking", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  await parkAndLeave(world, WRITE, { arguments: { n: 1 } }, 1);
  await until(() => detached(id));
  world.server.set({ initialize: "reset" });
  world.server.loseSessions();
  await world.resume();
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect((await world.review(id)).calls[0]?.state).not.toBe("done");
  world.server.set({ initialize: "well" });
  await until(() => world.server.ran() === 1);
  await until(async () => (await world.review(id)).calls[0]?.state === "done");
}, 30_000);

test("a question that nobody came back for ends unspent, and is a new call when it comes again", async () => {
  world = await parkingWorld({ keep_answers_for: "1s" });
  const { id } = await world.pause();
  await parkAndLeave(world, CHAT, ask(1), 1);
  await until(() => detached(id));
  await world.resume();
  await until(async () => (await world.review(id)).calls.every(({ state }) => state === "done"));
  expect(world.upstream.received()).toBe(0);
  const answer = await world.post(CHAT, ask(1), { signal: AbortSignal.timeout(5_000) });
  expect(answer.status).toBe(200);
  expect(world.upstream.received()).toBe(1);
});

test("a parked call that a person says ran is not run again for a client that comes back", async () => {
  world = await parkingWorld();
  const body = { arguments: { text: "a" } };
  const { id } = await world.pause();
  await parkAndLeave(world, WRITE, body, 1);
  await until(() => detached(id));
  world.server.set({ latencyMs: 20_000 });
  await world.resume();
  await until(async () => world.server.count("tools/call") === 1);
  await world.restart("SIGKILL");
  world.server.set({ latencyMs: 0 });
  const unknown = await world.gateway.api("GET", "/api/v1/reviews?state=open");
  const [review] = (await unknown.json()) as [{ id: string; version: number }];
  const [parked] = (await world.review(review.id)).calls;
  expect(parked).toMatchObject({ state: "unknown", attached: false });
  const decision = { version: review.version, decision: "ran", call: parked?.call };
  expect((await world.decide(review.id, decision)).status).toBe(200);
  const told = await world.post(WRITE, body, { signal: AbortSignal.timeout(5_000) });
  expect(told.status).toBe(403);
  expect(await told.text()).toContain("a person says that it ran");
  expect(world.server.count("tools/call")).toBe(1);
});

test("a task with a call that waits is not idle, however long nobody names it", async () => {
  world = await parkingWorld({}, { limits: { task_idle: "1s" } });
  const { id } = await world.pause();
  await parkAndLeave(world, `/t/waits${WRITE}`, { arguments: { text: "a" } }, 1);
  await until(() => detached(id));
  expect((await world.post("/guard/v1/tasks", { name: "idle" })).status).toBe(201);
  const alive = async () => {
    const answer = await world.gateway.api("GET", "/api/v1/tasks?alive=true");
    return ((await answer.json()) as { task: string }[]).map(({ task }) => task);
  };
  await until(async () => !(await alive()).includes("idle"));
  expect(await alive()).toContain("waits");
  await world.resume();
  await until(async () => (await world.review(id)).calls.every(({ state }) => state === "done"));
  expect(world.server.ran()).toBe(1);
});
