/** Resources and prompts over MCP: what is granted is listed and read, and nothing else is there. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { MCP_SCRIPT, type McpShelves } from "../../src/testing/mcp-script.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "./clients-world.ts";
import { MCP_CLIENTS, type McpAgent } from "./mcp-agents.ts";
import { handshake, stateless } from "./mcp-scene.ts";
import type { Json } from "./wiring-world.ts";

const WORLD_MS = 60_000;
const RESULT_BYTES_MAX = 8 * 1024 * 1024;

const resource = (uri: string) => ({ uri, name: uri });
const template = (uriTemplate: string) => ({ uriTemplate, name: uriTemplate });
const prompt = (name: string) => ({ name, arguments: [{ name: "text", required: false }] });

const ON_DESK: McpShelves = {
  resources: [
    "file:///data/a.txt",
    "file:///data/sub/b.txt",
    "file:///data/sub/../c.txt",
    "file:///data/caf\u00e9.txt",
    "file:///secret/d.txt",
    "notes://shared/x",
    "notes://desk/y",
  ].map(resource),
  resourceTemplates: ["file:///data/sub/{name}", "file:///{+path}", "notes://shared/{id}"].map(
    template,
  ),
  prompts: ["review", "summarize", "secret"].map(prompt),
};
const ON_WALL: McpShelves = {
  resources: ["notes://shared/x", "notes://wall/z", "urn:isbn:0451450523"].map(resource),
  resourceTemplates: [template("notes://wall/{id}")],
  prompts: ["review"].map(prompt),
};

let desk: McpFixture;
let wall: McpFixture;
let gateway: TestGateway;
let plainKey: string;

beforeAll(async () => {
  desk = await mcpFixture({ library: ON_DESK });
  wall = await mcpFixture({ library: ON_WALL });
  gateway = await startGateway({ config: folder(desk.url, wall.url) });
  const made = await gateway.api("POST", "/api/v1/keys", { agent: "zero" });
  plainKey = ((await made.json()) as Json).key;
}, WORLD_MS);

afterEach(() => {
  desk.set({ ...MCP_SCRIPT, library: ON_DESK });
});

afterAll(async () => {
  await gateway.stop();
  await forget(gateway);
  await desk.close();
  await wall.close();
});

function folder(deskUrl: string, wallUrl: string) {
  const server = (url: string) => ({ kind: "mcp", url, tools: { echo: { effect: "read" } } });
  return {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: { desk: server(deskUrl), wall: server(wallUrl) },
      limits: { new_tasks_per_hour: 1_000 },
      breakers: [
        { name: "stuck", enabled: false },
        { name: "tool-surge", enabled: false },
      ],
      budgets: [
        { name: "all", each: "agent", limit_usd: 1, window: "lifetime" },
        { name: "few", agent: "worker", each: "task", limit_calls: 3, window: "task" },
      ],
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_resources: [
        { server: "desk", uri: "file:///data/a.txt" },
        { server: "desk", under: "file:///data/sub/" },
        { server: "desk", under: "notes://shared/" },
        { server: "wall", under: "notes://shared/" },
        { server: "wall", under: "notes://wall/" },
        { server: "wall", uri: "urn:isbn:0451450523" },
      ],
      allowed_prompts: [
        {
          server: "desk",
          name: "review",
          arguments: { properties: { text: { maxLength: 10 } }, required: ["text"] },
        },
        { server: "desk", name: "summarize" },
        { server: "wall", name: "review" },
      ],
    },
    "agents/zero.yaml": {
      version: 1,
      agent: "zero",
      allowed_tools: [{ tool_name: "echo", server: "desk" }],
    },
  };
}

let tasks = 0;

interface Asking {
  readonly path?: string;
  readonly key?: string;
  readonly version?: "handshake" | "stateless";
  readonly task?: string;
}

async function ask(method: string, params: Json, asking: Asking = {}) {
  tasks += 1;
  const { key = gateway.agentKey, path = "/mcp", task = `t${tasks}`, version } = asking;
  const message = { method, params };
  const sent =
    version === "stateless" ? stateless(message) : { body: handshake(message), headers: {} };
  const named = version === "stateless" ? { "mcp-name": params.name ?? params.uri ?? null } : {};
  const headers = Object.entries({ ...sent.headers, ...named }).filter(([, one]) => one !== null);
  const answer = await fetch(`${gateway.agentUrl}/t/${task}${path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      ...(Object.fromEntries(headers) as Record<string, string>),
    },
    body: sent.body,
  });
  const json = (await answer.json()) as Json;
  const [decision = ""] = (answer.headers.get("x-slipclutch-decision") ?? "").split(";");
  return { status: answer.status, decision, json, error: json.error, result: json.result };
}

const read = (uri: string, asking?: Asking) => ask("resources/read", { uri }, asking);
const get = (name: string, given: Json = {}, asking?: Asking) =>
  ask("prompts/get", { name, arguments: given }, asking);

async function listed(path: string) {
  const [resources, templates, prompts] = await Promise.all([
    ask("resources/list", {}, { path }),
    ask("resources/templates/list", {}, { path }),
    ask("prompts/list", {}, { path }),
  ]);
  return {
    resources: resources.result.resources.map(({ uri }: Json) => uri),
    templates: templates.result.resourceTemplates.map((one: Json) => one.uriTemplate),
    prompts: prompts.result.prompts.map(({ name }: Json) => name),
  };
}

describe.each(MCP_CLIENTS)("$name", ({ connect, speaks }) => {
  let agent: McpAgent;

  // Each in a task of its own, as one may make few calls.
  beforeEach(async () => {
    tasks += 1;
    agent = await connect(`${gateway.agentUrl}/t/t${tasks}/mcp`, gateway.agentKey);
  }, WORLD_MS);

  afterEach(() => agent.close());

  test("lists what is granted", async () => {
    expect(await agent.library()).toEqual({
      resources: [
        ...["file:///data/a.txt", "file:///data/sub/b.txt"],
        ...["notes://wall/z", "urn:isbn:0451450523"],
      ],
      templates: ["file:///data/sub/{name}", "notes://wall/{id}"],
      prompts: ["desk__review", "summarize", "wall__review"],
    });
  });

  test("reads a resource and gets a prompt", async () => {
    const uri = "file:///data/sub/b.txt";
    expect(await agent.read(uri)).toMatchObject({ contents: [{ uri, text: `what is at ${uri}` }] });
    expect(await agent.prompt("desk__review", { text: "short" })).toMatchObject({
      messages: [{ role: "user", content: { type: "text", text: '{"text":"short"}' } }],
    });
  });

  test("is told that there is no other, with the code of the refusal", async () => {
    const uri = "file:///secret/d.txt";
    const sentence = "The resource is not granted to this agent.";
    const refused = await agent.read(uri);
    expect(refused).toMatchObject({ message: expect.stringContaining(sentence), data: { uri } });
    // One client takes the older code for the newer, whatever the version.
    expect(speaks === "2026-07-28" ? [-32_602] : [-32_002, -32_602]).toContain(refused.code);
    expect(await agent.prompt("secret", {})).toMatchObject({ code: -32_602 });
    expect(await agent.prompt("desk__review", { text: "longer than ten" })).toMatchObject({
      code: -32_602,
      data: { "slipclutch/code": "manifest.arguments" },
    });
  });
});

describe("at the URL of one server", () => {
  test("its own are listed, by their own names", async () => {
    expect(await listed("/mcp/desk")).toEqual({
      resources: ["file:///data/a.txt", "file:///data/sub/b.txt", "notes://shared/x"],
      templates: ["file:///data/sub/{name}", "notes://shared/{id}"],
      prompts: ["review", "summarize"],
    });
    expect(await listed("/mcp/wall")).toEqual({
      resources: ["notes://shared/x", "notes://wall/z", "urn:isbn:0451450523"],
      templates: ["notes://wall/{id}"],
      prompts: ["review"],
    });
  });

  test("what two servers are granted means one, and nothing at the URL of all", async () => {
    const uri = "notes://shared/x";
    expect((await read(uri)).error).toMatchObject({
      code: -32_002,
      message: expect.stringContaining("at /mcp/SERVER it means one"),
    });
    const before = wall.count("resources/read");
    expect((await read(uri, { path: "/mcp/wall" })).result.contents[0].uri).toBe(uri);
    expect(wall.count("resources/read")).toBe(before + 1);
    expect((await get("review")).error).toMatchObject({ code: -32_602 });
    expect((await get("review", {}, { path: "/mcp/wall" })).result.messages).toHaveLength(1);
  });

  test("what another server has is not there", async () => {
    expect((await read("file:///data/a.txt", { path: "/mcp/wall" })).error.code).toBe(-32_002);
    expect((await get("summarize", {}, { path: "/mcp/wall" })).error.code).toBe(-32_602);
  });
});

test("whatever is listed can be read", async () => {
  for (const path of ["/mcp", "/mcp/desk", "/mcp/wall"]) {
    const { prompts, resources } = await listed(path);
    for (const uri of resources) {
      expect((await read(uri, { path })).result.contents).toHaveLength(1);
    }
    for (const name of prompts) {
      expect((await get(name, { text: "x" }, { path })).result.messages).toHaveLength(1);
    }
  }
});

test.each([
  "file:///data/sub/../a.txt",
  "file:///data/sub/%2e%2e/secret",
  "file:///data/sub/..%2fsecret",
  "file:///data/sub//etc/passwd",
  "file:///data/sub/",
  "FILE:///data/sub/b.txt",
  "file:///data/./a.txt",
  "file:///data/a.txt#x",
  "file:///data/a%2etxt",
  "urn:isbn:0451450523 ",
])("no other spelling is read: %s", async (uri) => {
  const before = desk.count("resources/read");
  expect((await read(uri)).error.code).toBe(-32_002);
  expect(desk.count("resources/read")).toBe(before);
});

describe("what is said to be there", () => {
  const hello = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: {} };

  test("is what the agent is granted, there", async () => {
    const { result } = await ask("initialize", hello);
    expect(result.capabilities).toEqual({
      tools: {},
      resources: { subscribe: false, listChanged: false },
      prompts: { listChanged: false },
    });
    const discovered = await ask("server/discover", {}, { version: "stateless" });
    expect(discovered.result.capabilities).toMatchObject(result.capabilities);
  });

  test("is nothing to an agent without such grants, and its methods are unknown", async () => {
    const key = plainKey;
    const { result } = await ask("initialize", hello, { key });
    expect(result.capabilities).toEqual({ tools: {} });
    const methods = ["resources/list", "resources/templates/list", "prompts/list"];
    for (const method of methods) {
      expect((await ask(method, {}, { key })).error.code).toBe(-32_601);
    }
    expect((await read("file:///data/a.txt", { key })).error.code).toBe(-32_601);
    expect((await get("summarize", {}, { key })).error.code).toBe(-32_601);
    const wallOnly = await ask("prompts/list", {}, { key, path: "/mcp/wall" });
    expect(wallOnly.status).toBe(404);
  });

  test.each([
    "resources/subscribe",
    "resources/unsubscribe",
    "completion/complete",
    "logging/setLevel",
    "sampling/createMessage",
    "elicitation/create",
    "roots/list",
    "subscriptions/listen",
    "tasks/list",
  ])("is never %s", async (method) => {
    const { error } = await ask(method, { uri: "file:///data/a.txt", level: "debug" });
    expect(error.code).toBe(-32_601);
  });
});

describe("a request that is none", () => {
  test.each([
    ["resources/read", {}],
    ["resources/read", { uri: 7 }],
    ["resources/read", { uri: "" }],
    ["resources/read", { uri: `file:///data/sub/${"a".repeat(5_000)}` }],
    ["resources/list", { cursor: "made up" }],
    ["prompts/get", {}],
    ["prompts/get", { name: "" }],
    ["prompts/get", { name: "summarize", arguments: [] }],
    ["prompts/get", { name: "summarize", arguments: { text: 7 } }],
    ["prompts/get", { name: "summarize", arguments: { text: { deep: "er" } } }],
    ["prompts/list", { cursor: 7 }],
  ])("is told so: %s %j", async (method, params) => {
    const { error, status } = await ask(method, params);
    expect([status, error.code]).toEqual([200, -32_602]);
  });
});

/** What is at the one resource that is granted by itself. */
const A = expect.objectContaining({
  uri: "file:///data/a.txt",
  text: "what is at file:///data/a.txt",
});

describe("a reading is a call of the agent", () => {
  test("it is in the journal, and explained", async () => {
    const { decision } = await read("file:///data/sub/b.txt");
    await until(async () => {
      const { out } = await gateway.cli("explain", decision);
      return out.includes("let through and has ended");
    });
    const { out } = await gateway.cli("explain", decision);
    expect(out).toContain("resource file:///data/sub/b.txt, server desk");
    expect(out).toContain("few of");
    const refused = await read("file:///secret/d.txt");
    const told = await gateway.cli("explain", refused.decision);
    expect(told.out).toContain("manifest.unknown-tool");
    expect(told.out).toContain("file:///secret/d.txt");
  });

  test("it draws on budgets of calls, and is refused when they are spent", async () => {
    const task = "few-calls";
    expect((await read("file:///data/a.txt", { task })).result.contents).toEqual([A]);
    expect((await get("summarize", {}, { task })).result.messages).toHaveLength(1);
    // What is refused has drawn on nothing.
    expect((await read("file:///secret/d.txt", { task })).error.code).toBe(-32_002);
    expect((await read("file:///data/a.txt", { task })).result.contents).toEqual([A]);
    expect((await read("file:///data/a.txt", { task })).error).toMatchObject({
      code: -32_603,
      data: { "slipclutch/code": "budget.exhausted" },
    });
  });

  test("it is refused while the agent is paused, and nothing of it waits", async () => {
    await gateway.cli("agents", "pause", "worker", "--reason", "look");
    const { error } = await read("file:///data/a.txt");
    expect(error).toMatchObject({
      code: -32_603,
      message: expect.stringContaining("Call again"),
      data: { "slipclutch/code": "clutch.parked", "slipclutch/retry-after": 30 },
    });
    const answer = await gateway.api("GET", "/api/v1/reviews?state=open");
    expect(JSON.stringify(await answer.json())).not.toContain("resources/read");
    expect((await ask("resources/list", {})).result.resources).not.toEqual([]);
    await gateway.cli("agents", "resume", "worker", "--reason", "seen");
    expect((await read("file:///data/a.txt")).result.contents).toEqual([A]);
  });
});

describe("a server that", () => {
  test("has no such resource says so, in its own words", async () => {
    const uri = "file:///data/sub/missing";
    expect((await read(uri)).error).toEqual({
      code: -32_002,
      message: "Resource not found",
      data: { uri },
    });
    const now = await read(uri, { version: "stateless" });
    expect(now.error.code).toBe(-32_602);
  });

  test.each([
    ["garbage", "protocol"],
    ["half", "reset"],
    ["reset", "reset"],
    ["http-500", "protocol"],
    ["input-required", "protocol"],
    ["no-content", "protocol"],
    ["nothing", "protocol"],
    ["redirect", "protocol"],
    ["gzip", "protocol"],
  ] as const)("answers with %s is a fault", async (call, because) => {
    desk.set({ call });
    for (const { error } of [await read("file:///data/a.txt"), await get("summarize")]) {
      expect(error).toMatchObject({
        code: -32_603,
        message: expect.stringContaining(`because: ${because}`),
        data: { "slipclutch/code": "provider.unreachable" },
      });
    }
  });

  test("answers with ten megabytes is cut off, and one of eight is not", async () => {
    desk.set({ call: "huge", hugeBytes: 10 * 1024 * 1024 });
    for (const { error } of [await read("file:///data/a.txt"), await get("summarize")]) {
      expect(error.message).toContain("because: too-large");
      expect(error.message).toContain(`max: ${RESULT_BYTES_MAX}`);
    }
    desk.set({ call: "huge", hugeBytes: RESULT_BYTES_MAX - 1_000 });
    expect((await read("file:///data/a.txt")).result.contents).toHaveLength(1);
  });

  test("never answers is left when its client leaves, in 2026-07-28", async () => {
    desk.set({ call: "never" });
    const before = desk.count("resources/read");
    const uri = "file:///data/a.txt";
    const { body, headers } = stateless({ method: "resources/read", params: { uri } });
    const cut = new AbortController();
    const asked = fetch(`${gateway.agentUrl}/mcp`, {
      method: "POST",
      signal: cut.signal,
      body,
      headers: {
        ...(headers as Record<string, string>),
        "mcp-name": uri,
        authorization: `Bearer ${gateway.agentKey}`,
      },
    }).catch(() => null);
    await until(() => desk.count("resources/read") === before + 1);
    cut.abort();
    await asked;
    await until(async () => {
      const query = "kind=call.settled&take=newest&limit=1";
      const { entries } = (await (
        await gateway.api("GET", `/api/v1/journal?${query}`)
      ).json()) as Json;
      return entries[0]?.event?.fault?.startsWith("aborted") === true;
    });
  });

  test("lists what is no list has nothing listed, and the other is listed all the same", async () => {
    desk.set({ library: { ...ON_DESK, resources: [{ name: "no uri" }] } });
    desk.loseSessions();
    await gateway.api("POST", "/api/v1/reload");
    const { result } = await ask("resources/list", {}, { path: "/mcp/wall" });
    expect(result.resources).toHaveLength(3);
  });
});
