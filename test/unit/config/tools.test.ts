/** Tools: their servers, and what manifests grant of them. */
import { describe, expect, test } from "vitest";
import type { GrantedTool } from "../../../src/guards/tool/tool.ts";
import { issuesOf, read, valid } from "./folder.ts";

const BUDGETS = "budgets: [{ name: b, each: agent, limit_usd: 1, window: day }]";

/** Tool servers, by their fields. */
type Servers = Record<string, Record<string, unknown>>;

const URL_ = "http://127.0.0.1:7000/mcp";
const TICKETS: Servers = {
  tickets: {
    kind: "mcp",
    url: URL_,
    tools: { find: { effect: "read" }, close: { effect: "write" } },
  },
};
const TWO: Servers = { a: { kind: "mcp", url: URL_ }, b: { kind: "mcp", url: URL_ } };

/** A folder of one agent and these servers. */
function folder(manifest: object, servers: Servers = TICKETS, line = ""): Record<string, string> {
  return {
    "slipclutch.yaml": `version: 1\n${BUDGETS}\n${line}\ntool_servers: ${JSON.stringify(servers)}\n`,
    "agents/bot.json": JSON.stringify({ version: 1, agent: "bot", ...manifest }),
  };
}

function granting(...tools: object[]) {
  return { allowed_tools: tools };
}

function grants(manifest: object, servers?: Servers, line?: string) {
  const tools = valid(folder(manifest, servers, line)).agents.get("bot")?.tools;
  if (tools === undefined) throw new Error("the agent is missing");
  return tools;
}

function grant(tool: object, servers?: Servers): GrantedTool {
  const [granted] = grants(granting(tool), servers).allowed;
  if (granted === undefined) throw new Error("the tool is missing");
  return granted;
}

function warningsOf(manifest: object, servers?: Servers) {
  const loaded = read(folder(manifest, servers));
  if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues, null, 1));
  return loaded.warnings;
}

describe("The manifest of the design", () => {
  const files = {
    "slipclutch.yaml": `
version: 1
budgets:
  - { name: support-monthly, agent: support-transcriber-prod, limit_usd: 500, window: month }
tool_servers:
  tickets:
    kind: mcp
    url: http://127.0.0.1:7000/mcp
    auth: { bearer: "\${TICKETS_TOKEN}" }
    tools:
      transcribe_audio: { effect: read }
      update_ticket_status: { effect: write }
`,
    "agents/support-transcriber-prod.json": `{
  "schema_version": "v1",
  "agent_id": "support-transcriber-prod",
  "allowed_tools": [
    { "tool_name": "transcribe_audio", "rate_limit": { "requests": 100, "per_seconds": 60 } },
    { "tool_name": "update_ticket_status", "read_only": false }
  ],
  "blacklisted_tools": ["delete_ticket"]
}`,
  };
  const loaded = valid(files, { TICKETS_TOKEN: "t-1" });

  test("is valid as it stands", () => {
    expect(loaded.agents.get("support-transcriber-prod")?.tools).toEqual({
      allowed: [
        {
          server: "tickets",
          tool: "transcribe_audio",
          effect: "read",
          readOnly: true,
          rateLimit: { requests: 100, perMs: 60_000 },
          sql: null,
          unwraps: null,
          isGranted: true,
          takes: null,
          check: null,
          resource: [],
          pin: null,
          cost: null,
          approval: "never",
          emptyIsError: false,
          timeoutMs: 60_000,
          commitment: null,
          ends: [],
          resultBytesMax: 8_388_608,
          concurrentMax: null,
          repeatsMax: null,
          output: null,
        },
        {
          server: "tickets",
          tool: "update_ticket_status",
          effect: "write",
          readOnly: false,
          rateLimit: null,
          sql: null,
          unwraps: null,
          isGranted: true,
          takes: null,
          check: null,
          resource: [],
          pin: null,
          cost: null,
          approval: "never",
          emptyIsError: false,
          timeoutMs: 60_000,
          commitment: null,
          ends: [],
          resultBytesMax: 8_388_608,
          concurrentMax: null,
          repeatsMax: null,
          output: null,
        },
      ],
      observed: [],
      hosted: new Set(),
      blacklisted: new Set(["delete_ticket"]),
      argumentsBytesMax: 1_048_576,
    });
  });

  test("has a tool server with its token, which is not in the digest", () => {
    expect([...loaded.toolServers.values()]).toEqual([
      {
        kind: "mcp",
        name: "tickets",
        url: "http://127.0.0.1:7000/mcp",
        bearer: "t-1",
        headers: {},
        connectionsMax: 64,
        tools: new Map([
          ["transcribe_audio", "read"],
          ["update_ticket_status", "write"],
        ]),
        sql: new Map(),
        unwraps: new Map(),
      },
    ]);
    expect(valid(files, { TICKETS_TOKEN: "t-2" }).digest).toBe(loaded.digest);
  });
});

test("A manifest that says nothing of tools grants none", () => {
  expect(grants({}).allowed).toEqual([]);
});

test("Every field of a tool lands in its grant", () => {
  const granted = grant(
    {
      tool_name: "transcribe",
      server: "b",
      rate_limit: { requests: 7, per_seconds: 3 },
      read_only: false,
      arguments: { properties: { a: { type: "string" } } },
      cost: {
        usd: 0.006,
        per: "minute",
        quantity: { pointer: "/result/duration_seconds", divide_by: 60 },
        max: 120,
      },
      resource: { type: "file", attributes: { path: { pointer: "/arguments/a" } } },
      pin: `sha256:${"0a".repeat(32)}`,
      requires_approval: { properties: { a: { const: "dear" } } },
      empty_result: "error",
      timeout: "5s",
      max_result_bytes: 65_536,
      max_concurrent: 3,
      repeats: { max: 100 },
      output: { properties: { a: { type: "string" } } },
    },
    TWO,
  );
  expect(granted).toEqual({
    server: "b",
    tool: "transcribe",
    effect: "write",
    readOnly: false,
    rateLimit: { requests: 7, perMs: 3000 },
    sql: null,
    unwraps: null,
    isGranted: true,
    takes: null,
    check: expect.any(Function),
    resource: [{ kind: "attributes", type: "file", pointers: new Map([["path", "/arguments/a"]]) }],
    pin: `sha256:${"0a".repeat(32)}`,
    cost: {
      nanoUsd: 6_000_000,
      quantity: { pointer: "/result/duration_seconds", divideBy: 60, max: 120 },
    },
    approval: expect.any(Function),
    emptyIsError: true,
    timeoutMs: 5000,
    commitment: null,
    ends: [],
    resultBytesMax: 65_536,
    concurrentMax: 3,
    repeatsMax: 100,
    output: expect.any(Function),
  });
  expect(granted.check?.({ a: 1 })).toBe("/arguments/a must be string.");
  // What an agent may say is listed; what a tool says may be more than is checked.
  expect(granted.output?.({ a: 1 })).toBe("/result/a must be string.");
  expect(granted.output?.({ a: "", b: 1 })).toBeNull();
  // Arguments beside those that a schema names do not get by without an approval.
  const needs = granted.approval as (given: unknown) => string | null;
  expect([{ a: "dear", b: 1 }, {}, { a: "cheap" }].map((given) => needs(given) === null)).toEqual([
    true,
    true,
    false,
  ]);
});

test("Every field of a tool server lands in its settings", () => {
  const servers = {
    one: { kind: "mcp", url: "https://mcp.example.com/x", auth: {}, headers: { "x-a": "b" } },
    two: { kind: "mcp", url: URL_, auth: { bearer: "s3" }, connections_max: 3 },
  };
  expect([...valid(folder({}, servers)).toolServers.values()]).toMatchObject([
    { name: "one", url: "https://mcp.example.com/x", bearer: null, headers: { "x-a": "b" } },
    { name: "two", bearer: "s3", connectionsMax: 3, tools: new Map() },
  ]);
});

test("A server that is started has its command whole, however it is written", () => {
  const servers = {
    one: { kind: "mcp", command: ["npx", "-y", "desk server"], env: { A: "", B: "s\nt" } },
    two: { kind: "mcp", command: "desk", args: ["", "-v"], cwd: "tools", connections_max: 3 },
    three: { kind: "mcp", command: "desk" },
  };
  const none = { env: {}, folder: ".", tools: new Map(), sql: new Map(), unwraps: new Map() };
  expect([...valid(folder({}, servers)).toolServers.values()]).toEqual([
    {
      kind: "mcp-command",
      name: "one",
      command: ["npx", "-y", "desk server"],
      callsMax: 64,
      ...none,
      env: { A: "", B: "s\nt" },
    },
    {
      kind: "mcp-command",
      name: "two",
      command: ["desk", "", "-v"],
      callsMax: 3,
      ...none,
      folder: "tools",
    },
    { kind: "mcp-command", name: "three", command: ["desk"], callsMax: 64, ...none },
  ]);
});

test("A value from the environment counts in the digest unless a secret belongs there", () => {
  const files = folder(
    {},
    { store: { kind: "mcp", url: "http://${H}/", headers: { "x-a": "${S}" } } },
  );
  const digest = (H: string, S: string) => valid(files, { H, S }).digest;
  expect(digest("h", "1")).toBe(digest("h", "2"));
  expect(digest("h", "1")).not.toBe(digest("other", "1"));

  const started = folder({}, { own: { kind: "mcp", command: ["${H}"], env: { A: "${S}" } } });
  const other = (H: string, S: string) => valid(started, { H, S }).digest;
  expect(other("h", "1")).toBe(other("h", "2"));
  expect(other("h", "1")).not.toBe(other("other", "1"));
});

describe("A tool is on", () => {
  const listing = { ...TWO, c: { kind: "mcp", url: URL_, tools: { t: { effect: "read" } } } };
  test.each([
    ["the server that is named", { tool_name: "t", server: "b", read_only: false }, listing, "b"],
    ["the one server that lists it", { tool_name: "t" }, listing, "c"],
    ["the only server there is", { tool_name: "x", read_only: false }, TICKETS, "tickets"],
  ])("%s", (_, tool, servers, server) => {
    expect(grant(tool, servers).server).toBe(server);
  });
});

test("A price finer than nano-USD is rounded up", () => {
  const nano = (usd: unknown) => grant({ tool_name: "find", cost: { usd } }).cost;
  expect(nano("0.0000000001")).toEqual({ nanoUsd: 1, quantity: null });
  expect(nano("0.000000001")).toEqual({ nanoUsd: 1, quantity: null });
  expect(nano("1.0000000001")).toEqual({ nanoUsd: 1_000_000_001, quantity: null });
  expect(nano(0)).toEqual({ nanoUsd: 0, quantity: null });
});

test("Both names of the blacklist count, folded", () => {
  const { blacklisted } = grants({ blacklisted_tools: ["Drop"], denied_tools: ["ＰＵＲＧＥ"] });
  expect(blacklisted).toEqual(new Set(["drop", "purge"]));
});

test("The size of arguments is the manifest's, else that of slipclutch.yaml", () => {
  const line = "limits: { max_arguments_bytes: 2048 }";
  expect(grants({}, TICKETS, line).argumentsBytesMax).toBe(2048);
  const own = { limits: { max_arguments_bytes: 4096 } };
  expect(grants(own, TICKETS, line).argumentsBytesMax).toBe(4096);
});

test("One name on two servers is no harm: agents have to say which", () => {
  const both = ["a", "b"].map((server) => ({ tool_name: "t", server, read_only: false }));
  expect(grants(granting(...both), TWO).allowed.map(({ server }) => server)).toEqual(["a", "b"]);
});

const FIND = { tool_name: "find" };
const QUANTITY = { pointer: "/result/n" };
const server = (fields: object): Servers => ({ tickets: { ...TICKETS.tickets, ...fields } });
const started = (fields: object): Servers => ({
  tickets: { kind: "mcp", command: ["desk"], ...fields },
});
const COMMAND_PLACE = "tool_servers.tickets.command";

// A manifest, its servers → the one issue.
const REFUSED: readonly [name: string, manifest: object, servers: Servers, issue: object][] = [
  [
    "a tool without any tool server",
    granting(FIND),
    {},
    {
      file: "agents/bot.json",
      path: "allowed_tools[0].tool_name",
      hint: "Declare tool_servers in slipclutch.yaml, or leave the tool out.",
    },
  ],
  [
    "a server that is not there",
    granting({ ...FIND, server: "ticket" }),
    TICKETS,
    { path: "allowed_tools[0].server", got: '"ticket"', hint: 'Did you mean "tickets"?' },
  ],
  [
    "a server that is like none there is",
    granting({ ...FIND, server: "payroll" }),
    TICKETS,
    { path: "allowed_tools[0].server", hint: "There are: tickets." },
  ],
  [
    "a tool that several servers may have",
    granting({ tool_name: "t", read_only: false }),
    TWO,
    { path: "allowed_tools[0].server", got: "nothing", hint: expect.stringContaining("a, b") },
  ],
  [
    "a tool that several servers list",
    granting(FIND),
    { ...TICKETS, more: { kind: "mcp", url: URL_, tools: { find: { effect: "read" } } } },
    { path: "allowed_tools[0].server", hint: expect.stringContaining("tickets, more") },
  ],
  [
    "a tool that writes and may only read",
    granting({ tool_name: "close" }),
    TICKETS,
    {
      path: "allowed_tools[0].read_only",
      expected: "false",
      hint: expect.stringContaining("read_only: false"),
    },
  ],
  [
    "a tool that may only read and whose effect nobody says",
    granting({ tool_name: "fnd" }),
    TICKETS,
    {
      path: "allowed_tools[0].read_only",
      hint: expect.stringMatching(
        /Did you mean "find"\?.*tool_servers\.tickets\.tools.*: "fnd": \{ effect: read \}/,
      ),
    },
  ],
  [
    "a tool twice",
    granting(FIND, { ...FIND, server: "tickets" }),
    TICKETS,
    { path: "allowed_tools[1].tool_name", expected: "each tool once" },
  ],
  [
    "two tools that fold together",
    granting(FIND, { tool_name: "Find", read_only: false }),
    TICKETS,
    { path: "allowed_tools[1].tool_name", hint: expect.stringContaining("tickets__find") },
  ],
  [
    "two tools that fold together, on two servers",
    granting(
      { tool_name: "t", server: "a", read_only: false },
      { tool_name: "T", server: "b", read_only: false },
    ),
    TWO,
    { path: "allowed_tools[1].tool_name", expected: "a name of its own" },
  ],
  [
    "a tool that is spelled like another with its server",
    granting(
      { tool_name: "t", server: "a", read_only: false },
      { tool_name: "a__t", server: "b", read_only: false },
    ),
    TWO,
    { path: "allowed_tools[1].tool_name", hint: expect.stringContaining("a__t") },
  ],
  [
    "the gateway's own tool",
    granting({ tool_name: "slipclutch_budget", read_only: false }),
    TICKETS,
    {
      path: "allowed_tools[0].tool_name",
      expected: "another name than slipclutch_budget",
      hint: expect.stringContaining("Leave it out"),
    },
  ],
  [
    "a tool that looks like the gateway's own",
    granting({ tool_name: "Slipclutch-Budget", read_only: false }),
    TICKETS,
    { path: "allowed_tools[0].tool_name", expected: "another name than slipclutch_budget" },
  ],
  [
    "a tool that looks like the gateway's own with its server",
    granting({ tool_name: "budget", read_only: false }),
    { slipclutch: { kind: "mcp", url: URL_ } },
    { path: "allowed_tools[0].tool_name", expected: "another name than slipclutch_budget" },
  ],
  [
    "a server that says it has the gateway's own tool",
    {},
    { tickets: { kind: "mcp", url: URL_, tools: { slipclutch_budget: { effect: "read" } } } },
    {
      file: "slipclutch.yaml",
      path: "tool_servers.tickets.tools.slipclutch_budget",
      expected: "another name than slipclutch_budget",
    },
  ],
  [
    "a blacklist with the gateway's own tool",
    { blacklisted_tools: ["delete_ticket", "slipclutch.budget"] },
    TICKETS,
    { path: "blacklisted_tools[1]", hint: expect.stringContaining("leave it out") },
  ],
  [
    "a blacklist with it as a client shows it",
    { denied_tools: ["mcp__any__slipclutch_budget"] },
    TICKETS,
    { path: "denied_tools[0]", expected: "another name than slipclutch_budget" },
  ],
  [
    "no call at all",
    granting({ ...FIND, rate_limit: { requests: 0, per_seconds: 1 } }),
    TICKETS,
    { path: "allowed_tools[0].rate_limit.requests" },
  ],
  [
    "a rate limit without its window",
    granting({ ...FIND, rate_limit: { requests: 1 } }),
    TICKETS,
    { path: "allowed_tools[0].rate_limit.per_seconds", got: "nothing" },
  ],
  [
    "a rate limit beyond a month",
    granting({ ...FIND, rate_limit: { requests: 1, per_seconds: 3_000_000 } }),
    TICKETS,
    { path: "allowed_tools[0].rate_limit.per_seconds" },
  ],
  [
    "a unit without a quantity",
    granting({ ...FIND, cost: { usd: 1, per: "minute" } }),
    TICKETS,
    { path: "allowed_tools[0].cost.per", expected: "a quantity beside it" },
  ],
  [
    "a maximum without a quantity",
    granting({ ...FIND, cost: { usd: 1, max: 3 } }),
    TICKETS,
    { path: "allowed_tools[0].cost.max", expected: "a quantity beside it" },
  ],
  [
    "a quantity without a unit",
    granting({ ...FIND, cost: { usd: 1, quantity: QUANTITY, max: 3 } }),
    TICKETS,
    { path: "allowed_tools[0].cost.per", got: "nothing" },
  ],
  [
    "a quantity without a maximum",
    granting({ ...FIND, cost: { usd: 1, per: "x", quantity: QUANTITY } }),
    TICKETS,
    { path: "allowed_tools[0].cost.max", hint: expect.stringContaining("reserved") },
  ],
  [
    "a call that could cost more than can be counted",
    granting({ ...FIND, cost: { usd: 1000, per: "x", quantity: QUANTITY, max: 1_000_000 } }),
    TICKETS,
    { path: "allowed_tools[0].cost.max", hint: "Lower usd or max." },
  ],
  [
    "a pointer from elsewhere",
    granting({ ...FIND, cost: { usd: 1, per: "x", quantity: { pointer: "/seconds" }, max: 1 } }),
    TICKETS,
    { path: "allowed_tools[0].cost.quantity.pointer" },
  ],
  [
    "a pointer with a bad escape",
    granting({ ...FIND, cost: { usd: 1, per: "x", quantity: { pointer: "/result/a~2" }, max: 1 } }),
    TICKETS,
    { path: "allowed_tools[0].cost.quantity.pointer" },
  ],
  [
    "a division by nothing",
    granting({
      ...FIND,
      cost: { usd: 1, per: "x", quantity: { pointer: "/arguments/n", divide_by: 0 }, max: 1 },
    }),
    TICKETS,
    { path: "allowed_tools[0].cost.quantity.divide_by" },
  ],
  [
    "a negative price",
    granting({ ...FIND, cost: { usd: -1 } }),
    TICKETS,
    { path: "allowed_tools[0].cost.usd" },
  ],
  [
    "a timeout beyond a timer's reach",
    granting({ ...FIND, timeout: "30d" }),
    TICKETS,
    { path: "allowed_tools[0].timeout", hint: expect.stringContaining("at most 1d") },
  ],
  [
    "arguments that are no JSON Schema",
    granting({ ...FIND, arguments: { type: "objekt" } }),
    TICKETS,
    { path: "allowed_tools[0].arguments.type", got: '"objekt"' },
  ],
  [
    "an approval that is neither yes nor a schema",
    granting({ ...FIND, requires_approval: "always" }),
    TICKETS,
    { path: "allowed_tools[0].requires_approval", expected: expect.stringContaining("true, or") },
  ],
  [
    "a schema of approvals that checks less than it says",
    granting({ ...FIND, requires_approval: { propertes: {} } }),
    TICKETS,
    { path: "allowed_tools[0].requires_approval.propertes" },
  ],
  [
    "neither a URL nor a command",
    {},
    { tickets: { kind: "mcp" } },
    { path: "tool_servers.tickets.url", hint: expect.stringContaining("or command") },
  ],
  [
    "a URL and a command",
    {},
    server({ command: ["npx"] }),
    { path: "tool_servers.tickets.url", hint: expect.stringContaining("over its pipes") },
  ],
  [
    "a command for a shell",
    {},
    started({ command: "npx -y desk" }),
    { path: COMMAND_PLACE, hint: expect.stringContaining("No shell reads") },
  ],
  ["an empty command", {}, started({ command: [] }), { path: `${COMMAND_PLACE}[0]` }],
  ["a program without a name", {}, started({ command: [""] }), { path: `${COMMAND_PLACE}[0]` }],
  ["a command of numbers", {}, started({ command: ["desk", 1] }), { path: `${COMMAND_PLACE}[1]` }],
  [
    "a character that ends arguments",
    {},
    started({ command: ["desk", "a\0b"] }),
    { path: `${COMMAND_PLACE}[1]` },
  ],
  [
    "arguments in two places",
    {},
    started({ command: ["desk"], args: ["a"] }),
    { path: "tool_servers.tickets.args", hint: expect.stringContaining("in the list of command") },
  ],
  [
    "a token for what is started",
    {},
    started({ auth: { bearer: "a" } }),
    { path: "tool_servers.tickets.auth", hint: expect.stringContaining("secrets go into env") },
  ],
  [
    "an environment for what is not started",
    {},
    server({ env: { A: "b" } }),
    { path: "tool_servers.tickets.env", got: "a value that is not shown" },
  ],
  [
    "a variable that is none",
    {},
    started({ env: { "A=B": "c" } }),
    { path: 'tool_servers.tickets.env["A=B"]' },
  ],
  [
    "a variable of two words",
    {},
    started({ env: { A: ["secret"] } }),
    { path: "tool_servers.tickets.env.A", got: "a value that is not shown" },
  ],
  [
    "a command of the agent's own tools",
    {},
    { tickets: { kind: "agent", command: ["desk"], tools: { find: { effect: "read" } } } },
    { path: COMMAND_PLACE, hint: expect.stringContaining("never goes there") },
  ],
  [
    "a URL of another scheme",
    {},
    server({ url: "ftp://h/" }),
    { path: "tool_servers.tickets.url" },
  ],
  ["a URL that is none", {}, server({ url: "http://[::1/" }), { path: "tool_servers.tickets.url" }],
  ["a user in a URL", {}, server({ url: "http://a@h/" }), { path: "tool_servers.tickets.url" }],
  ["a query in a URL", {}, server({ url: "http://h/?a" }), { path: "tool_servers.tickets.url" }],
  ["a fragment in a URL", {}, server({ url: "http://h/#a" }), { path: "tool_servers.tickets.url" }],
  [
    "a token of two lines",
    {},
    server({ auth: { bearer: "a\nb" } }),
    { path: "tool_servers.tickets.auth.bearer", got: "a value that is not shown" },
  ],
  [
    "two tokens",
    {},
    server({ auth: { bearer: "a" }, headers: { Authorization: "b" } }),
    { path: "tool_servers.tickets.headers.Authorization", expected: "one authorization" },
  ],
  [
    "an effect that is none",
    {},
    server({ tools: { t: { effect: "delete" } } }),
    { path: "tool_servers.tickets.tools.t.effect" },
  ],
  [
    "a server's name with a double underscore",
    {},
    { a__b: { kind: "mcp", url: URL_ } },
    { path: "tool_servers.a__b" },
  ],
  [
    "a server with the name of every client's prefix",
    {},
    { MCP: { kind: "mcp", url: URL_ } },
    { path: "tool_servers.MCP" },
  ],
];

test.each(REFUSED)("Refused: %s", (_, manifest, servers, issue) => {
  const issues = issuesOf(folder(manifest, servers));
  expect(issues).toHaveLength(1);
  expect(issues[0]).toMatchObject(issue);
  for (const text of [issues[0]?.got, issues[0]?.expected, issues[0]?.hint])
    expect(text).toMatch(/\S/);
});

describe("Worth a look:", () => {
  test.each(["find", "FIND", "tickets__find"])("a granted tool, blacklisted as %s", (name) => {
    const manifest = { ...granting(FIND), denied_tools: [name] };
    expect(warningsOf(manifest)).toMatchObject([{ path: "allowed_tools[0].tool_name" }]);
  });

  test("a format that nothing checks, and a pattern on texts of any length", () => {
    const properties = { at: { type: "string", format: "uri" }, to: { pattern: "^a" } };
    expect(warningsOf(granting({ ...FIND, arguments: { properties } }))).toMatchObject([
      { path: "allowed_tools[0].arguments.properties.at.format", got: '"uri"' },
      { path: "allowed_tools[0].arguments.properties.to.pattern" },
    ]);
  });

  const withToken = (url: string, fields: object = { auth: { bearer: "t" } }) =>
    warningsOf({}, server({ url, ...fields }));

  test.each([
    "http://mcp.example.com/",
    "http://8.8.8.8/",
    "http://169.254.169.254/",
    "http://172.32.0.1/",
    "http://[2001:db8::1]/",
  ])("a token to %s", (url) => {
    expect(withToken(url)).toMatchObject([{ path: "tool_servers.tickets.url" }]);
    const own = { headers: { AUTHORIZATION: "t" } };
    expect(withToken(url, own)).toHaveLength(1);
    expect(withToken(url, {})).toEqual([]);
  });

  test.each([
    "https://mcp.example.com/",
    "http://localhost:1/",
    "http://tools.localhost/",
    "http://tickets:7000/mcp",
    "http://127.9.9.9/",
    "http://0x7f.1/",
    "http://10.1.2.3/",
    "http://172.31.0.1/",
    "http://192.168.0.1/",
    "http://[::1]:7000/",
    "http://[fd00::1]/",
  ])("but not one to %s", (url) => {
    expect(withToken(url)).toEqual([]);
  });
});
