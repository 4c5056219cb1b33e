import { describe, expect, test } from "vitest";
import { sqlReaderFor } from "../../../src/config/sql-parser.ts";
import { statementOf } from "../../../src/guards/sql/statement.ts";
import { READS, WRITES } from "../../support/sql-texts.ts";

const read = await sqlReaderFor(new Map([["slipclutch.yaml", "sql"]]));
if (read === null) throw new Error("libpg-query is not installed");

describe("a read", () => {
  test.each(READS)("%s", (text, ...tables) => {
    expect(read(text)).toEqual({ writes: null, tables });
  });
});

describe("a write", () => {
  const rows = WRITES.map(([text, because, tables = null]) => ({ text, because, tables }));
  test.each(rows)("$text: $because", ({ because, tables, text }) => {
    expect(read(text)).toEqual({ writes: because, tables });
  });
});

describe("a text made to break the parser", () => {
  const deep = (before: string, inner: string, after: string) => (levels: number) =>
    `${before}${inner.repeat(levels)}1${after.repeat(levels)}`;
  const SHAPES = [
    deep("select ", "(select ", ")"),
    deep("select ", "f(", ")"),
    deep("select ", "~ ", ""),
    deep("select ", "(", ")"),
    deep("select array", "[", "]"),
    deep("select ", "case when ", " then 1 end"),
    deep("select ", "exists (select ", ")"),
    (levels: number) => `select 1${"+1".repeat(levels)}`,
    (levels: number) => `select 1${"::mine".repeat(levels)}`,
    (levels: number) => `select a${" collate c".repeat(levels)}`,
    (levels: number) => `select 1${" union select 1".repeat(levels)}`,
    (levels: number) => `${"explain ".repeat(levels)}select 1`,
  ];

  test.each(SHAPES)("%# leaves it whole at any depth", (shape) => {
    for (const levels of [1, 100, 300, 499, 999, 1_001, 2_000, 4_000, 8_000]) {
      // Each time an answer: a parser that had run out of its stack would throw.
      read(shape(levels));
      expect(read("select 1")).toEqual({ writes: null, tables: [] });
    }
  });

  test("is not read beyond a length", () => {
    const long = (characters: number) => `select '${"x".repeat(characters - 9)}'`;
    expect(read(long(16_384)).writes).toBeNull();
    expect(read(long(16_385)).writes).toBe("more than 16384 characters of SQL");
  });

  test("is not read beyond a number of words that could nest", () => {
    const list = (numbers: number) => `select ${Array(numbers).fill("1").join(",")}`;
    expect(read(list(5_000)).writes).toBeNull();
    expect(read(`select 1${"+1".repeat(999)}`).writes).toBeNull();
    const why = "SQL with more than 1000 operators and keywords";
    expect(read(`select 1${"+1".repeat(1_000)}`)).toEqual({ writes: why, tables: null });
  });
});

describe("a tree", () => {
  const select = (fields: object) => ({ stmts: [{ stmt: { SelectStmt: fields } }] });

  test.each([
    ["with a field that is not known", select({ newClause: 1 }), "new clause"],
    ["with a kind that is not known", select({ targetList: [{ NewExpr: {} }] }), "new expr"],
    ["whose node has two kinds", select({ targetList: [{ A: {}, B: {} }] }), "that cannot be read"],
    ["whose node is a text", select({ targetList: ["x"] }), "that cannot be read"],
    ["whose struct is a list", select({ larg: [] }), "that cannot be read"],
    ["whose WITH has a field that is not known", select({ withClause: { x: 1 } }), "WITH"],
    ["whose table has no name", select({ fromClause: [{ RangeVar: {} }] }), "without a name"],
    ["without statements", {}, "that cannot be read"],
    ["that is none", null, "that cannot be read"],
    ["whose statement is none", { stmts: [{ stmt: 1 }] }, "no statement"],
    ["of a node that is no statement", { stmts: [{ stmt: { A_Const: {} } }] }, "a const"],
  ])("%s is a write, and hides its tables", (_, tree, why) => {
    const { tables, writes } = statementOf(tree);
    expect(writes).toContain(why);
    expect(tables).toBeNull();
  });
});

test("nothing is loaded for a folder that does not mention SQL", async () => {
  expect(await sqlReaderFor(new Map([["slipclutch.yaml", "version: 1"]]))).toBeNull();
});
