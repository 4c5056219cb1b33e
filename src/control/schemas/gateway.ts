/** What a gateway says of itself. */
import { z } from "zod";
import { INSTANT, list } from "./parts.ts";

export const ISSUE = z.strictObject({
  file: z.string(),
  line: z.number().nullable(),
  path: z.string(),
  got: z.string(),
  expected: z.string(),
  hint: z.string(),
});

/** The body of every answer that is not a success. */
export const PROBLEM = z.strictObject({
  error: z.strictObject({
    code: z.string(),
    message: z.string().describe("One sentence, with what decided."),
    hint: z.string().describe("What to do now."),
    issues: list(ISSUE).optional().describe("Of a configuration that does not hold."),
  }),
});
export type ProblemView = z.infer<typeof PROBLEM>;

export const HEALTH = z.strictObject({ ok: z.literal(true) });

export const READY = z.strictObject({ ready: z.literal(true) });

export const NOT_READY = z.strictObject({ ready: z.literal(false), because: z.string() });

export const REMOTE = z.strictObject({
  source: z.string(),
  commit: z.string().nullable(),
  answered_at: INSTANT.nullable(),
  lost: z.strictObject({ since: INSTANT, because: z.string() }).nullable(),
  rejected: z.strictObject({ commit: z.string(), at: INSTANT, issues: list(ISSUE) }).nullable(),
});
export type RemoteView = z.infer<typeof REMOTE>;

export const STATUS = z.strictObject({
  version: z.string(),
  configuration: z.string(),
  commit: z.string().nullable(),
  remote: REMOTE.nullable(),
  host: z.string(),
  pid: z.number(),
  started_at: INSTANT,
  agent_url: z.string(),
  control_url: z.string(),
  ready: z.boolean(),
  because: z.string().nullable(),
  store: z.strictObject({
    kind: z.string(),
    up: z.boolean(),
    heartbeat_age_ms: z.number(),
    gateways: z.number().describe("Live ones on this store, this one included."),
  }),
  calls_in_flight: z.number(),
  agents: list(z.string()),
  agents_paused: list(z.string()).describe("Those whose clutch is not engaged."),
  providers: list(z.strictObject({ name: z.string(), kind: z.string() })),
  prices_from: z.string().describe("Day the built-in price table was made."),
  models_flagged: z.number(),
});
export type StatusView = z.infer<typeof STATUS>;

export const RELOADED = z.strictObject({
  changed: z.boolean(),
  from: z.string(),
  to: z.string(),
});
export type ReloadedView = z.infer<typeof RELOADED>;

export const FLAG = z.strictObject({
  provider: z.string(),
  model: z.string(),
  what: z.enum(["output", "input"]),
  since: INSTANT,
  call: z.string(),
});
export type FlagView = z.infer<typeof FLAG>;

export const FLAG_CLEARED = z.strictObject({
  provider: z.string(),
  model: z.string(),
  cleared: z.literal(true),
});
