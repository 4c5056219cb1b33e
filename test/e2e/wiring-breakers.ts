/** The fields of rate limits, breakers and of how calls wait while an agent is paused. */
import { expect } from "vitest";
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

const field = (name: string) => `slipclutch.yaml breakers[].${name}`;
export const STUCK = {
  name: "repeats",
  signal: "identical_calls",
  above: { value: 3 },
  action: "trip",
};
const SURGE = {
  name: "flood",
  signal: "calls_per_tool",
  above: { value: 20 },
  for: "0s",
  action: "trip",
};
export const OFF = ["stuck", "tool-surge", "token-spike", "error-burst"].map((name) => {
  return { name, enabled: false };
});
const TRIES = 12;

/** The agent of one case: a pause is not over with the case. */
let agent = "";

/** A fresh agent with `echo`, these rules, and calls that are not held. */
export function watched(rules: readonly Json[], more: Json = {}) {
  return (settings: Settings) => {
    agent = `watched-${Math.random().toString(36).slice(2)}`;
    const named = new Set(rules.map((rule) => rule.name));
    settings.slipclutch.breakers = [...OFF.filter(({ name }) => !named.has(name)), ...rules];
    settings.slipclutch.parking = { hold_for: "0s" };
    settings.agents[agent] = { version: 1, agent, allowed_tools: [{ tool_name: "echo", ...more }] };
  };
}

/** After how many equal calls it is paused; null: not within so many. */
export async function pausedAfter(world: WiringWorld, given: (no: number) => Json = () => ({})) {
  for (let no = 0; no < TRIES; no += 1) {
    const { code } = await world.tool("echo", given(no), agent);
    if (code === "clutch.parked") return no;
  }
  return null;
}

/** Equal calls whose results differ: every other one is empty. */
async function pausedByChanging(world: WiringWorld) {
  for (let no = 0; no < TRIES; no += 1) {
    world.desk.set({ call: no % 2 === 0 ? "well" : "nothing" });
    const { code } = await world.tool("echo", {}, agent);
    if (code === "clutch.parked") return "paused";
  }
  return "went on";
}

/** Many different calls at once; whether the agent is paused soon after. */
async function pausedByBurst(world: WiringWorld, calls: number) {
  await Promise.all(Array.from({ length: calls }, (_, n) => world.tool("echo", { n }, agent)));
  const until = performance.now() + 5_000;
  for (let n = 0; performance.now() < until; n += 1) {
    const { code } = await world.tool("echo", { later: n }, agent);
    if (code === "clutch.parked") return "paused";
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return "went on";
}

function stuck(name: string, before: Json, after: Json, seen: readonly unknown[]): WiringCase {
  return differs(field(name), {
    base: watched([{ ...STUCK, ...before }]),
    set: watched([{ ...STUCK, ...after }]),
    see: (world) => pausedAfter(world),
    expect: fromTo(seen[0], seen[1]),
  });
}

function surge(name: string, before: Json, after: Json, calls = 40): WiringCase {
  return differs(field(name), {
    base: watched([{ ...SURGE, ...before }]),
    set: watched([{ ...SURGE, ...after }]),
    see: (world) => pausedByBurst(world, calls),
    expect: fromTo("paused", "went on"),
  });
}

async function alarmsOf(world: WiringWorld) {
  await pausedAfter(world);
  const answer = await world.gateway.api("GET", "/api/v1/journal?kind=breaker.alarmed");
  return ((await answer.json()) as Json).entries.filter((one: Json) => one.agent === agent).length;
}

export const BREAKER_CASES: readonly WiringCase[] = [
  differs([field("name"), field("enabled")], {
    base: watched([{ name: "stuck", enabled: true }]),
    set: watched([]),
    see: (world) => pausedAfter(world),
    expect: fromTo<number | null>(9, null),
  }),
  {
    fields: [field("signal = identical_calls"), field("signal = calls_per_tool")],
    async run(world) {
      const outcomes: (number | null)[] = [];
      for (const rule of [STUCK, SURGE]) {
        const settings = world.base();
        watched([{ ...rule, above: { value: 5 }, at_least: 5 }].map(withoutFloor))(settings);
        expect((await world.load(settings)).json.error).toBeUndefined();
        outcomes.push(await pausedAfter(world, (n) => ({ n })));
      }
      const [stuck = 0, surge = 0] = outcomes;
      // Different calls are never stuck; so many of them are a surge within a second, not at once.
      expect(stuck).toBeNull();
      if (surge === null) expect(await pausedByBurst(world, 10)).toBe("paused");
      else expect(surge).toBeGreaterThan(5);
    },
  },
  stuck("above.value", {}, { above: { value: 5 } }, [4, 6]),
  differs(field("same_result"), {
    base: watched([{ ...STUCK, same_result: false }]),
    set: watched([{ ...STUCK, same_result: true }]),
    see: pausedByChanging,
    expect: fromTo("paused", "went on"),
  }),
  differs(field("window"), {
    base: watched([{ ...STUCK, above: { value: 2 }, window: "1m" }]),
    set: watched([{ ...STUCK, above: { value: 2 }, window: "1s" }]),
    see: async (world) => {
      for (let no = 0; no < 4; no += 1) {
        const { code } = await world.tool("echo", {}, agent);
        if (code === "clutch.parked") return "paused";
        await new Promise((resolve) => setTimeout(resolve, 1_100));
      }
      return "went on";
    },
    expect: fromTo("paused", "went on"),
  }),
  {
    fields: [field("action = trip"), field("action = alert")],
    async run(world) {
      const seen: unknown[] = [];
      for (const action of ["trip", "alert"]) {
        const settings = world.base();
        watched([{ ...STUCK, action }])(settings);
        expect((await world.load(settings)).json.error).toBeUndefined();
        const paused = await pausedAfter(world);
        await new Promise((resolve) => setTimeout(resolve, 1_200));
        seen.push([action, paused, (await alarmsOf(world)) > 0]);
      }
      expect(seen).toEqual([
        ["trip", 4, true],
        ["alert", null, true],
      ]);
    },
  },
  surge("at_least", { at_least: 1 }, { at_least: 500 }),
  surge("for", { for: "0s", at_least: 1 }, { for: "1h", at_least: 1 }),
  differs("slipclutch.yaml parking.hold_for", {
    base: watched([STUCK]),
    set: (settings) => {
      watched([STUCK])(settings);
      settings.slipclutch.parking = { hold_for: "1500ms" };
    },
    see: async (world) => {
      await pausedAfter(world);
      const { ms } = await world.tool("echo", {}, agent);
      return ms > 1_400 ? "held" : "at once";
    },
    expect: fromTo("at once", "held"),
  }),
  differs("agents/*.yaml allowed_tools[].rate_limit.requests", {
    base: watched([], { rate_limit: { requests: 50, per_seconds: 60 } }),
    set: watched([], { rate_limit: { requests: 2, per_seconds: 60 } }),
    see: (world) => limitedAfter(world, 0),
    expect: fromTo<number | null>(null, 2),
  }),
  differs("agents/*.yaml allowed_tools[].rate_limit.per_seconds", {
    base: watched([], { rate_limit: { requests: 1, per_seconds: 60 } }),
    set: watched([], { rate_limit: { requests: 1, per_seconds: 1 } }),
    see: (world) => limitedAfter(world, 1_300),
    expect: fromTo<number | null>(1, null),
  }),
];

function withoutFloor({ at_least: _, ...rule }: Json): Json {
  return rule.signal === "identical_calls" ? rule : { ...rule, at_least: 5 };
}

/** After how many calls the rate limit refuses one; null: not within a few. */
async function limitedAfter(world: WiringWorld, pauseMs: number): Promise<number | null> {
  for (let no = 0; no < 4; no += 1) {
    const { code } = await world.tool("echo", { no }, agent);
    if (code === "rate-limit.exceeded") return no;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return null;
}
