/** How an agent stands to its breakers, where the gateway says so. */
import { useApi } from "./cache.ts";

export interface Breaker {
  readonly name: string;
  readonly signal: string;
  readonly action: "trip" | "alert";
}

/** One rule on one tool, or on the whole agent, where `tool` is empty. */
export interface Level {
  readonly rule: string;
  readonly server: string;
  readonly tool: string;
  readonly value: number;
  /** Null: nothing draws one yet. */
  readonly line: number | null;
  readonly usual: number | null;
  readonly phase: string;
  readonly since: string | null;
  readonly bucket_seconds: number;
  /** Oldest first; a bucket without a value is a gap, and no zero. */
  readonly buckets: readonly { readonly at: string; readonly value: number | null }[];
}

export interface Repeat {
  readonly rule: string;
  readonly task: string;
  readonly tool: string;
  readonly calls: number;
  readonly limit: number;
}

export interface TaskTokens {
  readonly rule: string;
  readonly task: string;
  readonly tokens: number;
  readonly line: number;
}

export interface Signals {
  readonly breakers: readonly Breaker[];
  readonly levels: readonly Level[];
  readonly repeats: readonly Repeat[];
  readonly tasks: readonly TaskTokens[];
}

/** One level with what its rule is about: what a chart draws. */
export interface Drawn extends Pick<Breaker, "signal" | "action"> {
  readonly level: Level;
}

type Fields = Readonly<Record<string, unknown>>;
type Check = (fields: Fields) => boolean;

const texts = (...names: readonly string[]): Check => {
  return (fields) => names.every((name) => typeof fields[name] === "string");
};
const numbers = (...names: readonly string[]): Check => {
  return (fields) => names.every((name) => typeof fields[name] === "number");
};
const orNull = (check: (name: string) => Check, ...names: readonly string[]): Check => {
  return (fields) => names.every((name) => fields[name] === null || check(name)(fields));
};

const CHECKS: Readonly<Record<keyof Signals, readonly Check[]>> = {
  breakers: [texts("name", "signal", "action")],
  levels: [
    texts("rule", "server", "tool", "phase"),
    numbers("value", "bucket_seconds"),
    orNull(numbers, "line", "usual"),
    orNull(texts, "since"),
    ({ buckets }) => Array.isArray(buckets) && fits(buckets, BUCKET),
  ],
  repeats: [texts("rule", "task", "tool"), numbers("calls", "limit")],
  tasks: [texts("rule", "task"), numbers("tokens", "line")],
};
const BUCKET: readonly Check[] = [texts("at"), orNull(numbers, "value")];

function fits(list: readonly unknown[], checks: readonly Check[]): boolean {
  return list.every((one) => {
    if (typeof one !== "object" || one === null) return false;
    // Checked: an object, whose fields are looked at one by one.
    return checks.every((check) => check(one as Fields));
  });
}

/** An answer of another shape is that of another version: nothing is drawn by guessing. */
export function signalsOf(value: unknown): Signals | null {
  if (typeof value !== "object" || value === null) return null;
  const entries = Object.entries(CHECKS).map(([name, checks]) => {
    const list: unknown = Reflect.get(value, name);
    return Array.isArray(list) && fits(list, checks);
  });
  // `as`: every list has just been looked at, field by field.
  return entries.every((sound) => sound) ? (value as Signals) : null;
}

/** Null where the gateway has no such path, or says something else there. */
export function useSignals(agent: string): Signals | null {
  const path = `/api/v1/agents/${encodeURIComponent(agent)}/signals`;
  return signalsOf(useApi<unknown>(path).value);
}
