/** What bodies of requests to the control plane may hold, checked before a route sees it. */
import { z } from "zod";
import { id, parseDuration, tokensOrCalls, usd } from "../config/fields.ts";
import { UNITS, type Unit } from "../guards/budget/unit.ts";
import { DECISIONS } from "../guards/clutch/decisions.ts";
import { Problem } from "./problem.ts";

/** Bytes of a body; no request of this API comes near. */
export const BODY_BYTES_MAX = 64 * 1024;
/** Characters of a reason or a filter. */
const TEXT_CHARACTERS_MAX = 500;
/** Of what a reviewer says to a model, and of a note. */
const MESSAGE_CHARACTERS_MAX = 4_000;

/** A body, given up at the first byte past the limit, whatever its header says. */
export async function readBytes(
  body: ReadableStream<Uint8Array> | null,
  bytesMax = BODY_BYTES_MAX,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      throw new Problem("request.too-large", `The body is larger than ${bytesMax} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const lifetime = z
  .string()
  .transform((text) => parseDuration(text))
  .refine((ms) => ms !== null && ms > 0, { error: "expected a duration like 12h or 30d" });

/** `POST /api/v1/keys` */
export const KEY_BODY = z.union(
  [
    z.strictObject({ agent: id, expires_in: lifetime.optional() }),
    z.strictObject({
      operator: id,
      role: z.enum(["viewer", "operator", "admin"]),
      expires_in: lifetime.optional(),
    }),
  ],
  { error: 'expected {"agent", "expires_in"?} or {"operator", "role", "expires_in"?}' },
);

/** Why a person did it. */
const reason = z.string().trim().min(1).max(TEXT_CHARACTERS_MAX);

/** `DELETE /api/v1/model-flags/:provider/:model`, `POST /api/v1/commitments/:id/end` */
export const REASON_BODY = z.strictObject({ reason });

/** `POST /api/v1/incidents/:id/notes` */
export const NOTE_BODY = z.strictObject({
  text: z.string().trim().min(1).max(MESSAGE_CHARACTERS_MAX),
});

const text = z.string().max(TEXT_CHARACTERS_MAX);
const REASON_SAYS = `the reason has 1 to ${TEXT_CHARACTERS_MAX} characters`;
/** Agents named in one request. */
const AGENTS_MAX = 1_000;

/** `POST /api/v1/agents/pause` */
export const PAUSE_BODY = z.union(
  [
    z.strictObject({ agents: z.array(id).min(1).max(AGENTS_MAX).readonly(), reason }),
    z.strictObject({ all: z.literal(true), reason }),
  ],
  { error: `expected {"agents": […], "reason"} or {"all": true, "reason"}; ${REASON_SAYS}` },
);

const name = z.string().min(1).max(TEXT_CHARACTERS_MAX).optional();
/** What a decision is about: the whole agent, a task, or a call. */
const ABOUT = {
  resume: "nothing",
  change: "any",
  approve: "nothing",
  probe: "task",
  end: "task",
  deny: "call",
  ran: "call",
  did_not_run: "call",
} as const;

const TELLS: ReadonlySet<string> = new Set(["resume", "probe", "change", "approve", "deny"]);
/** A decimal; its budget says of what. */
const amount = z
  .string()
  .regex(/^\d{1,19}(\.\d{1,9})?$/, { error: 'expected a decimal in a string, like "750"' });

function isOf(decision: keyof typeof ABOUT, what: "task" | "call"): boolean {
  return ABOUT[decision] === what || ABOUT[decision] === "any";
}

function changes(body: { readonly limit?: unknown; readonly arguments?: unknown }): boolean {
  return body.limit !== undefined || body.arguments !== undefined;
}

function tells({ message }: { readonly message?: unknown }): boolean {
  return message !== undefined;
}

const NAMES_CALL: ReadonlySet<string> = new Set(["ran", "did_not_run"]);

/** `POST /api/v1/reviews/:id/decision` */
export const DECISION_BODY = z
  .strictObject({
    version: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
    decision: z.enum(DECISIONS),
    task: name,
    call: name,
    reason,
    message: z
      .string()
      .trim()
      .min(1)
      .max(MESSAGE_CHARACTERS_MAX)
      .describe(
        "For the agent. Of `deny`: the answer of the call. Of `resume`, `probe`, `approve` and `change`: told to its model once, with the next call of the `task`, or of each task that waits.",
      )
      .optional(),
    limit: amount
      .describe("Of `change`: the limit of the budget that it is about, until its window ends.")
      .optional(),
    arguments: z
      .record(z.string(), z.unknown())
      .describe("Of `change`: in the place of those of the `call`; an approval has one only.")
      .optional(),
  })
  .refine(({ call, decision }) => call === undefined || isOf(decision, "call"), {
    error: "deny, ran and did_not_run are of one call: expected a call beside these and change",
  })
  // A denied approval has one call only.
  .refine(({ call, decision }) => call !== undefined || !NAMES_CALL.has(decision), {
    error: "ran and did_not_run are of one call: expected a call beside them",
  })
  .refine(({ decision, task }) => ABOUT[decision] !== "task" || task !== undefined, {
    error: "probe and end are of one task: expected a task beside them",
  })
  .refine(({ decision, task }) => task === undefined || ABOUT[decision] !== "nothing", {
    error: "resume and approve are of the whole review: expected no task beside them",
  })
  .refine(({ decision, message }) => message === undefined || TELLS.has(decision), {
    error: "a message is for an agent that goes on, or whose call is denied",
  })
  .refine((body) => body.decision === "change" || !changes(body), {
    error: "a limit and arguments are changed by change: expected them beside it only",
  })
  .refine(({ decision, ...body }) => decision !== "change" || changes(body) || tells(body), {
    error: "change changes something: expected a limit, arguments or a message beside it",
  })
  .refine(
    ({ arguments: given, call, decision }) => {
      return decision !== "change" || call === undefined || given !== undefined;
    },
    { error: "a call is changed by its arguments: expected them beside it" },
  );

/** `POST /api/v1/overrides` */
export const RAISE_BODY = z.strictObject({
  budget: id,
  scope: text.optional(),
  limit: amount.nullable().describe("In the budget's unit; null: what was raised is withdrawn."),
  reason,
});

type Billed = { readonly [In in Unit as `billed_${In}`]?: bigint | undefined };

/** What stays charged, of the one unit that is released then; null: all units go. */
export function billedOf(body: Billed): { readonly unit: Unit; readonly billed: bigint } | null {
  const found = UNITS.flatMap((unit) => {
    const billed = body[`billed_${unit}`];
    return billed === undefined ? [] : [{ unit, billed }];
  });
  return found[0] ?? null;
}

/** `POST /api/v1/forfeits/release` */
export const RELEASE_BODY = z
  .strictObject({
    id,
    holder: id,
    budget: id.optional(),
    scope: text.optional(),
    billed_usd: usd.optional(),
    billed_tokens: tokensOrCalls.optional(),
    billed_calls: tokensOrCalls.optional(),
    without_evidence: z.boolean().optional(),
    reason,
  })
  .refine((body) => billedOf(body) !== null || body.without_evidence, {
    error: "expected billed_usd, what the provider's bill shows, or without_evidence: true",
  })
  .refine((body) => UNITS.filter((unit) => body[`billed_${unit}`] !== undefined).length <= 1, {
    error:
      "expected one of billed_usd, billed_tokens and billed_calls: one unit is released at once",
  })
  .refine(({ budget, scope }) => scope === undefined || budget !== undefined, {
    error: "a scope is of a budget: expected budget beside it",
  });
