import type { BudgetView } from "../../src/control/schemas/money.ts";
import type { OverviewAgentView, OverviewView } from "../../src/control/schemas/overview.ts";
import type { AgentView, ReviewRowView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { useNow } from "../data/hooks.ts";
import { AGENTS, BUDGETS, OPEN_REVIEWS, OVERVIEW } from "../data/paths.ts";
import { Meter } from "../parts/meter.tsx";
import { Loaded, Panel } from "../parts/panels.tsx";
import { budgetPath, journalPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { amountOf, forecastOf, passing } from "../words/budgets.ts";
import { about, amount, limit, sum, usd } from "../words/money.ts";
import { count, counted, percent } from "../words/numbers.ts";
import { Agents } from "./overview-agents.tsx";
import { Oldest, Queue, waitTitle } from "./reviews.tsx";

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
      {overview !== undefined && <Today overview={overview} />}
      {overview !== undefined && <Pace overview={overview} />}
      <Widest />
    </dl>
  );
}

/** Of all gateways, since midnight. */
function Today({ overview }: { readonly overview: OverviewView }) {
  const spent = overview.agents.map(({ spent_today_usd: text }) => text);
  const known = spent.filter((text) => text !== null);
  return (
    <div>
      <dt>Spent today</dt>
      <dd>
        {known.length < spent.length ? (
          <span class="faint">not known yet</span>
        ) : (
          <Link to={journalPath({ from: overview.today, kind: "call.settled" })}>
            {usd(sum(known))}
          </Link>
        )}
      </dd>
      <dd>by calls, since 00:00 UTC</dd>
    </div>
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
            )} failed in 1\u00a0h`}
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
  const { name, scope, unit } = widest;
  return (
    <div class="wide-fig">
      <dt>
        {name}, of {limit(unit, amountOf(widest, "limit"))}
      </dt>
      <dd>
        <Link to={budgetPath(name, scope)}>{amount(unit, amountOf(widest, "spent"))}</Link>{" "}
        <Ahead budget={widest} />
      </dd>
      <dd>
        <Meter budget={widest} />
      </dd>
    </div>
  );
}

/** What it will come to, or when it is passed before it resets. */
function Ahead({ budget }: { readonly budget: BudgetView }) {
  const now = useNow();
  const forecast = forecastOf(budget);
  const { passes_at: passes, unit } = budget;
  if (passes !== null) return <small class="c-wait strong">{passing(passes, now)}</small>;
  return forecast === null ? null : <small>forecast {about(unit, forecast)}</small>;
}
