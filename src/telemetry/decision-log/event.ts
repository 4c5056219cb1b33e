/** What is noted of a decision → its entry, as a mask policy sees it. */
import type { Millis } from "../../guards/money.ts";
import type { DecisionError, DecisionEvent } from "../../ports/decision-log.ts";
import type { PolicyAnswer, PolicyTrace } from "../../ports/policy-engine.ts";
import { measure } from "./measure.ts";

/** One decision, as its gateway tells it. Neither its input nor its answer changes afterwards. */
export interface NotedDecision {
  /** One for each decision, also where one call takes several. */
  readonly id: string;
  /** Wall clock. */
  readonly at: Millis;
  /** Below `data`. */
  readonly path: readonly string[];
  readonly input: object;
  readonly answer: PolicyAnswer;
  /** Of the policies that decided: their commit, or the digest of their files. */
  readonly revision: string;
  readonly requestedBy: string;
  readonly trace?: { readonly traceId: string; readonly spanId: string };
  readonly tookNs?: number;
  /**
   * Asks the policies that decided for another document. Null: they have neither
   * `data.system.log.mask` nor `data.system.log.drop`.
   */
  readonly ask: AskPolicies | null;
}

export type AskPolicies = (path: readonly string[], input: DecisionEvent) => Promise<PolicyAnswer>;

/** What our own policies are called among the bundles of an entry. */
export const BUNDLE = "guardrails";

/** Why an entry has neither input nor result. The message says no word of either. */
export const WITHHELD = {
  large: {
    code: "decision_log_too_large",
    message: "input and result are left out: one of them is too large to be logged",
  },
  "no-json": {
    code: "decision_log_no_json",
    message: "input and result are left out: one of them is no JSON",
  },
  mask: {
    code: "decision_log_mask_failed",
    message: "input and result are left out: data.system.log.mask gave no list of masks",
  },
  drop: {
    code: "decision_log_drop_failed",
    message: "input and result are left out: data.system.log.drop gave no answer",
  },
} as const satisfies Readonly<Record<string, DecisionError>>;

export type Withheld = keyof typeof WITHHELD;

/** Of one that holds neither input nor result, about. */
export const BARE_BYTES = 1_024;

export interface Sized {
  /** In memory, about. */
  readonly bytes: number;
  /** Null: all of it may be shown to a mask policy. */
  readonly withheld: Withheld | null;
}

/** Walks the input and the result, and no further than is of use. */
export function sizeOf({ answer, input }: NotedDecision): Sized {
  return sizeOfParts([input, answer.kind === "value" ? answer.value : null]);
}

export function sizeOfParts(parts: readonly unknown[]): Sized {
  let bytes = BARE_BYTES;
  for (const part of parts) {
    const measured = measure(part);
    if (measured.kind !== "fits") return { bytes: BARE_BYTES, withheld: measured.kind };
    bytes += measured.bytes;
  }
  return { bytes, withheld: null };
}

/** The entry of one that waits for its masks: whole, or what is left of it. */
export function eventOf(
  noted: NotedDecision,
  labels: Readonly<Record<string, string>>,
  requestNo: number,
): DecisionEvent {
  const { answer, at, id, input, path, requestedBy, tookNs, trace } = noted;
  const found = answer.kind === "failed" ? undefined : answer.trace;
  return {
    labels,
    decision_id: id,
    ...(trace === undefined ? {} : { trace_id: trace.traceId, span_id: trace.spanId }),
    bundles: bundlesOf(noted.revision, found),
    path: path.join("/"),
    input,
    ...(answer.kind === "value" ? { result: answer.value } : {}),
    ...(answer.kind === "failed"
      ? { error: { code: `policy_${answer.code}`, message: answer.because } }
      : {}),
    requested_by: requestedBy,
    timestamp: new Date(at).toISOString(),
    metrics: tookNs === undefined ? {} : { timer_rego_query_eval_ns: Math.round(tookNs) },
    req_id: requestNo,
    ...(found?.decisionId ? { custom: { engine_decision_id: found.decisionId } } : {}),
  };
}

function bundlesOf(revision: string, trace: PolicyTrace | undefined): DecisionEvent["bundles"] {
  const theirs = Object.entries(trace?.revisions ?? {});
  const named = theirs.map(([name, theirRevision]) => [name, { revision: theirRevision }] as const);
  return { ...Object.fromEntries(named), [BUNDLE]: { revision } };
}

/** Its error may quote what it was asked, and goes with it. */
export function withheldEvent(event: DecisionEvent, why: Withheld): DecisionEvent {
  const { input: _input, result: _result, ...rest } = event;
  return { ...rest, error: WITHHELD[why] };
}
