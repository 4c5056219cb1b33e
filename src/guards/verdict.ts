/**
 * What a guard answers, and the one table of every reason we refuse a call. `says` is the one
 * constant sentence that an agent is told; `hint` is the way forward for the agent's owner.
 *
 * Statuses follow what the official clients do with them: 402 and 403 are final and never retried,
 * 429 with `retry-after` comes back, 503 is for a gateway that cannot decide.
 */
export const DENIALS = {
  "request.malformed": {
    status: 400,
    says: "The request could not be read.",
    hint: "Correct the request; the facts say what was wrong with it.",
  },
  "request.unknown-path": {
    status: 404,
    says: "This path is not served here, because calls on it could not be metered.",
    hint: "Use one of the paths that the documentation lists.",
  },
  "request.too-large": {
    status: 413,
    says: "The request is larger than this gateway accepts.",
    hint: "Send a smaller body, or raise max_request_bytes; for a tool, max_arguments_bytes.",
  },
  "request.unknown-field": {
    status: 403,
    says: "The request has a field or header that this gateway does not know: it may cost money.",
    hint: "Leave it out, or add its name to allow_fields of the provider.",
  },
  "key.invalid": {
    status: 401,
    says: "The agent key is missing, unknown, expired or revoked.",
    hint: "Create a key with: slipclutch keys create --agent ID",
  },
  "budget.exhausted": {
    status: 402,
    says: "The budget does not cover this call.",
    hint: "Raise the budget, or wait until its window ends.",
  },
  "budget.contended": {
    status: 429,
    says: "Other calls hold the rest of the budget for a moment.",
    hint: "Retry after the delay given.",
  },
  "model.unknown": {
    status: 403,
    says: "No provider of this gateway serves the model on this path.",
    hint: "Use a model that a provider of this format lists, or add it to the provider's models.",
  },
  "model.unpriced": {
    status: 403,
    says: "The model has no price, so its cost could not be bounded.",
    hint: "Add its price to prices.yaml; slipclutch check prints the line.",
  },
  "model.unbounded": {
    status: 403,
    says: "The most that this call can cost could not be bounded.",
    hint: "The facts name the part that has no bound and what would bound it.",
  },
  "model.not-granted": {
    status: 403,
    says: "The model is not granted to this agent.",
    hint: "Add the model to the agent's manifest and have it reviewed.",
  },
  "call.cap": {
    status: 403,
    says: "The call asks for more than the limits of this agent allow.",
    hint: "Ask for less, or raise the limit that the facts name.",
  },
  "call.key-reused": {
    status: 403,
    says: "This call id is taken: by another call, or by one whose answer nobody knows.",
    hint: "Give every call an id of its own, and repeat an id only with the same call.",
  },
  "manifest.unknown-tool": {
    status: 403,
    says: "The tool is not granted to this agent.",
    hint: "Add it to the agent's manifest and have it reviewed.",
  },
  "manifest.blacklisted": {
    status: 403,
    says: "The tool is blacklisted for this agent.",
    hint: "Nothing but taking it off blacklisted_tools in the manifest lets it through.",
  },
  "manifest.read-only": {
    status: 403,
    says: "The tool writes, and this agent may only read with it.",
    hint: "Set read_only to false in the manifest, or declare effect: read if it only reads.",
  },
  "manifest.changed": {
    status: 403,
    says: "The tool is not what was reviewed: its server describes it in another way now.",
    hint: "Look at what changed (slipclutch manifest pin --check), then pin it anew or drop it.",
  },
  "manifest.arguments": {
    status: 403,
    says: "The arguments do not fit what the manifest allows for this tool.",
    hint: "Correct the arguments; the facts say where and what is wrong.",
  },
  "resource.underivable": {
    status: 403,
    says: "What this call is about cannot be made out from its arguments.",
    hint: "Send arguments from which it is clear; the facts say where and why it is not.",
  },
  "policy.denied": {
    status: 403,
    says: "A policy does not allow this call.",
    hint: "Ask the operator: slipclutch explain says which policy decided, and why.",
  },
  "commitment.full": {
    status: 403,
    says: "As many as this agent may keep running at once are running, or may be.",
    hint: "End one with the tool that ends it, or raise max_active in the manifest; slipclutch commitments lists them.",
  },
  "review.denied": {
    status: 403,
    says: "A person has reviewed this call, and it is not to be sent.",
    hint: "The review says why; do not repeat the call unchanged.",
  },
  "rate-limit.exceeded": {
    status: 429,
    says: "The agent calls this tool more often than its rate limit allows.",
    hint: "Slow down and retry after the delay given, or raise rate_limit in the manifest.",
  },
  "clutch.parked": {
    status: 429,
    says: "This call waits for a person: its agent is paused, or nobody knows whether it ran.",
    hint: "Decide its review; the same call sent again takes its place.",
  },
  "budget.parked": {
    status: 429,
    says: "The budget is spent, and this call waits until there is more.",
    hint: "Raise the budget or decide the review that the facts name; then retry.",
  },
  "approval.pending": {
    status: 429,
    says: "This call waits for a person's approval.",
    hint: "Approve or deny it with slipclutch reviews; the same call sent again takes its place.",
  },
  "parking.full": {
    status: 429,
    says: "As many calls of this agent or task wait already as may.",
    hint: "Decide what waits for a person (slipclutch reviews), or raise the limit of parking.",
  },
  "tool.busy": {
    status: 429,
    says: "The tool runs as many calls at once as it may, or this very call is running.",
    hint: "Retry after the delay given.",
  },
  "task.ended": {
    status: 403,
    says: "This task has ended.",
    hint: "Open a new task.",
  },
  "task.exhausted": {
    status: 403,
    says: "The task has made as many calls, or gone on for as long, as its agent's manifest allows.",
    hint: "Open a new task, or raise the limit that the facts name.",
  },
  "task.too-many": {
    status: 403,
    says: "The agent may not open more tasks now.",
    hint: "End tasks that are done, or raise the limit that the facts name.",
  },
  "provider.unreachable": {
    status: 502,
    says: "The model's provider or the tool's server could not be reached.",
    hint: "Check the provider's base_url or the tool server's url, and the network between.",
  },
  "provider.timeout": {
    status: 504,
    says: "The model's provider or the tool's server did not answer in time.",
    hint: "Try again, or raise the timeout.",
  },
  "gateway.unsure": {
    status: 503,
    says: "A guardrail could not decide, so the call was refused.",
    hint: "See the gateway's log for the cause.",
  },
  "gateway.overloaded": {
    status: 503,
    says: "The gateway has more calls in flight than it may hold.",
    hint: "Retry after the delay given, or add a gateway.",
  },
  "gateway.fenced": {
    status: 503,
    says: "This gateway lost its lease on the budgets and refuses calls until it has a new one.",
    hint: "It registers again by itself; retry after the delay given.",
  },
  "store.unreachable": {
    status: 503,
    says: "The store of the budgets cannot be reached, so nothing can be admitted.",
    hint: "Bring the store back; the gateway goes on by itself.",
  },
} as const satisfies Record<string, { status: number; says: string; hint: string }>;

export type DenialCode = keyof typeof DENIALS;

/** Numbers and names that decided. Never a secret, never a body. */
export type DenialFacts = Readonly<Record<string, string | number>>;

export interface Denial {
  readonly kind: "deny";
  readonly code: DenialCode;
  readonly facts: DenialFacts;
  /** For the journal and who explains it: never told to an agent. */
  readonly kept?: DenialFacts;
  /** Guard that refused, for the journal. */
  readonly rule?: string;
  /** Holds also while its agent is observed. */
  readonly firm?: true;
  /** In place of the code's sentence: a person's own words, or what is meant if it is no tool. */
  readonly says?: string;
  /** For "come back" codes only. Sent as whole seconds from 1 to 59. */
  readonly retryAfterMs?: number;
}

export function deny(code: DenialCode, facts: DenialFacts = {}, retryAfterMs?: number): Denial {
  return retryAfterMs === undefined
    ? { kind: "deny", code, facts }
    : { kind: "deny", code, facts, retryAfterMs };
}

/** A value or the refusal that stands in its place. */
export function isDenial(value: unknown): value is Denial {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "deny";
}
