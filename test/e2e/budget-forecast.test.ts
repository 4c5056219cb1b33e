/** What budgets will come to, what they spent when, and which breaker is closest: end to end. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";

const HOUR_MS = 3_600_000;
const TOOL = "/guard/v1/tools/transcribe_audio/call";
/** Dollars of one call. */
const COST = 0.25;

interface Budget {
  readonly name: string;
  readonly window: string;
  readonly spent_usd: string;
  readonly window_starts_at: string | null;
  readonly window_ends_at: string | null;
  readonly forecast: { readonly by: string; readonly spent_usd: string } | null;
  readonly no_forecast: string | null;
  readonly passes_at: string | null;
}

let server: McpFixture;
let gateway: TestGateway;
let calledAt: number;

beforeAll(async () => {
  server = await mcpFixture({
    tools: [{ name: "transcribe_audio", inputSchema: { type: "object" } }],
  });
  gateway = await startGateway({
    config: {
      "agents/support.yaml": {
        version: 1,
        agent: "support",
        models: ["simulated-small"],
        allowed_tools: [{ tool_name: "transcribe_audio", cost: { usd: COST } }],
      },
      "slipclutch.yaml": {
        version: 1,
        providers: { simulated: { kind: "simulated" } },
        tool_servers: {
          speech: {
            ...{ kind: "mcp", url: server.url },
            tools: { transcribe_audio: { effect: "read" } },
          },
        },
        budgets: [
          { name: "all", limit_usd: 8_000, window: "month", on_exhausted: "park" },
          { name: "each-agent", each: "agent", limit_usd: 2, window: "day" },
          { name: "ever", limit_usd: 100, window: "lifetime" },
          { name: "each-task", each: "task", limit_usd: 4, window: "task" },
        ],
      },
    },
  });
  calledAt = Date.now();
  for (const task of ["t-1", "t-2", "t-2", "t-2"]) {
    const headers = { "x-slipclutch-task": task };
    const answer = await gateway.call(TOOL, { arguments: { file: "a.wav" } }, headers);
    expect(answer.status).toBe(200);
  }
}, 60_000);

afterAll(async () => {
  await gateway?.stop("SIGKILL");
  if (gateway !== undefined) await forget(gateway);
  await server?.close();
});

async function json<T>(path: string): Promise<T> {
  const answer = await gateway.api("GET", path);
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

async function budgets(): Promise<ReadonlyMap<string, Budget>> {
  const rows = await json<readonly Budget[]>("/api/v1/budgets");
  return new Map(rows.map((row) => [row.name, row]));
}

test("budgets of days and months have a forecast, once an hour of them is over", async () => {
  const found = await budgets();
  for (const name of ["all", "each-agent"]) {
    const budget = found.get(name);
    if (budget === undefined) throw new Error(`${name} has no account`);
    const { forecast, no_forecast: missing, spent_usd: spent, ...row } = budget;
    expect(spent).toBe("1");
    const [starts, ends] = [row.window_starts_at, row.window_ends_at].map((at) => {
      return Date.parse(at ?? "");
    });
    const ageMs = Date.now() - Number(starts);
    if (ageMs < HOUR_MS) {
      expect(missing).toContain("less than an hour");
      continue;
    }
    const isYoung = ageMs <= 24 * HOUR_MS;
    expect(forecast?.by).toBe(isYoung ? "window" : "last_24h");
    const now = Math.floor(Date.now() / 60_000) * 60_000;
    const since = isYoung ? Number(starts) : Math.floor(now / HOUR_MS) * HOUR_MS - 23 * HOUR_MS;
    const wanted = 1 + (Number(ends) - now) / (now - since);
    // A minute may have begun between the two.
    expect(Number(forecast?.spent_usd) / wanted).toBeCloseTo(1, 1);
    const isOver = wanted > (name === "all" ? 8_000 : 2);
    expect(row.passes_at !== null).toBe(isOver);
  }
});

test("budgets without an end have none, and say so", async () => {
  const found = await budgets();
  for (const name of ["ever", "each-task"]) {
    expect(found.get(name)).toMatchObject({
      ...{ forecast: null, no_forecast: "its window has no end", passes_at: null },
    });
  }
});

test("the history of an account has all that it spent, by hours or by days", async () => {
  const hour = new Date(Math.floor(calledAt / HOUR_MS) * HOUR_MS).toISOString();
  const day = `${hour.slice(0, 10)}T00:00:00.000Z`;
  const history = (name: string, scope = "") => json(`/api/v1/budgets/${name}/history${scope}`);
  expect(await history("each-agent", "?scope=support")).toMatchObject({
    ...{ bar_seconds: 3_600, on_exhausted: "deny", before: [], unplaced: { spent_usd: "0" } },
    bars: [{ at: hour, spent_usd: "1" }],
  });
  for (const name of ["all", "ever"]) {
    expect(await history(name)).toMatchObject({
      ...{ bar_seconds: 86_400, unplaced: { spent_usd: "0" } },
      bars: [{ at: day, spent_usd: "1" }],
    });
  }
  expect(await history("all")).toMatchObject({ on_exhausted: "park" });
  expect(await history("each-task", "?scope=support/t-2")).toMatchObject({
    ...{ bars: [], unplaced: { spent_usd: "0.75" } },
  });
  expect((await gateway.api("GET", "/api/v1/budgets/each-agent/history")).status).toBe(404);
});

test("the overview has what an agent spent today, and its closest breaker", async () => {
  const { agents } = await json<{ agents: readonly object[] }>("/api/v1/overview");
  expect(agents).toMatchObject([
    {
      ...{ agent: "support", spent_today_usd: "1" },
      closest_breaker: {
        ...{ rule: "stuck", signal: "identical_calls", action: "trip", task: "t-2" },
        ...{ tool: "transcribe_audio", value: 3, line: 8, alarmed: false },
      },
    },
  ]);
});

test("the command line shows the forecast", async () => {
  const { out } = await gateway.cli("budgets");
  expect(out.split("\n")[0]).toMatch(/used +forecast +until$/);
  expect(out).toMatch(/^ever .* – +–$/m);
});
