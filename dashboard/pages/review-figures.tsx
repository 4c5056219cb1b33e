/** A review in four numbers: what waits, what it has cost, what it may cost, how long there is. */
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { useNow } from "../data/hooks.ts";
import { Moment, Since } from "../parts/panels.tsx";
import { journalPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { unreckonedNote } from "../words/costs.ts";
import { decisionName } from "../words/entries.ts";
import { usd } from "../words/money.ts";
import { counted } from "../words/numbers.ts";
import { waitingOf } from "../words/reviews.ts";
import { clock, duration } from "../words/time.ts";

export function Figures({ review }: { readonly review: ReviewView }) {
  return (
    <dl class="figs f-rev">
      <Parked review={review} />
      <Spent review={review} />
      {review.state === "open" ? (
        <>
          <Resuming review={review} />
          <Deadline review={review} />
        </>
      ) : (
        <Ended review={review} />
      )}
    </dl>
  );
}

function Parked({ review }: { readonly review: ReviewView }) {
  const waiting = waitingOf(review);
  const tasks = new Set(waiting.map(({ task }) => task)).size;
  const detached = waiting.filter(({ attached }) => !attached).length;
  const line = detached === 0 ? "all on the line" : `${detached} detached`;
  return (
    <div>
      <dt>Parked</dt>
      <dd>
        <a href="#parked">{counted(review.parked, "call")}</a>
      </dd>
      <dd>{waiting.length === 0 ? "nothing waits" : `${counted(tasks, "task")}, ${line}`}</dd>
    </div>
  );
}

/** In the hour before it was opened, and the dearest of the tasks that it is about. */
function Spent({ review }: { readonly review: ReviewView }) {
  const { agent, spent } = review;
  const [dearest] = spent.tasks;
  const calls = `${spent.whole ? "" : "over "}${counted(spent.calls, "call")}`;
  return (
    <div>
      <dt>Spent, 1 h before</dt>
      <dd>
        <Link to={journalPath({ agent, kind: "call.settled", from: spent.from })}>
          {usd(spent.usd)}
        </Link>
      </dd>
      <dd>{dearest === undefined ? calls : `${calls}, ${usd(dearest.usd)} by ${dearest.task}`}</dd>
    </div>
  );
}

function Resuming({ review }: { readonly review: ReviewView }) {
  const { calls, worst_case_usd: worst } = review.resuming;
  const note = unreckonedNote(review);
  return (
    <div>
      <dt>What waits may cost</dt>
      <dd>
        <small>{note === "" ? "at most " : "over "}</small>
        {usd(worst)}
      </dd>
      <dd>{note === "" ? counted(calls, "call") : note}</dd>
    </div>
  );
}

/** The one that comes first, and what it is. */
function Deadline({ review }: { readonly review: ReviewView }) {
  const now = useNow();
  const { errors_from: errors, expires_at: expires } = review.deadlines;
  const at = expires ?? errors;
  if (at === null) {
    return (
      <div>
        <dt>Waiting for a person</dt>
        <dd>
          <Since at={review.opened_at} />
        </dd>
        <dd>no client waits on it</dd>
      </div>
    );
  }
  const leftMs = Date.parse(at) - now;
  return (
    <div>
      <dt>{expires === null ? "Agents see errors from" : "Denied by itself at"}</dt>
      <dd>
        {clock(at).slice(0, 5)} <small>{leftMs > 0 ? `in ${duration(leftMs)}` : "passed"}</small>
      </dd>
      <dd>{expires === null ? "until then clients wait" : "if nobody approves it"}</dd>
    </div>
  );
}

function Ended({ review }: { readonly review: ReviewView }) {
  const last = review.decisions.at(-1);
  const since = review.spent_since;
  return (
    <>
      <div>
        <dt>Spent since it was opened</dt>
        <dd>{usd(since.usd)}</dd>
        <dd>{counted(since.calls, "call")}</dd>
      </div>
      {last !== undefined && (
        <div>
          <dt>Decided</dt>
          <dd>{decisionName(last.decision)}</dd>
          <dd>
            by {last.by}, <Moment at={last.at} />
          </dd>
        </div>
      )}
    </>
  );
}
