/** Keys, sessions and tasks. */
import { z } from "zod";
import { INSTANT } from "./parts.ts";

export const KEY = z.strictObject({
  id: z.string(),
  kind: z.enum(["agent", "task", "operator"]),
  agent: z.string().nullable(),
  task: z.string().nullable(),
  operator: z.string().nullable(),
  role: z.string().nullable(),
  created_at: INSTANT,
  expires_at: INSTANT.nullable(),
  revoked_at: INSTANT.nullable(),
});
export type KeyView = z.infer<typeof KEY>;

/** A new key: the only answer that ever holds a secret. */
export const MADE_KEY = z.strictObject({ key: z.string(), ...KEY.shape });
export type MadeKeyView = z.infer<typeof MADE_KEY>;

export const REVOKED = z.strictObject({ id: z.string(), revoked: z.literal(true) });

export const SESSION = z.strictObject({
  name: z.string(),
  role: z.enum(["viewer", "operator", "admin"]),
  expires_at: INSTANT.nullable(),
});
export type SessionView = z.infer<typeof SESSION>;

export const TASK = z.strictObject({
  agent: z.string(),
  task: z.string(),
  parent: z.string().nullable(),
  opened_at: INSTANT,
  last_seen_at: INSTANT,
  ended_at: INSTANT.nullable(),
  outcome: z.string().nullable(),
});
export type TaskView = z.infer<typeof TASK>;

export const TASK_ENDED = z.strictObject({
  agent: z.string(),
  task: z.string(),
  outcome: z.literal("failed"),
});
