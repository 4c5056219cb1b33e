/** Of a call that asks for an approval: the last one like it that a person approved. */
import { approves } from "../guards/clutch/decisions.ts";
import { differencesOf } from "../guards/tool/difference.ts";
import type { Decided, Review } from "../ports/store.ts";
import { parsedOrText } from "./evidence.ts";
import type { LastApprovedView } from "./schemas/last-approved.ts";
import { iso } from "./views.ts";

/** Approvals of its agent that are looked through, newest first. */
export const APPROVALS_LOOKED_THROUGH_MAX = 100;
const DIFFERENCES_SHOWN_MAX = 100;

interface Asked {
  readonly server: unknown;
  readonly tool: unknown;
  readonly model: unknown;
  readonly task: unknown;
  /** Text, cut: they were too long to be kept whole. */
  readonly given: unknown;
}

interface Approved {
  readonly review: Review;
  readonly asked: Asked;
  readonly decided: Decided;
}

/** Null: none is known. `others` are approvals of the same agent. */
export function lastApprovedView(
  review: Review,
  others: readonly Review[],
): LastApprovedView | null {
  const now = askedIn(review);
  const last = review.state === "closed" ? review.decisions.at(-1) : undefined;
  const end = last?.at ?? Number.POSITIVE_INFINITY;
  const alike = others.flatMap((other): Approved[] => {
    const asked = askedIn(other);
    const decided = other.decisions.find(approves);
    if (other.id === review.id || decided === undefined || decided.at >= end) return [];
    return isSameThing(asked, now) ? [{ review: other, asked, decided }] : [];
  });
  const [newest] = alike.sort((one, other) => other.decided.at - one.decided.at);
  if (newest === undefined) return null;
  const { asked, decided } = newest;
  const isWhole = typeof asked.given !== "string" && typeof now.given !== "string";
  const differences = isWhole ? differencesOf(asked.given, now.given) : null;
  return {
    ...{ review: newest.review.id, at: iso(decided.at), by: decided.by, task: String(asked.task) },
    differences: differences?.slice(0, DIFFERENCES_SHOWN_MAX) ?? null,
    more: Math.max((differences?.length ?? 0) - DIFFERENCES_SHOWN_MAX, 0),
  };
}

/** As the gateway that parked it wrote it, with its arguments in clear. */
function askedIn({ evidence }: Review): Asked {
  const { arguments: given, model, server, task, tool } = Object(parsedOrText(evidence));
  return { server, tool, model, task, given };
}

function isSameThing(one: Asked, other: Asked): boolean {
  const { model, server, tool } = one;
  return server === other.server && tool === other.tool && model === other.model;
}
