/**
 * One call of a tool, one verdict: every case on every surface where a tool call can be seen. A
 * control that holds on one wire format and not on another is no control.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DenialCode } from "../../src/guards/verdict.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type ScriptedModel, scriptedModel } from "../support/scripted-model.ts";
import {
  RESULT_SURFACE_NAMES,
  type ResultSurfaceName,
  resultSurfacesOf,
  SURFACE_NAMES,
  type Surface,
  type SurfaceName,
  surfacesOf,
} from "./surfaces.ts";

let desk: McpFixture;
let model: ScriptedModel;
let gateway: TestGateway;

const SCHEMA = {
  type: "object",
  properties: {
    table: { enum: ["tickets"] },
    limit: { type: "integer", maximum: 10 },
    id: { type: "integer" },
  },
  required: ["table"],
};

beforeAll(async () => {
  const query = { name: "query", inputSchema: { type: "object" } };
  const callTool = { name: "call_tool", inputSchema: { type: "object" } };
  desk = await mcpFixture({ tools: [...MCP_SCRIPT.tools, query, callTool] });
  model = await scriptedModel();
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: {
          openai: { kind: "openai", api_key: "k", base_url: model.url, models: ["m"] },
          anthropic: { kind: "anthropic", api_key: "k", base_url: model.url, models: ["m"] },
        },
        tool_servers: {
          desk: {
            kind: "mcp",
            url: desk.url,
            tools: {
              ...{ echo: { effect: "read" }, fail: { effect: "write" } },
              query: { sql: "/arguments/sql" },
              call_tool: {
                effect: "read",
                unwraps: { tool: "/arguments/name", arguments: "/arguments/with" },
              },
            },
          },
        },
        policy_engine: { timeout: "20s" },
        policies: [
          { name: "tables", query: "data.t.tables", on: "tool", resource_type: "database" },
          { name: "limits", query: "data.t.limits", on: "tool" },
        ],
        breakers: [
          { name: "stuck", enabled: false },
          { name: "tool-surge", enabled: false },
        ],
        budgets: [{ name: "all", agent: "worker", limit_usd: 50, window: "lifetime" }],
      },
      "policies/t.rego": POLICIES,
      "prices.yaml": PRICES,
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        limits: { max_arguments_bytes: 2000 },
        refusal_rounds: 0,
        allowed_tools: [
          { tool_name: "echo", arguments: SCHEMA },
          { tool_name: "fail", read_only: false },
          { tool_name: "query", resource: { sql_tables: "/arguments/sql" } },
          { tool_name: "call_tool" },
        ],
        blacklisted_tools: ["delete_ticket"],
      },
    },
  });
  const world = { gateway, model, key: gateway.agentKey };
  surfaces = { ...surfacesOf(world), ...resultSurfacesOf(world) };
}, 60_000);

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await model.close();
  await desk.close();
});

const POLICIES = `package t

tables if not input.resource.table_name in {"salaries"}

limits if not input.call.arguments.limit == 7

limits if not input.call.arguments.limit
`;
const PRICE = { input: 1, output: 1, context_window: 100_000, max_output: 1_000 };
const PRICES = { version: 1, openai: { m: PRICE }, anthropic: { m: PRICE } };

/** Calls of tools that have reached their server. */
const ran = () => desk.ran();

interface Case {
  readonly is: string;
  readonly name: string;
  readonly arguments: string;
  readonly verdict: "allow" | DenialCode;
}

const sql = (text: string) => JSON.stringify({ sql: text });
const TICKETS = '{"table":"tickets"}';
const deep = (levels: number) =>
  `{"table":"tickets","x":${"[".repeat(levels)}${"]".repeat(levels)}}`;

const inside = (name: string, given?: unknown) => JSON.stringify({ name, with: given });

/** Calls of `call_tool`, by what stands in them. */
const INSIDE: readonly (readonly [is: string, given: string, verdict: Case["verdict"]])[] = [
  ["one that is granted", inside("echo", { table: "tickets" }), "allow"],
  ["one with its arguments as a text", inside("echo", TICKETS), "allow"],
  ["one that writes, granted", inside("fail", {}), "allow"],
  ["another one", inside("call_tool", { name: "echo", with: TICKETS }), "allow"],
  ["SQL that reads", inside("query", { sql: "table orders" }), "allow"],
  ["SQL that writes", inside("query", { sql: "drop table orders" }), "manifest.read-only"],
  ["SQL about no table", inside("query", { sql: "select 1" }), "resource.underivable"],
  ["one that is unknown", inside("rm", {}), "manifest.unknown-tool"],
  ["a name of clients alone", inside("desk__echo", TICKETS), "manifest.unknown-tool"],
  ["one that is blacklisted", inside("delete_ticket", {}), "manifest.blacklisted"],
  ["one that looks blacklisted", inside("Delete-Ticket", {}), "manifest.blacklisted"],
  ["another value", inside("echo", { table: "users" }), "manifest.arguments"],
  ["a text of another value", inside("echo", '{"table":"users"}'), "manifest.arguments"],
  [
    "a text with a key twice",
    inside("echo", '{"table":"users","table":"tickets"}'),
    "manifest.arguments",
  ],
  ["one that a policy refuses", inside("echo", { table: "tickets", limit: 7 }), "policy.denied"],
  ["SQL of a closed table", inside("query", { sql: "table salaries" }), "policy.denied"],
  ["no name", inside("", {}), "manifest.arguments"],
  ["no arguments", inside("echo"), "manifest.arguments"],
  ["a list", inside("echo", []), "manifest.arguments"],
];

const CASES: readonly Case[] = [
  { is: "granted", name: "echo", arguments: TICKETS, verdict: "allow" },
  { is: "granted, by its full name", name: "desk__echo", arguments: TICKETS, verdict: "allow" },
  { is: "with a client's prefix", name: "mcp__us__echo", arguments: TICKETS, verdict: "allow" },
  { is: "with both", name: "mcp__us__desk__echo", arguments: TICKETS, verdict: "allow" },
  { is: "one that writes, granted", name: "fail", arguments: "{}", verdict: "allow" },
  { is: "SQL that reads", name: "query", arguments: sql("table orders"), verdict: "allow" },
  {
    is: "SQL that writes",
    name: "query",
    arguments: sql("with x as (delete from orders returning *) table x"),
    verdict: "manifest.read-only",
  },
  {
    is: "SQL about no table",
    name: "query",
    arguments: sql("select 1"),
    verdict: "resource.underivable",
  },
  { is: "unknown", name: "rm", arguments: "{}", verdict: "manifest.unknown-tool" },
  { is: "in another case", name: "Echo", arguments: TICKETS, verdict: "manifest.unknown-tool" },
  { is: "with a blank", name: "echo ", arguments: TICKETS, verdict: "manifest.unknown-tool" },
  { is: "with a look-alike", name: "есho", arguments: TICKETS, verdict: "manifest.unknown-tool" },
  {
    is: "of another server",
    name: "other__echo",
    arguments: TICKETS,
    verdict: "manifest.unknown-tool",
  },
  { is: "blacklisted", name: "delete_ticket", arguments: "{}", verdict: "manifest.blacklisted" },
  {
    is: "blacklisted, dressed up",
    name: "Delete-Ticket",
    arguments: "{}",
    verdict: "manifest.blacklisted",
  },
  {
    is: "blacklisted, look-alike",
    name: "dеlete_tiсket",
    arguments: "{}",
    verdict: "manifest.blacklisted",
  },
  {
    is: "blacklisted, prefixed",
    name: "mcp__x__delete_ticket",
    arguments: "{}",
    verdict: "manifest.blacklisted",
  },
  {
    is: "another value",
    name: "echo",
    arguments: '{"table":"users"}',
    verdict: "manifest.arguments",
  },
  {
    is: "one argument too many",
    name: "echo",
    arguments: '{"table":"tickets","sql":"x"}',
    verdict: "manifest.arguments",
  },
  { is: "none at all", name: "echo", arguments: "{}", verdict: "manifest.arguments" },
  {
    is: "above a bound",
    name: "echo",
    arguments: '{"table":"tickets","limit":11}',
    verdict: "manifest.arguments",
  },
  {
    is: "refused by a policy",
    name: "echo",
    arguments: '{"table":"tickets","limit":7}',
    verdict: "policy.denied",
  },
  {
    is: "SQL of a closed table",
    name: "query",
    arguments: sql("table Salaries"),
    verdict: "policy.denied",
  },
  {
    is: "SQL of a closed table beside an open one",
    name: "query",
    arguments: sql("select * from orders, hr.salaries"),
    verdict: "policy.denied",
  },
  {
    is: "too large",
    name: "fail",
    arguments: `{"x":"${"y".repeat(2000)}"}`,
    verdict: "request.too-large",
  },
  ...INSIDE.map(([what, given, verdict]) => {
    return { is: `a call around ${what}`, name: "call_tool", arguments: given, verdict };
  }),
];

/** What cannot be read in one way only; each road has its own words for that, and none runs it. */
const UNREADABLE: readonly (readonly [is: string, text: string])[] = [
  ["a key twice", '{"table":"tickets","table":"users"}'],
  ["a number past 2^53", '{"table":"tickets","id":9007199254740993}'],
  ["deep nesting", deep(70)],
  ["a list", "[1]"],
];

/** Made when there is a gateway; their names are known before. */
let surfaces: Readonly<Record<SurfaceName | ResultSurfaceName, Surface>>;

describe.each([...SURFACE_NAMES, ...RESULT_SURFACE_NAMES])("on %s", (name) => {
  const ask: Surface = (call) => surfaces[name](call);

  test.each(CASES)("a tool that is $is: $verdict", async (one) => {
    const before = ran();
    expect(await ask(one)).toBe(one.verdict);
    if (one.verdict !== "allow") expect(ran()).toBe(before);
  });

  test.each(UNREADABLE)("arguments with %s are refused, and nothing runs", async (_is, text) => {
    const before = ran();
    const code = await ask({ name: "echo", arguments: text });
    expect(["manifest.arguments", "request.malformed"]).toContain(code);
    expect(ran()).toBe(before);
  });
});
