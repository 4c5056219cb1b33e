/**
 * Whatever is posted to MCP's path: one answer that is well-formed, or a 202 without one; the
 * gateway goes on, and no tool runs but a granted one that was called by its name.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, type Station, type StationHeaders, station } from "../support/station.ts";
import { handshake, type MadeUp, META, madeUp, STATELESS, tool, WELL } from "./mcp-scene.ts";

const RUNS = 1_500;
const FUZZ_MS = 120_000;

let desk: MadeUp;
let gateway: Station;

beforeAll(async () => {
  const names = ["echo", "secret"];
  desk = madeUp(
    "desk",
    () => names.map((name) => tool(name)),
    () => WELL,
  );
  gateway = await station({
    toolServers: [desk],
    tools: { desk: ["echo"] },
    manifest: { allowed_tools: [{ tool_name: "echo" }], blacklisted_tools: ["secret"] },
    // What is sent is nothing that a breaker should judge here.
    config: {
      breakers: [
        { name: "stuck", enabled: false },
        { name: "tool-surge", enabled: false },
      ],
    },
  });
});

afterAll(() => gateway.stop());

const version = fc.constantFrom(STATELESS, "2025-11-25", "2024-11-05", "1999-01-01", "", "\u00e9");
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("tools/call", "tools/list", "server/discover") },
  fc.constantFrom(
    "initialize",
    "ping",
    "notifications/cancelled",
    "resources/read",
    "tools/call\n",
  ),
  fc.string(),
);
const toolName = fc.oneof(
  { weight: 4, arbitrary: fc.constant("echo") },
  fc.constantFrom(
    "secret",
    "SECRET",
    "desk__echo",
    "mcp__x__echo",
    "slipclutch_budget",
    "e\u0301cho",
  ),
  fc.string(),
);
const meta = fc.oneof(
  { weight: 3, arbitrary: fc.constant(META as object) },
  fc.record({ progressToken: fc.oneof(fc.string(), fc.integer(), fc.anything()) }),
  fc.dictionary(fc.constantFrom(...Object.keys(META), "__proto__"), fc.jsonValue()),
  fc.jsonValue(),
);
const params = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record(
      {
        name: fc.oneof({ weight: 5, arbitrary: toolName }, fc.jsonValue()),
        arguments: fc.oneof({ weight: 3, arbitrary: fc.object() }, fc.jsonValue()),
        cursor: fc.jsonValue(),
        requestState: fc.oneof(fc.string(), fc.jsonValue()),
        requestId: fc.jsonValue(),
        _meta: meta,
      },
      { requiredKeys: ["name"] },
    ),
  },
  fc.jsonValue(),
);
const message = fc.record(
  {
    jsonrpc: fc.oneof({ weight: 8, arbitrary: fc.constant("2.0") }, fc.jsonValue()),
    id: fc.oneof({ weight: 4, arbitrary: fc.integer() }, fc.string(), fc.jsonValue()),
    method: fc.oneof({ weight: 8, arbitrary: method }, fc.jsonValue()),
    params,
    result: fc.jsonValue(),
    error: fc.jsonValue(),
  },
  { requiredKeys: ["jsonrpc"] },
);
/** A whole message, and one in which some bytes are others. */
const text = fc.oneof(
  { weight: 5, arbitrary: message.map((value) => JSON.stringify(value) ?? "") },
  fc.array(message, { maxLength: 3 }).map((value) => JSON.stringify(value)),
  fc.string({ unit: "binary" }),
);
const body = fc.oneof(
  { weight: 4, arbitrary: text.map((value) => Buffer.from(value)) },
  fc.tuple(text, fc.nat(), fc.uint8Array({ maxLength: 4 })).map(([value, at, bytes]) => {
    const whole = Buffer.from(value);
    const from = whole.length === 0 ? 0 : at % whole.length;
    return Buffer.concat([whole.subarray(0, from), bytes, whole.subarray(from + bytes.length)]);
  }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);
const header = fc.oneof(
  fc.constant(null),
  fc.string({ unit: fc.constantFrom("a", "=", "?", " ", "/") }),
);
const headers = fc.record(
  {
    "mcp-protocol-version": fc.oneof({ weight: 3, arbitrary: version }, header),
    "mcp-method": fc.oneof(fc.constantFrom("tools/call", "tools/list"), header),
    "mcp-name": fc.oneof(fc.constantFrom("echo", "=?base64?ZWNobw==?="), header),
    accept: fc.oneof(fc.constant("text/event-stream"), header),
  },
  { requiredKeys: [] },
);

function seldom<Value>(value: fc.Arbitrary<Value>) {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, value);
}

/** A right one of either kind, in which at most a little was changed. */
const nearlyRight = fc
  .record({
    isStateless: fc.boolean(),
    method,
    params: fc.oneof({ weight: 3, arbitrary: fc.record({ name: toolName }) }, params),
    changed: seldom(fc.dictionary(fc.constantFrom("id", "jsonrpc", "result"), fc.jsonValue())),
    given: seldom(headers),
  })
  .map(({ changed, given, isStateless, method: asked, params: some }) => {
    const isObject = typeof some === "object" && some !== null && !Array.isArray(some);
    const right = {
      ...(isObject ? some : { name: "echo" }),
      ...(isStateless ? { _meta: META } : {}),
    };
    const whole = { jsonrpc: "2.0", id: 1, method: asked, params: right, ...changed };
    const name = (right as { name?: unknown }).name;
    const own = {
      "mcp-protocol-version": STATELESS,
      "mcp-method": asked.replace(/[^\x20-\x7e]/g, ""),
      "mcp-name": `=?base64?${Buffer.from(String(name)).toString("base64")}?=`,
    };
    const all: object = { ...(isStateless ? own : {}), ...given };
    return { bytes: Buffer.from(JSON.stringify(whole)), headers: all };
  });
const wild = fc.record({ bytes: body, headers });
const sent = fc.oneof({ weight: 3, arbitrary: nearlyRight }, { weight: 2, arbitrary: wild });

/** One answer of JSON-RPC, or a refusal from before it was known that it is any. */
function expectWellFormed({ headers: told, status, text: answer }: Answer): void {
  if (status === 202) return expect(answer).toBe("");
  expect([200, 400, 403, 404, 413]).toContain(status);
  expect(told["content-type"]).toBe("application/json");
  const json = JSON.parse(answer);
  if (json.jsonrpc === undefined) return expect(json.type).toBe("error");
  expect(json.jsonrpc).toBe("2.0");
  expect("result" in json).toBe(!("error" in json));
  if (status !== 200) expect(json.error.code).toBeLessThan(0);
}

test(
  "any bytes and any headers",
  async () => {
    await fc.assert(
      fc.asyncProperty(sent, async ({ bytes, headers: given }) => {
        const ran = desk.running.length;
        const answer = await gateway.post("/mcp", bytes, given as StationHeaders);
        expectWellFormed(answer);
        const now = desk.running.slice(ran);
        expect(now.length).toBeLessThanOrEqual(1);
        // It ran because the message says so, whatever else is in it.
        if (now.length > 0) expect(JSON.parse(bytes.toString("utf8")).method).toBe("tools/call");
        expect(now.every(({ request }) => request.tool === "echo")).toBe(true);
      }),
      { numRuns: RUNS },
    );
    const ping = await gateway.post("/mcp", handshake({ method: "ping" }));
    expect(ping.status).toBe(200);
    // Many of them must have been calls, or little was tested.
    expect(desk.running.length).toBeGreaterThan(RUNS / 50);
    expect(gateway.gateway.requests).toBe(0);
  },
  FUZZ_MS,
);
