/** The same hour a week ago, as gateways learn it from the store and make it known to each other. */
import { expect, test } from "vitest";
import { HOUR_MS, WEEK_MS } from "../../../src/guards/breaker/last-week.ts";
import type { Alarm, LevelRule } from "../../../src/guards/breaker/rules.ts";
import { SUBJECT, type World, worldOf } from "./signals-world.ts";

const MINUTE = 60_000;
const DAY = 24 * HOUR_MS;
const TEN = Date.parse("2026-03-02T10:00:00Z");
const RULE: LevelRule = {
  ...{ signal: "calls_per_tool", name: "weekly", above: { kind: "last-week", times: 3 } },
  ...{ windowMs: MINUTE, forMs: 1_000, atLeast: 20, action: "trip" },
};

async function look(world: World, rule = RULE): Promise<readonly Alarm[]> {
  const alarms: Alarm[] = [];
  for (const no of world.gateways.keys()) alarms.push(...(await world.tick(no, rule)));
  return alarms;
}

/** So many calls of each gateway in each of some minutes. */
async function minutes(world: World, many: number, calls: number): Promise<readonly Alarm[]> {
  const alarms: Alarm[] = [];
  for (let minute = 0; minute < many; minute += 1) {
    for (const no of world.gateways.keys()) world.calls(no, calls);
    for (let second = 0; second < 60; second += 20) {
      alarms.push(...(await look(world)));
      world.clock.advance(20_000);
    }
  }
  return alarms;
}

/** Looks now and then, calls nothing. */
async function until(world: World, at: number, everyMs = 20 * MINUTE): Promise<void> {
  while (world.clock.wall() < at) {
    await look(world);
    world.clock.advance(Math.min(everyMs, at - world.clock.wall()));
  }
}

/** At once, of each gateway; what rang within some seconds. */
async function burst(world: World, ...calls: readonly number[]): Promise<readonly Alarm[]> {
  const alarms: Alarm[] = [];
  for (const [no, many] of calls.entries()) world.calls(no, many);
  for (let second = 0; second < 4; second += 1) {
    alarms.push(...(await look(world)));
    world.clock.advance(1_000);
  }
  return alarms;
}

const seen = (alarms: readonly Alarm[]) =>
  alarms.map(({ limit, numbers, value }) => [value, limit, numbers.usual_per_minute]);

test("is what both gateways saw then, through restarts, and of the same hour alone", async () => {
  const world = await worldOf(2, TEN);
  expect(await minutes(world, 60, 5)).toEqual([]);
  await until(world, TEN + 3 * DAY);
  await world.restart();
  await until(world, TEN + WEEK_MS + 30 * MINUTE);
  await world.restart();
  expect(await burst(world, 14, 14)).toEqual([]);
  world.clock.advance(2 * MINUTE);
  // Ten a minute, so that thirty is the line; each of them sees that the other has some of it.
  expect(seen(await burst(world, 16, 15))).toEqual([
    [31, 30, 10],
    [31, 30, 10],
  ]);

  // Of eleven nothing is known: the floor is the line.
  await until(world, TEN + WEEK_MS + HOUR_MS + 5 * MINUTE, MINUTE);
  expect(seen(await burst(world, 11, 11))).toEqual([
    [22, 20, undefined],
    [22, 20, undefined],
  ]);
});

test("is read when the hour begins, and said of every moment in it", async () => {
  const world = await worldOf(1, TEN);
  await minutes(world, 60, 4);
  await minutes(world, 60, 8);
  await until(world, TEN + WEEK_MS - MINUTE);
  const usual = async () => {
    await look(world);
    return world
      .of(0)
      .signals.lastWeek.of(SUBJECT, RULE.signal)
      .map(({ count }) => count);
  };
  expect(await usual()).toEqual([]);
  world.clock.advance(MINUTE);
  expect(await usual()).toEqual([240]);
  world.clock.advance(HOUR_MS - 1);
  expect(await usual()).toEqual([240]);
  world.clock.advance(1);
  expect(await usual()).toEqual([240, 480]);
  world.clock.advance(MINUTE);
  expect(await usual()).toEqual([480]);
});

test("does not learn from a runaway, whichever gateway of several it was at", async () => {
  const world = await worldOf(2, TEN);
  await minutes(world, 20, 5);
  world.calls(0, 5);
  const alarms = await minutes(world, 10, 400);
  expect(new Set(alarms.map(({ rule }) => rule))).toEqual(new Set(["weekly"]));
  await minutes(world, 30, 5);
  await until(world, TEN + WEEK_MS + 30 * MINUTE);
  const [hour] = world.of(1).signals.lastWeek.of(SUBJECT, RULE.signal);
  // Without the runaway, the minute before it, and that in which it was over.
  expect([hour?.count, hour?.minutes]).toEqual([480, 48]);
  expect(seen(await burst(world, 31, 0))).toEqual([
    [31, 30, 10],
    [31, 30, 10],
  ]);
});

test("is a cold start's while the store cannot be asked, and is read when it can", async () => {
  const world = await worldOf(1, TEN);
  await minutes(world, 60, 10);
  await until(world, TEN + WEEK_MS + 30 * MINUTE);
  await world.restart();
  world.isDown = true;
  expect(seen(await burst(world, 21))).toEqual([[21, 20, undefined]]);
  world.isDown = false;
  world.clock.advance(2 * MINUTE);
  expect(await burst(world, 29)).toEqual([]);
  world.clock.advance(2 * MINUTE);
  expect(seen(await burst(world, 31))).toEqual([[31, 30, 10]]);
});

test("minutes that were not told while the store was away are left out when it is back", async () => {
  const world = await worldOf(1, TEN);
  await minutes(world, 20, 10);
  world.isDown = true;
  await minutes(world, 1, 400);
  world.isDown = false;
  await minutes(world, 39, 10);
  await until(world, TEN + 2 * HOUR_MS);
  const [hour] = await world.counters.hours(TEN, null);
  expect(hour?.count).toBe((hour?.minutes ?? 0) * 10);
  expect(hour?.minutes).toBeLessThan(60);
});

test("minutes are forgotten when they are added up, hours after fifteen days", async () => {
  const world = await worldOf(1, TEN);
  await minutes(world, 60, 10);
  await until(world, TEN + 4 * HOUR_MS);
  const tenure = await world.tenure();
  const left = await world.counters.merge(tenure.id, [], 0);
  expect(left).toMatchObject({ sums: [] });
  const known = async () => (await world.counters.hours(TEN, null)).length;
  await until(world, TEN + 15 * DAY - MINUTE, HOUR_MS);
  expect(await known()).toBe(1);
  await until(world, TEN + 15 * DAY + 2 * MINUTE, MINUTE);
  expect(await known()).toBe(0);
});

test("without a rule that asks for it nothing is added up, and minutes go", async () => {
  const world = await worldOf(1, TEN);
  const fixed: LevelRule = { ...RULE, above: { kind: "value", value: 1_000 } };
  for (let minute = 0; minute < 130; minute += 1) {
    world.calls(0, 5);
    await look(world, fixed);
    world.clock.advance(MINUTE);
  }
  expect(await world.counters.hours(TEN, null)).toEqual([]);
  const tenure = await world.tenure();
  const left = await world.counters.merge(tenure.id, [], 0);
  expect(left.kind === "ok" && left.sums.length).toBeLessThan(6);
});
