import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Collected, collect } from "../../../src/gateway/body.ts";
import { type TestClock, testClock } from "../../../src/testing/test-clock.ts";

const LIMITS = { bytesMax: 1_000, withinMs: 30_000 };

/** A server that takes in one body a request, and says what became of it. */
let server: Server;
let clock: TestClock;
let client: Socket;
let collected: Promise<Collected>;
/** The head of the request is here. */
let begun: Promise<void>;

beforeEach(async () => {
  clock = testClock();
  server = createServer();
  begun = new Promise((begin) => {
    collected = new Promise((resolve) => {
      server.once("request", (request) => {
        resolve(collect(request, LIMITS, clock));
        begin();
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on a port
  client = connect(port, "127.0.0.1");
  client.on("error", () => {}); // the server may hang up on it
  await once(client, "connect");
});

afterEach(async () => {
  client.destroy();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

function head(...headers: readonly string[]): void {
  client.write(`POST / HTTP/1.1\r\nhost: a\r\n${headers.join("\r\n")}\r\n\r\n`);
}

function whole(body: Buffer | string, ...headers: readonly string[]): void {
  head(`content-length: ${Buffer.byteLength(body)}`, ...headers);
  client.write(body);
}

function chunked(...chunks: readonly (Buffer | string)[]): void {
  head("transfer-encoding: chunked");
  for (const chunk of chunks) {
    client.write(`${Buffer.byteLength(chunk).toString(16)}\r\n`);
    client.write(chunk);
    client.write("\r\n");
  }
}

async function textOf(): Promise<string> {
  const body = await collected;
  if (body === "gone" || "kind" in body) throw new Error(`refused: ${JSON.stringify(body)}`);
  expect(body.bytes).toEqual(Buffer.from(body.text));
  expect(clock.waiting).toBe(0);
  return body.text;
}

async function refusal(): Promise<Collected> {
  const refused = await collected;
  expect(clock.waiting).toBe(0);
  return refused;
}

describe("a body is taken in", () => {
  test("whole, with its length declared or in chunks, empty ones too", async () => {
    whole('{"a": "é"}');
    expect(await textOf()).toBe('{"a": "é"}');
  });

  test("in chunks that end in the middle of a character", async () => {
    const bytes = Buffer.from('{"a": "日本"}');
    chunked(bytes.subarray(0, 8), bytes.subarray(8, 11), bytes.subarray(11), "");
    expect(await textOf()).toBe('{"a": "日本"}');
  });

  test("when it is empty", async () => {
    whole("");
    expect(await textOf()).toBe("");
  });

  test("when nothing declares one", async () => {
    head();
    expect(await textOf()).toBe("");
  });

  test("at its greatest length", async () => {
    whole("x".repeat(LIMITS.bytesMax), "content-encoding: identity");
    expect(await textOf()).toBe("x".repeat(LIMITS.bytesMax));
  });

  test("sent as identity, however that is written", async () => {
    whole("{}", "content-encoding: Identity");
    expect(await textOf()).toBe("{}");
  });

  test("at its greatest length in chunks", async () => {
    chunked("x".repeat(LIMITS.bytesMax - 1), "x", "");
    expect(await textOf()).toBe("x".repeat(LIMITS.bytesMax));
  });

  test("when its last byte comes just in time", async () => {
    head("content-length: 2");
    await begun;
    client.write("{");
    clock.advance(LIMITS.withinMs - 1);
    client.write("}");
    expect(await textOf()).toBe("{}");
  });
});

describe("a body that has come with its head", () => {
  /** Collected only once so many of its bytes are here, as after a look-up of who asks. */
  async function collectedAt(bytes: number): Promise<Collected> {
    const [request] = await once(server, "request");
    while (request.readableLength < bytes) await new Promise(setImmediate);
    return collect(request, LIMITS, clock);
  }

  beforeEach(() => server.removeAllListeners("request"));

  test("is there at once", async () => {
    const arrived = once(server, "request");
    whole('{"a": "é"}');
    const [request] = await arrived;
    while (request.readableLength < 11) await new Promise(setImmediate);
    const body = collect(request, LIMITS, clock);
    expect(body).toEqual({ bytes: Buffer.from('{"a": "é"}'), text: '{"a": "é"}' });
  });

  test("is refused for what is wrong with it all the same", async () => {
    const taken = collectedAt(2);
    whole(Buffer.from([0xc0, 0xaf]));
    expect(await taken).toMatchObject({ code: "request.malformed", facts: { at: "body" } });
  });

  test("and has been taken leaves the connection to the next one", async () => {
    for (const text of ["1", "22"]) {
      const answered = once(server, "request").then(([, response]) => response);
      const taken = collectedAt(text.length);
      whole(text);
      expect(await taken).toMatchObject({ text });
      (await answered).end();
      await once(client, "data");
    }
  });

  test("in part is waited for", async () => {
    const taken = collectedAt(1);
    head("content-length: 2");
    client.write("{");
    await begunWaiting();
    client.write("}");
    expect(await taken).toMatchObject({ text: "{}" });
    expect(clock.waiting).toBe(0);
  });

  async function begunWaiting(): Promise<void> {
    while (clock.waiting === 0) await new Promise(setImmediate);
  }
});

describe("a body is refused", () => {
  test("by the length that it declares, before a byte of it is here", async () => {
    head(`content-length: ${LIMITS.bytesMax + 1}`);
    expect(await refusal()).toMatchObject({
      code: "request.too-large",
      facts: { bytes: LIMITS.bytesMax + 1, max_request_bytes: LIMITS.bytesMax },
    });
  });

  test("when it runs past the limit without having declared anything", async () => {
    chunked("x".repeat(LIMITS.bytesMax), "x");
    expect(await refusal()).toMatchObject({ code: "request.too-large" });
  });

  test("when it is compressed", async () => {
    whole("{}", "content-encoding: gzip");
    expect(await refusal()).toMatchObject({
      code: "request.malformed",
      facts: { at: "content-encoding", got: "gzip" },
    });
  });

  test.each([
    ["a byte that is never UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ["a character that is cut off", Buffer.from("日").subarray(0, 2)],
    ["a surrogate in three bytes", Buffer.from([0xed, 0xa0, 0x80])],
    ["a character in more bytes than it needs", Buffer.from([0xc0, 0xaf])],
  ])("when it has %s", async (_what, bytes) => {
    whole(bytes);
    expect(await refusal()).toMatchObject({ code: "request.malformed", facts: { at: "body" } });
  });

  test("when it is not here whole in time, however it drips", async () => {
    head("content-length: 100");
    await begun;
    for (let second = 0; second < 29; second += 1) {
      client.write("x");
      clock.advance(1_000);
    }
    clock.advance(1_000);
    expect(await refusal()).toMatchObject({
      code: "request.malformed",
      facts: { expected: `the whole body within ${LIMITS.withinMs} ms` },
    });
  });
});

describe("whose client goes in the middle", () => {
  test.each(["end", "destroy", "resetAndDestroy"] as const)("by %s is gone", async (how) => {
    head("content-length: 100");
    client.write("{");
    await begun;
    client[how]();
    expect(await refusal()).toBe("gone");
  });
});
