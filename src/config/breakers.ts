/** The breakers in force: those that are there anyway, changed and added to by slipclutch.yaml. */
import {
  type BreakerAction,
  type BreakerRule,
  DEFAULT_RULES,
  isRelative,
  type Line,
  type Signal,
} from "../guards/breaker/rules.ts";
import type { Millis } from "../guards/money.ts";
import { type RuleNumbers, readLine } from "./breaker-line.ts";
import type { RawBreaker } from "./clutch-schema.ts";
import type { Issue } from "./configuration.ts";
import { issueAt } from "./issues.ts";
import type { Source } from "./source.ts";

interface Breakers {
  readonly breakers: readonly BreakerRule[];
  readonly issues: readonly Issue[];
}

export function breakersOf(raw: readonly RawBreaker[], source: Source): Breakers {
  const rules = new Map(DEFAULT_RULES.map((rule) => [rule.name, rule]));
  const issues: Issue[] = [];
  for (const { rule, written } of rulesOf(raw, DEFAULT_RULES, { source, issues })) {
    if (rule === null || written.enabled === false) rules.delete(written.name);
    else rules.set(written.name, rule);
  }
  return { breakers: [...rules.values()], issues };
}

interface Written {
  readonly index: number;
  readonly written: RawBreaker;
  /** Null: it is wrong, which was said. */
  readonly rule: BreakerRule | null;
}

/** Each entry as the rule that it makes of the one of its name, or of nothing. */
export function rulesOf(
  raw: readonly RawBreaker[],
  before: readonly BreakerRule[],
  { issues, source }: { readonly source: Source; readonly issues: Issue[] },
): readonly Written[] {
  const seen = new Set<string>();
  return raw.map((written, index) => {
    const entry: Entry = {
      raw: written,
      before: before.find(({ name }) => name === written.name),
      refuse: (key, expected, hint) =>
        issues.push(issueAt(source, ["breakers", index, ...key], expected, hint)),
    };
    if (seen.has(written.name)) {
      entry.refuse(["name"], "a name of its own", "Rename it, or remove one of the two.");
    }
    seen.add(written.name);
    return { index, written, rule: ruleOf(entry) };
  });
}

interface Entry {
  readonly raw: RawBreaker;
  /** The one of that name that is there anyway. */
  readonly before: BreakerRule | undefined;
  refuse(key: readonly string[], expected: string, hint: string): void;
}

/** What a signal's rule has, and what it is where it is not written; undefined: it has none. */
interface Fields {
  readonly window?: Millis;
  readonly for?: Millis;
  readonly at_least?: number;
  readonly same_result?: boolean;
  /** Its line is a number alone: counts are not compared with what is usual. */
  readonly counts?: true;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const FIELDS: Readonly<Record<Signal, Fields>> = {
  calls_per_tool: { window: MINUTE_MS, for: MINUTE_MS, at_least: 20 },
  tool_error_rate: { window: 2 * MINUTE_MS, for: 0, at_least: 10 },
  refusals: { window: MINUTE_MS, for: 0, at_least: 10 },
  spend_usd_per_hour: { window: HOUR_MS, for: 0, at_least: 1 },
  tokens_per_task: { at_least: 20_000 },
  identical_calls: { window: 10 * MINUTE_MS, same_result: false, counts: true },
  no_progress: { window: 10 * MINUTE_MS, counts: true },
  new_tools: { window: HOUR_MS, at_least: 1, counts: true },
};
const OPTIONAL = ["window", "for", "at_least", "same_result"] as const;
/** What is measured over less is but a few calls. */
const LEVEL_WINDOW_MIN_MS = 10 * SECOND_MS;
/** Of the baseline's length: the window under suspicion is no part of it. */
const WINDOW_SHARE_MAX = 1 / 2;

function ruleOf(entry: Entry): BreakerRule | null {
  const { raw, before, refuse } = entry;
  const signal = raw.signal ?? before?.signal;
  if (signal === undefined) {
    refuse(["signal"], "what it watches", `Add signal: ${Object.keys(FIELDS).join(", ")}.`);
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
  for (const key of OPTIONAL) {
    if (raw[key] === undefined || FIELDS[signal][key] !== undefined) continue;
    refuse([key], "nothing here for this signal", `Remove it: it belongs to ${havers(key)}.`);
  }
  const above = aboveOf(entry, signal);
  return above === null ? null : made({ entry, signal, action, above });
}

function havers(key: (typeof OPTIONAL)[number]): string {
  const all = Object.entries(FIELDS).filter(([, fields]) => fields[key] !== undefined);
  return all.map(([signal]) => signal).join(", ");
}

const OF_TASKS =
  "What a task takes hangs on its work and not on the hour, and tasks are not counted by it.";
const FORMS =
  "one of { value }, { times, of: rolling_average, over }, { times, of: same_hour_last_week }, " +
  "{ sigmas, of: ewma } and { mads, of: median, over }";

/** Null: there is none that holds, which is said. */
function aboveOf({ before, raw, refuse }: Entry, signal: Signal): Line | null {
  if (raw.above === undefined) {
    if (before !== undefined) return lineOf(before);
    refuse(["above"], "its line", "Add above: { value: … }.");
    return null;
  }
  const read = readLine(raw.above, signal);
  if (read.kind === "no-form") {
    refuse(["above"], FORMS, "Write one of them, with all that it has.");
    return null;
  }
  if (read.kind === "no-value") {
    refuse(["above", "value"], read.expected, `It is of ${signal}.`);
    return null;
  }
  if (FIELDS[signal].counts && read.line.kind !== "value") {
    refuse(["above"], "{ value }", "These are counted, not compared with what is usual.");
    return null;
  }
  return read.line;
}

export function lineOf({ above }: BreakerRule): Line {
  return typeof above === "number" ? { kind: "value", value: above } : above;
}

interface Parts {
  readonly entry: Entry;
  readonly signal: Signal;
  readonly action: BreakerAction;
  readonly above: Line;
}

/** Field by field: as it is written, else as the one before has it, else as is usual. */
function made({ above, action, entry, signal }: Parts): BreakerRule | null {
  const { raw } = entry;
  const before: RuleNumbers = entry.before ?? {};
  const fields = FIELDS[signal];
  const name = raw.name;
  const windowMs = raw.window ?? before.windowMs ?? fields.window ?? 0;
  const atLeast = raw.at_least ?? before.atLeast ?? fields.at_least ?? 0;
  const value = above.kind === "value" ? above.value : 0;
  switch (signal) {
    case "identical_calls": {
      const sameResult = raw.same_result ?? before.sameResult ?? false;
      return { name, signal, above: value, sameResult, windowMs, action };
    }
    case "no_progress":
      return { name, signal, above: value, windowMs, action };
    case "new_tools":
      return { name, signal, above: value, windowMs, atLeast, action };
    case "tokens_per_task": {
      if (above.kind !== "last-week") return { name, signal, above, atLeast, action };
      entry.refuse(["above", "of"], "rolling_average, ewma or median for this signal", OF_TASKS);
      return null;
    }
    default: {
      const forMs = raw.for ?? before.forMs ?? fields.for ?? 0;
      const rule = { name, signal, above, windowMs, forMs, atLeast, action };
      return isMeasurable(rule, entry) ? rule : null;
    }
  }
}

function isMeasurable(
  { above, windowMs }: { readonly above: Line; readonly windowMs: Millis },
  { refuse }: Entry,
): boolean {
  if (windowMs < LEVEL_WINDOW_MIN_MS) {
    refuse(["window"], "at least 10s", "What is measured over less is but a few calls.");
    return false;
  }
  if (above.kind === "last-week" && windowMs > HOUR_MS) {
    refuse(["window"], "at most 1h", "What is measured is held to an hour of a week ago.");
    return false;
  }
  if (!isRelative(above) || windowMs <= above.overMs * WINDOW_SHARE_MAX) return true;
  const hint = "What is measured is no part of what is usual: make over longer, or window shorter.";
  refuse(["above", "over"], "at least twice the window", hint);
  return false;
}
