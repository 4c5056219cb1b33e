/** Budgets, what dead gateways had held of them, and what goes on costing. */
import { z } from "zod";
import { INSTANT, inSomeUnit, list, UNIT, AMOUNT as USD } from "./parts.ts";

export const BUDGET = inSomeUnit(
  ["limit", "spent", "reserved", "leased", "forfeited", "committed", "remaining"],
  {
    name: z.string(),
    scope: z.string(),
    unit: UNIT,
    window_ends_at: INSTANT.nullable(),
  },
);
export type BudgetView = z.infer<typeof BUDGET>;

/** What a person has raised; `configured` is what the configuration says. */
export const OVERRIDE = inSomeUnit(["limit", "configured"], {
  id: z.string(),
  budget: z.string(),
  scope: z.string(),
  unit: UNIT,
  window: z.string(),
  window_ends_at: INSTANT.nullable(),
  reason: z.string(),
  by: z.string(),
  at: INSTANT,
  review: z.string().nullable().describe("In which it was decided."),
});
export type OverrideView = z.infer<typeof OVERRIDE>;

/** An account after its limit was raised, or after that was withdrawn. */
export const RAISED = inSomeUnit(["limit", "spent"], {
  budget: z.string(),
  scope: z.string(),
  unit: UNIT,
  window_ends_at: INSTANT.nullable(),
});
export type RaisedView = z.infer<typeof RAISED>;

export const FORFEIT = inSomeUnit(["forfeited"], {
  holder: z.string(),
  host: z.string(),
  pid: z.number(),
  fenced_at: INSTANT.nullable(),
  budget: z.string(),
  scope: z.string(),
  unit: UNIT,
  window_starts_at: INSTANT.nullable(),
  window_ends_at: INSTANT.nullable(),
  evidence: z
    .enum(["gone"])
    .nullable()
    .describe("`gone`: it can be released on what the provider billed."),
  missing: z.string().nullable().describe("What is missing to release it."),
});
export type ForfeitView = z.infer<typeof FORFEIT>;

/**
 * `billed` stayed charged; `may_overspend` is the most by which it may let the budget be overspent:
 * 0 with evidence.
 */
export const RELEASE = inSomeUnit(["released", "billed", "may_overspend"], {
  id: z.string(),
  holder: z.string(),
  budget: z.string(),
  scope: z.string(),
  unit: UNIT,
  evidence: z.enum(["gone", "none"]),
  operator: z.string(),
  reason: z.string(),
  at: INSTANT,
});
export type ReleaseView = z.infer<typeof RELEASE>;

export const FORFEITS = z.strictObject({
  forfeits: list(FORFEIT),
  releases: list(RELEASE).describe("Past ones, newest first."),
});
export type ForfeitsView = z.infer<typeof FORFEITS>;

export const RELEASED = z.strictObject({
  id: z.string(),
  already: z.boolean().describe("That id was used before: nothing was done now."),
  releases: list(RELEASE),
});
export type ReleasedView = z.infer<typeof RELEASED>;

export const COMMITMENT = z.strictObject({
  id: z.string().describe("The decision that opened it."),
  agent: z.string(),
  task: z.string(),
  server: z.string(),
  tool: z.string(),
  state: z.enum(["opening", "active", "unknown", "ended"]),
  service: z
    .union([z.string(), z.number()])
    .nullable()
    .describe("What its call made; null: nobody knows."),
  usd_per_hour: USD,
  usd_per_day: USD,
  opened_at: INSTANT,
  accrued_usd: USD.describe("What it has cost so far, as far as it was counted."),
  holds: list(z.strictObject({ budget: z.string(), scope: z.string(), held_usd: USD })).describe(
    "What is set aside, by budget.",
  ),
  renewable: z.boolean().describe("False: no budget covers another horizon."),
  ended_at: INSTANT.nullable(),
  ended_by: z.string().nullable(),
  reason: z.string().nullable(),
});
export type CommitmentView = z.infer<typeof COMMITMENT>;
