/** What the dashboard shows of agents beside their clutch: what they do, and what they may. */
import { z } from "zod";
import { SCOPES, WINDOWS } from "../../guards/budget/budget.ts";
import { AMOUNT, INSTANT, list, UNIT } from "./parts.ts";

const LABEL = z.string().nullable();

/** Of all that breakers watch of an agent, what is nearest to its line; in the signal's unit. */
export const CLOSEST = z.strictObject({
  rule: z.string(),
  signal: z.string(),
  action: z.enum(["trip", "alert"]),
  tool: z.string().describe("Empty: whatever it calls."),
  task: z.string().describe("Empty: all of them together."),
  value: z.number(),
  line: z.number(),
  alarmed: z.boolean(),
});
export type ClosestView = z.infer<typeof CLOSEST>;

export const OVERVIEW_AGENT = z.strictObject({
  agent: z.string(),
  team: LABEL,
  owner: LABEL,
  calls: list(z.number()).describe("Settled and refused ones in each bar, the oldest first."),
  calls_minute: z.number().describe("In the last minute."),
  calls_hour: z.number().describe("In all bars together."),
  refused_hour: z.number(),
  failed_hour: z.number().describe("Answered with an error, or not at all."),
  spent_today_usd: AMOUNT.nullable().describe(
    "By its calls, at all gateways; null: not all of today's entries were read yet.",
  ),
  closest_breaker: CLOSEST.nullable().describe("Null: nothing that is watched has a line yet."),
  accounts: list(z.strictObject({ budget: z.string(), scope: z.string() })).describe(
    "Accounts that all its calls draw on.",
  ),
});
export type OverviewAgentView = z.infer<typeof OVERVIEW_AGENT>;

export const OVERVIEW = z.strictObject({
  gateways: z.number().describe("Of the store; the numbers are of the one that was asked."),
  since: INSTANT.describe("It counts since then, for an hour at most."),
  today: INSTANT.describe("Midnight, UTC."),
  bar_ms: z.number(),
  agents: list(OVERVIEW_AGENT),
});
export type OverviewView = z.infer<typeof OVERVIEW>;

export const MANIFEST = z.strictObject({
  agent: z.string(),
  team: LABEL,
  owner: LABEL,
  org: LABEL,
  observed_until: INSTANT.nullable().describe("Null: it is enforced."),
  models: list(z.string()).nullable().describe("Null: any model that has a price."),
  tools: list(
    z.strictObject({
      server: z.string(),
      tool: z.string(),
      effect: z.enum(["read", "write"]),
      read_only: z.boolean(),
      asks_approval: z.boolean().describe("Of all its calls, or of some."),
      rate_limit: z.strictObject({ requests: z.number(), per_ms: z.number() }).nullable(),
    }),
  ),
  blacklisted: list(z.string()),
  budgets: list(
    z.strictObject({
      name: z.string(),
      each: z.enum(SCOPES).nullable(),
      unit: UNIT,
      window: z.enum(WINDOWS),
      on_exhausted: z.enum(["deny", "park"]),
    }),
  ).describe("Those that calls of it may draw on."),
});
export type ManifestView = z.infer<typeof MANIFEST>;
