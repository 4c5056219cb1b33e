/** What goes to collectors is what the official definitions of OTLP read, in both forms. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { logsOf } from "../../src/adapters/decision-sink/otel/records.ts";
import { jsonOf } from "../../src/adapters/spans/otlp/json.ts";
import { protobufOf } from "../../src/adapters/spans/otlp/protobuf.ts";
import type { Export, Protocol } from "../../src/adapters/spans/otlp/request.ts";
import type { Span } from "../../src/ports/spans.ts";
import { decisionEvent } from "../../src/testing/decision-event.ts";
import { part } from "../support/parts.ts";
import { pythonClients } from "../support/python.ts";

const STARTED_AT = 1_795_000_000_000.123;
const CONTEXT = { traceId: "0af7651916cd43dd8448eb211c80319c", sampled: true };

function span(no: number, more: Partial<Span> = {}): Span {
  return {
    context: { ...CONTEXT, spanId: (no + 1).toString(16).padStart(16, "0") },
    ...{ parent: null, name: `chat no ${no}`, kind: "client", attributes: {}, events: [] },
    ...{ startedAt: STARTED_AT, endedAt: STARTED_AT + 12.5, failed: false },
    ...more,
  };
}

const EXPORT: Export = {
  resource: { "service.name": "slipclutch", pid: 4711 },
  scope: { name: "slipclutch", version: "0.1.0" },
  schemaUrl: "https://opentelemetry.io/schemas/1.41.0",
  spans: [
    span(0, {
      parent: { ...CONTEXT, spanId: "b7ad6b7169203331", remote: true, state: "vendor=opaque" },
      failed: true,
      attributes: {
        text: "ü€𝄞 and “more”",
        empty: "",
        // Its length takes three bytes.
        long: "é".repeat(20_000),
        yes: true,
        no: false,
        zero: 0,
        whole: 1,
        many: 9_007_199_254_740_991,
        below: -3,
        half: 0.5,
        part: { double: 0.25 },
        nothing: { double: 0 },
        names: ["all", "each-task"],
        none: [],
      },
      events: [
        { name: "slipclutch.parked", at: STARTED_AT + 1, attributes: { "slipclutch.review": "r" } },
      ],
    }),
    span(1, { kind: "internal", name: "" }),
    span(2, { kind: "server" }),
    ...Array.from({ length: 600 }, (_, no) => span(no + 3, { attributes: { no } })),
  ],
};

const WRITTEN: Readonly<Record<Protocol, (request: Export) => Buffer>> = {
  "http/json": (request) => Buffer.from(jsonOf(request)),
  "http/protobuf": protobufOf,
};

describe.skipIf(!part("python").available)("an export", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "slipclutch-otlp-"));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const readIn = (protocol: Protocol) => readBack(protocol, WRITTEN[protocol](EXPORT));

  async function readBack(form: Protocol | "logs", written: Buffer) {
    const file = join(folder, form.replace("/", "-"));
    await writeFile(file, written);
    const script = join(import.meta.dirname, "python", "otlp.py");
    const { status, stderr, stdout } = spawnSync(
      pythonClients() ?? "python3",
      [script, form, file],
      { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
    );
    expect([status, stderr]).toEqual([0, ""]);
    return JSON.parse(stdout);
  }

  test.each(["http/json", "http/protobuf"] as const)("in %s is read whole", async (protocol) => {
    const read = await readIn(protocol);
    const [{ resource, schemaUrl, scopeSpans }] = read.resourceSpans;
    expect(schemaUrl).toBe(EXPORT.schemaUrl);
    expect(resource.attributes).toEqual([
      { key: "service.name", value: { stringValue: "slipclutch" } },
      { key: "pid", value: { intValue: "4711" } },
    ]);
    const [{ scope, spans }] = scopeSpans;
    expect(scope).toEqual(EXPORT.scope);
    expect(spans.length).toBe(EXPORT.spans.length);
    const [first, second, third] = spans;
    expect(first).toMatchObject({
      traceId: Buffer.from(CONTEXT.traceId, "hex").toString("base64"),
      spanId: Buffer.from("0000000000000001", "hex").toString("base64"),
      parentSpanId: Buffer.from("b7ad6b7169203331", "hex").toString("base64"),
      traceState: "vendor=opaque",
      flags: 0x301,
      name: "chat no 0",
      kind: "SPAN_KIND_CLIENT",
      startTimeUnixNano: "1795000000000123047",
      endTimeUnixNano: "1795000000012623047",
      status: { code: "STATUS_CODE_ERROR" },
    });
    const { attributes } = EXPORT.spans[0] ?? {};
    expect(first.attributes).toEqual(
      Object.entries(attributes ?? {}).map(([key, value]) => ({ key, value: told(value) })),
    );
    expect(first.events).toEqual([
      {
        timeUnixNano: "1795000000001123047",
        name: "slipclutch.parked",
        attributes: [{ key: "slipclutch.review", value: { stringValue: "r" } }],
      },
    ]);
    expect([second.kind, third.kind]).toEqual(["SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER"]);
    expect(second.flags).toBe(0x101);
  });

  test("is the same in both", async () => {
    expect(await readIn("http/json")).toEqual(await readIn("http/protobuf"));
  });

  test("of decisions is read whole", async () => {
    const whole = decisionEvent(0, { input: { agent_id: "ü€𝄞\n" } });
    const { span_id: _span, trace_id: _trace, ...bare } = decisionEvent(1, { result: false });
    const { resource, scope } = EXPORT;
    const written = Buffer.from(logsOf([whole, { ...bare, input: null }], { resource, scope }));
    const [one] = (await readBack("logs", written)).resourceLogs;
    expect(one.resource.attributes[0].value).toEqual({ stringValue: "slipclutch" });
    const [{ logRecords, scope: read }] = one.scopeLogs;
    expect(read).toEqual(scope);
    const at = `${Date.parse(whole.timestamp)}000000`;
    expect(logRecords[0]).toEqual({
      ...{ timeUnixNano: at, observedTimeUnixNano: at },
      ...{ severityNumber: "SEVERITY_NUMBER_INFO", severityText: "INFO" },
      body: { stringValue: JSON.stringify(whole) },
      attributes: [
        { key: "decision_id", value: { stringValue: "d-0" } },
        { key: "path", value: { stringValue: "agent/authz/allow" } },
        { key: "agent", value: { stringValue: "ü€𝄞\n" } },
        { key: "result", value: { stringValue: "allow" } },
      ],
      traceId: Buffer.from(whole.trace_id ?? "", "hex").toString("base64"),
      spanId: Buffer.from(whole.span_id ?? "", "hex").toString("base64"),
    });
    expect(logRecords[1]).not.toHaveProperty("traceId");
    expect(logRecords[1].attributes.at(-1).value).toEqual({ stringValue: "deny" });
  });
});

function told(value: Span["attributes"][string]): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number" && !Number.isInteger(value)) return { doubleValue: value };
  if (typeof value === "number") return { intValue: String(value) };
  if ("double" in value) return { doubleValue: value.double };
  return { arrayValue: value.length === 0 ? {} : { values: value.map(told) } };
}
