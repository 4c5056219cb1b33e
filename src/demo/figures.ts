/** The figures of the end, from what the far ends, the review and the agents say. */
import type { ReviewView } from "../control/client.ts";
import type { Millis, NanoUsd } from "../guards/money.ts";
import type { Report } from "./agent-messages.ts";
import type { Bill } from "./bills.ts";
import type { Moment } from "./watch.ts";

export interface Figures {
  /** When it was stopped by hand. */
  readonly unguarded: Bill & {
    /** As it spent while the tool was broken. */
    readonly nanoUsdPerDay: NanoUsd;
    readonly agentErrors: number;
  };
  readonly guarded: Bill & {
    /** From the first empty file to the review. */
    readonly trippedAfterMs: Millis;
    /** The most that waited at once. */
    readonly parked: number;
    /** Of those, how many the agent got an answer to. */
    readonly resumed: number;
    readonly lost: number;
    readonly agentErrors: number;
  };
}

export interface Told {
  /** When the tool broke, when the unguarded agent was stopped, and the end. */
  readonly broken: Moment;
  readonly stopped: Moment;
  readonly end: Moment;
  /** As it was closed. */
  readonly review: ReviewView;
  readonly parked: number;
  readonly reports: { readonly unguarded: readonly Report[]; readonly guarded: readonly Report[] };
}

const DAY_MS = 86_400_000;

export function figuresOf({ broken, end, parked, reports, review, stopped }: Told): Figures {
  const ms = stopped.elapsedMs - broken.elapsedMs;
  const spent = stopped.unguarded.nanoUsd - broken.unguarded.nanoUsd;
  const { firstEmptyAt } = end.guarded;
  const resumed = Math.min(parked, answeredSince(decidedAt(review), reports.guarded));
  return {
    unguarded: {
      ...stopped.unguarded,
      nanoUsdPerDay: (spent * DAY_MS) / ms,
      agentErrors: errorsIn(reports.unguarded),
    },
    guarded: {
      ...end.guarded,
      trippedAfterMs: Date.parse(review.opened_at) - (firstEmptyAt ?? Number.NaN),
      parked,
      resumed,
      lost: parked - resumed,
      agentErrors: errorsIn(reports.guarded),
    },
  };
}

/**
 * Calls that were begun before the decision and had no answer then, and have one now: to the call
 * itself, or where its client gave up and came again, to the same call.
 */
function answeredSince(instant: Millis, reports: readonly Report[]): number {
  const calls = reports.filter((report) => report.kind === "call");
  const waited = calls.filter(({ answered, from, to }) => {
    return from < instant && !(answered && to < instant);
  });
  const answers = new Set(
    calls.filter(({ answered, to }) => answered && to >= instant).map(({ which }) => which),
  );
  return new Set(waited.map(({ which }) => which).filter((which) => answers.has(which))).size;
}

function decidedAt({ decisions }: ReviewView): Millis {
  const last = decisions.at(-1);
  if (last === undefined) throw new Error("The review was closed without a decision.");
  return Date.parse(last.at);
}

function errorsIn(reports: readonly Report[]): number {
  return reports.filter(({ kind }) => kind === "model-error").length;
}
