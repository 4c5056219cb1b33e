/** Far ends of the decision log that hang, fail, answer by halves, or take a part. */
import { once } from "node:events";
import { createServer } from "node:http";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { httpSink, UPLOAD_BYTES_MAX } from "../../src/adapters/decision-sink/http/http-sink.ts";
import { otelSink, REQUEST_BYTES_MAX } from "../../src/adapters/decision-sink/otel/otel-sink.ts";
import { REQUEST_MS_MAX } from "../../src/adapters/decision-sink/over-http/post.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { DecisionEvent, DecisionSink } from "../../src/ports/decision-log.ts";
import { DecisionLog } from "../../src/telemetry/decision-log/decision-log.ts";
import { decisionEvent } from "../../src/testing/decision-event.ts";
import { fakeDecisionReceiver } from "../../src/testing/fake-decision-receiver.ts";
import { fakeLogCollector } from "../../src/testing/fake-log-collector.ts";
import type { FarAnswer, FarEnd } from "../../src/testing/far-end.ts";
import { testClock } from "../../src/testing/test-clock.ts";

const TOKEN = "token-of-the-log-service";
const ORIGIN = { resource: {}, scope: { name: "slipclutch", version: "0.1.0" } };
const MINUTE_MS = 60_000;

interface Opened {
  readonly far: FarEnd<unknown>;
  readonly sink: DecisionSink;
  readonly said: readonly (readonly [string, unknown])[];
  /** Entries that were taken, in their order. */
  read(): readonly DecisionEvent[];
}

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function http(clock: Clock = systemClock): Promise<Opened> {
  const far = await fakeDecisionReceiver(TOKEN);
  const sink = httpSink({ url: far.base, token: TOKEN, headers: {} }, clock);
  open.push(sink, far);
  return { far, sink, said: [], read: () => far.received.flat() };
}

async function otel(clock: Clock = systemClock): Promise<Opened> {
  const far = await fakeLogCollector();
  const said: (readonly [string, unknown])[] = [];
  const say = (message: string, fields: unknown) => said.push([message, fields]);
  const sink = otelSink({ url: far.base, headers: {}, ...ORIGIN }, clock, { info: say, warn: say });
  open.push(sink, far);
  return { far, sink, said, read: () => far.received.flat().map(({ event }) => event) };
}

const SINKS = [
  ["http", http, UPLOAD_BYTES_MAX],
  ["otel", otel, REQUEST_BYTES_MAX],
] as const;

/** That gzip makes no smaller. */
function noise(characters: number, seed: number): string {
  let state = seed + 1;
  return Array.from({ length: characters }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCharCode(33 + (state % 90));
  }).join("");
}

function noisy(count: number, characters: number): readonly DecisionEvent[] {
  return Array.from({ length: count }, (_, no) =>
    decisionEvent(no, { input: { text: noise(characters, no) } }),
  );
}

describe.each(SINKS)("%s", (_, start, bytesMax) => {
  const failures: readonly (readonly [string, FarAnswer, string, boolean])[] = [
    ["an error", { status: 500 }, "status 500", false],
    ["no time", { status: 503, body: "x".repeat(100) }, "status 503", false],
    ["too many", { status: 429, headers: { "retry-after": "5" } }, "status 429", false],
    ["another token", { status: 401 }, "status 401", false],
    ["another address", { status: 404 }, "status 404", false],
    ["a redirect", { status: 307, headers: { location: "/elsewhere" } }, "status 307", false],
    ["not readable", { status: 400 }, "status 400", true],
    ["too large", { status: 413 }, "status 413", true],
    ["not wanted", { status: 422 }, "status 422", true],
    ["a connection that is reset", "reset", "socket hang up", false],
    ["half an answer", "half", "aborted", false],
    ["an answer without end", { status: 200, body: "x".repeat(1_000_000) }, "without end", false],
  ];

  test.each(failures)("%s is a rejection", async (_name, answer, because, isRefused) => {
    const { far, read, sink } = await start();
    far.answer(answer);
    const error = await sink.send([decisionEvent(0)]).catch((caught: unknown) => caught);
    expect(String(error)).toContain(because);
    expect((error as { refused?: boolean }).refused === true).toBe(isRefused); // of any error
    expect(far.arrived.length).toBe(1);
    far.answer(null);
    await sink.send([decisionEvent(0)]);
    expect(read()).toEqual([decisionEvent(0)]);
  });

  test.each([200, 201, 202, 204])("any %i is taken", async (status) => {
    const { far, sink } = await start();
    far.answer({ status, body: status === 204 ? "" : "not json" });
    await sink.send([decisionEvent(0)]);
    expect(far.arrived.length).toBe(1);
  });

  test("one that hangs is given up in time, and serves again after", async () => {
    const clock = testClock();
    const { far, read, sink } = await start(clock);
    far.answer("hang");
    const sent = sink.send([decisionEvent(0)]).catch((error: unknown) => String(error));
    while (far.arrived.length === 0) await new Promise((next) => setImmediate(next));
    clock.advance(REQUEST_MS_MAX);
    expect(await sent).toBe(`Error: no answer within ${REQUEST_MS_MAX} ms`);
    far.answer(null);
    await sink.send([decisionEvent(0)]);
    expect(read().length).toBe(1);
    expect(clock.waiting).toBe(0);
  });

  test("one that is not there is a rejection", async () => {
    const { far, sink } = await start();
    await far.close();
    await expect(sink.send([decisionEvent(0)])).rejects.toThrow(/ECONNREFUSED|reset|hang up/);
    open.splice(open.indexOf(far), 1);
  });

  test("what is under way when it is closed is a rejection", async () => {
    const { far, sink } = await start();
    far.answer("hang");
    const sent = sink.send([decisionEvent(0)]).catch((error: unknown) => String(error));
    while (far.arrived.length === 0) await new Promise((next) => setImmediate(next));
    await sink.close();
    expect(await sent).toContain("closed");
  });

  test("a batch goes in parts of a bounded size", async () => {
    const { far, read, sink } = await start();
    const events = noisy(80, bytesMax / 10);
    await sink.send(events);
    expect(read()).toEqual(events);
    for (const { bytes } of far.arrived) expect(bytes.length).toBeLessThanOrEqual(bytesMax);
    expect(far.arrived.length).toBeGreaterThan(4);
  });

  test("of a batch that was taken in part the rest comes again, in its order", async () => {
    const { far, sink } = await start();
    await far.close();
    const taken: string[] = [];
    const { port } = new URL(far.url);
    let no = 0;
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      no += 1;
      if (no % 3 === 0) return response.writeHead(503).end();
      const text = gunzipSync(Buffer.concat(chunks)).toString("utf8");
      taken.push(...(text.match(/(?<=\\?"decision_id\\?":\\?")d-\d+/g) ?? []));
      response.end();
    });
    server.listen(Number(port), "127.0.0.1");
    await once(server, "listening");
    const events = noisy(80, bytesMax / 10);
    let failures = 0;
    while (failures < 20) {
      const error = await sink.send(events).catch((caught: unknown) => caught);
      if (error === undefined) break;
      expect(String(error)).toContain("status 503");
      failures += 1;
    }
    expect(failures).toBeGreaterThan(1);
    expect(taken).toEqual(events.map(({ decision_id }) => decision_id));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    open.splice(open.indexOf(far), 1);
  });

  test("an entry that is too large goes without what makes it so", async () => {
    const { read, sink } = await start();
    const large = decisionEvent(1, { input: { text: noise(2 * bytesMax, 1) } });
    await sink.send([decisionEvent(0), large, decisionEvent(2)]);
    const [first, second, third] = read();
    expect([first, third]).toEqual([decisionEvent(0), decisionEvent(2)]);
    const { input: _input, result: _result, ...rest } = large;
    expect(second).toEqual({
      ...rest,
      error: { code: "decision_log_too_large", message: expect.stringContaining("left out") },
    });
  });

  test("one whose labels alone are too large is refused", async () => {
    const { far, sink } = await start();
    const labels = { all: noise(2 * bytesMax, 1) };
    const error = await sink.send([decisionEvent(0, { labels })]).catch((caught) => caught);
    expect(error).toMatchObject({ refused: true, message: expect.stringContaining("larger than") });
    expect(far.arrived).toEqual([]);
  });

  test("that is away for ten minutes gets all of it, once and in its order", async () => {
    const { far, read, sink } = await start();
    const clock = testClock();
    const said: string[] = [];
    const say = (message: string) => said.push(message);
    const log = new DecisionLog({
      sinks: [sink],
      labels: {},
      clock,
      log: { info: say, warn: say },
    });
    far.answer({ status: 503 });
    const step = async (ms: number) => {
      clock.advance(ms);
      for (let no = 0; no < 10; no += 1) await new Promise((next) => setTimeout(next, 1));
    };
    let noted = 0;
    for (let no = 0; no < 300; no += 1) {
      const input = { agent_id: "support", no };
      const answer = { kind: "value", value: no % 2 === 0 } as const;
      const about = { path: ["a", "p"], revision: "r", requestedBy: "me", ask: null };
      log.note({ id: `d-${no}`, at: clock.wall(), input, answer, ...about });
      noted += 1;
      if (no % 3 === 0) await step((10 * MINUTE_MS) / 100);
    }
    expect(far.arrived.length).toBeGreaterThan(5);
    far.answer(null);
    for (let tries = 0; tries < 500 && read().length < noted; tries += 1) await step(1_000);
    expect(read().map(({ decision_id }) => decision_id)).toEqual(
      Array.from({ length: noted }, (_, no) => `d-${no}`),
    );
    expect(log.counts).toMatchObject({ noted, lost: 0, withheld: 0, dropped: 0, waiting: 0 });
    expect(said).toEqual([
      "the decision log is not written; calls go on, and its entries wait",
      "the decision log is written again",
    ]);
    await log.close();
  });
});

test("what a collector took and did not keep is told, and not sent again", async () => {
  const { far, said, sink } = await otel();
  far.answer({ status: 200, body: '{"partialSuccess":{"rejectedLogRecords":"2"}}' });
  await sink.send([decisionEvent(0), decisionEvent(1), decisionEvent(2)]);
  expect(said).toEqual([["a collector did not keep decisions that it took", { rejected: 2 }]]);
  expect(far.arrived.length).toBe(1);
});

test("a service with another token takes nothing", async () => {
  const far = await fakeDecisionReceiver(TOKEN);
  for (const token of [null, "another-token"]) {
    const sink = httpSink({ url: far.base, token, headers: {} }, systemClock);
    await expect(sink.send([decisionEvent(0)])).rejects.toThrow("status 401");
    await sink.close();
  }
  await far.close();
});
