/** What several gateways count and see of one agent, put together by the store. */
import { expect, test } from "vitest";
import type { Repeated } from "../../../src/gateway/signals/repeats.ts";
import {
  type Alarm,
  type BreakerRule,
  DEFAULT_RULES,
  type LevelRule,
} from "../../../src/guards/breaker/rules.ts";
import { rulesOf, SUBJECT, TOOL, worldOf } from "./signals-world.ts";

const SURGE: LevelRule = {
  ...{ signal: "calls_per_tool", name: "tool-surge", above: { kind: "value", value: 60 } },
  ...{ windowMs: 60_000, forMs: 1_000, atLeast: 10, action: "trip" },
};
test("counts of two gateways trip both, though neither sees enough", async () => {
  const world = await worldOf(2);
  const alarms: string[] = [];
  for (let second = 0; second < 6; second += 1) {
    for (const no of [0, 1]) {
      world.calls(no, 12);
      for (const alarm of await world.tick(no, SURGE)) alarms.push(`${no} ${alarm.rule}`);
    }
    world.clock.advance(1_000);
  }
  expect(alarms.sort()).toEqual(["0 tool-surge", "1 tool-surge"]);
});

test("one gateway below the line is no surge", async () => {
  const world = await worldOf(1);
  for (let second = 0; second < 90; second += 1) {
    world.calls(0, 1);
    expect(await world.tick(0, SURGE)).toEqual([]);
    world.clock.advance(1_000);
  }
});

test("a burst before the first look is no history", async () => {
  const world = await worldOf(1);
  const alarms: Alarm[] = [];
  world.calls(0, 90);
  for (let second = 0; second < 4; second += 1) {
    alarms.push(...(await world.tick(0, SURGE)));
    world.clock.advance(1_000);
  }
  expect(alarms.map(({ rule }) => rule)).toEqual(["tool-surge"]);
});

test("what the store knows from before a start is history, and usual", async () => {
  const world = await worldOf(1);
  const usual: LevelRule = {
    ...SURGE,
    above: { kind: "average", times: 2, overMs: 600_000 },
    atLeast: 1,
  };
  for (let minute = 0; minute < 10; minute += 1) {
    world.calls(0, 90);
    await world.tick(0, usual);
    world.clock.advance(60_000);
  }
  await world.join();
  for (let second = 0; second < 4; second += 1) {
    expect(await world.tick(1, SURGE, usual)).toEqual([]);
    world.clock.advance(1_000);
  }
  world.calls(1, 170);
  expect(await world.tick(1, usual)).toEqual([]);
  world.calls(1, 30);
  const alarms: Alarm[] = [];
  for (let second = 0; second < 3; second += 1) {
    world.clock.advance(1_000);
    alarms.push(...(await world.tick(1, usual)));
  }
  expect(alarms.map(({ numbers }) => [numbers.calls, numbers.usual_per_minute])).toEqual([
    [200, 90],
  ]);
});

test("without the store a gateway goes by its own counts, and nothing counts twice after", async () => {
  const world = await worldOf(2);
  const line: LevelRule = { ...SURGE, above: { kind: "value", value: 100 } };
  await world.tick(1, line);
  world.calls(0, 50);
  await world.tick(0, line);
  await world.tick(1, line);
  world.isDown = true;
  world.calls(0, 60);
  world.clock.advance(1_000);
  expect(await world.tick(0, line)).toEqual([]);
  world.clock.advance(1_000);
  expect((await world.tick(0, line)).map(({ value }) => value)).toEqual([110]);
  expect(await world.tick(1, line)).toEqual([]);
  world.isDown = false;
  const seen: number[] = [];
  for (let second = 0; second < 4; second += 1) {
    world.clock.advance(1_000);
    expect(await world.tick(0, line)).toEqual([]);
    seen.push(...(await world.tick(1, line)).map(({ value }) => value));
  }
  expect(seen).toEqual([110]);
});

test("under a new holder what was sent before is not counted twice, nor forgotten", async () => {
  const world = await worldOf(2);
  const line: LevelRule = { ...SURGE, above: { kind: "value", value: 100 } };
  world.calls(0, 60);
  await world.tick(0, line);
  const { signals } = world.of(0);
  world.gateways[0] = { signals, tenure: await world.tenure() };
  const seen: string[] = [];
  for (let second = 0; second < 5; second += 1) {
    for (const no of [0, 1]) {
      for (const { value } of await world.tick(no, line)) seen.push(`${no} ${value}`);
    }
    if (second === 0) world.calls(0, 50);
    world.clock.advance(1_000);
  }
  // What the second gateway found when it came is history to it.
  expect(seen).toEqual(["0 110"]);
});

test("failures are seen while the window empties, and looking ends with it", async () => {
  const world = await worldOf(1);
  const burst = DEFAULT_RULES.find(({ name }) => name === "error-burst") as LevelRule;
  const { signals } = world.of(0);
  const ends = (calls: number, errors: number) => {
    signals.count(SUBJECT, "ended", world.clock.wall(), calls);
    if (errors > 0) signals.count(SUBJECT, "errors", world.clock.wall(), errors);
  };
  ends(12, 0);
  expect(await world.tick(0, burst)).toEqual([]);
  world.clock.advance(90_000);
  ends(10, 10);
  expect(await world.tick(0, burst)).toEqual([]);
  world.clock.advance(31_000);
  expect((await world.tick(0, burst)).map(({ numbers }) => numbers.errors)).toEqual([10]);
  world.clock.advance(200_000);
  expect(await world.tick(0, burst)).toEqual([]);
  world.clock.advance(200_000);
  await world.tick(0, burst);
  expect([...signals.counts.all()]).toEqual([]);
});

const STUCK = DEFAULT_RULES.find(({ name }) => name === "stuck") as BreakerRule;

function same(changes: Partial<Repeated> = {}): Repeated {
  return {
    ...{ agent: "a", task: "t", ...TOOL, digest: "d", result: "r", repeatsMax: null, news: "r" },
    ...changes,
  };
}

test("the same call at two gateways in turns is stuck, and another result at either ends it", async () => {
  const world = await worldOf(2);
  const call = async (no: number, changes: Partial<Repeated> = {}) => {
    const { signals } = world.of(no);
    const alarm = signals.repeated(same(changes), [STUCK], world.clock.wall());
    for (const each of [0, 1]) await world.tick(each, STUCK);
    world.clock.advance(1_000);
    return alarm;
  };
  const shown = (no: number) => {
    const storeNow = world.clock.wall();
    const rows = world.of(no).signals.repeats.most("a", [STUCK], { max: 5, storeNow });
    return rows.map(({ calls }) => calls);
  };
  const alarms: (Alarm | null)[] = [];
  for (let turn = 0; turn < 10; turn += 1) {
    alarms.push(await call(turn % 2));
    // Two at each, and everybody knows.
    if (turn === 4) expect([shown(0), shown(1)]).toEqual([[5], [5]]);
  }
  const first = alarms.findIndex((alarm) => alarm !== null);
  // What the other saw within the last second may not be known yet.
  expect([8, 9]).toContain(first);
  expect(alarms[first]?.value).toBe(first + 1);

  for (const { signals } of world.gateways) signals.rearm("a", rulesOf(STUCK), world.clock.wall());
  for (const no of [0, 1]) await world.tick(no, STUCK);
  for (let turn = 0; turn < 7; turn += 1) expect(await call(turn % 2)).toBeNull();
  await call(0, { result: "another" });
  await call(1, { result: "another" });
  for (let turn = 0; turn < 5; turn += 1) expect(await call(turn % 2)).toBeNull();
});

test("an agent that was idle for longer than every window gives everything back", async () => {
  const world = await worldOf(1);
  const { signals } = world.of(0);
  const call = (digest: string) => signals.repeated(same({ digest }), [STUCK], world.clock.wall());
  for (const digest of ["d", "d", "e"]) call(digest);
  world.clock.advance(599_000);
  await world.tick(0, STUCK);
  expect([...signals.repeats.agents()]).toEqual(["a"]);
  world.clock.advance(61_000);
  await world.tick(0, STUCK);
  expect([...signals.repeats.agents()]).toEqual([]);
  for (let no = 0; no < 8; no += 1) expect(call("d")).toBeNull();
  expect(call("d")?.value).toBe(9);
});

test("a task's tokens count over gateways, and what ended tasks took is usual for both", async () => {
  const world = await worldOf(2);
  const rule: BreakerRule = {
    ...{ signal: "tokens_per_task", name: "spike", atLeast: 1_000, action: "alert" },
    above: { kind: "average", times: 5, overMs: 3_600_000 },
  };
  const [one, two] = [world.of(0).signals, world.of(1).signals];
  const at = () => world.clock.wall();
  for (let no = 0; no < 20; no += 1) {
    one.tasks.add({ agent: "a", task: `t${no}`, tokens: 400 }, [rule], at());
    one.taskEnded("a", `t${no}`, at());
  }
  for (const no of [0, 1, 0, 1]) await world.tick(no, rule);
  const line = { at: 2_000, usual: 400 };
  if (rule.signal !== "tokens_per_task") throw new Error("unreachable");
  expect([one, two].map(({ tasks }) => tasks.lineOf("a", rule, at()))).toEqual([line, line]);

  expect(one.tasks.add({ agent: "a", task: "x", tokens: 1_500 }, [rule], at())).toEqual([]);
  for (const no of [0, 1]) await world.tick(no, rule);
  const [alarm] = two.tasks.add({ agent: "a", task: "x", tokens: 501 }, [rule], at());
  expect(alarm).toMatchObject({ task: "x", value: 2_001, limit: 2_000 });
  // Once a task, and it teaches nothing.
  expect(two.tasks.add({ agent: "a", task: "x", tokens: 9_000 }, [rule], at())).toEqual([]);
  two.taskEnded("a", "x", at());
  for (const no of [0, 1, 0, 1]) await world.tick(no, rule);
  expect(one.tasks.lineOf("a", rule, at())).toEqual(line);
});

test("a tool is new once, over all gateways, and is asked about again where the store was away", async () => {
  const world = await worldOf(2);
  const rule: BreakerRule = {
    ...{ signal: "new_tools", name: "new", above: 0, windowMs: 3_600_000, atLeast: 1 },
    action: "alert",
  };
  const meet = (no: number, tool: string) => world.of(no).signals.meet("a", { ...TOOL, tool });
  meet(0, "echo");
  expect(await world.tick(0, rule)).toEqual([]);
  meet(0, "ping");
  world.isDown = true;
  expect(await world.tick(0, rule)).toEqual([]);
  world.isDown = false;
  expect((await world.tick(0, rule)).map(({ tool }) => tool)).toEqual(["ping"]);
  meet(0, "ping");
  meet(1, "ping");
  meet(1, "echo");
  for (const no of [0, 1]) expect(await world.tick(no, rule)).toEqual([]);
});
