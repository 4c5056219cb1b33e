/** What a person is shown before they decide: what was called, what it has cost, what may come. */
import { z } from "zod";
import { INSTANT, list, SAID, AMOUNT as USD } from "./parts.ts";

export const CALL = z.strictObject({
  position: z.number().describe("In the journal."),
  at: INSTANT,
  decision: z.string().nullable(),
  task: z.string().nullable(),
  verdict: z.enum(["allowed", "refused", "parked"]),
  code: z.string().nullable(),
  asked: SAID.nullable(),
  outcome: z.string().nullable().describe("Of a call that was sent."),
  cost_usd: USD.nullable(),
});
export type CallView = z.infer<typeof CALL>;

const OF_TASK = z.strictObject({ task: z.string(), calls: z.number(), usd: USD });

export const SPENT = z.strictObject({
  from: INSTANT,
  to: INSTANT,
  calls: z.number().describe("That were sent and have ended."),
  usd: USD,
  whole: z.boolean().describe("False: the journal had more, or has lost some of it."),
  tasks: list(OF_TASK).describe("Those that it is about, the dearest first; a hundred at most."),
});
export type SpentView = z.infer<typeof SPENT>;

const MOST = {
  calls: z.number(),
  worst_case_usd: USD,
  unreckoned: z.number().describe("Calls among them whose worst case is not known."),
};

export const RESUMING = z.strictObject({
  ...MOST,
  whole: z.boolean().describe("False: more calls wait than were added up."),
  tasks: list(z.strictObject({ task: z.string(), ...MOST })).describe(
    "What probing each task lets go; those with most calls first, a hundred at most.",
  ),
});
export type ResumingView = z.infer<typeof RESUMING>;

export const DEADLINES = z.strictObject({
  held_until: INSTANT.nullable().describe(
    "When the first held connection is answered with 429; its client may come again.",
  ),
  errors_from: INSTANT.nullable().describe(
    "When the first client that waits stops coming again, and its agent sees an error.",
  ),
  expires_at: INSTANT.nullable().describe("When an approval that nobody gave is denied."),
});
export type DeadlinesView = z.infer<typeof DEADLINES>;
