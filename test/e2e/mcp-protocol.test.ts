/** What MCP 2026-07-28 wants of each request, what older versions want, and what none is served. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Station, type StationHeaders, station } from "../support/station.ts";
import {
  handshake,
  type MadeUp,
  META,
  madeUp,
  STATELESS,
  stateless,
  tool,
  WELL,
} from "./mcp-scene.ts";
import type { Json } from "./wiring-world.ts";

const SNOW = "Schneefall❄";

let desk: MadeUp;
let gateway: Station;

beforeAll(async () => {
  const names = ["echo", SNOW];
  desk = madeUp(
    "desk",
    () => names.map((name) => tool(name)),
    () => WELL,
  );
  gateway = await station({
    toolServers: [desk],
    tools: { desk: names },
    manifest: { allowed_tools: names.map((tool_name) => ({ tool_name })) },
  });
});

afterAll(() => gateway.stop());

const json = ({ text }: Answer): Json => JSON.parse(text);

/** One that is right but for these changes of its headers. */
async function send(method: string, params: Json = {}, changed: StationHeaders = {}) {
  const { body, headers } = stateless({ method, params });
  const answer = await gateway.post("/mcp", body, { ...headers, ...changed });
  return { status: answer.status, ...json(answer) };
}

describe("a request of 2026-07-28", () => {
  test("is told the versions and what there is, and who answers", async () => {
    expect(await send("server/discover")).toEqual({
      status: 200,
      jsonrpc: "2.0",
      id: 1,
      result: {
        resultType: "complete",
        supportedVersions: [STATELESS, "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"],
        capabilities: { tools: {}, extensions: { "io.modelcontextprotocol/tasks": {} } },
        ttlMs: 30_000,
        cacheScope: "private",
        _meta: { "io.modelcontextprotocol/serverInfo": { name: "slipclutch", version: "0.0.0" } },
      },
    });
  });

  test("lists with hints for caches, and every result says that it is the last word", async () => {
    const { result } = await send("tools/list");
    expect(result).toMatchObject({ resultType: "complete", ttlMs: 30_000, cacheScope: "private" });
    const called = await send("tools/call", { name: "echo", arguments: {} });
    expect(called.result).toMatchObject({ resultType: "complete", isError: false });
    const refused = await send("tools/call", { name: "other", arguments: {} });
    expect(refused.result).toMatchObject({
      resultType: "complete",
      isError: true,
      _meta: {
        "slipclutch/code": "manifest.unknown-tool",
        "io.modelcontextprotocol/serverInfo": { name: "slipclutch" },
      },
    });
  });

  test("may name a tool by characters that no header has", async () => {
    const { result } = await send("tools/call", { name: SNOW, arguments: {} });
    expect(result).toMatchObject({ isError: false });
  });

  const BASE64 = Buffer.from(SNOW).toString("base64");
  test.each<[string, StationHeaders]>([
    ["no version", { "mcp-protocol-version": null }],
    ["another version", { "mcp-protocol-version": "2025-11-25" }],
    ["no method", { "mcp-method": null }],
    ["another method", { "mcp-method": "tools/list" }],
    ["the method in capitals", { "mcp-method": "TOOLS/CALL" }],
    ["no name", { "mcp-name": null }],
    ["another name", { "mcp-name": "echo" }],
    ["the name in base64 without its end", { "mcp-name": `=?base64?${BASE64}` }],
    [
      "the name in base64 without its filling",
      { "mcp-name": `=?base64?${BASE64.replace(/=+$/, "")}?=` },
    ],
    ["another name in base64", { "mcp-name": "=?base64?ZWNobw==?=" }],
  ])("whose headers say %s is refused, and reaches no tool", async (_, headers) => {
    const ran = desk.running.length;
    const refused = await send("tools/call", { name: SNOW, arguments: {} }, headers);
    expect(refused).toMatchObject({ status: 400, id: 1, error: { code: -32_020 } });
    expect(desk.running.length).toBe(ran);
  });

  const without = (key: string) => ({ [`io.modelcontextprotocol/${key}`]: undefined });
  test.each<[string, Json]>([
    ["no version", without("protocolVersion")],
    ["no capabilities", without("clientCapabilities")],
    ["capabilities that are none", { "io.modelcontextprotocol/clientCapabilities": [] }],
    ["a client without a name", { "io.modelcontextprotocol/clientInfo": { version: "1" } }],
    ["a client of null", { "io.modelcontextprotocol/clientInfo": null }],
    ["a version that is a number", { "io.modelcontextprotocol/protocolVersion": 1 }],
  ])("with %s in _meta is malformed", async (_, meta) => {
    expect(await send("tools/list", { _meta: meta })).toMatchObject({
      status: 400,
      error: { code: -32_602 },
    });
  });

  test("need not say who asks", async () => {
    expect(await send("tools/list", { _meta: without("clientInfo") })).toMatchObject({
      status: 200,
      result: {},
    });
  });

  test("without any _meta is malformed, and so is who asks for the versions without", async () => {
    const headers = { "mcp-protocol-version": STATELESS, "mcp-method": "tools/list" };
    const bare = await gateway.post("/mcp", handshake({ method: "tools/list" }), headers);
    expect([bare.status, json(bare).error.code]).toEqual([400, -32_602]);
    const discover = await gateway.post("/mcp", handshake({ method: "server/discover" }));
    expect([discover.status, json(discover).error.code]).toEqual([400, -32_602]);
  });

  test("of a version to come is told which ones there are", async () => {
    const meta = { "io.modelcontextprotocol/protocolVersion": "2099-01-01" };
    const headers = { "mcp-protocol-version": "2099-01-01" };
    const refused = await send("tools/list", { _meta: meta }, headers);
    expect(refused).toMatchObject({
      status: 400,
      error: { code: -32_022, data: { requested: "2099-01-01" } },
    });
    expect(refused.error.data.supported).toContain(STATELESS);
    const old = await gateway.post("/mcp", handshake({ method: "ping" }), headers);
    expect([old.status, json(old).error.code]).toEqual([400, -32_022]);
  });

  test("that names an older version is one of that version", async () => {
    const meta = { "io.modelcontextprotocol/protocolVersion": "2025-11-25" };
    const headers = { "mcp-protocol-version": "2025-11-25", "mcp-method": null };
    const { result } = await send("tools/list", { _meta: meta }, headers);
    expect(Object.keys(result)).toEqual(["tools"]);
  });
});

const UNSERVED = [
  ...["resources/list", "resources/read", "resources/templates/list", "resources/subscribe"],
  ...["resources/unsubscribe", "prompts/list", "prompts/get", "completion/complete"],
  ...["logging/setLevel", "sampling/createMessage", "elicitation/create", "roots/list"],
  ...["tasks/list", "tasks/result"],
  ...["subscriptions/listen", "tools/call/", "TOOLS/CALL", "rpc.discover", "__proto__", "x"],
];

describe("what is not granted is unknown, in every version alike, and written down:", () => {
  test.each(UNSERVED)("%s", async (method) => {
    const before = (await gateway.refusals()).length;
    const error = { code: -32_601, message: `${method} is not served` };
    expect(await send(method)).toMatchObject({ status: 404, id: 1, error });
    const older = await gateway.post("/mcp", handshake({ id: "a", method }));
    expect([older.status, json(older)]).toEqual([200, { jsonrpc: "2.0", id: "a", error }]);
    const written = (await gateway.refusals()).slice(before);
    expect(written).toMatchObject(
      Array(2).fill({ code: "request.unknown-path", facts: { asked: `/mcp ${method}` } }),
    );
  });

  test.each(["initialize", "ping"])("%s, which 2026-07-28 has no more", async (method) => {
    expect(await send(method)).toMatchObject({ status: 404, error: { code: -32_601 } });
    const older = await gateway.post("/mcp", handshake({ method }));
    expect([older.status, json(older).error]).toEqual([200, undefined]);
  });

  test("and is not offered", async () => {
    const { result } = json(await gateway.post("/mcp", handshake({ method: "initialize" })));
    expect(result.capabilities).toEqual({ tools: {} });
  });
});

describe("batches", () => {
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "echo" } };
  const versions = [null, "2025-03-26", "2025-06-18", "2025-11-25", STATELESS];
  test.each(versions)("are refused and not run, whatever version is named: %s", async (version) => {
    const ran = desk.running.length;
    const modern = { ...call, params: { ...call.params, _meta: META } };
    for (const batch of [[], [call], [call, { ...call, id: 2 }], [modern]]) {
      const answer = await gateway.post("/mcp", JSON.stringify(batch), {
        "mcp-protocol-version": version,
      });
      expect(answer.status).toBe(400);
      expect(json(answer).error).toMatchObject({
        code: -32_600,
        message: "batches are not taken: send one message",
      });
    }
    expect(desk.running.length).toBe(ran);
  });
});

describe("a page in somebody's browser", () => {
  const body = handshake({ method: "tools/call", params: { name: "echo" } });

  async function statusOf(headers: StationHeaders): Promise<number> {
    const { port } = new URL(gateway.url);
    const with_ = (value: string | null | undefined) => value?.replace("PORT", port) ?? null;
    const all = Object.entries(headers).map(([name, value]) => [name, with_(value)]);
    return (await gateway.post("/mcp", body, Object.fromEntries(all))).status;
  }

  test.each([
    ["a name that it made point here", { host: "evil.example:PORT" }],
    [
      "that name, as its own origin",
      { host: "evil.example:PORT", origin: "http://evil.example:PORT" },
    ],
    ["a name that begins like an address", { host: "127.0.0.1.evil.example:PORT" }],
    ["a name that ends like ours", { host: "evil-localhost:PORT" }],
    ["two hosts", { host: "127.0.0.1:PORT, evil.example" }],
    ["a host with a user", { host: "localhost@evil.example" }],
    ["no host", { host: "" }],
    ["the origin of another page", { origin: "https://evil.example" }],
    ["the origin of nothing", { origin: "null" }],
    ["an origin at another port", { host: "localhost:PORT", origin: "http://localhost:1" }],
  ])("is refused: %s", async (_, headers) => {
    const [ran, before] = [desk.running.length, (await gateway.refusals()).length];
    expect(await statusOf(headers)).toBe(403);
    expect(desk.running.length).toBe(ran);
    expect((await gateway.refusals()).slice(before)).toMatchObject([
      { code: "request.unknown-field", facts: { unknown: expect.stringMatching(/^header /) } },
    ]);
  });

  test.each<StationHeaders>([
    { host: "127.0.0.1:PORT" },
    { host: "LOCALHOST:PORT" },
    { host: "[::1]:PORT" },
    { host: "10.1.2.3" },
    { host: "localhost:PORT", origin: "http://localhost:PORT" },
    { host: "[::1]:PORT", origin: "http://[::1]:PORT" },
  ])("that no page can have made is served: %o", async (headers) => {
    expect(await statusOf(headers)).toBe(200);
  });

  test("is told how a name is made known, and paths beside MCP's need the key alone", async () => {
    const host = { host: "gateway.internal" };
    const { text } = await gateway.post("/mcp", body, host);
    expect(text).toContain("listeners.agent_hosts");
    const other = await gateway.post("/guard/v1/tools/echo/call", "{}", host);
    expect(other.status).toBe(200);
  });
});
