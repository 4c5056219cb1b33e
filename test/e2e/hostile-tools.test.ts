/** Tools from both sides: agents that send what is no call, and servers that answer what is no result. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { type CallAnswer, MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
import { booksOf, until } from "../faults/gateway-scene.ts";
import {
  type Folder,
  forget,
  startGateway,
  type TestGateway,
  writeFolder,
} from "../support/gateway.ts";
import { exchange, open, request } from "./hostile-socket.ts";
import type { Json } from "./wiring-world.ts";

const MCP = "/mcp";
const ECHO_PATH = "/guard/v1/tools/echo/call";
const BEARER = "desk-token-that-stays-here";
const ECHO_NANO = 250_000_000n;
const UNIT_NANO = 500_000_000n;
const UNITS_MAX = 4n;
const TIMEOUT_MS = 400;
const ANY = { type: "object" };

let desk: McpFixture;
/** Refuses every handshake. */
let shy: McpFixture;
let gateway: TestGateway;

function folder(servers: { desk: string; shy: string }, more: Json = {}): Folder {
  const read = { effect: "read" };
  const common = { kind: "mcp", auth: { bearer: BEARER } };
  const cost = { usd: 0.25 };
  return {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: {
        desk: { ...common, url: servers.desk, tools: { echo: read, bill: read, slow: read } },
        narrow: { ...common, url: servers.desk, connections_max: 1, tools: { fail: read } },
        shy: { ...common, url: servers.shy, tools: { hello: read } },
        dead: { ...common, url: "http://127.0.0.1:1/mcp", tools: { gone: read } },
        own: { kind: "agent", tools: { weather: read } },
      },
      budgets: [{ name: "all", agent: "worker", limit_usd: 1000, window: "lifetime" }],
      ...more,
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [
        { tool_name: "echo", cost, timeout: `${TIMEOUT_MS}ms` },
        { tool_name: "slow", cost, timeout: "20s" },
        { tool_name: "fail", cost, timeout: "20s" },
        { tool_name: "hello", cost },
        { tool_name: "gone", cost },
        { tool_name: "weather" },
        {
          tool_name: "bill",
          cost: { usd: 0.5, per: "unit", max: 4, quantity: { pointer: "/result/given/units" } },
        },
      ],
      blacklisted_tools: ["drop_table"],
    },
  };
}

const SCRIPT = {
  ...MCP_SCRIPT,
  tools: ["echo", "bill", "slow", "fail"].map((name) => ({ name, inputSchema: ANY })),
};

beforeAll(async () => {
  desk = await mcpFixture(SCRIPT);
  shy = await mcpFixture({ initialize: "error" });
  gateway = await startGateway({ config: folder({ desk: desk.url, shy: shy.url }) });
});

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await desk.close();
  await shy.close();
});

beforeEach(() => desk.set(SCRIPT));

interface Told {
  readonly status: number;
  /** Of a refusal on either road; "ok" for a result. */
  readonly code: string;
  readonly text: string;
  readonly json: Json;
  readonly headers: Headers;
}

async function told(answer: Response): Promise<Told> {
  const text = await answer.text();
  const { headers, status } = answer;
  const json = text === "" ? null : JSON.parse(text);
  const refused = json?.code ?? json?.result?._meta?.["slipclutch/code"];
  const code = refused ?? (json?.result ? "ok" : String(json?.error?.code ?? status));
  return { status, code, text, json, headers };
}

async function post(path: string, body: unknown, headers: Json = {}, at = gateway): Promise<Told> {
  return told(await at.call(path, body, headers));
}

const rpc = (method: string, params: Json = {}) => ({ jsonrpc: "2.0", id: 7, method, params });

type Road = (name: string, given?: Json, at?: TestGateway) => Promise<Told>;

/** The same call on both roads. */
const ROADS: readonly (readonly [string, Road])[] = [
  [
    "MCP",
    (name, given = {}, at = gateway) =>
      post(MCP, rpc("tools/call", { name, arguments: given }), {}, at),
  ],
  [
    "the dispatcher",
    (name, given = {}, at = gateway) => {
      const path = `/guard/v1/tools/${encodeURIComponent(name)}/call`;
      return post(path, { arguments: given }, {}, at);
    },
  ],
];

/** What calls cost by the books, and that nothing stays set aside. */
async function spentBy(calls: () => Promise<unknown>): Promise<bigint> {
  const settled = async (): Promise<bigint> => {
    const seen = await until(
      () => booksOf(gateway),
      (books) => books.reserved === 0n,
    );
    return seen.spent;
  };
  await agentsBooks();
  const before = await settled();
  await calls();
  const spent = (await settled()) - before;
  expect(await agentsBooks()).toMatchObject({ reserved_usd: "0" });
  return spent;
}

/** What the agent is told of its budget; asking settles the books. */
async function agentsBooks(at = gateway): Promise<Json> {
  const answer = await fetch(`${at.agentUrl}/guard/v1/budgets`, {
    headers: { authorization: `Bearer ${at.agentKey}` },
  });
  return ((await answer.json()) as Json).budgets[0];
}

async function events(kind: string, at = gateway): Promise<Json[]> {
  const answer = await at.api("GET", `/api/v1/journal?kind=${kind}&limit=1000`);
  return ((await answer.json()) as Json).entries;
}

// --- Agents ---------------------------------------------------------------------------------------

/** The bytes of a body as they are. */
async function raw(path: string, body: string | Buffer): Promise<Json> {
  const bytes = Buffer.from(body);
  const lines = [`POST ${path} HTTP/1.1`, "host: 127.0.0.1", "content-type: application/json"];
  const auth = `authorization: Bearer ${gateway.agentKey}`;
  const head = [...lines, auth, `content-length: ${bytes.length}`];
  const { answers } = await exchange(gateway.agentUrl, request(head, bytes));
  return { ...answers[0], json: JSON.parse(answers[0]?.body ?? "null") };
}

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const call = (given: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${given}}}`;

describe("what is no message is answered in its own words, and reaches no tool", () => {
  const [PARSE, INVALID, PARAMS] = [-32_700, -32_600, -32_602];
  const bodies: readonly (readonly [what: string, body: string | Buffer, code: number])[] = [
    ["nothing", "", PARSE],
    ["half of one", call("{}").slice(0, -10), PARSE],
    ["one and a half", call("{}") + call("{}"), PARSE],
    ["null", "null", INVALID],
    ["a number", "7", INVALID],
    ["a batch", `[${call("{}")}]`, INVALID],
    ["an empty batch", "[]", INVALID],
    ["a method named twice", call("{}").replace('"id"', '"method":"ping","id"'), INVALID],
    ["a name given twice", call("{}").replace('"name"', '"name":"weather","name"'), INVALID],
    ["an argument given twice", call('{"a":1,"a":2}'), INVALID],
    ["an argument given twice, once in escapes", call('{"a":1,"\\u0061":2}'), INVALID],
    ["100,000 arrays in each other", call(`{"a":${nested(100_000)}}`), INVALID],
    ["65 levels", call(`{"a":${nested(65)}}`), INVALID],
    ["another version", call("{}").replace("2.0", "1.0"), INVALID],
    ["an id of null", call("{}").replace('"id":1', '"id":null'), INVALID],
    ["an id that is a list", call("{}").replace('"id":1', '"id":[1]'), INVALID],
    ["an id past 2^53", call("{}").replace('"id":1', '"id":9007199254740993'), INVALID],
    ["a method that is a number", call("{}").replace('"tools/call"', "5"), INVALID],
    ["parameters that are a list", call("{}").replace(/"params":.*/, '"params":[]}'), PARAMS],
  ];
  test.each(bodies)("on MCP: %s", async (_, body, code) => {
    const ran = desk.ran();
    const { json, status } = await raw(MCP, body);
    expect({ status, code: json.error.code }).toEqual({ status: 400, code });
    expect(desk.ran()).toBe(ran);
  });

  const wrong: readonly (readonly [what: string, body: string])[] = [
    ["arguments that are text", call('"{}"')],
    ["arguments that are a list", call("[]")],
    ["arguments that are null", call("null")],
    ["a number past 2^53", call('{"n":9007199254740993}')],
    ["no name", call("{}").replace('"name":"echo",', "")],
    ["a name that is a number", call("{}").replace('"echo"', "1")],
    ["a name without letters", call("{}").replace('"echo"', '""')],
    ["a name of 10,000 letters", call("{}").replace("echo", "e".repeat(10_000))],
    ["a _meta that is text", call("{}").replace('"name"', '"_meta":"x","name"')],
  ];
  test.each(wrong)("on MCP, as a wrong call: %s", async (_, body) => {
    const ran = desk.ran();
    const { json, status } = await raw(MCP, body);
    expect({ status, code: json.error.code, id: json.id }).toEqual({
      status: 200,
      code: PARAMS,
      id: 1,
    });
    expect(desk.ran()).toBe(ran);
  });

  const dispatched: readonly (readonly [what: string, body: string | Buffer])[] = [
    ["half of one", '{"arguments":{'],
    ["an array", "[]"],
    ["null", "null"],
    ["arguments given twice", '{"arguments":{},"arguments":{"n":1}}'],
    ["an argument given twice", '{"arguments":{"a":1,"a":2}}'],
    ["arguments that are text", '{"arguments":"{}"}'],
    ["arguments that are a list", '{"arguments":[]}'],
    ["arguments that are null", '{"arguments":null}'],
    ["a number past 2^53", '{"arguments":{"n":9007199254740993}}'],
    ["100,000 arrays in each other", `{"arguments":{"a":${nested(100_000)}}}`],
    ["66 levels", `{"arguments":{"a":${nested(64)}}}`],
    ["a call_id that is a number", '{"call_id":1}'],
    ["a call_id without letters", '{"call_id":""}'],
    ["a call_id of 10,000 letters", `{"call_id":"${"x".repeat(10_000)}"}`],
  ];
  test.each(dispatched)("at the dispatcher: %s", async (_, body) => {
    const ran = desk.ran();
    const { json, status } = await raw(ECHO_PATH, body);
    expect({ status, code: json.code }).toEqual({ status: 400, code: "request.malformed" });
    expect(desk.ran()).toBe(ran);
  });

  test("at the dispatcher, a field that it does not know", async () => {
    const { code, status } = await post(ECHO_PATH, { arguments: {}, argument: {} });
    expect([status, code]).toEqual([403, "request.unknown-field"]);
  });

  const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xed, 0xa0])]);
  test.each([MCP, ECHO_PATH])("bytes that are no UTF-8, at %s", async (path) => {
    const { json, status } = await raw(path, bytes);
    expect([status, json.code]).toEqual([400, "request.malformed"]);
  });
});

describe("size", () => {
  const tenMegabytes = { text: "x".repeat(10 * 1024 * 1024) };

  test.each(ROADS)("10 MB of arguments are refused before they are parsed: %s", async (_, road) => {
    const { code, json, status } = await road("echo", tenMegabytes);
    expect([status, code]).toEqual([413, "request.too-large"]);
    // By the size of the body, so nobody has looked inside.
    expect(json.error.details.facts).toMatchObject({ max_request_bytes: 1_114_112 });
  });

  test.each(ROADS)("what is around arguments counts apart from them: %s", async (_, road) => {
    const most = { t: "x".repeat(1024 * 1024 - '{"t":""}'.length) };
    expect(await road("echo", most)).toMatchObject({ status: 200, code: "ok" });
    const ran = desk.ran();
    const { code, text } = await road("echo", { t: `${most.t}x` });
    expect(code).toBe("request.too-large");
    expect(text).toContain("max_arguments_bytes");
    expect(desk.ran()).toBe(ran);
  });

  test("64 levels pass, and names of JavaScript's own are names like all", async () => {
    const given = JSON.parse(`{"__proto__":{"a":1},"constructor":1,"deep":${nested(58)}}`);
    for (const [, road] of ROADS) {
      const { json } = await road("slow", given);
      expect(JSON.stringify(json.result.structuredContent.given)).toBe(JSON.stringify(given));
    }
  });
});

describe("the protocol", () => {
  test.each(["resources/list", "prompts/get", "tasks/get", "sampling/createMessage", "x"])(
    "%s is a method that is not served",
    async (method) => {
      const { json, status } = await post(MCP, rpc(method));
      expect({ status, json }).toMatchObject({ status: 200, json: { error: { code: -32_601 } } });
    },
  );

  test("a version that is not spoken here is refused, one that is not", async () => {
    const with_ = (version: string) => post(MCP, rpc("ping"), { "mcp-protocol-version": version });
    expect(await with_("1999-01-01")).toMatchObject({ status: 400, json: { id: 7, error: {} } });
    for (const version of ["2025-11-25", "2025-06-18", "2025-03-26"]) {
      expect(await with_(version)).toMatchObject({ status: 200, json: { result: {} } });
    }
  });

  test.each(["GET", "DELETE"])(
    "%s answers 405: there is no stream and no session",
    async (method) => {
      for (const path of [MCP, `${MCP}/desk`]) {
        const answer = await fetch(gateway.agentUrl + path, {
          method,
          headers: { authorization: `Bearer ${gateway.agentKey}` },
        });
        expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
      }
    },
  );

  test("notifications and answers are taken, and nothing comes back", async () => {
    const initialized = { jsonrpc: "2.0", method: "notifications/initialized" };
    const answers = [
      initialized,
      { ...initialized, method: "notifications/of/tomorrow" },
      { jsonrpc: "2.0", id: 1, result: {} },
      { jsonrpc: "2.0", id: null, error: { code: 1, message: "" } },
    ];
    for (const message of answers) {
      expect(await post(MCP, message)).toMatchObject({ status: 202, text: "" });
    }
    // Without an id there is nobody to tell what came of it, so it is not run.
    const ran = desk.ran();
    const unasked = { jsonrpc: "2.0", method: "tools/call", params: { name: "slow" } };
    expect((await post(MCP, unasked)).status).toBe(202);
    expect(desk.ran()).toBe(ran);
  });

  test("no session is named, and one that is named is not missed", async () => {
    const hello = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "x" } };
    const { headers } = await post(MCP, rpc("initialize", hello));
    expect(headers.get("mcp-session-id")).toBe(null);
    expect(await post(MCP, rpc("ping"), { "mcp-session-id": "gone" })).toMatchObject({
      code: "ok",
    });
  });

  test.each([
    "https://evil.example",
    "null",
    "not an origin",
    "http://127.0.0.1",
    "file:///etc/passwd",
  ])("a page of another origin is refused: %s", async (origin) => {
    const ran = desk.ran();
    for (const body of [rpc("tools/call", { name: "slow" }), rpc("tools/list")]) {
      expect(await post(MCP, body, { origin })).toMatchObject({ status: 403 });
    }
    expect(desk.ran()).toBe(ran);
  });

  test("a page whose own name was made to point here is refused", async () => {
    const { port } = new URL(gateway.agentUrl);
    const lines = [
      `POST ${MCP} HTTP/1.1`,
      `host: evil.example:${port}`,
      `origin: http://evil.example:${port}`,
      `authorization: Bearer ${gateway.agentKey}`,
    ];
    const body = JSON.stringify(rpc("tools/list"));
    const bytes = request([...lines, `content-length: ${body.length}`], body);
    const { answers } = await exchange(gateway.agentUrl, bytes);
    expect(answers[0]?.status).toBe(403);
  });

  test("a page that the gateway itself could have served may ask", async () => {
    const { port } = new URL(gateway.agentUrl);
    expect(await post(MCP, rpc("ping"), { origin: gateway.agentUrl })).toMatchObject({
      code: "ok",
    });
    const lines = [
      `POST ${MCP} HTTP/1.1`,
      `host: localhost:${port}`,
      `origin: http://localhost:${port}`,
      `authorization: Bearer ${gateway.agentKey}`,
    ];
    const body = JSON.stringify(rpc("ping"));
    const bytes = request([...lines, `content-length: ${body.length}`], body);
    expect((await exchange(gateway.agentUrl, bytes)).answers[0]?.status).toBe(200);
  });

  test.each(["/mcp/nobody", "/mcp/own", "/mcp/desk/", "/mcp/desk/tools", "/mcp/%", "/mcpx"])(
    "%s is no server of this agent",
    async (path) => {
      expect(await post(path, rpc("tools/list"))).toMatchObject({
        status: 404,
        code: "request.unknown-path",
      });
    },
  );

  test.each([MCP, "/mcp/desk", ECHO_PATH])("%s is nobody's without a key", async (path) => {
    for (const authorization of ["", "Bearer sck_wrong", `Basic ${gateway.agentKey}`]) {
      expect(await post(path, rpc("tools/list"), { authorization })).toMatchObject({
        status: 401,
        code: "key.invalid",
      });
    }
  });

  test.each(ROADS)("names that mean nothing or what is forbidden: %s", async (_, road) => {
    const ran = desk.ran();
    for (const name of [
      "Echo",
      "echo ",
      "desk__",
      "__proto__",
      "constructor",
      "e\u0000cho",
      "ёcho",
    ])
      expect((await road(name)).code, name).toBe("manifest.unknown-tool");
    for (const name of ["DROP-TABLE", "desk__drop_table", "drop\u200b_table", "ԁrop_table"])
      expect((await road(name)).code, name).toBe("manifest.blacklisted");
    expect((await road("weather")).code).toBe("manifest.unknown-tool");
    expect(desk.ran()).toBe(ran);
    for (const name of ["echo", "desk__echo", "mcp__slipclutch__echo"])
      expect((await road(name)).code, name).toBe("ok");
  });

  test.each(ROADS)("a refusal names its decision and its code in a header: %s", async (_, road) => {
    const { headers } = await road("drop_table");
    const said = headers.get("x-slipclutch-decision");
    expect(said).toMatch(/^d-[0-9a-z-]+; code=manifest\.blacklisted$/);
  });

  test("what was refused unread can be explained by its decision too", async () => {
    const { headers } = await post(MCP, "{");
    const decision = /^[^;]+/.exec(headers.get("x-slipclutch-decision") ?? "")?.[0] ?? "";
    await until(
      async () => (await gateway.cli("explain", decision)).out,
      (out) => out.includes("request.malformed"),
    );
  });
});

// --- Servers --------------------------------------------------------------------------------------

/** How a server can fail a call, and what the agent is told. */
const FAULTS: readonly (readonly [CallAnswer, code: string])[] = [
  ["half", "provider.unreachable"],
  ["half-clean", "provider.unreachable"],
  ["reset", "provider.unreachable"],
  ["never", "provider.timeout"],
  ["garbage", "provider.unreachable"],
  ["empty", "provider.unreachable"],
  ["wrong-id", "provider.unreachable"],
  ["batch", "provider.unreachable"],
  ["duplicate-key", "provider.unreachable"],
  ["no-content", "provider.unreachable"],
  ["rpc-error", "provider.unreachable"],
  ["anonymous-error", "provider.unreachable"],
  ["http-500", "provider.unreachable"],
  ["http-401", "provider.unreachable"],
  ["redirect", "provider.unreachable"],
  ["gzip", "provider.unreachable"],
  ["text", "provider.unreachable"],
  ["accepted", "provider.unreachable"],
  ["huge", "provider.unreachable"],
  ["flood", "provider.unreachable"],
];
const STATUS: Readonly<Record<string, number>> = {
  "provider.unreachable": 502,
  "provider.timeout": 504,
};

/** The agent is told which server failed; not how it is reached, nor by what right. */
function keepsItsSecrets({ text }: Told): void {
  for (const secret of [new URL(desk.url).host, new URL(shy.url).host, BEARER, "ECONN"]) {
    expect(text).not.toContain(secret);
  }
}

describe.each(ROADS)("a server that fails, on %s", (name, road) => {
  const status = (code: string) => (name === "MCP" ? 200 : STATUS[code]);

  test.each(FAULTS)("%s: %s, and the cost of a call that may have run", async (answer, code) => {
    const spent = await spentBy(async () => {
      desk.set({ call: answer, hugeBytes: 9 * 1024 * 1024 });
      const seen = await road("echo");
      expect([seen.status, seen.code]).toEqual([status(code), code]);
      if (name === "MCP") expect(seen.json.result.isError).toBe(true);
      expect(seen.text).toContain("may_have_run: true");
      keepsItsSecrets(seen);
    });
    expect(spent).toBe(ECHO_NANO);
    desk.set(SCRIPT);
    expect((await road("echo")).code).toBe("ok");
  });

  test("slower than its time: 504, and its late answer is nobody's", async () => {
    const spent = await spentBy(async () => {
      desk.set({ latencyMs: TIMEOUT_MS + 300 });
      const begun = performance.now();
      expect((await road("echo")).code).toBe("provider.timeout");
      expect(performance.now() - begun).toBeLessThan(TIMEOUT_MS + 250);
      await sleep(500);
    });
    expect(spent).toBe(ECHO_NANO);
  });

  test.each([
    ["nobody is there", "gone"],
    ["it refuses the handshake", "hello"],
  ])("%s: 502, and nothing is charged, for nothing was sent", async (_, tool) => {
    const spent = await spentBy(async () => {
      const seen = await road(tool);
      expect([seen.status, seen.code]).toEqual([
        status("provider.unreachable"),
        "provider.unreachable",
      ]);
      expect(seen.text).toContain("may_have_run: false");
      keepsItsSecrets(seen);
    });
    expect(spent).toBe(0n);
  });

  test("a tool that says that it failed is delivered as it said it, and charged", async () => {
    const spent = await spentBy(async () => {
      const { json, status: got } = await road("fail");
      expect(got).toBe(200);
      expect(json.result).toMatchObject({ isError: true, content: [{ text: "it failed" }] });
    });
    expect(spent).toBe(ECHO_NANO);
  });

  test.each([
    ["what was used", { units: 2 }, 2n * UNIT_NANO],
    ["a part of a unit", { units: 0.5 }, UNIT_NANO / 2n],
    ["the most where nothing is said", {}, UNITS_MAX * UNIT_NANO],
    ["the most for a negative quantity", { units: -3 }, UNITS_MAX * UNIT_NANO],
    ["the most for a text", { units: "2" }, UNITS_MAX * UNIT_NANO],
    ["all of it where it used more than it may", { units: 6 }, 6n * UNIT_NANO],
    ["the most for what no budget can count", { units: 1e15 }, UNITS_MAX * UNIT_NANO],
  ])("is charged %s", async (_, given, nano) => {
    const before = (await events("budget.overbilled")).length;
    expect(await spentBy(() => road("bill", given))).toBe(nano);
    const { units } = given as { units?: unknown };
    const over = typeof units === "number" && units > Number(UNITS_MAX) ? 1 : 0;
    expect((await events("budget.overbilled")).length - before).toBe(over);
  });

  test("without their server its tools are not listed; all others are", async () => {
    const { json } = await post(MCP, rpc("tools/list"));
    const names = json.result.tools.map((tool: Json) => tool.name);
    expect(names.toSorted()).toEqual(["bill", "echo", "fail", "slipclutch_budget", "slow"]);
  });
});

// --- In the middle of a call ----------------------------------------------------------------------

/** Sends a call and goes as soon as the server has it, or after so long. */
async function leave(path: string, body: Json, when: () => Promise<unknown>): Promise<void> {
  const socket = await open(gateway.agentUrl);
  socket.on("error", () => undefined);
  const text = JSON.stringify(body);
  const lines = [`POST ${path} HTTP/1.1`, "host: 127.0.0.1"];
  const auth = `authorization: Bearer ${gateway.agentKey}`;
  socket.write(request([...lines, auth, `content-length: ${text.length}`], text));
  await when();
  socket.destroy();
}

const arrived = (count: number) => () =>
  until(
    () => desk.ran(),
    (ran) => ran === count,
  );

describe("a client that leaves", () => {
  const roads: readonly (readonly [string, string, (tool: string) => readonly [string, Json]])[] = [
    ["MCP", "mcp", (name) => [MCP, rpc("tools/call", { name, arguments: {} })]],
    ["the dispatcher", "dispatcher", (name) => [`/guard/v1/tools/${name}/call`, {}]],
  ];

  test.each(roads)(
    "once the tool runs: it is charged once, by its result: %s",
    async (_, by, to) => {
      const settledBefore = (await events("call.settled")).length;
      const spent = await spentBy(async () => {
        desk.set({ latencyMs: 300 });
        const [path, body] = to("slow");
        await leave(path, body, arrived(desk.ran() + 1));
        await until(
          async () => (await events("call.settled")).length,
          (count) => count > settledBefore,
        );
      });
      expect(spent).toBe(ECHO_NANO);
      const settled = (await events("call.settled")).slice(0, 1000);
      expect(settled.length).toBe(settledBefore + 1);
      const last = settled.toSorted((a, b) => a.position - b.position).at(-1);
      expect(last.event).toMatchObject({ outcome: "ok", asked: { by, tool: "slow" } });
    },
  );

  test.each(roads)(
    "while its call waits for a connection: it is not sent: %s",
    async (_, _by, to) => {
      const refusedBefore = (await events("call.refused")).length;
      const spent = await spentBy(async () => {
        desk.set({ latencyMs: 400 });
        const ran = desk.ran();
        const first = ROADS[0]?.[1]("fail");
        await arrived(ran + 1)();
        const [path, body] = to("fail");
        await leave(path, body, () => sleep(100));
        await first;
        desk.set({ latencyMs: 0 });
        // The third has the connection after the second had its turn.
        await ROADS[0]?.[1]("fail");
        expect(desk.ran()).toBe(ran + 2);
      });
      expect(spent).toBe(2n * ECHO_NANO);
      // It was nobody's refusal: the journal has it as dropped.
      expect((await events("call.refused")).length).toBe(refusedBefore);
      const outcomes = (await events("call.settled")).map(({ event }) => event.outcome);
      expect(outcomes).toContain("dropped");
    },
  );
});

describe("a gateway that ends or changes in the middle of a call", () => {
  const others: TestGateway[] = [];

  afterEach(async () => {
    for (const one of others.splice(0)) {
      await one.stop("SIGKILL");
      await forget(one);
    }
  });

  async function start(data?: string): Promise<TestGateway> {
    const config = folder({ desk: desk.url, shy: shy.url });
    const one = await startGateway({ config, ...(data === undefined ? {} : { data }) });
    others.push(one);
    return one;
  }

  test.each(ROADS)(
    "killed: what it held is forfeited, and the call is explained: %s",
    async (_, road) => {
      const victim = await start();
      desk.set({ call: "never" });
      const ran = desk.ran();
      const cut = road("slow", {}, victim).then(
        () => "answered",
        () => "cut",
      );
      await arrived(ran + 1)();
      const [admitted] = await until(
        () => events("call.admitted", victim),
        (entries) => entries.length > 0,
      );
      await victim.stop("SIGKILL");
      expect(await cut).toBe("cut");

      const heir = await start(victim.dataFolder);
      const books = await booksOf(heir);
      expect(books.forfeited).toBeGreaterThanOrEqual(ECHO_NANO);
      expect(books.reserved).toBe(0n);
      const { out } = await heir.cli("explain", admitted.decision);
      expect(out).toContain("its process died before it ended");
      expect(out).toContain("slow");
    },
  );

  test.each(ROADS)("told to stop: the call ends well first: %s", async (_, road) => {
    const first = await start();
    desk.set({ latencyMs: 700 });
    const ran = desk.ran();
    const asked = road("slow", {}, first);
    await arrived(ran + 1)();
    const stopped = first.stop("SIGTERM");
    expect((await asked).code).toBe("ok");
    expect(await stopped).toBe(0);
    const next = await start(first.dataFolder);
    const { forfeited, reserved, spent } = await booksOf(next);
    expect({ forfeited, reserved, spent }).toEqual({
      forfeited: 0n,
      reserved: 0n,
      spent: ECHO_NANO,
    });
  });

  test.each(ROADS)("reloaded without the server: the call ends well: %s", async (_, road) => {
    const one = await start();
    desk.set({ latencyMs: 700 });
    const ran = desk.ran();
    const asked = road("slow", {}, one);
    await arrived(ran + 1)();
    await withoutTools(one);
    expect((await asked).code).toBe("ok");
    expect((await road("slow", {}, one)).code).toBe("manifest.unknown-tool");
    expect(await agentsBooks(one)).toMatchObject({ spent_usd: "0.25", reserved_usd: "0" });
  });

  test("reloaded without the server after the client has left: still by its result", async () => {
    const one = await start();
    desk.set({ latencyMs: 700 });
    const ran = desk.ran();
    const aborted = new AbortController();
    const gone = fetch(`${one.agentUrl}/guard/v1/tools/slow/call`, {
      method: "POST",
      headers: { authorization: `Bearer ${one.agentKey}` },
      signal: aborted.signal,
    }).catch(() => "gone");
    await arrived(ran + 1)();
    aborted.abort();
    await gone;
    await withoutTools(one);
    const [settled] = await until(
      () => events("call.settled", one),
      (entries) => entries.length > 0,
    );
    expect(settled.event).toMatchObject({ outcome: "ok", charged_usd: "0.25" });
  });

  async function withoutTools(one: TestGateway): Promise<void> {
    const rest = folder({ desk: desk.url, shy: shy.url }) as Json;
    const { tool_servers: _, ...slipclutch } = rest["slipclutch.yaml"];
    const bare = { version: 1, agent: "worker" };
    const files = { "slipclutch.yaml": slipclutch, "agents/worker.yaml": bare };
    await writeFolder(files, one.configFolder);
    expect((await one.api("POST", "/api/v1/reload")).status).toBe(200);
  }
});
