import { expect, test } from "vitest";
import { memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { Surges } from "../../../src/gateway/surges.ts";
import { Tenure } from "../../../src/gateway/tenure.ts";
import type { SurgeRule } from "../../../src/guards/breaker/rules.ts";
import { Journal } from "../../../src/telemetry/journal.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { KEY } from "../telemetry/rows.ts";

const RULE: SurgeRule = {
  signal: "calls_per_tool",
  name: "tool-surge",
  above: { kind: "value", perMinute: 60 },
  forMs: 1_000,
  atLeast: 10,
  action: "trip",
};
const RULES = { breakers: [RULE], rateLimit: () => null };
const TOOL = { server: "desk", tool: "echo" };

async function gateways(count: number) {
  const clock = testClock();
  const store = memoryStore({ clock });
  const log = createLog({ clock, write: () => {}, level: "error", form: "json" });
  const all = [];
  for (let no = 0; no < count; no += 1) {
    const id = String(no).repeat(32);
    const info = { id, host: "h", pid: 1, pidStart: "s", configuration: "c", keyId: "k" };
    await store.holders.register(info);
    const journal = new Journal({ writer: id, key: KEY, clock, others: new Map() });
    const tenure = new Tenure(id, journal, { wall: 0, monotonic: 0 });
    all.push({ surges: new Surges(store.counters, log), tenure });
  }
  return { all, clock };
}

test("counts of two gateways trip both, though neither sees enough", async () => {
  const { all, clock } = await gateways(2);
  const alarms: string[] = [];
  for (let second = 0; second < 6; second += 1) {
    for (const [no, { surges, tenure }] of all.entries()) {
      for (let call = 0; call < 12; call += 1) surges.count("a", TOOL, clock.wall());
      for (const alarm of await surges.tick(tenure, RULES, clock.wall())) {
        alarms.push(`${no} ${alarm.rule}`);
      }
    }
    clock.advance(1_000);
  }
  expect(alarms.sort()).toEqual(["0 tool-surge", "1 tool-surge"]);
});

test("one gateway below the line is no surge", async () => {
  const { all, clock } = await gateways(1);
  const [only] = all;
  for (let second = 0; second < 90; second += 1) {
    only?.surges.count("a", TOOL, clock.wall());
    expect(await only?.surges.tick(only.tenure, RULES, clock.wall())).toEqual([]);
    clock.advance(1_000);
  }
});

test("a burst before the first look is no history", async () => {
  const { all, clock } = await gateways(1);
  const [only] = all;
  const alarms: string[] = [];
  for (let call = 0; call < 90; call += 1) only?.surges.count("a", TOOL, clock.wall());
  for (let second = 0; second < 4; second += 1) {
    const seen = await only?.surges.tick(only.tenure, RULES, clock.wall());
    alarms.push(...(seen ?? []).map(({ rule }) => rule));
    clock.advance(1_000);
  }
  expect(alarms).toEqual(["tool-surge"]);
});

test("what the store knows from before a start is history", async () => {
  const { all, clock } = await gateways(2);
  const [before, after] = all;
  for (let call = 0; call < 90; call += 1) before?.surges.count("a", TOOL, clock.wall());
  await before?.surges.tick(before.tenure, RULES, clock.wall());
  clock.advance(10_000);
  for (let second = 0; second < 4; second += 1) {
    expect(await after?.surges.tick(after.tenure, RULES, clock.wall())).toEqual([]);
    clock.advance(1_000);
  }
});
