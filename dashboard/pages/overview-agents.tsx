/** Every agent: by state, then by closest cap, in an order that stays while it is looked at. */
import { memo } from "preact/compat";
import { useMemo } from "preact/hooks";
import type { BudgetView } from "../../src/control/schemas/money.ts";
import type {
  ClosestView,
  OverviewAgentView,
  OverviewView,
} from "../../src/control/schemas/overview.ts";
import type { AgentView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { useGradually, useSlices, useSteadyOrder } from "../data/hooks.ts";
import { now } from "../data/live.ts";
import { BUDGETS, OVERVIEW } from "../data/paths.ts";
import { ClutchBadge } from "../parts/badges.tsx";
import { Closeness, Legend, Meter, Spark, strainOf } from "../parts/meter.tsx";
import { Empty, Panel } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { agentPath, budgetPath, journalPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { amountOf, closeness, passing, tightestOf } from "../words/budgets.ts";
import { amount, limit, usd } from "../words/money.ts";
import { counted, percent } from "../words/numbers.ts";
import { measured } from "../words/signals.ts";

/** Their widths are the style's: a table that measures its cells lays all of them out again. */
const COLUMNS: readonly Column[] = [
  ["Agent", "w-name"],
  ["Clutch", "w-state"],
  ["Today", "r w-today"],
  ["Against its tightest cap", "m-cell"],
  ["Calls/min", "r w-pace"],
  ["Last hour", "w-hour"],
  ["Failed", "r w-share"],
  ["Refused", "r w-share wide-only"],
  ["Closest breaker", "w-near"],
];

const RANK = { disengaged: 0, probing: 1, engaged: 2 } as const;

interface Row {
  readonly agent: AgentView;
  readonly numbers: OverviewAgentView | undefined;
  readonly tightest: BudgetView | undefined;
}

export function Agents({ agents }: { readonly agents: readonly AgentView[] }) {
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
  return <AgentTable rows={rows} committed={(budgets.value ?? []).some(isCommitted)} />;
}

const isCommitted = (budget: BudgetView): boolean => amountOf(budget, "committed") !== "0";

function rankOf({ agent, tightest }: Row): number {
  return RANK[agent.clutch] - (tightest === undefined ? 0 : Math.min(0.99, closeness(tightest)));
}

function AgentTable(props: {
  readonly rows: ReadonlyMap<string, Row>;
  readonly committed: boolean;
}) {
  const { committed, rows } = props;
  const ranks = [...rows].map(([name, row]) => ({ name, rank: rankOf(row) }));
  const wanted = ranks.toSorted((one, other) => one.rank - other.rank).map(({ name }) => name);
  const { ids, moved, sort } = useSteadyOrder(wanted);
  const shown = ids.slice(0, useSlices(ids.length));
  const drawn = useGradually(rows);
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
      <Table class="t-over" columns={COLUMNS}>
        {shown.map((id) => {
          const row = drawn.get(id);
          return row === undefined ? null : <AgentRow key={id} row={row} />;
        })}
      </Table>
    </Panel>
  );
}

/** Drawn again only when something of it has changed: two hundred of them may be on the page. */
const AgentRow = memo(function AgentRow({ row }: { readonly row: Row }) {
  const { agent, numbers, tightest } = row;
  return (
    <tr>
      <td class="name" title={agent.agent}>
        <Link to={agentPath(agent.agent)}>{agent.agent}</Link>
      </td>
      <td class="r-state">
        <ClutchBadge clutch={agent.clutch} />
      </td>
      <td class="r left" data-l="today">
        <Today text={numbers?.spent_today_usd ?? null} />
      </td>
      <td class="full m-cell">{tightest !== undefined && <Against budget={tightest} />}</td>
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
      <td class="r hide wide-only">
        {numbers === undefined ? "" : <Share part={numbers.refused_hour} of={numbers} />}
      </td>
      <td class="hide">
        {numbers !== undefined && (
          <Breaker calls={numbers.calls_hour} closest={numbers.closest_breaker} />
        )}
      </td>
    </tr>
  );
});

/** From here on a share of calls that went wrong is worth a colour. */
const NEAR_PERCENT = 50;

function Share({ of, part }: { readonly part: number; readonly of: OverviewAgentView }) {
  const { calls_hour: calls } = of;
  if (part === 0) return <span class="faint">{calls === 0 ? "none" : "0.0 %"}</span>;
  const near = 100 * part >= NEAR_PERCENT * calls;
  return <span class={near ? "c-wait" : ""}>{percent(part, calls)}</span>;
}

/** Spent since midnight, UTC. */
function Today({ text }: { readonly text: string | null }) {
  if (text === null) return <span class="faint">not known yet</span>;
  return <span class={text === "0" ? "faint" : ""}>{usd(text)}</span>;
}

/** How near it is to being stopped, or to an alert. */
function Breaker(props: { readonly calls: number; readonly closest: ClosestView | null }) {
  const { calls, closest } = props;
  if (closest === null) return <span class="faint">{calls === 0 ? "idle" : "none near"}</span>;
  const { action, alarmed, line, rule, signal, value } = closest;
  return (
    <Closeness
      value={value}
      limit={line}
      tripped={alarmed && action === "trip"}
      says={`${rule}, ${measured(signal, value)} of ${measured(signal, line)}`}
    />
  );
}

function Against({ budget }: { readonly budget: BudgetView }) {
  const { name, scope, unit } = budget;
  return (
    <div class="mm">
      <Meter budget={budget} />
      <span class="sub2">
        <Link to={budgetPath(name, scope)} class="plain">
          {amount(unit, amountOf(budget, "spent"))} of {limit(unit, amountOf(budget, "limit"))}
        </Link>{" "}
        <Outlook budget={budget} />
      </span>
    </div>
  );
}

/** Used up, or passed before it resets; else which cap it is. */
function Outlook({ budget }: { readonly budget: BudgetView }) {
  const { name, passes_at: passes } = budget;
  if (strainOf(budget) === "out") return <span class="c-stop strong">used up</span>;
  if (passes !== null) return <span class="c-wait strong">{passing(passes, now())}</span>;
  return <span class={strainOf(budget) === "" ? "faint" : "c-wait strong"}>{name}</span>;
}
