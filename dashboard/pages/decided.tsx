import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { decisionName } from "../words/entries.ts";
import { clock } from "../words/time.ts";

/** What was decided, and by whom: in the place of the panel once nothing is left to decide. */
export function Decided({ review }: { readonly review: ReviewView }) {
  const last = review.decisions.at(-1);
  return (
    <section class="panel" aria-labelledby="decided">
      <header>
        <h2 id="decided">Decided</h2>
      </header>
      {last === undefined ? (
        <p class="in muted">Nothing is left to decide here.</p>
      ) : (
        <div class="in">
          <p>
            <b class="strong">{last.by}</b> decided at {clock(last.at)} UTC:{" "}
            {decisionName(last.decision)}.
          </p>
          <p class="muted">“{last.reason}”</p>
        </div>
      )}
    </section>
  );
}
