/** Notifiers, and what a test of one came to. */
import { z } from "zod";
import { INSTANT, list } from "./parts.ts";

export const NOTIFIER = z.strictObject({
  name: z.string(),
  kind: z.string(),
  to: z.string().describe("Scheme and host: the rest of the address may be a secret."),
  on: list(z.string()),
  agents: list(z.string()),
  labels: z.record(z.string(), z.string()),
  sent: z.number().describe("Of the last seven days, as `given_up`."),
  given_up: z.number(),
  pending: z.number(),
  last_sent_at: INSTANT.nullable(),
  last_error: z.strictObject({ at: INSTANT, error: z.string() }).nullable(),
});
export type NotifierView = z.infer<typeof NOTIFIER>;

export const TESTED = z.strictObject({
  name: z.string(),
  delivered: z.boolean(),
  said: z.string().describe("What the far end said, or why it said nothing."),
});
export type TestedView = z.infer<typeof TESTED>;
