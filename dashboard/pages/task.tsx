/** One task: what waits, what went out, what decided it, and how its cost grew. */
import type { EntryView, JournalPage } from "../../src/control/schemas/journal.ts";
import type { BudgetView } from "../../src/control/schemas/money.ts";
import type { TaskView } from "../../src/control/schemas/people.ts";
import type { ReviewRowView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { PlainBadge } from "../parts/badges.tsx";
import { VerdictMark } from "../parts/icons.tsx";
import { Meter } from "../parts/meter.tsx";
import { Empty, Loaded, Moment, Panel, Since } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { agentPath, journalPath, reviewPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { amountOf } from "../words/budgets.ts";
import { lineOf, placeOf, resultOf, tookMs } from "../words/entries.ts";
import { amount, limit, sum, usd } from "../words/money.ts";
import { counted } from "../words/numbers.ts";
import { clockMs } from "../words/time.ts";
import { Transcript } from "./transcript.tsx";

const COLUMNS: readonly Column[] = [
  ["Time, UTC"],
  ["Asked"],
  ["Verdict"],
  ["Took", "r"],
  ["Result", "r"],
  ["Cost", "r"],
  ["So far", "r"],
];

/** Entries of one task on its page: the newest; the journal has all. */
const ENTRIES = 500;

export function Task({ agent, task }: { readonly agent: string; readonly task: string }) {
  const query = new URLSearchParams({ agent, task, limit: String(ENTRIES), take: "newest" });
  const page = useApi<JournalPage>(`/api/v1/journal?${query}`);
  return (
    <>
      <Head agent={agent} task={task} />
      <Loaded answer={page} what="The journal" rows={8}>
        {({ entries }) => <Screen agent={agent} task={task} entries={entries} />}
      </Loaded>
    </>
  );
}

function Head({ agent, task }: { readonly agent: string; readonly task: string }) {
  const rows = useApi<readonly TaskView[]>(
    `/api/v1/tasks?agent=${encodeURIComponent(agent)}&limit=1000`,
  );
  const view = rows.value?.find((one) => one.task === task);
  return (
    <div class="head">
      <div>
        <h1>{task}</h1>
        <p class="sub">
          {view !== undefined && <State view={view} />}
          <span>
            task of <Link to={agentPath(agent)}>{agent}</Link>
          </span>
          {view?.parent != null && <span>begun by {view.parent}</span>}
          <Link to={journalPath({ agent, task })}>journal</Link>
        </p>
      </div>
    </div>
  );
}

function State({ view }: { readonly view: TaskView }) {
  const { ended_at: ended, opened_at: opened, outcome } = view;
  if (ended === null) {
    return (
      <span>
        alive for{" "}
        <b class="strong">
          <Since at={opened} />
        </b>
      </span>
    );
  }
  return (
    <>
      <PlainBadge glyph="ended" word="Ended" />
      <span>
        {outcome}, <Moment at={ended} />
      </span>
    </>
  );
}

function Screen(props: {
  readonly agent: string;
  readonly task: string;
  readonly entries: readonly EntryView[];
}) {
  const { agent, entries, task } = props;
  const settled = entries.filter(({ kind }) => kind === "call.settled");
  const refused = entries.filter(({ kind }) => kind === "call.refused").length;
  const costs = settled.map((entry) => lineOf(entry).costUsd ?? "0");
  return (
    <div class="stack">
      <Waiting agent={agent} entries={entries} />
      <dl class="figs">
        <div>
          <dt>Calls</dt>
          <dd>{settled.length + refused}</dd>
          <dd>{refused === 0 ? "none refused" : `${refused} refused`}</dd>
        </div>
        <div>
          <dt>Charged</dt>
          <dd>{usd(sum(costs))}</dd>
          <dd>{entries.length === ENTRIES ? `in its last ${ENTRIES} entries` : "in all"}</dd>
        </div>
        <OwnBudget agent={agent} task={task} />
      </dl>
      <Timeline entries={entries} />
      <Transcript key={`${agent} ${task}`} agent={agent} task={task} />
    </div>
  );
}

/** The cap of this task alone, where there is one. */
function OwnBudget({ agent, task }: { readonly agent: string; readonly task: string }) {
  const budgets = useApi<readonly BudgetView[]>("/api/v1/budgets").value ?? [];
  const own = budgets.find(({ scope }) => scope === `${agent}/${task}`);
  if (own === undefined) return null;
  const { name, unit } = own;
  return (
    <div class="wide-fig">
      <dt>
        {name}, of {limit(unit, amountOf(own, "limit"))}
      </dt>
      <dd>{amount(unit, amountOf(own, "spent"))}</dd>
      <dd>
        <Meter budget={own} />
      </dd>
    </div>
  );
}

/** What is parked of it stands on top. */
function Waiting({
  agent,
  entries,
}: {
  readonly agent: string;
  readonly entries: readonly EntryView[];
}) {
  const path = `/api/v1/reviews?state=open&agent=${encodeURIComponent(agent)}&limit=100`;
  const open = useApi<readonly ReviewRowView[]>(path).value ?? [];
  const reviews = new Set(entries.flatMap(({ event }) => (event.review ? [event.review] : [])));
  const own = open.filter(({ id }) => reviews.has(id));
  return (
    <>
      {own.map(({ id, reason }) => (
        <div class="banner wait" key={id}>
          <VerdictMark verdict="park" word="Parked" />
          <span>{reason}</span>
          <Link class="btn" to={reviewPath(id)}>
            Open the review
          </Link>
        </div>
      ))}
    </>
  );
}

function Timeline({ entries }: { readonly entries: readonly EntryView[] }) {
  if (entries.length === 0) {
    return (
      <section class="panel">
        <Empty title="Nothing is written of this task">Its first call is the first entry.</Empty>
      </section>
    );
  }
  const rows = withSums(entries).reverse();
  return (
    <Panel title="What happened" note={`${counted(rows.length, "entry", "entries")}, newest first`}>
      <Table class="t-task" columns={COLUMNS}>
        {rows.map(({ entry, soFar }) => (
          <Row key={entry.position} entry={entry} soFar={soFar} />
        ))}
      </Table>
    </Panel>
  );
}

interface Summed {
  readonly entry: EntryView;
  readonly soFar: string;
}

/** Oldest first, each with what all up to it have cost. */
function withSums(entries: readonly EntryView[]): Summed[] {
  let soFar = "0";
  return entries.map((entry) => {
    if (entry.kind === "call.settled") soFar = sum([soFar, lineOf(entry).costUsd ?? "0"]);
    return { entry, soFar };
  });
}

function Row({ entry, soFar }: Summed) {
  const line = lineOf(entry);
  const took = tookMs(entry);
  const { agent, decision, task } = entry;
  const filter = { ...(agent === null ? {} : { agent }), ...(task === null ? {} : { task }) };
  return (
    <tr class={line.verdict === "park" ? "parked" : ""}>
      <td class="nowrap muted o3">{clockMs(entry.at)}</td>
      <td class="name">
        {decision === null ? (
          line.about
        ) : (
          <Link to={journalPath({ ...filter, decision })}>{line.about || "explain"}</Link>
        )}{" "}
        <span class="muted">{placeOf(entry.event)}</span>
      </td>
      <td class="left">
        <VerdictMark verdict={line.verdict} word={line.word} />{" "}
        <span class="muted">{line.detail}</span>
      </td>
      <td class="r hide muted">{took === null ? "" : `${took.toFixed(0)} ms`}</td>
      <td class="r hide">{resultOf(entry)}</td>
      <td class="r o1">{line.costUsd === null ? "" : usd(line.costUsd)}</td>
      <td class="r muted hide">{usd(soFar)}</td>
    </tr>
  );
}
