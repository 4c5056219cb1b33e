/** Trips looked back at: what happened, what it cost, who decided, what was changed then. */
import { z } from "zod";
import { SPENT } from "./evidence.ts";
import { INSTANT, list, SAID, AMOUNT as USD } from "./parts.ts";
import { DECISION } from "./reviews.ts";

export const INCIDENT_ROW = z.strictObject({
  id: z.string(),
  review: z.string().describe("Where it is decided."),
  agent: z.string(),
  reason: z.string(),
  rule: z.string().nullable().describe("The breaker that tripped."),
  state: z.enum(["open", "closed"]),
  opened_at: INSTANT,
  closed_at: INSTANT.nullable(),
});
export type IncidentRowView = z.infer<typeof INCIDENT_ROW>;

export const MOMENT = z.strictObject({
  at: INSTANT,
  until: INSTANT.describe("Later than `at` where equal calls are told as one."),
  count: z.number(),
  kind: z.string().describe("Of the journal's entry, or of the first of them."),
  position: z.number(),
  task: z.string().nullable().describe("Null where it is about several."),
  of: z.string().nullable().describe("The tool or the model that was asked for."),
  code: z.string().nullable(),
  usd: USD.nullable().describe("What these calls were charged."),
  event: SAID.nullable().describe("Of what is no call."),
});
export type MomentView = z.infer<typeof MOMENT>;

export const CHANGE = z.strictObject({
  at: INSTANT,
  from: z.string(),
  to: z.string(),
  commit: z.string().nullable(),
  by: z.string(),
});
export type ChangeView = z.infer<typeof CHANGE>;

export const NOTE = z.strictObject({ at: INSTANT, by: z.string(), text: z.string() });

export const INCIDENT = z.strictObject({
  ...INCIDENT_ROW.shape,
  evidence: z.unknown().describe("The breaker's numbers: JSON, or text that is none."),
  timeline: list(MOMENT).describe(
    "From five minutes before it tripped until ten after it was closed, oldest first.",
  ),
  timeline_whole: z.boolean().describe("False: the journal had more, or has lost some of it."),
  decisions: list(DECISION).describe("Oldest first."),
  notes: list(NOTE).describe("What people wrote, oldest first."),
  cost: z.strictObject({
    before: SPENT.describe("By the agent, in the hour before."),
    since: SPENT.describe("By the agent, until it was closed, or until now."),
    tripped: z
      .strictObject({ tool: z.string(), calls: z.number(), usd: USD })
      .nullable()
      .describe("Of what was spent before: by the tool whose calls tripped it."),
  }),
  change: z.strictObject({
    revision: z.string().nullable().describe("By which its last call before was decided."),
    next: CHANGE.nullable().describe("The first change of the configuration since."),
  }),
});
export type IncidentView = z.infer<typeof INCIDENT>;
