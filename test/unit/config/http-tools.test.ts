/** Tool servers of `kind: http`: what is written of them, and what they become. */
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../src/adapters/clock/system.ts";
import { httpToolServer } from "../../../src/adapters/tool-server/http/http-tool-server.ts";
import type { HttpServerSettings } from "../../../src/config/configuration.ts";
import { issuesOf, read, valid } from "./folder.ts";

const BUDGETS = "budgets: [{ name: b, each: agent, limit_usd: 1, window: day }]";
const GET = { method: "GET", path: "/tickets/{id}" };
const DESK = { kind: "http", url: "https://api.example.com/v1", tools: { get_ticket: GET } };

/** What is changed of a server: undefined takes a field away. */
type Changes = Record<string, unknown>;

function folder(changes: Changes = {}, allowed: object[] = []): Record<string, string> {
  const servers = JSON.stringify({ desk: { ...DESK, ...changes } });
  return {
    "slipclutch.yaml": `version: 1\n${BUDGETS}\ntool_servers: ${servers}\n`,
    "agents/bot.json": JSON.stringify({ version: 1, agent: "bot", allowed_tools: allowed }),
  };
}

function desk(changes: Changes = {}, environment: Record<string, string> = {}): HttpServerSettings {
  const settings = valid(folder(changes), environment).toolServers.get("desk");
  if (settings?.kind !== "http") throw new Error("it is of another kind");
  return settings;
}

const tool = (more: Changes, name = "get_ticket") => ({ tools: { [name]: { ...GET, ...more } } });

describe("A tool", () => {
  test("is its request, with what is set for all and what is set for it", () => {
    const { operations, ...rest } = desk({
      auth: { bearer: "t0ken" },
      headers: { "X-Team": "red", "x-more": "1" },
      connections_max: 3,
      allow_addresses: ["10.0.0.0/8", "fd00::1"],
      tools: {
        get_ticket: { ...GET, in_query: ["expand"], in_headers: ["if-match"] },
        set_status: {
          method: "PATCH",
          path: "/tickets/{id}/status.json",
          in_body: ["status", "note"],
          headers: { "x-team": "blue" },
          auth: { basic: { username: "me", password: "pass" } },
          description: "Sets the status.",
          effect: "read",
          arguments: {
            properties: { status: { enum: ["open"] } },
            required: ["status"],
          },
        },
        put_all: {
          method: "PUT",
          path: "/all",
          in_body: "all",
          auth: { header: { name: "k", value: "v" } },
        },
      },
    });
    expect(rest).toEqual({
      kind: "http",
      name: "desk",
      url: "https://api.example.com/v1",
      connectionsMax: 3,
      allowAddresses: ["10.0.0.0/8", "fd00::1"],
      leftOut: new Map(),
      sql: new Map(),
      unwraps: new Map(),
      tools: new Map([
        ["get_ticket", "read"],
        ["set_status", "read"],
        ["put_all", "write"],
      ]),
    });
    const bearer = {
      in: "header",
      name: "authorization",
      value: "Bearer t0ken",
      secrets: ["t0ken"],
    };
    expect(operations.get("get_ticket")).toEqual({
      method: "GET",
      places: {
        path: [{ text: "/tickets/" }, { argument: "id" }],
        query: [{ name: "expand", style: "repeated" }],
        headers: ["if-match"],
        cookies: [],
        body: null,
      },
      headers: { "x-team": "red", "x-more": "1" },
      credentials: [bearer],
      description: "GET /tickets/{id}",
      inputSchema: {
        type: "object",
        properties: { id: {}, expand: {}, "if-match": {} },
        required: ["id"],
        additionalProperties: false,
      },
      isRead: true,
    });
    expect(operations.get("set_status")).toMatchObject({
      places: {
        body: { kind: "members", arguments: ["status", "note"], type: "application/json" },
      },
      headers: { "x-team": "blue", "x-more": "1" },
      credentials: [{ value: "Basic bWU6cGFzcw==", secrets: ["pass", "bWU6cGFzcw=="] }],
      description: "Sets the status.",
      inputSchema: {
        properties: { id: {}, status: { enum: ["open"] }, note: {} },
        required: ["status", "id"],
        additionalProperties: false,
      },
    });
    expect(operations.get("put_all")).toMatchObject({
      places: { body: { kind: "whole", argument: "all" } },
      credentials: [{ in: "header", name: "k", value: "v" }],
    });
  });

  test.each([
    ["GET", "read"],
    ["HEAD", "read"],
    ["POST", "write"],
    ["PUT", "write"],
    ["PATCH", "write"],
    ["DELETE", "write"],
  ])("of %s is taken to %s, unless its owner says otherwise", (method, effect) => {
    expect(desk(tool({ method })).tools.get("get_ticket")).toBe(effect);
    for (const said of ["read", "write"]) {
      expect(desk(tool({ method, effect: said })).tools.get("get_ticket")).toBe(said);
    }
  });

  test("is held to what it takes, and to what the manifest says, whichever is narrower", () => {
    const args = { properties: { id: { type: "string", maxLength: 5 } } };
    const changes = tool({ arguments: args, in_query: ["q"] });
    const manifest = { properties: { id: { enum: ["a", "abcdef", ".."] }, q: {}, other: {} } };
    const grant = { tool_name: "get_ticket", arguments: manifest };
    const [granted] = valid(folder(changes, [grant])).agents.get("bot")?.tools.allowed ?? [];
    const check = (given: unknown) => granted?.takes?.(given) ?? granted?.check?.(given);
    expect(check({ id: "a" })).toBeNull();
    expect(check({ id: "a", q: "x" })).toBeNull();
    expect(check({ id: "b" })).toMatch(/equal to one of/);
    expect(check({ id: "abcdef" })).toMatch(/more than 5 characters/);
    expect(check({ id: ".." })).toMatch(/must not make/);
    expect(check({ id: "a", other: 1 })).toMatch(/must NOT have additional properties/);
    expect(check({ id: "a", q: {} })).toMatch(/q must be a text/);
    expect(check({})).toMatch(/must have required property 'id'/);
    const [plain] =
      valid(folder(tool({}), [{ tool_name: "get_ticket" }])).agents.get("bot")?.tools.allowed ?? [];
    expect(plain?.takes?.({ id: "a", x: 1 })).toMatch(/additional properties/);
    expect(plain?.takes?.({ id: "a/b" })).toMatch(/must not have/);
  });
});

const AT = "tool_servers.desk";
const TOOL = `${AT}.tools.get_ticket`;

const REFUSED: readonly [string, Changes, object][] = [
  ["no url", { url: undefined }, { path: `${AT}.url`, expected: "where the server is" }],
  ["no tools", { tools: undefined }, { path: `${AT}.tools` }],
  ["an empty map of tools", { tools: {} }, { path: `${AT}.tools` }],
  ["a document", { document: "a.yaml" }, { path: `${AT}.document`, expected: "nothing" }],
  ["schemes", { schemes: { a: "b" } }, { path: `${AT}.schemes`, got: "a value that is not shown" }],
  [
    "localhost",
    { url: "http://localhost:80" },
    { path: `${AT}.url`, hint: expect.stringContaining("127.0.0.1") },
  ],
  [
    "a network that is none",
    { allow_addresses: ["10.0.0.0/33"] },
    { path: `${AT}.allow_addresses[0]` },
  ],
  [
    "a network with a zone",
    { allow_addresses: ["fe80::1%eth0"] },
    { path: `${AT}.allow_addresses[0]` },
  ],
  ["a network by name", { allow_addresses: ["db.internal"] }, { path: `${AT}.allow_addresses[0]` }],
  [
    "two ways to say who it is",
    { auth: { bearer: "a", basic: { username: "b", password: "c" } } },
    { path: `${AT}.auth`, got: "a value that is not shown", hint: "Keep one of bearer, basic." },
  ],
  [
    "a header of two lines",
    { auth: { header: { name: "k", value: "a\r\nb" } } },
    { path: `${AT}.auth.header.value`, got: "a value that is not shown" },
  ],
  [
    "a credential as a header of the connection",
    { auth: { header: { name: "Host", value: "a" } } },
    { path: `${AT}.auth.header.name` },
  ],
  [
    "a credential and the same header",
    { auth: { header: { name: "X-Key", value: "a" } }, headers: { "x-key": "b" } },
    { path: `${AT}.headers.x-key`, expected: "one X-Key" },
  ],
  ["no method", tool({ method: undefined }), { path: `${TOOL}.method` }],
  ["a method that is none", tool({ method: "TRACE" }), { path: `${TOOL}.method` }],
  ["no path", tool({ path: undefined }), { path: `${TOOL}.path` }],
  ...[
    "x",
    "//h/{id}/..",
    "/a?b={id}",
    "/a#b",
    "/a b",
    "/%zz",
    "/{id",
    "/{a{b}}",
    "/{}",
    "/./x",
  ].map((path): [string, Changes, object] => [
    `the path ${path}`,
    tool({ path }),
    { path: `${TOOL}.path` },
  ]),
  ["an argument in two places", tool({ in_query: ["id"] }), { path: TOOL }],
  ["a hole twice", tool({ path: "/{id}/{id}" }), { path: TOOL }],
  ["a GET with a body", tool({ in_body: ["a"] }), { path: `${TOOL}.in_body` }],
  ["a header of the connection", tool({ in_headers: ["Host"] }), { path: `${TOOL}.in_headers[0]` }],
  [
    "the agent's own credential",
    tool({ in_headers: ["a", "Authorization"] }),
    { path: `${TOOL}.in_headers[1]` },
  ],
  ["a header twice", tool({ in_headers: ["X-Tag", "x-tag"] }), { path: `${TOOL}.in_headers[1]` }],
  [
    "a header that is set",
    { headers: { "X-Key": "a" }, ...tool({ in_headers: ["x-key"] }) },
    { path: `${TOOL}.in_headers[0]` },
  ],
  [
    "the credential of the query",
    { auth: { query: { name: "key", value: "a" } }, ...tool({ in_query: ["key"] }) },
    { path: `${TOOL}.in_query[0]` },
  ],
  [
    "an argument without a place",
    tool({ arguments: { properties: { other: {} } } }),
    { path: `${TOOL}.arguments.properties.other` },
  ],
  [
    "a schema that checks less than it says",
    tool({ arguments: { nullable: true } }),
    { path: `${TOOL}.arguments.nullable` },
  ],
];

test.each(REFUSED)("Refused: %s", (_, changes, issue) => {
  const issues = issuesOf(folder(changes));
  expect(issues).toHaveLength(1);
  expect(issues[0]).toMatchObject(issue);
  for (const text of [issues[0]?.got, issues[0]?.expected, issues[0]?.hint]) {
    expect(text).toMatch(/\S/);
  }
});

test.each([
  [{ kind: "mcp", url: "http://h/", auth: { query: { name: "a", value: "b" } } }, "auth.query"],
  [{ kind: "mcp", url: "http://h/", tools: { t: { effect: "read", path: "/a" } } }, "tools.t.path"],
  [{ kind: "mcp", url: "http://h/", tools: { t: {} } }, "tools.t.effect"],
  [{ kind: "mcp", url: "http://h/", allow_addresses: [] }, "allow_addresses"],
  [{ kind: "agent", tools: { t: { effect: "read", method: "GET" } } }, "tools.t.method"],
])("Refused: what another kind has, %j", (server, place) => {
  const slipclutch = `version: 1\ntool_servers: ${JSON.stringify({ desk: server })}\n`;
  expect(issuesOf({ "slipclutch.yaml": slipclutch })).toMatchObject([{ path: `${AT}.${place}` }]);
});

describe("A grant", () => {
  test("of what the server does not have is an error that says what it has", () => {
    const issue = (name: string) => issuesOf(folder({}, [{ tool_name: name, server: "desk" }]))[0];
    expect(issue("get_tickets")).toMatchObject({
      path: "allowed_tools[0].tool_name",
      hint: 'Did you mean "get_ticket"?',
    });
    expect(issue("something_else")?.hint).toBe("desk has: get_ticket.");
    expect(issuesOf(folder({}, [{ tool_name: "gone", server: "desk" }]))).toHaveLength(1);
  });

  test("of a tool that writes needs to say so", () => {
    const grant = { tool_name: "get_ticket" };
    expect(issuesOf(folder(tool({ method: "POST" }), [grant]))).toMatchObject([
      { path: "allowed_tools[0].read_only", expected: "false" },
    ]);
    valid(folder(tool({ method: "POST" }), [{ ...grant, read_only: false }]));
  });
});

describe("Secrets", () => {
  const changes = {
    auth: { header: { name: "k", value: "${A}" } },
    headers: { h: "${B}" },
    tools: {
      get_ticket: {
        ...GET,
        headers: { t: "${C}" },
        auth: { basic: { username: "${USER}", password: "${D}" } },
      },
      other: { ...GET, auth: { query: { name: "q", value: "${E}" } } },
    },
  };
  const environment = { A: "aaaa", B: "bbbb", C: "cccc", D: "dddd", E: "eeee", USER: "me" };

  test("come from the environment and are not in the digest; other values are", () => {
    const digest = (more: Record<string, string>) =>
      valid(folder(changes), { ...environment, ...more }).digest;
    expect(digest({})).toBe(digest({ A: "1", B: "2", C: "3", D: "4", E: "5" }));
    expect(digest({})).not.toBe(digest({ USER: "you" }));
  });

  test("over http to another network are a warning, on this machine not", () => {
    const warnings = (server: Changes) => {
      const loaded = read(folder(server));
      return loaded.kind === "ok" ? loaded.warnings.map(({ path }) => path) : loaded.issues;
    };
    const open = { url: "http://api.example.com" };
    expect(warnings({ ...open })).toEqual([]);
    expect(warnings({ ...open, auth: { bearer: "a" } })).toEqual([`${AT}.url`]);
    expect(warnings({ ...open, ...tool({ auth: { bearer: "a" } }) })).toEqual([`${AT}.url`]);
    expect(warnings({ url: "http://127.0.0.1", auth: { bearer: "a" } })).toEqual([]);
  });
});

test.each([
  "http://127.0.0.1",
  "http://[::1]:80",
  "http://[::ffff:127.0.0.1]",
  "http://[::ffff:a9fe:a9fe]",
  "http://0.0.0.0",
  "http://[fe80::1]",
  "http://2130706433",
  "http://8.8.8.8",
  "https://api.example.com",
])("A server at %s can be made", async (url) => {
  await httpToolServer(desk({ url }), systemClock).close();
});

test("An address that is written as the url is one that may be reached, and no other", () => {
  expect(desk({ url: "http://10.1.2.3:80/x" }).allowAddresses).toEqual(["10.1.2.3"]);
  expect(desk({ url: "http://[::1]/x" }).allowAddresses).toEqual(["::1"]);
  expect(desk({ url: "http://0x7f.1/" }).allowAddresses).toEqual(["127.0.0.1"]);
  expect(desk({}).allowAddresses).toEqual([]);
  expect(
    desk({ url: "http://localhost/", allow_addresses: ["127.0.0.0/8"] }).allowAddresses,
  ).toEqual(["127.0.0.0/8"]);
});
