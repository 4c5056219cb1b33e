/** The fields that bound the calls of one tool, beside how often it is called. */
import { expect } from "vitest";
import { pausedAfter, STUCK, watched } from "./wiring-breakers.ts";
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

const tool = (name: string) => `agents/*.yaml allowed_tools[].${name}`;

/** Changes the grant of `echo`. */
function echo(more: Json) {
  return ({ agents }: Settings) => {
    Object.assign(agents.worker.allowed_tools[0], more);
  };
}

const PRICED = { cost: { usd: 0.25 } };

/** What an agent is told of a result of some 1,200 bytes, and what it is charged. */
async function longResult(world: WiringWorld): Promise<readonly Json[]> {
  const { code, decision, json } = await world.tool("echo", { text: "x".repeat(500) });
  const { charged_usd: charged, estimated, outcome } = await world.settled(decision);
  return [code, json.error?.details.facts ?? null, outcome, charged, estimated];
}

/** What becomes of three calls at once, each of which takes a moment. */
async function threeAtOnce(world: WiringWorld): Promise<readonly string[]> {
  world.desk.set({ latencyMs: 200 });
  const outcomes = await Promise.all([1, 2, 3].map((n) => world.toolOutcome("echo", { n })));
  return outcomes.toSorted();
}

/** What an agent is told, and what people are, of a result that has other fields than it should. */
async function oddResult(world: WiringWorld): Promise<readonly Json[]> {
  const { decision, json, status } = await world.tool("echo", { odd: 1 });
  const { outcome, fault } = await world.settled(decision);
  const metrics = await (await world.gateway.api("GET", "/metrics")).text();
  const errors = /tool="echo",outcome="error"\} (\d+)/.exec(metrics)?.[1] ?? "0";
  const told = json.result.structuredContent.given;
  return [status, told, outcome, fault ?? null, Number(errors)];
}

/** A budget of one call, of which there may be more for another tool. */
function oneCall(scope: Json) {
  return both(
    ({ agents, slipclutch }) => {
      slipclutch.tool_servers.desk.tools.fail = { effect: "read" };
      agents.worker.allowed_tools.push({ tool_name: "fail" });
    },
    ({ slipclutch }) => {
      const name = `one-call-${Math.random().toString(36).slice(2)}`;
      slipclutch.budgets.push({ name, limit_calls: 1, window: "lifetime", ...scope });
    },
  );
}

function both(...changes: ((settings: Settings) => void)[]) {
  return (settings: Settings) => {
    for (const change of changes) change(settings);
  };
}

/** Two tools and a model, each twice. */
async function ofEach(world: WiringWorld): Promise<readonly string[]> {
  const outcomes: string[] = [];
  for (const name of ["echo", "echo", "fail", "fail"]) {
    outcomes.push(await world.toolOutcome(name));
  }
  return [...outcomes, await world.outcome(), await world.outcome()];
}

const SPENT = "budget.exhausted";

export const TOOL_BOUND_CASES: readonly WiringCase[] = [
  differs("slipclutch.yaml budgets[].tool", {
    base: oneCall({ tool: "echo" }),
    set: ({ slipclutch }) => {
      slipclutch.budgets.at(-1).tool = "desk__fail";
      // An account of its own, in which nothing is spent.
      slipclutch.budgets.at(-1).name += "-other";
    },
    see: ofEach,
    expect: fromTo<readonly string[]>(
      ["200", SPENT, "200", "200", "200", "200"],
      ["200", "200", "200", SPENT, "200", "200"],
    ),
  }),
  differs("slipclutch.yaml budgets[].each = tool", {
    base: oneCall({ each: "agent" }),
    set: ({ slipclutch }) => {
      slipclutch.budgets.at(-1).each = "tool";
    },
    see: ofEach,
    expect: fromTo<readonly string[]>(
      ["200", SPENT, SPENT, SPENT, SPENT, SPENT],
      ["200", SPENT, "200", SPENT, "200", "200"],
    ),
  }),
  differs(tool("output"), {
    set: echo({ output: { properties: { given: { maxProperties: 0 } } } }),
    see: oddResult,
    expect: ([...before], [...after]) => {
      const more = after.pop() - before.pop();
      const says = "output: /result/given must NOT have more than 0 properties.";
      expect([before, after, more]).toEqual([
        [200, { odd: 1 }, "ok", null],
        [200, { odd: 1 }, "error", says],
        1,
      ]);
    },
  }),
  differs(tool("repeats.max"), {
    base: watched([STUCK]),
    set: watched([STUCK], { repeats: { max: 6 } }),
    see: (world) => pausedAfter(world),
    expect: fromTo<number | null>(4, 7),
  }),
  differs(tool("max_concurrent"), {
    set: echo({ max_concurrent: 1 }),
    see: threeAtOnce,
    expect: fromTo<readonly string[]>(["200", "200", "200"], ["200", "tool.busy", "tool.busy"]),
  }),
  differs(tool("max_result_bytes"), {
    base: echo(PRICED),
    set: echo({ max_result_bytes: 1_000 }),
    see: longResult,
    expect: fromTo<readonly Json[]>(
      [null, null, "ok", "0.25", false],
      [
        "provider.unreachable",
        {
          ...{ tool_server: "desk", tool: "echo", because: "too-large", may_have_run: "true" },
          ...{ limit: "max_result_bytes", max: 1_000 },
        },
        ...["fault", "0.25", true],
      ],
    ),
  }),
];
