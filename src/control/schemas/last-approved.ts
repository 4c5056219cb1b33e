/** What a person approved before, beside what they are asked now. */
import { z } from "zod";
import { INSTANT, list } from "./parts.ts";

const DIFFERENCE = z.strictObject({
  path: z.string().describe("JSON pointer into the arguments, or the request to a model."),
  was: z.unknown().optional().describe("Not there: it was added."),
  is: z.unknown().optional().describe("Not there: it is gone."),
});
export type DifferenceView = z.infer<typeof DIFFERENCE>;

export const LAST_APPROVED = z.strictObject({
  review: z.string(),
  at: INSTANT,
  by: z.string(),
  task: z.string(),
  differences: list(DIFFERENCE)
    .nullable()
    .describe(
      "Between its arguments and these, a hundred at most; none: they are equal. Null: those of one of them were too long to be kept whole.",
    ),
  more: z.number().describe("Differences beyond these."),
});
export type LastApprovedView = z.infer<typeof LAST_APPROVED>;
