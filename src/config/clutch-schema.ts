/** The fields of slipclutch.yaml about breakers, and about calls that wait for a person. */
import { z } from "zod";
import { DECISIONS } from "../guards/clutch/decisions.ts";
import { count, duration, id, oneOf, strict, TOKENS_MAX, yesOrNo } from "./fields.ts";
import { LATER_SIGNALS } from "./later.ts";

const CALLS_MAX = 1_000_000;

const BYTES_MAX = 2 ** 40;

const SIGNALS = [
  "calls_per_tool",
  "tool_error_rate",
  "tokens_per_task",
  "identical_calls",
  "no_progress",
  "refusals",
  "spend_usd_per_hour",
  "new_tools",
] as const;

const TIMES = "a factor above 1 and at most 1000";

const DEVIATIONS = "a number above 0 and at most 1000";
const deviations = z
  .number({ error: DEVIATIONS })
  .gt(0, { error: DEVIATIONS })
  .max(1000, { error: DEVIATIONS });

const above = strict({
  value: z
    .number({ error: "a number" })
    .min(0, { error: "a number, zero or more" })
    .describe(
      "In the unit of the signal: calls (a minute, or within the window), a share from 0 to 1, USD an hour, tokens.",
    )
    .optional(),
  times: z
    .number({ error: TIMES })
    .gt(1, { error: TIMES })
    .max(1000, { error: TIMES })
    .describe("So many times what is usual.")
    .optional(),
  sigmas: deviations
    .describe("With `of: ewma`: so many standard deviations above what is usual.")
    .optional(),
  mads: deviations
    .describe("With `of: median`: so many median absolute deviations above what is usual.")
    .optional(),
  of: oneOf(["rolling_average", "ewma", "median", "same_hour_last_week"])
    .describe(
      "What is usual: the average, or the mean in which what is newer weighs more, or the median, or what was in the same hour of the day a week ago (UTC).",
    )
    .optional(),
  over: duration(120_000, "1d")
    .describe(
      "How far back it looks for what is usual. Default 1h with `of: ewma`; none with `of: same_hour_last_week`.",
    )
    .optional(),
});

/** One breaker. */
export const breaker = strict({
  name: id.describe("Its name. That of a breaker which is there anyway changes that one."),
  signal: oneOf(SIGNALS, LATER_SIGNALS)
    .describe(
      "What it watches. Of a tool: calls in a minute, the share that failed. Of a task: its tokens, calls that repeat, calls that come to nothing new. Of the agent: refusals in a minute, USD an hour, tools it never called before.",
    )
    .optional(),
  above: above
    .describe(
      "Its line: `{ value }`; where it is no mere count also `{ times, of: rolling_average, over }`, `{ times, of: same_hour_last_week }`, `{ sigmas, of: ewma }` or `{ mads, of: median, over }`.",
    )
    .optional(),
  for: duration(0, "1h")
    .describe(
      "How long it must stay above its line. Default 60s for calls_per_tool, else 0s. Not for counts and tokens_per_task.",
    )
    .optional(),
  window: duration(1000, "1d")
    .describe(
      "Over how long it is measured. Default 1m; 2m for tool_error_rate, 10m for identical_calls and no_progress, 1h for spend_usd_per_hour and new_tools. Not for tokens_per_task.",
    )
    .optional(),
  at_least: count(1, TOKENS_MAX)
    .describe(
      "The floor: fewer calls within the window are never above. Default 20 for calls_per_tool, 10 for tool_error_rate and refusals, else 1. Of tokens_per_task tokens, default 20000; of new_tools tools that it knew before.",
    )
    .optional(),
  same_result: yesOrNo
    .describe("identical_calls: only those with an equal result count. Default false.")
    .optional(),
  action: oneOf(["trip", "alert"])
    .describe("Disengage the agent's clutch, or only tell people.")
    .optional(),
  enabled: yesOrNo.describe("False turns it off. Default true.").optional(),
});

/** How calls wait while their agent is paused. */
export const parking = strict({
  hold_for: duration(0, "9m")
    .describe(
      "How long a waiting client's connection is held before 429. Default 9m for clients that are sent 102, else 50s.",
    )
    .optional(),
  keep_alive: oneOf(["auto", "informational", "none"])
    .describe(
      "Whether waiting clients are sent `102 Processing` every 15 s. `auto` (default): official clients that connect from this machine.",
    )
    .optional(),
  keep_answers_for: duration(1000, "7d")
    .describe("How long the answer of a call waits for a client that has gone. Default 1h.")
    .optional(),
  max_calls_per_agent: count(1, CALLS_MAX)
    .describe("So many calls of one agent may wait at once. Default 10000.")
    .optional(),
  max_calls_per_task: count(1, CALLS_MAX)
    .describe("So many calls of one task may wait at once. Default 1000.")
    .optional(),
  max_bytes_per_agent: count(1, BYTES_MAX)
    .describe("So many bytes of one agent's requests may wait at once. Default 256 MiB.")
    .optional(),
});

/** What a person's word on one call is worth. */
export const approvals = strict({
  expire_after: duration(1000, "30d")
    .describe(
      "A call that nobody has approved by then is denied; so is an approval that nobody used. Default 1h.",
    )
    .optional(),
});

/** How people decide on reviews. */
export const reviews = strict({
  two_people: z
    .array(oneOf(DECISIONS))
    .max(DECISIONS.length)
    .describe(
      "Decisions that take two: what one operator proposes is done once another says the same. Default none.",
    )
    .optional(),
});

export type RawReviews = z.output<typeof reviews>;
export type RawApprovals = z.output<typeof approvals>;
export type RawBreaker = z.output<typeof breaker>;
export type RawParking = z.output<typeof parking>;
