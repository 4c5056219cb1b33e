/** The line of a breaker as it is written, in the unit of its signal. */
import { isRelative, type Line, type Signal } from "../guards/breaker/rules.ts";
import type { Millis } from "../guards/money.ts";
import type { RawBreaker } from "./clutch-schema.ts";

export type RawLine = NonNullable<RawBreaker["above"]>;

/** What a number of a signal may be. */
export interface ValueKind {
  readonly isRight: (value: number) => boolean;
  readonly expected: string;
}

const MOST = 1_000_000;
const TOKENS_MOST = 1_000_000_000;
const EWMA_OVER_MS: Millis = 3_600_000;

function whole(from: number, until: number): ValueKind {
  return {
    isRight: (value) => Number.isInteger(value) && value >= from && value <= until,
    expected: `a whole number from ${from} to ${until}`,
  };
}

const CALLS = whole(1, MOST);
const VALUES: Readonly<Record<Signal, ValueKind>> = {
  calls_per_tool: CALLS,
  refusals: CALLS,
  identical_calls: CALLS,
  no_progress: CALLS,
  new_tools: whole(0, MOST),
  tokens_per_task: whole(1, TOKENS_MOST),
  tool_error_rate: {
    isRight: (value) => value > 0 && value < 1,
    expected: "a share above 0 and below 1, like 0.5",
  },
  spend_usd_per_hour: {
    isRight: (value) => value > 0 && value <= MOST,
    expected: `an amount of USD above 0 and at most ${MOST}`,
  },
};

export type LineRead =
  | { readonly kind: "ok"; readonly line: Line }
  /** None of the forms, or more than one. */
  | { readonly kind: "no-form" }
  | { readonly kind: "no-value"; readonly expected: string };

export function readLine(raw: RawLine, signal: Signal): LineRead {
  const line = formOf(raw);
  if (line === null) return { kind: "no-form" };
  const { expected, isRight } = VALUES[signal];
  if (line.kind === "value" && !isRight(line.value)) return { kind: "no-value", expected };
  return { kind: "ok", line };
}

function formOf({ mads, of, over, sigmas, times, value }: RawLine): Line | null {
  const parts = [value, times, sigmas, mads].filter((part) => part !== undefined);
  if (parts.length !== 1) return null;
  if (value !== undefined && of === undefined && over === undefined) {
    return { kind: "value", value };
  }
  if (times !== undefined && of === "rolling_average" && over !== undefined) {
    return { kind: "average", times, overMs: over };
  }
  if (times !== undefined && of === "same_hour_last_week" && over === undefined) {
    return { kind: "last-week", times };
  }
  if (sigmas !== undefined && of === "ewma") {
    return { kind: "ewma", sigmas, overMs: over ?? EWMA_OVER_MS };
  }
  if (mads !== undefined && of === "median" && over !== undefined) {
    return { kind: "median", mads, overMs: over };
  }
  return null;
}

/** How far back it looks for what is usual; 0: it does not. */
export function overOf(line: Line): Millis {
  return isRelative(line) ? line.overMs : 0;
}

/** How high it is, among lines of its kind. */
export function heightOf(line: Line): number {
  switch (line.kind) {
    case "value":
      return line.value;
    case "average":
    case "last-week":
      return line.times;
    case "ewma":
      return line.sigmas;
    case "median":
      return line.mads;
  }
}

/** What a rule has beside its line; it has only some of them. */
export interface RuleNumbers {
  readonly windowMs?: Millis;
  readonly forMs?: Millis;
  readonly atLeast?: number;
  readonly sameResult?: boolean;
}
