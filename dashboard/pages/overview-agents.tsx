/** Every agent: by state, then by closest cap, in an order that stays while it is looked at. */
import { memo } from "preact/compat";
import { useMemo } from "preact/hooks";
import type { BudgetView } from "../../src/control/schemas/money.ts";
import type { OverviewAgentView, OverviewView } from "../../src/control/schemas/overview.ts";
import type { AgentView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { useSteadyOrder } from "../data/hooks.ts";
import { BUDGETS, OVERVIEW } from "../data/paths.ts";
import { ClutchBadge } from "../parts/badges.tsx";
import { Legend, Meter, Spark, strainOf } from "../parts/meter.tsx";
import { Empty, Panel } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { agentPath, journalPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { amountOf, closeness, tightestOf } from "../words/budgets.ts";
import { amount, limit } from "../words/money.ts";
import { counted, percent } from "../words/numbers.ts";

const COLUMNS: readonly Column[] = [
  ["Agent"],
  ["Clutch"],
  ["Against its tightest cap"],
  ["Left", "r"],
  ["Held", "r"],
  ["Calls/min", "r"],
  ["Last hour"],
  ["Failed", "r"],
  ["Refused", "r wide-only"],
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
        {ids.map((id) => {
          const row = rows.get(id);
          return row === undefined ? null : <AgentRow key={id} {...row} />;
        })}
      </Table>
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
