/** Our own engine. */
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { embeddedEngine } from "../../src/adapters/policy-engine/embedded/engine.ts";
import type { Clock } from "../../src/ports/clock.ts";
import {
  type PolicyDocument,
  type PolicyProblem,
  PolicyProblems,
} from "../../src/ports/policy-engine.ts";
import { policyEngineConformance } from "../../src/testing/policy-engine-conformance.ts";
import { testClock } from "../../src/testing/test-clock.ts";

policyEngineConformance(
  "embedded",
  async ({ sources }) => ({
    engine: embeddedEngine(systemClock),
    sources,
    dispose: async () => undefined,
  }),
  { strict: true, absent: "refused" },
);

interface Given {
  readonly texts: Readonly<Record<string, string>>;
  readonly data?: string;
  readonly clock?: Clock;
}

const QUERY = { path: ["a", "p"], lenient: false };

function load({ texts, clock = systemClock, data = "{}" }: Given) {
  const modules = Object.entries(texts).map(([file, text]) => ({ file, text }));
  return embeddedEngine(clock).load({ revision: "r", modules, data }, [QUERY]);
}

async function ask(given: Given, input: PolicyDocument = {}, timeoutMs = 50) {
  return (await load(given)).ask(QUERY, input, { now: 1_000_000_001n, timeoutMs });
}

async function problemsOf(given: Given): Promise<readonly PolicyProblem[]> {
  const error = await load(given).catch((caught) => caught);
  if (!(error instanceof PolicyProblems)) throw error;
  return error.problems;
}

describe("loading", () => {
  test("finds what is wrong with every file, and where", async () => {
    const texts = {
      "one.rego": "package a\n\np := {",
      "two.rego": "package a\n\nq if true\n",
      "three.rego": "package b\np if if\n",
    };
    const found = await problemsOf({ texts });
    expect(found).toMatchObject([
      { file: "one.rego", row: 3, code: "rego_parse_error" },
      { file: "three.rego", row: 2, code: "rego_parse_error" },
    ]);
  });

  test("refuses what it leaves out, naming it", async () => {
    const texts = { "a.rego": 'package a\np := http.send({"method": "get", "url": "x"})\n' };
    const message = expect.stringContaining("http.send");
    expect(await problemsOf({ texts })).toMatchObject([
      { file: "a.rego", row: 2, code: "rego_unsupported_error", message },
    ]);
  });

  test("tells of files in v0", async () => {
    const policies = await load({
      texts: { "new.rego": "package a\np if true\n", "old.rego": "package b\np { true }\n" },
    });
    expect(policies.notes).toEqual([expect.stringMatching(/^old\.rego is written in v0.*opa fmt/)]);
  });

  test.each(["", "[]", "{", '{"a": 01}', '{"a": 1} {}'])("refuses %j as data", async (data) => {
    const texts = { "a.rego": "package a\np := 1\n" };
    expect(await problemsOf({ texts, data })).toMatchObject([{ code: "data_parse_error" }]);
  });

  test.each([
    ["package a\np := 1", '{"a": {"p": 2}}', "a/p"],
    ["package a\np := 1", '{"a": {"p": {}}}', "a/p"],
    ["package a\np := 1", '{"a": 2}', "a/p"],
    ["package a\np := 1", '{"a": [2]}', "a/p"],
    ["package a\np(_) := 1", '{"a": {"p": 2}}', "a/p"],
    ["package a\np contains 1", '{"a": {"p": [2]}}', "a/p"],
    ["package a\np[x] := 1 if x := input.x", '{"a": {"p": {"y": 1}}}', "a/p"],
    ["package a\np.q.r := 1", '{"a": {"p": {"q": {"r": 1}}}}', "a/p/q/r"],
  ])("refuses a document in the place of a rule: %j with %s", async (text, data, path) => {
    const message = `conflicting rule for data path ${path} found`;
    const found = await problemsOf({ texts: { "a.rego": `${text}\n` }, data });
    expect(found).toMatchObject([{ file: "a.rego", row: 2, code: "rego_compile_error", message }]);
  });

  test("lets documents stand beside rules", async () => {
    const texts = { "a.rego": "package a\np.q := 1\nr if false\n" };
    const answer = await ask({ texts, data: '{"a": {"p": {"s": 2}, "z": 3}, "b": 1}' });
    expect(answer).toEqual({ kind: "value", value: { q: 1, s: 2 } });
  });
});

describe("asking", () => {
  test("stops when the time is over", async () => {
    const clock = testClock();
    const monotonic = () => {
      clock.advance(10);
      return clock.monotonic();
    };
    const hurried = { ...clock, monotonic };
    const texts = { "a.rego": "package a\np := count(numbers.range(1, 20000))\n" };
    expect(await ask({ texts, clock: hurried }, {}, 5)).toMatchObject({
      kind: "failed",
      code: "limit",
      because: expect.stringContaining("its time was over"),
    });
    expect(await ask({ texts, clock: hurried }, {}, 10_000)).toEqual({
      kind: "value",
      value: 20_000,
    });
  });

  test("stops after so many steps, even where time stands still", async () => {
    const pairs =
      "some x in numbers.range(1, 5000)\n some y in numbers.range(1, 5000)\n x + y == 0";
    const texts = { "a.rego": `package a\np if {\n ${pairs}\n}\n` };
    expect(await ask({ texts, clock: testClock() })).toMatchObject({
      kind: "failed",
      code: "limit",
      because: expect.stringContaining("steps"),
    });
  });

  test("has the time of the question", async () => {
    const texts = { "a.rego": "package a\np := time.now_ns()\n" };
    expect(await ask({ texts })).toEqual({ kind: "value", value: 1_000_000_001 });
  });

  test("says what failed, and where", async () => {
    const texts = { "a.rego": 'package a\np if startswith(input.x, "y")\n' };
    // OPA's own index hides this error; here nothing does.
    expect(await ask({ texts }, { x: 7 })).toEqual({
      kind: "failed",
      code: "error",
      because: expect.stringMatching(/^a\.rego:2: eval_type_error: startswith: operand 1/),
    });
  });

  test("an answer may hold a text of any size, and an error is short", async () => {
    const texts = { "a.rego": "package a\np := to_number(input.x)\n" };
    const answer = await ask({ texts }, { x: "x".repeat(100_000) });
    expect(answer.kind === "failed" && answer.because.length).toBeLessThan(2_000);
  });

  test("an input of what is no JSON is an answer that failed", async () => {
    const texts = { "a.rego": "package a\np := input.x\n" };
    for (const x of [undefined, Number.NaN, () => 1, Symbol("x")]) {
      expect(await ask({ texts }, { x })).toMatchObject({ kind: "failed", code: "error" });
    }
  });

  test("asks nothing that was not prepared", async () => {
    const policies = await load({ texts: { "a.rego": "package a\np := 1\n" } });
    const other = { path: ["a"], lenient: false };
    const answer = await policies.ask(other, {}, { now: 0n, timeoutMs: 50 });
    expect(answer).toMatchObject({ kind: "failed", code: "error" });
  });
});
