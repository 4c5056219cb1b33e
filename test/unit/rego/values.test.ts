import { describe, expect, it } from "vitest";
import {
  difference,
  floatOf,
  numberOfFloat,
  product,
  quotient,
  sum,
} from "../../../src/rego/values/binary-float.ts";
import { valueOfJson } from "../../../src/rego/values/document.ts";
import { JsonError, jsonText, parseJson } from "../../../src/rego/values/json.ts";
import {
  compareNumbers,
  Decimal,
  numberOf,
  numberText,
  wholeOf,
} from "../../../src/rego/values/number.ts";
import { quoted, regoText } from "../../../src/rego/values/text.ts";
import {
  compare,
  equal,
  keyOf,
  objectOf,
  setOf,
  type Value,
} from "../../../src/rego/values/value.ts";

const calculated = (operation: typeof sum, a: string, b: string): string =>
  numberText(numberOfFloat(operation(floatOf(numberOf(a)), floatOf(numberOf(b)))));

describe("numbers, against what opa 1.22.2 prints", () => {
  it.each([
    [quotient, "1", "3", "0.33333333333333333334"],
    [quotient, "2", "3", "0.6666666666666666667"],
    [quotient, "3", "2", "1.5"],
    [quotient, "100000000000000000000", "3", "33333333333333333334"],
    [sum, "0.1", "0.2", "0.3"],
    [product, "1.1", "1.1", "1.21"],
    [product, "0.1", "3", "0.3"],
    [sum, "1e-7", "0", "1e-07"],
    [product, "1e22", "1.5", "15000000000000000000000"],
    [difference, "0.3", "0.1", "0.20000000000000000002"],
    [product, "1e-5", "1e-200", "1e-205"],
    [product, "1.5e300", "3.7e250", `555${"0".repeat(548)}`],
    [quotient, "1e19", "7", "1.4285714285714285714e+18"],
    [product, "3.3333333333333333333333", "3", "10"],
    [sum, "1234567.5", "0", "1.2345675e+06"],
  ] as const)("%o of %s and %s is %s", (operation, a, b, expected) => {
    expect(calculated(operation, a, b)).toBe(expected);
  });

  it("are read at once, however many zeros they have", () => {
    const digits = `1${"0".repeat(1_000_000)}1`;
    expect(numberOf(digits)).toMatchObject({ digits, magnitude: digits.length });
  });

  it("keep their digits and compare by their value", () => {
    expect(numberText(numberOf("1.50"))).toBe("1.50");
    expect(numberOf("1e3")).toBeInstanceOf(Decimal);
    for (const same of ["1.0", "1e0", "10e-1", "0.1e1"]) {
      expect(equal(numberOf(same), 1)).toBe(true);
      expect(keyOf(numberOf(same))).toBe(1);
    }
    expect(compareNumbers(numberOf("1e400"), numberOf("1e399"))).toBeGreaterThan(0);
    expect(compareNumbers(numberOf("-1e400"), 5)).toBeLessThan(0);
    expect(compareNumbers(numberOf("0.1"), numberOf("0.10"))).toBe(0);
    expect(compareNumbers(numberOf("9007199254740993"), numberOf("9007199254740992"))).toBe(1);
    expect(compareNumbers(numberOf("1e1000000000"), numberOf("2e999999999"))).toBeGreaterThan(0);
    expect(keyOf(numberOf("-0.0"))).toBe(0);
    expect(wholeOf(numberOf("1e30"))).toBe(10n ** 30n);
    expect(wholeOf(numberOf("1.5"))).toBeUndefined();
  });
});

describe("values", () => {
  const ordered: readonly Value[] = [
    null,
    false,
    true,
    -1,
    numberOf("0.5"),
    1,
    "",
    "Z",
    "a",
    "\ufb00",
    "\u{1d4b3}",
    [],
    [1],
    [1, 2],
    [2],
    objectOf([]),
    objectOf([["a", 1]]),
    objectOf([["a", 2]]),
    objectOf([["b", 0]]),
    setOf([]),
    setOf([1, 3]),
    setOf([2]),
  ];

  it("have one order over all types", () => {
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) {
        expect(Math.sign(compare(a, b)), `${regoText(a)} and ${regoText(b)}`).toBe(
          Math.sign(i - j),
        );
        expect(equal(a, b)).toBe(i === j);
        expect(keyOf(a) === keyOf(b)).toBe(i === j);
      }
    }
  });

  it("are keys of objects, whatever their type", () => {
    const object = objectOf([
      ["1", "text"],
      [1, "number"],
      [[1, "a"], "list"],
      [null, "nothing"],
      ["\u0000[1;", "odd"],
    ]);
    expect(object.size).toBe(5);
    expect(object.get(1)).toBe("number");
    expect(object.get("1")).toBe("text");
    expect(object.get([numberOf("1.0"), "a"])).toBe("list");
    expect(object.get("\u0000[1;")).toBe("odd");
    expect(regoText(object)).toBe(
      '{null: "nothing", 1: "number", "\\x00[1;": "odd", "1": "text", [1, "a"]: "list"}',
    );
  });

  it("stay the first of equal elements", () => {
    expect(regoText(setOf([numberOf("1.0"), 1, 2]))).toBe("{1.0, 2}");
  });

  it("are printed as Go quotes them", () => {
    expect(quoted('a"\\\n\u0001é\u{1d4b3}\u200b')).toBe('"a\\"\\\\\\n\\x01é\u{1d4b3}\\u200b"');
  });
});

describe("JSON", () => {
  it("keeps every digit and sorts keys", () => {
    const text = '{"b":[1.0,1e3,12345678901234567890,-0],"a":{"\\u0000":null,"é":true}}';
    expect(jsonText(parseJson(text))).toBe(
      '{"a":{"\\u0000":null,"é":true},"b":[1.0,1e3,12345678901234567890,-0]}',
    );
  });

  it("makes arrays of sets and text of keys", () => {
    expect(jsonText(objectOf([[[1, setOf([2])], setOf(["b", "a"])]]))).toBe(
      '{"[1,[2]]":["a","b"]}',
    );
  });

  it("has no halves of pairs of surrogates", () => {
    expect(jsonText("a\udcff")).toBe('"a\ufffd"');
    expect(valueOfJson("a\udcff")).toBe("a\ufffd");
  });

  it("reads what JSON.parse made", () => {
    expect(jsonText(valueOfJson({ a: [1, 1.5, 1e21, null, "x"] }))).toBe(
      '{"a":[1,1.5,1e+21,null,"x"]}',
    );
  });

  it("has no halves of characters, in texts or in names", () => {
    const json = JSON.parse(
      '{"\\ud800":1,"a":"x\\udfff","\\ud801":{"\\ud83d\\ude00":2},"\ufffd":3}',
    );
    const read = valueOfJson(json);
    const parsed = parseJson(JSON.stringify(json));
    expect(jsonText(read)).toBe('{"a":"x\ufffd","\ufffd":3}');
    expect(equal(read, parsed)).toBe(true);
    expect(equal(parsed, read)).toBe(true);
    expect(compare(valueOfJson({ "\ud800": 1 }), parseJson('{"\ufffd":1}'))).toBe(0);
    expect(jsonText(valueOfJson({ "\ud83d\ude00": 2 }))).toBe('{"\ud83d\ude00":2}');
  });

  it.each(["", "{", "[1,]", '{"a" 1}', "01", "1.", "nul", '"\n"', "1 2", "[1 2]", '"\\x"'])(
    "refuses %j",
    (text) => {
      expect(() => parseJson(text)).toThrow(JsonError);
    },
  );

  it("refuses what is nested too deeply", () => {
    expect(() => parseJson("[".repeat(2_000))).toThrow(/nested too deeply/);
  });
});
