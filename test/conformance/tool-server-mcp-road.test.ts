/** What the MCP adapter does on its road beyond what every tool server must do. */
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import {
  ASIDE_CONNECTIONS,
  ASIDES_MAX,
  DISCOVER_MS_MAX,
  SMALL_TALK_MS_MAX,
} from "../../src/adapters/tool-server/mcp/line.ts";
import type { McpSettings } from "../../src/adapters/tool-server/mcp/mcp-settings.ts";
import { mcpToolServer } from "../../src/adapters/tool-server/mcp/mcp-tool-server.ts";
import {
  ITEMS_MAX,
  LIST_BYTES_MAX,
  LIST_KEPT_MS,
  PAGES_MAX,
} from "../../src/adapters/tool-server/mcp/server-list.ts";
import { DRAIN_MS_MAX } from "../../src/adapters/tool-server/over-http/exchange.ts";
import { CONNECTION_WAIT_MAX_MS } from "../../src/adapters/tool-server/over-http/pool.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ToolServer } from "../../src/ports/tool-server.ts";
import { ToolServerUnreachable } from "../../src/ports/tool-server.ts";
import { noticeEvent, requestEvent } from "../../src/testing/mcp-answers.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import type { CallAnswer, McpScript } from "../../src/testing/mcp-script.ts";
import { testClock } from "../../src/testing/test-clock.ts";
import {
  faultOf,
  recordCall,
  SILENCE_MS,
  toolRequest,
  until,
} from "../../src/testing/tool-server-fixture.ts";

const BEARER = "bearer-test-only";
const LIST_CHANGED = noticeEvent("notifications/tools/list_changed");

const open: { fixture: McpFixture; server: ToolServer }[] = [];

afterEach(async () => {
  for (const { fixture, server } of open.splice(0)) {
    await server.close();
    await fixture.close();
  }
});

interface Options {
  readonly settings?: Partial<McpSettings>;
  readonly clock?: Clock;
}

async function start(
  script: Partial<McpScript> = {},
  { settings = {}, clock = systemClock }: Options = {},
): Promise<{ fixture: McpFixture; server: ToolServer }> {
  const fixture = await mcpFixture(script);
  const server = serverAt(fixture.url, settings, clock);
  open.push({ fixture, server });
  return { fixture, server };
}

function serverAt(url: string, settings: Partial<McpSettings>, clock: Clock): ToolServer {
  const rest = { name: "scripted", bearer: BEARER, headers: {}, connectionsMax: 16 };
  return mcpToolServer({ url, ...rest, ...settings }, clock);
}

/** The methods that arrived, in order. */
function methods(fixture: McpFixture): readonly string[] {
  return fixture
    .arrivals()
    .map(({ message }) => ("method" in message ? message.method : message.kind));
}

const HANDSHAKE = ["server/discover", "initialize", "notifications/initialized"];

describe("the handshake", () => {
  test("nothing is sent before it is needed", async () => {
    const { fixture } = await start();
    await sleep(SILENCE_MS);
    expect(fixture.bytesReceived()).toBe(0);
  });

  test("comes once, before the first call, for all who call at the same time", async () => {
    const { fixture, server } = await start();
    const calls = Array.from({ length: 10 }, () => recordCall(server, toolRequest()).over);
    await Promise.all([...calls, server.list()]);
    expect(methods(fixture).slice(0, 3)).toEqual(HANDSHAKE);
    expect(fixture.count("initialize")).toBe(1);
    expect(fixture.count("notifications/initialized")).toBe(1);
    expect(fixture.ran()).toBe(10);
  });

  test("asks for the version, and is quoted with its session from then on", async () => {
    const { fixture, server } = await start({ protocolVersion: "2025-06-18" });
    await recordCall(server, toolRequest()).over;
    const [, hello, ...others] = fixture.arrivals();
    expect(hello?.message).toMatchObject({ params: { protocolVersion: "2025-11-25" } });
    expect(hello?.headers["mcp-session-id"]).toBeUndefined();
    for (const { headers } of others) {
      expect(headers["mcp-protocol-version"]).toBe("2025-06-18");
      expect(headers["mcp-session-id"]).toBe("session-1");
    }
    expect(others).toHaveLength(2);
  });

  test("without a session none is quoted", async () => {
    const { fixture, server } = await start({ sessions: false });
    expect((await recordCall(server, toolRequest()).over).kind).toBe("result");
    for (const { headers } of fixture.arrivals()) {
      expect(headers["mcp-session-id"]).toBeUndefined();
    }
  });

  const FAILURES: readonly [Partial<McpScript>, RegExp][] = [
    [{ initialize: "error" }, /handshake: answered JSON-RPC error -32603: not today/],
    [{ initialize: "http-401" }, /handshake: answered HTTP 401/],
    [{ initialize: "garbage" }, /handshake: answered with what is no message/],
    [{ initialize: "reset" }, /handshake: /],
    [{ initialized: "http-500" }, /handshake: answered HTTP 500/],
    [{ protocolVersion: "1999-01-01" }, /protocolVersion that is not spoken here/],
    [{ sessionId: "has a space" }, /session id that is none/],
  ];
  test.each(FAILURES)("that fails with %o leaves calls unwritten", async (script, message) => {
    const { fixture, server } = await start(script);
    const recording = recordCall(server, toolRequest());
    const fault = await faultOf(recording);
    expect(fault).toMatchObject({ kind: "unreachable", written: false });
    expect(fault.message).toMatch(message);
    expect(recording.asked).toBe(0);
    expect(fixture.count("tools/call")).toBe(0);
    await expect(server.list()).rejects.toBeInstanceOf(ToolServerUnreachable);

    fixture.set({ ...script, initialize: "well", initialized: "well" });
    fixture.set({ protocolVersion: "2025-11-25", sessionId: null });
    expect((await recordCall(server, toolRequest()).over).kind).toBe("result");
  });

  test("that is never answered ends, and the calls that wait for it", async () => {
    const clock = testClock();
    const { fixture, server } = await start({ initialize: "never" }, { clock });
    const recordings = [1, 2].map(() => recordCall(server, toolRequest({ timeoutMs: 5 })));
    await until(() => fixture.count("initialize") === 1);
    clock.advance(SMALL_TALK_MS_MAX);
    for (const recording of recordings) {
      expect(await faultOf(recording)).toMatchObject({ kind: "unreachable", written: false });
    }
    expect(fixture.count("initialize")).toBe(1);
  });

  test("goes on for the others when one who waits for it is aborted", async () => {
    const { fixture, server } = await start();
    const [first, second] = [1, 2].map(() => recordCall(server, toolRequest()));
    first?.exchange.abort();
    expect((await second?.over)?.kind).toBe("result");
    expect(fixture.ran()).toBe(1);
  });

  test("is cut by closing, and so are those who wait for it", async () => {
    const { fixture, server } = await start({ initialize: "never" });
    const recording = recordCall(server, toolRequest());
    await until(() => fixture.count("initialize") === 1);
    await server.close();
    expect(await faultOf(recording)).toMatchObject({ kind: "reset", written: false });
  });
});

describe("2026-07-28", () => {
  const STATELESS = { stateless: true, sessions: false };

  test("is asked for once, and said in every request: in its headers and in its body", async () => {
    const { fixture, server } = await start(STATELESS);
    const calls = Array.from({ length: 5 }, () => recordCall(server, toolRequest()).over);
    await Promise.all([...calls, server.list()]);
    for (const call of calls) expect(await call).toMatchObject({ kind: "result" });
    expect(fixture.count("server/discover")).toBe(1);
    expect(fixture.count("initialize")).toBe(0);
    for (const { message, headers } of fixture.arrivals()) {
      if (message.kind !== "request") throw new Error(`a ${message.kind}`);
      expect(headers).toMatchObject({
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": message.method,
      });
      expect(headers["mcp-name"]).toBe(message.method === "tools/call" ? "echo" : undefined);
      expect(headers["mcp-session-id"]).toBeUndefined();
      expect(message.params._meta).toEqual({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { name: "slipclutch", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
      });
    }
  });

  test("has what travels beside the call beside its own", async () => {
    const { fixture, server } = await start(STATELESS);
    await recordCall(server, toolRequest({ meta: { traceparent: "00-1-2-01" } })).over;
    expect(fixture.arrivals().at(-1)?.message).toMatchObject({
      params: { _meta: { traceparent: "00-1-2-01" } },
    });
  });

  test.each(["ä tool", "=?base64?x?=", " a", "a\nb"])(
    "carries the name %j in a header",
    async (name) => {
      const { fixture, server } = await start({ ...STATELESS, tools: [{ name }] });
      const end = await recordCall(server, toolRequest({ tool: name })).over;
      expect(end).toMatchObject({ kind: "result" });
      expect(fixture.arrivals().at(-1)?.headers["mcp-name"]).toMatch(/^=\?base64\?[\w+/]+=*\?=$/);
    },
  );

  test("a tool whose marks for headers are not allowed is not shown, and not called", async () => {
    const wrong = { type: "object", properties: { a: { type: "object", "x-mcp-header": "A" } } };
    const tools = [{ name: "wrong", inputSchema: wrong }, { name: "echo" }];
    const { fixture, server } = await start({ ...STATELESS, tools });
    expect((await server.list()).map(({ name }) => name)).toEqual(["echo"]);
    const recording = recordCall(server, toolRequest({ tool: "wrong" }));
    expect(await faultOf(recording)).toMatchObject({ kind: "protocol", written: false });
    expect([recording.asked, fixture.ran()]).toEqual([0, 0]);
    // Where nothing is repeated they do no harm.
    const { server: older } = await start({ tools });
    expect(await older.list()).toHaveLength(2);
    expect(await recordCall(older, toolRequest({ tool: "wrong" })).over).toMatchObject({
      kind: "result",
    });
  });

  test("is spoken where a refusal of the first question names it", async () => {
    const { fixture, server } = await start({ ...STATELESS, discover: "refused" });
    expect(await recordCall(server, toolRequest()).over).toMatchObject({ kind: "result" });
    expect(fixture.count("initialize")).toBe(0);
  });

  test.each(["never", "reset", "http-403"] as const)(
    "that is asked for and answered with %s is not spoken, and not asked for again",
    async (discover) => {
      const clock = testClock();
      const { fixture, server } = await start({ discover }, { clock });
      const first = recordCall(server, toolRequest());
      await until(() => fixture.count("server/discover") === 1);
      clock.advance(DISCOVER_MS_MAX);
      expect(await first.over).toMatchObject({ kind: "result" });
      fixture.loseSessions();
      expect(await recordCall(server, toolRequest()).over).toMatchObject({ kind: "result" });
      expect(fixture.count("initialize")).toBe(2);
      expect(fixture.count("server/discover")).toBe(1);
    },
  );

  test("is found where a server begins to speak it, and left where it ends to", async () => {
    const { fixture, server } = await start();
    const call = async () => (await recordCall(server, toolRequest()).over).kind;
    expect(await call()).toBe("result");
    fixture.loseSessions();
    fixture.set(STATELESS);
    // The session is refused, then the handshake; the next call asks which version is spoken.
    expect([await call(), await call(), await call()]).toEqual(["fault", "fault", "result"]);
    expect(fixture.count("server/discover")).toBe(2);
    fixture.set({ stateless: false, sessions: true });
    expect([await call(), await call()]).toEqual(["fault", "result"]);
    expect(fixture.ran()).toBe(3);
  });

  test("cancels by cutting the connection, and answers no questions", async () => {
    const { fixture, server } = await start({ ...STATELESS, answers: "sse" });
    await server.list();
    fixture.set({ before: [requestEvent("q", "ping")] });
    expect(await recordCall(server, toolRequest()).over).toMatchObject({ kind: "result" });
    fixture.set({ call: "never", before: [] });
    const aborted = recordCall(server, toolRequest());
    await until(() => fixture.ran() === 2);
    aborted.exchange.abort();
    expect(await faultOf(aborted)).toMatchObject({ kind: "aborted", written: true });
    const said = fixture.arrivals().filter(({ message }) => message.kind !== "request");
    expect(said).toEqual([]);
  });
});

describe("a session that the server has forgotten", () => {
  test("is opened anew once for all, and each call runs once", async () => {
    const { fixture, server } = await start();
    await recordCall(server, toolRequest()).over;
    fixture.loseSessions();
    const recordings = Array.from({ length: 5 }, () => recordCall(server, toolRequest()));
    for (const recording of recordings) {
      expect((await recording.over).kind).toBe("result");
      expect(recording.asked).toBeLessThanOrEqual(2);
    }
    expect(fixture.count("initialize")).toBe(2);
    expect(fixture.ran()).toBe(6);
  });

  test("each write is asked for anew, and the second may be refused", async () => {
    const { fixture, server } = await start();
    await server.list();
    fixture.loseSessions();
    const answers = [true, false];
    const recording = recordCall(server, toolRequest(), () => answers.shift() ?? false);
    expect(await faultOf(recording)).toMatchObject({ kind: "held", written: true });
    expect(recording.asked).toBe(2);
    expect(fixture.ran()).toBe(0);
  });

  test("is tried once more only", async () => {
    const { fixture, server } = await start();
    await server.list();
    fixture.loseSessions();
    const recording = recordCall(server, toolRequest(), () => {
      fixture.loseSessions();
      return true;
    });
    const fault = await faultOf(recording);
    expect(fault).toMatchObject({ kind: "protocol", written: true });
    expect(fault.message).toContain("HTTP 404");
    expect(fixture.count("tools/call")).toBe(2);
    expect(fixture.ran()).toBe(0);
  });

  test("a 400 may mean anything: no second try, but the next call has a new session", async () => {
    const { fixture, server } = await start();
    await server.list();
    fixture.loseSessions(400);
    expect(await faultOf(recordCall(server, toolRequest()))).toMatchObject({ kind: "protocol" });
    expect(fixture.count("tools/call")).toBe(1);
    expect((await recordCall(server, toolRequest()).over).kind).toBe("result");
    expect(fixture.count("initialize")).toBe(2);
  });

  test("a list is tried again too", async () => {
    const { fixture, server } = await start();
    await recordCall(server, toolRequest()).over;
    fixture.loseSessions();
    expect(await server.list()).toHaveLength(2);
  });

  test("the time of a call goes on over both tries", async () => {
    const clock = testClock();
    const { fixture, server } = await start({}, { clock });
    await server.list();
    fixture.loseSessions();
    fixture.set({ initialize: "never" });
    const recording = recordCall(server, toolRequest({ timeoutMs: 1_000 }));
    await until(() => fixture.count("initialize") === 2);
    clock.advance(1_000);
    expect(await faultOf(recording)).toMatchObject({ kind: "timeout", written: true });
  });

  test("without a session a 404 is an answer like another", async () => {
    const { server } = await start({ sessions: false }, {});
    const { fixture } = await start();
    const lost = serverAt(`${fixture.url}/elsewhere`, {}, systemClock);
    expect(await faultOf(recordCall(lost, toolRequest()))).toMatchObject({ kind: "unreachable" });
    await lost.close();
    expect(await server.list()).toHaveLength(2);
  });
});

describe("what goes out", () => {
  test("credentials, the operator's headers, and an answer in plain bytes are in every request", async () => {
    const headers = { "X-Team": "red", Accept: "text/html", "mcp-session-id": "stolen" };
    const { fixture, server } = await start({}, { settings: { headers } });
    await recordCall(server, toolRequest()).over;
    expect(fixture.arrivals()).toHaveLength(4);
    for (const { headers: sent } of fixture.arrivals()) {
      expect(sent.authorization).toBe(`Bearer ${BEARER}`);
      expect(sent["x-team"]).toBe("red");
      expect(sent.accept).toBe("application/json, text/event-stream");
      expect(sent["accept-encoding"]).toBe("identity");
      expect(sent["mcp-session-id"]).not.toBe("stolen");
    }
  });

  test("what travels beside the call is in _meta, and nothing where there is nothing", async () => {
    const { fixture, server } = await start();
    const meta = { traceparent: "00-1-2-01" };
    await recordCall(server, toolRequest({ meta })).over;
    await recordCall(server, toolRequest()).over;
    const calls = fixture.arrivals().flatMap(({ message }) => {
      return message.kind === "request" && message.method === "tools/call" ? [message] : [];
    });
    const params = { name: "echo", arguments: { text: "hello" } };
    expect(calls.map((call) => call.params)).toEqual([{ ...params, _meta: meta }, params]);
    expect(new Set(calls.map((call) => call.id)).size).toBe(2);
  });

  test("of a call that is held not one byte leaves", async () => {
    const { fixture, server } = await start();
    await recordCall(server, toolRequest()).over;
    const bytes = fixture.bytesReceived();
    await recordCall(server, toolRequest(), () => false).over;
    await sleep(SILENCE_MS);
    expect(fixture.bytesReceived()).toBe(bytes);
    expect((await recordCall(server, toolRequest()).over).kind).toBe("result");
    expect(fixture.ran()).toBe(2);
  });

  test("a header that cannot be sent is a fault before the write, without its value", async () => {
    const { fixture, server } = await start(
      {},
      { settings: { headers: { "x-a": "b\r\nsecret" } } },
    );
    const fault = await faultOf(recordCall(server, toolRequest()));
    expect(fault).toMatchObject({ kind: "unreachable", written: false });
    expect(fault.message).not.toContain("secret");
    expect(fixture.bytesReceived()).toBe(0);
  });

  test("what can never work is said at once", () => {
    expect(() => serverAt("ftp://h/mcp", {}, systemClock)).toThrow(/must begin with http/);
    expect(() => serverAt("http://a:b@h/mcp", {}, systemClock)).toThrow(/user or password/);
  });

  test("a refused connection is unreachable and unwritten", async () => {
    const { fixture, server } = await start();
    await fixture.close();
    const recording = recordCall(server, toolRequest());
    const fault = await faultOf(recording);
    expect(fault).toMatchObject({ kind: "unreachable", written: false });
    expect(fault.message).toContain("ECONNREFUSED");
    expect(recording.asked).toBe(0);
  });

  test("a server that accepts and says nothing is given up after the wait for connections", async () => {
    const clock = testClock();
    const { fixture, server } = await start(
      { call: "never" },
      { clock, settings: { connectionsMax: 1 } },
    );
    const first = recordCall(server, toolRequest({ timeoutMs: 1_000_000 }));
    await until(() => fixture.ran() === 1);
    const waiting = recordCall(server, toolRequest());
    await sleep(SILENCE_MS);
    clock.advance(CONNECTION_WAIT_MAX_MS);
    expect(await faultOf(waiting)).toMatchObject({ kind: "unreachable", written: false });
    expect(waiting.asked).toBe(0);
    first.exchange.abort();
    await first.over;
    await sleep(SILENCE_MS);
    expect(fixture.ran()).toBe(1);
  });
});

describe("answers", () => {
  const WRONG: readonly [CallAnswer, RegExp][] = [
    ["wrong-id", /ended without an answer/],
    ["batch", /batches are not taken/],
    ["duplicate-key", /this key twice/],
    ["no-content", /without content/],
    ["unknown-result", /a resultType that is not known/],
    ["rpc-error", /JSON-RPC error -32602: Unknown tool: x/],
    ["anonymous-error", /JSON-RPC error -32700: Parse error/],
    ["text", /content type text\/html/],
    ["accepted", /HTTP 202 and no answer/],
    ["redirect", /HTTP 307: redirects are not followed/],
    ["gzip", /content-encoding gzip/],
    ["half-clean", /./],
  ];
  for (const answers of ["json", "sse"] as const) {
    test.each(WRONG)(
      `%s is a protocol fault that says so, in ${answers}`,
      async (call, message) => {
        const { fixture, server } = await start({ call, answers });
        const fault = await faultOf(recordCall(server, toolRequest()));
        expect(fault).toMatchObject({ kind: "protocol", written: true });
        expect(fault.message).toMatch(message);
        expect(fixture.count("tools/call")).toBe(1);

        fixture.set({ call: "well" });
        expect((await recordCall(server, toolRequest()).over).kind).toBe("result");
      },
    );
  }

  test.each([
    [false, "json"],
    [true, "json"],
    [false, "sse"],
  ] as const)(
    "a tool that its server runs as a task alone has failed, and the model is told (%s, %s)",
    async (stateless, answers) => {
      const { server } = await start({ call: "unknown-method", stateless, answers });
      expect(await recordCall(server, toolRequest()).over).toMatchObject({
        kind: "result",
        result: { isError: true, content: [{ text: expect.stringContaining("MCP task") }] },
      });
    },
  );

  test("a tool that asks for input is a failed one, and the model reads why", async () => {
    for (const stateless of [true, false]) {
      const { server } = await start({ call: "input-required", stateless });
      const end = await recordCall(server, toolRequest()).over;
      const text = expect.stringContaining("asked for input (elicitation/create)");
      expect(end).toMatchObject({
        kind: "result",
        result: { isError: true, content: [{ type: "text", text }] },
      });
    }
  });

  test("credentials that a server quotes are blotted out", async () => {
    const { server } = await start({ call: "http-401" });
    const fault = await faultOf(recordCall(server, toolRequest()));
    expect(fault.message).toContain("who is Bearer …?");
    expect(fault.message).not.toContain(BEARER);
  });

  test("what comes before the answer in a stream is passed over", async () => {
    const before = [
      ": a comment\n\n",
      "id: 1\ndata:\n\n",
      "event: heartbeat\ndata: {no json\n\n",
      noticeEvent("notifications/progress"),
      'data: {"jsonrpc":"2.0","id":"another","result":{"content":[]}}\n\n',
    ];
    const { server } = await start({ answers: "sse", before });
    const end = await recordCall(server, toolRequest()).over;
    expect(end).toMatchObject({
      kind: "result",
      result: { content: [{ text: '{"text":"hello"}' }] },
    });
  });

  test("how far a call has come is told to who asked, between its write and its end", async () => {
    const progress = [
      { progress: 1, total: 3, message: "one" },
      { progress: 2.5 },
      { progress: "half" },
      { progress: 9, progressToken: "another" },
    ];
    const { fixture, server } = await start({ answers: "sse", progress });
    const told: object[] = [];
    const request = toolRequest({ progress: (notification) => told.push(notification) });
    expect(await recordCall(server, request).over).toMatchObject({ kind: "result" });
    expect(told).toEqual([{ progress: 1, total: 3, message: "one" }, { progress: 2.5 }]);
    expect(await recordCall(server, toolRequest()).over).toMatchObject({ kind: "result" });
    const metas = fixture.arrivals().flatMap(({ message }) => {
      return message.kind === "request" && message.method === "tools/call" ? [message] : [];
    });
    expect(metas.map(({ id, params }) => [id, params._meta])).toEqual([
      [metas[0]?.id, { progressToken: metas[0]?.id }],
      [metas[1]?.id, undefined],
    ]);
    expect(told).toHaveLength(2);
  });

  test("an event that is no message is a protocol fault", async () => {
    const { server, fixture } = await start({ answers: "sse" });
    await server.list();
    fixture.set({ before: ["data: {no json\n\n"] });
    expect(await faultOf(recordCall(server, toolRequest()))).toMatchObject({ kind: "protocol" });
  });

  test("a stream that floods is cut", async () => {
    const { server } = await start({ answers: "sse", call: "flood" });
    const fault = await faultOf(recordCall(server, toolRequest()));
    expect(fault).toMatchObject({ kind: "too-large", written: true });
  });

  test("a result is there with its event, though the stream stays open", async () => {
    const { server, fixture } = await start({ answers: "sse", staysOpen: true, sessions: false });
    expect((await recordCall(server, toolRequest()).over).kind).toBe("result");
    expect(fixture.ran()).toBe(1);
  });

  test("a stream that stays open is cut after its time, and frees its connection", async () => {
    const clock = testClock();
    const settings = { connectionsMax: 1 };
    const { server, fixture } = await start(
      { answers: "sse", sessions: false },
      { clock, settings },
    );
    await server.list();
    fixture.set({ staysOpen: true });
    expect((await recordCall(server, toolRequest()).over).kind).toBe("result");
    const next = recordCall(server, toolRequest());
    await sleep(SILENCE_MS);
    expect(next.ends).toEqual([]);
    clock.advance(DRAIN_MS_MAX);
    expect((await next.over).kind).toBe("result");
  });

  test("connections are kept and shared, whichever way the answers come", async () => {
    for (const answers of ["json", "sse"] as const) {
      const { server, fixture } = await start({ answers }, { settings: { connectionsMax: 1 } });
      for (let round = 0; round < 5; round += 1) await recordCall(server, toolRequest()).over;
      expect(fixture.connections()).toBe(1);
    }
  });

  test("halves of an answer at every byte, then the end: never a result, never two ends", async () => {
    const text =
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n';
    for (let bytes = 0; bytes < text.length; bytes += 3) {
      const raw = createServer((socket) => {
        socket.on("error", () => socket.destroy());
        socket.once("data", () => socket.end(text.slice(0, bytes)));
      });
      await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
      const { port } = raw.address() as { port: number }; // it listens on TCP
      const server = serverAt(`http://127.0.0.1:${port}/`, {}, systemClock);
      const end = await recordCall(server, toolRequest()).over;
      expect(end).toMatchObject({ kind: "fault", fault: { kind: "unreachable", written: false } });
      await server.close();
      raw.close();
    }
  });
});

describe("what the server asks", () => {
  test("a ping is answered, other questions are declined, and the call goes on", async () => {
    const asked = ["ping", "sampling/createMessage", "elicitation/create", "roots/list"];
    const before = asked.map((method) => requestEvent(`q-${method}`, method));
    const { fixture, server } = await start(
      { answers: "sse", before },
      { settings: { connectionsMax: 1 } },
    );
    expect((await recordCall(server, toolRequest()).over).kind).toBe("result");
    const answered = () =>
      fixture
        .arrivals()
        .flatMap(({ message }) => ("result" in message || "code" in message ? [message] : []));
    // Asked in the handshake too, which is answered by a stream as well.
    await until(() => answered().length === 2 * asked.length);
    const last = new Map(answered().map((message) => [message.id, message]));
    expect(last.get("q-ping")).toMatchObject({ kind: "result", result: {} });
    for (const method of asked.slice(1)) {
      expect(last.get(`q-${method}`)).toMatchObject({ kind: "error", code: -32_601 });
    }
  });

  test("answers go out while the only connection waits for the tool", async () => {
    const { fixture, server } = await start(
      { answers: "sse" },
      { settings: { connectionsMax: 1 } },
    );
    await server.list();
    fixture.set({ before: [requestEvent("q", "ping")], staysOpen: true });
    await recordCall(server, toolRequest()).over;
    await until(() => fixture.arrivals().some(({ message }) => message.kind === "result"));
  });

  test("a server that asks without end gets so many answers at once and no more", async () => {
    const before = Array.from({ length: 3 * ASIDES_MAX }, (_, at) => requestEvent(at, "ping"));
    const { fixture, server } = await start({ answers: "sse" });
    await server.list();
    fixture.set({ before: [before.join("")], ignoresAnswers: true });
    expect((await recordCall(server, toolRequest()).over).kind).toBe("result");
    const answers = () => methods(fixture).filter((kind) => kind === "result").length;
    // One that was written and had not been read yet would go with its connection, uncounted.
    await until(() => answers() === ASIDE_CONNECTIONS);
    fixture.set({ ignoresAnswers: false });
    fixture.dropConnections();
    await until(() => answers() >= ASIDES_MAX);
    await sleep(2 * SILENCE_MS);
    expect(answers()).toBe(ASIDES_MAX);
  });
});

describe("what nobody waits for any more", () => {
  test("a written call that times out or is aborted is cancelled at the server", async () => {
    const clock = testClock();
    const { fixture, server } = await start({ call: "never" }, { clock });
    const late = recordCall(server, toolRequest());
    await until(() => fixture.ran() === 1);
    clock.advance(toolRequest().timeoutMs);
    await late.over;
    const aborted = recordCall(server, toolRequest());
    await until(() => fixture.ran() === 2);
    aborted.exchange.abort();
    await until(() => fixture.count("notifications/cancelled") === 2);
    const said = fixture
      .arrivals()
      .flatMap(({ message }) => ("params" in message ? [message] : []));
    const ids = said.flatMap((message) =>
      message.kind === "request" && message.method === "tools/call" ? [message.id] : [],
    );
    const cancelled = said.filter(({ method }) => method === "notifications/cancelled");
    expect(cancelled.map(({ params }) => params)).toEqual([
      { requestId: ids[0], reason: "timeout" },
      { requestId: ids[1], reason: "aborted" },
    ]);
    for (const { message, headers } of fixture.arrivals()) {
      if (!("method" in message) || message.method !== "notifications/cancelled") continue;
      expect(headers["mcp-session-id"]).toBe("session-1");
    }
  });

  test("a call that was never written is not cancelled", async () => {
    const { fixture, server } = await start({}, { settings: { connectionsMax: 1 } });
    await server.list();
    recordCall(server, toolRequest()).exchange.abort();
    await recordCall(server, toolRequest(), () => false).over;
    fixture.set({ call: "never" });
    recordCall(server, toolRequest());
    await until(() => fixture.ran() === 1);
    const queued = recordCall(server, toolRequest());
    await sleep(SILENCE_MS);
    queued.exchange.abort();
    expect(await faultOf(queued)).toMatchObject({ kind: "aborted", written: false });
    expect(fixture.count("notifications/cancelled")).toBe(0);
  });

  test("leaves no timer behind, however a call ended", async () => {
    const clock = testClock();
    const { fixture, server } = await start({}, { clock });
    for (const call of ["well", "reset", "garbage", "redirect", "half"] as const) {
      fixture.set({ call });
      await recordCall(server, toolRequest()).over;
    }
    fixture.set({ call: "well" });
    fixture.loseSessions();
    await recordCall(server, toolRequest()).over;
    await recordCall(server, toolRequest(), () => false).over;
    recordCall(server, toolRequest()).exchange.abort();
    const torn = recordCall(server, toolRequest(), () => {
      torn.exchange.abort();
      return true;
    });
    await torn.over;
    await server.list();
    await until(() => clock.waiting === 0);
  });
});

describe("the list of tools", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ name: `tool-${at}` }));

  test("has all pages, in order, with the server's own descriptions", async () => {
    const tools = many(25).map((tool) => ({ ...tool, description: `does ${tool.name}` }));
    const { fixture, server } = await start({ tools, pageSize: 10 });
    const listed = await server.list();
    expect(listed).toEqual(tools.map((raw) => ({ name: raw.name, raw })));
    expect(fixture.count("tools/list")).toBe(3);
  });

  test("is asked for once by all who want it, and kept for its time", async () => {
    const clock = testClock();
    const { fixture, server } = await start({}, { clock });
    await Promise.all([server.list(), server.list(), server.list()]);
    clock.advance(LIST_KEPT_MS - 1);
    await server.list();
    expect(fixture.count("tools/list")).toBe(1);
    clock.advance(1);
    await server.list();
    expect(fixture.count("tools/list")).toBe(2);
  });

  test.each(["before", "after"] as const)(
    "is asked for anew when it changed: said %s an answer",
    async (when) => {
      const { fixture, server } = await start({ answers: "sse" });
      expect(await server.list()).toHaveLength(2);
      fixture.set({ [when]: [LIST_CHANGED] });
      await recordCall(server, toolRequest()).over;
      await sleep(SILENCE_MS);
      fixture.set({ [when]: [], tools: many(3) });
      expect(await server.list()).toHaveLength(3);
      await server.list();
      expect(fixture.count("tools/list")).toBe(2);
    },
  );

  test("that changes while it is read is not kept", async () => {
    const { fixture, server } = await start({ answers: "sse", before: [LIST_CHANGED] });
    await server.list();
    await server.list();
    expect(fixture.count("tools/list")).toBe(2);
  });

  const BAD: readonly [string, Partial<McpScript>, RegExp][] = [
    ["has no end", { pagesForEver: true }, new RegExp(`more than ${PAGES_MAX} pages`)],
    ["names a tool twice", { tools: [{ name: "a" }, { name: "a" }] }, /names one twice/],
    ["has a tool without a name", { tools: [{ description: "x" }] }, /a tool without a name/],
    ["has a name beyond all measure", { tools: [{ name: "x".repeat(300) }] }, /without a name/],
    [
      "is too large",
      { tools: [{ name: "a", x: "x".repeat(LIST_BYTES_MAX) }] },
      /more than \d+ bytes/,
    ],
    ["has too many tools", { tools: many(ITEMS_MAX + 1), pageSize: 9_000 }, /too many/],
  ];
  test.each(BAD)("that %s is refused, and asked for anew", async (_, script, message) => {
    const { fixture, server } = await start(script);
    await expect(server.list()).rejects.toThrow(message);
    await expect(server.list()).rejects.toBeInstanceOf(ToolServerUnreachable);
    fixture.set({ pagesForEver: false, tools: many(1) });
    expect(await server.list()).toHaveLength(1);
  });

  test("limits hold over all pages together", async () => {
    const half = "x".repeat(LIST_BYTES_MAX * 0.6);
    const tools = [
      { name: "a", half },
      { name: "b", half },
    ];
    const { server } = await start({ tools, pageSize: 1 });
    await expect(server.list()).rejects.toThrow(/more than \d+ bytes/);
  });
});
