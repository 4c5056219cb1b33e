/** Budgets: what no longer stops an agent, or stops it sooner. */
import type { Budget, Window } from "../../guards/budget/budget.ts";
import { isReservedName } from "../../guards/task/limits.ts";
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
