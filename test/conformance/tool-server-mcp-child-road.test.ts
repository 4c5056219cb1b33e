/** What the MCP adapter does with a server that it starts itself, beyond what all must do. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import type { McpCommand } from "../../src/adapters/tool-server/mcp/mcp-settings.ts";
import { GRACE_MS } from "../../src/adapters/tool-server/mcp/stdio/child.ts";
import {
  DISCOVER_MS_MAX,
  LINE_BYTES_MAX,
  START_MS_MAX,
} from "../../src/adapters/tool-server/mcp/stdio/conversation.ts";
import {
  REST_MS,
  REST_MS_MAX,
  REST_WAIT_MS_MAX,
  STEADY_MS,
} from "../../src/adapters/tool-server/mcp/stdio/keeper.ts";
import { LINES_AT_ONCE } from "../../src/adapters/tool-server/mcp/stdio/murmur.ts";
import { PLACE_WAIT_MAX_MS } from "../../src/adapters/tool-server/mcp/stdio/pipe-link.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { ToolServerUnreachable } from "../../src/ports/tool-server.ts";
import { testClock } from "../../src/testing/test-clock.ts";
import {
  faultOf,
  recordCall,
  SILENCE_MS,
  toolRequest,
} from "../../src/testing/tool-server-fixture.ts";
import { type ChildScript, lives, type OpenChild, openChild, soon } from "../support/mcp-child.ts";

const open: OpenChild[] = [];

afterEach(async () => {
  for (const { fixture, server } of open.splice(0)) {
    await server.close();
    fixture.forget();
  }
});

interface Options {
  readonly command?: Partial<McpCommand>;
  readonly clock?: Clock;
}

function start(
  script: Partial<ChildScript> = {},
  { command = {}, clock = systemClock }: Options = {},
): OpenChild {
  const opened = openChild(script, command, clock);
  open.push(opened);
  return opened;
}

function answerTo({ server }: OpenChild, request = toolRequest()) {
  return recordCall(server, request).over;
}

const RESULT = { kind: "result", result: { isError: false } };

describe("the child", () => {
  test("is not started before it is needed, and once for all who ask at the same time", async () => {
    const child = start();
    await sleep(SILENCE_MS);
    expect(child.fixture.arrivals()).toEqual([]);
    const calls = Array.from({ length: 10 }, () => answerTo(child));
    await Promise.all([...calls, child.server.list()]);
    expect(child.fixture.pids()).toHaveLength(1);
    expect(child.fixture.said("initialize")).toHaveLength(1);
    expect(child.fixture.ran()).toBe(10);
  });

  test("gets what the operator gives it and what every program needs, and nothing else", async () => {
    process.env.SLIPCLUTCH_TEST_OWN = "the gateway's own";
    const surroundings = { PATH: "/bin", LANG: "C" };
    const child = start({}, { command: { env: { TOKEN: "of the desk" }, surroundings } });
    await answerTo(child);
    delete process.env.SLIPCLUTCH_TEST_OWN;
    const [{ cwd, env }] = child.fixture.arrivals();
    expect(env).toEqual({ PATH: "/bin", LANG: "C", TOKEN: "of the desk" });
    expect(cwd).toBe(child.fixture.folder);
  });

  test("gets its arguments as they are written: no shell reads them", async () => {
    const given = ["$(touch made)", "; exit 9", "a  b", "*"];
    const plain = start();
    const child = start({}, { command: { command: [...plain.fixture.command, ...given] } });
    expect(await answerTo(child)).toMatchObject(RESULT);
    expect(plain.fixture.arrivals()[0].args).toEqual(given);
  });

  test("that cannot be started leaves calls unwritten and says why", async () => {
    const child = start({}, { command: { command: ["/nowhere/at-all"] } });
    const recording = recordCall(child.server, toolRequest());
    const fault = await faultOf(recording);
    expect(fault).toMatchObject({ kind: "unreachable", written: false });
    expect(fault.message).toContain("could not be started: spawn /nowhere/at-all ENOENT");
    expect(recording.asked).toBe(0);
    expect(child.remarks).toMatchObject([{ level: "warn", message: "a tool server ended" }]);
    await expect(child.server.list()).rejects.toBeInstanceOf(ToolServerUnreachable);
  });

  test("with arguments that the system refuses is a fault too", async () => {
    const child = start({}, { command: { command: ["true", "x".repeat(8 * 1024 * 1024)] } });
    const fault = await faultOf(recordCall(child.server, toolRequest()));
    expect(fault).toMatchObject({ kind: "unreachable", written: false });
    expect(fault.message).toContain("could not be started");
  });
});

describe("the version", () => {
  const OLD: readonly ChildScript["discover"][] = ["error", "handshake"];
  test.each(OLD)("is asked for first, and then shaken hands on: %s", async (discover) => {
    const child = start({ discover });
    expect(await answerTo(child)).toMatchObject(RESULT);
    const methods = child.fixture.arrivals().flatMap(({ message }) => message?.method ?? []);
    const handshake = ["server/discover", "initialize", "notifications/initialized"];
    expect(methods).toEqual([...handshake, "tools/call"]);
    const [call] = child.fixture.said("tools/call");
    expect(call.params._meta).toBeUndefined();
  });

  test("2026-07-28 is said in every request, and no hands are shaken", async () => {
    const child = start({ discover: "stateless" });
    expect(await answerTo(child)).toMatchObject(RESULT);
    await child.server.list();
    const said = child.fixture.arrivals().flatMap(({ message }) => message ?? []);
    expect(said.map(({ method }) => method)).toEqual([
      "server/discover",
      "tools/call",
      "tools/list",
    ]);
    for (const { params } of said) {
      expect(params._meta).toEqual({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { name: "slipclutch", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
      });
    }
  });

  test("a server that leaves the question unanswered is given up asking, once for all starts", async () => {
    const clock = testClock();
    const child = start({ discover: "silent" }, { clock });
    const first = answerTo(child);
    await soon(() => child.fixture.said("server/discover").length === 1);
    clock.advance(DISCOVER_MS_MAX);
    expect(await first).toMatchObject(RESULT);
    child.fixture.set({ call: "reset" });
    await answerTo(child);
    child.fixture.set({ call: "well" });
    const next = answerTo(child);
    clock.advance(REST_MS);
    expect(await next).toMatchObject(RESULT);
    expect(child.fixture.said("server/discover")).toHaveLength(1);
  });

  test("a server that ends at the question is started once more, at once", async () => {
    const child = start({ discover: "exit" }, { clock: testClock() });
    expect(await answerTo(child)).toMatchObject(RESULT);
    expect(child.fixture.pids()).toHaveLength(2);
  });

  test("a late answer to the question counts where hands are not shaken", async () => {
    const clock = testClock();
    const child = start({ discover: "stateless", initialize: "error", slowMs: 200 }, { clock });
    const call = answerTo(child);
    await soon(() => child.fixture.pids().length === 1);
    clock.advance(DISCOVER_MS_MAX);
    expect(await call).toMatchObject(RESULT);
    expect(child.fixture.said("initialize")).toHaveLength(1);
    expect(child.fixture.said("tools/call")[0].params._meta).toMatchObject({
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    });
  });

  const FAILURES: readonly [Partial<ChildScript>, RegExp][] = [
    [{ initialize: "error" }, /handshake: answered JSON-RPC error -32601: only 2026-07-28/],
    [{ initialize: "old" }, /protocolVersion that is not spoken here/],
    [{ initialize: "exit" }, /ended with exit code 4/],
    [{ exitAtStart: 5 }, /ended with exit code 5/],
    [{ before: ["Starting …"] }, /wrote what is no message .*Starting/],
  ];
  test.each(FAILURES)("that fails with %o leaves calls unwritten", async (script, message) => {
    const child = start(script);
    const recording = recordCall(child.server, toolRequest());
    const fault = await faultOf(recording);
    expect(fault).toMatchObject({ kind: "unreachable", written: false });
    expect(fault.message).toMatch(message);
    expect(recording.asked).toBe(0);
    await soon(() => child.fixture.pids().every((pid) => !lives(pid)));
    child.fixture.set({ initialize: "well", exitAtStart: null, before: [] });
    expect(await answerTo(child)).toMatchObject(RESULT);
  });

  test("that is never agreed on ends, and the calls that wait for it", async () => {
    const clock = testClock();
    const child = start({ initialize: "silent" }, { clock });
    const recordings = [1, 2].map(() => recordCall(child.server, toolRequest({ timeoutMs: 5 })));
    await soon(() => child.fixture.said("initialize").length === 1);
    clock.advance(START_MS_MAX);
    for (const recording of recordings) {
      expect(await faultOf(recording)).toMatchObject({ kind: "unreachable", written: false });
    }
  });
});

describe("a child that ends", () => {
  test("fails the calls that are out, which may have run, and is started anew after a rest", async () => {
    const clock = testClock();
    const child = start({ call: "never" }, { clock });
    const out = [1, 2, 3].map(() => recordCall(child.server, toolRequest()));
    await soon(() => child.fixture.ran() === 3);
    process.kill(child.fixture.pids()[0] ?? 0, "SIGKILL");
    for (const recording of out) {
      expect(await faultOf(recording)).toEqual({
        kind: "reset",
        written: true,
        message: "the server was ended by SIGKILL",
      });
    }
    child.fixture.set({ call: "well" });
    const next = recordCall(child.server, toolRequest());
    clock.advance(REST_MS - 1);
    await sleep(SILENCE_MS);
    expect(child.fixture.pids()).toHaveLength(1);
    clock.advance(1);
    expect(await next.over).toMatchObject(RESULT);
    expect(child.fixture.pids()).toHaveLength(2);
    expect(child.remarks.map(({ message }) => message)).toEqual([
      "a tool server was started",
      "a tool server ended",
      "a tool server was started",
    ]);
    expect(child.remarks[1]).toMatchObject({
      level: "warn",
      fields: {
        tool_server: "child",
        pid: child.fixture.pids()[0],
        because: "the server was ended by SIGKILL",
        next_start_after_ms: REST_MS,
      },
    });
  });

  test("rests twice as long each time, up to the most, and nobody waits too long for it", async () => {
    const clock = testClock();
    const child = start({ initialize: "exit" }, { clock });
    const rests: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      await answerTo(child);
      const last = child.remarks.at(-1);
      rests.push(Number(last?.fields.next_start_after_ms));
      const starts = child.fixture.pids().length;
      if ((rests.at(-1) ?? 0) > REST_WAIT_MS_MAX) {
        const fault = await faultOf(recordCall(child.server, toolRequest()));
        expect(fault.message).toMatch(/exit code 4; it is started again in \d+ s at the earliest/);
        expect(fault).toMatchObject({ kind: "unreachable", written: false });
        expect(child.fixture.pids()).toHaveLength(starts);
      }
      clock.advance(rests.at(-1) ?? 0);
    }
    expect(rests).toEqual([1, 2, 4, 8, 16, 30, 30].map((seconds) => seconds * 1_000));
    expect(rests.at(-1)).toBe(REST_MS_MAX);
  });

  test("after it stayed up for a while rests as at the first time", async () => {
    const clock = testClock();
    const child = start({}, { clock });
    const rests: unknown[] = [];
    for (const upMs of [0, 0, STEADY_MS]) {
      child.fixture.set({ call: "well" });
      expect(await answerTo(child)).toMatchObject(RESULT);
      clock.advance(upMs);
      child.fixture.set({ call: "reset" });
      expect(await answerTo(child)).toMatchObject({ fault: { kind: "reset", written: true } });
      rests.push(child.remarks.at(-1)?.fields.next_start_after_ms);
      clock.advance(REST_MS_MAX);
    }
    expect(rests).toEqual([REST_MS, 2 * REST_MS, REST_MS]);
  });

  test("by closing its output is ended, and fails what is out", async () => {
    const child = start({ call: "closed-output" });
    expect(await answerTo(child)).toMatchObject({ fault: { kind: "reset", written: true } });
    await soon(() => child.fixture.pids().every((pid) => !lives(pid)));
  });

  test("delivers what it wrote before its end", async () => {
    const child = start({}, { command: { callsMax: 1 } });
    expect(await answerTo(child)).toMatchObject(RESULT);
    child.fixture.set({ call: "half" });
    const fault = await faultOf(recordCall(child.server, toolRequest()));
    expect(fault).toMatchObject({ kind: "reset", written: true });
    expect(fault.message).toContain("exit code 0");
  });

  test("takes what it started with it", async () => {
    const child = start({ helper: true });
    await answerTo(child);
    const helper = child.fixture.arrivals().find((one) => "helper" in one).helper;
    expect(lives(helper)).toBe(true);
    process.kill(child.fixture.pids()[0] ?? 0, "SIGKILL");
    await soon(() => !lives(helper));
  });
});

describe("lines that are no messages", () => {
  const CASES: readonly [string, string, RegExp][] = [
    ["garbage", "protocol", /wrote what is no message \(is not JSON\): "Listening on stdio …"/],
    ["empty", "protocol", /wrote what is no message/],
    ["no-utf8", "protocol", /not UTF-8/],
    ["endless", "too-large", new RegExp(`a line of more than ${LINE_BYTES_MAX} bytes`)],
    ["flood", "too-large", /lines a second/],
  ];
  test.each(CASES)(
    "%s fails all calls that are out, and ends the child",
    async (call, kind, message) => {
      const child = start({ call: "never" });
      const other = recordCall(child.server, toolRequest());
      await soon(() => child.fixture.ran() === 1);
      child.fixture.set({ call });
      const culprit = recordCall(child.server, toolRequest());
      for (const recording of [culprit, other]) {
        const fault = await faultOf(recording);
        expect(fault).toMatchObject({ kind, written: true });
        expect(fault.message).toMatch(message);
      }
      child.fixture.set({ call: "well" });
      expect(await answerTo(child)).toMatchObject(RESULT);
      expect(child.fixture.pids().map(lives)).toEqual([false, true]);
    },
  );

  test("an answer that is too large fails its own call alone", async () => {
    const child = start({ call: "huge", hugeBytes: 2 * toolRequest().resultBytesMax });
    expect(await answerTo(child)).toMatchObject({ fault: { kind: "too-large", written: true } });
    child.fixture.set({ call: "well" });
    expect(await answerTo(child)).toMatchObject(RESULT);
    expect(child.fixture.pids()).toHaveLength(1);
  });

  test("a result without content is a fault of its own call alone", async () => {
    const child = start({ call: "no-content" });
    expect(await answerTo(child)).toMatchObject({ fault: { kind: "protocol", written: true } });
    child.fixture.set({ call: "well" });
    expect(await answerTo(child)).toMatchObject(RESULT);
    expect(child.fixture.pids()).toHaveLength(1);
  });

  test("an error that says not which request it is about is that of the only one", async () => {
    const child = start({ call: "anonymous" });
    const fault = await faultOf(recordCall(child.server, toolRequest()));
    expect(fault).toMatchObject({ kind: "protocol", message: /-32700: what\?/ });
  });
});

describe("what goes out", () => {
  test("so many at once and no more: the others wait for a place, in their order", async () => {
    const child = start({ latencyMs: 20 }, { command: { callsMax: 2 } });
    await child.server.list();
    const calls = Array.from({ length: 6 }, (_, n) =>
      recordCall(child.server, toolRequest({ arguments: { n } })),
    );
    await soon(() => child.fixture.ran() === 2);
    expect(calls.map(({ asked }) => asked)).toEqual([1, 1, 0, 0, 0, 0]);
    for (const { over } of calls) expect(await over).toMatchObject(RESULT);
    const order = child.fixture.said("tools/call").map(({ params }) => params.arguments.n);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("who gets no place in time is not written", async () => {
    const clock = testClock();
    const child = start({ call: "never" }, { clock, command: { callsMax: 1 } });
    const first = recordCall(child.server, toolRequest({ timeoutMs: 1_000_000 }));
    await soon(() => child.fixture.ran() === 1);
    const waiting = recordCall(child.server, toolRequest());
    await sleep(SILENCE_MS);
    clock.advance(PLACE_WAIT_MAX_MS);
    expect(await faultOf(waiting)).toMatchObject({ kind: "unreachable", written: false });
    expect(waiting.asked).toBe(0);
    first.exchange.abort();
    await first.over;
    expect(child.fixture.ran()).toBe(1);
  });

  test("a child that does not read gets no more than its pipe takes", async () => {
    const clock = testClock();
    const child = start({ call: "deaf" }, { clock });
    const large = toolRequest({ arguments: { text: "x".repeat(1024 * 1024) } });
    const deaf = recordCall(child.server, toolRequest());
    await soon(() => child.fixture.ran() === 1);
    await sleep(SILENCE_MS);
    const written = recordCall(child.server, large);
    await sleep(SILENCE_MS);
    const waiting = Array.from({ length: 5 }, () => recordCall(child.server, large));
    await sleep(SILENCE_MS);
    clock.advance(PLACE_WAIT_MAX_MS);
    for (const recording of waiting) {
      expect(await faultOf(recording)).toMatchObject({ kind: "unreachable", written: false });
    }
    for (const { over } of [deaf, written]) {
      expect(await over).toMatchObject({ fault: { kind: "timeout", written: true } });
    }
    for (const pid of child.fixture.pids()) process.kill(pid, "SIGKILL");
  });

  test("a written call that times out or is aborted is cancelled, and its late answer ignored", async () => {
    const clock = testClock();
    const child = start({ latencyMs: 50 }, { clock });
    const late = recordCall(child.server, toolRequest());
    await soon(() => child.fixture.ran() === 1);
    clock.advance(toolRequest().timeoutMs);
    expect(await faultOf(late)).toMatchObject({ kind: "timeout", written: true });
    const aborted = recordCall(child.server, toolRequest());
    await soon(() => child.fixture.ran() === 2);
    aborted.exchange.abort();
    await soon(() => child.fixture.said("notifications/cancelled").length === 2);
    const ids = child.fixture.said("tools/call").map(({ id }) => id);
    expect(child.fixture.said("notifications/cancelled").map(({ params }) => params)).toEqual([
      { requestId: ids[0], reason: "timeout" },
      { requestId: ids[1], reason: "aborted" },
    ]);
    // The pipe keeps its order: an answer that is written later comes after both late ones.
    expect(await answerTo(child)).toMatchObject(RESULT);
    expect(child.fixture.pids()).toHaveLength(1);
    expect([late.ends.length, aborted.ends.length]).toEqual([1, 1]);
  });

  test("leaves no timer behind, however a call ended", async () => {
    const clock = testClock();
    const child = start({}, { clock });
    for (const call of ["well", "no-content", "http-500"]) {
      child.fixture.set({ call });
      await answerTo(child);
    }
    await recordCall(child.server, toolRequest(), () => false).over;
    recordCall(child.server, toolRequest()).exchange.abort();
    await child.server.list();
    await soon(() => clock.waiting === 0);
  });
});

describe("what the server asks", () => {
  const ask = (id: string, method: string) => JSON.stringify({ jsonrpc: "2.0", id, method });

  test("a ping is answered, other questions are declined, and the call goes on", async () => {
    const before = [ask("p", "ping"), ask("s", "sampling/createMessage"), ask("r", "roots/list")];
    const child = start();
    await child.server.list();
    child.fixture.set({ before });
    expect(await answerTo(child)).toMatchObject(RESULT);
    const answers = () =>
      child.fixture
        .arrivals()
        .flatMap(({ message }) => (message !== undefined && !message.method ? [message] : []));
    child.fixture.set({ before: [] });
    await soon(() => answers().length >= before.length);
    expect(answers().slice(0, 3)).toMatchObject([
      { id: "p", result: {} },
      { id: "s", error: { code: -32_601 } },
      { id: "r", error: { code: -32_601 } },
    ]);
  });

  test("how far a call has come is told to who asked, between its write and its end", async () => {
    const progress = [
      { progress: 1, total: 3, message: "one" },
      { progress: 2.5 },
      { progress: "half" },
      { progress: 9, progressToken: "another" },
    ];
    const { fixture, server } = start({ progress });
    const told: object[] = [];
    const request = toolRequest({ progress: (notification) => told.push(notification) });
    expect(await recordCall(server, request).over).toMatchObject({ kind: "result" });
    expect(told).toEqual([{ progress: 1, total: 3, message: "one" }, { progress: 2.5 }]);
    expect(await recordCall(server, toolRequest()).over).toMatchObject({ kind: "result" });
    const [first, second] = fixture.said("tools/call");
    expect([first.params._meta, second.params._meta]).toEqual([
      { progressToken: first.id },
      undefined,
    ]);
    expect(told).toHaveLength(2);
  });

  test("in 2026-07-28 it must not ask, and is not answered", async () => {
    const child = start({ discover: "stateless" });
    await child.server.list();
    child.fixture.set({ before: [ask("p", "ping")] });
    expect(await answerTo(child)).toMatchObject(RESULT);
    await sleep(SILENCE_MS);
    expect(child.fixture.arrivals().filter(({ message }) => message?.id === "p")).toEqual([]);
  });

  test("a list that it says has changed is asked for anew", async () => {
    const child = start();
    expect(await child.server.list()).toHaveLength(2);
    const changed = { jsonrpc: "2.0", method: "notifications/tools/list_changed" };
    child.fixture.set({ before: [JSON.stringify(changed)], tools: [{ name: "other" }] });
    await answerTo(child);
    child.fixture.set({ before: [] });
    expect(await child.server.list()).toEqual([{ name: "other", raw: { name: "other" } }]);
  });
});

describe("what it writes to its standard error", () => {
  const lines = ({ remarks }: OpenChild) =>
    remarks.filter(({ message }) => message.includes("standard error")).map((one) => one.fields);

  test("is in the log, line by line, without its secrets", async () => {
    const env = { TOKEN: "secret-of-the-desk", KEY: "-----BEGIN\nsecond-line-of-it\n-----END" };
    const murmur = "hello\r\n\nusing secret-of-the-desk\nsecond-line-of-it\nhalf a line";
    const child = start({ murmur }, { command: { env } });
    await answerTo(child);
    await soon(() => lines(child).length === 3);
    await child.server.close();
    expect(lines(child)).toEqual([
      { tool_server: "child", line: "hello" },
      { tool_server: "child", line: "using …" },
      { tool_server: "child", line: "…" },
      { tool_server: "child", line: "half a line" },
    ]);
  });

  test("is bounded: so much of a line, and so many lines", async () => {
    const murmur = `${"x".repeat(1_000_000)}\n${"line\n".repeat(1_000)}`;
    const child = start({ murmur }, { clock: testClock() });
    await answerTo(child);
    await soon(() => lines(child).length === LINES_AT_ONCE);
    await child.server.close();
    expect(String(lines(child)[0]?.line)).toHaveLength(300);
    expect(lines(child).slice(LINES_AT_ONCE)).toEqual([
      { tool_server: "child", line: "…", lines_left_out: 1_001 - LINES_AT_ONCE },
    ]);
  });
});

describe("closing", () => {
  test("ends the child by the end of its input", async () => {
    const child = start();
    await answerTo(child);
    await child.server.close();
    expect(child.fixture.pids().map(lives)).toEqual([false]);
    expect(child.fixture.arrivals().at(-1)).toEqual({ ended: true });
    expect(child.remarks.map(({ level }) => level)).toEqual(["info"]);
  });

  test("ends one that does not listen, by force and within bounds, with all it started", async () => {
    const clock = testClock();
    const child = start({ stubborn: true, helper: true }, { clock });
    await answerTo(child);
    const helper = child.fixture.arrivals().find((one) => "helper" in one).helper;
    const closed = child.server.close();
    await soon(() => child.fixture.arrivals().some((one) => "ended" in one));
    clock.advance(GRACE_MS);
    await soon(() => child.fixture.arrivals().some((one) => "signal" in one));
    expect(child.fixture.pids().map(lives)).toEqual([true]);
    clock.advance(GRACE_MS);
    await closed;
    await soon(() => ![...child.fixture.pids(), helper].some(lives));
  });

  test("while it starts ends it and those who wait for it", async () => {
    const child = start({ initialize: "silent" });
    const recording = recordCall(child.server, toolRequest());
    await soon(() => child.fixture.said("initialize").length === 1);
    await child.server.close();
    expect(await faultOf(recording)).toMatchObject({ kind: "reset", written: false });
    expect(child.fixture.pids().map(lives)).toEqual([false]);
  });

  test("while it rests starts it no more", async () => {
    const child = start({ call: "reset" }, { clock: testClock() });
    await answerTo(child);
    const recording = recordCall(child.server, toolRequest());
    await sleep(SILENCE_MS);
    await child.server.close();
    expect(await faultOf(recording)).toMatchObject({ kind: "reset", written: false });
    expect(child.fixture.pids()).toHaveLength(1);
  });
});
