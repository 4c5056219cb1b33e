/** What stores share about clutches and reviews: who passes, and what people are shown. */
import type { Clutch } from "./clutch.ts";

/** Reasons of later trips that a review shows: the newest ones. */
export const REASONS_MAX = 50;
/** Calls that a review `outcome_unknown` names among its evidence; the rest are in its lists. */
export const CALLS_SHOWN_MAX = 100;
/** The reason of a review `outcome_unknown`. */
export const OUTCOME_UNKNOWN =
  "A gateway was lost while calls of this agent were out or may have been: " +
  "nobody knows whether they ran.";

/** Why the gateway ends an approval that nobody has to give any more. */
export const WITHDRAWN = "Its call is not parked, so there is nothing to approve.";

/** The subject of the review of calls that may have been let through at another gateway too. */
export const COPIES_SUBJECT = "copies";
/** Its reason. */
export const MAYBE_COPIED =
  "Calls of this agent were parked at one gateway while another, which had not heard of the pause, " +
  "let the same requests through: nobody knows whether they are the same calls.";
/**
 * A gateway knows the store's clock as of its last heartbeat: what it let through this long before
 * a call was parked may have come after it.
 */
export const CLOCKS_APART_MS = 2_000;

/** Named after the first of its calls: a call is doubted for this once. */
export function copiesReviewId(call: string): string {
  return `unknown.${call}`;
}

/** One review for each lost gateway and agent, so that a repeated fence opens none. */
export function outcomeReviewId(holder: string, agent: string): string {
  return `unknown.${holder}.${agent}`;
}

/** May a call of this task go on? */
export function passes(clutch: Clutch, task: string): boolean {
  return clutch.state === "engaged" || (clutch.state === "probing" && clutch.task === task);
}

/** The evidence with the reasons of trips that came while the review stood, as its key `also`. */
export function evidenceWith(evidence: string, reasons: readonly string[]): string {
  if (reasons.length === 0) return evidence;
  const known = parsed(evidence);
  const object = typeof known === "object" && known !== null && !Array.isArray(known);
  const first = object ? known : { evidence: known };
  return JSON.stringify({ ...first, also: reasons.slice(-REASONS_MAX) });
}

/** Text that is no JSON is shown as it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
