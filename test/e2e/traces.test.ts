/** Traces of a real gateway, as a collector sees them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { type Collector, collector, type Seen } from "../support/collector.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type HttpDesk, httpDesk, json } from "../support/http-desk.ts";

const MODEL = "simulated-small";
const SECRET = "a question that stays here";
const HELLO = { model: MODEL, max_tokens: 20, messages: [{ role: "user", content: SECRET }] };
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER = "00f067aa0ba902b7";
const PARENT = `00-${TRACE}-${CALLER}-01`;
const STATE = "vendor=opaque";
const BAGGAGE = "user=ana";
const NOTES = "notes://desk/x";
const [INTERNAL, SERVER, CLIENT] = [1, 2, 3];
const FAILED = 2;

let upstream: SimulatedUpstream;
let desk: McpFixture;
let plain: HttpDesk;
let seen: Collector;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await simulatedUpstream({ clock: systemClock });
  desk = await mcpFixture({
    library: {
      resources: [{ uri: NOTES, name: "notes" }],
      resourceTemplates: [],
      prompts: [{ name: "review" }],
    },
  });
  plain = await httpDesk((_, response) => json(response, { answer: SECRET }));
  seen = await collector();
  gateway = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: seen.url });
});

afterAll(async () => {
  await gateway?.stop();
  await Promise.all([forget(gateway), upstream.close(), desk.close(), plain.close()]);
  await seen.close();
});

function start(environment: Readonly<Record<string, string>>, flags?: { data: string }) {
  const usual = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", OTEL_BSP_SCHEDULE_DELAY: "20" };
  return startGateway({ config: folder(), environment: { ...usual, ...environment }, ...flags });
}

function folder() {
  const look = { method: "GET", path: "/look", effect: "read" };
  return {
    "slipclutch.yaml": {
      version: 1,
      providers: {
        gpt: {
          ...{ kind: "openai", api_key: "not-a-key", base_url: `${upstream.url}/v1` },
          ...{ prices_of: "simulated", models: [MODEL] },
        },
      },
      tool_servers: {
        desk: { kind: "mcp", url: desk.url, tools: { echo: { effect: "read" } } },
        plain: {
          ...{ kind: "http", url: plain.url, allow_addresses: ["127.0.0.0/8"] },
          tools: { look },
        },
        own: { kind: "agent", asks: true, tools: { note: { effect: "read" } } },
        mine: { kind: "agent", tools: { jot: { effect: "read" } } },
      },
      budgets: [{ name: "all", agent: "worker", limit_usd: 10, window: "lifetime" }],
      parking: { hold_for: "60s" },
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      models: [MODEL],
      allowed_tools: [
        { tool_name: "echo", cost: { usd: 0.25 } },
        { tool_name: "look" },
        { tool_name: "note", server: "own" },
        { tool_name: "jot", server: "mine" },
      ],
      allowed_resources: [{ server: "desk", uri: NOTES }],
      allowed_prompts: [{ server: "desk", name: "review" }],
    },
  };
}

type Headers = Readonly<Record<string, string>>;

function chat(headers: Headers = {}, at = gateway): Promise<Response> {
  return at.call("/v1/chat/completions", HELLO, headers);
}

function mcp(name: string, meta: Headers, headers: Headers = {}): Promise<Response> {
  const params = { name, arguments: { text: SECRET }, _meta: meta };
  const accept = "application/json, text/event-stream";
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
  return gateway.call("/mcp", message, { accept, ...headers });
}

/** The span of the call that was answered with this. */
async function spanOf(answer: Response, from = seen): Promise<Seen> {
  await answer.text();
  const decision = answer.headers.get("x-slipclutch-decision")?.split(";")[0];
  return from.find(({ attributes }) => attributes["slipclutch.decision"] === decision);
}

/** `_meta` of the newest call that a tool server of MCP got. */
function metaAtDesk(): Readonly<Record<string, unknown>> {
  const calls = desk.arrivals().flatMap(({ message }) => {
    return message.kind === "request" && message.method === "tools/call" ? [message.params] : [];
  });
  // `as`: what the gateway sends there is an object, if anything.
  return (calls.at(-1)?._meta ?? {}) as Record<string, unknown>;
}

function atProvider(): Readonly<Record<string, unknown>> {
  return upstream.recorded().at(-1)?.headers ?? {};
}

describe("a span", () => {
  test("of a model call follows the pinned conventions and says what was decided", async () => {
    const answer = await chat({ "x-slipclutch-task": "ticket-1" });
    expect(answer.status).toBe(200);
    const span = await spanOf(answer);
    expect(span).toMatchObject({ name: `chat ${MODEL}`, kind: CLIENT, status: {}, flags: 0x101 });
    expect(span.parentSpanId).toBeUndefined();
    expect(span.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": MODEL,
      "gen_ai.request.max_tokens": 20,
      "gen_ai.usage.input_tokens": expect.any(Number),
      "gen_ai.usage.output_tokens": expect.any(Number),
      "gen_ai.conversation.id": "ticket-1",
      "gen_ai.agent.id": "worker",
      "gen_ai.agent.name": "worker",
      "server.address": "127.0.0.1",
      "server.port": Number(new URL(upstream.url).port),
      "slipclutch.verdict": "allow",
      "slipclutch.outcome": "ok",
      "slipclutch.provider": "gpt",
      "slipclutch.budgets": ["all"],
      "slipclutch.revision": expect.stringMatching(/^dir:/),
    });
    const { attributes, endTimeUnixNano, startTimeUnixNano } = span;
    expect(attributes["slipclutch.cost.usd"]).toBeGreaterThan(0);
    expect(attributes["slipclutch.reserved.usd"]).toBeGreaterThan(0);
    expect(Number(endTimeUnixNano)).toBeGreaterThan(Number(startTimeUnixNano));
    expect(Math.abs(Number(startTimeUnixNano) / 1e6 - Date.now())).toBeLessThan(60_000);
  });

  test("of a tool call says its tool, the method of MCP and what it cost", async () => {
    const span = await spanOf(await mcp("echo", {}));
    expect(span).toMatchObject({ name: "execute_tool echo", kind: CLIENT, status: {} });
    expect(span.attributes).toMatchObject({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "echo",
      "gen_ai.tool.type": "function",
      "mcp.method.name": "tools/call",
      "server.port": Number(new URL(desk.url).port),
      "slipclutch.tool_server": "desk",
      "slipclutch.by": "mcp",
      "slipclutch.cost.usd": 0.25,
    });
  });

  test("of a call that named itself has its name", async () => {
    const body = { call_id: "look-1", arguments: {} };
    const span = await spanOf(await gateway.call("/guard/v1/tools/look/call", body));
    expect(span.attributes).toMatchObject({ "gen_ai.tool.call.id": "look-1" });
    expect(span.attributes["mcp.method.name"]).toBeUndefined();
  });

  test("of a tool that its agent runs lasts until its outcome is reported", async () => {
    const asked = await gateway.call("/guard/v1/decisions", { tool: "note", arguments: {} });
    const { decision } = (await asked.clone().json()) as { decision: string };
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(seen.spans().some(({ name }) => name === "execute_tool note")).toBe(false);
    await gateway.call(`/guard/v1/decisions/${decision}/outcome`, { ok: false, error: SECRET });
    const span = await spanOf(asked);
    expect(span).toMatchObject({ kind: INTERNAL, status: { code: FAILED } });
    expect(span.attributes["error.type"]).toBe("tool_error");
    expect(Number(span.endTimeUnixNano) - Number(span.startTimeUnixNano)).toBeGreaterThan(25e6);
  });

  test("of a call in an answer is under that of the answer", async () => {
    upstream.control(() => ({ kind: "script", toolCalls: [{ name: "jot", arguments: {} }] }));
    const tools = [{ type: "function", function: { name: "jot" } }];
    const answer = await gateway.call("/v1/chat/completions", { ...HELLO, tools });
    upstream.control(null);
    const span = await spanOf(answer);
    const call = await seen.find(({ name }) => name === "execute_tool jot");
    expect([call.traceId, call.parentSpanId]).toEqual([span.traceId, span.spanId]);
    expect(call).toMatchObject({ kind: INTERNAL, flags: 0x101 });
    expect(call.attributes["slipclutch.by"]).toBe("answer");
  });

  test.each([
    ["resources/read", { uri: NOTES }, "resources/read"],
    ["prompts/get", { name: "review" }, "prompts/get review"],
  ])("of what is read is no tool's: %s", async (method, what, name) => {
    const params = { ...what, _meta: { traceparent: PARENT } };
    const accept = "application/json, text/event-stream";
    const message = { jsonrpc: "2.0", id: 1, method, params };
    const span = await spanOf(await gateway.call("/mcp", message, { accept }));
    expect(span).toMatchObject({ name, kind: CLIENT, status: {}, parentSpanId: CALLER });
    expect(span.attributes).toMatchObject({ "mcp.method.name": method });
    expect(span.attributes).not.toHaveProperty("gen_ai.operation.name");
  });

  test("of a refused call has its code, and is told once", async () => {
    const refused = await mcp("nobody_granted_this", {});
    const span = await spanOf(refused);
    expect(span).toMatchObject({
      name: "execute_tool nobody_granted_this",
      status: { code: FAILED },
    });
    expect(span.attributes).toMatchObject({
      "slipclutch.verdict": "deny",
      "slipclutch.code": "manifest.unknown-tool",
      "error.type": "manifest.unknown-tool",
    });
    const malformed = await spanOf(await gateway.call("/v1/chat/completions", "{"));
    expect(malformed).toMatchObject({ name: "refused", kind: SERVER });
    expect(malformed.attributes["error.type"]).toBe("request.malformed");
  });

  test("of a call whose far end failed has its fault, and not a second one of its refusal", async () => {
    desk.set({ call: "reset" });
    const span = await spanOf(await mcp("echo", {}));
    desk.set({ call: "well" });
    expect(span.attributes).toMatchObject({ "slipclutch.outcome": "fault", "error.type": "reset" });
    await spanOf(await chat());
    const same = seen.spans().filter(({ spanId }) => spanId === span.spanId);
    const sameDecision = seen.spans().filter(({ attributes }) => {
      return attributes["slipclutch.decision"] === span.attributes["slipclutch.decision"];
    });
    expect([same.length, sameDecision.length]).toEqual([1, 1]);
  });

  test("is not made of what is no call, nor for senders that nobody knows", async () => {
    const before = seen.spans().length;
    const headers = { authorization: `Bearer ${gateway.agentKey}` };
    await (await fetch(`${gateway.agentUrl}/guard/v1/budgets`, { headers })).text();
    const stranger = await chat({ authorization: "Bearer sck_nobody" });
    expect(stranger.status).toBe(401);
    await spanOf(await chat());
    expect(seen.spans().length).toBe(before + 1);
  });
});

describe("a trace", () => {
  test("of a caller goes through to the provider, which is told ids and nothing else", async () => {
    const headers = { traceparent: PARENT, tracestate: STATE, baggage: BAGGAGE };
    const span = await spanOf(await chat(headers));
    expect(span).toMatchObject({ traceId: TRACE, parentSpanId: CALLER, traceState: STATE });
    expect(span.flags).toBe(0x301);
    expect(atProvider().traceparent).toBe(`00-${TRACE}-${span.spanId}-01`);
    expect(atProvider()).not.toHaveProperty("tracestate");
    expect(atProvider()).not.toHaveProperty("baggage");
  });

  test("in _meta goes before the one in headers, and to the tool server with our span", async () => {
    const meta = { traceparent: PARENT, tracestate: STATE, baggage: BAGGAGE };
    const other = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const span = await spanOf(await mcp("echo", meta, { traceparent: other }));
    expect(span).toMatchObject({ traceId: TRACE, parentSpanId: CALLER });
    const traceparent = `00-${TRACE}-${span.spanId}-01`;
    expect(metaAtDesk()).toEqual({ traceparent, tracestate: STATE, baggage: BAGGAGE });

    const byHeader = await spanOf(await mcp("echo", {}, { traceparent: other }));
    expect(byHeader).toMatchObject({ traceId: "a".repeat(32), parentSpanId: "b".repeat(16) });
    expect(metaAtDesk().traceparent).toBe(`00-${"a".repeat(32)}-${byHeader.spanId}-01`);
  });

  test("goes to a tool server of plain HTTP in headers", async () => {
    const headers = { traceparent: PARENT, tracestate: STATE };
    const path = "/guard/v1/tools/look/call";
    const span = await spanOf(await gateway.call(path, { arguments: {} }, headers));
    expect(span.attributes).toMatchObject({ "slipclutch.by": "dispatcher" });
    expect(plain.arrivals().at(-1)?.headers).toMatchObject({
      traceparent: `00-${TRACE}-${span.spanId}-01`,
      tracestate: STATE,
    });
  });

  test.each([
    "",
    "garbage",
    `00-${"0".repeat(32)}-${CALLER}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `ff-${TRACE}-${CALLER}-01`,
    `${PARENT}-more`,
    `${PARENT}, ${PARENT}`,
    PARENT.toUpperCase(),
  ])("that is malformed is left aside: %j", async (traceparent) => {
    const answer = await chat({ traceparent, tracestate: STATE });
    expect(answer.status).toBe(200);
    const span = await spanOf(answer);
    expect(span.parentSpanId).toBeUndefined();
    expect(span.traceId).not.toBe(TRACE);
    expect(span.traceState).toBeUndefined();
  });

  test("that its caller does not sample is not told, and goes on as such", async () => {
    const before = seen.spans().length;
    const unsampled = `00-${TRACE}-${CALLER}-00`;
    await (await chat({ traceparent: unsampled })).text();
    expect(atProvider().traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    await spanOf(await chat());
    expect(seen.spans().length).toBe(before + 1);
  });

  test("of a task that was opened has its calls under invoke_agent, whoever carries on no trace", async () => {
    const opened = await gateway.call("/guard/v1/tasks", { name: "ticket-9" });
    const { key, task } = (await opened.json()) as { key: string; task: string };
    const authorization = `Bearer ${key}`;
    const first = await spanOf(await chat({ authorization }));
    const second = await spanOf(await mcp("echo", {}, { authorization }));
    const named = await spanOf(await chat({ authorization, traceparent: PARENT }));
    await gateway.call(`/guard/v1/tasks/${task}/end`, { outcome: "failed" });
    const root = await seen.find(({ name }) => name === "invoke_agent worker");
    expect(root).toMatchObject({ kind: INTERNAL, status: { code: FAILED } });
    expect(root.attributes).toMatchObject({
      "gen_ai.operation.name": "invoke_agent",
      "gen_ai.conversation.id": "ticket-9",
      "slipclutch.task.outcome": "failed",
    });
    for (const { parentSpanId, traceId } of [first, second]) {
      expect([traceId, parentSpanId]).toEqual([root.traceId, root.spanId]);
    }
    expect(named.traceId).toBe(TRACE);
  });
});

describe("a call that waits", () => {
  interface Review {
    readonly id: string;
    readonly version: number;
    readonly parked: number;
  }

  async function pause(): Promise<void> {
    const all = { all: true, reason: "look" };
    expect((await gateway.api("POST", "/api/v1/agents/pause", all)).status).toBe(200);
  }

  /** The open review, once so many calls wait for it. */
  async function reviewOf(parked: number): Promise<Review> {
    for (;;) {
      const answer = await gateway.api("GET", "/api/v1/reviews?state=open");
      const [review] = (await answer.json()) as Review[];
      if (review !== undefined && review.parked >= parked) return review;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function resume(): Promise<void> {
    const { id, version } = await reviewOf(0);
    const decision = { version, decision: "resume", reason: "fine" };
    const answer = await gateway.api("POST", `/api/v1/reviews/${id}/decision`, decision);
    expect(answer.status).toBe(200);
  }

  test("and is let go is one span, which says for which review it waited, and how long", async () => {
    await pause();
    const held = chat();
    const { id } = await reviewOf(1);
    await resume();
    const answer = await held;
    expect(answer.status).toBe(200);
    const span = await spanOf(answer);
    expect(span.attributes["slipclutch.verdict"]).toBe("allow");
    expect(span.events.map(({ name }) => name)).toEqual(["slipclutch.parked"]);
    const { attributes = {} }: Partial<Seen> = span.events[0] ?? {};
    expect(attributes["slipclutch.review"]).toBe(id);
    const tookMs = (Number(span.endTimeUnixNano) - Number(span.startTimeUnixNano)) / 1e6;
    expect(attributes["slipclutch.parked.wait_ms"]).toBeGreaterThan(0);
    expect(attributes["slipclutch.parked.wait_ms"]).toBeLessThan(tookMs);
  });

  test("and whose client is told to come again says so", async () => {
    await pause();
    const body = { tool: "note", arguments: {}, call_id: "note-1" };
    const asked = await gateway.call("/guard/v1/decisions", body);
    const { id } = await reviewOf(1);
    const span = await spanOf(asked);
    expect(span.attributes).toMatchObject({
      "slipclutch.verdict": "park",
      "slipclutch.code": "clutch.parked",
      "error.type": "clutch.parked",
    });
    expect(span.events.map(({ attributes }) => attributes["slipclutch.review"])).toEqual([id]);
    await resume();
  });

  test("and whose client leaves is told as it leaves", async () => {
    await pause();
    const leaving = new AbortController();
    const left = fetch(`${gateway.agentUrl}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.agentKey}`, "x-slipclutch-task": "leaver" },
      body: JSON.stringify(HELLO),
      signal: leaving.signal,
    });
    await reviewOf(1);
    leaving.abort();
    await expect(left).rejects.toThrow();
    const span = await seen.find(({ attributes }) => {
      return attributes["gen_ai.conversation.id"] === "leaver";
    });
    expect(span.attributes).toMatchObject({
      "slipclutch.verdict": "park",
      "slipclutch.outcome": "left",
    });
    expect(span.status).toEqual({});
    await resume();
  });

  test("keeps its trace: held, and let go when nobody waits for it any more", async () => {
    await pause();
    const trace = { traceparent: PARENT, baggage: BAGGAGE };
    const body = (n: number) => ({ arguments: { n } });
    const path = "/guard/v1/tools/echo/call";
    const held = gateway.call(path, body(1), trace);
    await reviewOf(1);
    const leaving = new AbortController();
    const left = fetch(gateway.agentUrl + path, {
      method: "POST",
      headers: { ...trace, authorization: `Bearer ${gateway.agentKey}` },
      body: JSON.stringify(body(2)),
      signal: leaving.signal,
    });
    await reviewOf(2);
    leaving.abort();
    await expect(left).rejects.toThrow();
    const parked = await seen.find(({ attributes, name }) => {
      return name === "execute_tool echo" && attributes["slipclutch.outcome"] === "left";
    });
    await resume();
    const answered = await spanOf(await held);
    expect([answered.traceId, answered.parentSpanId]).toEqual([TRACE, CALLER]);
    const late = await seen.find(({ attributes }) => {
      return attributes["slipclutch.call"] === parked.attributes["slipclutch.decision"];
    });
    expect(late.attributes["slipclutch.verdict"]).toBe("allow");
    expect([late.traceId, late.parentSpanId]).toEqual([TRACE, parked.spanId]);
    const told = [answered, late].map(({ spanId }) => `00-${TRACE}-${spanId}-01`);
    const metas = desk.arrivals().flatMap(({ message }) => {
      const called = message.kind === "request" && message.method === "tools/call";
      return called ? [message.params._meta] : [];
    });
    for (const traceparent of told) expect(metas).toContainEqual({ traceparent, baggage: BAGGAGE });
  });
});

test("nothing of what was asked or answered is in any span", () => {
  const all = seen.posts().map(({ body }) => body.toString("utf8"));
  expect(all.length).toBeGreaterThan(0);
  expect(all.filter((body) => body.includes(SECRET))).toEqual([]);
});

test("what is sent names the process and the conventions", () => {
  const [{ body, headers, url } = { body: "{}", headers: {}, url: "" }] = seen.posts();
  expect([url, headers["content-type"]]).toEqual(["/v1/traces", "application/json"]);
  const [one] = JSON.parse(String(body)).resourceSpans;
  expect(one.schemaUrl).toBe("https://opentelemetry.io/schemas/1.41.0");
  expect(one.scopeSpans[0].schemaUrl).toBe(one.schemaUrl);
  expect(one.scopeSpans[0].scope).toEqual({ name: "slipclutch", version: expect.any(String) });
  const keys = one.resource.attributes.map(({ key }: { key: string }) => key);
  expect(keys).toEqual(["service.name", "service.version", "service.instance.id"]);
});
