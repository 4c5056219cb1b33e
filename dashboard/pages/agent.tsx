import type {
  ManifestView,
  OverviewAgentView,
  OverviewView,
} from "../../src/control/schemas/overview.ts";
import type { TaskView } from "../../src/control/schemas/people.ts";
import type { AgentView } from "../../src/control/schemas/reviews.ts";
import { SignalCharts } from "../charts/signals.tsx";
import { useApi } from "../data/cache.ts";
import { ClutchBadge } from "../parts/badges.tsx";
import { Empty, Loaded, Moment, Panel, Since } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { journalPath, reviewPath, taskPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { usd } from "../words/money.ts";
import { count, percent } from "../words/numbers.ts";
import { Breakers, Granted, OwnBudgets, Reviews } from "./agent-side.tsx";
import { RecentCalls } from "./calls.tsx";
import { Pause } from "./pause.tsx";

const COLUMNS: readonly Column[] = [["Task"], ["State"], ["Last seen", "r"], ["Started", "r"]];

const TASKS = 200;

export function Agent({ agent }: { readonly agent: string }) {
  const agents = useApi<readonly AgentView[]>("/api/v1/agents");
  return (
    <Loaded answer={agents} what="The list of agents" rows={8}>
      {(rows) => {
        const view = rows.find((one) => one.agent === agent);
        return view === undefined ? <Unknown agent={agent} /> : <Screen view={view} />;
      }}
    </Loaded>
  );
}

function Unknown({ agent }: { readonly agent: string }) {
  return (
    <section class="panel">
      <h1 class="sr">{agent}</h1>
      <Empty title={`There is no agent ${agent}`}>
        It may have been one: <Link to={journalPath({ agent })}>look into the journal</Link>
      </Empty>
    </section>
  );
}

function Screen({ view }: { readonly view: AgentView }) {
  const { agent } = view;
  const manifest = useApi<ManifestView>(`/api/v1/agents/${encodeURIComponent(agent)}/manifest`);
  return (
    <>
      <Head view={view} manifest={manifest.value} />
      <div class="cols side">
        <div class="stack">
          <Figures view={view} />
          <SignalCharts agent={agent} />
          <Tasks agent={agent} />
          <RecentCalls agent={agent} />
        </div>
        <div class="stack">
          <OwnBudgets agent={agent} />
          <Breakers agent={agent} />
          <Reviews agent={agent} />
          <Loaded answer={manifest} what="The manifest">
            {(value) => <Granted manifest={value} />}
          </Loaded>
        </div>
      </div>
    </>
  );
}

function Head(props: { readonly view: AgentView; readonly manifest: ManifestView | undefined }) {
  const { manifest, view } = props;
  const { agent, clutch, review, since, task } = view;
  return (
    <div class="head">
      <div>
        <h1>{agent}</h1>
        <p class="sub">
          <ClutchBadge clutch={clutch} />
          {since !== null && (
            <span>
              since{" "}
              <b class="strong">
                <Since at={since} /> ago
              </b>
              , <Moment at={since} />
            </span>
          )}
          {task !== null && <span>with task {task}</span>}
          {manifest?.team != null && <span class="mid-only">team {manifest.team}</span>}
          {manifest?.owner != null && <span class="mid-only">owner {manifest.owner}</span>}
          {manifest?.observed_until != null && (
            <span class="c-wait">
              observed until <Moment at={manifest.observed_until} />, not enforced
            </span>
          )}
        </p>
      </div>
      <div class="acts">
        {review === null ? (
          <Pause agent={agent} />
        ) : (
          <Link class="btn main" to={reviewPath(review)}>
            Open the review
          </Link>
        )}
      </div>
    </div>
  );
}

function Today(props: { readonly numbers: OverviewAgentView; readonly today: string }) {
  const { agent, spent_today_usd: spent } = props.numbers;
  return (
    <div>
      <dt>Spent today</dt>
      <dd>
        <Link to={journalPath({ agent, from: props.today, kind: "call.settled" })}>
          {spent === null ? "not known yet" : usd(spent)}
        </Link>
      </dd>
      <dd>since 00:00 UTC</dd>
    </div>
  );
}

function Figures({ view }: { readonly view: AgentView }) {
  const overview = useApi<OverviewView>("/api/v1/overview").value;
  const numbers = overview?.agents.find(({ agent }) => agent === view.agent);
  const { agent, held } = view;
  if (overview === undefined || numbers === undefined) return null;
  const { today } = overview;
  const calls = numbers.calls_hour;
  return (
    <dl class="figs">
      <div>
        <dt>Calls, 1 min</dt>
        <dd>
          <Link to={journalPath({ agent, from: "1m" })}>{count(numbers.calls_minute)}</Link>
        </dd>
        <dd>{count(calls)} in 1 h</dd>
      </div>
      <Today numbers={numbers} today={today} />
      <div>
        <dt>Refused, 1 h</dt>
        <dd>
          <Link to={journalPath({ agent, from: "1h", kind: "call.refused" })}>
            {count(numbers.refused_hour)}
          </Link>
        </dd>
        <dd>
          {calls === 0 ? "of no calls" : `${percent(numbers.refused_hour, calls)} of its calls`}
        </dd>
      </div>
      <div>
        <dt>Failed, 1 h</dt>
        <dd>
          <Link to={journalPath({ agent, from: "1h", kind: "call.settled" })}>
            {count(numbers.failed_hour)}
          </Link>
        </dd>
        <dd>
          {calls === 0 ? "of no calls" : `${percent(numbers.failed_hour, calls)} of its calls`}
        </dd>
      </div>
      <div>
        <dt>Held now</dt>
        <dd>{count(held)}</dd>
        <dd>{held === 0 ? "nobody waits here" : "clients on the line"}</dd>
      </div>
    </dl>
  );
}

function Tasks({ agent }: { readonly agent: string }) {
  const path = `/api/v1/tasks?agent=${encodeURIComponent(agent)}&limit=${TASKS}`;
  const answer = useApi<readonly TaskView[]>(path);
  return (
    <Panel title="Tasks" note={<Alive tasks={answer.value} />}>
      <Loaded answer={answer} what="The list of tasks">
        {(tasks) =>
          tasks.length === 0 ? (
            <Empty title="It has begun no task yet">A task begins with its first call.</Empty>
          ) : (
            <TaskTable agent={agent} tasks={tasks} />
          )
        }
      </Loaded>
    </Panel>
  );
}

function Alive({ tasks = [] }: { readonly tasks: readonly TaskView[] | undefined }) {
  const alive = tasks.filter(({ ended_at: ended }) => ended === null).length;
  return <>{tasks.length === 0 ? "" : `${alive} alive, ${tasks.length - alive} ended`}</>;
}

function TaskTable(props: { readonly agent: string; readonly tasks: readonly TaskView[] }) {
  const { agent, tasks } = props;
  return (
    <Table columns={COLUMNS}>
      {tasks.map(({ ended_at: ended, last_seen_at: seen, opened_at: opened, outcome, task }) => (
        <tr key={task}>
          <td class="name">
            <Link to={taskPath(agent, task)}>{task}</Link>
          </td>
          <td class="left">
            {ended === null ? "alive" : <span class="faint">ended, {outcome}</span>}
          </td>
          <td class="r hide muted">
            <Since at={seen} /> ago
          </td>
          <td class="r full muted">
            <Moment at={opened} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
