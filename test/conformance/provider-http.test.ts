import { type AddressInfo, createServer, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { CONNECTION_WAIT_MAX_MS } from "../../src/adapters/provider/http/exchange.ts";
import { httpProvider } from "../../src/adapters/provider/http/http-provider.ts";
import type { HttpSettings } from "../../src/adapters/provider/http/http-settings.ts";
import { requestTarget } from "../../src/adapters/provider/http/request-target.ts";
import type { Provider } from "../../src/ports/provider.ts";
import { askRequest, someRules, until } from "../../src/testing/provider-fixture.ts";
import { record } from "../../src/testing/recording-sink.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";

const KEY = "sk-secret-of-the-provider";

let upstream: SimulatedUpstream;
const opened: Provider[] = [];

function open(changes: Partial<HttpSettings> = {}): Provider {
  const provider = httpProvider({
    rules: someRules("test"),
    kind: "openai",
    baseUrl: upstream.url,
    apiKey: KEY,
    headers: {},
    connectionsMax: 16,
    ...changes,
  });
  opened.push(provider);
  return provider;
}

beforeEach(async () => {
  upstream = await simulatedUpstream({ clock: systemClock });
});

afterEach(async () => {
  for (const provider of opened.splice(0)) await provider.close();
  await upstream.close();
});

async function sentHeaders(provider: Provider, client: Record<string, string>) {
  const recording = record(provider, { ...askRequest("openai-chat"), headers: client });
  await recording.over;
  expect(recording.fault()).toBe(null);
  const headers = { ...upstream.recorded().at(-1)?.headers };
  delete headers.host;
  delete headers["content-length"];
  return headers;
}

describe("the place of the write", () => {
  test("asking to write and writing are one synchronous stretch, on new and kept connections", async () => {
    const provider = open();
    const log: string[] = [];
    const port = Number(new URL(upstream.url).port);
    const { write, uncork } = Socket.prototype;
    const writing = vi.spyOn(Socket.prototype, "write").mockImplementation(function (
      this: Socket,
      ...args: unknown[]
    ) {
      if (this.remotePort === port) log.push("write");
      return Reflect.apply(write, this, args);
    });
    const flushing = vi.spyOn(Socket.prototype, "uncork").mockImplementation(function (
      this: Socket,
    ) {
      uncork.call(this);
      // Nothing is left here: the kernel has it all.
      if (this.remotePort === port) log.push(`flushed, ${this.writableLength} left`);
    });
    for (let round = 0; round < 3; round++) {
      const recording = record(provider, askRequest("openai-chat"), {
        mayWrite: () => {
          log.push("asked");
          queueMicrotask(() => log.push("microtask"));
          process.nextTick(() => log.push("tick"));
          return true;
        },
      });
      await recording.over;
      await sleep(5);
    }
    writing.mockRestore();
    flushing.mockRestore();
    const stretch = ["asked", "write", "write", "flushed, 0 left"];
    const rounds = [log.slice(0, 6), log.slice(6, 12), log.slice(12)];
    for (const round of rounds) {
      expect(round.slice(0, 4)).toEqual(stretch);
      expect(round.slice(4).sort()).toEqual(["microtask", "tick"]);
    }
    expect(upstream.connections()).toBe(1);
  });

  test("held on a kept connection, nothing reaches the upstream and the answer is a fail", async () => {
    const provider = open();
    await record(provider, askRequest("openai-chat")).over;
    const before = upstream.bytesReceived();
    const held = record(provider, askRequest("openai-chat"), { mayWrite: () => false });
    await held.over;
    await sleep(30);
    expect(held.fault()).toMatchObject({ kind: "held", written: false });
    expect(upstream.bytesReceived()).toBe(before);
    expect(upstream.received()).toBe(1);
  });

  test("a request that waited for a connection is asked when it gets one, not before", async () => {
    upstream.setScript({ latencyMs: 40 });
    const provider = open({ connectionsMax: 1 });
    const first = record(provider, askRequest("openai-chat"));
    const second = record(provider, askRequest("openai-chat"), { mayWrite: () => false });
    await until(() => first.asked === 1);
    expect(second.asked).toBe(0);
    await second.over;
    expect(first.shape()).toBe("head data end");
    expect(upstream.received()).toBe(1);
  });

  test("a bug in the check is a fail and no write", async () => {
    const provider = open();
    const recording = record(provider, askRequest("openai-chat"), {
      mayWrite: () => {
        throw new Error("a bug");
      },
    });
    await recording.over;
    expect(recording.fault()).toMatchObject({ written: false });
    await sleep(30);
    expect(upstream.bytesReceived()).toBe(0);
  });
});

describe("headers", () => {
  test("an openai provider is sent its key as a bearer token and nothing unasked", async () => {
    const headers = await sentHeaders(open(), { "content-type": "application/json", "x-a": "1" });
    expect(headers).toEqual({
      "accept-encoding": "identity",
      authorization: `Bearer ${KEY}`,
      connection: "keep-alive",
      "content-type": "application/json",
      "x-a": "1",
    });
  });

  test("an anthropic provider is sent x-api-key and a default version", async () => {
    const headers = await sentHeaders(open({ kind: "anthropic" }), {});
    expect(headers).toEqual({
      "accept-encoding": "identity",
      "anthropic-version": "2023-06-01",
      connection: "keep-alive",
      "content-type": "application/json",
      "x-api-key": KEY,
    });
  });

  test("the client's anthropic-version is left as it came", async () => {
    const sent = { "anthropic-version": "2026-10-21" };
    const headers = await sentHeaders(open({ kind: "anthropic" }), sent);
    expect(headers["anthropic-version"]).toBe("2026-10-21");
  });

  test("a client's credentials and connection headers never leave", async () => {
    const headers = await sentHeaders(open({ apiKey: null }), {
      Authorization: "Bearer sck_agent",
      "x-api-key": "sck_agent",
      "accept-encoding": "gzip",
      "transfer-encoding": "chunked",
      connection: "close",
      host: "elsewhere",
    });
    expect(JSON.stringify(headers)).not.toContain("sck_agent");
    expect(headers).toEqual({
      "accept-encoding": "identity",
      connection: "keep-alive",
      "content-type": "application/json",
    });
  });

  test("the operator's headers win over the client's, whatever their case", async () => {
    const provider = open({ headers: { "X-Team": "operator", "Content-Type": "text/json" } });
    const headers = await sentHeaders(provider, { "x-team": "client", "content-type": "a/b" });
    expect(headers["x-team"]).toBe("operator");
    expect(headers["content-type"]).toBe("text/json");
  });

  test("a header that cannot be sent is a fail before the write, without its value", async () => {
    const request = { ...askRequest("openai-chat"), headers: { "x-a": "one\r\nx-b: two" } };
    const recording = record(open(), request);
    await recording.over;
    expect(recording.fault()).toMatchObject({ written: false });
    expect(recording.fault()?.message).not.toContain("two");
    expect(upstream.bytesReceived()).toBe(0);
  });
});

describe("base urls", () => {
  const CASES: readonly [string, string, string][] = [
    ["http://h", "/chat/completions", "/v1/chat/completions"],
    ["http://h/", "/chat/completions", "/v1/chat/completions"],
    ["http://h/v1", "/chat/completions", "/v1/chat/completions"],
    ["http://h/v1/", "/chat/completions", "/v1/chat/completions"],
    ["http://h/api/v1", "/chat/completions", "/api/v1/chat/completions"],
    ["http://h/v1beta/openai", "/chat/completions", "/v1beta/openai/chat/completions"],
    ["http://h", "/v1/messages", "/v1/messages"],
    ["http://h/v1", "/v1/messages", "/v1/messages"],
    ["http://h/claude", "/v1/messages", "/claude/v1/messages"],
    ["http://h/claude/v1/", "/v1/messages", "/claude/v1/messages"],
    ["http://h/v1?api-version=2", "/chat/completions", "/v1/chat/completions?api-version=2"],
  ];
  test.each(CASES)("%s and %s are %s", (base, path, expected) => {
    expect(requestTarget(base).pathOf(path)).toBe(expected);
    expect(requestTarget(base).origin).toBe("http://h");
  });

  test("what can never work is said before any call", () => {
    expect(() => requestTarget("ftp://h/v1")).toThrow(/must begin with http/);
    expect(() => requestTarget("http://user:word@h/v1")).toThrow(/user or password/);
    expect(() => open({ baseUrl: null })).toThrow(/no base_url/);
  });
});

describe("upstreams that cannot be reached", () => {
  test("a refused connection is unreachable, unwritten, and names no credential", async () => {
    const url = upstream.url;
    await upstream.close();
    const recording = record(open({ baseUrl: url }), askRequest("openai-chat"));
    await recording.over;
    expect(recording.shape()).toBe("fail");
    expect(recording.asked).toBe(0);
    expect(recording.fault()).toMatchObject({ kind: "unreachable", written: false });
    expect(recording.fault()?.message).toContain("ECONNREFUSED");
    expect(JSON.stringify(recording.reports)).not.toContain(KEY);
  });

  test("a server that does not speak TLS is unreachable and unwritten", async () => {
    const plain = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    const { port } = plain.address() as AddressInfo; // it listens on TCP
    const provider = open({ baseUrl: `https://127.0.0.1:${port}` });
    const recording = record(provider, askRequest("openai-chat"));
    await recording.over;
    expect(recording.fault()).toMatchObject({ kind: "unreachable", written: false });
    expect(recording.asked).toBe(0);
    plain.close();
  });

  test("waiting for a free connection ends after its limit, unwritten", async () => {
    upstream.setScript({ latencyMs: 60_000 });
    const provider = open({ connectionsMax: 1 });
    const first = record(provider, askRequest("openai-chat"));
    await until(() => first.asked === 1);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const waiting = record(provider, askRequest("openai-chat"));
    vi.advanceTimersByTime(CONNECTION_WAIT_MAX_MS - 1);
    expect(waiting.shape()).toBe("");
    vi.advanceTimersByTime(1);
    vi.useRealTimers();
    expect(waiting.fault()).toMatchObject({ kind: "unreachable", written: false });
    first.exchange?.abort();
    await sleep(30);
    expect(waiting.asked).toBe(0);
    expect(upstream.received()).toBe(1);
  });

  test("a request aborted while it waits is never written and frees nothing it must not", async () => {
    upstream.setScript({ latencyMs: 30 });
    const provider = open({ connectionsMax: 1 });
    const first = record(provider, askRequest("openai-chat"));
    const waiting = record(provider, askRequest("openai-chat"));
    const third = record(provider, askRequest("openai-chat"));
    await until(() => first.asked === 1);
    waiting.exchange?.abort();
    await Promise.all([first.over, third.over]);
    expect(waiting.asked).toBe(0);
    expect(waiting.fault()).toMatchObject({ kind: "aborted", written: false });
    expect([first.shape(), third.shape()]).toEqual(["head data end", "head data end"]);
    expect(upstream.received()).toBe(2);
  });
});

const asHttp = (line: string) => `HTTP/1.1 ${line}`;

describe("answers", () => {
  test("a redirect is an answer and is not followed", async () => {
    const headers = { location: `${upstream.url}/elsewhere` };
    upstream.control(() => ({ kind: "raw", status: 307, headers, parts: ["no"], ends: "clean" }));
    const recording = record(open(), askRequest("openai-chat"));
    await recording.over;
    expect(recording.status()).toBe(307);
    expect(recording.shape()).toBe("head data end");
    expect(upstream.received()).toBe(1);
  });

  test("a compressed answer, though identity was asked for, is a fail that says so", async () => {
    const parts = [gzipSync("{}").toString("latin1")];
    const headers = { "content-encoding": "gzip" };
    upstream.control(() => ({ kind: "raw", status: 200, headers, parts, ends: "clean" }));
    const recording = record(open(), askRequest("openai-chat"));
    await recording.over;
    expect(recording.shape()).toBe("fail");
    expect(recording.fault()).toMatchObject({ kind: "reset", written: true });
    expect(recording.fault()?.message).toContain("content-encoding gzip");
  });

  test("the word identity is understood however it is written", async () => {
    const headers = { "content-encoding": "Identity" };
    upstream.control(() => ({ kind: "raw", status: 200, headers, parts: ["{}"], ends: "clean" }));
    const recording = record(open(), askRequest("openai-chat"));
    await recording.over;
    expect(recording.shape()).toBe("head data end");
  });

  test("a header that repeats a credential is left out, whatever the status", async () => {
    const other = "another-credential";
    const headers = {
      "x-echo": `Bearer ${KEY}`,
      "x-other": `${other}, and more`,
      "x-team": "care-and-repairs",
      "x-request-id": "r-1",
    };
    for (const status of [200, 401]) {
      upstream.control(() => ({ kind: "raw", status, headers, parts: ["{}"], ends: "clean" }));
      const own = { "api-key": other, "x-team": "care-and-repairs" };
      const recording = record(open({ headers: own }), askRequest("openai-chat"));
      await recording.over;
      const head = recording.reports.find((report) => report.kind === "head");
      const got = head?.headers ?? {};
      expect(got).toMatchObject({ "x-team": "care-and-repairs", "x-request-id": "r-1" });
      expect(Object.keys(got).filter((name) => name === "x-echo" || name === "x-other")).toEqual(
        [],
      );
    }
  });

  test("an error's body comes without the credential, wherever it is cut", async () => {
    const text = `{"error":{"message":"no such key: Bearer ${KEY}, ${KEY}${KEY}, sk-secret-of-the"}}`;
    const expected = text.replaceAll(KEY, "[redacted]");
    for (const size of [1, 7, KEY.length, text.length]) {
      const parts: string[] = [];
      for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
      const raw = { kind: "raw", status: 401, headers: {}, parts, ends: "clean" } as const;
      upstream.control(() => (size === 1 ? { ...raw, partMs: 1 } : raw));
      const recording = record(open(), askRequest("openai-chat"));
      await recording.over;
      expect(recording.text()).toBe(expected);
      expect(recording.shape()).toMatch(/^head( data)+ end$/);
    }
  });

  test("an answer's body passes as it is, and a short key stands in any text", async () => {
    const answers = [
      [200, KEY, KEY],
      [401, "ollama", "no such model at ollama"],
    ] as const;
    for (const [status, apiKey, body] of answers) {
      const raw = { kind: "raw", status, headers: {}, parts: [body], ends: "clean" } as const;
      upstream.control(() => raw);
      const recording = record(open({ apiKey }), askRequest("openai-chat"));
      await recording.over;
      expect(recording.text()).toBe(body);
    }
  });

  test("bytes pass unchanged, whatever they claim to be", async () => {
    const parts = ['data: {"a":"ü\\u0000', "\r\n\r\n: x\n\n", "\u{1f600} no frame"];
    const headers = { "content-type": "text/html" };
    upstream.control(() => ({
      kind: "raw",
      status: 200,
      headers,
      parts,
      partMs: 2,
      ends: "clean",
    }));
    const recording = record(open(), askRequest("openai-chat"));
    await recording.over;
    expect(recording.text()).toBe(parts.join(""));
  });

  test("what comes before the answer, with a 1xx status, is not reported", async () => {
    const early = createServer((socket) => {
      const parts = ["102 Processing", "103 Early Hints\r\nlink: </a>"].map(
        (line) => `${line}\r\n`,
      );
      const answer = ["200 OK\r\ncontent-length: 2\r\n", "ok"].join("\r\n");
      socket.once("data", () => socket.end([...parts, answer].map(asHttp).join("\r\n")));
    });
    await new Promise<void>((resolve) => early.listen(0, "127.0.0.1", resolve));
    const { port } = early.address() as AddressInfo; // it listens on TCP
    const baseUrl = `http://127.0.0.1:${port}`;
    const recording = record(open({ baseUrl }), askRequest("openai-chat"));
    await recording.over;
    expect(recording.shape()).toBe("head data end");
    expect(recording.status()).toBe(200);
    expect(recording.text()).toBe("ok");
    early.close();
  });

  test("a 204 without a body is a head and an end", async () => {
    upstream.control(() => ({ kind: "raw", status: 204, headers: {}, parts: [], ends: "clean" }));
    const recording = record(open(), askRequest("openai-chat"));
    await recording.over;
    expect(recording.shape()).toBe("head end");
  });

  test("an answer's head that then falls silent is a time-out", async () => {
    upstream.control(() => ({
      kind: "raw",
      status: 200,
      headers: {},
      parts: ["once"],
      ends: "never",
    }));
    const recording = record(open(), askRequest("openai-chat", {}, 100));
    await recording.over;
    expect(recording.shape()).toBe("head data fail");
    expect(recording.fault()).toMatchObject({ kind: "timeout", written: true });
  });

  test("headers beyond the limit are a fail", async () => {
    const headers = { "x-large": "x".repeat(20_000) };
    upstream.control(() => ({ kind: "raw", status: 200, headers, parts: ["a"], ends: "clean" }));
    const recording = record(open(), askRequest("openai-chat"));
    await recording.over;
    expect(recording.shape()).toBe("fail");
    expect(recording.fault()).toMatchObject({ kind: "reset", written: true });
  });

  test("a whole answer cut short of its length is a fail, not an end", async () => {
    const headers = { "content-length": "100" };
    upstream.control(() => ({ kind: "raw", status: 200, headers, parts: ["short"], ends: "drop" }));
    const recording = record(open(), askRequest("openai-chat"));
    await recording.over;
    expect(recording.shape()).toBe("head data fail");
  });
});

describe("connections", () => {
  test("no more are opened than allowed, and each carries one request at a time", async () => {
    upstream.setScript({ latencyMs: 10 });
    const provider = open({ connectionsMax: 3 });
    const all = Array.from({ length: 12 }, () => record(provider, askRequest("openai-chat")));
    await Promise.all(all.map((recording) => recording.over));
    expect(all.map((recording) => recording.shape())).toEqual(all.map(() => "head data end"));
    expect(upstream.connections()).toBe(3);
  });

  test("a kept connection that the server closed unannounced fails nothing that follows", async () => {
    const provider = open();
    upstream.control(() => ({ kind: "raw", status: 200, headers: {}, parts: ["a"], ends: "drop" }));
    for (let round = 0; round < 10; round++) {
      const recording = record(provider, askRequest("openai-chat"));
      await recording.over;
      expect(recording.shape()).toBe("head data end");
      await sleep(5);
    }
    expect(upstream.received()).toBe(10);
  });

  test("connections that break under load end every request once, charged unless unwritten", async () => {
    upstream.setScript({ latencyMs: 15 });
    const provider = open({ connectionsMax: 10 });
    const all = Array.from({ length: 60 }, () => record(provider, askRequest("openai-chat")));
    for (const arrived of [5, 20]) {
      // What has just arrived is not answered yet, however slow the machine is.
      while (upstream.received() < arrived) await sleep(1);
      upstream.dropConnections();
    }
    await Promise.all(all.map((recording) => recording.over));
    await sleep(30);
    for (const recording of all) {
      expect(recording.reports.filter(({ kind }) => kind === "end" || kind === "fail").length).toBe(
        1,
      );
      expect(recording.fault()?.written ?? true).toBe(recording.asked === 1);
    }
    const unwritten = all.filter((recording) => recording.fault()?.written === false).length;
    expect(upstream.received()).toBeLessThanOrEqual(all.length - unwritten);
    expect(all.some((recording) => recording.fault() !== null)).toBe(true);
  });

  test("a body of eight megabytes arrives whole", async () => {
    const content = "x".repeat(8 * 1024 * 1024);
    const request = askRequest("openai-chat", { messages: [{ role: "user", content }] });
    const recording = record(open(), request);
    await recording.over;
    expect(recording.shape()).toBe("head data end");
    expect(Buffer.compare(upstream.recorded()[0]?.body ?? Buffer.alloc(0), request.body)).toBe(0);
  });
});

describe("back-pressure", () => {
  const FLOOD_BYTES = 50 * 1024 * 1024;

  test("a reader that stops on a 50 MB answer holds the upstream back", async () => {
    upstream.control(() => ({ kind: "flood", bytes: FLOOD_BYTES, frameBytes: 4096 }));
    const recording = record(open(), askRequest("openai-chat"), {
      countOnly: true,
      onReport: (report, index, exchange) => {
        if (report.kind === "data" && index === 0) exchange.pause();
      },
    });
    await until(() => recording.bytes > 0);
    await sleep(300);
    const answered = upstream.bytesAnswered();
    await sleep(200);
    expect(upstream.bytesAnswered()).toBe(answered);
    // What is between them is in the two kernels' buffers and the two streams', not in our memory.
    expect(answered).toBeLessThan(FLOOD_BYTES / 4);
    expect(recording.bytes).toBeLessThan(1024 * 1024);
    recording.exchange?.resume();
    await recording.over;
    expect(recording.bytes).toBe(FLOOD_BYTES);
  });

  test("a slow reader of 50 MB gets every byte, and what lies between never grows", async () => {
    upstream.control(() => ({ kind: "flood", bytes: FLOOD_BYTES, frameBytes: 65_536 }));
    let between = 0;
    let next = 1024 * 1024;
    const recording = record(open(), askRequest("openai-chat"), {
      countOnly: true,
      onReport: (report, _, exchange) => {
        between = Math.max(between, upstream.bytesAnswered() - recording.bytes);
        if (report.kind !== "data" || recording.bytes < next) return;
        next += 1024 * 1024;
        exchange.pause();
        setTimeout(() => exchange.resume(), 5);
      },
    });
    await recording.over;
    expect(recording.bytes).toBe(FLOOD_BYTES);
    // Counted in bytes, not in memory, which the garbage collector gives back when it likes. The
    // kernel's buffers are a few megabytes on each side.
    expect(between).toBeLessThan(FLOOD_BYTES / 3);
  });

  test("one frame of four megabytes passes in pieces", async () => {
    const bytes = 4 * 1024 * 1024;
    upstream.control(() => ({ kind: "flood", bytes, frameBytes: bytes }));
    const recording = record(open(), askRequest("openai-chat"), { countOnly: true });
    await recording.over;
    expect(recording.bytes).toBe(bytes);
  });
});
