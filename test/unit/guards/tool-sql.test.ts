/** What a tool does by its SQL, and what a call is about. */
import { describe, expect, test } from "vitest";
import { lookAtTool } from "../../../src/guards/decide.ts";
import { governing } from "../../../src/guards/manifest/change.ts";
import type { Statement } from "../../../src/guards/sql/statement.ts";
import { effect } from "../../../src/guards/tool/effect.ts";
import { resource, resourcesOf } from "../../../src/guards/tool/resource.ts";
import type { GrantedTool, ResourceRule } from "../../../src/guards/tool/tool.ts";
import { manifest } from "./scenes.ts";
import { granted, grants, toolAsk, toolFacts } from "./tool-scenes.ts";

const SAID: Readonly<Record<string, Statement>> = {
  look: { writes: null, tables: ["orders"] },
  join: { writes: null, tables: ["orders", "users"] },
  none: { writes: null, tables: [] },
  change: { writes: "UPDATE", tables: ["orders"] },
  hidden: { writes: "function f", tables: null },
  many: { writes: null, tables: Array.from({ length: 101 }, (_, n) => `t${n}`) },
  most: { writes: null, tables: Array.from({ length: 100 }, (_, n) => `t${n}`) },
};
const read = (text: string) => SAID[text] ?? { writes: "?", tables: null };
const POINTER = "/arguments/sql";

function facts(given: Record<string, unknown>, changes: Partial<GrantedTool>) {
  const resolved = granted("s", "t", changes);
  return toolFacts({ resolved, ask: toolAsk({ arguments: given }) });
}

describe("a tool that takes SQL", () => {
  const asked = (sql: unknown, readOnly: boolean, pointer = POINTER) =>
    effect(facts({ sql }, { effect: "write", readOnly, sql: { pointer, read } }));

  test.each([true, false])("reads where its SQL reads (read_only: %s)", (readOnly) => {
    expect(asked("look", readOnly)).toEqual({ kind: "allow", numbers: { effect: "read" } });
  });

  test("writes where its SQL writes", () => {
    const numbers = { effect: "write", because: "UPDATE" };
    expect(asked("change", false)).toEqual({ kind: "allow", numbers });
    expect(asked("change", true)).toEqual({
      kind: "deny",
      code: "manifest.read-only",
      facts: { tool: "t", agent: "a", because: "UPDATE" },
    });
  });

  test.each([
    ["nothing", undefined, POINTER],
    ["a list", ["look"], POINTER],
    ["a number", 1, POINTER],
    ["what another call has elsewhere", "look", "/arguments/query"],
  ])("writes where there is %s", (_, sql, pointer) => {
    const because = `no SQL at ${pointer}`;
    expect(asked(sql, true, pointer)).toMatchObject({ kind: "deny", facts: { because } });
  });
});

describe("resources", () => {
  const TABLES: ResourceRule = { kind: "sql-tables", pointer: POINTER, read };
  const database = (table: string) => ({ type: "database", attributes: { table_name: table } });
  const of = (rule: ResourceRule, given: Record<string, unknown>) =>
    resourcesOf([rule], { arguments: given });

  test("are the tables that SQL names", () => {
    expect(of(TABLES, { sql: "join" })).toEqual([database("orders"), database("users")]);
    expect(of(TABLES, { sql: "change" })).toEqual([database("orders")]);
    expect(of(TABLES, { sql: "most" })).toHaveLength(100);
  });

  test.each([
    ["no SQL", {}, "no SQL is there"],
    ["SQL that is no text", { sql: { a: 1 } }, "no SQL is there"],
    ["SQL without a table", { sql: "none" }, "it names no table"],
    ["SQL that hides some", { sql: "hidden" }, "its tables cannot be known: function f"],
    ["SQL with very many", { sql: "many" }, "it names more than 100 tables"],
  ])("are underivable from %s", (_, given, because) => {
    expect(of(TABLES, given)).toEqual({ at: POINTER, because });
  });

  const attributes = (type: string, ...names: string[]): ResourceRule => ({
    kind: "attributes",
    type,
    pointers: new Map(names.map((name) => [name, `/arguments/${name}`])),
  });

  test("are attributes as they are written", () => {
    const rule = attributes("bucket", "name", "size", "public");
    const given = { name: "Public.A", size: 1.5, public: false, more: 1 };
    const { more, ...rest } = given;
    expect(of(rule, given)).toEqual([{ type: "bucket", attributes: rest }]);
  });

  test.each([
    ["orders", "orders"],
    ["Orders", "orders"],
    ["PUBLIC.Orders", "orders"],
    ["db.Public.Orders", "orders"],
    ['"Orders"', "orders"],
    ['public."Or""ders"', 'or"ders'],
    ['"a.b"."C.d"', "c.d"],
    ["Überblick", "überblick"],
    ["a.b.c.d", null],
    ["orders ", null],
    [" orders", null],
    ["orders; drop", null],
    ["orders o", null],
    ["orders,users", null],
    ['"orders', null],
    ['""', null],
    ["orders.", null],
    [".orders", null],
    ["a..b", null],
    ["o-r", null],
    ["1a", null],
    ["`orders`", null],
    ["[orders]", null],
    ['"a\u0000b"', null],
    ["orders\n", null],
  ])("of a database have the name %j as %j", (written, name) => {
    const found = of(attributes("database", "table_name"), { table_name: written });
    const why = { at: "/arguments/table_name", because: "table_name is not clear there" };
    expect(found).toEqual(name === null ? why : [database(name)]);
  });

  test("of a database have other attributes as they are written", () => {
    const rule = attributes("database", "mode", "renamed");
    const given = { mode: "A.B", renamed: "C.D" };
    expect(of(rule, given)).toEqual([{ type: "database", attributes: given }]);
  });

  test.each([
    ["missing", {}],
    ["null", { a: null }],
    ["a list", { a: ["x"] }],
    ["a map", { a: { b: "x" } }],
    ["blank", { a: "" }],
    ["too long", { a: "x".repeat(1025) }],
    ["beyond all numbers", { a: Number.POSITIVE_INFINITY }],
  ])("are underivable where an attribute is %s", (_, given) => {
    expect(of(attributes("thing", "a"), given)).toMatchObject({ at: "/arguments/a" });
  });

  test.each([1, true])("of a database have no name that is %j", (table_name) => {
    expect(of(attributes("database", "table_name"), { table_name })).toHaveProperty("because");
  });

  test("are asked of every call, and recorded", () => {
    const { answers, denial } = lookAtTool(facts({ sql: "join" }, { resource: [TABLES] }));
    expect(denial).toBeNull();
    const are = "database table_name=orders, database table_name=users";
    const numbers = { resources: 2, are };
    expect(answers).toContainEqual({ guard: "resource", answer: "allow", numbers });
    const refused = lookAtTool(facts({ sql: "none" }, { resource: [TABLES] }));
    expect(refused.denial).toEqual({
      kind: "deny",
      code: "resource.underivable",
      facts: { tool: "t", at: POINTER, because: "it names no table" },
      rule: "resource",
    });
  });

  test("are of all rules, each once, and all have to be made out", () => {
    const other = attributes("database", "table_name");
    const rules = [TABLES, other, TABLES];
    const both = (table_name: string) =>
      resourcesOf(rules, { arguments: { sql: "join", table_name } });
    expect(both("Users")).toEqual([database("orders"), database("users")]);
    expect(both("more")).toEqual([database("orders"), database("users"), database("more")]);
    expect(both("")).toMatchObject({ at: "/arguments/table_name" });
  });

  test("are those of both manifests, for a task that goes by the strictest", () => {
    const other = attributes("file", "path");
    const tools = (rule: ResourceRule) => grants([granted("s", "t", { resource: [rule] })]);
    const now = manifest({ onChange: "strictest", tools: tools(TABLES) });
    const [tool] = governing(now, manifest({ tools: tools(other) })).tools.allowed;
    expect(tool?.resource).toEqual([TABLES, other]);
  });

  test("are recorded up to a length", () => {
    const answer = resource(facts({ sql: "most" }, { resource: [TABLES] }));
    if (answer.kind !== "allow") throw new Error("it was refused");
    expect(String(answer.numbers.are)).toHaveLength(201);
  });

  test("of a tool that is not granted are not looked at", () => {
    const answer = resource(toolFacts({ resolved: "unknown" }));
    expect(answer).toMatchObject({ kind: "deny", code: "gateway.unsure" });
  });
});
