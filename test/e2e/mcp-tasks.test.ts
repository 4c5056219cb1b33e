/** Handles of tasks (MCP 2026-07-28): a client that knows them follows what is parked, and gets its answer. */
import { afterEach, expect, test, vi } from "vitest";
import { until } from "./clients-world.ts";
import { META, stateless } from "./mcp-scene.ts";
import { type ParkingWorld, parkingWorld } from "./parking-world.ts";
import type { Json } from "./wiring-world.ts";

const TASKS = "io.modelcontextprotocol/tasks";
const KNOWS = {
  ...META,
  "io.modelcontextprotocol/clientCapabilities": { extensions: { [TASKS]: {} } },
};
const APPROVED = {
  allowed_tools: [
    { tool_name: "echo" },
    { tool_name: "save", read_only: false, requires_approval: true },
  ],
};

/** Each has a gateway of its own, and one starts it twice. */
vi.setConfig({ testTimeout: 60_000 });

let world: ParkingWorld;

afterEach(() => world.end());

async function ask(method: string, params: Json, meta: Json = KNOWS, key?: string): Promise<Json> {
  const { body, headers } = stateless({ method, params: { ...params, _meta: meta } });
  const named = params.taskId ?? params.name;
  const sent = { ...headers, ...(named === undefined ? {} : { "mcp-name": named }) };
  const given = Object.entries(sent).filter(([, value]) => value !== null);
  const answer = await world.post("/mcp", body, {
    headers: {
      ...(Object.fromEntries(given) as Record<string, string>),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
  });
  return { status: answer.status, ...((await answer.json()) as Json) };
}

const call = (name: string, given: Json = {}, meta?: Json) =>
  ask("tools/call", { name, arguments: given }, meta);
const get = (taskId: string) => ask("tasks/get", { taskId });

async function approval(): Promise<Json> {
  const answer = await world.gateway.api("GET", "/api/v1/reviews?state=open");
  const [review] = (await answer.json()) as Json;
  return review;
}

async function ended(taskId: string): Promise<Json> {
  let seen: Json = null;
  await until(async () => {
    seen = (await get(taskId)).result;
    return seen.status !== "working";
  });
  return seen;
}

test("a call that waits for approval is a task, and its answer is the task's, as often as asked", async () => {
  world = await parkingWorld({}, APPROVED);
  const { result } = await call("save", { n: 1 });
  expect(result).toMatchObject({
    resultType: "task",
    status: "working",
    statusMessage: "This call waits for a person's approval.",
    ttlMs: null,
    pollIntervalMs: 5_000,
    _meta: { "slipclutch/code": "approval.pending" },
  });
  expect(new Date(result.createdAt).toISOString()).toBe(result.createdAt);
  const { taskId } = result;
  expect((await get(taskId)).result).toMatchObject({
    ...{ resultType: "complete", taskId, status: "working" },
    statusMessage: "The call waits for a person's approval.",
  });
  const { id, version } = await approval();
  expect((await world.decide(id, { version, decision: "approve" })).status).toBe(200);
  const done = await ended(taskId);
  expect(done).toMatchObject({
    status: "completed",
    result: { isError: false, structuredContent: { given: { n: 1 } } },
  });
  expect((await get(taskId)).result.result).toEqual(done.result);
  expect(world.server.ran()).toBe(1);
  // Its answer was told: the same call again is another one.
  const again = await call("save", { n: 1 });
  expect(again.result.resultType).toBe("task");
  expect(again.result.taskId).not.toBe(taskId);
});

test("a call that is denied has ended, and its result says so", async () => {
  world = await parkingWorld({}, APPROVED);
  const { taskId } = (await call("save")).result;
  const { id, version } = await approval();
  await world.decide(id, { version, decision: "deny", message: "Not today." });
  expect(await ended(taskId)).toMatchObject({
    status: "completed",
    result: {
      isError: true,
      content: [{ text: expect.stringContaining("Not today.") }],
      _meta: { "slipclutch/code": "review.denied" },
    },
  });
  expect(world.server.ran()).toBe(0);
});

test("a task of a paused agent outlives the gateway, and goes on when its agent does", async () => {
  world = await parkingWorld();
  await world.pause();
  const { taskId, statusMessage } = (await call("echo", { n: 2 })).result;
  expect(statusMessage).toContain("its agent is paused");
  await world.restart("SIGKILL");
  expect((await get(taskId)).result.status).toBe("working");
  await world.resume();
  expect(await ended(taskId)).toMatchObject({
    status: "completed",
    result: { structuredContent: { given: { n: 2 } } },
  });
});

test("a call that does not wait is answered as ever, and so is who knows no tasks", async () => {
  world = await parkingWorld();
  expect((await call("echo", { n: 3 })).result).toMatchObject({
    resultType: "complete",
    structuredContent: { given: { n: 3 } },
  });
  // Of before: a wish that the server does not know.
  const wish = await ask("tools/call", { name: "echo", arguments: {}, task: { ttl: 1 } });
  expect(wish.result.resultType).toBe("complete");
  await world.reload({ parking: { hold_for: "0s" } });
  await world.pause();
  expect((await call("echo", {}, META)).result).toMatchObject({
    resultType: "complete",
    isError: true,
    _meta: { "slipclutch/code": "clutch.parked" },
  });
});

test("tasks are followed by who says that it knows them, and no other task's key", async () => {
  world = await parkingWorld({}, APPROVED);
  const { result } = await ask("server/discover", {});
  expect(result.capabilities.extensions).toEqual({ [TASKS]: {} });
  const { taskId } = (await call("save")).result;
  for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
    expect(await ask(method, { taskId }, META)).toMatchObject({
      status: 400,
      error: { code: -32_021, data: { requiredCapabilities: { extensions: { [TASKS]: {} } } } },
    });
    for (const wrong of ["d-nobody-knows", "x".repeat(500)]) {
      expect((await ask(method, { taskId: wrong })).error.code).toBe(-32_602);
    }
    expect((await ask(method, {})).error.code).toBe(-32_602);
  }
  const opened = await world.post("/guard/v1/tasks", { name: "other" });
  const { key } = (await opened.json()) as Json;
  expect((await ask("tasks/get", { taskId }, KNOWS, key)).error.code).toBe(-32_602);
  for (const removed of ["tasks/result", "tasks/list"]) {
    expect((await ask(removed, { taskId })).error.code).toBe(-32_601);
  }
});

test("cancelling is heard, and changes nothing: a person decides what becomes of it", async () => {
  world = await parkingWorld({}, APPROVED);
  const { taskId } = (await call("save")).result;
  for (const method of ["tasks/cancel", "tasks/update"]) {
    const { result } = await ask(method, { taskId, inputResponses: {} });
    expect({ ...result, _meta: undefined }).toEqual({ resultType: "complete" });
  }
  expect((await get(taskId)).result.status).toBe("working");
});
