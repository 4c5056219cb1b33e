import { describe, expect, test } from "vitest";
import { systemChance, systemClock } from "../../../src/adapters/clock/system.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

describe("the test clock", () => {
  test("runs timers in the order of their times, each at its time", () => {
    const clock = testClock(1_000);
    const ran: string[] = [];
    const note = (name: string) => () => ran.push(`${name}@${clock.wall()}`);
    clock.after(30, note("c"));
    clock.after(10, note("a"));
    clock.after(10, note("b"));
    clock.after(50, note("late"));
    clock.advance(40);
    expect(ran).toEqual(["a@1010", "b@1010", "c@1030"]);
    expect(clock.wall()).toBe(1_040);
    expect(clock.waiting).toBe(1);
  });

  test("runs what a timer arms on the way, and not what was cancelled", () => {
    const clock = testClock();
    const ran: number[] = [];
    const tick = () => {
      ran.push(clock.monotonic());
      clock.after(10, tick);
    };
    clock.after(10, tick);
    const cancel = clock.after(15, () => ran.push(-1));
    cancel();
    clock.advance(35);
    expect(ran).toEqual([10, 20, 30]);
  });

  test("steps the wall alone, forwards and backwards", () => {
    const clock = testClock(1_000);
    let ran = false;
    clock.after(5, () => {
      ran = true;
    });
    clock.step(1_000_000);
    expect(clock.wall()).toBe(1_001_000);
    clock.step(-2_000_000);
    expect(clock.wall()).toBe(-999_000);
    expect(clock.monotonic()).toBe(0);
    expect(ran).toBe(false);
  });
});

describe("the machine's clock and chance", () => {
  test("calls once after the time given, unless cancelled", async () => {
    const ran: string[] = [];
    const cancel = systemClock.after(5, () => ran.push("cancelled"));
    cancel();
    const startedAt = systemClock.monotonic();
    const hold = setInterval(() => undefined, 1_000);
    await new Promise<void>((resolve) => systemClock.after(20, resolve));
    clearInterval(hold);
    expect(systemClock.monotonic() - startedAt).toBeGreaterThan(15);
    expect(ran).toEqual([]);
  });

  test("waits longer than a timer of Node can", () => {
    const cancel = systemClock.after(2 ** 40, () => {
      throw new Error("it came at once");
    });
    cancel();
  });

  test("gives the bytes asked for, never the same twice", () => {
    expect(systemChance.hex(16)).toMatch(/^[0-9a-f]{32}$/);
    expect(systemChance.hex(16)).not.toBe(systemChance.hex(16));
  });
});
