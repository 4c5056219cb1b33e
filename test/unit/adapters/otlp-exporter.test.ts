/** The queue before a collector: its limits, its patience, and what is counted as lost. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OtlpExporter, type OtlpSettings } from "../../../src/adapters/spans/otlp/otlp-exporter.ts";
import type { Span } from "../../../src/ports/spans.ts";
import { type TestClock, testClock } from "../../../src/testing/test-clock.ts";
import { type Collector, collector } from "../../support/collector.ts";

const DELAY_MS = 5_000;

let seen: Collector;
let clock: TestClock;
let fates: Record<string, number>;
let said: string[];

beforeEach(async () => {
  seen = await collector();
  clock = testClock();
  fates = {};
  said = [];
});

afterEach(() => seen.close());

function exporter(more: Partial<OtlpSettings> = {}): OtlpExporter {
  const settings: OtlpSettings = {
    url: `${seen.url}/v1/traces`,
    ...{ protocol: "http/json", headers: {}, gzip: false, timeoutMs: 10_000, delayMs: DELAY_MS },
    ...{ batchMax: 4, queueMax: 8, resource: {}, scope: { name: "s", version: "1" } },
    schemaUrl: "https://opentelemetry.io/schemas/1.41.0",
    ...more,
  };
  // Its own test's: one that hangs hears of the end of its collector after that.
  const [counts, words] = [fates, said];
  const say = (message: string) => words.push(message);
  return new OtlpExporter(settings, {
    clock,
    log: { info: say, warn: say },
    count: (fate, spans) => {
      counts[fate] = (counts[fate] ?? 0) + spans;
    },
  });
}

function span(name: string): Span {
  const context = { traceId: "a".repeat(32), spanId: "b".repeat(16), sampled: true };
  return {
    ...{ context, parent: null, name, kind: "client", startedAt: 1, endedAt: 2 },
    ...{ attributes: {}, events: [], failed: false },
  };
}

function take(to: OtlpExporter, count: number): void {
  for (let no = 0; no < count; no += 1) to.take(span(`span ${no}`));
}

/** Waits for sockets; timers are the test's. */
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2_000 && !holds(); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(holds()).toBe(true);
}

/** Lets its timers come due one after the other, as its answers come. */
async function advanceUntil(holds: () => boolean): Promise<void> {
  await until(() => {
    clock.advance(1_000);
    return holds();
  });
}

describe("an exporter", () => {
  test("waits for others to go with a span, and not longer than it is told", async () => {
    const to = exporter();
    take(to, 2);
    clock.advance(DELAY_MS - 1);
    expect(seen.posts()).toEqual([]);
    clock.advance(1);
    await until(() => fates.exported === 2);
    expect(seen.spans().map(({ name }) => name)).toEqual(["span 0", "span 1"]);
  });

  test("sends a full batch at once, and one request at a time", async () => {
    const to = exporter();
    seen.answer("hang");
    take(to, 4);
    take(to, 9);
    // Four are on their way, eight wait, and for one there is no room.
    expect(fates).toEqual({ "no-room": 1 });
    await until(() => seen.asked() === 1);
  });

  test("gives a batch up after five attempts, each later than the one before", async () => {
    const to = exporter();
    seen.answer(503);
    take(to, 4);
    await advanceUntil(() => fates.unreachable === 4);
    expect(seen.asked()).toBe(5);
    expect(said).toEqual(["the collector of traces takes nothing; calls go on, spans may be lost"]);
    seen.answer(200);
    take(to, 4);
    await until(() => fates.exported === 4);
    expect(said.length).toBe(2);
  });

  test.each([400, 401, 404, 413, 500, 302])(
    "does not repeat what is answered with %i",
    async (status) => {
      const to = exporter();
      seen.answer(status);
      take(to, 4);
      await until(() => fates.rejected === 4);
      expect(seen.asked()).toBe(1);
    },
  );

  test("counts what a collector took and did not keep", async () => {
    const to = exporter();
    seen.answer(200, JSON.stringify({ partialSuccess: { rejectedSpans: "3" } }));
    take(to, 4);
    await until(() => fates.exported === 1);
    expect(fates).toEqual({ exported: 1, rejected: 3 });
  });

  test.each([
    [[0x0a, 0x02, 0x08, 0x03], 3],
    [[0x0a, 0x03, 0x08, 0xac, 0x02], 4],
    [[0x0a, 0x83, 0x01, 0x08, 0x02, 0x12, 0x7e], 2],
    [[], 0],
    [[0x0a, 0x00], 0],
  ])("reads it in Protocol Buffers too: %j", async (bytes, rejected) => {
    const to = exporter({ protocol: "http/protobuf" });
    seen.answer(200, Buffer.from(bytes));
    take(to, 4);
    await until(() => (fates.exported ?? 0) + (fates.rejected ?? 0) === 4);
    expect(fates.rejected ?? 0).toBe(rejected);
  });

  test("sends the operator's headers, and packs where it is told to", async () => {
    const headers = { authorization: "Bearer x" };
    const to = exporter({ headers, gzip: true });
    take(to, 4);
    await until(() => fates.exported === 4);
    expect(seen.posts()[0]?.headers).toMatchObject({
      ...headers,
      "content-encoding": "gzip",
      "content-type": "application/json",
    });
    expect(seen.spans().length).toBe(4);
  });

  test("takes a collector that does not answer in time for one that is away", async () => {
    const to = exporter();
    seen.answer("hang");
    take(to, 4);
    await until(() => seen.asked() === 1);
    clock.advance(10_000);
    await until(() => said.length === 1);
    seen.answer(200);
    await advanceUntil(() => fates.exported === 4);
  });

  test.each(["http/json", "http/protobuf"] as const)(
    "loses what cannot be written in %s, says so, and goes on",
    async (protocol) => {
      const to = exporter({ protocol });
      // `as`: no type lets it through, and a mistake of ours might.
      const wrong = { ...span("wrong"), startedAt: Number.NaN } as Span;
      for (let no = 0; no < 4; no += 1) to.take(wrong);
      await until(() => fates.rejected === 4);
      expect(said).toEqual(["spans could not be sent"]);
      take(to, 4);
      await until(() => fates.exported === 4);
    },
  );

  test("stops within its time, and counts what it then still has", async () => {
    const to = exporter();
    seen.answer("hang");
    take(to, 6);
    await until(() => seen.asked() === 1);
    const closing = to.close();
    clock.advance(5_000);
    await closing;
    expect(fates).toEqual({ unreachable: 2 });
    to.take(span("late"));
    expect(fates["no-room"]).toBe(1);
  });
});
