/** Every way in which the control plane says no: the status, and what the reader can do then. */
import type { Issue } from "../config/configuration.ts";
import type { ProblemView } from "./schemas/gateway.ts";

export const PROBLEMS = {
  "request.malformed": { status: 400, hint: "Correct the part that the message names." },
  "token.missing": {
    status: 401,
    hint: "Send an operator token as Authorization: Bearer. The local one is in control.json of the data folder.",
  },
  "token.invalid": {
    status: 401,
    hint: "The local token is new at each start; lasting ones: slipclutch keys create --operator NAME --role ROLE",
  },
  "token.agent": {
    status: 401,
    hint: "Agents have no access here by design. Use an operator token; agent keys are for the agent listener.",
  },
  "token.too-many-failures": {
    status: 429,
    hint: "Wait for the delay given, then use a valid token.",
  },
  "session.ended": {
    status: 401,
    hint: "Sign in again with an operator token: POST /api/v1/session",
  },
  "request.cross-site": {
    status: 403,
    hint: "Open the page at the address of this listener itself; programs send a token, and no cookie.",
  },
  "request.not-json": {
    status: 415,
    hint: "Send the body with content-type: application/json",
  },
  "events.full": {
    status: 503,
    hint: "Close pages that are not looked at, or ask GET /api/v1/journal from time to time.",
  },
  "hook.unsigned": {
    status: 401,
    hint: "The secret of the webhook and SLIPCLUTCH_WEBHOOK_SECRET have to be the same.",
  },
  "hook.too-many": {
    status: 429,
    hint: "Nothing is lost: the gateway looks by itself as often as --poll says.",
  },
  "link.invalid": {
    status: 403,
    hint: "Use the newest notice of it whole, or look for the review: slipclutch reviews",
  },
  "role.insufficient": { status: 403, hint: "Ask an operator who has the role that is named." },
  "path.unknown": { status: 404, hint: "See the documentation of the HTTP API." },
  "agent.unknown": {
    status: 404,
    hint: "An agent is what has a manifest in the guardrails folder.",
  },
  "key.unknown": { status: 404, hint: "List the keys: slipclutch keys list" },
  "task.unknown": { status: 404, hint: "List the tasks that are alive: slipclutch tasks list" },
  "model-flag.unknown": {
    status: 404,
    hint: "List the flagged models with GET /api/v1/model-flags",
  },
  "review.unknown": { status: 404, hint: "List the reviews: slipclutch reviews --all" },
  "incident.unknown": { status: 404, hint: "List the incidents: slipclutch incidents" },
  "incident.no-calls": {
    status: 409,
    hint: "Export an incident while the journal has what led to it.",
  },
  "call.unknown": { status: 404, hint: "See what waits: slipclutch reviews show ID" },
  "review.conflict": {
    status: 409,
    hint: "Somebody decided, or the agent tripped again. Look at it once more: slipclutch reviews show ID",
  },
  "review.nothing": {
    status: 409,
    hint: "Look at it once more: slipclutch reviews show ID",
  },
  "pause.unstored": {
    status: 503,
    hint: "The store does not answer. It is told every second; the other gateways stop once it is back, or when they have lost it too.",
  },
  "notifier.unknown": { status: 404, hint: "List them: slipclutch notifiers" },
  "commitment.unknown": { status: 404, hint: "List them: slipclutch commitments" },
  "commitment.opening": { status: 409, hint: "Nothing changed; try again once it has ended." },
  "budget.unknown": { status: 404, hint: "List the budgets: slipclutch budgets" },
  "budget.not-raised": {
    status: 409,
    hint: "See what it has left, and its scopes: slipclutch budgets",
  },
  "forfeit.unknown": { status: 404, hint: "List the forfeits: slipclutch forfeits" },
  "forfeit.unproven": {
    status: 409,
    hint: "Nothing changed. What is released without_evidence (--without-evidence) may be spent twice.",
  },
  "forfeit.billed": {
    status: 409,
    hint: "Nothing changed: what the provider billed stays charged.",
  },
  "decision.unknown": {
    status: 404,
    hint: "After a crash up to 1 s of the journal may be missing: slipclutch journal --kind journal.gap",
  },
  "request.too-large": { status: 413, hint: "No request of this API is so large." },
  "configuration.invalid": {
    status: 422,
    hint: "Nothing changed. slipclutch check shows the same issues before a reload.",
  },
  "configuration.refused": {
    status: 409,
    hint: "Nothing changed; try again once that is settled.",
  },
  "store.unreachable": {
    status: 503,
    hint: "Bring the store back; the gateway goes on by itself.",
  },
  "control.error": { status: 500, hint: "See the gateway's log for the cause." },
} as const satisfies Record<string, { status: number; hint: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A refusal of the control plane, thrown by a route and rendered in one place. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly retryAfterSeconds: number | null;
  readonly issues: readonly Issue[];

  constructor(
    code: ProblemCode,
    message: string,
    more: { retryAfterSeconds?: number; issues?: readonly Issue[] } = {},
  ) {
    super(message);
    this.code = code;
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
    this.issues = more.issues ?? [];
  }
}

export function problemView(problem: Problem): ProblemView {
  const { code, message, issues } = problem;
  const error = { code, message, hint: PROBLEMS[code].hint };
  return { error: issues.length > 0 ? { ...error, issues } : error };
}
