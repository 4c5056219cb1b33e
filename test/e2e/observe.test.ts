/** An agent that is observed: what its manifest would refuse is let through and written down. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DenialCode } from "../../src/guards/verdict.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type ScriptedModel, scriptedModel } from "../support/scripted-model.ts";
import { SURFACE_NAMES, type Surface, type SurfaceName, surfacesOf } from "./surfaces.ts";

let desk: McpFixture;
let other: McpFixture;
let model: ScriptedModel;
let gateway: TestGateway;
let surfaces: Readonly<Record<SurfaceName, Surface>>;
const keys: Record<string, string> = {};

const SCHEMA = {
  type: "object",
  properties: { table: { enum: ["tickets"] } },
  required: ["table"],
};
const PRICE = { input: 1, output: 1, context_window: 100_000, max_output: 1_000 };
const BOTH = { m: PRICE, m2: PRICE };

const WATCHED = {
  version: 1,
  limits: { max_arguments_bytes: 2000 },
  refusal_rounds: 0,
  models: ["m"],
  mode: "observe",
  observe_until: "2999-01-01",
  allowed_tools: [
    { tool_name: "echo", server: "desk", arguments: SCHEMA },
    { tool_name: "query", server: "desk", resource: { sql_tables: "/arguments/sql" } },
  ],
  blacklisted_tools: ["delete_ticket"],
};

const AGENTS: Readonly<Record<string, object>> = {
  watched: WATCHED,
  over: { ...WATCHED, observe_until: "2020-01-01T00:00:00Z" },
  strict: { ...WATCHED, strict: true },
  near: { ...WATCHED, observe_servers: ["desk"] },
  poor: WATCHED,
  careful: {
    ...WATCHED,
    allowed_tools: [
      {
        ...{ tool_name: "echo", server: "desk", requires_approval: true },
        rate_limit: { requests: 1, per_seconds: 3600 },
      },
    ],
  },
  hasty: {
    ...WATCHED,
    allowed_tools: [
      { tool_name: "echo", server: "desk", rate_limit: { requests: 1, per_seconds: 3600 } },
    ],
  },
};

beforeAll(async () => {
  const query = { name: "query", inputSchema: { type: "object" } };
  desk = await mcpFixture({ tools: [...MCP_SCRIPT.tools, query] });
  other = await mcpFixture({ tools: [{ name: "elsewhere", inputSchema: { type: "object" } }] });
  model = await scriptedModel();
  const tools = { echo: { effect: "read" }, query: { sql: "/arguments/sql" } };
  const budgets = Object.keys(AGENTS).map((agent) => {
    const limit_usd = agent === "poor" ? 0.000001 : 50;
    return { name: `of-${agent}`, agent, limit_usd, window: "lifetime" };
  });
  const manifests = Object.entries(AGENTS).map(([agent, manifest]) => {
    return [`agents/${agent}.yaml`, { ...manifest, agent }] as const;
  });
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: {
          openai: { kind: "openai", api_key: "k", base_url: model.url, models: ["m", "m2"] },
          anthropic: { kind: "anthropic", api_key: "k", base_url: model.url, models: ["m"] },
        },
        tool_servers: {
          desk: { kind: "mcp", url: desk.url, tools },
          other: { kind: "mcp", url: other.url },
        },
        breakers: [
          { name: "stuck", enabled: false },
          { name: "tool-surge", enabled: false },
        ],
        budgets,
      },
      "prices.yaml": { version: 1, openai: BOTH, anthropic: BOTH },
      ...Object.fromEntries(manifests),
    },
  });
  for (const agent of Object.keys(AGENTS)) {
    const made = await gateway.api("POST", "/api/v1/keys", { agent });
    keys[agent] = (await jsonOf(made)).key;
  }
  surfaces = surfacesOf({ gateway, model, key: keys.watched ?? "" });
}, 60_000);

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await model.close();
  await desk.close();
  await other.close();
});

// biome-ignore lint/suspicious/noExplicitAny: answers are data here
type Json = any;

const jsonOf = (answer: Response): Promise<Json> => answer.json();

/** How many refusals of this code an agent was spared. */
async function spared(code: DenialCode, agent = "watched"): Promise<number> {
  const text = await (await gateway.api("GET", "/metrics")).text();
  const line = `slipclutch_would_deny_total{agent="${agent}",code="${code}"} `;
  const found = text.split("\n").find((one) => one.startsWith(line));
  return Number(found?.slice(line.length) ?? 0);
}

const as = (agent: string) => ({ authorization: `Bearer ${keys[agent]}` });

function call(agent: string, tool: string, given: object = {}) {
  const path = `/guard/v1/tools/${encodeURIComponent(tool)}/call`;
  return gateway.call(path, { arguments: given }, as(agent));
}

async function codeOf(answer: Response): Promise<string> {
  const { code } = await jsonOf(answer);
  return answer.ok ? "allow" : code;
}

function chat(agent: string, more: object = {}) {
  const body = { model: "m", max_tokens: 900, messages: [{ role: "user", content: "x" }], ...more };
  return gateway.call("/v1/chat/completions", body, as(agent));
}

const TICKETS = '{"table":"tickets"}';
const sql = (text: string) => JSON.stringify({ sql: text });

interface Case {
  readonly is: string;
  readonly name: string;
  readonly arguments: string;
  /** What an agent that is not observed would get; null: it is granted. */
  readonly spares: DenialCode | null;
}

const LET_THROUGH: readonly Case[] = [
  { is: "granted", name: "echo", arguments: TICKETS, spares: null },
  { is: "not granted", name: "fail", arguments: "{}", spares: "manifest.unknown-tool" },
  {
    is: "not granted, by its full name",
    name: "desk__fail",
    arguments: "{}",
    spares: "manifest.unknown-tool",
  },
  {
    is: "granted, with another value",
    name: "echo",
    arguments: '{"table":"users"}',
    spares: "manifest.arguments",
  },
  {
    is: "granted to read, and writes",
    name: "query",
    arguments: sql("delete from orders"),
    spares: "manifest.read-only",
  },
  {
    is: "about nothing that can be made out",
    name: "query",
    arguments: sql("select 1"),
    spares: "resource.underivable",
  },
];

const REFUSED: readonly (readonly [name: string, given: string, code: DenialCode])[] = [
  ["delete_ticket", "{}", "manifest.blacklisted"],
  ["Delete-Ticket", "{}", "manifest.blacklisted"],
  ["mcp__x__dеlete_tiсket", "{}", "manifest.blacklisted"],
  ["fail", `{"x":"${"y".repeat(2000)}"}`, "request.too-large"],
];

describe.each(SURFACE_NAMES)("an observed agent on %s", (surface) => {
  test.each(LET_THROUGH)("may call a tool that is $is", async ({ spares, ...one }) => {
    const before = spares === null ? 0 : await spared(spares);
    expect(await surfaces[surface](one)).toBe("allow");
    if (spares !== null) expect(await spared(spares)).toBe(before + 1);
  });

  test.each(REFUSED)("is refused %s %.20s: %s", async (name, given, code) => {
    const before = desk.ran();
    expect(await surfaces[surface]({ name, arguments: given })).toBe(code);
    expect(desk.ran()).toBe(before);
  });

  test("is refused arguments that can be read in two ways", async () => {
    const before = desk.ran();
    const text = '{"table":"tickets","table":"users"}';
    const code = await surfaces[surface]({ name: "echo", arguments: text });
    expect(["manifest.arguments", "request.malformed"]).toContain(code);
    expect(desk.ran()).toBe(before);
  });

  test("may call a tool that nobody here has, unless it were to be run here", async () => {
    const before = await spared("manifest.unknown-tool");
    const runsHere = surface === "the dispatcher" || surface.startsWith("MCP");
    const verdict = await surfaces[surface]({ name: "rm", arguments: "{}" });
    expect(verdict).toBe(runsHere ? "manifest.unknown-tool" : "allow");
    expect(await spared("manifest.unknown-tool")).toBe(before + (runsHere ? 0 : 1));
  });
});

async function listed(agent: string): Promise<readonly string[]> {
  const body = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  const answer = await gateway.call("/mcp", body, as(agent));
  const { result } = await jsonOf(answer);
  return result.tools.map(({ name }: { name: string }) => name).sort();
}

describe("while it is observed", () => {
  test("an agent is shown what tool servers have, but for its blacklist", async () => {
    const own = ["echo", "query", "slipclutch_budget"];
    expect(await listed("over")).toEqual(own);
    const all = await listed("watched");
    expect(all).toEqual(expect.arrayContaining([...own, "fail", "elsewhere"]));
    expect(all).not.toContain("delete_ticket");
    const near = await listed("near");
    expect(near).toContain("fail");
    expect(near).not.toContain("elsewhere");
  });

  test("tools of servers that observe_servers leaves out are refused", async () => {
    expect(await codeOf(await call("watched", "elsewhere"))).toBe("allow");
    expect(await codeOf(await call("near", "elsewhere"))).toBe("manifest.unknown-tool");
  });

  test("what is offered to a model stays in the request, but for the blacklist", async () => {
    const tool = (name: string) => ({ type: "function", function: { name, parameters: {} } });
    const tools = ["echo", "fail", "rm", "delete_ticket"].map(tool);
    model.plays({ text: "hello" });
    const sent = async (agent: string, given = tools) => {
      const answer = await chat(agent, { tools: given });
      expect(answer.status, await answer.text()).toBe(200);
      return model.requests.at(-1).tools.map((one: (typeof tools)[number]) => one.function.name);
    };
    expect(await sent("watched")).toEqual(["echo", "fail", "rm"]);
    expect(await sent("over")).toEqual(["echo"]);
    expect(await sent("strict", tools.slice(0, 3))).toEqual(["echo", "fail", "rm"]);
    expect(await codeOf(await chat("strict", { tools }))).toBe("manifest.blacklisted");
  });

  test("it may ask for models that it is not granted", async () => {
    model.plays({ text: "hello" });
    expect((await chat("watched", { model: "m2" })).status).toBe(200);
    expect(await spared("model.not-granted")).toBe(1);
    expect(await codeOf(await chat("over", { model: "m2" }))).toBe("model.not-granted");
  });

  test("it may call more often than its rate limit says", async () => {
    for (const _ of [1, 2, 3]) expect((await call("hasty", "echo", {})).status).toBe(200);
    expect(await spared("rate-limit.exceeded", "hasty")).toBe(2);
  });

  test("money is enforced", async () => {
    model.plays({ text: "hello" });
    expect(await codeOf(await chat("poor"))).toBe("budget.exhausted");
  });

  test("a person is still asked where the manifest says so", async () => {
    const answer = await gateway.call(
      "/guard/v1/decisions",
      { tool: "echo", arguments: {} },
      as("careful"),
    );
    // Only looked at: the tool runs here, and there it waits.
    expect(await answer.json()).toMatchObject({ verdict: "allow" });
    const path = "/guard/v1/tools/echo/call";
    const held = new AbortController();
    const waiting = fetch(`${gateway.agentUrl}${path}`, {
      method: "POST",
      headers: { ...as("careful"), "content-type": "application/json" },
      body: "{}",
      signal: held.signal,
    }).catch(() => null);
    await expect
      .poll(async () => {
        const rows = await jsonOf(await gateway.api("GET", "/api/v1/reviews?agent=careful"));
        return rows.map(({ kind }: { kind: string }) => kind);
      })
      .toEqual(["approval"]);
    held.abort();
    await waiting;
  });

  test("the end is the end: from then on everything is enforced", async () => {
    expect(await codeOf(await call("over", "fail"))).toBe("manifest.unknown-tool");
    expect(await codeOf(await call("over", "echo", { table: "users" }))).toBe("manifest.arguments");
    expect(await spared("manifest.unknown-tool", "over")).toBe(0);
  });

  test("each is in the journal, with its code and numbers", async () => {
    const answer = await call("watched", "fail", {});
    const { decision } = await jsonOf(answer);
    await expect
      .poll(async () => {
        const at = `/api/v1/journal?kind=call.spared&agent=watched&code=manifest.unknown-tool`;
        const { entries } = await jsonOf(await gateway.api("GET", at));
        return entries.find((row: { decision: string }) => row.decision === decision)?.event;
      })
      .toMatchObject({ facts: { tool: "fail" }, asked: { server: "desk", tool: "fail" } });
    const told = await (await gateway.api("GET", `/api/v1/decisions/${decision}`)).json();
    expect(JSON.stringify(told)).toContain("would-deny: manifest.unknown-tool");
  });
});
