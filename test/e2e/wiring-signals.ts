/** Every signal that a breaker can watch, and the breakers of single agents. */
import { expect } from "vitest";
import { OFF } from "./wiring-breakers.ts";
import { differs, fromTo, isRefused, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

const ALARM_MS = 5_000;
const LOOK_MS = 200;

/** The agent of one case: what it does is not over with the case. */
let agent = "";

/** A fresh agent with two tools and a model, these rules for all and these for itself. */
function having(rules: readonly Json[], own: readonly Json[] = []) {
  return (settings: Settings) => {
    agent = `signals-${Math.random().toString(36).slice(2)}`;
    settings.slipclutch.breakers = [...OFF, ...rules];
    settings.slipclutch.parking = { hold_for: "0s" };
    settings.slipclutch.budgets.push({ name: agent, agent, limit_usd: 5, window: "day" });
    settings.agents[agent] = {
      ...{
        version: 1,
        agent,
        allowed_tools: [
          { tool_name: "echo" },
          { tool_name: "fail", server: "desk", read_only: false },
        ],
      },
      ...(own.length === 0 ? {} : { breakers: own }),
    };
  };
}

/** Names of the rules that rang for the agent, once one has; none: within a few seconds none. */
async function rang(world: WiringWorld): Promise<string> {
  const until = performance.now() + ALARM_MS;
  while (performance.now() < until) {
    const answer = await world.gateway.api("GET", "/api/v1/journal?kind=breaker.alarmed");
    const { entries } = (await answer.json()) as Json;
    const own = entries.filter((entry: Json) => entry.agent === agent);
    if (own.length > 0) return [...new Set(own.map(({ event }: Json) => event.rule))].join();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return "";
}

const tool = (world: WiringWorld, name: string, given: Json = {}) => world.tool(name, given, agent);
const say = (world: WiringWorld, task: string) =>
  world.ask({}, { agent, headers: { "x-slipclutch-task": task } });

const DOINGS: Readonly<Record<string, (world: WiringWorld) => Promise<unknown>>> = {
  refusals: async (world) => {
    for (let n = 0; n < 8; n += 1) await tool(world, "nobody-granted-it", { n });
  },
  tool_error_rate: async (world) => {
    for (let n = 0; n < 6; n += 1) await tool(world, "fail", { n });
  },
  spend_usd_per_hour: (world) => say(world, "t"),
  tokens_per_task: (world) => say(world, "t"),
  no_progress: async (world) => {
    world.desk.set({ call: "nothing" });
    for (let n = 0; n < 6; n += 1) await tool(world, "echo", { n });
  },
  new_tools: async (world) => {
    await tool(world, "echo");
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await tool(world, "fail");
  },
};
const VALUES: Readonly<Record<string, number>> = {
  ...{ refusals: 5, tool_error_rate: 0.4, spend_usd_per_hour: 0.000_001, tokens_per_task: 1 },
  ...{ no_progress: 3, new_tools: 0 },
};
const FLOORS: Readonly<Record<string, Json>> = {
  ...{ refusals: { at_least: 3 }, tool_error_rate: { at_least: 3 } },
  ...{ tokens_per_task: { at_least: 1 } },
};

function ruleOf(signal: string): Json {
  const above = { value: VALUES[signal] };
  return { name: "seen", signal, above, action: "alert", ...FLOORS[signal] };
}

/** The signal rings where it is watched, and is still where it is not. */
const SIGNALS: readonly WiringCase[] = Object.entries(DOINGS).map(([signal, doing]) => {
  return {
    fields: [`slipclutch.yaml breakers[].signal = ${signal}`],
    async run(world) {
      const seen: string[] = [];
      for (const rules of [[ruleOf(signal)], []]) {
        const settings = world.base();
        having(rules)(settings);
        expect((await world.load(settings)).json.error).toBeUndefined();
        await doing(world);
        seen.push(await rang(world));
      }
      expect(seen).toEqual(["seen", ""]);
    },
  };
});

const own = (name: string) => `agents/*.yaml breakers[].${name}`;

/** The rule of the agent as the gateway holds it to it. */
async function inForce(world: WiringWorld): Promise<Json> {
  const answer = await world.gateway.api("GET", `/api/v1/agents/${agent}/signals`);
  const { breakers } = (await answer.json()) as Json;
  return breakers.find(({ name }: Json) => name === "own") ?? null;
}

function holds(field: string, given: readonly [before: Json, after: Json], seen: readonly Json[]) {
  const rule = { name: "own", signal: "calls_per_tool", above: { value: 50 }, action: "alert" };
  return differs<Json>(own(field), {
    base: having([], [{ ...rule, ...given[0] }]),
    set: having([], [{ ...rule, ...given[1] }]),
    see: inForce,
    expect: (before, after) => expect([before, after]).toMatchObject(seen),
  });
}

const over = "2h";
const LINES: Readonly<Record<string, Json>> = {
  rolling_average: { times: 3, of: "rolling_average", over },
  ewma: { sigmas: 3, of: "ewma", over },
  median: { mads: 3, of: "median", over },
};
const REPEATS = { signal: "identical_calls", above: { value: 3 } };
const VALUED = { signal: "calls_per_tool", above: { value: 50 } };

/** Each of some rules of an agent, as it is in force. */
function each(
  fields: readonly string[],
  rules: readonly Json[],
  seen: readonly Json[],
): WiringCase {
  return {
    fields: fields.map(own),
    async run(world) {
      const found: Json[] = [];
      for (const rule of rules) {
        const settings = world.base();
        having([], [{ name: "own", action: "alert", ...rule }])(settings);
        expect((await world.load(settings)).json.error).toBeUndefined();
        found.push(await inForce(world));
      }
      expect(found).toMatchObject(seen);
    },
  };
}

const SIGNAL_RULES = [{ ...REPEATS }, { ...VALUED }, ...Object.keys(VALUES).map(ruleOf)];
const LINE_NAMES = Object.keys(LINES);

const OWN: readonly WiringCase[] = [
  differs([own("name"), own("above.value"), own("action = trip")], {
    base: having([]),
    set: having([], [{ name: "own", ...REPEATS, action: "trip" }]),
    see: async (world) => {
      for (let no = 0; no < 8; no += 1) {
        const { code } = await tool(world, "echo");
        if (code === "clutch.parked") return no;
      }
      return null;
    },
    expect: fromTo<number | null>(null, 4),
  }),
  isRefused(
    own("enabled"),
    having([{ name: "own", ...REPEATS, action: "alert" }], [{ name: "own", enabled: false }]),
    "breakers[0].enabled",
  ),
  each(
    SIGNAL_RULES.map(({ signal }) => `signal = ${signal}`),
    SIGNAL_RULES.map(({ action: _, name: __, ...rule }) => rule),
    SIGNAL_RULES.map(({ above, signal }) => ({ signal, above, action: "alert" })),
  ),
  each(
    [
      ...LINE_NAMES.map((of) => `above.of = ${of}`),
      ...["above.times", "above.sigmas", "above.mads", "above.over", "action = alert"],
    ],
    LINE_NAMES.map((of) => ({ signal: "calls_per_tool", above: LINES[of] })),
    LINE_NAMES.map((of) => {
      const { over: _, ...above } = LINES[of];
      return { above: { ...above, over_seconds: 7_200 }, action: "alert" };
    }),
  ),
  holds("for", [{ for: "1m" }, { for: "5s" }], [{ for_seconds: 60 }, { for_seconds: 5 }]),
  holds(
    "window",
    [{ window: "1m" }, { window: "2m" }],
    [{ window_seconds: 60 }, { window_seconds: 120 }],
  ),
  holds("at_least", [{ at_least: 7 }, { at_least: 3 }], [{ at_least: 7 }, { at_least: 3 }]),
  holds(
    "same_result",
    [REPEATS, { ...REPEATS, same_result: true }],
    [{ same_result: false }, { same_result: true }],
  ),
];

export const SIGNAL_CASES: readonly WiringCase[] = [...SIGNALS, ...OWN];
