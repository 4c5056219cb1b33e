import fc from "fast-check";
import { expect, test } from "vitest";
import { LineReader } from "../../../src/wire/lines.ts";
import { decode, encode } from "../../../src/wire/utf8.ts";

test("Lines are the same however their bytes are cut", () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, ""));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(20)), fc.boolean(), (lines, cuts, returns) => {
      const bytes = encode(lines.map((one) => `${one}${returns ? "\r\n" : "\n"}`).join(""));
      const reader = new LineReader(10_000);
      const read: string[] = [];
      let from = 0;
      for (const size of [...cuts, bytes.length]) {
        read.push(...reader.push(bytes.subarray(from, from + size)).map(decode));
        from += size;
      }
      expect(read).toEqual(lines);
      expect(reader.tooLong).toBe(false);
    }),
  );
});

test("A line of its bound passes, one of a byte more does not, whole or in parts", () => {
  for (const parts of [1, 2, 7]) {
    for (const [bytes, passes] of [
      [100, true],
      [101, false],
    ] as const) {
      const reader = new LineReader(100);
      const text = encode(`${"x".repeat(bytes)}\nnext\n`);
      const lines: Uint8Array[] = [];
      const size = Math.ceil(text.length / parts);
      for (let from = 0; from < text.length; from += size) {
        lines.push(...reader.push(text.subarray(from, from + size)));
      }
      expect(lines.map((line) => line.length)).toEqual(passes ? [100, 4] : []);
      expect(reader.tooLong).toBe(!passes);
    }
  }
});

test("What has no end is no line", () => {
  const reader = new LineReader(100);
  expect(reader.push(encode("half"))).toEqual([]);
  expect(reader.push(encode(" a line")).length).toBe(0);
  expect(reader.push(encode("\n\n")).map(decode)).toEqual(["half a line", ""]);
});
