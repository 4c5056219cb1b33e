/**
 * Trips that come at a bad moment: while a model streams, while calls settle, on a tool whose rate
 * limit refuses already. Clients are told at once here, so that nothing depends on who waits.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { booksOf, until } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";

const MODEL = "m-1";
const ECHO = "/guard/v1/tools/echo/call";
const COST_NANO = 10_000_000n;
const MCP_HEADERS = { accept: "application/json, text/event-stream" };

let desk: McpFixture;
let model: StreamingModel;
const gateways: TestGateway[] = [];

beforeAll(async () => {
  desk = await mcpFixture();
  model = await streamingModel();
});

afterAll(async () => {
  await desk.close();
  await model.close();
});

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
});

/** A provider of both formats whose answers begin at once, and end when the test says so. */
interface StreamingModel {
  readonly url: string;
  received(): number;
  /** Ends all that are open. */
  finish(): void;
  close(): Promise<void>;
}

async function streamingModel(): Promise<StreamingModel> {
  const open = new Map<ServerResponse, readonly string[]>();
  let received = 0;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      received += 1;
      const [first = "", ...rest] = request.url?.includes("messages") ? MESSAGES : CHAT;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(first);
      open.set(response, rest);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    received: () => received,
    finish: () => {
      for (const [response, rest] of open) response.end(rest.join(""));
      open.clear();
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function chunk(fields: object): string {
  const shell = { id: "c-1", object: "chat.completion.chunk", created: 0, model: MODEL };
  return `data: ${JSON.stringify({ ...shell, choices: [], ...fields })}\n\n`;
}

const delta = (content: string) => [{ index: 0, delta: { content }, finish_reason: null }];
const CHAT = [
  chunk({ choices: delta("begun") }),
  chunk({ choices: delta(" ended") }),
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
  chunk({ usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 } }),
  "data: [DONE]\n\n",
];

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

const text = (words: string) => ({ index: 0, delta: { type: "text_delta", text: words } });
const MESSAGES = [
  event("message_start", {
    message: {
      ...{ id: "m-1", type: "message", role: "assistant", model: MODEL, content: [] },
      ...{ stop_reason: null, stop_sequence: null, usage: { input_tokens: 10, output_tokens: 1 } },
    },
  }) + event("content_block_start", { index: 0, content_block: { type: "text", text: "begun" } }),
  event("content_block_delta", text(" ended")),
  event("content_block_stop", { index: 0 }),
  event("message_delta", {
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: 2 },
  }),
  event("message_stop", {}),
];

/** 10 tokens in at 1,000 nano-USD, 2 out at 10,000. */
const STREAM_NANO = 30_000n;

async function start(more: Readonly<Record<string, unknown>> = {}): Promise<TestGateway> {
  const provider = { api_key: "not-a-key", prices_of: "local", models: [MODEL] };
  const { rate_limit, ...rest } = more;
  const gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: {
          gpt: { kind: "openai", base_url: `${model.url}/v1`, ...provider },
          claude: { kind: "anthropic", base_url: model.url, ...provider },
        },
        tool_servers: {
          desk: { kind: "mcp", url: desk.url, tools: { echo: { effect: "read" } } },
        },
        budgets: [{ name: "all", agent: "worker", limit_usd: 5, window: "lifetime" }],
        parking: { hold_for: "0s" },
        ...rest,
      },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        models: [MODEL],
        allowed_tools: [
          { tool_name: "echo", cost: { usd: 0.01 }, ...(rate_limit ? { rate_limit } : {}) },
        ],
      },
      "prices.yaml": {
        local: { [MODEL]: { input: 1, output: 10, context_window: 32_000, max_output: 4_096 } },
      },
    },
  });
  gateways.push(gateway);
  return gateway;
}

async function clutchOf(gateway: TestGateway): Promise<string | undefined> {
  const rows = (await (await gateway.api("GET", "/api/v1/agents")).json()) as {
    clutch: string;
  }[];
  return rows[0]?.clutch;
}

const TRIPS = {
  "a person pauses": async (gateway: TestGateway) => {
    const body = { agents: ["worker"], reason: "test" };
    expect((await gateway.api("POST", "/api/v1/agents/pause", body)).status).toBe(200);
  },
  "a breaker trips": async (gateway: TestGateway) => {
    for (let call = 0; call < 9; call += 1) {
      expect((await gateway.call(ECHO, { arguments: {} })).status).toBe(200);
    }
    await until(
      () => clutchOf(gateway),
      (clutch) => clutch === "disengaged",
    );
  },
} satisfies Record<string, (gateway: TestGateway) => Promise<void>>;

const question = (stream: boolean) => {
  return { model: MODEL, max_tokens: 20, stream, messages: [{ role: "user", content: "hello" }] };
};
const rpc = (method: string, params: object) => ({ jsonrpc: "2.0", id: 1, method, params });
const CALL = rpc("tools/call", { name: "echo", arguments: { n: 1 } });

/** Every road on which something could go out. */
const ROADS: readonly (readonly [path: string, body: object])[] = [
  ["/v1/chat/completions", question(false)],
  ["/v1/chat/completions", question(true)],
  ["/v1/messages", question(false)],
  ["/v1/messages", question(true)],
  ["/chat/completions", question(false)],
  ["/t/another/v1/messages", question(false)],
  [ECHO, { arguments: { n: 1 } }],
  ["/guard/v1/tools/desk__echo/call", { arguments: { n: 1 } }],
  [`/t/another${ECHO}`, { arguments: { n: 1 } }],
  ["/mcp", CALL],
  ["/mcp/desk", CALL],
  ["/t/another/mcp", CALL],
];

async function parkedOn(gateway: TestGateway, path: string, body: object): Promise<string> {
  const answer = await gateway.call(path, body, MCP_HEADERS);
  const told = await answer.text();
  if (!path.includes("mcp")) expect(answer.status, path).toBe(429);
  else expect(JSON.parse(told).result, path).toMatchObject({ isError: true });
  return `${answer.headers.get("x-slipclutch-decision")} ${told}`;
}

describe("a stream that is open when its agent is stopped", () => {
  const STREAMS = [
    ["/v1/chat/completions", "a person pauses"],
    ["/v1/messages", "a person pauses"],
    ["/v1/chat/completions", "a breaker trips"],
    ["/v1/messages", "a breaker trips"],
  ] as const;

  test.each(STREAMS)(
    "at %s, as %s, goes on to its end and settles; no new call goes out",
    async (path, how) => {
      const gateway = await start();
      const answer = await gateway.call(path, question(true));
      const reader = (answer.body ?? expect.unreachable("no body")).getReader();
      const decoder = new TextDecoder();
      let seen = decoder.decode((await reader.read()).value, { stream: true });
      expect(seen).toContain("begun");

      await TRIPS[how](gateway);
      const before = [model.received(), desk.ran()];
      for (const [road, body] of ROADS) {
        expect(await parkedOn(gateway, road, body), road).toContain("clutch.parked");
      }
      expect([model.received(), desk.ran()]).toEqual(before);
      expect((await booksOf(gateway)).reserved).toBeGreaterThan(0n);

      model.finish();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        seen += decoder.decode(part.value, { stream: true });
      }
      expect(seen).toContain(" ended");
      expect(seen).toMatch(/\[DONE\]|message_stop/);
      expect(seen).not.toContain("clutch");
      const tools = how === "a breaker trips" ? 9n * COST_NANO : 0n;
      const books = await until(
        () => booksOf(gateway),
        ({ reserved }) => reserved === 0n,
      );
      expect(books).toMatchObject({ spent: tools + STREAM_NANO, forfeited: 0n });
      expect(await clutchOf(gateway)).toBe("disengaged");
    },
  );
});

test("what sends nothing still answers while the agent is stopped", async () => {
  const gateway = await start();
  await gateway.call(ECHO, { arguments: {} });
  await TRIPS["a person pauses"](gateway);
  const get = async (path: string) => {
    const headers = { authorization: `Bearer ${gateway.agentKey}` };
    return (await fetch(gateway.agentUrl + path, { headers })).json();
  };
  const mcp = async (path: string, method: string, params: object) => {
    return (await gateway.call(path, rpc(method, params), MCP_HEADERS)).json();
  };
  const before = [model.received(), desk.ran()];
  const budgets = { budgets: [{ name: "all", spent_usd: "0.01", remaining_usd: "4.99" }] };
  expect(await get("/guard/v1/budgets")).toMatchObject(budgets);
  expect(await get("/v1/models")).toMatchObject({ data: [{ id: MODEL }] });
  const own = await mcp("/mcp", "tools/call", { name: "slipclutch_budget" });
  expect(own).toMatchObject({ result: { isError: false, structuredContent: budgets } });
  const listed = async (path: string) => {
    const { result } = (await mcp(path, "tools/list", {})) as {
      result: { tools: { name: string }[] };
    };
    return result.tools.map(({ name }) => name);
  };
  expect(await listed("/mcp")).toEqual(["echo", "slipclutch_budget"]);
  expect(await listed("/mcp/desk")).toEqual(["echo"]);
  expect([model.received(), desk.ran()]).toEqual(before);
});

test("calls that settle while one of them trips all settle, each for what it cost", async () => {
  const gateway = await start();
  desk.set({ latencyMs: 500 });
  const ran = desk.ran();
  // The ninth equal result trips, in the midst of the others.
  const answers = await Promise.all(
    Array.from({ length: 24 }, () => gateway.call(ECHO, { arguments: { file: "a.wav" } })),
  );
  desk.set({ latencyMs: 0 });
  const statuses = answers.map(({ status }) => status);
  const went = desk.ran() - ran;
  expect(went).toBeGreaterThan(9);
  // One that was slow to be written may have met the trip.
  expect(statuses.filter((status) => status === 200)).toHaveLength(went);
  expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
  expect(await clutchOf(gateway)).toBe("disengaged");
  const books = await until(
    () => booksOf(gateway),
    ({ reserved }) => reserved === 0n,
  );
  expect(books).toMatchObject({ spent: BigInt(went) * COST_NANO, forfeited: 0n });
  expect(await parkedOn(gateway, ECHO, { arguments: {} })).toContain("clutch.parked");
  const reviews = await (await gateway.api("GET", "/api/v1/reviews?state=open")).json();
  expect(reviews).toMatchObject([{ agent: "worker", kind: "trip" }]);
  expect(desk.ran() - ran).toBe(went);
});

test("a surge of which the rate limit lets almost nothing through trips all the same", async () => {
  const gateway = await start({
    rate_limit: { requests: 3, per_seconds: 3_600 },
    breakers: [
      { name: "tool-surge", above: { value: 20 }, for: "0s", at_least: 10 },
      { name: "stuck", enabled: false },
    ],
  });
  const ran = desk.ran();
  const statuses: number[] = [];
  for (let n = 0; n < 60; n += 1) {
    statuses.push((await gateway.call(ECHO, { arguments: { n } })).status);
  }
  expect(statuses.filter((status) => status === 200)).toHaveLength(3);
  await until(
    () => clutchOf(gateway),
    (clutch) => clutch === "disengaged",
  );
  expect(desk.ran() - ran).toBe(3);
  const reviews = await (await gateway.api("GET", "/api/v1/reviews?state=open")).json();
  expect(reviews).toMatchObject([{ kind: "trip", reason: expect.stringContaining("echo") }]);
});
