import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { GENERAL } from "../../../src/rego/builtins/general.ts";
import { SIGNATURES } from "../../../src/rego/builtins/signatures.ts";
import { WALK } from "../../../src/rego/builtins/walk.ts";
import { compare, type Value } from "../../../src/rego/values/value.ts";
import { answerOf, countingCall } from "../../support/rego-calls.ts";

/** `[call, answer]` a line: what opa 1.22.2 answered, errors without the name of the built-in. */
const ANSWERS = readFileSync(new URL("answers/general.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line): [string, string] => JSON.parse(line));

describe("a call is answered as opa answers it", () => {
  const byName = Map.groupBy(ANSWERS, ([call]) => call.slice(0, call.indexOf("(")));
  test.each([...byName])("%s", (_, answers) => {
    expect(answers.map(([call]) => [call, answerOf(call)])).toEqual(answers);
  });

  it("for every built-in, of which opa knows each", () => {
    const names = [...Object.keys(GENERAL), ...Object.keys(WALK)];
    expect(names.filter((name) => SIGNATURES[name] === undefined && !isV0(name))).toEqual([]);
    const unasked = names.filter((name) => !byName.has(name));
    expect(unasked).toEqual(
      ["internal.template_string", "internal.member_3"].sort(inOrderOf(names)),
    );
  });
});

const isV0 = (name: string) =>
  ["all", "any", "set_diff"].includes(name) || name.startsWith("cast_");

const inOrderOf = (names: readonly string[]) => (a: string, b: string) =>
  names.indexOf(a) - names.indexOf(b);

describe("a call that the evaluator makes", () => {
  test.each([
    ['internal.member_3(0, "a", ["a"])', "true"],
    ["internal.member_3(1.0, 2, [1, 2])", "true"],
    ["internal.member_3(1, 1, {1})", "true"],
    ["internal.member_3(1, 2, {1, 2})", "false"],
    ['internal.member_3("k", 1, {"k": 1})', "true"],
    ["internal.member_3(0, 1, 1)", "false"],
    [
      'internal.template_string(["a ", {1.50}, " ", set(), {["x"]}, {"y"}])',
      '"a 1.50 <undefined>[\\"x\\"]y"',
    ],
    [
      "internal.template_string([{1, 2}])",
      "!! eval_conflict_error: template-strings must not produce multiple outputs",
    ],
  ])("%s is %s", (call, answer) => {
    expect(answerOf(call)).toBe(answer);
  });
});

describe("what opa answers and this engine does not", () => {
  test.each([
    // Its spelling of these numbers is no JSON.
    ['to_number("+5")', "5"],
    ['to_number(".5")', "0.5"],
    ['to_number("007")', "7"],
    ['to_number("0x1p4")', '!! eval_builtin_error: "0x1p4" is not read as a number here'],
    ['to_number("1_0")', '!! eval_builtin_error: "1_0" is not read as a number here'],
    // Its answer is wrong: a path through what an earlier operation moved.
    [
      'json.patch([{"a": 1}, {"b": 2}], [{"op": "remove", "path": "/0"}, {"op": "add", "path": "/0/c", "value": 3}])',
      "!! eval_builtin_error: json.patch: a path through an element that an earlier operation moved",
    ],
    // It panics.
    [
      'json.patch({}, [{"op": "remove", "path": ""}])',
      "!! eval_builtin_error: json.patch: nothing is left, at which OPA breaks off",
    ],
    [
      'sprintf("%x", [1.5])',
      "!! eval_builtin_error: sprintf: %x of a fraction is not supported here",
    ],
    [
      'sprintf("%#g", [1.5])',
      "!! eval_builtin_error: sprintf: %#g of a fraction is not supported here",
    ],
    [
      'sprintf("%p", [18446744073709551616])',
      "!! eval_builtin_error: sprintf: %p of a large number is not supported here",
    ],
    [
      'strings.render_template("{{printf .a}}", {})',
      "!! eval_builtin_error: strings.render_template: printf is not supported here",
    ],
    [
      'strings.render_template("{{if .a}}", {})',
      "!! eval_builtin_error: strings.render_template: a block without an {{end}} is not supported here",
    ],
    [
      'strings.render_template("{{.a}}{{define \\"t\\"}}", {})',
      "!! eval_builtin_error: strings.render_template: define is not supported here",
    ],
    // The bytes of what falls apart are shown as they are printed.
    ['replace("é", "", "-")', '"-\ufffd-\ufffd-"'],
    ["numbers.range(1, 1e12)", "!! eval_limit_error: charged"],
    ["bits.lsh(1, 1e9)", "!! eval_limit_error: charged"],
    ["bits.lsh(1, 200000)", "!! eval_limit_error: a shift by 200000 bits is too far"],
    ["plus(1.5, 1e-30000)", "!! eval_limit_error: number is too large to calculate with: 1e-30000"],
    [
      `json.unmarshal("${"[".repeat(2000)}")`,
      "!! eval_limit_error: JSON nested too deeply at offset 1001",
    ],
    [
      `json.is_valid("${"[".repeat(2000)}")`,
      "!! eval_limit_error: JSON nested too deeply at offset 1001",
    ],
    ['json.unmarshal("[1e40000]")', "! eval_builtin_error: invalid number: number too big"],
  ])("%s is %s", (call, answer) => {
    expect(answerOf(call)).toBe(answer);
  });
});

describe("work that may be more than its operands is charged before it is done", () => {
  const long = "a".repeat(1_000);
  const layers = Array.from(
    { length: 12 },
    (_, i) => `"${i}": ["${i + 1}", "${i + 1}b"], "${i}b": ["${i + 1}", "${i + 1}b"]`,
  );
  test.each([
    ["numbers.range(1, 90000)", 90_000],
    ["numbers.range_step(0, 90000, 2)", 45_001],
    ["bits.lsh(1, 64000)", 1_000],
    [`concat("${long}", ["", "", "", ""])`, 250],
    [`replace("aaaa", "a", "${long}")`, 252],
    [`replace("aaaa", "", "${long}")`, 250],
    [`indexof_n("${long}", "${"a".repeat(500)}")`, 501 * 32],
    ['sprintf("%160000d", [1])', 10_000],
    [`json.marshal_with_options([1, [2]], {"indent": "${long}"})`, 400],
    [`graph.reachable_paths({${layers.join(", ")}}, ["0"])`, 2 ** 12],
    [`strings.any_prefix_match(["b", "c"], ["d", "e", "f"])`, 6],
    ["walk([[1, 2], [3, 4]])", 10],
    [`contains("${long}", "${long}")`, 244],
    [`indexof("${long}", "${long}")`, 244],
    [`split("${long}", "${long}")`, 244],
    [`strings.count("${long}", "${long}")`, 244],
    [`strings.replace_n({"${long}": "", "${long}b": ""}, "${long}")`, 488],
    [`strings.render_template("{{range .a}}${long}{{end}}", {"a": [1, 2, 3]})`, 189],
    ["product([18446744073709551617, 18446744073709551617])", 2],
  ])("%s", (text, least) => {
    const call = countingCall();
    answerOf(text, call);
    expect(call.charged).toBeGreaterThanOrEqual(least);
    expect(call.charged).toBeLessThan(least * 40);
    expect(answerOf(text, countingCall(least - 1))).toBe("!! eval_limit_error: charged");
  });

  it("nor does a product grow without end", () => {
    const factors = Array.from({ length: 1_500 }, () => "18446744073709551617");
    expect(answerOf(`product([${factors}])`)).toBe("!! eval_limit_error: product is too large");
  });

  it("a graph whose paths would be more than any memory is given up", () => {
    const nodes = Array.from({ length: 20 }, (_, i) => `"${i}"`);
    const graph = nodes.map((node) => `${node}: [${nodes}]`);
    expect(answerOf(`graph.reachable_paths({${graph}}, ["0"])`)).toBe(
      "!! eval_limit_error: charged",
    );
    expect(answerOf(`count(graph.reachable({${graph}}, ["0"]))`)).toBe("20");
  });
});

it("walk makes only what is asked for", () => {
  const wide = Array.from({ length: 1_000 }, (_, i): Value => [i]);
  const call = countingCall();
  for (const part of WALK.walk?.([wide], call) ?? []) {
    expect(part).toEqual([[], wide]);
    break;
  }
  expect(call.charged).toBe(0);
});

describe("upper and lower case are Go's", () => {
  test.each([
    ["ß", "ß", "ß"],
    ["ŉ", "ŉ", "ŉ"],
    ["ΐ", "ΐ", "ΐ"],
    ["ﬁ", "ﬁ", "ﬁ"],
    ["ᾀᾐᾠᾳῃῳ", "ᾈᾘᾨᾼῌῼ", "ᾀᾐᾠᾳῃῳ"],
    ["ᾈ", "ᾈ", "ᾀ"],
    ["İ", "İ", "i"],
    ["ı", "I", "ı"],
    ["ΟΔΟΣ", "ΟΔΟΣ", "οδοσ"],
    ["ǅ", "Ǆ", "ǆ"],
    ["𐐨", "𐐀", "𐐨"],
    // Letters that came after Unicode 15.
    [
      "\u1c8a\ua7cd\u{10d70}\u{16ebb}\u019b\u0264",
      "\u1c8a\ua7cd\u{10d70}\u{16ebb}\u019b\u0264",
      "\u1c8a\ua7cd\u{10d70}\u{16ebb}\u019b\u0264",
    ],
    [
      "\u1c89\ua7cb\u{10d50}\u{16ea0}\ua7dc",
      "\u1c89\ua7cb\u{10d50}\u{16ea0}\ua7dc",
      "\u1c89\ua7cb\u{10d50}\u{16ea0}\ua7dc",
    ],
  ])("%s", (text, upper, lower) => {
    expect(GENERAL.upper?.([text], countingCall())).toBe(upper);
    expect(GENERAL.lower?.([text], countingCall())).toBe(lower);
  });
});

describe("whole numbers are exact", () => {
  const whole = fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }));
  const seed = { seed: 8 };
  test.each([
    ["plus", (a: bigint, b: bigint) => a + b],
    ["minus", (a: bigint, b: bigint) => a - b],
    ["mul", (a: bigint, b: bigint) => a * b],
    ["rem", (a: bigint, b: bigint) => a % b],
    ["bits.xor", (a: bigint, b: bigint) => a ^ b],
  ])("%s", (name, expected) => {
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        fc.pre(name !== "rem" || BigInt(b) !== 0n);
        const result = expected(BigInt(a), BigInt(b));
        expect(answerOf(`${name}(${a}, ${b})`)).toBe(String(result));
      }),
      seed,
    );
  });
});

it("sort puts every list into the order of values", () => {
  const scalar = fc.oneof(fc.maxSafeInteger(), fc.string(), fc.boolean(), fc.constant(null));
  const value: fc.Arbitrary<Value> = fc.oneof(scalar, fc.array(scalar));
  fc.assert(
    fc.property(fc.array(value), (list) => {
      const sorted = GENERAL.sort?.([list], countingCall());
      const pairs = Array.isArray(sorted)
        ? sorted.slice(1).map((each, i) => [sorted[i], each])
        : [];
      expect(pairs.every(([a, b]) => compare(a ?? null, b ?? null) <= 0)).toBe(true);
      expect(Array.isArray(sorted) && sorted.length).toBe(list.length);
    }),
    { seed: 8 },
  );
});
