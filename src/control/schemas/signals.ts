/** How one agent stands to its breakers. */
import { z } from "zod";
import { INSTANT, list } from "./parts.ts";

export const ABOVE = z.strictObject({
  value: z.number().optional(),
  times: z.number().optional(),
  sigmas: z.number().optional(),
  mads: z.number().optional(),
  of: z.enum(["rolling_average", "ewma", "median", "same_hour_last_week"]).optional(),
  over_seconds: z.number().optional(),
});
export type AboveView = z.infer<typeof ABOVE>;

export const BREAKER = z.strictObject({
  name: z.string(),
  signal: z.string(),
  above: ABOVE,
  window_seconds: z.number().optional(),
  for_seconds: z.number().optional(),
  at_least: z.number().optional(),
  same_result: z.boolean().optional(),
  action: z.enum(["trip", "alert"]),
});
export type BreakerView = z.infer<typeof BREAKER>;

/** In the unit of the rule's signal. */
export const LEVEL = z.strictObject({
  rule: z.string(),
  server: z.string().describe("Empty, as the tool is: of the agent, whatever it calls."),
  tool: z.string(),
  value: z.number(),
  line: z.number().nullable().describe("Null: nothing draws one yet."),
  usual: z.number().nullable(),
  phase: z.enum(["calm", "rising", "alarmed"]),
  since: INSTANT.nullable(),
  bucket_seconds: z.number(),
  buckets: list(z.strictObject({ at: INSTANT, value: z.number().nullable() })).describe(
    "Oldest first; where nothing was there is none.",
  ),
});
export type LevelView = z.infer<typeof LEVEL>;

export const SIGNALS = z.strictObject({
  agent: z.string(),
  at: INSTANT,
  breakers: list(BREAKER),
  levels: list(LEVEL),
  repeats: list(
    z.strictObject({
      rule: z.string(),
      task: z.string(),
      server: z.string(),
      tool: z.string(),
      calls: z.number(),
      limit: z.number(),
    }),
  ).describe("The same call of one task; the longest runs."),
  tasks: list(
    z.strictObject({
      rule: z.string(),
      task: z.string(),
      tokens: z.number(),
      line: z.number(),
      usual: z.number().nullable(),
    }),
  ).describe("Those that have taken most tokens."),
});
export type SignalsView = z.infer<typeof SIGNALS>;
