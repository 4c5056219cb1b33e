/**
 * A function as a tool: decided before it runs, reported on after.
 *
 *   called ──► asked ──allow──► runs ──► reported ──► its result, or what it threw
 *               │ └──park──► waits, and is asked for again
 *               └──deny──► DeniedError, and it did not run
 */
import { isObject, type JsonObject } from "../wire/json.ts";
import { DeniedError, type Refused, unsure } from "./denied.ts";
import { type Answer, type Plane, parked, refusedBy, send } from "./plane.ts";
import { allowed } from "./waiting.ts";

/** The part of Standard Schema that is needed: zod, valibot, arktype and others have it. */
export interface Schema<Input, Arguments> {
  readonly "~standard": {
    validate(value: unknown): Validated<Arguments> | Promise<Validated<Arguments>>;
    readonly types?: { readonly input: Input; readonly output: Arguments } | undefined;
  };
}

type Validated<Arguments> =
  | { readonly value: Arguments; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

export interface ToolSpec {
  /** As the agent's manifest has it. */
  readonly name: string;
  /** Checked before the gateway is asked; the manifest's own `arguments` hold as well. */
  readonly schema?: Schema<unknown, unknown> | undefined;
}

export interface CallOptions {
  /** The same text again is the same call, which runs once. */
  readonly callId?: string;
}

export type GuardedTool<Input, Output> = (input: Input, options?: CallOptions) => Promise<Output>;

/** Of a guard: whom it asks, how long it waits, and where its warnings go. */
export interface Asking {
  readonly plane: Plane;
  readonly waitMs: number;
  readonly warn: (message: string) => void;
}

/** The gateway decides at once and never holds this request. */
const ANSWER_MS = 30_000;

export function guardedTool<Given extends object, Output>(
  spec: ToolSpec,
  run: (given: Given) => Output | Promise<Output>,
  asking: Asking,
): GuardedTool<object, Output> {
  return async (input, options = {}) => {
    const given = await argumentsOf(spec, input);
    const asked = { tool: spec.name, arguments: given, ...callIdOf(options) };
    const { plane, waitMs } = asking;
    const { decision } = await allowed(() => decide(asked, plane), plane, waitMs);
    try {
      // What was decided on, value for value: of the type that the caller declares for its JSON.
      const result = await run(given as Given);
      await report(decision, { ok: true, result }, asking);
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      await report(decision, { ok: false, error: message }, asking);
      throw error;
    }
  };
}

export function callIdOf({ callId }: CallOptions): { readonly call_id?: string } {
  return callId === undefined ? {} : { call_id: callId };
}

/**
 * Arguments as JSON carries them. The function gets this copy: nobody can change between the
 * decision and the run what was decided on.
 */
async function argumentsOf({ name, schema }: ToolSpec, input: object): Promise<JsonObject> {
  const checked: Validated<unknown> =
    schema === undefined ? { value: input } : await schema["~standard"].validate(input);
  if (checked.issues !== undefined) {
    const reasons = checked.issues.map(({ message }) => `${name}: ${message}`);
    const nothing = { retryAfter: null, decision: null, parked: null };
    throw new DeniedError({ code: "manifest.arguments", reasons, ...nothing });
  }
  const copy: unknown = JSON.parse(JSON.stringify(checked.value) ?? "null");
  if (isObject(copy)) return copy;
  throw new TypeError(`The arguments of ${name} must be one object.`);
}

async function decide(asked: JsonObject, plane: Plane): Promise<{ decision: string } | Refused> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await send(plane, { path: "/guard/v1/decisions", body: asked, signal });
  return answer.status === 200 ? verdictOf(answer) : refusedBy(answer);
}

function verdictOf({ body }: Answer): { decision: string } | Refused {
  const { code, decision, reasons, retry_after: retryAfter, verdict } = body;
  if (typeof decision !== "string") throw unsure("The gateway's answer has no decision.");
  if (verdict === "allow") return { decision };
  return {
    code: typeof code === "string" ? code : "gateway.unsure",
    reasons: Array.isArray(reasons) ? reasons.map(String) : [],
    retryAfter: typeof retryAfter === "number" ? retryAfter : null,
    decision,
    parked: verdict === "park" ? parked(body.parked) : null,
  };
}

/**
 * Says how it went. It has run by now, so a report that is not taken must not look like a call
 * that failed: the gateway charges the most that it may have used, and its owner is warned.
 */
async function report(decision: string, outcome: JsonObject, asking: Asking): Promise<void> {
  const { plane, warn } = asking;
  const path = `/guard/v1/decisions/${decision}/outcome`;
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await send(plane, { path, body: outcome, signal });
    if (answer.status !== 200) throw new DeniedError(refusedBy(answer));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    warn(`slipclutch: the outcome of ${decision} was not reported. ${why}`);
  }
}
