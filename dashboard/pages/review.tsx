/** One review on one screen: what it did, what waits, how long, and the decision. */
import type { StatusView } from "../../src/control/schemas/gateway.ts";
import type { IncidentRowView } from "../../src/control/schemas/incidents.ts";
import type { ReviewRowView, ReviewView } from "../../src/control/schemas/reviews.ts";
import { SignalCharts } from "../charts/signals.tsx";
import { useApi } from "../data/cache.ts";
import { INCIDENTS, STATUS } from "../data/paths.ts";
import { CauseBadge } from "../parts/badges.tsx";
import { Key } from "../parts/key.tsx";
import { Loaded, Moment, Panel, Since } from "../parts/panels.tsx";
import { useKeys } from "../shell/keys.ts";
import { agentPath, incidentPath, journalPath, reviewPath } from "../shell/paths.ts";
import { go, Link } from "../shell/router.tsx";
import { decisionName, short } from "../words/entries.ts";
import { evidenceText } from "../words/evidence.ts";
import { headline } from "../words/reviews.ts";
import { CallsBefore } from "./calls.tsx";
import { Decide } from "./decide.tsx";
import { Decided } from "./decided.tsx";
import { Why } from "./evidence.tsx";
import { LastApproved } from "./last-approved.tsx";
import { ParkedCalls } from "./parked-calls.tsx";
import { Figures } from "./review-figures.tsx";
import { Transcript } from "./transcript.tsx";

export function Review({ id }: { readonly id: string }) {
  const answer = useApi<ReviewView>(`/api/v1/reviews/${encodeURIComponent(id)}`);
  return (
    <Loaded answer={answer} what={`Review ${id}`} rows={6}>
      {(review) => <Screen review={review} />}
    </Loaded>
  );
}

function Screen({ review }: { readonly review: ReviewView }) {
  const open = review.state === "open";
  const task = evidenceText(review, "task");
  return (
    <>
      <Head review={review} />
      <div class="cols side">
        <div class="stack evidence">
          <Figures review={review} />
          {review.kind === "trip" && (
            <SignalCharts agent={review.agent} tool={evidenceText(review, "tool")} />
          )}
          <Why review={review} />
          <LastApproved review={review} />
          <CallsBefore review={review} />
          {task !== "" && <Transcript key={task} agent={review.agent} task={task} />}
          <ParkedCalls review={review} />
          <Past review={review} />
        </div>
        {open ? <Decide key={review.id} review={review} /> : <Decided review={review} />}
      </div>
    </>
  );
}

function Head({ review }: { readonly review: ReviewView }) {
  const { value: status } = useApi<StatusView>(STATUS);
  const incidents = useApi<readonly IncidentRowView[]>(review.kind === "trip" ? INCIDENTS : null);
  const incident = incidents.value?.find((one) => one.review === review.id);
  const rule = evidenceText(review, "rule");
  return (
    <div class="head">
      <div>
        <h1>{headline(review)}</h1>
        <p class="lead">{review.reason}</p>
        <p class="sub">
          <CauseBadge kind={review.kind} closed={review.state === "closed"} />
          <span>
            opened{" "}
            <b class="strong">
              <Since at={review.opened_at} /> ago
            </b>
            , <Moment at={review.opened_at} />
            {rule !== "" && (
              <>
                , by breaker <b class="strong">{rule}</b>
              </>
            )}
          </span>
          <Link to={agentPath(review.agent)}>agent</Link>
          <Link to={journalPath({ agent: review.agent })}>journal</Link>
          {incident !== undefined && <Link to={incidentPath(incident.id)}>incident</Link>}
          {status !== undefined && (
            <span class="mid-only">
              guardrails <code>{short(status.commit ?? status.configuration)}</code>
            </span>
          )}
        </p>
      </div>
      <Neighbours id={review.id} />
    </div>
  );
}

/** The reviews before and after this one in the queue. */
function Neighbours({ id }: { readonly id: string }) {
  const rows = useApi<readonly ReviewRowView[]>("/api/v1/reviews?limit=200").value ?? [];
  const queue = rows.filter((row) => row.state === "open" || row.id === id).reverse();
  const at = queue.findIndex((row) => row.id === id);
  const earlier = at > 0 ? queue[at - 1] : undefined;
  const later = at >= 0 ? queue[at + 1] : undefined;
  useKeys({
    k: earlier === undefined ? undefined : () => go(reviewPath(earlier.id)),
    j: later === undefined ? undefined : () => go(reviewPath(later.id)),
  });
  if (earlier === undefined && later === undefined) return null;
  return (
    <div class="acts mid-only">
      {earlier !== undefined && (
        <Link class="btn quiet" to={reviewPath(earlier.id)}>
          Earlier <Key>K</Key>
        </Link>
      )}
      {later !== undefined && (
        <Link class="btn quiet" to={reviewPath(later.id)}>
          Later <Key>J</Key>
        </Link>
      )}
    </div>
  );
}

function Past({ review }: { readonly review: ReviewView }) {
  if (review.decisions.length === 0) return null;
  return (
    <Panel title="Decisions" note="oldest first">
      <ol class="tl in">
        {review.decisions.map(({ at, by, call, decision, reason, task }) => (
          <li key={at} class={decision === "probe" ? "probe" : "good"}>
            <time dateTime={at}>
              <Moment at={at} />
            </time>
            <div>
              <b>{decisionName(decision)}</b> {task ?? call ?? ""}{" "}
              <span class="muted">by {by}</span>
              <p>{reason}</p>
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
