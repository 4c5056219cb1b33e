/** The fields of budgets. */
import { expect } from "vitest";
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import { type Json, MODEL, type Settings, type WiringWorld } from "./wiring-world.ts";

const field = (name: string) => `slipclutch.yaml budgets[].${name}`;

/** Adds a budget that covers nothing. */
function nothing(name: string, more: Json = {}) {
  return ({ slipclutch }: Settings) => {
    slipclutch.budgets.push({ name, limit_usd: 0, window: "day", ...more });
  };
}

/** Who is refused: the worker, another agent, the worker with another model. */
async function refusals(world: WiringWorld): Promise<readonly string[]> {
  const outcomes: Readonly<Record<string, string>> = {
    worker: await world.outcome(),
    other: await world.outcome({}, { agent: "other" }),
    large: await world.outcome({ model: "simulated-large" }),
  };
  return Object.keys(outcomes).filter((who) => outcomes[who] === "budget.exhausted");
}

function only(scope: string, value: string, refused: readonly string[]): WiringCase {
  return differs(field(scope), {
    base: nothing(`only-${scope}`),
    set: ({ slipclutch }) => {
      slipclutch.budgets.at(-1)[scope] = value;
    },
    see: refusals,
    expect: fromTo<readonly string[]>(["worker", "other", "large"], refused),
  });
}

/** A budget for many tokens or calls, and then for none. */
function counted(unit: "tokens" | "calls", facts: Json): WiringCase {
  const name = `counts-${unit}`;
  return differs(field(`limit_${unit}`), {
    base: ({ slipclutch }) => {
      slipclutch.budgets.push({ name, [`limit_${unit}`]: 1_000_000, window: "lifetime" });
    },
    set: ({ slipclutch }) => {
      slipclutch.budgets.at(-1).name = `no-${unit}`;
      slipclutch.budgets.at(-1)[`limit_${unit}`] = 0;
    },
    see: async (world) => {
      const { headers, json, status } = await world.ask();
      const left = headers.get(`x-slipclutch-budget-remaining-${unit}`);
      return { status, isLeft: Number(left) > 900_000, facts: json.error?.details.facts ?? null };
    },
    expect: fromTo<object>(
      { status: 200, isLeft: true, facts: null },
      {
        status: 402,
        isLeft: false,
        facts: { budget: `no-${unit}`, ...facts, [`needed_${unit}`]: expect.any(String) },
      },
    ),
  });
}

interface Row {
  readonly scope: string;
  readonly spent_usd: string;
}

/** Which accounts of a budget a call of the worker draws on. */
async function drawnOn(world: WiringWorld, budget: string, task: string): Promise<string[]> {
  const answer = await world.ask({}, { headers: { "x-slipclutch-task": task } });
  expect(answer.status).toBe(200);
  await world.money(answer.decision);
  const rows = (await (await world.gateway.api("GET", "/api/v1/budgets")).json()) as Json[];
  return rows
    .filter((row: Row & { name: string }) => row.name === budget && Number(row.spent_usd) > 0)
    .map(({ scope }: Row) => scope);
}

function each(scope: string, account: (world: WiringWorld) => Promise<string>): WiringCase {
  return {
    fields: [field(`each = ${scope}`)],
    async run(world) {
      const settings = world.base();
      const name = `each-${scope}`;
      settings.slipclutch.budgets.push({ name, each: scope, limit_usd: 5, window: "lifetime" });
      expect((await world.load(settings)).status).toBe(200);
      expect(await drawnOn(world, name, "a-task")).toEqual([await account(world)]);
    },
  };
}

function endOf(window: "day" | "month"): string {
  const now = new Date();
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const end = window === "day" ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1);
  return new Date(end).toISOString();
}

function windowIs(window: string, ends: () => string | null): WiringCase {
  return {
    fields: [field(`window = ${window}`)],
    async run(world) {
      const settings = world.base();
      const name = `window-${window}`;
      const per = window === "task" ? { each: "task" } : {};
      settings.slipclutch.budgets.push({ name, ...per, limit_usd: 5, window });
      expect((await world.load(settings)).status).toBe(200);
      const seen = async () => {
        const { json } = await world.guard("GET", "/guard/v1/budgets");
        return json.budgets.find((row: Json) => row.name === name).window_ends_at;
      };
      // The window may end between the look at the clock and the look at the gateway.
      const [before, shown, after] = [ends(), await seen(), ends()];
      expect([before, after]).toContain(shown);
    },
  };
}

export const BUDGET_CASES: readonly WiringCase[] = [
  only("agent", "worker", ["worker", "large"]),
  only("team", "blue", ["other"]),
  only("org", "south", ["other"]),
  only("model", MODEL, ["worker", "other"]),
  {
    fields: [field("key")],
    async run(world) {
      const { id } = await world.key("other");
      const settings = world.base();
      nothing("only-key", { key: id })(settings);
      await world.load(settings);
      expect(await refusals(world)).toEqual(["other"]);
    },
  },
  differs([field("on_exhausted = deny"), field("on_exhausted = park")], {
    base: (settings) => {
      nothing("waits", { on_exhausted: "deny" })(settings);
      settings.slipclutch.parking = { hold_for: "0s" };
    },
    set: ({ slipclutch }) => {
      slipclutch.budgets.at(-1).on_exhausted = "park";
    },
    see: (world) => world.outcome(),
    expect: fromTo("budget.exhausted", "budget.parked"),
  }),
  differs(field("name"), {
    base: nothing("first-name"),
    set: ({ slipclutch }) => {
      slipclutch.budgets.at(-1).name = "second-name";
    },
    see: async (world) => {
      const { json, status } = await world.ask();
      return [status, json.error.details.facts.budget];
    },
    expect: fromTo<unknown[]>([402, "first-name"], [402, "second-name"]),
  }),
  differs(field("limit_usd"), {
    base: nothing("a-limit"),
    set: ({ slipclutch }) => {
      slipclutch.budgets.at(-1).limit_usd = 1;
    },
    see: (world) => world.outcome(),
    expect: fromTo("budget.exhausted", "200"),
  }),
  counted("tokens", { limit_tokens: "0", spent_tokens: "0", remaining_tokens: "0" }),
  counted("calls", { limit_calls: "0", spent_calls: "0", remaining_calls: "0" }),
  each("org", async () => "north"),
  each("team", async () => "red"),
  each("agent", async () => "worker"),
  each("task", async () => "worker/a-task"),
  each("key", async (world) => (await world.key("worker")).id),
  each("model", async () => MODEL),
  windowIs("day", () => endOf("day")),
  windowIs("month", () => endOf("month")),
  windowIs("lifetime", () => null),
  windowIs("task", () => null),
];
