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

export const TOOL_BOUND_CASES: readonly WiringCase[] = [
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
