/** Budgets and breakers: what no longer stops an agent, or stops it sooner. */
import type { BreakerRule } from "../../guards/breaker/rules.ts";
import type { Budget, Window } from "../../guards/budget/budget.ts";
import { isReservedName } from "../../guards/task/limits.ts";
import type { Configuration } from "../configuration.ts";
import { byAmount, type Change, change, type Direction } from "./change.ts";
import type { Reading } from "./reading.ts";

type Sides = readonly [before: Reading, after: Reading];

const NANO = 1e9;

/** The budgets that calls of an agent can draw on, whatever its key, task or model. */
export function coveringBudgets({ configuration }: Reading, agent: string): ReadonlySet<string> {
  const labels = configuration.agents.get(agent)?.labels;
  const covering = configuration.budgets.filter(
    ({ each, only }) =>
      (only.agent === undefined || only.agent === agent) &&
      (only.team === undefined || only.team === labels?.team) &&
      (only.org === undefined || only.org === labels?.org) &&
      (each !== "team" || labels?.team !== null) &&
      (each !== "org" || labels?.org !== null),
  );
  return new Set(covering.map(({ name }) => name));
}

export function budgetChanges([before, after]: Sides): Change[] {
  const [old, now] = [budgetsOf(before), budgetsOf(after)];
  const changes: Change[] = [];
  for (const [name, budget] of now) {
    const was = old.get(name);
    if (was !== undefined) changes.push(...oneBudget(was, budget));
    else changes.push(told(name, "narrower", `a new budget of ${limitWords(budget)}`));
  }
  for (const [name, budget] of old) {
    if (now.has(name)) continue;
    changes.push(told(name, "wider", `the budget of ${limitWords(budget)} is gone`));
  }
  return changes;
}

/** By name; what manifests say of the calls of a task is told with the agent. */
function budgetsOf({ configuration }: Reading): ReadonlyMap<string, Budget> {
  const own = configuration.budgets.filter(({ name }) => !isReservedName(name));
  return new Map(own.map((budget) => [budget.name, budget]));
}

function told(name: string, direction: Direction, says: string): Change {
  return change({ agent: null, about: `budget ${name}` }, direction, says);
}

function oneBudget(before: Budget, after: Budget): Change[] {
  const { name } = after;
  const changes: Change[] = [];
  if (before.unit !== after.unit) {
    changes.push(told(name, "may-be-wider", `${limitWords(before)} → ${limitWords(after)}`));
  } else if (before.limit !== after.limit) {
    const direction = byAmount(before.limit, after.limit);
    changes.push(told(name, direction, `limit ${amountWords(before)} → ${amountWords(after)}`));
  }
  if (before.window !== after.window) {
    const says = `window ${before.window} → ${after.window}`;
    changes.push(told(name, windowDirection(before.window, after.window), says));
  }
  if (before.each !== after.each) {
    const says = `each ${before.each ?? "(one for all)"} → ${after.each ?? "(one for all)"}`;
    // One account for all is never more than one of the same limit for each.
    changes.push(told(name, after.each === null ? "narrower" : "may-be-wider", says));
  }
  if (JSON.stringify(sorted(before.only)) !== JSON.stringify(sorted(after.only))) {
    changes.push(
      told(name, onlyDirection(before, after), `only ${onlyWords(before)} → ${onlyWords(after)}`),
    );
  }
  if (before.onExhausted !== after.onExhausted) {
    const says = `on_exhausted ${before.onExhausted} → ${after.onExhausted}`;
    changes.push(told(name, after.onExhausted === "deny" ? "narrower" : "may-be-wider", says));
  }
  return changes;
}

/** The same limit over a window that holds the other one whole is narrower. */
const LENGTHS: readonly Window[] = ["day", "month", "lifetime"];

function windowDirection(before: Window, after: Window): Direction {
  const [old, now] = [LENGTHS.indexOf(before), LENGTHS.indexOf(after)];
  if (old < 0 || now < 0) return "may-be-wider";
  return now > old ? "narrower" : "wider";
}

/** It holds at least all that it held if every condition of now is one of before. */
function onlyDirection({ only: before }: Budget, { only: after }: Budget): Direction {
  const holds = (of: Budget["only"], all: Budget["only"]) =>
    sorted(of).every(([scope, value]) => all[scope] === value);
  if (holds(after, before)) return "narrower";
  return holds(before, after) ? "wider" : "may-be-wider";
}

function sorted(only: Budget["only"]) {
  // The keys are those of the type.
  const entries = Object.entries(only) as [keyof Budget["only"], string][];
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

function onlyWords({ only }: Budget): string {
  const words = sorted(only).map(([scope, value]) => `${scope} ${value}`);
  return words.join(" and ") || "(every call)";
}

function amountWords({ limit, unit }: Budget): string {
  return unit === "usd" ? `$${Number(limit) / NANO}` : `${limit} ${unit}`;
}

function limitWords(budget: Budget): string {
  return `${amountWords(budget)} a ${budget.window}`;
}

export function breakerChanges([before, after]: Sides): Change[] {
  const [old, now] = [before.configuration, after.configuration];
  const agents = new Set([...old.agentBreakers.keys(), ...now.agentBreakers.keys()]);
  return [
    ...ruleChanges(null, old.breakers, now.breakers),
    ...[...agents].sort().flatMap((agent) =>
      // Of an agent that is not on both sides it is told by itself.
      old.agents.has(agent) && now.agents.has(agent)
        ? ruleChanges(agent, ownRules(old, agent), ownRules(now, agent))
        : [],
    ),
  ];
}

/** What the agent's manifest adds to the rules of all, or makes of them. */
function ownRules(
  { agentBreakers, breakers }: Configuration,
  agent: string,
): readonly BreakerRule[] {
  const all = agentBreakers.get(agent) ?? [];
  const common = new Set(breakers.map((rule) => JSON.stringify(rule)));
  return all.filter((rule) => !common.has(JSON.stringify(rule)));
}

function ruleChanges(
  agent: string | null,
  before: readonly BreakerRule[],
  after: readonly BreakerRule[],
): Change[] {
  const old = new Map(before.map((rule) => [rule.name, rule]));
  const now = new Map(after.map((rule) => [rule.name, rule]));
  const changes: Change[] = [];
  for (const [name, rule] of now) {
    const was = old.get(name);
    const about = { agent, about: `breaker ${name}` };
    if (was === undefined) changes.push(change(about, "narrower", "is on"));
    else if (JSON.stringify(was) !== JSON.stringify(rule)) {
      changes.push(change(about, breakerDirection(was, rule), "changed", ruleWords(was, rule)));
    }
  }
  for (const name of old.keys()) {
    if (now.has(name)) continue;
    changes.push(change({ agent, about: `breaker ${name}` }, "wider", "is turned off"));
  }
  return changes;
}

type Flat = Readonly<Record<string, unknown>>;

/** Only one thing at a time is judged: of two it is not clear which of them counts. */
function breakerDirection(before: BreakerRule, after: BreakerRule): Direction {
  const [old, now] = [flat(before), flat(after)];
  const keys = differing(old, now);
  const [key] = keys;
  if (keys.length !== 1 || key === undefined) return "may-be-wider";
  const [was, is] = [old[key], now[key]];
  if (key === "action") return is === "trip" ? "narrower" : "wider";
  // Each of these is a line, or a time, that has to be passed first.
  const isLine = [
    ...["above", "above.value", "above.times", "above.sigmas", "above.mads"],
    ...["atLeast", "forMs"],
  ].includes(key);
  if (!isLine || typeof was !== "number" || typeof is !== "number") return "may-be-wider";
  return byAmount(was, is);
}

function ruleWords(before: BreakerRule, after: BreakerRule): string[] {
  const [old, now] = [flat(before), flat(after)];
  return differing(old, now).map((key) => `${key} ${old[key] ?? "none"} → ${now[key] ?? "none"}`);
}

function differing(old: Flat, now: Flat): string[] {
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
    (key) => old[key] !== now[key],
  );
}

function flat(rule: BreakerRule): Flat {
  return Object.fromEntries(
    Object.entries(rule).flatMap(([key, value]) =>
      typeof value === "object" && value !== null
        ? Object.entries(value).map(([inner, of]) => [`${key}.${inner}`, of] as const)
        : [[key, value] as const],
    ),
  );
}
