/** Values inside arguments and results: what a pointer finds, and the one text of a value. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, DEPTH_MAX } from "../../../src/guards/tool/canonical.ts";
import { readPointer } from "../../../src/guards/tool/pointer.ts";

describe("a pointer", () => {
  // RFC 6901, section 5.
  const document = JSON.parse(
    '{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8,"~1":9}',
  );

  test.each<[string, unknown]>([
    ["", document],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
    ["/~01", 9],
  ])("%j finds what it names", (pointer, found) => {
    expect(readPointer(document, pointer)).toEqual(found);
  });

  test.each([
    "foo",
    "#/foo",
    "/foo/-",
    "/foo/00",
    "/foo/2",
    "/foo/-1",
    "/foo/1e0",
    "/foo/length",
    "/foo/0/x",
    "/foo/0/length",
    "/constructor",
    "/__proto__",
    "/toString/name",
    "/m~n",
    "/m~2n",
    "/nothing/at/all",
    "/a/b",
  ])("%j finds nothing", (pointer) => {
    expect(readPointer(document, pointer)).toBeUndefined();
  });

  test("finds every part of any value by the way that leads there", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const visit = (part: unknown, pointer: string): void => {
          expect(readPointer(value, pointer)).toBe(part);
          if (typeof part !== "object" || part === null) return;
          for (const [key, child] of Object.entries(part)) {
            visit(child, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
          }
        };
        visit(value, "");
      }),
    );
  });
});

describe("the canonical text", () => {
  test.each<[unknown, string]>([
    [{ b: 1, a: [true, null, "x"] }, '{"a":[true,null,"x"],"b":1}'],
    [
      { "\u20ac": 1, "\r": 2, "1": 3, "\ud83d\ude00": 4, ö: 5, "\ufb33": 6 },
      '{"\\r":2,"1":3,"ö":5,"€":1,"😀":4,"\ufb33":6}',
    ],
    [[-0, 1e21, 1e-7, 2 ** 53 + 1, 1.0], "[0,1e+21,1e-7,9007199254740992,1]"],
    ["\ud800", '"\\ud800"'],
    [JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
  ])("of %j", (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  test.each([
    [undefined],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [1n],
    [() => 1],
    [Symbol.iterator],
    [[undefined]],
    [{ a: undefined }],
    [{ a: [{ b: Number.NaN }] }],
  ])("does not exist of what is no JSON", (value) => {
    expect(canonicalJson(value)).toBeNull();
  });

  test("ends where it is too deep, long before the stack does", () => {
    const nested = (depth: number) => JSON.parse("[".repeat(depth) + "]".repeat(depth));
    expect(canonicalJson(nested(DEPTH_MAX))).toHaveLength(2 * DEPTH_MAX);
    expect(canonicalJson(nested(DEPTH_MAX + 1))).toBeNull();
    expect(canonicalJson(nested(5_000))).toBeNull();
    expect(canonicalJson({ a: { b: 1 } }, 2)).toBe('{"a":{"b":1}}');
    expect(canonicalJson({ a: { b: 1 } }, 1)).toBeNull();
  });

  test("is that of the same value with its keys in any order, and of no other", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const text = canonicalJson(one) ?? "";
        expect(canonicalJson(reversed(one))).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
        expect(canonicalJson(other) === text).toBe(same);
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(reversed);
  const entries = Object.entries(value).map(([key, child]) => [key, reversed(child)]);
  return Object.fromEntries(entries.reverse());
}

/** Pairs instead of objects: their keys have no order of their own. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).map(([key, child]) => [key, sorted(child)] as const);
  return { pairs: entries.sort(([a], [b]) => (a < b ? -1 : 1)) };
}
