import { transition } from "../../../guards/clutch/transition.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { ClutchStore, NewReview } from "../../../ports/store.ts";
import { type MemoryData, raiseChange } from "./data.ts";
import { decide } from "./decisions.ts";
import { clutchOf, knownReview, openReview, shownReview, standing } from "./reviews.ts";
import type { ReviewRow } from "./rows.ts";

/** Clutches and reviews on data in memory. */
export function memoryClutch(data: MemoryData, clock: Clock): ClutchStore {
  return {
    trip: async (review) => shownReview(data, trip(data, review)),
    open: async (review) => {
      const known = knownReview(data, review.id) ?? standing(data, review);
      if (known?.id !== review.id && known) data.merged.set(review.id, known.id);
      return shownReview(data, known ?? openReview(data, review));
    },
    decide: async (decision) => decide(data, decision, clock.wall()),
    note: async ({ at, by, id, review, text }) => {
      const row = data.reviews.get(review);
      if (row === undefined) return null;
      if (!data.decided.has(id)) {
        data.decided.set(id, review);
        const about = { task: null, call: null, message: null, proposal: null };
        row.decisions.push({ decision: "note", by, reason: text, at, ...about });
      }
      return shownReview(data, row);
    },
    clutches: async () =>
      [...data.clutches].flatMap(([agent, clutch]) =>
        clutch.state === "engaged" ? [] : [{ agent, clutch }],
      ),
    reviews: async ({ state, agent, kind, id, limit }) =>
      [...data.reviews.values()]
        .filter((row) => state === undefined || row.state === state)
        .filter((row) => agent === undefined || row.agent === agent)
        .filter((row) => kind === undefined || row.kind === kind)
        .filter((row) => id === undefined || row.id === id)
        .reverse()
        .slice(0, limit)
        .map((row) => shownReview(data, row)),
  };
}

function trip(data: MemoryData, asked: NewReview): ReviewRow {
  const known = knownReview(data, asked.id);
  if (known) return known;
  const { agent, at } = asked;
  const clutch = clutchOf(data, agent);
  const stands =
    clutch.state === "engaged" ? standing(data, asked) : data.reviews.get(clutch.review);
  if (stands) {
    data.merged.set(asked.id, stands.id);
    stands.reasons.push(asked.reason);
    if (clutch.state === "disengaged") return stands;
    // Who decides on what was seen of the probe decides on something else now.
    if (clutch.state === "probing") stands.version += 1;
  }
  const review = stands ?? openReview(data, asked);
  data.clutches.set(agent, transition(clutch, { kind: "trip", review: review.id, at }));
  raiseChange(data);
  return review;
}
