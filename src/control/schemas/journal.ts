/** What happened, and why. */
import { z } from "zod";
import { INSTANT, list, NUMBERS, SAID } from "./parts.ts";

export const ENTRY = z.strictObject({
  position: z.number(),
  writer: z.string().describe("The gateway in whose chain it stands."),
  no: z.number(),
  at: INSTANT,
  kind: z.string(),
  decision: z.string().nullable(),
  agent: z.string().nullable(),
  task: z.string().nullable(),
  code: z.string().nullable(),
  hash: z.string(),
  event: SAID.describe("By its kind: see the reference of events."),
});
export type EntryView = z.infer<typeof ENTRY>;

export const JOURNAL_PAGE = z.strictObject({
  entries: list(ENTRY),
  next: z
    .number()
    .nullable()
    .describe("To be given as `after` for what follows; null when there was nothing."),
});
export type JournalPage = z.infer<typeof JOURNAL_PAGE>;

/** One call as it was asked: `kind` says of what. */
export const INPUT = z.looseObject({ position: z.number(), at: INSTANT, decision: z.string() });
export type InputView = z.infer<typeof INPUT>;

export const INPUT_PAGE = z.strictObject({
  inputs: list(INPUT),
  next: z.number().nullable().describe("The place to ask on from; null: there are no more."),
});
export type InputPage = z.infer<typeof INPUT_PAGE>;

export const VERIFIED = z.union([
  z.strictObject({
    ok: z.literal(true),
    entries: z.number(),
    writers: z.number(),
    anchors: z.number(),
    gaps: z.number(),
  }),
  z.strictObject({
    ok: z.literal(false),
    bad: z.strictObject({
      what: z.enum(["entry", "anchor"]),
      writer: z.string(),
      no: z.number(),
      position: z.number().nullable(),
      why: z.string(),
    }),
  }),
]);
export type VerifiedView = z.infer<typeof VERIFIED>;

export const EXPLANATION = z.strictObject({
  decision: z.string(),
  call: z.string(),
  agent: z.string().nullable(),
  task: z.string().nullable(),
  key: z.string().nullable(),
  revision: z
    .string()
    .describe(
      "What decided: the commit's beginning, `git:1a2b…`, or that of the files' digest, `dir:…`.",
    ),
  state: z
    .enum(["settled", "refused", "in-flight", "lost", "unknown", "parked", "asked"])
    .describe(
      "`lost`: its process died, and what it had reserved is charged as forfeited. `asked`: its agent asked a policy itself.",
    ),
  at: INSTANT,
  asked: SAID.nullable(),
  answers: list(z.strictObject({ guard: z.string(), answer: z.string(), numbers: NUMBERS })),
  denial: z
    .strictObject({ code: z.string(), says: z.string(), hint: z.string(), facts: NUMBERS })
    .nullable(),
  budgets: list(SAID),
  outcome: SAID.nullable(),
  remarks: list(z.string()).describe("Sentences about what was out of the ordinary."),
});
export type ExplanationView = z.infer<typeof EXPLANATION>;
