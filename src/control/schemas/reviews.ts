/** Agents with their clutches, and the reviews that people decide. */
import { z } from "zod";
import { DECISIONS } from "../../guards/clutch/decisions.ts";
import { CALL, DEADLINES, RESUMING, SPENT } from "./evidence.ts";
import { LAST_APPROVED } from "./last-approved.ts";
import { INSTANT, list, AMOUNT as USD } from "./parts.ts";

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

export const PROPOSAL = z.strictObject({
  decision: z.enum(DECISIONS),
  by: z.string(),
  reason: z.string(),
  at: INSTANT,
  task: z.string().nullable(),
  call: z.string().nullable(),
  message: z.string().nullable(),
  limit: z.string().nullable(),
  arguments: z.record(z.string(), z.unknown()).nullable(),
});

/** What a call that waits asks for. */
const ASKED = z.union([
  z.strictObject({ server: z.string(), tool: z.string() }),
  z.strictObject({ model: z.string() }),
]);

export const ARGUMENTS = z.strictObject({
  call: z.string(),
  task: z.string(),
  server: z.string(),
  tool: z.string(),
  arguments: z.record(z.string(), z.unknown()),
});
export type ArgumentsView = z.infer<typeof ARGUMENTS>;

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
  edited: z.boolean().describe("A person has changed its arguments."),
  asked: ASKED,
  bytes: z.number().describe("Of its request, or of its arguments."),
  worst_case_usd: USD.nullable().describe("The most it can cost, as far as it was reckoned."),
  held_until: INSTANT.nullable().describe("When its connection is answered with 429."),
});
export type ParkedView = z.infer<typeof PARKED>;

export const REVIEW = z.strictObject({
  ...REVIEW_ROW.shape,
  evidence: z
    .unknown()
    .describe(
      "The numbers that opened it, those of its breaker for a trip: JSON, or text. Of an approval: `server` and `tool`, or `model`; `task`; `arguments`, of a model its whole request (a text, where it is longer than 64 KiB); `arguments_bytes`; `reasons`, why policies want it, if they do; `arguments_before`, where a person has changed them; `binding`, what the approval is bound to.",
    ),
  last_calls: list(CALL).describe("Of its agent until it was opened, oldest first; 50 at most."),
  spent: SPENT.describe("By its agent, in the hour before it was opened."),
  spent_since: SPENT.describe("By its agent, since it was opened."),
  resuming: RESUMING.describe("The most that what waits can cost once it is let go."),
  deadlines: DEADLINES,
  last_approved: LAST_APPROVED.nullable().describe(
    "Of an approval: the last call of the same agent and tool, or model, that a person approved, as long as it is known.",
  ),
  decisions: list(DECISION).describe("Oldest first; `proposed`: it waited for another person."),
  proposal: PROPOSAL.nullable().describe(
    "Done once another operator decides the same, but for the reason, on this version.",
  ),
  two_people: list(z.string()).describe("Decisions that take two operators."),
  calls: list(PARKED).describe("That wait for it, or did; the newest first, a hundred at most."),
});
export type ReviewView = z.infer<typeof REVIEW>;
