/** A sidecar that is no OPA, or a broken one: every question is refused, in time. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { opaEngine } from "../../src/adapters/policy-engine/opa/engine.ts";
import { testClock } from "../../src/testing/test-clock.ts";

const SHORT_MS = 200;
/** A busy machine is late to look at the time. */
const LATE_MS = 5_000;
const LOADED = { revision: "r", modules: [], data: "{}" };
const QUERY = { path: ["a", "p"], lenient: false };

/** What a question is answered with, on its connection. */
type Script = (socket: Socket) => void;

interface Sidecar {
  readonly port: number;
  /** Requests as they came, without those for its health. */
  readonly asked: readonly string[];
  answer(script: Script): void;
  close(): Promise<void>;
}

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function http(body: string | Uint8Array, head = "HTTP/1.1 200 OK"): Script {
  const bytes = Buffer.from(body);
  return (socket) => {
    socket.write(`${head}\r\ncontent-length: ${bytes.length}\r\n\r\n`);
    socket.write(bytes);
  };
}

const WELL = http('{"result": true}');

async function sidecar(): Promise<Sidecar> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  let script = WELL;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      const text = chunk.toString("latin1");
      if (text.startsWith("GET /health ")) return void http("{}")(socket);
      asked.push(text);
      script(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const made = {
    // `as`: it listens on TCP.
    port: (server.address() as AddressInfo).port,
    asked,
    answer: (next: Script) => {
      script = next;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  open.push(made);
  return made;
}

/** Takes connections, and never says anything on them: not even for TLS. */
async function silence(): Promise<{ readonly port: number }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  open.push({ close });
  // `as`: it listens on TCP.
  return { port: (server.address() as AddressInfo).port };
}

async function asking(port: number, scheme = "http") {
  const settings = { url: `${scheme}://127.0.0.1:${port}`, socket: null, token: "secret-token" };
  const policies = await opaEngine(settings, systemClock).load(LOADED, [QUERY]);
  open.push(policies);
  return (timeoutMs = SHORT_MS) => policies.ask(QUERY, { x: 1 }, { now: 0n, timeoutMs });
}

function dripping(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{"result": ');
  const timer = setInterval(() => socket.write(" "), 5);
  socket.on("close", () => clearInterval(timer));
}

function endless(socket: Socket): void {
  socket.write("HTTP/1.1 200 OK\r\n\r\n");
  const piece = Buffer.alloc(64 * 1024, " ");
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", more);
  more();
}

const huge = JSON.stringify({ result: "x".repeat(2 * 1024 * 1024) });
const internal = (errors: unknown) => JSON.stringify({ code: "internal_error", errors });
const FAILED = "HTTP/1.1 500 Internal Server Error";

const SCRIPTS: Readonly<Record<string, Script>> = {
  "that hangs": () => undefined,
  "that resets": (socket) => socket.resetAndDestroy(),
  "that ends without a word": (socket) => socket.end(),
  "that hangs after its head": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n");
  },
  "that hangs within its head": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-le");
  },
  "that drips": dripping,
  "that never ends": endless,
  "that says it will go on, and never does": (socket) => {
    for (let no = 0; no < 10; no += 1) socket.write("HTTP/1.1 102 Processing\r\n\r\n");
  },
  "that sends half a body": (socket) => {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{"result"');
  },
  "whose body is whole JSON, but cut off": (socket) => {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{"result": true}');
  },
  "whose chunks are cut off": (socket) => {
    const chunk = '10\r\n{"result": true}\r\n';
    socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk}`);
  },
  "that speaks another protocol": (socket) => socket.end("SSH-2.0-OpenSSH_10.0\r\n"),
  "with more headers than there is room for": (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(100_000)}\r\ncontent-length: 0\r\n\r\n`);
  },
  "with no body": http(""),
  "with status 204": (socket) => socket.write("HTTP/1.1 204 No Content\r\n\r\n"),
  "with a page": http("<html>true</html>"),
  "with half of JSON": http('{"result": tru'),
  "with an array": http("[]"),
  "with an array of results": http('[{"result": true}]'),
  "with null": http("null"),
  "with true": http("true"),
  "with bytes that are no text": http(Uint8Array.from([0x22, 0xff, 0xfe, 0x22])),
  "with a text that is no UTF-8": http(Buffer.from('{"result": "\xff"}', "latin1")),
  "with more than is read": http(huge),
  "with 500": http("{}", FAILED),
  "with 500 and true": http('{"result": true}', FAILED),
  "with 500 and a code without errors": http(internal([]), FAILED),
  "with 500 and errors that are none": http(internal(["x", null]), FAILED),
  "with 400": http('{"code": "invalid_parameter"}', "HTTP/1.1 400 Bad Request"),
  "with 403 and true": http('{"result": true}', "HTTP/1.1 403 Forbidden"),
  "with 429": http("{}", "HTTP/1.1 429 Too Many Requests"),
};

describe("a sidecar", () => {
  test.each(Object.keys(SCRIPTS))("%s is out of reach, in time, and serves again", async (name) => {
    const { answer, port } = await sidecar();
    const ask = await asking(port);
    expect(await ask(LATE_MS)).toEqual({ kind: "value", value: true });
    answer(SCRIPTS[name] ?? WELL);
    const began = performance.now();
    const refused = await Promise.all([ask(), ask(), ask()]);
    expect(performance.now() - began).toBeLessThan(LATE_MS);
    for (const one of refused) {
      expect(one).toMatchObject({ kind: "failed", code: "unreachable" });
      expect(JSON.stringify(one)).not.toContain("secret-token");
    }
    answer(WELL);
    expect(await ask(LATE_MS)).toEqual({ kind: "value", value: true });
  });

  test.each([301, 302, 303, 307, 308])(
    "that points elsewhere with %i is not followed",
    async (status) => {
      const [here, there] = [await sidecar(), await sidecar()];
      const ask = await asking(here.port);
      const location = `http://127.0.0.1:${there.port}/v1/data/a/p`;
      here.answer(http("", `HTTP/1.1 ${status} Moved\r\nlocation: ${location}`));
      expect(await ask(LATE_MS)).toEqual({
        ...{ kind: "failed", code: "unreachable" },
        because: `it answered with status ${status}`,
      });
      expect(there.asked).toEqual([]);
    },
  );

  test("that gives up by itself is a limit, and an error of the policy is an error", async () => {
    const { answer, port } = await sidecar();
    const ask = await asking(port);
    const error = { code: "eval_cancel_error", message: "caller cancelled" };
    answer(http(internal([error]), FAILED));
    expect(await ask(LATE_MS)).toEqual({
      ...{ kind: "failed", code: "limit", because: "eval_cancel_error: caller cancelled" },
    });
    const location = { file: "a.rego", row: 3, col: 1 };
    const conflict = { code: "eval_conflict_error", message: "x".repeat(100_000), location };
    answer(http(internal([conflict]), FAILED));
    const long = await ask(LATE_MS);
    expect(long).toMatchObject({ kind: "failed", code: "error" });
    expect(long.kind === "failed" && long.because).toMatch(/^a\.rego:3: eval_conflict_error: x{9}/);
    expect(long.kind === "failed" && long.because.length).toBeLessThan(2_000);
  });

  test("keeps its connections, and is sent what is asked", async () => {
    const { asked, port } = await sidecar();
    const ask = await asking(port);
    for (let no = 0; no < 3; no += 1) await ask(LATE_MS);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toContain(
      "POST /v1/data/a/p?provenance=true&strict-builtin-errors=true HTTP/1.1\r\n",
    );
    expect(asked[0]?.toLowerCase()).toContain("authorization: bearer secret-token\r\n");
    expect(asked[0]).toContain('\r\n\r\n{"input":{"x":1}}');
  });

  test("with an address of https is never told in clear", async () => {
    const { asked, port } = await sidecar();
    await expect(asking(port, "https")).rejects.toThrow("cannot be asked");
    expect(asked.join("")).not.toContain("secret-token");
  });

  // Well before the client gives up connecting.
  const promptly = { timeout: 4_000 };
  test("whose connections are never made is given up in time", promptly, async () => {
    const { port } = await silence();
    const clock = testClock();
    const settings = { url: `https://127.0.0.1:${port}`, socket: null, token: null };
    const loaded = opaEngine(settings, clock).load(LOADED, [QUERY]);
    expect(clock.waiting).toBe(1);
    clock.advance(5_000);
    await expect(loaded).rejects.toThrow("no answer within 5000 ms");
  });

  test("is let go while it is asked", async () => {
    const { answer, port } = await sidecar();
    answer(() => undefined);
    const settings = { url: `http://127.0.0.1:${port}`, socket: null, token: null };
    const policies = await opaEngine(settings, systemClock).load(LOADED, [QUERY]);
    const under = policies.ask(QUERY, {}, { now: 0n, timeoutMs: LATE_MS });
    const began = performance.now();
    await policies.close();
    expect(await under).toMatchObject({ kind: "failed", code: "unreachable" });
    expect(performance.now() - began).toBeLessThan(LATE_MS / 2);
  });

  test("of which there are more questions than connections answers them in turn", async () => {
    const { answer, asked, port } = await sidecar();
    const ask = await asking(port);
    const answers = await Promise.all(Array.from({ length: 300 }, () => ask(LATE_MS)));
    expect(answers.every(({ kind }) => kind === "value")).toBe(true);
    expect(asked).toHaveLength(300);
    answer(() => undefined);
    const hung = await Promise.all(Array.from({ length: 300 }, () => ask()));
    expect(hung.every(({ kind }) => kind === "failed")).toBe(true);
  });
});
