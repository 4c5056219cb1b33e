/** One trip looked back at: what happened, what it cost, who decided, what was changed since. */
import type { IncidentView, MomentView } from "../../src/control/schemas/incidents.ts";
import { useApi } from "../data/cache.ts";
import { ClutchBadge, PlainBadge } from "../parts/badges.tsx";
import { Fact, Loaded, Moment, Panel, Since } from "../parts/panels.tsx";
import { agentPath, journalPath, reviewPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { decisionName, type Line, lineOf, short, type Verdict } from "../words/entries.ts";
import { usd } from "../words/money.ts";
import { counted } from "../words/numbers.ts";
import { clock, duration } from "../words/time.ts";
import { Export } from "./export.tsx";
import { Notes } from "./notes.tsx";

export function Incident({ id }: { readonly id: string }) {
  const answer = useApi<IncidentView>(`/api/v1/incidents/${encodeURIComponent(id)}`);
  return (
    <Loaded answer={answer} what={`Incident ${id}`} rows={6}>
      {(incident) => <Screen incident={incident} />}
    </Loaded>
  );
}

function Screen({ incident }: { readonly incident: IncidentView }) {
  return (
    <>
      <Head incident={incident} />
      <div class="stack">
        <Figures incident={incident} />
        <div class="cols side">
          <Timeline incident={incident} />
          <div class="stack">
            <Changed incident={incident} />
            <Notes incident={incident} />
          </div>
        </div>
      </div>
    </>
  );
}

function Head({ incident }: { readonly incident: IncidentView }) {
  const { agent, opened_at: opened, reason, review, rule, state } = incident;
  const open = state === "open";
  return (
    <div class="head">
      <div>
        <h1>{agent} was stopped</h1>
        <p class="lead">{reason}</p>
        <p class="sub">
          {open ? <ClutchBadge clutch="disengaged" /> : <PlainBadge glyph="done" word="Decided" />}
          <span>
            tripped{" "}
            <b class="strong">
              <Since at={opened} /> ago
            </b>
            , <Moment at={opened} />
            {rule !== null && <>, by breaker {rule}</>}
          </span>
          <Link to={agentPath(agent)}>agent</Link>
          <Link to={journalPath({ agent })}>journal</Link>
        </p>
      </div>
      <div class="acts">
        <Export incident={incident.id} />
        <Link class={open ? "btn main" : "btn"} to={reviewPath(review)}>
          Open the review
        </Link>
      </div>
    </div>
  );
}

function Figures({ incident }: { readonly incident: IncidentView }) {
  const { before, since, tripped } = incident.cost;
  const { closed_at: closed, decisions, opened_at: opened } = incident;
  const last = decisions.at(-1);
  return (
    <dl class="figs">
      {tripped !== null && (
        <div>
          <dt>What tripped it cost</dt>
          <dd>{usd(tripped.usd)}</dd>
          <dd>
            {counted(tripped.calls, "call")} of {tripped.tool}
          </dd>
        </div>
      )}
      <div>
        <dt>Spent, 1 h before</dt>
        <dd>{usd(before.usd)}</dd>
        <dd>{counted(before.calls, "call")}</dd>
      </div>
      <div>
        <dt>Spent since, until it was decided</dt>
        <dd>{usd(since.usd)}</dd>
        <dd>{counted(since.calls, "call")}</dd>
      </div>
      <div>
        <dt>From the trip to the decision</dt>
        <dd>
          {closed === null ? (
            <Since at={opened} />
          ) : (
            duration(Date.parse(closed) - Date.parse(opened))
          )}
        </dd>
        <dd>
          {last === undefined
            ? "nobody has decided"
            : `${decisionName(last.decision)}, by ${last.by}`}
        </dd>
      </div>
    </dl>
  );
}

function Timeline({ incident }: { readonly incident: IncidentView }) {
  const { timeline, timeline_whole: whole } = incident;
  return (
    <Panel
      title="What happened"
      note={whole ? "equal calls told as one" : "the journal has more, or has lost some of it"}
    >
      <ol class="tl in">
        {timeline.map((moment) => (
          <Told key={moment.position} moment={moment} />
        ))}
      </ol>
    </Panel>
  );
}

const DOTS: Readonly<Record<Verdict, string>> = {
  ...{ allow: "", note: "", deny: "stop", park: "wait", trip: "stop" },
};

function Told({ moment }: { readonly moment: MomentView }) {
  const { at, count, kind, task, until } = moment;
  const { about, detail, verdict, word } = toldOf(moment);
  const dot = kind === "review.decided" ? "good" : DOTS[verdict];
  const more = [task === null ? "" : `task ${task}`, count > 1 ? `until ${clock(until)}` : ""];
  return (
    <li class={dot}>
      <time dateTime={at}>{clock(at)}</time>
      <div>
        <b>{word}</b> {about}
        {count > 1 && <b class={dot === "stop" ? "c-stop" : ""}> × {count}</b>}
        {detail !== "" && <span class="muted">, {detail}</span>}
        {more.some((part) => part !== "") && <p>{more.filter((part) => part !== "").join(", ")}</p>}
      </div>
    </li>
  );
}

const CALLS: Readonly<Record<string, readonly [Verdict, string]>> = {
  "call.settled": ["allow", "Allowed"],
  "call.refused": ["deny", "Denied"],
  "call.spared": ["allow", "Allowed, observed"],
  "call.parked": ["park", "Parked"],
};

/** Of equal calls only what they have in common is told. */
function toldOf({ code, event, kind, of, usd: cost }: MomentView): Omit<Line, "costUsd"> {
  const [verdict, word] = CALLS[kind] ?? [];
  if (verdict === undefined || word === undefined) return lineOf({ kind, event: event ?? {} });
  const parts = [code ?? "", cost === null ? "" : usd(cost)].filter((part) => part !== "");
  return { verdict, word, about: of ?? "", detail: parts.join(", ") };
}

function Changed({ incident }: { readonly incident: IncidentView }) {
  const { next, revision } = incident.change;
  return (
    <Panel title="Guardrails">
      <dl class="kv">
        <Fact name="Then in force">
          {revision === null ? "not known" : <code>{short(revision)}</code>}
        </Fact>
        {next === null ? (
          <Fact name="Changed since">not yet</Fact>
        ) : (
          <>
            <Fact name="Changed to">
              <code>{short(next.commit ?? next.to)}</code>
            </Fact>
            <Fact name="When, by whom">
              <Moment at={next.at} />, {next.by}
            </Fact>
          </>
        )}
      </dl>
    </Panel>
  );
}
