/** What an approval asks, as far as it can be told from a request that may be anything. */
import { describe, expect, test } from "vitest";
import {
  askedName,
  evidenceText,
  isOfModel,
  lastSaid,
  reasonsOf,
  requestFacts,
} from "../../../dashboard/words/evidence.ts";

const asks = (given: unknown, more: object = {}) => ({
  evidence: { model: "m", task: "t", arguments: given, ...more },
});

describe("an approval", () => {
  test("is of a model or of a tool, by its name", () => {
    expect(isOfModel(asks({}))).toBe(true);
    expect(askedName(asks({}))).toBe("the model m");
    const tool = { evidence: { server: "desk", tool: "save", arguments: { model: "m" } } };
    expect([isOfModel(tool), askedName(tool)]).toEqual([false, "save"]);
    for (const evidence of [null, "text", 7, undefined, []]) {
      expect(isOfModel({ evidence })).toBe(false);
      expect([evidenceText({ evidence }, "tool"), reasonsOf({ evidence })]).toEqual(["", []]);
    }
  });

  test("says why, in the policy's words alone", () => {
    expect(reasonsOf(asks({}, { reasons: ["it is long", 7, null, "it is dear"] }))).toEqual([
      "it is long",
      "it is dear",
    ]);
    expect(reasonsOf(asks({}, { reasons: "it is long" }))).toEqual([]);
  });
});

describe("a request to a model", () => {
  test("is told by its limits, its messages and its tools, in both formats", () => {
    const chat = {
      ...{ max_completion_tokens: 4_000, n: 2, messages: [{}, {}] },
      tools: [{ type: "function", function: { name: "save" } }, { type: "custom" }, {}],
    };
    expect(requestFacts(asks(chat))).toEqual([
      ["Answers with at most", "4,000 tokens"],
      ["Answers", "2"],
      ["Messages", "2"],
      ["Tools offered", "save, custom, one without a name"],
    ]);
    const tools = Array.from({ length: 14 }, (_, no) => ({ name: `t${no}` }));
    const [most, , names] = requestFacts(asks({ max_tokens: 16, messages: [{}], tools }));
    expect(most).toEqual(["Answers with at most", "16 tokens"]);
    expect(names?.[1]).toMatch(/^t0, .*, t11 and 2 more$/);
  });

  test("that is cut, or of another form, is told as far as it is known", () => {
    for (const given of ['{"model":"m",…', null, [], { messages: "x", tools: {}, n: "2" }]) {
      expect(requestFacts(asks(given))).toEqual([]);
      expect(lastSaid(asks(given))).toBeNull();
    }
  });

  test("shows its newest message: text, blocks of text, or what a tool has answered", () => {
    const said = (content: unknown) =>
      lastSaid(
        asks({
          messages: [
            { role: "user", content: "old" },
            { role: "user", content },
          ],
        }),
      );
    expect(said("new")).toEqual({ role: "user", text: "new" });
    const blocks = [
      { type: "text", text: "one" },
      { type: "tool_result", content: "two" },
      { type: "tool_result", content: [{ type: "text", text: "three" }, { type: "image" }] },
      { type: "image" },
    ];
    expect(said(blocks)?.text).toBe("one\n\ntwo\n\nthree");
    expect(said([{ type: "image" }])).toBeNull();
    expect(said("x".repeat(2_000))?.text).toBe(`${"x".repeat(1_500)}…`);
  });
});
