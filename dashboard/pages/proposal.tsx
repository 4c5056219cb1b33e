/** What one person has proposed, and another may agree to. */
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { proposalLines } from "../words/proposals.ts";
import type { Decision } from "../words/reviews.ts";

/** Whether another person has to say the same. */
export function takesTwo({ two_people: two }: ReviewView, decision: Decision | null): boolean {
  return decision === "agree" || (decision !== null && two.includes(decision));
}

/** What somebody would decide, word for word. */
export function Proposal({ review }: { readonly review: ReviewView }) {
  const { proposal } = review;
  if (proposal === null) return null;
  return (
    <div class="banner wait">
      <div>
        <b>{proposal.by} proposes:</b>
        {proposalLines(review).map((line) => (
          <p key={line}>{line}</p>
        ))}
      </div>
    </div>
  );
}
