/** What the control plane asks of reviews, and of the clutches that they stand for. */
import type { Operations } from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { expiryOf, noteIncident, pause, reviewsOf } from "./clutches.ts";
import { decideReview } from "./deciding.ts";
import { parkedArguments } from "./parked-arguments.ts";
import { proposalOf } from "./proposals.ts";

type OfReviews = Pick<
  Operations,
  | "pause"
  | "reviews"
  | "expiry"
  | "parked"
  | "decideReview"
  | "proposal"
  | "twoPeople"
  | "noteIncident"
  | "exportedIncident"
  | "parkedArguments"
>;

export function reviewOperations(gateway: Gateway): OfReviews {
  return {
    pause: (agents, reason, by) => pause(agents, reason, by, gateway),
    reviews: (filter) => reviewsOf(filter, gateway),
    expiry: (review) => expiryOf(review, gateway),
    parked: (filter) => gateway.store.parking.list(filter),
    decideReview: (asked, by) => decideReview(asked, by, gateway),
    proposal: (review) => proposalOf(review, gateway),
    twoPeople: () => [...gateway.rules.configuration.twoPeople],
    noteIncident: (note, by) => noteIncident(note, by, gateway),
    exportedIncident: (exported, by) => {
      emit(gateway, gateway.holding.tenure, { kind: "incident.exported", ...exported, by });
    },
    parkedArguments: (review, call, by) => parkedArguments(review, call, by, gateway),
  };
}
