/** An incident as a file: what it is as JSON, and how it is read again. */
import { z } from "zod";
import type { CaseCall } from "../guards/incident/call.ts";
import type { Case } from "../guards/incident/case.ts";
import { parseUsd } from "../guards/money.ts";
import type { Issue } from "./configuration.ts";
import { oneOf, strict } from "./fields.ts";
import { issuesOf } from "./issues.ts";
import { parseSource } from "./source.ts";

/** Calls of one case. */
export const CASE_CALLS_MAX = 4_000;
/** Largest file that is read; what is exported is smaller. */
export const CASE_BYTES_MAX = 16 * 1024 * 1024;
/** Arguments nest as deep as their tools like. */
const CASE_NESTING_MAX = 1_000;

const moment = z
  .string({ error: "a moment like 2026-01-31T09:00:00.000Z" })
  .refine((text) => !Number.isNaN(Date.parse(text)), {
    error: "a moment like 2026-01-31T09:00:00.000Z",
  })
  .meta({ format: "date-time" });

const text = z.string({ error: "a text" });
const whole = (min: number) =>
  z.int({ error: `a whole number from ${min}` }).min(min, { error: `a whole number from ${min}` });
const USD = "a decimal amount like 0.25";
const usd = z.string({ error: USD }).regex(/^\d{1,10}(\.\d{1,9})?$/, { error: USD });

const CALL_FIELDS = {
  at: moment.describe("When it was refused, parked, or had ended."),
  decision: text.nullable(),
  task: text,
  verdict: oneOf(["allowed", "refused", "parked"]).describe("What was decided then."),
  code: text.nullable().describe("Of a refusal."),
  outcome: text.nullable().describe("Of a call that was sent."),
  cost_usd: usd,
  runaway: whole(1).nullable().describe("Which call of the runaway it is; null: none of it."),
  expect: oneOf(["stopped"])
    .nullable()
    .describe(
      "`stopped`: from now on it is refused, or waits for a person, or a breaker trips no later than at this call; null: nothing is expected of it.",
    ),
} as const;

const TOOL_CALL = strict({
  kind: z.literal("tool"),
  ...CALL_FIELDS,
  server: text,
  tool: text,
  digest: text.describe("Of server, tool and arguments: equal calls have an equal one."),
  bytes: whole(0).describe("Of the arguments."),
  arguments: oneOf(["kept", "not_kept", "left_out"]).describe(
    "`kept`: they are in `inputs`, by the digest. `not_kept`: the gateway has none. `left_out`: they were too many, or not wanted.",
  ),
  result: text.nullable().describe("Digest of what it answered."),
});

const MODEL_CALL = strict({ kind: z.literal("model"), ...CALL_FIELDS, model: text });

export const CASE = strict({
  version: z.literal(1, { error: "1\nThis version reads cases of version 1 alone." }),
  incident: strict({
    id: text,
    agent: text,
    rule: text.nullable().describe("The breaker that tripped."),
    server: text.nullable(),
    tool: text.nullable(),
    task: text.nullable().describe("The task of the runaway; null: it is of all of them."),
    opened_at: moment,
    closed_at: moment.nullable(),
    decisions: z
      .array(strict({ at: moment, by: text, decision: text, task: text.nullable() }))
      .readonly(),
  }),
  revision: text.nullable().describe("Of the configuration that it happened under."),
  whole: z.boolean({ error: "true or false" }).describe("False: there were more calls than these."),
  calls: z
    .array(z.discriminatedUnion("kind", [TOOL_CALL, MODEL_CALL], { error: "tool or model" }))
    .max(CASE_CALLS_MAX)
    .readonly()
    .describe("Of the agent: in the hour before it was stopped, and what waited then."),
  inputs: z
    .record(text, z.record(text, z.unknown()))
    .describe("Arguments by the digests of the calls that had them."),
});

/** As it is written; a person may change what is expected of its calls. */
export type CaseFile = z.infer<typeof CASE>;
export type CaseFileCall = CaseFile["calls"][number];

export type CaseRead =
  | { readonly kind: "ok"; readonly file: CaseFile; readonly read: Case }
  | { readonly kind: "invalid"; readonly issues: readonly Issue[] };

export function readCase(name: string, content: string): CaseRead {
  const { issues: syntax, source } = parseSource(name, content, CASE_NESTING_MAX);
  if (syntax.length > 0) return { kind: "invalid", issues: syntax };
  const result = CASE.safeParse(source.raw);
  if (!result.success) return { kind: "invalid", issues: issuesOf(source, result.error.issues) };
  return { kind: "ok", file: result.data, read: caseOf(result.data) };
}

/** In the order of time, whatever order a person has left them in. */
export function caseOf({ calls, incident, inputs }: CaseFile): Case {
  const read = calls.map((call) => callOf(call, inputs));
  return { agent: incident.agent, calls: read.sort((one, other) => one.at - other.at) };
}

function callOf(call: CaseFileCall, inputs: CaseFile["inputs"]): CaseCall {
  const { code, cost_usd, expect, outcome, runaway, task, verdict } = call;
  return {
    at: Date.parse(call.at),
    ...{ code, outcome, runaway, task, verdict },
    result: call.kind === "tool" ? call.result : null,
    what: call.kind === "tool" ? toolOf(call, inputs) : { kind: "model", model: call.model },
    charged: Number(parseUsd(cost_usd)),
    isToStop: expect === "stopped",
  };
}

function toolOf(
  call: Extract<CaseFileCall, { kind: "tool" }>,
  inputs: CaseFile["inputs"],
): CaseCall["what"] {
  const { bytes, digest, server, tool } = call;
  const known = Object.hasOwn(inputs, digest) ? (inputs[digest] ?? null) : null;
  const given = call.arguments === "kept" ? known : null;
  return { kind: "tool", server, tool, digest, bytes, arguments: given };
}
