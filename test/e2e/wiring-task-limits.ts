/** The limits on one task: its calls and its duration. */
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

const PLACES: readonly (readonly [field: string, put: (settings: Settings, of: Json) => void])[] = [
  ["slipclutch.yaml limits.", ({ slipclutch }, of) => Object.assign(slipclutch.limits, of)],
  [
    "agents/*.yaml limits.",
    ({ agents }, of) => {
      agents.worker.limits = of;
    },
  ],
];

interface Limit {
  readonly name: string;
  readonly value: Json;
  readonly see: (world: WiringWorld) => Promise<readonly string[]>;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

function inBoth({ after, before, name, see, value }: Limit): WiringCase[] {
  return PLACES.map(([field, put]) =>
    differs(`${field}${name}`, {
      set: (settings) => put(settings, { [name]: value }),
      see,
      expect: fromTo(before, after),
    }),
  );
}

/** "200", or the code of the refusal and its limit. */
function told({ code, json, status }: { code: string | null; json: Json; status: number }): string {
  return code === null ? String(status) : `${code} ${json.error.details.facts.limit}`;
}

/** A tool, a model, and both once more: in one new task. */
async function calls(world: WiringWorld): Promise<readonly string[]> {
  const headers = { "x-slipclutch-task": world.name("calls") };
  const { key } = await world.key("worker");
  const outcomes: string[] = [];
  for (const kind of ["tool", "model", "tool", "model"]) {
    if (kind === "model") {
      outcomes.push(told(await world.ask({}, { headers })));
      continue;
    }
    const path = "/guard/v1/tools/echo/call";
    const answer = await world.gateway.call(
      path,
      { arguments: {} },
      { authorization: `Bearer ${key}`, ...headers },
    );
    const [, code = null] = (answer.headers.get("x-slipclutch-decision") ?? "").split("; code=");
    outcomes.push(told({ code, json: await answer.json(), status: answer.status }));
  }
  return outcomes;
}

/** At once, and once more than a second later. */
async function later(world: WiringWorld): Promise<readonly string[]> {
  const headers = { "x-slipclutch-task": world.name("long") };
  const first = told(await world.ask({}, { headers }));
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  return [first, told(await world.ask({}, { headers }))];
}

const ALL = ["200", "200", "200", "200"];

export const TASK_LIMIT_CASES: readonly WiringCase[] = [
  ...inBoth({
    ...{ name: "max_calls", value: 3, see: calls, before: ALL },
    after: ["200", "200", "200", "task.exhausted max_calls"],
  }),
  ...inBoth({
    ...{ name: "max_tool_calls", value: 1, see: calls, before: ALL },
    after: ["200", "200", "task.exhausted max_tool_calls", "200"],
  }),
  ...inBoth({
    ...{ name: "max_duration", value: "1s", see: later, before: ["200", "200"] },
    after: ["200", "task.exhausted max_duration"],
  }),
];
