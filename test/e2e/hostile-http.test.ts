import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SimulatedUpstream } from "../../src/testing/index.ts";
import { booksOf, chat, chatBody, rails, until, upstreamFor } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { codeOf, exchange, open, request } from "./hostile-socket.ts";

const BODY_BYTES_MAX = 64 * 1024;
const CALLS_MAX = 64;
/** A fresh one takes 150 MB from its sources; a flood of refusals leaves garbage, and no more. */
const RSS_BYTES_MAX = 400 * 1024 * 1024;
const CHAT = "POST /v1/chat/completions HTTP/1.1";
const HOST = "host: gateway";
const CHUNKED = "transfer-encoding: chunked";

let upstream: SimulatedUpstream;
let gateway: TestGateway;
let auth: string;
/** Calls that the upstream has seen for a good reason. */
let wanted = 0;

beforeAll(async () => {
  upstream = await upstreamFor();
  const limits = {
    max_request_bytes: BODY_BYTES_MAX,
    calls_in_flight_max: CALLS_MAX,
    request_timeout: "500ms",
  };
  gateway = await startGateway({ config: rails(upstream, { limitUsd: 1, more: { limits } }) });
  auth = `authorization: Bearer ${gateway.agentKey}`;
});

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await upstream.close();
});

function body(): string {
  return JSON.stringify(chatBody());
}

async function works(): Promise<void> {
  expect((await chat(gateway, gateway.agentKey)).status).toBe(200);
  wanted += 1;
}

describe("a request that two parsers could read differently", () => {
  const length = Buffer.byteLength(JSON.stringify(chatBody()));
  const cases: [what: string, lines: string[], text?: string][] = [
    ["both lengths", [`content-length: ${length}`, CHUNKED], "0\r\n\r\n"],
    ["both lengths, the other order", [CHUNKED, `content-length: ${length}`], "0\r\n\r\n"],
    ["two different lengths", [`content-length: ${length}`, "content-length: 5"]],
    ["a list of lengths", [`content-length: ${length}, ${length + 1}`]],
    ["a negative length", ["content-length: -1"]],
    ["a signed length", [`content-length: +${length}`]],
    ["a length in hex", ["content-length: 0x10"]],
    ["a length beyond all numbers", [`content-length: ${"9".repeat(40)}`]],
    ["an encoding nobody knows", ["transfer-encoding: xchunked"], "0\r\n\r\n"],
    ["chunked, and then something", ["transfer-encoding: chunked, identity"], "0\r\n\r\n"],
    ["a blank before the colon", [`transfer-encoding : chunked`], "0\r\n\r\n"],
    ["a folded header", [`content-length: ${length}`, "x-a: b", " c"]],
    ["a chunk of no size", [CHUNKED], "zz\r\n{}\r\n0\r\n\r\n"],
    ["a chunk beyond all sizes", [CHUNKED], `${"F".repeat(20)}\r\n{}\r\n0\r\n\r\n`],
    ["a chunk longer than its size", [CHUNKED], "2\r\n{}{}\r\n0\r\n\r\n"],
    ["a NUL in a header", [`content-length: ${length}`, "x-a: b\0c"]],
    ["a bare CR in a header", [`content-length: ${length}`, "x-a: b\rx-c: d"]],
    ["a header without a name", [`content-length: ${length}`, ": b"]],
  ];
  test.each(cases)("is refused: %s", async (_what, lines, text) => {
    const received = upstream.received();
    const bytes = request([CHAT, HOST, auth, ...lines], text ?? body());
    const { answers, closed } = await exchange(gateway.agentUrl, bytes);
    expect(answers.length).toBe(1);
    expect([400, 413]).toContain(answers[0]?.status);
    expect(codeOf(answers[0])).toMatch(/^request\./);
    expect(closed).toBe(true);
    expect(upstream.received()).toBe(received);
  });

  test("is refused: lines that end in a bare LF", async () => {
    const bytes = `${CHAT}\n${HOST}\n${auth}\ncontent-length: ${body().length}\n\n${body()}`;
    const { answers } = await exchange(gateway.agentUrl, bytes);
    expect(codeOf(answers[0])).toBe("request.malformed");
  });

  test("a second request inside the first one's body is a body", async () => {
    const inner = request([CHAT, HOST, auth, `content-length: ${body().length}`], body());
    const outer = request([CHAT, HOST, auth, `content-length: ${inner.length}`], inner);
    const received = upstream.received();
    const last = request(["GET /v1/nothing HTTP/1.1", HOST, auth]);
    const { answers } = await exchange(gateway.agentUrl, Buffer.concat([outer, last]), 2);
    expect(answers.map(({ status }) => status)).toEqual([400, 404]);
    expect(codeOf(answers[0])).toBe("request.malformed");
    expect(upstream.received()).toBe(received);
  });

  test("what comes behind a refused body is not read as a request", async () => {
    const large = request([CHAT, HOST, auth, `content-length: ${BODY_BYTES_MAX + 1}`]);
    const behind = request([CHAT, HOST, auth, `content-length: ${body().length}`], body());
    const received = upstream.received();
    const { answers } = await exchange(gateway.agentUrl, Buffer.concat([large, behind]));
    expect(answers.length).toBe(1);
    expect(codeOf(answers[0])).toBe("request.too-large");
    expect(upstream.received()).toBe(received);
  });
});

describe("what is no HTTP for us", () => {
  const cases: readonly (readonly [what: string, bytes: string | Buffer])[] = [
    ["text", "hello\r\n\r\n"],
    ["a TLS greeting", Buffer.from("16030100a5010000a10303", "hex")],
    ["HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["HTTP/0.9", "GET /v1/models\r\n\r\n"],
    ["a version nobody speaks", request(["GET /v1/models HTTP/9.9", HOST])],
    ["no host", request(["GET /v1/models HTTP/1.1"])],
    ["random bytes", Buffer.concat([randomBytes(2_000), Buffer.from("\r\n\r\n")])],
  ];
  test.each(cases)("is refused: %s", async (_what, bytes) => {
    const { answers, closed } = await exchange(gateway.agentUrl, bytes);
    expect(closed).toBe(true);
    expect(answers[0]?.status ?? 400).toBeGreaterThanOrEqual(400);
  });

  test.each(["CONNECT example.org:443", "OPTIONS *", "TRACE /v1/models", "BREW /v1/models"])(
    "a method that is not served is refused: %s",
    async (start) => {
      const { answers } = await exchange(
        gateway.agentUrl,
        request([`${start} HTTP/1.1`, HOST, auth]),
      );
      expect(answers.every(({ status }) => status >= 400)).toBe(true);
    },
  );
});

describe("floods", () => {
  const floods: readonly (readonly [what: string, lines: readonly string[]])[] = [
    ["one header of 100 KB", [CHAT, HOST, `x-a: ${"a".repeat(100_000)}`]],
    ["3,000 headers", [CHAT, HOST, ...Array.from({ length: 3_000 }, (_, no) => `x-${no}: ${no}`)]],
    ["a URL of 1 MB", [`GET /v1/models?${"a".repeat(1_000_000)} HTTP/1.1`, HOST]],
    ["a path of 1 MB", [`GET /${"a/".repeat(500_000)} HTTP/1.1`, HOST]],
  ];
  test.each(floods)("%s is refused", async (_what, lines) => {
    const { answers, closed } = await exchange(gateway.agentUrl, request([...lines, auth]));
    expect(closed).toBe(true);
    // Whoever is still sending may see a reset before the answer.
    if (answers[0] !== undefined) expect(codeOf(answers[0])).toBe("request.too-large");
  });

  test("a body past the limit is refused whether it says its length or not", async () => {
    const large = "a".repeat(BODY_BYTES_MAX + 1);
    const said = request([CHAT, HOST, auth, `content-length: ${large.length}`], large);
    expect(codeOf((await exchange(gateway.agentUrl, said)).answers[0])).toBe("request.too-large");
    const chunk = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
    const unsaid = request([CHAT, HOST, auth, CHUNKED], chunk);
    expect(codeOf((await exchange(gateway.agentUrl, unsaid)).answers[0])).toBe("request.too-large");
  });

  test("a body in chunks of one byte, with extensions and trailers, is read as what it is", async () => {
    const chunks = [...body()].map((byte) => `1;ext="${"x".repeat(3)}"\r\n${byte}\r\n`).join("");
    const bytes = request([CHAT, HOST, auth, CHUNKED], `${chunks}0\r\nx-trailer: 1\r\n\r\n`);
    const { answers } = await exchange(gateway.agentUrl, bytes);
    expect(answers[0]?.status).toBe(200);
    wanted += 1;
  });

  test("pipelined requests are answered in their order", async () => {
    const one = request([CHAT, HOST, auth, `content-length: ${body().length}`], body());
    const two = request(["GET /v1/nothing HTTP/1.1", HOST, auth]);
    const three = request(["GET /v1/models HTTP/1.1", HOST, auth]);
    const bytes = Buffer.concat([one, two, three, one]);
    const { answers } = await exchange(gateway.agentUrl, bytes, 4);
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 200, 200]);
    wanted += 2;
  });

  test("10,000 keys that nobody has are refused, and the right one still works", async () => {
    const batches = 20;
    const each = 500;
    const lines = ["GET /v1/models HTTP/1.1", HOST];
    const statuses = await Promise.all(
      Array.from({ length: batches }, async () => {
        const guesses = Array.from({ length: each }, () =>
          request([...lines, `authorization: Bearer sck_${randomBytes(24).toString("hex")}`]),
        );
        const { answers } = await exchange(gateway.agentUrl, Buffer.concat(guesses), each);
        return answers.map(({ status }) => status);
      }),
    );
    const counted = new Map<number, number>();
    for (const status of statuses.flat()) counted.set(status, (counted.get(status) ?? 0) + 1);
    // Where so many come at once that no more may be held, that is said instead.
    expect([...counted.keys()].filter((status) => status !== 401 && status !== 503)).toEqual([]);
    expect((counted.get(401) ?? 0) + (counted.get(503) ?? 0)).toBe(batches * each);
    expect(counted.get(401)).toBeGreaterThan(batches);
    // Counted all, written down a few a second: strangers cannot fill the journal.
    const page = await gateway.api("GET", "/api/v1/journal?kind=call.refused&limit=1000");
    const { entries } = (await page.json()) as { entries: readonly { agent: string | null }[] };
    const strangers = entries.filter(({ agent }) => agent === null);
    expect(strangers.length).toBeGreaterThan(0);
    expect(strangers.length).toBeLessThan(500);
    await works();
  }, 30_000);
});

describe("paths", () => {
  const paths = [
    "/v1/../v1/chat/completions",
    "/v1/./chat/completions",
    "//v1/chat/completions",
    "/v1//chat/completions",
    "/v1/chat/completions/",
    "/v1/chat%2fcompletions",
    "/v1/chat/completion%73",
    "/v1/chat/completions%00",
    "/v1/chat/completions;a=b",
    "/v1/chat/completions#a",
    "/V1/chat/completions",
    "/v1/CHAT/completions",
    "/v1/v1/v1/chat/completions",
    "/v1\\chat\\completions",
    "/t/a/t/b/v1/chat/completions",
    "/t//v1/chat/completions",
    "/t/%zz/v1/chat/completions",
    "/t/%E0%A4%A/v1/chat/completions",
    "/t/%c0%ae/v1/chat/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/files",
    "/constructor",
    "/__proto__",
    "/api/v1/budgets",
    "/metrics",
    "http://elsewhere/v1/chat/completions",
  ];
  test.each(paths)("%s is not served", async (path) => {
    const received = upstream.received();
    const lines = [`POST ${path} HTTP/1.1`, HOST, auth, `content-length: ${body().length}`];
    const { answers } = await exchange(gateway.agentUrl, request(lines, body()));
    expect([404, 400]).toContain(answers[0]?.status);
    expect(codeOf(answers[0])).toMatch(/^request\./);
    expect(upstream.received()).toBe(received);
  });

  const tasks = [
    "a b",
    "a\tb",
    "a/b",
    "../../etc",
    "..",
    ".",
    "%00",
    "a%20b",
    "\u00fc\u00e9",
    "unnamed:key_1:2026-01-01",
    "a,b",
    "",
    "x".repeat(129),
    "a\u001b[31m",
  ];
  test.each(tasks)("%j is no name of a task: refused before anything is opened", async (name) => {
    const received = upstream.received();
    const lines = [CHAT, HOST, auth, `content-length: ${body().length}`];
    const bytes = request([...lines, `x-slipclutch-task: ${name}`], body());
    const { answers } = await exchange(gateway.agentUrl, bytes);
    expect(answers[0]?.status).toBe(400);
    expect(codeOf(answers[0])).toBe("request.malformed");
    const path = `POST /t/${encodeURIComponent(name)}/v1/chat/completions HTTP/1.1`;
    const [, ...rest] = lines;
    const inPath = await exchange(gateway.agentUrl, request([path, ...rest], body()));
    expect([400, 404]).toContain(inPath.answers[0]?.status);
    expect(codeOf(inPath.answers[0])).toMatch(/^request\./);
    expect(upstream.received()).toBe(received);
  });

  test("a task named twice is not one of the two", async () => {
    const twice = ["x-slipclutch-task: a", "x-slipclutch-task: b"];
    const lines = [CHAT, HOST, auth, `content-length: ${body().length}`, ...twice];
    const { answers } = await exchange(gateway.agentUrl, request(lines, body()));
    expect(codeOf(answers[0])).toBe("request.malformed");
  });
});

describe("credentials", () => {
  const refused: readonly (readonly [what: string, lines: () => readonly string[]])[] = [
    ["none", () => []],
    ["an empty bearer", () => ["authorization: Bearer "]],
    ["another scheme", () => [`authorization: Basic ${gateway.agentKey}`]],
    ["two that differ", () => [auth, "x-api-key: sck_other"]],
    ["two keys in one header", () => [`x-api-key: ${gateway.agentKey}, sck_other`]],
    ["the same header twice", () => ["x-api-key: sck_other", `x-api-key: ${gateway.agentKey}`]],
    ["the operator's token", () => [`authorization: Bearer ${gateway.operatorToken}`]],
    ["one of a megabyte less", () => [`authorization: Bearer ${"a".repeat(10_000)}`]],
    ["the key in the query only", () => []],
  ];
  test.each(refused)("%s: no call", async (_what, lines) => {
    const received = upstream.received();
    const start = `POST /v1/chat/completions?key=${gateway.agentKey} HTTP/1.1`;
    const head = [start, HOST, `content-length: ${body().length}`, ...lines()];
    const { answers } = await exchange(gateway.agentUrl, request(head, body()));
    expect(answers[0]?.status).toBe(401);
    expect(codeOf(answers[0])).toBe("key.invalid");
    expect(upstream.received()).toBe(received);
  });

  test("an agent's key opens nothing on the control plane", async () => {
    for (const path of ["/api/v1/budgets", "/api/v1/keys", "/metrics", "/api/v1/journal"]) {
      const headers = { authorization: `Bearer ${gateway.agentKey}` };
      const response = await fetch(gateway.controlUrl + path, { headers });
      expect(response.status).toBe(401);
      await response.body?.cancel();
    }
    expect((await gateway.api("GET", "/api/v1/budgets")).status).toBe(200);
  });
});

describe("senders that are slow, or leave", () => {
  test("a connection that is reset before it asked for anything is nobody's refusal", async () => {
    const refusals = async () => {
      const text = await (await gateway.api("GET", "/metrics")).text();
      const lines = text.split("\n").filter((line) => /refus/.test(line) && !line.startsWith("#"));
      return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    };
    const before = await refusals();
    expect(before).toBeGreaterThan(0);
    for (let no = 0; no < 20; no += 1) {
      const socket = await open(gateway.agentUrl);
      socket.on("error", () => undefined);
      if (no % 2 === 0) socket.write("POST /v1/chat");
      await new Promise((resolve) => socket.write("", resolve));
      socket.resetAndDestroy();
    }
    await works();
    expect(await refusals()).toBe(before);
  });

  test("a body that does not come is refused in time", async () => {
    const lines = [CHAT, HOST, auth, "content-length: 100"];
    const { answers } = await exchange(gateway.agentUrl, request(lines, "{"));
    expect(codeOf(answers[0])).toBe("request.malformed");
    expect(answers[0]?.body).toContain("500 ms");
  });

  test("hundreds of heads that never end keep nobody else out", async () => {
    const sockets: Socket[] = [];
    for (let no = 0; no < 300; no += 1) {
      const socket = await open(gateway.agentUrl);
      socket.on("error", () => undefined);
      socket.write(`${CHAT}\r\nhost: gateway\r\nx-slow: `);
      sockets.push(socket);
    }
    for (const socket of sockets) socket.write("a");
    await works();
    for (const socket of sockets) socket.destroy();
  });

  test("uploads that break off leave nothing behind", async () => {
    for (let no = 0; no < CALLS_MAX * 3; no += 1) {
      const socket = await open(gateway.agentUrl);
      socket.on("error", () => undefined);
      socket.write(
        request([CHAT, HOST, auth, `content-length: ${body().length}`], body().slice(9)),
      );
      socket.write("", () => (no % 2 === 0 ? socket.destroy() : socket.resetAndDestroy()));
    }
    await until(
      () => chat(gateway, gateway.agentKey),
      ({ status }) => status === 200,
    );
    wanted += 1;
  });

  test("clients that leave as soon as the call is out are charged, and hold nothing", async () => {
    upstream.setScript({ latencyMs: 30 });
    const before = upstream.received();
    for (let no = 0; no < 10; no += 1) {
      const socket = await open(gateway.agentUrl);
      socket.on("error", () => undefined);
      socket.write(request([CHAT, HOST, auth, `content-length: ${body().length}`], body()));
      await until(
        () => upstream.received(),
        (seen) => seen === before + no + 1,
      );
      socket.destroy();
    }
    wanted += 10;
    await until(
      () => booksOf(gateway),
      ({ reserved }) => reserved === 0n,
    );
    upstream.setScript({ latencyMs: 0 });
  });
});

test("after all of it: alive, nothing reserved, memory bounded, every call accounted for", async () => {
  await works();
  expect(gateway.process.exitCode).toBe(null);
  const books = await until(
    () => booksOf(gateway),
    ({ reserved }) => reserved === 0n,
  );
  expect(books.forfeited).toBe(0n);
  expect(upstream.received()).toBe(wanted);
  const rssKib = Number(
    /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.process.pid}/status`, "utf8"))?.[1],
  );
  expect(rssKib * 1024).toBeLessThan(RSS_BYTES_MAX);
  const errors = gateway
    .log()
    .split("\n")
    .filter((line) => line.includes('"level":"error"'));
  expect(errors).toEqual([]);
  expect(await gateway.stop("SIGTERM")).toBe(0);
});
