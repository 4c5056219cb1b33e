/** What OPA's REST API says to a question for a document. */
import type { PolicyAnswer, PolicyTrace } from "../../../ports/policy-engine.ts";
import { failed, valueAnswer } from "../answers/answers.ts";
import type { Answer } from "./road.ts";

type Members = Readonly<Record<string, unknown>>;

const OK = 200;
const EVALUATION_FAILED = 500;

export function answerOf({ status, text }: Answer): PolicyAnswer {
  const body = membersOf(parsed(text));
  if (status !== OK) return failureOf(status, body);
  if (body === null) return failed("unreachable", "it answered with what is no JSON object");
  const trace = traceOf(body);
  if (!Object.hasOwn(body, "result")) return { kind: "undefined", ...trace };
  const answer = valueAnswer(body.result);
  return answer.kind === "value" ? { ...answer, ...trace } : answer;
}

/** `undefined`: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function membersOf(value: unknown): Members | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  // What is neither null nor an array is an object.
  return value as Members;
}

/** Where it keeps the decision, and what its bundles were made of: only where it is set up so. */
function traceOf({ decision_id, provenance }: Members): { readonly trace?: PolicyTrace } {
  const decisionId = typeof decision_id === "string" ? decision_id : null;
  const bundles = Object.entries(membersOf(membersOf(provenance)?.bundles) ?? {});
  const revisions = Object.fromEntries(
    bundles.flatMap(([name, bundle]): [string, string][] => {
      const revision = membersOf(bundle)?.revision;
      return typeof revision === "string" ? [[name, revision]] : [];
    }),
  );
  if (decisionId === null && bundles.length === 0) return {};
  return { trace: { decisionId, revisions } };
}

function failureOf(status: number, body: Members | null): PolicyAnswer {
  const errors = body?.code === "internal_error" && Array.isArray(body.errors) ? body.errors : [];
  const [first] = errors.map(membersOf);
  if (status !== EVALUATION_FAILED || first === undefined || first === null) {
    return failed("unreachable", `it answered with status ${status}${codeOf(body)}`);
  }
  const code = String(first.code);
  // Its own time for a question was over.
  const isLimit = code === "eval_cancel_error";
  return failed(isLimit ? "limit" : "error", `${placeOf(first)}${code}: ${first.message}`);
}

/** Its codes are words; anything else may be a page of a proxy, and hold what it was sent. */
function codeOf(body: Members | null): string {
  const code = body?.code;
  return typeof code === "string" && /^[a-z_]{1,40}$/.test(code) ? ` (${code})` : "";
}

function placeOf(error: Members): string {
  const at = membersOf(error.location);
  return at === null ? "" : `${at.file}:${at.row}: `;
}
