/** What policies are asked of one call of a tool. */
import { expect, test } from "vitest";
import { rememberingLast } from "../../../src/config/sql-parser.ts";
import { questionsFor, toolQuestions } from "../../../src/gateway/policies/questions.ts";
import type { Binding } from "../../../src/guards/policy/rules.ts";
import { granted, grants, toolAsk } from "../guards/tool-scenes.ts";

const binding = (resourceType: string | null): Binding => ({
  ...{ name: "b", path: ["t"], on: "tool", resourceType, tell: false },
  ...{ expose: false, lenient: false },
});

function look(tables: readonly string[]) {
  let reads = 0;
  const read = rememberingLast(() => {
    reads += 1;
    return { tables, writes: null };
  });
  const pointer = "/arguments/sql";
  const tool = granted("desk", "query", {
    sql: { pointer, read },
    resource: [
      { kind: "sql-tables", pointer, read },
      { kind: "attributes", type: "site", pointers: new Map([["area", "/arguments/area"]]) },
    ],
  });
  const ask = toolAsk({ ...tool, arguments: { sql: "table a", area: "north" } });
  const call = { ask, grants: grants([tool]), resolved: tool, offered: null };
  return {
    outer: { ...call, manifest: { agent: "ann", observing: false } },
    reads: () => reads,
  };
}

test("each policy is asked once for each resource of its type, and without one of each", () => {
  const questions = toolQuestions(look(["a", "b"]).outer);
  const typesFor = (type: string | null) =>
    questionsFor(binding(type), questions).map(({ about }) => about);
  const tables = ["database table_name=a", "database table_name=b"];
  expect(typesFor("database")).toEqual(tables);
  expect(typesFor("site")).toEqual(["site area=north"]);
  expect(typesFor("file")).toEqual([]);
  expect(typesFor(null)).toEqual([...tables, "site area=north"]);
});

test("a call's SQL is read once, however often it is looked at, and another one is read anew", () => {
  const { outer, reads } = look(["a"]);
  toolQuestions(outer);
  toolQuestions(outer);
  expect(reads()).toBe(1);
  toolQuestions({ ...outer, ask: { ...outer.ask, arguments: { sql: "table b", area: "x" } } });
  expect(reads()).toBe(2);
});
