/** Which results count as errors. */
import { describe, expect, test } from "vitest";
import { complaintOf, type Told } from "../../../src/guards/tool/complaint.ts";
import { granted } from "./tool-scenes.ts";

function told(changes: Partial<Told> = {}): Told {
  return { content: [], structuredContent: undefined, isError: false, ...changes };
}

const block = (text: string) => ({ type: "text", text });

/** What the check was asked about, and the complaint. */
function complaint(says: string | null, result: Partial<Told>) {
  const asked: unknown[] = [];
  const output = (value: unknown) => {
    asked.push(value);
    return says;
  };
  return { asked, says: complaintOf(granted("s", "t", { output }), told(result)) };
}

test("A tool that says that it failed has failed, whatever else it says", () => {
  const failed = { isError: true, structuredContent: { a: 1 } };
  const says = "the tool says that it failed";
  expect(complaint("no", failed)).toEqual({ asked: [], says });
  expect(complaintOf(granted("s", "t"), told(failed))).toBe(says);
});

test("An empty result is one where its manifest says so", () => {
  expect(complaintOf(granted("s", "t"), told())).toBeNull();
  const says = "the result is empty";
  expect(complaintOf(granted("s", "t", { emptyIsError: true }), told())).toBe(says);
});

describe("A schema is asked about", () => {
  test.each<[string, Partial<Told>, unknown]>([
    ["the structured content", { structuredContent: { a: 1 }, content: [block("2")] }, { a: 1 }],
    ["the one block of text, as JSON", { content: [block('{"a":2}')] }, { a: 2 }],
    ["null, which is a value", { content: [block("null")] }, null],
  ])("%s", (_, result, value) => {
    expect(complaint(null, result)).toEqual({ asked: [value], says: null });
    const wrong = complaint("/result must be string.", result);
    expect(wrong.says).toBe("output: /result must be string.");
  });
});

test.each<[string, Partial<Told>]>([
  ["nothing", {}],
  ["text that is no JSON", { content: [block("well done")] }],
  ["two blocks", { content: [block("1"), block("2")] }],
  ["a picture", { content: [{ type: "image", data: "" }] }],
])("%s is no value, so it fits no schema", (_, result) => {
  const says = "output: /result is no JSON value.";
  expect(complaint(null, result)).toEqual({ asked: [], says });
});

test("A result that no stack could follow is not followed", () => {
  const deep = (levels: number) => ({
    content: [block(`${"[".repeat(levels)}${"]".repeat(levels)}`)],
  });
  expect(complaint(null, deep(64)).says).toBeNull();
  for (const levels of [65, 1_000_000]) {
    const says = "output: /result is nested deeper than 64.";
    expect(complaint(null, deep(levels))).toEqual({ asked: [], says });
  }
});
