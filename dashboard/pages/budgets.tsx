/** Every cap as a bar: spent, reserved, leased, forfeited, and what is left. */

import { useState } from "preact/hooks";
import type { BudgetView, ForfeitsView } from "../../src/control/schemas/money.ts";
import { useApi } from "../data/cache.ts";
import { useNow, useSteadyOrder } from "../data/hooks.ts";
import { Legend, Meter, strainOf } from "../parts/meter.tsx";
import { Empty, Loaded, Moment, Panel } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { accountOf, amountOf, closeness, resets } from "../words/budgets.ts";
import { amount, limit } from "../words/money.ts";
import { counted } from "../words/numbers.ts";

const COLUMNS: readonly Column[] = [
  ["Budget"],
  ["Against its cap"],
  ["Spent", "r"],
  ["Reserved", "r"],
  ["Leased", "r"],
  ["Forfeited", "r"],
  ["Left", "r"],
];

/** Shown at once; the nearest to their cap come first. */
const SHOWN_MAX = 200;

export function Budgets() {
  const budgets = useApi<readonly BudgetView[]>("/api/v1/budgets");
  return (
    <Loaded answer={budgets} what="The list of budgets" rows={8}>
      {(rows) => <Screen budgets={rows} />}
    </Loaded>
  );
}

function Screen({ budgets }: { readonly budgets: readonly BudgetView[] }) {
  const [near, onlyNear] = useState(false);
  const forfeits = useApi<ForfeitsView>("/api/v1/forfeits").value;
  const strained = budgets.filter((budget) => strainOf(budget) !== "");
  const open = forfeits?.forfeits ?? [];
  return (
    <>
      <div class="head main-page">
        <div>
          <h1>Budgets</h1>
          <p class="sub">
            <span>{summaryOf(budgets, strained)}</span>
          </p>
        </div>
        <div class="acts">
          {(near || (strained.length > 0 && strained.length < budgets.length)) && (
            <button type="button" class="btn" onClick={() => onlyNear(!near)}>
              {near ? "All caps" : "Only near the cap"}
            </button>
          )}
        </div>
      </div>
      <div class={open.length > 0 ? "cols side slim" : "stack"}>
        <Caps key={String(near)} budgets={near ? strained : budgets} />
        {open.length > 0 && <Forfeited forfeits={open} />}
      </div>
    </>
  );
}

function summaryOf(budgets: readonly BudgetView[], strained: readonly BudgetView[]): string {
  const out = strained.filter((budget) => strainOf(budget) === "out").length;
  const near = strained.length - out;
  if (budgets.length === 0) return "";
  if (strained.length === 0) return `${counted(budgets.length, "account")}, none above 80 %`;
  const parts = [
    out > 0 ? `${counted(out, "account")} used up` : "",
    near > 0 ? `${counted(near, "account")} above 80 %` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function Caps({ budgets }: { readonly budgets: readonly BudgetView[] }) {
  const byAccount = new Map(budgets.map((budget) => [accountOf(budget), budget]));
  const wanted = [...budgets]
    .sort((one, other) => closeness(other) - closeness(one))
    .map(accountOf);
  const { ids, moved, sort } = useSteadyOrder(wanted);
  if (budgets.length === 0) return <NoCaps />;
  const shown = ids.slice(0, SHOWN_MAX);
  return (
    <Panel
      title="Caps"
      note={
        <>
          nearest first
          {moved && (
            <button type="button" class="link" onClick={sort}>
              Sort again
            </button>
          )}
        </>
      }
      push={<Legend committed={budgets.some((one) => amountOf(one, "committed") !== "0")} />}
    >
      <Table class="t-bud" columns={COLUMNS}>
        {shown.map((id) => {
          const budget = byAccount.get(id);
          return budget === undefined ? null : <Cap key={id} budget={budget} />;
        })}
      </Table>
      {ids.length > shown.length && (
        <p class="in muted pad-top">
          {counted(ids.length - shown.length, "more account")} further from their caps.
        </p>
      )}
    </Panel>
  );
}

function NoCaps() {
  return (
    <section class="panel">
      <Empty title="No call has drawn on a budget yet">
        Budgets stand in <code>slipclutch.yaml</code>; an account opens with its first call.
      </Empty>
    </section>
  );
}

function Cap({ budget }: { readonly budget: BudgetView }) {
  const { name, scope, unit } = budget;
  const strain = strainOf(budget);
  return (
    <tr>
      <td class="name">
        <b>{name}</b>
        <span class="sub">
          {scope === "" ? "one account" : scope}
          {unit !== "usd" && `, ${unit}`}
        </span>
      </td>
      <td class="full m-cell">
        <Meter budget={budget} />
        <span class="row2 fine">
          <span>{limit(unit, amountOf(budget, "limit"))}</span>
          {strain === "out" ? (
            <b class="c-stop">used up</b>
          ) : (
            <span>
              <Resets budget={budget} />
            </span>
          )}
        </span>
      </td>
      <Amount budget={budget} name="spent" label="spent" />
      <Amount budget={budget} name="reserved" />
      <Amount budget={budget} name="leased" />
      <Amount budget={budget} name="forfeited" alarm />
      <td class="r o1 strong" data-l="left">
        {amount(unit, amountOf(budget, "remaining"), "down")}
      </td>
    </tr>
  );
}

function Resets({ budget }: { readonly budget: BudgetView }) {
  const now = useNow();
  return <>{resets(budget, now)}</>;
}

function Amount(props: {
  readonly budget: BudgetView;
  readonly name: "spent" | "reserved" | "leased" | "forfeited";
  readonly label?: string;
  readonly alarm?: boolean;
}) {
  const { alarm, budget, label, name } = props;
  const text = amountOf(budget, name);
  const kind = label === undefined ? "r hide" : "r left";
  if (text === "0") return <td class={`${kind} faint`}>0</td>;
  return (
    <td class={alarm ? `${kind} c-stop` : kind} data-l={label}>
      {budget.unit === "usd" ? amount("usd", text) : amount("", text).trim()}
    </td>
  );
}

/** Charged although nobody knows whether it was billed: a person may look and release it. */
function Forfeited({ forfeits }: { readonly forfeits: ForfeitsView["forfeits"] }) {
  return (
    <Panel title="Forfeited, may be released">
      <ul class="list">
        {forfeits.map((one) => (
          <li key={JSON.stringify([one.holder, one.budget, one.scope])}>
            <div class="row">
              <b>{one.budget}</b>
              <span class="c-stop">{amount(one.unit, amountIn(one))}</span>
            </div>
            <span class="fine">
              {one.scope === "" ? "" : `${one.scope}, `}gateway {one.host}
              {one.fenced_at !== null && (
                <>
                  , lost <Moment at={one.fenced_at} />
                </>
              )}
              . Charged, for the provider may bill it.{" "}
              {one.missing === null ? "It may be given back: " : `Not yet: ${one.missing}. `}
              {one.missing === null && <code>slipclutch forfeits release</code>}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function amountIn(one: ForfeitsView["forfeits"][number]): string {
  const fields: Readonly<Record<string, unknown>> = { ...one };
  return String(fields[`forfeited_${one.unit}`]);
}
