/** The sinks of the decision log, before far ends that check what the real ones check. */
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { fileSink } from "../../src/adapters/decision-sink/file/file-sink.ts";
import { httpSink } from "../../src/adapters/decision-sink/http/http-sink.ts";
import { otelSink } from "../../src/adapters/decision-sink/otel/otel-sink.ts";
import { decisionEvent } from "../../src/testing/decision-event.ts";
import {
  type DecisionSinkFixture,
  decisionSinkConformance,
} from "../../src/testing/decision-sink-conformance.ts";
import { fakeDecisionReceiver, wrongIn } from "../../src/testing/fake-decision-receiver.ts";
import { fakeDecisionSink } from "../../src/testing/fake-decision-sink.ts";
import { fakeLogCollector } from "../../src/testing/fake-log-collector.ts";

const TOKEN = "token-of-the-log-service";
const HEADERS = { "x-tenant": "tenant-token-1" };
const QUIET = { info: () => undefined, warn: () => undefined };
const ORIGIN = {
  resource: { "service.name": "slipclutch", pid: 4711 },
  scope: { name: "slipclutch", version: "0.1.0" },
};

async function file(): Promise<DecisionSinkFixture> {
  const root = await mkdtemp(join(tmpdir(), "slipclutch-decisions-"));
  const folder = join(root, "log");
  await rename(await mkdtemp(join(root, "new-")), folder);
  const path = join(folder, "decisions.jsonl");
  const sink = fileSink(path);
  return {
    sink,
    async read() {
      const lines = (await readFile(path, "utf8").catch(() => "")).split("\n");
      expect(lines.pop()).toBe("");
      const events = lines.map((line) => JSON.parse(line));
      for (const event of events) expect(wrongIn(event)).toBe(null);
      return events;
    },
    away: (isAway) =>
      rename(isAway ? folder : `${folder}-away`, isAway ? `${folder}-away` : folder),
    secrets: [],
    async dispose() {
      await sink.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function http() {
  const far = await fakeDecisionReceiver(TOKEN);
  const sink = httpSink({ url: `${far.base}/`, token: TOKEN, headers: HEADERS }, systemClock);
  return {
    far,
    sink,
    async read() {
      expect(far.wrong).toEqual([]);
      return far.received.flat();
    },
    away: async (isAway: boolean) => far.answer(isAway ? { status: 503, body: TOKEN } : null),
    secrets: [TOKEN, "tenant-token-1", far.url],
    async dispose() {
      await sink.close();
      await far.close();
    },
  };
}

async function otel() {
  const far = await fakeLogCollector();
  const sink = otelSink({ url: far.base, headers: HEADERS, ...ORIGIN }, systemClock, QUIET);
  return {
    far,
    sink,
    async read() {
      expect(far.wrong).toEqual([]);
      return far.received.flat().map(({ event }) => event);
    },
    away: async (isAway: boolean) => far.answer(isAway ? "reset" : null),
    secrets: ["tenant-token-1", far.url],
    async dispose() {
      await sink.close();
      await far.close();
    },
  };
}

async function fake(): Promise<DecisionSinkFixture> {
  const sink = fakeDecisionSink();
  return {
    sink,
    read: async () => sink.events,
    away: async (isAway) => sink.answer(isAway ? "fails" : "takes"),
    secrets: [],
    dispose: () => sink.close(),
  };
}

decisionSinkConformance("file", file);
decisionSinkConformance("http", http);
decisionSinkConformance("otel", otel);
decisionSinkConformance("fake", fake);

test("extra headers are sent, and those that say what is sent are the sink's own", async () => {
  for (const open of [http, otel]) {
    const { dispose, far, sink } = await open();
    await sink.send([decisionEvent(0)]);
    expect(far.arrived[0]?.headers).toMatchObject({
      "x-tenant": "tenant-token-1",
      "content-type": "application/json",
      "content-encoding": "gzip",
    });
    await dispose();
  }
});

test("a record of a collector says in attributes what is asked for most", async () => {
  const { dispose, far, sink } = await otel();
  const whole = { allow: true, deny: [], park: [] };
  const results: readonly (readonly [object, string | undefined])[] = [
    [{ result: true }, "allow"],
    [{ result: false }, "deny"],
    [{ result: whole }, "allow"],
    [{ result: { ...whole, deny: ["no"] } }, "deny"],
    [{ result: { ...whole, park: ["ask"] } }, "deny"],
    [{ result: "true" }, "deny"],
    [{ result: undefined }, "deny"],
    [{ result: undefined, error: { code: "policy_error", message: "" } }, "deny"],
    [{ result: undefined, erased: ["/result"] }, undefined],
    [{ result: { allow: true }, masked: ["/result/deny"] }, undefined],
    [{ result: undefined, error: { code: "decision_log_mask_failed", message: "" } }, undefined],
  ];
  await sink.send(results.map(([changes], no) => decisionEvent(no, changes)));
  const records = far.received.flat();
  expect(records.map(({ attributes }) => attributes.result)).toEqual(
    results.map(([, result]) => result),
  );
  expect(records[0]).toEqual({
    event: decisionEvent(0),
    attributes: {
      ...{ decision_id: "d-0", path: "agent/authz/allow", agent: "support", result: "allow" },
    },
    timeUnixNano: `${Date.parse(decisionEvent(0).timestamp)}000000`,
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
  });
  expect(far.resource()).toEqual({ "service.name": "slipclutch", pid: "4711" });
  await dispose();
});
