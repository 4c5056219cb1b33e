/** What was approved before, beside what is asked now. */
import type { DifferenceView, LastApprovedView } from "../../src/control/schemas/last-approved.ts";
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { Fact, Moment, Panel } from "../parts/panels.tsx";
import { reviewPath, taskPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { isOfModel } from "../words/evidence.ts";

/** What scrolls has to be reached by keyboard. */
const SCROLLS = { tabIndex: 0 } as const;

export function LastApproved({ review }: { readonly review: ReviewView }) {
  const { agent, kind, last_approved: last } = review;
  if (kind !== "approval") return null;
  const asks = isOfModel(review) ? "request" : "arguments";
  if (last === null) {
    return (
      <Panel title="Since the last approval">
        <p class="in muted">
          {`Of no earlier approval of this ${isOfModel(review) ? "model" : "tool"} anything is known.`}
        </p>
      </Panel>
    );
  }
  return (
    <Panel title="Since the last approval" note={summaryOf(last, asks)}>
      <dl class="kv wide">
        <Fact name="Approved">
          <Moment at={last.at} /> by <b class="strong">{last.by}</b>,{" "}
          <Link to={reviewPath(last.review)}>review</Link>
        </Fact>
        <Fact name="Task">
          <Link to={taskPath(agent, last.task)}>{last.task}</Link>
        </Fact>
      </dl>
      <Differences last={last} />
    </Panel>
  );
}

function summaryOf({ differences, more }: LastApprovedView, asks: string): string {
  if (differences === null) return "too long to be compared";
  const all = differences.length + more;
  if (all === 0) return `the same ${asks}`;
  return all === 1 ? "1 difference" : `${all} differences`;
}

function Differences({ last: { differences, more } }: { readonly last: LastApprovedView }) {
  if (differences === null) {
    return (
      <p class="in muted">
        What one of them asked was too long to be kept whole: read it as it is.
      </p>
    );
  }
  if (differences.length === 0) return null;
  return (
    <section class="scrolls" aria-label="Differences to the last approval" {...SCROLLS}>
      <pre>
        {differences.flatMap((one) => linesOf(one))}
        {more > 0 && <span>{`  and ${more} more`}</span>}
      </pre>
    </section>
  );
}

/** The sign stands for the colour, too. */
function linesOf(one: DifferenceView) {
  const { is, path, was } = one;
  const gone = <span key={`-${path}`} class="del">{`- ${path}: ${JSON.stringify(was)}`}</span>;
  const here = <span key={`+${path}`} class="add">{`+ ${path}: ${JSON.stringify(is)}`}</span>;
  return [...("was" in one ? [gone] : []), ...("is" in one ? [here] : [])];
}
