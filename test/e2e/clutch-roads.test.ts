/** While an agent is paused no road leads out; once a person lets it go on, no client saw an error. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { MODEL, question, until } from "./clients-world.ts";
import { CLIENTS, type Family, type Outcome, stopClients } from "./official-clients.ts";

const HELD_MS = 700;

let server: McpFixture;
let upstream: SimulatedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  server = await mcpFixture();
  upstream = await simulatedUpstream({ clock: systemClock });
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: {
          gpt: provider("openai", `${upstream.url}/v1`),
          claude: provider("anthropic", upstream.url),
        },
        tool_servers: {
          desk: { kind: "mcp", url: server.url, tools: { echo: { effect: "read" } } },
        },
        budgets: [{ name: "all", each: "agent", limit_usd: 100, window: "lifetime" }],
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        models: [MODEL],
        allowed_tools: [{ tool_name: "echo" }],
      },
      "agents/writer.yaml": { version: 1, agent: "writer", models: [MODEL] },
    },
  });
});

afterAll(async () => {
  stopClients();
  await gateway.stop();
  await server.close();
  await upstream.close();
  await forget(gateway);
});

/** Each test begins with all agents engaged. */
beforeEach(async () => {
  for (const { id, version } of await reviews()) await decide(id, { version, decision: "resume" });
});

function provider(kind: string, base_url: string) {
  return { kind, base_url, api_key: "not-a-key", prices_of: "simulated", models: [MODEL] };
}

interface ReviewRow {
  readonly id: string;
  readonly agent: string;
  readonly kind: string;
  readonly version: number;
}

async function reviews(): Promise<readonly ReviewRow[]> {
  return (await gateway.api("GET", "/api/v1/reviews?state=open")).json() as never;
}

function decide(id: string, decision: object): Promise<Response> {
  return gateway.api("POST", `/api/v1/reviews/${id}/decision`, { reason: "test", ...decision });
}

async function pause(): Promise<ReviewRow> {
  const body = { agents: ["worker"], reason: "test" };
  expect((await gateway.api("POST", "/api/v1/agents/pause", body)).status).toBe(200);
  const [review] = await reviews();
  if (!review) throw new Error("a pause has a review");
  return review;
}

async function heldCalls(): Promise<number> {
  const agents = (await (await gateway.api("GET", "/api/v1/agents")).json()) as {
    agent: string;
    held: number;
  }[];
  return agents.find(({ agent }) => agent === "worker")?.held ?? 0;
}

async function mcpClient(): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  const headers = { authorization: `Bearer ${gateway.agentKey}` };
  const url = new URL(`${gateway.agentUrl}/mcp`);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  return client;
}

const ROADS: readonly (readonly [road: string, path: string, body: object])[] = [
  ["MCP", "/mcp", rpc("tools/call", { name: "echo", arguments: { n: 1 } })],
  ["the dispatcher", "/guard/v1/tools/echo/call", { arguments: { n: 1 } }],
  ["OpenAI chat completions", "/v1/chat/completions", question("openai")],
  ["a stream of them", "/v1/chat/completions", { ...question("openai"), stream: true }],
  ["Anthropic messages", "/v1/messages", question("anthropic")],
  ["a stream of these", "/v1/messages", { ...question("anthropic"), stream: true }],
  ["another task", "/t/another/v1/messages", question("anthropic")],
];

function rpc(method: string, params: object) {
  return { jsonrpc: "2.0", id: 1, method, params };
}

const MCP_HEADERS = { accept: "application/json, text/event-stream" };

async function tripped(): Promise<void> {
  for (let call = 0; call < 9; call += 1) {
    await gateway.call("/guard/v1/tools/echo/call", { arguments: { file: "a.wav" } });
  }
  await until(async () => (await reviews()).length > 0);
}

test("a stuck agent's calls are held on every road, and nothing goes out", async () => {
  await tripped();
  expect(await reviews()).toMatchObject([{ agent: "worker", kind: "trip" }]);
  const [ran, received] = [server.ran(), upstream.received()];
  const aborted = AbortSignal.timeout(HELD_MS);
  const asked = ROADS.map(async ([, path, body]) => {
    const headers = {
      ...{ authorization: `Bearer ${gateway.agentKey}`, "content-type": "application/json" },
      ...MCP_HEADERS,
    };
    const request = { method: "POST", headers, body: JSON.stringify(body), signal: aborted };
    const answer = await fetch(gateway.agentUrl + path, request);
    return answer.status;
  });
  await until(async () => (await heldCalls()) === ROADS.length);
  for (const [index, outcome] of (await Promise.allSettled(asked)).entries()) {
    expect(outcome.status, ROADS[index]?.[0]).toBe("rejected");
  }
  expect([server.ran(), upstream.received()]).toEqual([ran, received]);
  // Whoever has gone is not held any more.
  await until(async () => (await heldCalls()) === 0);
});

test("the evidence can be read, and one command resumes", async () => {
  await tripped();
  const [review] = await reviews();
  const shown = await gateway.cli("reviews", "show", review?.id ?? "");
  expect(shown.out).toMatch(/rule stuck/);
  expect(shown.out).toMatch(/tool echo/);
  expect((await gateway.cli("status")).out).toMatch(/agents paused +worker/);
  const resumed = await gateway.cli("agents", "resume", "worker", "--reason", "false alarm");
  expect(resumed).toMatchObject({ code: 0, err: "" });
  const answer = await gateway.call("/guard/v1/tools/echo/call", { arguments: { file: "a.wav" } });
  expect(answer.status).toBe(200);
  const entries = (await (
    await gateway.api("GET", "/api/v1/journal?kind=review.decided")
  ).json()) as { entries: { event: object }[] };
  const { event } = entries.entries.at(-1) ?? {};
  expect(event).toMatchObject({ decision: "resume", reason: "false alarm", by: "local" });
  const metrics = await (await gateway.api("GET", "/metrics")).text();
  expect(metrics).toContain('slipclutch_clutch{agent="worker",state="engaged"} 1');
  expect(metrics).toMatch(/breaker_alarms_total\{agent="worker",rule="stuck",action="trip"\} \d/);
});

describe("a client that was held sees no error once its agent goes on", () => {
  test.each(CLIENTS.map((client) => [client.name, client] as const))("%s", async (_, client) => {
    await pause();
    const received = upstream.received();
    const base = (family: Family) => gateway.agentUrl + (family === "openai" ? "/v1" : "");
    const ask = { baseUrl: base(client.family), key: gateway.agentKey };
    const body = question(client.family);
    const answers: Promise<Outcome>[] = [
      client.ask({ ...ask, body }),
      client.ask({ ...ask, body, mode: "frames" }),
    ];
    await until(async () => (await heldCalls()) === 2, 30_000);
    expect(upstream.received()).toBe(received);
    await gateway.cli("agents", "resume", "worker", "--reason", "fine");
    for (const answer of await Promise.all(answers)) {
      expect(answer, JSON.stringify(answer)).toMatchObject({ kind: "answer" });
    }
    expect(upstream.received()).toBe(received + 2);
  });

  test("the official MCP client", async () => {
    const client = await mcpClient();
    await pause();
    const ran = server.ran();
    const answer = client.callTool({ name: "echo", arguments: { n: 2 } });
    await until(async () => (await heldCalls()) === 1);
    expect(server.ran()).toBe(ran);
    await gateway.cli("agents", "resume", "worker", "--reason", "fine");
    expect((await answer).isError ?? false).toBe(false);
    expect(server.ran()).toBe(ran + 1);
    await client.close();
  });
});

test("a probe lets one task go on, and that alone; ending it leaves the rest paused", async () => {
  for (const task of ["one", "two"]) {
    expect((await gateway.call(`/t/${task}/v1/messages`, question("anthropic"))).status).toBe(200);
  }
  const { id, version } = await pause();
  const none = await decide(id, { version, decision: "probe", task: "none" });
  expect(none.status).toBe(404);
  const probed = await gateway.cli("reviews", "probe", id, "--task", "one", "--reason", "look");
  expect(probed).toMatchObject({ code: 0, err: "" });
  expect((await gateway.call("/t/one/v1/messages", question("anthropic"))).status).toBe(200);
  const other = gateway.call("/t/two/v1/messages", question("anthropic"));
  await until(async () => (await heldCalls()) === 1);
  const end = ["--task", "one", "--reason", "hopeless"];
  expect((await gateway.cli("reviews", "end", id, ...end)).code).toBe(0);
  const ended = await gateway.call("/t/one/v1/messages", question("anthropic"));
  expect(ended.headers.get("x-slipclutch-decision")).toContain("task.ended");
  expect(await heldCalls()).toBe(1);
  await gateway.cli("reviews", "resume", id, "--reason", "fine");
  expect((await other).status).toBe(200);
});

test("a decision on another version is a conflict, and changes nothing", async () => {
  const { id, version } = await pause();
  const { status } = await decide(id, { version: version + 1, decision: "resume" });
  expect(status).toBe(409);
  expect(await reviews()).toHaveLength(1);
  expect((await decide("r-none", { version: 0, decision: "resume" })).status).toBe(404);
  const cli = await gateway.cli("reviews", "resume", id, "--seen", "7", "--reason", "x");
  expect(cli.code).toBe(1);
});

test("all are paused at once, each with a review of its own", async () => {
  const { code, out } = await gateway.cli("agents", "pause", "--all", "--reason", "x", "--json");
  expect(code).toBe(0);
  const { all } = { all: JSON.parse(out) as { agent: string; clutch: string }[] };
  expect(all.map(({ agent, clutch }) => [agent, clutch]).sort()).toEqual([
    ["worker", "disengaged"],
    ["writer", "disengaged"],
  ]);
  expect((await reviews()).map(({ agent, kind }) => [agent, kind]).sort()).toEqual([
    ["worker", "pause"],
    ["writer", "pause"],
  ]);
});

test("a restart while paused starts paused", async () => {
  const { id } = await pause();
  await gateway.stop("SIGKILL");
  const key = gateway.agentKey;
  const again = await startGateway({
    config: await folderOf(gateway),
    data: gateway.dataFolder,
  });
  gateway = {
    ...again,
    agentKey: key,
    call: (path, body) => callAs(again.agentUrl, key, path, body),
  };
  // What was released a moment before the kill may be in doubt: that is a review of its own.
  const pauses = (await reviews()).filter(({ kind }) => kind === "pause");
  expect(pauses.map((review) => review.id)).toEqual([id]);
  const [ran, held] = [server.ran(), gateway.call("/guard/v1/tools/echo/call", { arguments: {} })];
  await until(async () => (await heldCalls()) === 1);
  expect(server.ran()).toBe(ran);
  await gateway.cli("agents", "resume", "worker", "--reason", "fine");
  expect((await held).status).toBe(200);
});

function callAs(url: string, key: string, path: string, body: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function folderOf({ configFolder }: TestGateway): Promise<Record<string, string>> {
  const files = ["slipclutch.yaml", "agents/worker.yaml", "agents/writer.yaml"];
  const texts = files.map(async (file) => [file, await readFile(join(configFolder, file), "utf8")]);
  return Object.fromEntries(await Promise.all(texts));
}
