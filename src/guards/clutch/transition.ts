/**
 * What becomes of a clutch; the picture is in `clutch.ts`.
 *
 * Decisions name the review that they were made on: one about a review that is not the clutch's
 * own is a late copy and changes nothing. Whether a trip is a late copy (its review was closed
 * since) only the store can know, and it asks here no more then.
 */
import type { Millis } from "../money.ts";
import { type Clutch, ENGAGED } from "./clutch.ts";

export type ClutchEvent =
  /** By a breaker or an operator. `review` is the one it opens, if none stands already. */
  | { readonly kind: "trip" | "pause"; readonly review: string; readonly at: Millis }
  | {
      readonly kind: "probe";
      readonly review: string;
      readonly task: string;
      readonly at: Millis;
    }
  | { readonly kind: "resume"; readonly review: string }
  /** The probe stayed calm. */
  | { readonly kind: "calm"; readonly review: string }
  | { readonly kind: "tasks-ended"; readonly review: string };

export function transition(clutch: Clutch, event: ClutchEvent): Clutch {
  switch (event.kind) {
    case "trip":
    case "pause":
      return disengage(clutch, event.review, event.at);
    case "probe":
      return probe(clutch, event);
    case "resume":
      return clutch.state !== "engaged" && clutch.review === event.review ? ENGAGED : clutch;
    case "calm":
      return clutch.state === "probing" && clutch.review === event.review ? ENGAGED : clutch;
    case "tasks-ended":
      return clutch;
  }
}

/** One review stands for one stop, however many trips there are. */
function disengage(clutch: Clutch, review: string, since: Millis): Clutch {
  switch (clutch.state) {
    case "engaged":
      return { state: "disengaged", review, since };
    case "disengaged":
      return clutch;
    case "probing":
      return { state: "disengaged", review: clutch.review, since };
  }
}

/** Asked again with another task, the probe begins anew with that one. */
function probe(clutch: Clutch, event: ClutchEvent & { readonly kind: "probe" }): Clutch {
  const { at: since, review, task } = event;
  if (clutch.state === "engaged" || clutch.review !== review) return clutch;
  if (clutch.state === "probing" && clutch.task === task) return clutch;
  return { state: "probing", review, since, task };
}
