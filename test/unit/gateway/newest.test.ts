/** What is remembered only as far as there is room. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Newest } from "../../../src/gateway/newest.ts";

test("what was touched last stays, as many as there is room for", () => {
  const touch = fc.record({ key: fc.constantFrom(..."abcdefgh"), value: fc.nat() });
  fc.assert(
    fc.property(fc.array(touch), fc.integer({ min: 1, max: 6 }), (touches, max) => {
      const newest = new Newest<number>(max);
      for (const { key, value } of touches) newest.set(key, value);
      const last = new Map<string, number>();
      for (const { key, value } of touches.toReversed()) {
        if (!last.has(key) && last.size < max) last.set(key, value);
      }
      expect([...newest.values()]).toEqual([...last.values()].reverse());
      for (const key of "abcdefgh") expect(newest.get(key)).toBe(last.get(key));
    }),
  );
});

test("what is taken away makes room", () => {
  const newest = new Newest<number>(2);
  newest.set("a", 1);
  newest.set("b", 2);
  newest.delete("a");
  newest.set("c", 3);
  expect([newest.size, newest.get("b"), newest.get("c")]).toEqual([2, 2, 3]);
});
