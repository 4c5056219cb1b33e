import { type Clutch, ENGAGED } from "../../../guards/clutch/clutch.ts";
import { evidenceWith } from "../../../guards/clutch/review.ts";
import type { NewReview, Review } from "../../../ports/store.ts";
import type { MemoryData } from "./data.ts";
import type { ReviewRow } from "./rows.ts";

/** The clutch of an agent; one that never tripped is engaged. */
export function clutchOf(data: MemoryData, agent: string): Clutch {
  return data.clutches.get(agent) ?? ENGAGED;
}

/** A review as people see it. */
export function shownReview(data: MemoryData, row: ReviewRow): Review {
  const { closedAt, reasons, told, ...review } = row;
  const parked = [...data.parked.values()].filter(
    (each) => each.parked.review === row.id && each.parked.state === "parked",
  );
  return {
    ...review,
    evidence: evidenceWith(row.evidence, reasons),
    parked: parked.length,
    decisions: [...row.decisions],
  };
}

/** The review of an id, or that which stood when it was asked for. */
export function knownReview(data: MemoryData, id: string): ReviewRow | undefined {
  return data.reviews.get(data.merged.get(id) ?? id);
}

/** The one that is open for the same. */
export function standing(
  data: MemoryData,
  { kind, agent, subject }: NewReview,
): ReviewRow | undefined {
  return [...data.reviews.values()].find(
    (row) =>
      row.state === "open" && row.kind === kind && row.agent === agent && row.subject === subject,
  );
}

/** Opens a review, which nobody has yet. */
export function openReview(data: MemoryData, { at, ...review }: NewReview): ReviewRow {
  const row: ReviewRow = {
    ...review,
    openedAt: at,
    version: 0,
    state: "open",
    closedAt: null,
    reasons: [],
    decisions: [],
    told: -1,
  };
  data.reviews.set(review.id, row);
  return row;
}
