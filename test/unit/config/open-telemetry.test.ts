import { describe, expect, test } from "vitest";
import { openTelemetryOf } from "../../../src/config/open-telemetry.ts";

const ON = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

function settingsOf(environment: Readonly<Record<string, string>>) {
  const { remarks, settings } = openTelemetryOf({ ...ON, ...environment });
  expect(remarks).toEqual([]);
  return settings;
}

describe("the standard variables", () => {
  test("make no traces where none names a collector", () => {
    const others = { OTEL_SERVICE_NAME: "x", OTEL_TRACES_SAMPLER: "nonsense" };
    expect(openTelemetryOf({})).toEqual({ settings: null, remarks: [] });
    expect(openTelemetryOf(others)).toEqual({ settings: null, remarks: [] });
    expect(openTelemetryOf({ OTEL_EXPORTER_OTLP_ENDPOINT: " " }).settings).toBeNull();
  });

  test("have the values of the specification where they are not set", () => {
    expect(settingsOf({})).toEqual({
      url: "http://collector:4318/v1/traces",
      protocol: "http/protobuf",
      headers: {},
      gzip: false,
      timeoutMs: 10_000,
      delayMs: 5_000,
      batchMax: 512,
      queueMax: 2_048,
      resource: {},
      sampler: { followsParent: true, share: 1 },
    });
  });

  test.each([
    ["http://c:4318/", "http://c:4318/v1/traces"],
    ["https://c/otlp", "https://c/otlp/v1/traces"],
  ])("a base of %s is completed", (base, url) => {
    expect(settingsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: base })?.url).toBe(url);
  });

  test("of traces go before those of all signals, and an endpoint is taken as it is", () => {
    const settings = settingsOf({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces/x",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_HEADERS: "a=1",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "Authorization=Bearer%20x, x-tenant=a%2Cb",
      OTEL_EXPORTER_OTLP_TIMEOUT: "1",
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "2000",
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "gzip",
    });
    expect(settings).toMatchObject({
      url: "https://traces/x",
      protocol: "http/json",
      headers: { authorization: "Bearer x", "x-tenant": "a,b" },
      timeoutMs: 2_000,
      gzip: true,
    });
  });

  test("name the process; the service's own name goes before", () => {
    const OTEL_RESOURCE_ATTRIBUTES = "service.name=a,deployment.environment.name=prod%20eu";
    expect(settingsOf({ OTEL_RESOURCE_ATTRIBUTES })?.resource).toEqual({
      "service.name": "a",
      "deployment.environment.name": "prod eu",
    });
    const named = { OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME: "guard" };
    expect(settingsOf(named)?.resource["service.name"]).toBe("guard");
  });

  test.each([
    ["always_on", false, 1],
    ["always_off", false, 0],
    ["traceidratio", false, 0.25],
    ["parentbased_always_on", true, 1],
    ["parentbased_always_off", true, 0],
    ["parentbased_traceidratio", true, 0.25],
  ])("sampler %s", (name, followsParent, share) => {
    const sampler = { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: "0.25" };
    expect(settingsOf(sampler)?.sampler).toEqual({ followsParent, share });
  });

  test("a batch is no larger than the queue", () => {
    expect(settingsOf({ OTEL_BSP_MAX_QUEUE_SIZE: "10" })?.batchMax).toBe(10);
  });
});

describe("a value that cannot be used", () => {
  test.each([
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "http://"],
    ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "grpc://x"],
    ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"],
    ["OTEL_TRACES_EXPORTER", "zipkin"],
  ])("%s=%s means no traces, and is said", (name, value) => {
    const { remarks, settings } = openTelemetryOf({ ...ON, [name]: value });
    expect(settings).toBeNull();
    expect(remarks).toEqual([expect.stringMatching(`^${name} is to be .*: no traces are sent.$`)]);
  });

  test.each([
    ["OTEL_TRACES_SAMPLER", "jaeger_remote"],
    ["OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"],
    ["OTEL_EXPORTER_OTLP_TIMEOUT", "10s"],
    ["OTEL_BSP_SCHEDULE_DELAY", "-1"],
    ["OTEL_BSP_MAX_QUEUE_SIZE", "0"],
    ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1e9"],
  ])("%s=%s leaves the usual one, and is said", (name, value) => {
    const { remarks, settings } = openTelemetryOf({ ...ON, [name]: value });
    expect(settings).toEqual(settingsOf({}));
    expect(remarks).toEqual([expect.stringMatching(`^${name} is to be .* holds instead.$`)]);
  });

  test.each([
    "x=1\r\ny: 2",
    "x=%0d%0a",
    "host=a",
    "content-length=1",
    "bad name=1",
    "=1",
    "x",
    "x=%",
  ])("a header %j is left out, and never quoted with its value", (OTEL_EXPORTER_OTLP_HEADERS) => {
    const { remarks, settings } = openTelemetryOf({ ...ON, OTEL_EXPORTER_OTLP_HEADERS });
    expect(settings?.headers).toEqual({});
    expect(remarks.length).toBe(1);
  });

  test("a share that is none leaves one", () => {
    const sampler = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "200%" };
    const { remarks, settings } = openTelemetryOf({ ...ON, ...sampler });
    expect(settings?.sampler).toEqual({ followsParent: false, share: 1 });
    expect(remarks).toEqual([
      "OTEL_TRACES_SAMPLER_ARG is to be a number from 0 to 1: 1 holds instead.",
    ]);
  });
});
