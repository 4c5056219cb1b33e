/** Tools that take SQL, and resources, in the guardrails folder. */
import { describe, expect, test } from "vitest";
import { readFiles } from "../../../src/config/read.ts";
import { sqlReaderFor } from "../../../src/config/sql-parser.ts";

const MCP = { kind: "mcp", url: "http://127.0.0.1:7000/mcp" };
const SQL = "/arguments/sql";
const HTTP = { kind: "http", url: "https://db.example.com" };
const POST = { method: "POST", path: "/query", in_body: ["sql"] };
const DOCUMENT = {
  openapi: "3.1.0",
  servers: [{ url: "https://db.example.com" }],
  paths: {
    "/query": {
      get: {
        operationId: "query",
        parameters: [{ name: "sql", in: "query", schema: { type: "string" } }],
      },
    },
  },
};

function files(tool: object, server: object) {
  return new Map([
    ["slipclutch.yaml", JSON.stringify({ version: 1, tool_servers: { db: server } })],
    ["doc.yaml", JSON.stringify(DOCUMENT)],
    [
      "agents/bot.json",
      JSON.stringify({
        version: 1,
        agent: "bot",
        uncapped: true,
        allowed_tools: [{ tool_name: "query", ...tool }],
      }),
    ],
  ]);
}

async function load(tool: object, server: object = { ...MCP, tools: { query: { sql: SQL } } }) {
  const texts = files(tool, server);
  return readFiles(texts, { environment: {}, today: null, sql: await sqlReaderFor(texts) });
}

async function granted(...given: Parameters<typeof load>) {
  const loaded = await load(...given);
  if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues, null, 1));
  const [tool] = loaded.configuration.agents.get("bot")?.tools.allowed ?? [];
  if (tool === undefined) throw new Error("the tool is missing");
  return tool;
}

async function issuesOf(...given: Parameters<typeof load>) {
  const loaded = await load(...given);
  return loaded.kind === "invalid" ? loaded.issues : [];
}

describe("a tool that takes SQL", () => {
  test.each([
    ["of MCP", { ...MCP, tools: { query: { sql: SQL } } }],
    ["of a program", { kind: "mcp", command: ["db"], tools: { query: { sql: SQL } } }],
    ["of the agent", { kind: "agent", tools: { query: { sql: SQL } } }],
    ["over HTTP", { ...HTTP, tools: { query: { ...POST, sql: SQL } } }],
    ["over HTTP, by GET", { ...HTTP, tools: { query: { method: "GET", path: "/q", sql: SQL } } }],
    ["of a document", { kind: "openapi", document: "doc.yaml", tools: { query: { sql: SQL } } }],
  ])("%s may be granted to only read, and each call is asked", async (_, server) => {
    const { effect, readOnly, sql } = await granted({}, server);
    expect([effect, readOnly, sql?.pointer]).toEqual(["write", true, SQL]);
    expect(sql?.read("select 1").writes).toBeNull();
    expect(sql?.read("drop table x").writes).toBe("drop");
  });

  test("says what it does in one way", async () => {
    const server = { ...MCP, tools: { query: { sql: SQL, effect: "read" } } };
    const path = "tool_servers.db.tools.query.effect";
    expect(await issuesOf({}, server)).toMatchObject([{ path, expected: "nothing beside sql" }]);
    const none = { ...MCP, tools: { query: {} } };
    const hint = expect.stringContaining("sql: /arguments/");
    expect(await issuesOf({ read_only: false }, none)).toMatchObject([{ path, hint }]);
  });

  test.each(["/result/sql", "/arguments", "arguments/sql", "/arguments/~2", 1])(
    "has it in the arguments, not at %j",
    async (sql) => {
      const server = { ...MCP, tools: { query: { sql } } };
      const expected = "a JSON pointer that begins with /arguments/, like /arguments/sql";
      const path = "tool_servers.db.tools.query.sql";
      expect(await issuesOf({ read_only: false }, server)).toMatchObject([{ path, expected }]);
    },
  );

  test("is refused where the grammar is not installed, with what to install", () => {
    const server = { ...MCP, tools: { query: { sql: SQL } } };
    const texts = files({ resource: { sql_tables: SQL } }, server);
    const loaded = readFiles(texts, { environment: {}, today: null, sql: null });
    const expected = "PostgreSQL's grammar, which is not installed";
    const hint = expect.stringContaining("npm install libpg-query@18");
    expect(loaded).toMatchObject({
      kind: "invalid",
      issues: [
        { path: "tool_servers.db.tools.query.sql", expected, hint },
        { path: "allowed_tools[0].resource.sql_tables", expected, hint },
      ],
    });
  });
});

describe("a resource", () => {
  test("is of tables that SQL names", async () => {
    const [resource] = (await granted({ resource: { sql_tables: SQL } })).resource;
    if (resource?.kind !== "sql-tables") throw new Error("it is of another kind");
    expect(resource.pointer).toBe(SQL);
    expect(resource.read("table Orders").tables).toEqual(["orders"]);
  });

  test("is of attributes", async () => {
    const pointer = "/arguments/table";
    const attributes = { table_name: { pointer }, mode: { pointer: "/arguments/a~1b/0" } };
    const [resource] = (await granted({ resource: { type: "database", attributes } })).resource;
    expect(resource).toEqual({
      kind: "attributes",
      type: "database",
      pointers: new Map([
        ["table_name", pointer],
        ["mode", "/arguments/a~1b/0"],
      ]),
    });
  });

  const A = { a: { pointer: "/arguments/a" } };
  test.each([
    [{}, "", "type and attributes, or sql_tables"],
    [{ type: "x" }, "", "type and attributes, or sql_tables"],
    [{ attributes: A }, "", "type and attributes, or sql_tables"],
    [{ sql_tables: SQL, type: "x" }, ".type", "nothing beside sql_tables"],
    [{ sql_tables: SQL, attributes: A }, ".attributes", "nothing beside sql_tables"],
    [{ sql_tables: "/result/sql" }, ".sql_tables", "a JSON pointer that begins with /arguments/"],
    [{ type: "x", attributes: {} }, ".attributes", "1 to 32 attributes"],
    [{ type: "X y", attributes: A }, ".type", "a word of small letters"],
    [{ type: "x", attributes: { type: A.a } }, ".attributes.type", "a word of small letters"],
    [{ type: "x", attributes: { a: {} } }, ".attributes.a.pointer", "a JSON pointer"],
    [{ type: "x", attributes: A, more: 1 }, ".more", ""],
    ["x", "", ""],
  ])("that says %j is refused", async (resource, inside, expected) => {
    const issues = await issuesOf({ resource });
    const path = `allowed_tools[0].resource${inside}`;
    expect(issues).toMatchObject([{ path, expected: expect.stringContaining(expected) }]);
  });
});
