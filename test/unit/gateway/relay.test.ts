/** Answers on their way back: a scripted provider on one side, a real socket on the other. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { Core } from "../../../src/compose/core.ts";
import { handle } from "../../../src/gateway/handle.ts";
import { Seal } from "../../../src/gateway/parking/seal.ts";
import { readCall } from "../../../src/gateway/read.ts";
import { Ruleset } from "../../../src/gateway/ruleset.ts";
import type { ProviderRules } from "../../../src/guards/provider-rules.ts";
import { isDenial } from "../../../src/guards/verdict.ts";
import type { Fault, Provider, Sink } from "../../../src/ports/provider.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { configurationOf, MODEL } from "../../simulation/folder.ts";
import { INPUT_NANO, OUTPUT_NANO } from "../../simulation/upstream.ts";

const CAP = 10;
const USAGE = { prompt_tokens: 7, completion_tokens: 3 };
const BILLED = BigInt(7 * INPUT_NANO + 3 * OUTPUT_NANO);
const DONE = "data: [DONE]\n\n";
const EVENTS = { "content-type": "text/event-stream" };
const JSON_HEAD = { "content-type": "application/json" };

const text = (words: string) => frame({ choices: [{ index: 0, delta: { content: words } }] });
const STREAM = [
  frame({ choices: [{ index: 0, delta: { role: "assistant", content: "" } }] }),
  text("one"),
  text(" two"),
  text(" three"),
  frame({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
  frame({ choices: [], usage: USAGE }),
  DONE,
];

function frame(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

interface Options {
  readonly stream?: boolean;
  readonly wantsUsage?: boolean;
  readonly cap?: number;
  readonly rules?: Partial<ProviderRules>;
  /** The client hangs up while the call is decided. */
  readonly leaves?: boolean;
}

/** One call, admitted, and its provider's end of it in the hands of the test. */
async function scene(options: Options = {}) {
  const { stream = true, wantsUsage = true } = options;
  const clock = testClock();
  const configuration = configurationOf({ all: 1e9, daily: 1e9, task: 1e9 });
  const [settings] = configuration.providers;
  if (settings === undefined) throw new Error("the folder has no provider");
  const wire = { paused: 0, resumed: 0, aborted: 0 };
  let gotSink: (sink: Sink) => void = () => {};
  const sent = new Promise<Sink>((resolve) => {
    gotSink = resolve;
  });
  const provider: Provider = {
    rules: { ...settings.rules, ...options.rules },
    close: async () => {},
    send: (_request, sink) => {
      gotSink(sink);
      return {
        pause: () => {
          wire.paused += 1;
        },
        resume: () => {
          wire.resumed += 1;
        },
        abort: () => {
          wire.aborted += 1;
        },
      };
    },
  };
  const { gateway, start } = await started(
    clock,
    new Ruleset(configuration, [[settings, provider]]),
  );
  await start();

  const server = createServer();
  const serving = new Promise<{ response: ServerResponse; handled: Promise<void> }>((resolve) => {
    server.once("request", (_request, response) => {
      const ask = {
        model: MODEL,
        messages: [{ role: "user", content: "Hello" }],
        max_completion_tokens: options.cap ?? CAP,
        stream,
        ...(stream && wantsUsage ? { stream_options: { include_usage: true } } : {}),
      };
      const body = JSON.stringify(ask);
      const manifest = gateway.rules.manifest("a");
      if (manifest === null) throw new Error("no agent a");
      const call = readCall(
        "openai-chat",
        { bytes: Buffer.from(body), text: body },
        {
          response,
          headers: {},
          key: {
            id: "key_a",
            hash: "",
            holder: { kind: "agent", agent: "a" },
            createdAt: 0,
            expiresAt: null,
            revokedAt: null,
          },
          manifest,
          rules: gateway.rules,
          tenure: gateway.holding.tenure,
          decision: "d1",
          call: "d1",
          taskName: { id: "t", how: "named" },
          receivedAt: clock.monotonic(),
        },
      );
      if (isDenial(call)) throw new Error(call.code);
      if (options.leaves) response.destroy();
      resolve({ response, handled: handle(call, gateway) });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on a port
  const asking = request({ port, host: "127.0.0.1", method: "POST", agent: false });
  asking.on("error", () => {}); // the test hangs up, or the gateway does
  asking.end();
  ends.push(async () => {
    asking.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const answered = new Promise<IncomingMessage>((resolve) => asking.once("response", resolve));
  const { handled, response } = await serving;
  const sink = (await Promise.race([sent, handled.then(() => null)])) ?? unsent();
  const reserved = Math.max(...[...gateway.holding.tenure.allAccounts()].map(reservedOf));
  return {
    answered,
    asking,
    clock,
    gateway,
    handled,
    reserved: BigInt(reserved),
    response,
    sink,
    wire,
    data: (...frames: readonly string[]) => {
      for (const one of frames) sink.data(Buffer.from(one));
    },
    fail: (kind: Fault["kind"], written = true) => {
      sink.fail({ kind, written, message: "as scripted" });
    },
    hangUp: async () => {
      const closed = once(response, "close");
      asking.destroy();
      await closed;
    },
    /** What every account was charged; null: nothing, as if it had never been. */
    charged: async () => {
      await handled;
      const { tenure } = gateway.holding;
      const all = [tenure, ...gateway.holding.former];
      expect(gateway.inFlight.size).toBe(0);
      expect(gateway.drains).toBe(0);
      expect(all.flatMap((one) => [...one.allAccounts()].map(reservedOf))).toEqual([0, 0, 0]);
      expect(tenure.callsInFlight).toBe(0);
      const settlements = all.flatMap((one) => one.settlements);
      if (settlements.length === 0) return null;
      expect(settlements).toHaveLength(1);
      const charges = new Set(settlements[0]?.settlement.legs.map(({ charged }) => charged));
      expect(charges.size).toBe(1);
      return [...charges][0];
    },
  };
}

/** In place of the sink of a call that was never handed to its provider. */
function unsent(): Sink {
  const never = (): never => {
    throw new Error("nothing was sent");
  };
  return { mayWrite: never, head: never, data: never, end: never, fail: never };
}

async function started(clock: ReturnType<typeof testClock>, rules: Ruleset) {
  const core = new Core({
    store: memoryStore({ clock }),
    clock,
    chance: { hex: (bytes) => "0".repeat(2 * bytes) },
    log: createLog({ clock, write: () => {}, level: "error", form: "json" }),
    rules,
    journalKey: new Uint8Array(32),
    seal: new Seal("00".repeat(32), { hex: (bytes) => "0".repeat(2 * bytes) }),
    describe: { host: "here", pid: 1, pidStart: "1", keyId: "key" },
    version: "0.0.0",
  });
  return { gateway: core.gateway, start: () => core.start(async () => {}) };
}

function reservedOf({ purse }: { purse: { slice: { reserved: number } } }): number {
  return purse.slice.reserved;
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  let body = "";
  answer.setEncoding("utf8");
  for await (const part of answer) body += part;
  return body;
}

/** Until so much of the answer has arrived. */
async function arrived(answer: IncomingMessage, length: number): Promise<void> {
  let got = 0;
  if (length === 0) return;
  await new Promise<void>((resolve) => {
    answer.on("data", (part: Buffer) => {
      got += part.length;
      if (got >= length) resolve();
    });
  });
}

describe("a stream", () => {
  test("is relayed as it came, and charged as it was billed", async () => {
    const { answered, charged, data, reserved, sink } = await scene();
    expect(sink.mayWrite()).toBe(true);
    sink.head(200, { ...EVENTS, "x-theirs": "kept", "content-length": "9" });
    data(...STREAM);
    sink.end();
    const answer = await answered;
    expect(await bodyOf(answer)).toBe(STREAM.join(""));
    expect(answer.headers).toMatchObject({ "x-theirs": "kept", "x-slipclutch-decision": "d1" });
    expect(await charged()).toBe(BILLED);
    expect(reserved).toBeGreaterThan(BILLED);
  });

  test("keeps its usage frame to itself where the client did not ask for one", async () => {
    const { answered, charged, data, sink } = await scene({ wantsUsage: false });
    sink.head(200, EVENTS);
    data(...STREAM);
    sink.end();
    const body = await bodyOf(await answered);
    expect(body).toBe(STREAM.filter((one) => !one.includes("usage")).join(""));
    expect(await charged()).toBe(BILLED);
  });

  test("is one by its media type, however that is written", async () => {
    const { answered, charged, data, sink } = await scene();
    sink.head(200, { "content-type": "Text/Event-Stream; charset=UTF-8" });
    data(...STREAM);
    sink.end();
    expect(await bodyOf(await answered)).toBe(STREAM.join(""));
    expect(await charged()).toBe(BILLED);
  });

  test("has its head sent on though no byte of it has come", async () => {
    const { answered, charged, data, sink } = await scene();
    sink.head(200, EVENTS);
    expect((await answered).statusCode).toBe(200);
    data(...STREAM);
    sink.end();
    expect(await charged()).toBe(BILLED);
  });
});

describe("an answer without usage", () => {
  const SHORT = JSON.stringify({ choices: [{ message: { content: "x" } }] });

  test("is charged what was reserved, for the model may have thought out of sight", async () => {
    const { charged, data, reserved, sink } = await scene({ stream: false, cap: 1_000 });
    sink.head(200, JSON_HEAD);
    data(SHORT);
    sink.end();
    expect(await charged()).toBe(reserved);
  });

  test("is counted where answers show all output", async () => {
    const rules = { showsAllOutput: true };
    const { charged, data, reserved, sink } = await scene({ stream: false, cap: 1_000, rules });
    sink.head(200, JSON_HEAD);
    data(SHORT);
    sink.end();
    expect(await charged()).toBeLessThan(reserved);
  });
});

describe("a client that hangs up", () => {
  const places = STREAM.map((_one, index) => index).concat(STREAM.length);

  test.each(places)("after %i frames has the rest read for its usage", async (count) => {
    const { answered, charged, data, gateway, hangUp, sink, wire } = await scene();
    sink.head(200, EVENTS);
    const answer = await answered;
    const before = STREAM.slice(0, count);
    const here = arrived(answer, before.join("").length);
    data(...before);
    await here;
    await hangUp();
    expect(gateway.drains).toBe(1);
    data(...STREAM.slice(count));
    sink.end();
    expect(await charged()).toBe(BILLED);
    expect(wire.aborted).toBe(0);
  });

  test.each(places)(
    "after %i frames is charged what may be billed where it is cut",
    async (count) => {
      const { answered, charged, data, fail, hangUp, reserved, sink, wire } = await scene({
        rules: { onAbort: "cancel" },
      });
      sink.head(200, EVENTS);
      const answer = await answered;
      const before = STREAM.slice(0, count);
      const here = arrived(answer, before.join("").length);
      data(...before);
      await here;
      await hangUp();
      expect(wire.aborted).toBe(1);
      fail("aborted");
      expect(await charged()).toBe(count === STREAM.length ? BILLED : reserved);
    },
  );

  test("before the head is charged the usage of what comes, unseen", async () => {
    const { charged, data, hangUp, sink } = await scene();
    expect(sink.mayWrite()).toBe(true);
    await hangUp();
    sink.head(200, EVENTS);
    data(...STREAM);
    sink.end();
    expect(await charged()).toBe(BILLED);
  });

  test("while its call is decided has nothing sent, and its money back", async () => {
    const { charged, sink } = await scene({ leaves: true });
    expect(() => sink.mayWrite()).toThrow("nothing was sent");
    expect(await charged()).toBeNull();
  });

  test("before the write has the call held back, and its money back", async () => {
    const { charged, fail, hangUp, sink } = await scene();
    await hangUp();
    expect(sink.mayWrite()).toBe(false);
    fail("held", false);
    expect(await charged()).toBeNull();
  });

  test("has its answer read for 30 s, then cut", async () => {
    const { charged, clock, fail, hangUp, reserved, sink, wire } = await scene();
    sink.head(200, EVENTS);
    await hangUp();
    clock.advance(29_999);
    expect(wire.aborted).toBe(0);
    clock.advance(1);
    expect(wire.aborted).toBe(1);
    fail("aborted");
    expect(await charged()).toBe(reserved);
  });

  test("where too many answers are read already is cut at once", async () => {
    const { charged, fail, gateway, hangUp, reserved, sink, wire } = await scene();
    sink.head(200, EVENTS);
    gateway.drains = 256;
    await hangUp();
    expect(wire.aborted).toBe(1);
    fail("aborted");
    gateway.drains -= 256;
    expect(await charged()).toBe(reserved);
  });

  test("from a whole answer is charged its usage", async () => {
    const { charged, data, hangUp, sink, wire } = await scene({ stream: false });
    sink.head(200, JSON_HEAD);
    await hangUp();
    data(JSON.stringify({ choices: [{ message: { content: "one two" } }], usage: USAGE }));
    sink.end();
    expect(await charged()).toBe(BILLED);
    expect(wire.aborted).toBe(0);
  });

  test("from a stream that breaks off then is charged what may be billed", async () => {
    const { charged, data, fail, hangUp, reserved, sink } = await scene();
    sink.head(200, EVENTS);
    await hangUp();
    data(...STREAM.slice(0, 3));
    fail("reset");
    expect(await charged()).toBe(reserved);
  });
});

describe("a client that reads slowly", () => {
  const LARGE = text("x".repeat(1_000_000));

  /** More than sockets and buffers hold. */
  async function stall() {
    const all = await scene({ rules: { framesAreTokens: false } });
    all.sink.head(200, EVENTS);
    const answer = await all.answered;
    answer.pause();
    for (let count = 0; count < 50 && all.wire.paused === 0; count += 1) all.data(LARGE);
    expect(all.wire.paused).toBeGreaterThan(0);
    return { ...all, answer };
  }

  test("slows its provider down, until it reads on", async () => {
    const { answer, charged, clock, data, response, sink, wire } = await stall();
    const drained = once(response, "drain");
    const body = bodyOf(answer);
    await drained;
    expect(wire.resumed).toBe(1);
    clock.advance(120_000);
    expect(response.destroyed).toBe(false);
    data(...STREAM);
    sink.end();
    expect((await body).endsWith(DONE)).toBe(true);
    expect(await charged()).toBe(BILLED);
  });

  test("has gone after 120 s, whatever its socket says", async () => {
    const { charged, clock, data, gateway, response, sink, wire } = await stall();
    const closed = once(response, "close");
    clock.advance(119_999);
    expect(response.destroyed).toBe(false);
    clock.advance(1);
    await closed;
    expect(gateway.drains).toBe(1);
    expect(wire.resumed).toBe(1);
    data(...STREAM);
    sink.end();
    expect(await charged()).toBe(BILLED);
  });
});

describe("a provider that does not keep to the format", () => {
  test("by running past the cap is cut, and everything reserved is charged", async () => {
    const { answered, charged, data, reserved, sink, wire } = await scene();
    sink.head(200, EVENTS);
    let count = 0;
    while (wire.aborted === 0 && count < 1_000) {
      data(text("x"));
      count += 1;
    }
    expect(count).toBe(Math.floor(CAP * 1.25 + 64) + 1);
    const body = await bodyOf(await answered);
    expect(body.split(text("x"))).toHaveLength(count);
    expect(body).toContain('"code":"call.cap"');
    data(text("x"));
    sink.fail({ kind: "aborted", written: true, message: "" });
    expect(await charged()).toBe(reserved);
  });

  test("is not cut where frames are no tokens", async () => {
    const { answered, charged, data, sink } = await scene({ rules: { framesAreTokens: false } });
    sink.head(200, EVENTS);
    for (let count = 0; count < 200; count += 1) data(text("x"));
    data(...STREAM);
    sink.end();
    expect(await bodyOf(await answered)).not.toContain("error");
    expect(await charged()).toBe(BILLED);
  });

  test("by a frame without an end is cut", async () => {
    const { answered, charged, reserved, sink, wire } = await scene();
    sink.head(200, EVENTS);
    const chunk = Buffer.alloc(4 * 1024 * 1024, "x");
    for (let count = 0; count < 20 && wire.aborted === 0; count += 1) sink.data(chunk);
    expect(wire.aborted).toBe(1);
    expect(await bodyOf(await answered)).toContain('"code":"provider.unreachable"');
    expect(await charged()).toBe(reserved);
  });

  test.each([
    ["a stream that ends in the middle", EVENTS, STREAM.slice(0, 3), 200],
    ["an answer that is no JSON", JSON_HEAD, ['{"choices": [{"mess'], 502],
    ["an answer of another kind", { "content-type": "text/html" }, ["<p>"], 502],
    [
      "an answer that is no stream",
      JSON_HEAD,
      [JSON.stringify({ choices: [], usage: USAGE })],
      502,
    ],
    ["an empty answer", {}, [], 502],
  ] as const)(
    "by %s: the client is told so, and all is charged",
    async (_what, head, parts, status) => {
      const { answered, charged, data, reserved, sink } = await scene();
      sink.head(200, head);
      data(...parts);
      sink.end();
      const answer = await answered;
      expect(answer.statusCode).toBe(status);
      expect(await bodyOf(answer)).toContain('"code":"provider.unreachable"');
      expect(await charged()).toBe(reserved);
    },
  );

  test("by an error after it had begun to answer is charged", async () => {
    const { answered, charged, data, reserved, sink } = await scene();
    const error = frame({ error: { message: "broken", type: "server_error" } });
    sink.head(200, EVENTS);
    data(...STREAM.slice(0, 3), error);
    sink.end();
    expect(await bodyOf(await answered)).toBe([...STREAM.slice(0, 3), error].join(""));
    expect(await charged()).toBe(reserved);
  });
});

describe("a provider's own refusal", () => {
  const ERROR = JSON.stringify({ error: { message: "slow down", type: "rate_limit" } });

  test("goes to the client as it is, and costs nothing", async () => {
    const { answered, charged, data, sink } = await scene();
    sink.head(429, { ...JSON_HEAD, "retry-after": "7" });
    data(ERROR.slice(0, 5), ERROR.slice(5));
    sink.end();
    const answer = await answered;
    expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([429, "7"]);
    expect(await bodyOf(answer)).toBe(ERROR);
    expect(await charged()).toBe(0n);
  });

  test("as the only frame of a stream costs nothing either", async () => {
    const { charged, data, sink } = await scene();
    sink.head(200, EVENTS);
    data(`data: ${ERROR}\n\n`);
    sink.end();
    expect(await charged()).toBe(0n);
  });

  test("costs what was reserved where the provider may bill its errors", async () => {
    const { charged, data, reserved, sink } = await scene({ rules: { errorsAreFree: false } });
    sink.head(429, JSON_HEAD);
    data(ERROR);
    sink.end();
    expect(await charged()).toBe(reserved);
  });

  test("that is none of the format's may come from anybody, and is charged", async () => {
    const { answered, charged, data, reserved, sink } = await scene();
    sink.head(502, { "content-type": "text/html" });
    data("<p>Bad gateway");
    sink.end();
    const answer = await answered;
    expect([answer.statusCode, await bodyOf(answer)]).toEqual([502, "<p>Bad gateway"]);
    expect(await charged()).toBe(reserved);
  });
});

describe("an exchange that fails", () => {
  test.each([
    ["unreachable", 502, "provider.unreachable"],
    ["timeout", 504, "provider.timeout"],
    ["reset", 502, "provider.unreachable"],
  ] as const)(
    "by %s, is told to the client and charged if it was written",
    async (kind, status, code) => {
      for (const written of [false, true]) {
        const { answered, charged, fail, reserved, sink } = await scene();
        expect(sink.mayWrite()).toBe(true);
        fail(kind, written);
        const answer = await answered;
        expect(answer.statusCode).toBe(status);
        expect(await bodyOf(answer)).toContain(`"code":"${code}"`);
        expect(await charged()).toBe(written ? reserved : null);
      }
    },
  );

  test("in the middle of a line has its error on lines of its own", async () => {
    const { answered, charged, data, fail, reserved, sink } = await scene();
    sink.head(200, EVENTS);
    data(text("one"), 'data: {"choices":[');
    fail("reset");
    const lines = (await bodyOf(await answered)).split("\n");
    expect(lines).toContain("event: error");
    expect(await charged()).toBe(reserved);
  });

  test("after its whole stream is charged as it was billed", async () => {
    const { charged, data, fail, sink } = await scene();
    sink.head(200, EVENTS);
    data(...STREAM);
    fail("reset");
    expect(await charged()).toBe(BILLED);
  });
});

describe("a gateway that may not write any more", () => {
  test("because its agent was paused after it was admitted, holds the call back", async () => {
    const { answered, charged, fail, gateway, sink } = await scene();
    const review = { id: "r-1", kind: "pause", agent: "a", subject: "" } as const;
    const why = { reason: "looks wrong", evidence: "{}", at: 0 };
    expect(await gateway.clutches.trip({ ...review, ...why }, "jo")).toBe(true);
    expect(sink.mayWrite()).toBe(false);
    fail("held", false);
    const answer = await answered;
    expect(answer.statusCode).toBe(429);
    expect(await bodyOf(answer)).toContain('"code":"clutch.parked"');
    expect(await charged()).toBeNull();
  });

  test("because it was fenced, holds the call back and returns its money", async () => {
    const { answered, charged, fail, gateway, sink } = await scene();
    gateway.holding.tenure.fenced = true;
    expect(sink.mayWrite()).toBe(false);
    fail("held", false);
    const answer = await answered;
    expect(answer.statusCode).toBe(503);
    expect(await bodyOf(answer)).toContain('"code":"gateway.fenced"');
    expect(await charged()).toBeNull();
  });

  test("because it heard nothing of the store for the grace, does the same", async () => {
    const { answered, charged, clock, fail, gateway, sink } = await scene();
    clock.step(gateway.rules.configuration.store.graceMs);
    expect(sink.mayWrite()).toBe(false);
    fail("held", false);
    const answer = await answered;
    expect(await bodyOf(answer)).toContain('"code":"store.unreachable"');
    expect(await charged()).toBeNull();
  });

  test("settles what it had written before all the same", async () => {
    const { charged, data, gateway, sink } = await scene();
    expect(sink.mayWrite()).toBe(true);
    gateway.holding.tenure.fenced = true;
    sink.head(200, EVENTS);
    data(...STREAM);
    sink.end();
    expect(await charged()).toBe(BILLED);
  });
});
