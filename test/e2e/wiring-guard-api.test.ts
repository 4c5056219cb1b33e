/** What an agent asks of the gateway itself, the keys of agents and operators, and the headers. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "./clients-world.ts";
import { type Asked, CHAT, type Json, MESSAGES, MODEL, WiringWorld } from "./wiring-world.ts";

let world: WiringWorld;

beforeAll(async () => {
  world = await WiringWorld.open();
});

afterAll(() => world.close());

beforeEach(async () => {
  const settings = world.base();
  settings.slipclutch.budgets.push(
    { name: "task", each: "task", limit_usd: 1, window: "task" },
    { name: "today", agent: "worker", limit_usd: 50, window: "day" },
  );
  expect((await world.load(settings)).status).toBe(200);
});

/** A request with any token. */
async function get(at: string, token: string | null, method = "GET"): Promise<Response> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return fetch(world.gateway.agentUrl + at, { method, headers });
}

async function openTask(body: object = {}, key?: string): Promise<Asked> {
  return world.guard("POST", "/guard/v1/tasks", body, key);
}

async function callWith(key: string, headers: Record<string, string> = {}): Promise<Asked> {
  return world.ask({}, { headers: { authorization: `Bearer ${key}`, ...headers } });
}

describe("a task", () => {
  test("is opened by name or without, and gives a key of its own", async () => {
    const name = world.name("opened");
    const { json, status } = await openTask({ name });
    expect([status, json]).toEqual([
      201,
      { task: name, parent: null, key: expect.stringMatching(/^sck_/) },
    ]);
    expect((await openTask()).json.task).toMatch(/^t-[0-9a-f]+$/);
    expect((await openTask({ name })).code).toBe("request.malformed");
  });

  test("is refused by what is wrong with its request", async () => {
    for (const body of [
      { name: "a b" },
      { name: "unnamed:x" },
      { name: 7 },
      { name: "x".repeat(129) },
    ]) {
      expect((await openTask(body)).code).toBe("request.malformed");
    }
    expect((await openTask({ color: "red" })).code).toBe("request.unknown-field");
    const none = world.name("nobody");
    expect((await openTask({ parent: none })).code).toBe("task.ended");
    expect((await world.guard("POST", "/guard/v1/tasks", "text")).code).toBe("request.malformed");
  });

  test("binds its key: header and path change nothing", async () => {
    const { key, task } = (await openTask({ name: world.name("bound") })).json;
    expect((await callWith(key)).headers.get("x-slipclutch-task")).toBe(task);
    const other = { "x-slipclutch-task": "another" };
    expect((await callWith(key, other)).headers.get("x-slipclutch-task")).toBe(task);
    const path = `/t/another${CHAT}`;
    const asking = { path, headers: { authorization: `Bearer ${key}` } };
    expect((await world.ask({}, asking)).headers.get("x-slipclutch-task")).toBe(task);
  });

  test("is named by the header before the path", async () => {
    const asking = {
      path: `/t/of-the-path${CHAT}`,
      headers: { "x-slipclutch-task": "of-the-header" },
    };
    const { headers } = await world.ask({}, asking);
    expect(headers.get("x-slipclutch-task")).toBe("of-the-header");
  });

  test("key opens tasks under its own only, and ends no other", async () => {
    const mine = (await openTask({ name: world.name("mine") })).json;
    const foreign = (await openTask({ name: world.name("foreign") })).json;
    const child = await openTask({}, mine.key);
    expect(child.json.parent).toBe(mine.task);
    expect((await openTask({ parent: foreign.task }, mine.key)).code).toBe("request.malformed");
    const end = `/guard/v1/tasks/${foreign.task}/end`;
    expect((await world.guard("POST", end, { outcome: "ok" }, mine.key)).code).toBe("task.ended");
    expect((await callWith(foreign.key)).status).toBe(200);
  });

  test("ends once, with an outcome, and everything under it ends with it", async () => {
    const parent = (await openTask({ name: world.name("parent") })).json;
    const child = (await openTask({}, parent.key)).json;
    const end = `/guard/v1/tasks/${parent.task}/end`;
    expect((await world.guard("POST", end, { outcome: "great" })).code).toBe("request.malformed");
    expect((await world.guard("POST", end, {})).code).toBe("request.malformed");
    const ended = await world.guard("POST", end, { outcome: "failed" });
    expect([ended.status, ended.json]).toEqual([200, { task: parent.task, outcome: "failed" }]);
    expect((await world.guard("POST", end, { outcome: "ok" })).code).toBe("task.ended");
    expect((await callWith(parent.key)).code).toBe("task.ended");
    expect((await callWith(child.key)).code).toBe("task.ended");
    const tasks = await world.gateway.api(
      "GET",
      "/api/v1/tasks?agent=worker&alive=false&limit=1000",
    );
    const row = ((await tasks.json()) as Json[]).find(({ task }) => task === parent.task);
    expect(row).toMatchObject({ outcome: "failed", ended_at: expect.any(String) });
  });

  test("is ended by an operator, at once", async () => {
    const { key, task } = (await openTask({ name: world.name("operated") })).json;
    expect((await callWith(key)).status).toBe(200);
    await world.gateway.api("POST", `/api/v1/tasks/worker/${task}/end`);
    expect((await callWith(key)).code).toBe("task.ended");
  });

  test("draws on the budgets of all tasks above it, also when nesting was limited since", async () => {
    const parent = (await openTask({ name: world.name("above") })).json;
    const child = (await openTask({}, parent.key)).json;
    const settings = world.base();
    const budget = { name: "task", each: "task", limit_usd: 1, window: "task" };
    settings.slipclutch.budgets.push(budget);
    settings.agents.worker.limits = { max_depth: 0 };
    await world.load(settings);
    await world.money((await callWith(child.key)).decision);
    const spent = async (task: string) => {
      const rows = (await (await world.gateway.api("GET", "/api/v1/budgets")).json()) as Json[];
      return Number(rows.find(({ scope }) => scope === `worker/${task}`)?.spent_usd ?? 0);
    };
    expect(await spent(child.task)).toBeGreaterThan(0);
    expect(await spent(parent.task)).toBe(await spent(child.task));
  });

  test("is another one for each agent, whatever its name", async () => {
    const name = world.name("shared");
    expect((await openTask({ name })).status).toBe(201);
    const { key } = await world.key("other");
    expect((await openTask({ name }, key)).status).toBe(201);
    await world.guard("POST", `/guard/v1/tasks/${name}/end`, { outcome: "ok" });
    const headers = { "x-slipclutch-task": name };
    expect(await world.outcome({}, { headers })).toBe("task.ended");
    expect(await world.outcome({}, { headers, agent: "other" })).toBe("200");
  });
});

describe("budgets", () => {
  async function budgetsOf(task: string): Promise<Json> {
    const { key } = await world.key("worker");
    const headers = { authorization: `Bearer ${key}`, "x-slipclutch-task": task };
    const answer = await fetch(`${world.gateway.agentUrl}/guard/v1/budgets`, { headers });
    return answer.json();
  }

  const rowOf = (answer: Json, name: string) =>
    answer.budgets.find((row: Json) => row.name === name);

  test("show what this agent and this task may still spend", async () => {
    const task = world.name("seen");
    const before = await budgetsOf(task);
    expect(before).toMatchObject({ agent: "worker", task });
    expect(before.budgets.map(({ name }: Json) => name).sort()).toEqual(["all", "task", "today"]);
    expect(rowOf(before, "task")).toEqual({
      name: "task",
      scope: `worker/${task}`,
      unit: "usd",
      limit_usd: "1",
      spent_usd: "0",
      reserved_usd: "0",
      committed_usd: "0",
      remaining_usd: "1",
      window_ends_at: null,
    });
    const { decision, headers } = await world.ask({}, { headers: { "x-slipclutch-task": task } });
    const { charged } = await world.money(decision);
    const after = rowOf(await budgetsOf(task), "task");
    expect(Number(after.spent_usd) * 1e9).toBeCloseTo(charged, 3);
    expect(Number(after.remaining_usd)).toBeCloseTo(1 - charged / 1e9, 9);
    expect(headers.get("x-slipclutch-budget-remaining-usd")).toBe(after.remaining_usd);
  });

  test("show what is reserved by calls that are under way", async () => {
    const task = world.name("held");
    world.held.hold();
    const held = world.ask({ model: "held-model" }, { headers: { "x-slipclutch-task": task } });
    await until(() => world.held.waiting() === 1);
    const row = rowOf(await budgetsOf(task), "task");
    expect(Number(row.reserved_usd)).toBeGreaterThan(0);
    expect(Number(row.remaining_usd)).toBeCloseTo(1 - Number(row.reserved_usd), 9);
    world.held.release();
    await held;
    expect(rowOf(await budgetsOf(task), "task").reserved_usd).toBe("0");
  });
});

describe("headers", () => {
  const DECISION = "x-slipclutch-decision";
  const TASK = "x-slipclutch-task";
  const REMAINING = "x-slipclutch-budget-remaining-usd";

  test("are on every answer to a call: whole, streamed, refused for money or for good", async () => {
    const settings = world.base();
    settings.slipclutch.budgets.push({
      name: "empty",
      agent: "other",
      limit_usd: 0,
      window: "day",
    });
    await world.load(settings);
    const answers = [
      await world.ask(),
      await world.ask({ stream: true }),
      await world.ask({ max_tokens: 10 }, { path: MESSAGES }),
      await world.ask({ max_tokens: 10, stream: true }, { path: MESSAGES }),
      await world.ask({ surprise: 1 }),
      await world.ask({}, { agent: "other" }),
    ];
    expect(answers.map(({ code, status }) => code ?? status)).toEqual([
      200,
      200,
      200,
      200,
      "request.unknown-field",
      "budget.exhausted",
    ]);
    for (const { headers } of answers) {
      expect(headers.get(DECISION)).toMatch(/^d-[0-9a-z]+-[0-9a-z]+(; code=[a-z.-]+)?$/);
      expect(headers.get(TASK)).toMatch(/^unnamed:key_/);
      expect(headers.get(REMAINING)).toMatch(/^\d+(\.\d+)?$/);
    }
    expect(answers.at(-1)?.headers.get(REMAINING)).toBe("0");
  });

  test("name a decision on every other answer, and the task where the sender is known", async () => {
    const { key } = await world.key("worker");
    for (const [at, token, method, task] of [
      ["/guard/v1/budgets", key, "GET", true],
      ["/v1/models", key, "GET", true],
      ["/guard/v1/tasks", key, "POST", true],
      ["/v1/chat/completions", key, "POST", true],
      ["/nowhere", key, "GET", false],
      ["/v1/models", "sck_nobody", "GET", false],
      ["/v1/models", null, "GET", false],
    ] as const) {
      const answer = await get(at, token, method);
      expect(answer.headers.get(DECISION)).toMatch(/^d-/);
      expect(answer.headers.get(TASK) !== null).toBe(task);
      await answer.text();
    }
  });

  test("of a decision lead to its explanation", async () => {
    const { decision } = await world.ask({ surprise: 1 });
    const { code, out } = await world.gateway.cli("explain", decision);
    expect([code, out.includes("request.unknown-field")]).toEqual([0, true]);
  });
});

describe("keys", () => {
  const cli = async (...args: string[]) => {
    const { code, err, out } = await world.gateway.cli(...args);
    if (code !== 0) throw new Error(err);
    return out;
  };
  const made = async (...args: string[]): Promise<{ key: string; id: string }> =>
    JSON.parse(await cli("keys", "create", "--json", ...args));

  test("of agents work from the moment they are made until they are revoked, at once", async () => {
    const { id, key } = await made("--agent", "worker");
    expect((await callWith(key)).status).toBe(200);
    expect(await cli("keys", "list")).toContain(id);
    expect(await cli("keys", "list")).not.toContain(key);
    await cli("keys", "revoke", id);
    expect((await callWith(key)).code).toBe("key.invalid");
    expect(await cli("keys", "list")).not.toContain(id);
    expect(await cli("keys", "list", "--all")).toContain(id);
  });

  test("end by themselves when their time is over", async () => {
    const { key } = await made("--agent", "worker", "--expires-in", "1500ms");
    expect((await callWith(key)).status).toBe(200);
    const task = (await openTask({ name: world.name("short") }, key)).json;
    await until(async () => (await callWith(key)).code === "key.invalid");
    // A task's key lives no longer than the one that it was opened with.
    expect((await callWith(task.key)).code).toBe("key.invalid");
  });

  test("of agents that are not there are not made", async () => {
    const { code, err } = await world.gateway.cli("keys", "create", "--agent", "nobody");
    expect([code, err.includes("worker")]).toEqual([1, true]);
  });

  test("of an agent whose manifest is gone are good for nothing", async () => {
    const { key } = await world.key("other");
    const settings = world.base();
    delete settings.agents.other;
    await world.load(settings);
    expect((await callWith(key)).code).toBe("key.invalid");
  });

  test("of operators do what their role may, and nothing on the agents' side", async () => {
    const { key: viewer } = await made("--operator", "vera", "--role", "viewer");
    const { key: operator } = await made("--operator", "otto", "--role", "operator");
    const control = (method: string, at: string, token: string, body?: object) =>
      fetch(world.gateway.controlUrl + at, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }).then(({ status }) => status);
    expect(await control("GET", "/api/v1/status", viewer)).toBe(200);
    expect(await control("POST", "/api/v1/reload", viewer)).toBe(403);
    expect(await control("POST", "/api/v1/reload", operator)).toBe(200);
    expect(await control("POST", "/api/v1/keys", operator, { agent: "worker" })).toBe(403);
    for (const token of [viewer, operator, world.gateway.operatorToken]) {
      expect((await callWith(token)).code).toBe("key.invalid");
      for (const at of ["/guard/v1/budgets", "/v1/models"]) {
        expect((await get(at, token)).status).toBe(401);
      }
    }
  });

  test("of agents and tasks open nothing on the operators' side", async () => {
    const { key } = await world.key("worker");
    const task = (await openTask({ name: world.name("nosy") })).json;
    for (const token of [key, task.key]) {
      for (const at of ["/api/v1/status", "/metrics", "/api/v1/keys"]) {
        const headers = { authorization: `Bearer ${token}` };
        const { status } = await fetch(world.gateway.controlUrl + at, { headers });
        expect([401, 403]).toContain(status);
      }
    }
  });
});

test("the models of an agent are those that it may use", async () => {
  const settings = world.base();
  settings.agents.worker.models = [MODEL];
  await world.load(settings);
  const { json } = await world.guard("GET", "/v1/models");
  expect(json.data.map(({ id }: Json) => id)).toEqual([MODEL]);
});
