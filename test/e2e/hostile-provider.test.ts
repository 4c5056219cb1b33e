import { createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Books, booksOf, chatBody, MODEL, rails, until } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";

const CHAT = "/v1/chat/completions";
/** A provider that says nothing is given up after this; the least that a manifest may say. */
const TIMEOUT = "1s";

/** What the provider's side of the connection does once a request is there. */
type Play = (socket: Socket) => void;

let provider: Server;
let gateway: TestGateway;
let play: Play;
let asked = 0;
const sockets = new Set<Socket>();

beforeAll(async () => {
  provider = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    let request = "";
    socket.on("data", (chunk) => {
      request += chunk.toString("latin1");
      const end = request.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(request)?.[1] ?? 0);
      if (request.length < end + 4 + length) return;
      request = "";
      asked += 1;
      play(socket);
    });
  });
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  const address = provider.address();
  if (address === null || typeof address === "string") throw new Error("it listens on a port");
  const upstream = { url: `http://127.0.0.1:${address.port}` };
  const config = rails(upstream, { limitUsd: 100, manifest: { limits: { timeout: TIMEOUT } } });
  gateway = await startGateway({ config });
  play = say(whole(completion(USAGE)));
  expect((await gateway.call(CHAT, chatBody())).status).toBe(200);
});

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => provider.close(resolve));
});

const whole = (body: string, more = "") =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${more}content-length: ${Buffer.byteLength(body, "latin1")}\r\n\r\n${body}`;
const completion = (usage: unknown) =>
  JSON.stringify({
    id: "c-1",
    object: "chat.completion",
    created: 1,
    model: MODEL,
    choices: [
      { index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" },
    ],
    ...(usage === undefined ? {} : { usage }),
  });
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const say =
  (text: string, then?: "end" | "reset"): Play =>
  (socket) =>
    socket.write(text, "latin1", () => {
      if (then === "end") socket.end();
      if (then === "reset") setImmediate(() => socket.resetAndDestroy());
    });

interface Seen {
  readonly status: number;
  readonly text: string;
  readonly code: string | null;
  /** What this call was charged. */
  readonly charged: bigint;
}

/** One call on a provider that behaves so; its money is settled when this answers. */
async function call(behaviour: Play, more: object = {}): Promise<Seen> {
  play = behaviour;
  const before = await settled();
  const response = await gateway.call(CHAT, chatBody({ ...more }));
  const text = await response.text().catch(() => "broken off");
  const said = /code=(\S+)/.exec(response.headers.get("x-slipclutch-decision") ?? "")?.[1] ?? null;
  const after = await settled();
  return { status: response.status, text, code: said, charged: after.spent - before.spent };
}

/** Exactly what the usage costs. */
const KNOWN = 10n * 1_000n + 5n * 10_000n;

async function settled(): Promise<Books> {
  return await until(
    () => booksOf(gateway),
    ({ reserved }) => reserved === 0n,
  );
}

/** What a call reserves, whole and as a stream: all of it may have been billed. */
let full = 0n;
let fullStream = 0n;

test("a call whose cost is never told is charged what was reserved", async () => {
  const seen = await call((socket) => socket.resetAndDestroy());
  expect(seen).toMatchObject({ status: 502, code: "provider.unreachable" });
  full = seen.charged;
  fullStream = (await call((socket) => socket.resetAndDestroy(), { stream: true })).charged;
  expect(full).toBeGreaterThan(20n * 10_000n);
});

describe("an answer that is no answer is a refusal in our words, and charged in full", () => {
  const garbage: readonly (readonly [what: string, behaviour: Play])[] = [
    ["text", say("hello\r\n\r\n", "end")],
    ["nothing, and the end", (socket) => socket.end()],
    ["half a head", say("HTTP/1.1 200 OK\r\ncontent-type: appl", "end")],
    ["a head, and a reset", say("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{", "reset")],
    ["less than it announced", say("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{}", "end")],
    ["a status that is none", say("HTTP/1.1 9999 Hm\r\ncontent-length: 0\r\n\r\n", "end")],
    ["a status below all", say("HTTP/1.1 042 Hm\r\ncontent-length: 2\r\n\r\n{}", "end")],
    [
      "a switch of protocols",
      say("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    ],
    [
      "a chunk of no size",
      say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n", "end"),
    ],
    [
      "two lengths",
      say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}", "end"),
    ],
    ["a head of 100 KB", say(`HTTP/1.1 200 OK\r\nx-a: ${"a".repeat(100_000)}\r\n\r\n`, "end")],
    ["HTML", say(whole("<html>Bad gateway</html>"))],
    ["an empty body", say(whole(""))],
    ["JSON of another kind", say(whole("[1,2]"))],
    ["half of the JSON", say(whole('{"choices":[{"message":{"con'))],
    ["bytes that are no text", say(whole("\u00ff\u00fe\u0000"))],
    ["a body that says it is compressed", say(whole("{}", "content-encoding: gzip\r\n"))],
  ];
  test.each(garbage)("%s", async (_what, behaviour) => {
    const seen = await call(behaviour);
    expect(seen.status).toBe(502);
    expect(seen.code).toBe("provider.unreachable");
    expect(seen.text).not.toContain("127.0.0.1");
    expect(seen.charged).toBe(full);
  });

  test("silence, before the head and inside the body, is given up in time", async () => {
    const never = await call(() => undefined);
    expect(never).toMatchObject({ status: 504, code: "provider.timeout", charged: full });
    const inside = await call(say("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"));
    expect(inside).toMatchObject({ status: 504, code: "provider.timeout", charged: full });
  });

  test("a hundred heads before the head", async () => {
    const early = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(100);
    const seen = await call(say(early + whole(completion(USAGE))));
    expect([200, 502]).toContain(seen.status);
    expect([KNOWN, full]).toContain(seen.charged);
  });
});

describe("headers that could not be sent on do not break the answer", () => {
  const headers: [what: string, lines: string][] = [
    ["Latin letters", "x-name: \u00fc\u00f1\u00ee\r\n"],
    ["what is not Latin", "x-name: \u00e6\u0097\u00a5\u00e6\u009c\u00ac\r\n"],
    ["our decision", "x-slipclutch-decision: forged\r\n"],
    ["our task", "x-slipclutch-task: forged\r\n"],
    ["our budget", "x-slipclutch-budget-remaining-usd: 1000000\r\n"],
    ["of the connection", "connection: x-name\r\nx-name: a\r\n"],
    ["cookies", "set-cookie: a=b\r\nset-cookie: c=d\r\n"],
    [
      "many",
      `${Array.from({ length: 300 }, (_, no) => `x-many-${no}: ${"v".repeat(40)}\r\n`).join("")}`,
    ],
    ["a strange type", "content-type: text/plain\u00a0\r\n"],
  ];
  test.each(headers)("%s", async (_what, lines) => {
    const seen = await call(say(whole(completion(USAGE), lines)));
    if (seen.status === 200) {
      expect(JSON.parse(seen.text).choices.length).toBe(1);
      expect(seen.charged).toBe(KNOWN);
    } else {
      expect(seen).toMatchObject({ status: 502, code: "provider.unreachable" });
    }
  });

  test("ours are ours, whatever the provider says", async () => {
    const forged =
      "x-slipclutch-decision: forged\r\nx-slipclutch-budget-remaining-usd: 7e9\r\nset-cookie: a=b\r\n";
    play = say(whole(completion(USAGE), forged));
    const response = await gateway.call(CHAT, chatBody());
    await response.arrayBuffer();
    expect(response.headers.get("x-slipclutch-decision")).toMatch(/^d-/);
    expect(Number(response.headers.get("x-slipclutch-budget-remaining-usd"))).toBeLessThan(100);
    expect(response.headers.get("set-cookie")).toBe(null);
  });
});

describe("a usage that is none is never believed", () => {
  const wrong: readonly (readonly [what: string, usage: unknown])[] = [
    ["none", undefined],
    ["null", null],
    ["a string", "15"],
    ["an array", [15]],
    ["negative", { prompt_tokens: -10, completion_tokens: -5 }],
    ["fractions", { prompt_tokens: 1.5, completion_tokens: 2.5 }],
    ["beyond all numbers", { prompt_tokens: 1e300, completion_tokens: 1e300 }],
    ["strings inside", { prompt_tokens: "10", completion_tokens: "5" }],
    ["details that are none", { ...USAGE, prompt_tokens_details: "x" }],
    ["negative details", { ...USAGE, prompt_tokens_details: { cached_tokens: -1_000_000 } }],
  ];
  test.each(wrong)("%s", async (_what, usage) => {
    const seen = await call(say(whole(completion(usage))));
    expect(seen.status).toBe(200);
    expect(seen.charged).toBeGreaterThan(0n);
    expect(seen.charged).toBeLessThanOrEqual(full);
  });

  test("more of the input cached than there was never makes a call cheaper than free", async () => {
    const usage = { ...USAGE, prompt_tokens_details: { cached_tokens: 1_000_000 } };
    const seen = await call(say(whole(completion(usage))));
    expect(seen.charged).toBeGreaterThanOrEqual(5n * 10_000n);
  });
});

describe("streams", () => {
  const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
  const frame = (choice: unknown, usage?: unknown) =>
    `data: ${JSON.stringify({ id: "c-1", object: "chat.completion.chunk", created: 1, model: MODEL, choices: choice === null ? [] : [choice], ...(usage === undefined ? {} : { usage }) })}\n\n`;
  const piece = frame({ index: 0, delta: { content: "Hello" }, finish_reason: null });
  const stop = frame({ index: 0, delta: {}, finish_reason: "stop" });
  const usage = frame(null, USAGE);
  const done = "data: [DONE]\n\n";

  test("a whole one is charged by its usage", async () => {
    const seen = await call(say(head + piece + stop + usage + done, "end"), { stream: true });
    expect(seen.status).toBe(200);
    expect(seen.charged).toBe(KNOWN);
  });

  const cut: readonly (readonly [what: string, behaviour: Play])[] = [
    ["half of one, and the end", say(head + piece, "end")],
    ["half of one, and a reset", say(head + piece, "reset")],
    ["half of a frame", say(head + piece + piece.slice(0, 30), "end")],
    ["half of one, and silence", say(head + piece)],
    ["frames that are no JSON", say(`${head}data: {"choices": [{"del\n\ndata: \u0000\n\n`, "end")],
    ["nothing but a head", say(head, "end")],
    ["a frame without an end", say(`${head}data: ${"x".repeat(3_000_000)}`, "end")],
    [
      "an error in the middle",
      say(`${head}${piece}data: {"error":{"message":"sorry","type":"server_error"}}\n\n`, "end"),
    ],
  ];
  test.each(cut)(
    "%s: never free, never more than was reserved, and the client is told",
    async (_what, behaviour) => {
      const seen = await call(behaviour, { stream: true });
      expect(seen.charged).toBeGreaterThan(0n);
      expect(seen.charged).toBeLessThanOrEqual(fullStream);
      expect(seen.text).not.toContain("[DONE]");
    },
  );

  test("more frames than the cap allows are cut off", async () => {
    const endless: Play = (socket) => {
      socket.write(head, "latin1");
      const more = () => {
        while (!socket.destroyed && socket.write(piece, "latin1"));
        if (!socket.destroyed) socket.once("drain", more);
      };
      more();
    };
    const seen = await call(endless, { stream: true });
    expect(seen.charged).toBe(fullStream);
    expect(seen.text.split("Hello").length).toBeLessThan(500);
    expect(seen.text).toContain("call.cap");
  });
});

test("a provider that repeats its key in an error gives it to nobody", async () => {
  const key = "sk-upstream-0123456789"; // of `rails`
  for (const type of ["application/json", "text/event-stream"]) {
    const body = JSON.stringify({ error: { message: `bad key: Bearer ${key}`, type: "auth" } });
    const head = `content-type: ${type}\r\nx-echo: Bearer ${key}\r\nx-request-id: r-1`;
    const length = Buffer.byteLength(body);
    play = say(`HTTP/1.1 401 Unauthorized\r\n${head}\r\ncontent-length: ${length}\r\n\r\n${body}`);
    const response = await gateway.call(CHAT, chatBody());
    expect(response.status).toBe(401);
    expect(response.headers.get("x-request-id")).toBe("r-1");
    const all = `${JSON.stringify([...response.headers])} ${await response.text()}`;
    expect(all).toContain("bad key: Bearer [redacted]");
    expect(all).not.toContain(key);
  }
  const journal = await (await gateway.api("GET", "/api/v1/journal?limit=1000")).text();
  expect(`${journal} ${gateway.log()}`).not.toContain(key);
});

test("after all of it: alive, nothing reserved, every call asked for once, and a good one works", async () => {
  const before = asked;
  const seen = await call(say(whole(completion(USAGE))));
  expect(seen).toMatchObject({ status: 200, charged: KNOWN });
  expect(asked).toBe(before + 1);
  expect(await settled()).toMatchObject({ forfeited: 0n });
  expect(gateway.process.exitCode).toBe(null);
  expect(await gateway.stop("SIGTERM")).toBe(0);
});
