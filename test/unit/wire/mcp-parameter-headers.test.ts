import { describe, expect, test } from "vitest";
import { parameterValues, readParameterHeaders } from "../../../src/wire/mcp-parameter-headers.ts";

const marked = (mark: unknown, type: unknown = "string") => ({ type, "x-mcp-header": mark });
const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });

describe("Marks of a schema", () => {
  test("are found along properties, as deep as they are", () => {
    const schema = object({
      region: marked("Region"),
      plain: { type: "string" },
      at: object({ n: marked("N", "integer"), deeper: object({ on: marked("On", "boolean") }) }),
    });
    expect(Object.fromEntries(readParameterHeaders(schema) ?? [])).toEqual({
      "mcp-param-Region": ["region"],
      "mcp-param-N": ["at", "n"],
      "mcp-param-On": ["at", "deeper", "on"],
    });
  });

  test("are not what only looks like one: a parameter of that name, or a value", () => {
    const named = object({ "x-mcp-header": { type: "string", enum: [{ "x-mcp-header": "A" }] } });
    expect(readParameterHeaders(named)?.size).toBe(0);
    const values = { const: marked("A"), default: marked("B"), examples: [marked("C")] };
    expect(readParameterHeaders(object({ a: values }))?.size).toBe(0);
    for (const none of [undefined, null, true, "schema", []]) {
      expect(readParameterHeaders(none)?.size).toBe(0);
    }
  });

  test.each([
    ["at the root", { ...object({}), "x-mcp-header": "A" }],
    ["in the items of a list", object({ a: { type: "array", items: marked("A") } })],
    ["in a choice", object({ a: { anyOf: [marked("A")] } })],
    ["under a condition", object({}, { if: object({ a: marked("A") }) })],
    ["in a definition", object({}, { $defs: { a: marked("A") } })],
    ["of a number", object({ a: marked("A", "number") })],
    ["of two types", object({ a: marked("A", ["string", "null"]) })],
    ["of no text", object({ a: marked(7) })],
    ["of nothing", object({ a: marked("") })],
    ["of more than a word", object({ a: marked("A b") })],
    ["of a line's end", object({ a: marked("A\r\nx-b: c") })],
    ["twice", object({ a: marked("Same"), b: marked("same") })],
  ])("that stand %s make all of them uncertain", (_, schema) => {
    expect(readParameterHeaders(schema)).toBeNull();
  });
});

test("Values are read at their places; what is not there or of another kind is left out", () => {
  const headers = new Map([
    ["a", ["text"]],
    ["b", ["at", "n"]],
    ["c", ["at", "on"]],
    ["d", ["missing", "deeper"]],
    ["e", ["null"]],
    ["f", ["at"]],
    ["g", ["half"]],
    ["h", ["text", "length"]],
  ]);
  const given = { text: "ä\n", at: { n: -7, on: false }, null: null, half: 0.5 };
  expect(parameterValues(headers, given)).toEqual([
    ["a", "ä\n"],
    ["b", "-7"],
    ["c", "false"],
  ]);
});
