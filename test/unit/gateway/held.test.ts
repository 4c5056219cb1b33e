import { expect, test } from "vitest";
import { type Held, HeldCalls } from "../../../src/gateway/parking/held.ts";
import type { Millis } from "../../../src/guards/money.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Sleeps for as long as it is told each time; null: its waiting is over. */
class Waiting implements Held {
  readonly parked: string;
  nextAt: Millis | null = null;
  isStale = false;
  looks = 0;
  wentOn = 0;
  answers: readonly (Millis | null)[];

  constructor(parked: string, answers: readonly (Millis | null)[]) {
    this.parked = parked;
    this.answers = answers;
  }

  async look(): Promise<Millis | null> {
    const answer = this.answers[Math.min(this.looks, this.answers.length - 1)] ?? null;
    this.looks += 1;
    await settled();
    return answer;
  }

  async goOn(): Promise<void> {
    this.wentOn += 1;
  }
}

test("what is over at once is not held, and does not go on by itself", async () => {
  const held = new HeldCalls(testClock());
  const one = new Waiting("d-1", [null]);
  expect(await held.hold(one)).toBe(false);
  held.wakeAll();
  await settled();
  expect({ looks: one.looks, wentOn: one.wentOn }).toEqual({ looks: 1, wentOn: 0 });
  expect(held.isEmpty).toBe(true);
});

test("it looks when its time has come, and goes on once when its waiting is over", async () => {
  const clock = testClock();
  const held = new HeldCalls(clock);
  const one = new Waiting("d-1", [1_000, null]);
  expect(await held.hold(one)).toBe(true);
  clock.advance(999);
  await settled();
  expect(one.looks).toBe(1);
  clock.advance(1);
  await settled();
  await settled();
  held.wake(one);
  held.wakeAll();
  await settled();
  expect({ looks: one.looks, wentOn: one.wentOn }).toEqual({ looks: 2, wentOn: 1 });
  expect(held.isEmpty).toBe(true);
  expect(clock.waiting).toBe(0);
});

test("one that is woken while it looks looks once more", async () => {
  const held = new HeldCalls(testClock());
  const one = new Waiting("d-1", [60_000, 60_000, null]);
  const isHeld = held.hold(one);
  held.wake(one);
  held.wake(one);
  expect(await isHeld).toBe(true);
  expect(one.looks).toBe(2);
  held.wake(one);
  await settled();
  await settled();
  expect(one.wentOn).toBe(1);
});

test("only those are woken that it matters to", async () => {
  const held = new HeldCalls(testClock());
  const [one, other] = [new Waiting("d-1", [60_000]), new Waiting("d-2", [60_000])];
  await Promise.all([held.hold(one), held.hold(other)]);
  held.wakeAll(({ parked }) => parked === "d-2");
  await settled();
  expect([one.looks, other.looks]).toEqual([1, 2]);
});

test("thousands have one timer, and each is looked for within some milliseconds", async () => {
  const clock = testClock();
  const held = new HeldCalls(clock);
  const calls = Array.from({ length: 2_000 }, (_, no) => {
    return new Waiting(`d-${no}`, [10_000 + ((no * 7) % 2_000), null]);
  });
  await Promise.all(calls.map((one) => held.hold(one)));
  expect(clock.waiting).toBe(1);
  for (let at = 0; at < 12_000; at += 100) {
    clock.advance(100);
    await settled();
    await settled();
    const due = calls.filter(({ answers }) => Number(answers[0]) <= at + 100 - 5);
    expect(due.every(({ wentOn }) => wentOn === 1)).toBe(true);
    const early = calls.filter(({ answers }) => Number(answers[0]) > at + 100);
    expect(early.every(({ looks }) => looks === 1)).toBe(true);
  }
  clock.advance(5);
  await settled();
  await settled();
  expect(held.isEmpty).toBe(true);
  expect(clock.waiting).toBe(0);
});
