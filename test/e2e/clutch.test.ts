/** The retry loop, stopped: the same call with the same result, over and over. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { startGateway, type TestGateway, writeFolder } from "../support/gateway.ts";

let server: McpFixture;
let gateway: TestGateway;

beforeAll(async () => {
  server = await mcpFixture();
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: { simulated: { kind: "simulated" } },
        tool_servers: {
          desk: { kind: "mcp", url: server.url, tools: { echo: { effect: "read" } } },
        },
        budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: [{ tool_name: "echo" }],
      },
    },
  });
});

afterAll(async () => {
  await gateway.stop();
  await server.close();
});

test("a stuck agent is paused with its ninth equal answer, on every road", async () => {
  const path = "/guard/v1/tools/echo/call";
  for (let call = 0; call < 9; call += 1) {
    expect((await gateway.call(path, { arguments: { file: "a.wav" } })).status).toBe(200);
  }
  const abort = AbortSignal.timeout(1_000);
  const held = fetch(gateway.agentUrl + path, {
    method: "POST",
    signal: abort,
    headers: { authorization: `Bearer ${gateway.agentKey}` },
    body: "{}",
  });
  // It is held, not refused: the client sees no error yet.
  await expect(held).rejects.toThrow();
  expect(server.ran()).toBe(9);
});

test("a call that was admitted before the pause, and not written yet, is not written", async () => {
  const slow = await mcpFixture({ latencyMs: 1_500 });
  const queued = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        tool_servers: {
          desk: {
            kind: "mcp",
            url: slow.url,
            connections_max: 1,
            tools: { echo: { effect: "read" } },
          },
        },
        budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: [{ tool_name: "echo", cost: { usd: 0.1 } }],
      },
    },
  });
  const path = "/guard/v1/tools/echo/call";
  const first = queued.call(path, { arguments: { n: 1 } });
  while (slow.count("tools/call") === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  // The only connection is taken: this one has its money and waits for it.
  const second = queued.call(path, { arguments: { n: 2 } });
  const reserved = async () => {
    const answer = await queued.api("GET", "/api/v1/budgets");
    return ((await answer.json()) as { reserved_usd: string }[])[0]?.reserved_usd;
  };
  while ((await reserved()) !== "0.2") await new Promise((resolve) => setTimeout(resolve, 10));
  const pause = { all: true, reason: "stop" };
  expect((await queued.api("POST", "/api/v1/agents/pause", pause)).status).toBe(200);
  expect((await first).status).toBe(200);
  const refused = await second;
  expect(refused.status).toBe(429);
  expect(refused.headers.get("x-slipclutch-decision")).toContain("clutch.parked");
  expect(slow.ran()).toBe(1);
  expect(await reserved()).toBe("0");
  await queued.stop();
  await slow.close();
}, 30_000);

test("what was held while the manifest was tightened, or its key revoked, does not run by what held before", async () => {
  const desk = await mcpFixture();
  const config = (more: Readonly<Record<string, unknown>>) => ({
    "slipclutch.yaml": {
      version: 1,
      tool_servers: { desk: { kind: "mcp", url: desk.url, tools: { echo: { effect: "read" } } } },
      budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [{ tool_name: "echo" }],
      ...more,
    },
  });
  const paused = await startGateway({ config: config({}) });
  const post = async (path: string, body: unknown) => {
    const answer = await paused.api("POST", path, body);
    return (await answer.json()) as { id: string; version: number }[];
  };
  const resume = async () => {
    const open = await paused.api("GET", "/api/v1/reviews?state=open");
    const [review] = (await open.json()) as { id: string; version: number }[];
    const decision = { version: review?.version, decision: "resume", reason: "mended" };
    await post(`/api/v1/reviews/${review?.id}/decision`, decision);
  };
  const made = await paused.api("POST", "/api/v1/keys", { agent: "worker" });
  const { id, key } = (await made.json()) as { id: string; key: string };
  const hold = async (headers: Readonly<Record<string, string>> = {}) => {
    await post("/api/v1/agents/pause", { all: true, reason: "stop" });
    const call = paused.call("/guard/v1/tools/echo/call", { arguments: {} }, headers);
    const held = async () => {
      const answer = await paused.api("GET", "/api/v1/agents");
      return JSON.stringify(await answer.json()).includes('"held":1');
    };
    while (!(await held())) await new Promise((resolve) => setTimeout(resolve, 20));
    return { call };
  };

  const revoked = await hold({ authorization: `Bearer ${key}` });
  expect((await paused.api("DELETE", `/api/v1/keys/${id}`)).status).toBe(200);
  await resume();
  expect((await revoked.call).status).toBe(401);

  const tightened = await hold();
  await writeFolder(config({ blacklisted_tools: ["echo"] }), paused.configFolder);
  await post("/api/v1/reload", {});
  await resume();
  const refused = await tightened.call;
  expect(refused.headers.get("x-slipclutch-decision")).toContain("manifest.blacklisted");
  expect(desk.ran()).toBe(0);
  await paused.stop();
  await desk.close();
}, 60_000);

test("clients that come again while their agent is probed are no second runaway", async () => {
  const desk = await mcpFixture();
  const probed = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        tool_servers: { desk: { kind: "mcp", url: desk.url, tools: { echo: { effect: "read" } } } },
        budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
        breakers: [
          { name: "stuck", above: { value: 3 } },
          { name: "tool-surge", above: { value: 20 }, for: "0s", at_least: 1 },
        ],
        parking: { hold_for: "0s" },
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: [{ tool_name: "echo" }],
      },
    },
  });
  const call = async (task: string) => {
    const headers = { "x-slipclutch-task": task };
    const path = "/guard/v1/tools/echo/call";
    return (await probed.call(path, { arguments: {} }, headers)).status;
  };
  expect(await call("calm")).toBe(200);
  for (let no = 0; no < 4; no += 1) expect(await call("wild")).toBe(200);
  expect(await call("wild")).toBe(429);
  const open = await probed.api("GET", "/api/v1/reviews?state=open");
  const [review] = (await open.json()) as { id: string; version: number }[];
  const decision = { version: review?.version, decision: "probe", task: "calm", reason: "try" };
  const decided = await probed.api("POST", `/api/v1/reviews/${review?.id}/decision`, decision);
  expect(decided.status).toBe(200);
  for (let no = 0; no < 30; no += 1) expect(await call("wild")).toBe(429);
  // A surge is seen with the next second.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await (await probed.api("GET", "/api/v1/agents")).text()).toContain('"probing"');
  expect(await call("calm")).toBe(200);
  await probed.stop();
  await desk.close();
}, 30_000);
