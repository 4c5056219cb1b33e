import { expect, test } from "vitest";
import { systemChance } from "../../../src/adapters/clock/system.ts";
import { Seal } from "../../../src/gateway/parking/seal.ts";

const KEY = "ab".repeat(32);

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

test.each(["", "a", "ünïcode 🙂", "x".repeat(100_000)])(
  "what was sealed comes back: %#",
  (text) => {
    const seal = new Seal(KEY, systemChance);
    expect(new Seal(KEY, systemChance).open("call", seal.close("call", text))).toBe(text);
  },
);

test("nothing of it can be read, and the same text never looks the same", () => {
  const seal = new Seal(KEY, systemChance);
  const [one, two] = [seal.close("call", "secret words"), seal.close("call", "secret words")];
  expect(Buffer.from(one).toString("latin1")).not.toContain("secret");
  expect(one).not.toEqual(two);
});

test("another call, another key, another byte and another layout are refused", () => {
  const seal = new Seal(KEY, systemChance);
  const sealed = seal.close("call", "text");
  expect(() => seal.open("other", sealed)).toThrow();
  expect(() => new Seal("cd".repeat(32), systemChance).open("call", sealed)).toThrow();
  for (let at = 0; at < sealed.length; at += 1) {
    expect(() => seal.open("call", flipped(sealed, at)), `byte ${at}`).toThrow();
  }
  for (let length = 0; length < sealed.length; length += 1) {
    expect(() => seal.open("call", sealed.subarray(0, length)), `${length} bytes`).toThrow();
  }
});
