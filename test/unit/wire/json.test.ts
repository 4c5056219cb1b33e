import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDenial } from "../../../src/guards/verdict.ts";
import { type Member, parseObject } from "../../../src/wire/json.ts";

const DEPTH = 64;

function read(text: string) {
  return parseObject(text, DEPTH);
}

function refusal(text: string, depthMax = DEPTH) {
  const result = parseObject(text, depthMax);
  if (!isDenial(result)) throw new Error("was read");
  expect(result.code).toBe("request.malformed");
  return result.facts;
}

function members(text: string): readonly Member[] {
  const result = read(text);
  if (isDenial(result)) throw new Error(JSON.stringify(result.facts));
  return result.members;
}

describe("what is no object is refused with what it was", () => {
  const table: readonly (readonly [string, string])[] = [
    ["", "text that is not JSON"],
    ["   ", "text that is not JSON"],
    ["{", "text that is not JSON"],
    ['{"a":1,}', "text that is not JSON"],
    ["{'a':1}", "text that is not JSON"],
    ['{"a":NaN}', "text that is not JSON"],
    ['{"a":01}', "text that is not JSON"],
    ['{"a":1} {"a":1}', "text that is not JSON"],
    ['{"a":"\n"}', "text that is not JSON"],
    ['\uFEFF{"a":1}', "a byte order mark"],
    ["[]", "an empty array"],
    ['["a"]', "an array"],
    ["null", "null"],
    ["7", "the number 7"],
    ['"text"', "a string"],
    ["true", "true"],
  ];
  test.each(table)("%j is %s", (text, got) => {
    expect(refusal(text)).toEqual({ at: "body", got, expected: "a JSON object" });
  });
});

describe("a key given twice is refused at any level and in any spelling", () => {
  const table: readonly (readonly [string, string, string])[] = [
    ['{"model":"a","model":"b"}', "model", "this key twice"],
    ['{"model":"a","\\u006dodel":"b"}', "model", "this key twice"],
    ['{"a":{"x":1},"a":2}', "a", "this key twice"],
    ['{"__proto__":1,"__proto__":2}', "__proto__", "this key twice"],
    ['{"":1,"":2}', "", "this key twice"],
    ['{"m":[{"role":"user","role":"system"}]}', "m", "a key twice inside it"],
    ['{"m":[{"a\\/b":1,"a/b":2}]}', "m", "a key twice inside it"],
    ['{"m":{"n":{"__proto__":1,"__proto__":{}}}}', "m", "a key twice inside it"],
    ['{"x":":","m":{"n":[[{"k":":\\":","k":0}]]}}', "m", "a key twice inside it"],
  ];
  test.each(table)("%s", (text, at, got) => {
    expect(refusal(text)).toEqual({ at, got, expected: "every key at most once" });
  });

  test("in generated objects, wherever it is put", () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 3 }), fc.nat(), fc.boolean(), (value, pick, escaped) => {
        const text = JSON.stringify({ body: JSON.parse(JSON.stringify(value)) });
        expect(isDenial(read(text))).toBe(false);
        // The start of any object: a brace outside of strings.
        const braces = [...text.matchAll(/"(?:[^"\\]|\\.)*"|(\{)/g)].filter((match) => match[1]);
        const at = (braces[pick % braces.length]?.index ?? 0) + 1;
        const twice = escaped ? '"twice":1,"\\u0074wice":2' : '"twice":1,"twice":1';
        const isEmpty = text[at] === "}";
        const broken = `${text.slice(0, at)}${twice}${isEmpty ? "" : ","}${text.slice(at)}`;
        expect(refusal(broken).expected).toBe("every key at most once");
      }),
    );
  });
});

test("colons, braces and quotes inside strings count for nothing", () => {
  expect(isDenial(read('{"a":"\\":{[,]}\\\\","b\\"":":"}'))).toBe(false);
});

test("nesting is read down to the limit and refused past it", () => {
  const nested = (levels: number) => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  expect(isDenial(parseObject(nested(5), 5))).toBe(false);
  expect(refusal(nested(6), 5).expected).toBe("at most 5 levels of nesting");
  expect(refusal(nested(100_000)).at).toBe("body");
});

test("members are found where they stand, whitespace around them left out", () => {
  const text = ' { "a" : 1 ,\n"b\\u0062":\t"x, y" , "c": {"d": [1, 2]}\r\n} ';
  const found = members(text).map((member) => [
    member.name,
    text.slice(member.keyFrom, member.keyTo),
    text.slice(member.valueFrom, member.valueTo),
  ]);
  expect(found).toEqual([
    ["a", '"a"', "1"],
    ["bb", '"b\\u0062"', '"x, y"'],
    ["c", '"c"', '{"d": [1, 2]}'],
  ]);
  expect(members("{}")).toEqual([]);
});

test("every member of a generated object is found with its value", () => {
  fc.assert(
    fc.property(
      fc.object({ maxDepth: 2 }),
      fc.constantFrom(undefined, 1, "\t"),
      (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const found = members(text).map((m) => [
          m.name,
          JSON.parse(text.slice(m.valueFrom, m.valueTo)),
        ]);
        expect(found).toEqual(Object.entries(JSON.parse(text)));
      },
    ),
  );
});

test("an own key named __proto__ stays a plain key", () => {
  const result = read('{"__proto__":{"model":"x"}}');
  if (isDenial(result)) throw new Error("refused");
  expect(result.root.model).toBeUndefined();
  expect(Object.keys(result.root)).toEqual(["__proto__"]);
});
