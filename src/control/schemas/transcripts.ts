/** What a task said and was told. */
import { z } from "zod";
import { INSTANT, list } from "./parts.ts";

const PART = z.union([
  z.strictObject({
    kind: z.enum(["text", "thinking"]),
    text: z.string().describe("What is no text is told: `[image, 12 kB]`."),
  }),
  z.strictObject({
    kind: z.literal("call"),
    id: z.string().nullable(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.strictObject({
    kind: z.literal("result"),
    id: z.string().nullable(),
    name: z.string().nullable(),
    text: z.string(),
  }),
]);
export type PartView = z.infer<typeof PART>;

const OF = { position: z.number(), at: INSTANT, decision: z.string() };

const ENTRY = z.union([
  z.strictObject({
    ...OF,
    kind: z.literal("message"),
    from: z
      .enum(["request", "answer"])
      .describe("What a model was told, or what it said. Each message stands here once."),
    role: z.string(),
    parts: list(PART),
  }),
  z.strictObject({
    ...OF,
    kind: z.literal("verdict"),
    verdict: z.enum(["refused", "parked", "broken"]),
    why: z.string().describe("A code, or what went wrong with the answer."),
  }),
  z.strictObject({
    ...OF,
    kind: z.literal("call"),
    server: z.string(),
    tool: z.string(),
    by: z.string(),
    arguments: z.string(),
    verdict: z.enum(["allowed", "refused", "parked"]),
    why: z.string().nullable(),
  }),
  z.strictObject({
    ...OF,
    kind: z.literal("result"),
    server: z.string(),
    tool: z.string(),
    outcome: z.enum(["ok", "error", "fault"]),
    text: z.string(),
  }),
]);
export type TranscriptEntryView = z.infer<typeof ENTRY>;

export const TRANSCRIPT = z.strictObject({
  agent: z.string(),
  task: z.string(),
  keeps: z.boolean().describe("Whether what it says from now on is kept."),
  dropped: z
    .number()
    .describe("Entries that had to go: for `max_bytes_per_task`, or after `keep_for`."),
  erased_at: INSTANT.nullable().describe("From then on nothing of this task is kept."),
  entries: list(ENTRY),
  next: z
    .number()
    .nullable()
    .describe("To be given as `after` for what follows; null when nothing does."),
});
export type TranscriptView = z.infer<typeof TRANSCRIPT>;

export const ERASED = z.strictObject({
  agent: z.string(),
  task: z.string(),
  erased: z.number().describe("Entries that are gone."),
});
export type ErasedView = z.infer<typeof ERASED>;
