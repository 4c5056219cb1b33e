/** Agents with their clutches, and the reviews that people decide. */
import { z } from "zod";
import { INSTANT, list } from "./parts.ts";

export const AGENT = z.strictObject({
  agent: z.string(),
  clutch: z.enum(["engaged", "disengaged", "probing"]),
  since: INSTANT.nullable(),
  review: z.string().nullable(),
  task: z.string().nullable().describe("The one that goes on while it is probing."),
  held: z.number().describe("Calls that wait at this gateway with their connection."),
});
export type AgentView = z.infer<typeof AGENT>;

export const PAUSED = z.strictObject({ agents: list(AGENT) });
export type PausedView = z.infer<typeof PAUSED>;

export const REVIEW_ROW = z.strictObject({
  id: z.string(),
  agent: z.string(),
  kind: z.string(),
  reason: z.string(),
  opened_at: INSTANT,
  parked: z.number().describe("Calls that are stored for it."),
  version: z.number(),
  state: z.enum(["open", "closed"]),
});
export type ReviewRowView = z.infer<typeof REVIEW_ROW>;

export const DECISION = z.strictObject({
  decision: z.string(),
  by: z.string(),
  reason: z.string(),
  at: INSTANT,
  task: z.string().nullable(),
  call: z.string().nullable(),
});
export type DecisionView = z.infer<typeof DECISION>;

export const PARKED = z.strictObject({
  call: z.string(),
  task: z.string(),
  what: z.enum(["tool", "model", "decision"]),
  state: z.enum(["parked", "let_go", "claimed", "done", "unknown", "denied"]),
  at: INSTANT,
  attached: z.boolean().describe("A client waits for it with its connection."),
  maybe_sent: z
    .boolean()
    .describe("It may have been sent before it was parked: it is never let go by itself."),
});
export type ParkedView = z.infer<typeof PARKED>;

export const REVIEW = z.strictObject({
  ...REVIEW_ROW.shape,
  evidence: z.unknown().describe("What tripped it: JSON, or text that is none."),
  decisions: list(DECISION).describe("Oldest first."),
  calls: list(PARKED).describe("That wait for it, or did; the newest first, a hundred at most."),
});
export type ReviewView = z.infer<typeof REVIEW>;
