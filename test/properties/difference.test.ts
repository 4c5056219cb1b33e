/** What is told as different between two values is all of it, and nothing else. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Difference, differencesOf } from "../../src/guards/tool/difference.ts";
import { readPointer } from "../../src/guards/tool/pointer.ts";

/** Names with what a pointer escapes, and those that every object has by itself. */
const name = fc.constantFrom("a", "b", "0", "", "/", "~", "~1", "__proto__", "constructor");
const value = fc.letrec((tie) => ({
  leaf: fc.constantFrom<unknown>(null, true, 0, 1, 0.5, "", "x", "1"),
  list: fc.array(tie("any"), { maxLength: 4 }),
  map: fc
    .array(fc.tuple(name, tie("any")), { maxLength: 4 })
    .map((entries) => JSON.parse(`{${entries.map(memberText).join(",")}}`)),
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    tie("list"),
    tie("map"),
  ),
})).any;

function memberText([key, inner]: readonly [string, unknown]): string {
  return `${JSON.stringify(key)}:${JSON.stringify(inner)}`;
}

/** By hand, from the differences alone. */
function applied(was: unknown, differences: readonly Difference[]): unknown {
  // Of a list the last parts go first: the others keep their places.
  const gone = differences.filter((one) => !("is" in one)).toReversed();
  const rest = differences.filter((one) => "is" in one);
  return [...gone, ...rest].reduce<unknown>(
    (whole, one) => replaced(whole, one.path.split("/").slice(1), one),
    was,
  );
}

function replaced(whole: unknown, tokens: readonly string[], one: Difference): unknown {
  const [token, ...inside] = tokens;
  if (token === undefined) return one.is;
  const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
  const parts = new Map(Object.entries(Object(whole)));
  if (inside.length === 0 && !("is" in one)) parts.delete(key);
  else parts.set(key, replaced(parts.get(key), inside, one));
  if (Array.isArray(whole)) return [...parts.values()];
  return JSON.parse(`{${[...parts].map(memberText).join(",")}}`);
}

test("put upon what was, the differences make what is; equal values have none", () => {
  fc.assert(
    fc.property(value, value, (was, is) => {
      expect(applied(was, differencesOf(was, is))).toEqual(is);
      expect(differencesOf(was, structuredClone(was))).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test("each says what stands at its place, before and after, and no two are of one place", () => {
  fc.assert(
    fc.property(value, value, (was, is) => {
      const differences = differencesOf(was, is);
      for (const one of differences) {
        expect(readPointer(was, one.path)).toEqual(one.was);
        expect(readPointer(is, one.path)).toEqual(one.is);
      }
      const paths = differences.map(({ path }) => path);
      expect(new Set(paths).size).toBe(paths.length);
      for (const path of paths) {
        expect(paths.filter((other) => other.startsWith(`${path}/`))).toEqual([]);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("what is nested too deep differs as a whole, without an end to the stack", () => {
  const deep = (inner: unknown) => {
    let whole = inner;
    for (let depth = 0; depth < 10_000; depth += 1) whole = [whole];
    return whole;
  };
  const [one, ...others] = differencesOf({ a: deep(1) }, { a: deep(2) });
  expect(others).toEqual([]);
  expect(one?.path.startsWith("/a/0/0/0")).toBe(true);
});
