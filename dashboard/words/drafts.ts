/** A decision in the making, as it is sent; and what is missing until it can be. */
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { argumentsOf, type Choice, type Decision } from "./reviews.ts";

export interface Draft {
  readonly decision: Decision | null;
  readonly task: string;
  readonly call: string;
  readonly message: string;
  readonly reason: string;
  /** Of the budget that it is about; "": as it is. */
  readonly limit: string;
  /** The call whose arguments are changed; "": none. */
  readonly editCall: string;
  /** JSON. */
  readonly edited: string;
}

/** What a change would change. */
interface Changes {
  readonly limit?: string;
  readonly call?: string;
  readonly arguments?: object;
}

/** The body of the request. */
export function bodyOf(
  review: ReviewView,
  choice: Choice,
  draft: Draft,
  version: number,
): Readonly<Record<string, unknown>> {
  const reason = draft.reason.trim();
  if (choice.decision === "agree") return { ...agreed(review), version, reason };
  const { decision, message, of } = choice;
  const changes = decision === "change" ? changesIn(review, draft) : {};
  return {
    ...{ version, decision, reason },
    ...(of === "task" ? { task: draft.task } : {}),
    ...(of === "call" ? { call: draft.call } : {}),
    ...(message && draft.message.trim() !== "" ? { message: draft.message.trim() } : {}),
    ...(typeof changes === "string" ? {} : changes),
  };
}

/** Word for word what was proposed. */
function agreed({ proposal }: ReviewView): Readonly<Record<string, unknown>> {
  if (proposal === null) return {};
  const { at, by, reason, ...said } = proposal;
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null));
}

/** Why it cannot be sent yet; null: it can. */
export function missingIn(review: ReviewView, choice: Choice, draft: Draft): string | null {
  if (choice.off !== null) return choice.off;
  if (choice.decision === "change") {
    const changes = changesIn(review, draft);
    if (typeof changes === "string") return changes;
    const none = Object.keys(changes).length === 0 && draft.message.trim() === "";
    if (none) return "Change something first, or write a message.";
  }
  return draft.reason.trim() === "" ? "Say why: it is kept in the journal." : null;
}

/** A sentence: what is wrong with them. */
function changesIn(review: ReviewView, draft: Draft): Changes | string {
  const limit = draft.limit.trim();
  if (limit !== "" && !/^\d+(\.\d+)?$/.test(limit)) return "The limit is no number.";
  const raised = limit === "" ? {} : { limit };
  const isApproval = review.kind === "approval";
  if (draft.editCall === "" && !isApproval) return raised;
  if (isApproval && draft.edited === argumentsOf(review)) return raised;
  const edited = parsed(draft.edited);
  if (edited === null) return "The arguments are no JSON object.";
  return { ...raised, arguments: edited, ...(isApproval ? {} : { call: draft.editCall }) };
}

function parsed(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
