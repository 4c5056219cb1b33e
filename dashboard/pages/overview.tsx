/** What needs a person first, then the numbers, then every agent by state and closest limit. */

import { memo } from "preact/compat";
import { useMemo } from "preact/hooks";
import type { BudgetView } from "../../src/control/schemas/money.ts";
import type { OverviewAgentView, OverviewView } from "../../src/control/schemas/overview.ts";
import type { AgentView, ReviewRowView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { useSteadyOrder } from "../data/hooks.ts";
import { ClutchBadge } from "../parts/badges.tsx";
import { Legend, Meter, Spark, strainOf } from "../parts/meter.tsx";
import { Empty, Loaded, Panel } from "../parts/panels.tsx";
import { agentPath, journalPath, Link } from "../shell/router.tsx";
import { OPEN_REVIEWS } from "../shell/shell.tsx";
import { amountOf, closeness, tightestOf } from "../words/budgets.ts";
import { amount, limit } from "../words/money.ts";
import { count, counted, percent } from "../words/numbers.ts";
import { Oldest, Queue, waitTitle } from "./reviews.tsx";

const AGENTS = "/api/v1/agents";
const OVERVIEW = "/api/v1/overview";
const BUDGETS = "/api/v1/budgets";

export function Overview() {
  const agents = useApi<readonly AgentView[]>(AGENTS);
  const reviews = useApi<readonly ReviewRowView[]>(OPEN_REVIEWS);
  return (
    <>
      <h1 class="sr">Overview</h1>
      <div class="stack">
        <Loaded answer={reviews} what="The queue of reviews">
          {(rows) => <Waiting rows={rows} />}
        </Loaded>
        <Loaded answer={agents} what="The list of agents" rows={8}>
          {(rows) => (
            <>
              <Figures agents={rows} reviews={reviews.value ?? []} />
              <Agents agents={rows} />
            </>
          )}
        </Loaded>
      </div>
    </>
  );
}

function Waiting({ rows }: { readonly rows: readonly ReviewRowView[] }) {
  if (rows.length === 0) {
    return (
      <section class="panel calm">
        <p class="in">
          <b>Nothing waits for a person.</b>{" "}
          <span class="muted">Trips, approvals and spent budgets come here first.</span>
        </p>
      </section>
    );
  }
  return (
    <Panel
      title={waitTitle(rows.length)}
      note={<Oldest rows={rows} />}
      push={
        <Link class="plain muted" to="/reviews">
          All reviews
        </Link>
      }
    >
      <Queue rows={[...rows].reverse()} selectable={false} />
    </Panel>
  );
}

function Figures(props: {
  readonly agents: readonly AgentView[];
  readonly reviews: readonly ReviewRowView[];
}) {
  const { agents, reviews } = props;
  const overview = useApi<OverviewView>(OVERVIEW).value;
  const engaged = agents.filter(({ clutch }) => clutch === "engaged").length;
  const disengaged = agents.filter(({ clutch }) => clutch === "disengaged").length;
  const parked = reviews.reduce((all, review) => all + review.parked, 0);
  return (
    <dl class="figs">
      <div>
        <dt>Agents engaged</dt>
        <dd>
          {engaged} <small>of {agents.length}</small>
        </dd>
        <dd>
          {engaged === agents.length
            ? "all of them"
            : `${disengaged} disengaged, ${agents.length - engaged - disengaged} probing`}
        </dd>
      </div>
      <div>
        <dt>Parked now</dt>
        <dd>
          <Link to="/reviews">{counted(parked, "call")}</Link>
        </dd>
        <dd>{parked === 0 ? "nothing waits" : `for ${counted(reviews.length, "review")}`}</dd>
      </div>
      {overview !== undefined && <Pace overview={overview} />}
      <Widest />
    </dl>
  );
}

/** How fast calls come, and how many of them went wrong; at this gateway. */
function Pace({ overview }: { readonly overview: OverviewView }) {
  const { agents, gateways } = overview;
  const of = (number: (agent: OverviewAgentView) => number) =>
    agents.reduce((all, agent) => all + number(agent), 0);
  const calls = of(({ calls_hour: hour }) => hour);
  const here = gateways > 1 ? ", at this gateway" : "";
  return (
    <div>
      <dt>Calls in the last minute{here}</dt>
      <dd>
        <Link to={journalPath({ from: "1m" })}>{count(of((agent) => agent.calls_minute))}</Link>
      </dd>
      <dd>
        {calls === 0
          ? "none in the last hour"
          : `${percent(
              of((agent) => agent.refused_hour),
              calls,
            )} refused, ${percent(
              of((agent) => agent.failed_hour),
              calls,
            )} failed in 1 h`}
      </dd>
    </div>
  );
}

/** The largest cap in money: that of the whole organisation, where there is one. */
function Widest() {
  const budgets = useApi<readonly BudgetView[]>(BUDGETS).value ?? [];
  const money = budgets.filter(({ unit }) => unit === "usd");
  const size = (budget: BudgetView) => Number(amountOf(budget, "limit"));
  const widest = money.toSorted((one, other) => size(other) - size(one))[0];
  if (widest === undefined) return null;
  const { name, unit } = widest;
  return (
    <div class="wide-fig">
      <dt>
        {name}, of {limit(unit, amountOf(widest, "limit"))}
      </dt>
      <dd>
        <Link to="/budgets">{amount(unit, amountOf(widest, "spent"))}</Link>
      </dd>
      <dd>
        <Meter budget={widest} />
      </dd>
    </div>
  );
}

const RANK = { disengaged: 0, probing: 1, engaged: 2 } as const;

interface Row {
  readonly agent: AgentView;
  readonly numbers: OverviewAgentView | undefined;
  readonly tightest: BudgetView | undefined;
}

function Agents({ agents }: { readonly agents: readonly AgentView[] }) {
  const overview = useApi<OverviewView>(OVERVIEW);
  const budgets = useApi<readonly BudgetView[]>(BUDGETS);
  const rows = useMemo(() => {
    const numbers = new Map((overview.value?.agents ?? []).map((one) => [one.agent, one]));
    const tightest = tightestOf(overview.value?.agents ?? [], budgets.value ?? []);
    const pairs = agents.map((agent): [string, Row] => {
      const name = agent.agent;
      return [name, { agent, numbers: numbers.get(name), tightest: tightest.get(name) }];
    });
    return new Map(pairs);
  }, [agents, overview.value, budgets.value]);
  if (agents.length === 0) {
    return (
      <section class="panel">
        <Empty title="There is no agent yet">
          An agent is what has a manifest in the guardrails folder: <code>agents/NAME.yaml</code>.
        </Empty>
      </section>
    );
  }
  // Ordered only once all that the order is by has come: nothing moves after that.
  const all = overview.value !== undefined || overview.error !== null;
  const money = budgets.value !== undefined || budgets.error !== null;
  if (!all || !money) return null;
  return <Table rows={rows} committed={(budgets.value ?? []).some(isCommitted)} />;
}

const isCommitted = (budget: BudgetView): boolean => amountOf(budget, "committed") !== "0";

function rankOf({ agent, tightest }: Row): number {
  return RANK[agent.clutch] - (tightest === undefined ? 0 : Math.min(0.99, closeness(tightest)));
}

function Table(props: { readonly rows: ReadonlyMap<string, Row>; readonly committed: boolean }) {
  const { committed, rows } = props;
  const wanted = [...rows.entries()]
    .toSorted(([, one], [, other]) => rankOf(one) - rankOf(other))
    .map(([name]) => name);
  const { ids, moved, sort } = useSteadyOrder(wanted);
  return (
    <Panel
      title="Agents"
      note={
        <>
          {ids.length}, by state, then by closest cap
          {moved && (
            <button type="button" class="link" onClick={sort}>
              Sort again
            </button>
          )}
        </>
      }
      push={<Legend committed={committed} />}
    >
      <div class="tw">
        <table class="rows t-over">
          <thead>
            <tr>
              <th>Agent</th>
              <th>Clutch</th>
              <th>Against its tightest cap</th>
              <th class="r">Left</th>
              <th class="r">Held</th>
              <th class="r">Calls/min</th>
              <th>Last hour</th>
              <th class="r">Failed</th>
              <th class="r wide-only">Refused</th>
            </tr>
          </thead>
          <tbody>
            {ids.map((id) => {
              const row = rows.get(id);
              return row === undefined ? null : <AgentRow key={id} {...row} />;
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** Drawn again only when something of it has changed: two hundred of them may be on the page. */
const AgentRow = memo(function AgentRow({ agent, numbers, tightest }: Row) {
  return (
    <tr>
      <td class="name">
        <Link to={agentPath(agent.agent)}>{agent.agent}</Link>
      </td>
      <td class="r-state">
        <ClutchBadge clutch={agent.clutch} />
      </td>
      <td class="full m-cell">{tightest !== undefined && <Against budget={tightest} />}</td>
      <td class="r hide">
        {tightest === undefined
          ? ""
          : amount(tightest.unit, amountOf(tightest, "remaining"), "down")}
      </td>
      <td class="r hide">{agent.held === 0 ? <span class="faint">0</span> : agent.held}</td>
      <td class="r left" data-l="calls/min">
        {numbers?.calls_minute ?? ""}
      </td>
      <td class="hide">
        {numbers !== undefined && (
          <Link
            to={journalPath({ agent: agent.agent, from: "1h" })}
            label={`${counted(numbers.calls_hour, "call")} in the last hour`}
          >
            <Spark values={numbers.calls} />
          </Link>
        )}
      </td>
      <td class="r hide">
        {numbers === undefined ? "" : <Share part={numbers.failed_hour} of={numbers} />}
      </td>
      <td class="r left wide-only" data-l="refused">
        {numbers === undefined ? "" : <Share part={numbers.refused_hour} of={numbers} />}
      </td>
    </tr>
  );
}, isSame);

/** Rows are made anew with every answer; what they show mostly is not. */
function isSame(one: Row, other: Row): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** From here on a share of calls that went wrong is worth a colour. */
const NEAR_PERCENT = 50;

function Share({ of, part }: { readonly part: number; readonly of: OverviewAgentView }) {
  const { calls_hour: calls } = of;
  if (part === 0) return <span class="faint">{calls === 0 ? "none" : "0.0 %"}</span>;
  const near = 100 * part >= NEAR_PERCENT * calls;
  return <span class={near ? "c-wait" : ""}>{percent(part, calls)}</span>;
}

function Against({ budget }: { readonly budget: BudgetView }) {
  const { name, scope, unit } = budget;
  const strain = strainOf(budget);
  return (
    <div class="mm">
      <Meter budget={budget} />
      <span class="sub2">
        {amount(unit, amountOf(budget, "spent"))} of {limit(unit, amountOf(budget, "limit"))}{" "}
        <span class={strain === "" ? "faint" : "c-wait strong"}>
          {strain === "out" ? "used up" : scope === "" || scope === name ? name : name}
        </span>
      </span>
    </div>
  );
}
