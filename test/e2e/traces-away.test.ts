/** Traces where nobody collects them, and what of them holds up a call: nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { type Collector, collector } from "../support/collector.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";

const MODEL = "simulated-small";
const HELLO = { model: MODEL, max_tokens: 20, messages: [{ role: "user", content: "Hello" }] };
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SAMPLED = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
const UNSAMPLED = { traceparent: `00-${TRACE}-00f067aa0ba902b7-00` };
/** Of a stop with a collector that takes all the time it is given. */
const STOP_MS = 9_000;

let upstream: SimulatedUpstream;
let desk: McpFixture;
let seen: Collector;
const running: TestGateway[] = [];

beforeAll(async () => {
  upstream = await simulatedUpstream({ clock: systemClock });
  desk = await mcpFixture();
});

afterEach(async () => {
  for (const gateway of running.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  await seen?.close();
});

afterAll(async () => {
  await Promise.all([upstream.close(), desk.close()]);
});

async function start(environment: Readonly<Record<string, string>>): Promise<TestGateway> {
  seen = await collector();
  const gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: {
          gpt: {
            ...{ kind: "openai", api_key: "not-a-key", base_url: `${upstream.url}/v1` },
            ...{ prices_of: "simulated", models: [MODEL] },
          },
        },
        tool_servers: { desk: { kind: "mcp", url: desk.url } },
        budgets: [{ name: "all", agent: "worker", limit_usd: 10, window: "lifetime" }],
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: [{ tool_name: "echo", read_only: false }],
      },
    },
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: seen.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "10",
      ...environment,
    },
  });
  running.push(gateway);
  return gateway;
}

async function chat(gateway: TestGateway, headers = {}): Promise<number> {
  const answer = await gateway.call("/v1/chat/completions", HELLO, headers);
  await answer.text();
  return answer.status;
}

async function spansThat(gateway: TestGateway, became: string): Promise<number> {
  const text = await (await gateway.api("GET", "/metrics")).text();
  const line = text.split("\n").find((one) => one.includes(`spans_total{became="${became}"}`));
  return Number(line?.split(" ")[1] ?? 0);
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("it never came to hold");
}

function atProvider() {
  return upstream.recorded().at(-1)?.headers ?? {};
}

describe("without a word about traces", () => {
  test("a provider is told of none, and a tool server what its caller says", async () => {
    const gateway = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: "" });
    expect(await chat(gateway, SAMPLED)).toBe(200);
    expect(atProvider()).not.toHaveProperty("traceparent");
    const params = { name: "echo", arguments: {}, _meta: SAMPLED };
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
    const accept = "application/json, text/event-stream";
    expect((await gateway.call("/mcp", message, { accept })).status).toBe(200);
    const called = desk.arrivals().flatMap(({ message: { kind, ...rest } }) => {
      return kind === "request" && "params" in rest ? [rest.params] : [];
    });
    expect(called.at(-1)).toMatchObject({ _meta: SAMPLED });
    expect(await gateway.stop()).toBe(0);
    expect(seen.posts()).toEqual([]);
  });

  test.each([{ OTEL_SDK_DISABLED: "true" }, { OTEL_TRACES_EXPORTER: "none" }])(
    "and with %j",
    async (environment) => {
      const gateway = await start(environment);
      expect(await chat(gateway)).toBe(200);
      expect(atProvider()).not.toHaveProperty("traceparent");
      expect(await gateway.stop()).toBe(0);
      expect(seen.posts()).toEqual([]);
    },
  );

  test("a variable that cannot be used is remarked on, and the gateway starts", async () => {
    const gateway = await start({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" });
    expect(await chat(gateway)).toBe(200);
    const said = "OTEL_EXPORTER_OTLP_PROTOCOL is to be http/protobuf or http/json";
    expect(gateway.log()).toContain(said);
    expect(await gateway.stop()).toBe(0);
    expect(seen.posts()).toEqual([]);
  });
});

describe("the sampler", () => {
  test("always_off tells nothing, whatever a caller asks for", async () => {
    const gateway = await start({ OTEL_TRACES_SAMPLER: "always_off" });
    expect(await chat(gateway, SAMPLED)).toBe(200);
    expect(atProvider().traceparent).toMatch(/-00$/);
    expect(await gateway.stop()).toBe(0);
    expect(seen.posts()).toEqual([]);
  });

  test("always_on tells of what a caller would hide", async () => {
    const gateway = await start({ OTEL_TRACES_SAMPLER: "always_on" });
    expect(await chat(gateway, UNSAMPLED)).toBe(200);
    expect(await seen.find(({ traceId }) => traceId === TRACE)).toBeDefined();
  });

  test("traceidratio goes by the trace's id alone", async () => {
    const sampler = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.5" };
    const gateway = await start(sampler);
    const [low, high] = ["0".repeat(31).concat("1"), "f".repeat(32)];
    await chat(gateway, { traceparent: `00-${high}-00f067aa0ba902b7-01` });
    await chat(gateway, { traceparent: `00-${low}-00f067aa0ba902b7-00` });
    await seen.find(({ traceId }) => traceId === low);
    expect(seen.spans().map(({ traceId }) => traceId)).toEqual([low]);
  });
});

describe("a collector", () => {
  test("that is away for a while gets what still has room, and the rest is counted", async () => {
    const gateway = await start({ OTEL_BSP_MAX_QUEUE_SIZE: "3" });
    seen.answer(503);
    for (let call = 0; call < 12; call += 1) expect(await chat(gateway)).toBe(200);
    await until(async () => (await spansThat(gateway, "no-room")) > 0);
    seen.answer(200);
    await seen.find(() => true);
    await until(async () => {
      const fates = [spansThat(gateway, "exported"), spansThat(gateway, "no-room")];
      const [exported = 0, lost = 0] = await Promise.all(fates);
      return exported + lost === 12;
    });
    const away = "the collector of traces takes nothing";
    expect(gateway.log().split(away).length).toBe(2);
    expect(gateway.log()).toContain("traces go to their collector again");
  });

  test("that refuses a batch for good loses it, and is not asked again with it", async () => {
    const gateway = await start({});
    seen.answer(400);
    expect(await chat(gateway)).toBe(200);
    await until(async () => (await spansThat(gateway, "rejected")) === 1);
    seen.answer(200, JSON.stringify({ partialSuccess: { rejectedSpans: "1" } }));
    expect(await chat(gateway)).toBe(200);
    await until(async () => (await spansThat(gateway, "rejected")) === 2);
    expect(await spansThat(gateway, "exported")).toBe(0);
  });

  test("that hangs holds up no call, and a stop for a few seconds only", async () => {
    const gateway = await start({});
    seen.answer("hang");
    for (let call = 0; call < 5; call += 1) expect(await chat(gateway)).toBe(200);
    const from = Date.now();
    expect(await gateway.stop()).toBe(0);
    expect(Date.now() - from).toBeLessThan(STOP_MS);
  });

  test("gets at a stop what still waits for others to go with it", async () => {
    const gateway = await start({ OTEL_BSP_SCHEDULE_DELAY: "600000" });
    expect(await chat(gateway)).toBe(200);
    expect(seen.posts()).toEqual([]);
    expect(await gateway.stop()).toBe(0);
    expect(seen.spans().map(({ name }) => name)).toEqual([`chat ${MODEL}`]);
  });

  test("that nobody listens for changes nothing for calls", async () => {
    const gateway = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" });
    for (let call = 0; call < 3; call += 1) expect(await chat(gateway)).toBe(200);
    expect(await gateway.stop()).toBe(0);
  });
});
