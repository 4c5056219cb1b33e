/** The breakers in force: those that are there anyway, changed and added to by slipclutch.yaml. */

import { type BreakerRule, DEFAULT_RULES, type SurgeLine } from "../guards/breaker/rules.ts";
import type { RawBreaker } from "./clutch-schema.ts";
import type { Issue } from "./configuration.ts";
import { issueAt } from "./issues.ts";
import type { Source } from "./source.ts";

const MINUTE_MS = 60_000;
const FOR_MS = MINUTE_MS;
const WINDOW_MS = 10 * MINUTE_MS;
const AT_LEAST = 20;

interface Breakers {
  readonly breakers: readonly BreakerRule[];
  readonly issues: readonly Issue[];
}

export function breakersOf(raw: readonly RawBreaker[], source: Source): Breakers {
  const rules = new Map(DEFAULT_RULES.map((rule) => [rule.name, rule]));
  const seen = new Set<string>();
  const issues: Issue[] = [];
  for (const [index, written] of raw.entries()) {
    const entry: Entry = {
      raw: written,
      before: DEFAULT_RULES.find(({ name }) => name === written.name),
      refuse: (key, expected, hint) =>
        issues.push(issueAt(source, ["breakers", index, ...key], expected, hint)),
    };
    if (seen.has(written.name)) {
      entry.refuse(["name"], "a name of its own", "Rename it, or remove one of the two.");
    }
    seen.add(written.name);
    const rule = ruleOf(entry);
    if (rule === null || written.enabled === false) rules.delete(written.name);
    else rules.set(written.name, rule);
  }
  return { breakers: [...rules.values()], issues };
}

interface Entry {
  readonly raw: RawBreaker;
  /** The one of that name that is there anyway. */
  readonly before: BreakerRule | undefined;
  refuse(key: readonly string[], expected: string, hint: string): void;
}

function ruleOf(entry: Entry): BreakerRule | null {
  const { raw, before, refuse } = entry;
  const signal = raw.signal ?? before?.signal;
  if (signal === undefined) {
    refuse(["signal"], "what it watches", "Add signal: calls_per_tool or identical_calls.");
    return null;
  }
  if (before !== undefined && signal !== before.signal) {
    refuse(["signal"], `"${before.signal}", as ${raw.name} has it`, "Give it another name.");
    return null;
  }
  const action = raw.action ?? before?.action;
  if (action === undefined) {
    refuse(["action"], "what it does", "Add action: trip, or alert.");
    return null;
  }
  return signal === "calls_per_tool" ? surgeOf(entry, action) : repeatsOf(entry, action);
}

function surgeOf(entry: Entry, action: BreakerRule["action"]): BreakerRule | null {
  const { raw, before } = entry;
  foreign(entry, ["window", "same_result"], "identical_calls");
  const known = before?.signal === "calls_per_tool" ? before : undefined;
  const above = raw.above === undefined ? known?.above : aboveOf(raw.above, entry);
  if (above === undefined) return withoutLine(entry);
  return {
    name: raw.name,
    signal: "calls_per_tool",
    above,
    forMs: raw.for ?? known?.forMs ?? FOR_MS,
    atLeast: raw.at_least ?? known?.atLeast ?? AT_LEAST,
    action,
  };
}

function repeatsOf(entry: Entry, action: BreakerRule["action"]): BreakerRule | null {
  const { raw, before } = entry;
  foreign(entry, ["for", "at_least"], "calls_per_tool");
  const known = before?.signal === "identical_calls" ? before : undefined;
  const above = raw.above === undefined ? known?.above : countOf(raw.above, entry);
  if (above === undefined) return withoutLine(entry);
  return {
    name: raw.name,
    signal: "identical_calls",
    above,
    sameResult: raw.same_result ?? known?.sameResult ?? false,
    windowMs: raw.window ?? known?.windowMs ?? WINDOW_MS,
    action,
  };
}

/** A line that is a count; undefined: it is none, which is said. */
function countOf(raw: NonNullable<RawBreaker["above"]>, entry: Entry): number | undefined {
  const line = aboveOf(raw, entry);
  if (line === undefined) return undefined;
  if (line.kind === "value") return line.perMinute;
  const hint = "Calls that repeat are counted, not compared with what is usual.";
  entry.refuse(["above"], "{ value }", hint);
  return undefined;
}

function withoutLine({ raw, refuse }: Entry): null {
  if (raw.above === undefined) refuse(["above"], "its line", "Add above: { value: … }.");
  return null;
}

function foreign({ raw, refuse }: Entry, keys: readonly (keyof RawBreaker)[], other: string) {
  for (const key of keys) {
    if (raw[key] === undefined) continue;
    refuse([key], "nothing here for this signal", `Remove it: it belongs to ${other}.`);
  }
}

const FORMS =
  "one of { value }, { times, of: rolling_average, over }, { sigmas, of: ewma } and { mads, of: median, over }";
const EWMA_OVER_MS = 60 * MINUTE_MS;

/** A fixed line, or one drawn by what is usual; undefined: neither, which is said. */
function aboveOf(raw: NonNullable<RawBreaker["above"]>, { refuse }: Entry): SurgeLine | undefined {
  const line = lineOf(raw);
  if (line === null) refuse(["above"], FORMS, "Write one of them, with all that it has.");
  return line ?? undefined;
}

/** Null: none of the forms, or more than one. */
function lineOf({ mads, of, over, sigmas, times, value }: Above): SurgeLine | null {
  const parts = [value, times, sigmas, mads].filter((part) => part !== undefined);
  if (parts.length !== 1) return null;
  if (value !== undefined && of === undefined && over === undefined) {
    return { kind: "value", perMinute: value };
  }
  if (times !== undefined && of === "rolling_average" && over !== undefined) {
    return { kind: "average", times, overMs: over };
  }
  if (sigmas !== undefined && of === "ewma") {
    return { kind: "ewma", sigmas, overMs: over ?? EWMA_OVER_MS };
  }
  if (mads !== undefined && of === "median" && over !== undefined) {
    return { kind: "median", mads, overMs: over };
  }
  return null;
}

type Above = NonNullable<RawBreaker["above"]>;
