/** Every cap as a bar: what is used and set aside, what it will come to, and what is left. */

import type { ComponentChildren } from "preact";
import { memo } from "preact/compat";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { BudgetView, ForfeitsView } from "../../src/control/schemas/money.ts";
import { useApi } from "../data/cache.ts";
import {
  MINUTE_MS,
  PHONE,
  useGradually,
  useNow,
  useSlices,
  useSteadyOrder,
} from "../data/hooks.ts";
import { BUDGETS } from "../data/paths.ts";
import { Legend, Meter, strainOf } from "../parts/meter.tsx";
import { Empty, Loaded, Panel } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { budgetPath } from "../shell/paths.ts";
import { Link, usePlace } from "../shell/router.tsx";
import {
  accountOf,
  amountOf,
  closeness,
  forecastOf,
  passersOf,
  passing,
  resets,
  spanOf,
} from "../words/budgets.ts";
import { about, amount, limit } from "../words/money.ts";
import { count, counted } from "../words/numbers.ts";
import { BudgetHistory } from "./budget-history.tsx";
import { Forfeited } from "./forfeits.tsx";
import { Raised } from "./raised.tsx";

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
  const budgets = useApi<readonly BudgetView[]>(BUDGETS);
  return (
    <Loaded answer={budgets} what="The list of budgets" rows={8}>
      {(rows) => <Screen budgets={rows} />}
    </Loaded>
  );
}

function Screen({ budgets }: { readonly budgets: readonly BudgetView[] }) {
  const [near, onlyNear] = useState(false);
  const forfeits = useApi<ForfeitsView>("/api/v1/forfeits").value;
  const strained = budgets.filter(isStrained);
  const open = forfeits?.forfeits ?? [];
  return (
    <>
      <div class="head main-page">
        <div>
          <h1>Budgets</h1>
          <p class="sub">
            <Summary budgets={budgets} />
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
      {budgets.length === 0 ? (
        <div class={open.length > 0 ? "cols side slim" : "stack"}>
          <NoCaps />
          {open.length > 0 && <Forfeited forfeits={open} />}
        </div>
      ) : (
        <Caps key={String(near)} budgets={near ? strained : budgets}>
          {open.length > 0 && <Forfeited forfeits={open} />}
        </Caps>
      )}
    </>
  );
}

/** Near its cap, above it, or on its way there. */
function isStrained(budget: BudgetView): boolean {
  return strainOf(budget) !== "" || budget.passes_at !== null;
}

function Summary({ budgets }: { readonly budgets: readonly BudgetView[] }) {
  const now = useNow();
  const passers = passersOf(budgets);
  const out = budgets.filter((budget) => strainOf(budget) === "out").length;
  const near = budgets.filter((budget) => strainOf(budget) === "near").length;
  const [first] = passers;
  if (budgets.length === 0) return null;
  return (
    <>
      {first?.passes_at && (
        <span>
          <b class="c-wait">
            {passers.length === 1
              ? "1 passes its cap before it resets:"
              : `${count(passers.length)} pass their caps before they reset, first:`}
          </b>{" "}
          <Link to={budgetPath(first.name, first.scope)}>{first.name}</Link>
          {first.scope === "" ? "" : ` of ${first.scope}`}, {passing(first.passes_at, now)}
        </span>
      )}
      {out > 0 && <span>{counted(out, "account")} used up</span>}
      {near > 0 && <span>{counted(near, "account")} above 80 %</span>}
      {out + near === 0 && <span>{counted(budgets.length, "account")}, none above 80 %</span>}
    </>
  );
}

/** What nothing is left of comes first, then what passes its cap, the soonest first. */
function rankOf(budget: BudgetView): number {
  const { passes_at: passes } = budget;
  if (strainOf(budget) === "out") return 0;
  // The moment as a part of 1: it only orders those that have one.
  return passes === null ? 3 - Math.min(1, closeness(budget)) : 1 + Date.parse(passes) / 1e14;
}

function Caps(props: {
  readonly budgets: readonly BudgetView[];
  readonly children: ComponentChildren;
}) {
  const { budgets } = props;
  const { byAccount, ids, moved, rows, sort } = useRows(budgets);
  const listed = ids.slice(0, SHOWN_MAX);
  const shown = listed.slice(0, useSlices(listed.length)).flatMap((id) => rows.get(id) ?? []);
  const picked = usePicked(budgets);
  const selected = picked ?? byAccount.get(ids[0] ?? "");
  const chosen = selected === undefined ? "" : accountOf(selected);
  const again = moved && (
    <button type="button" class="link" onClick={sort}>
      Sort again
    </button>
  );
  return (
    <div class="cols side slim">
      <Panel
        title="Caps"
        note={<>nearest first{again}</>}
        push={<Legend committed={budgets.some((one) => amountOf(one, "committed") !== "0")} />}
      >
        <Table class="t-bud" columns={COLUMNS}>
          {shown.map((budget) => (
            <Cap key={accountOf(budget)} budget={budget} selected={accountOf(budget) === chosen} />
          ))}
        </Table>
        {ids.length > listed.length && (
          <p class="in muted pad-top">
            {counted(ids.length - listed.length, "more account")} further from their caps.
          </p>
        )}
      </Panel>
      <div class={picked === undefined ? "stack" : "stack picked"}>
        {selected !== undefined && <BudgetHistory key={accountOf(selected)} budget={selected} />}
        <Raised />
        {props.children}
      </div>
    </div>
  );
}

/** By their accounts, in the order in which they were first shown, and as they are drawn. */
function useRows(budgets: readonly BudgetView[]) {
  const byAccount = useMemo(
    () => new Map(budgets.map((budget) => [accountOf(budget), budget])),
    [budgets],
  );
  const rows = useGradually(byAccount);
  const ranked = budgets.map((budget) => ({ id: accountOf(budget), rank: rankOf(budget) }));
  const wanted = ranked.sort((one, other) => one.rank - other.rank).map(({ id }) => id);
  return { byAccount, rows, ...useSteadyOrder(wanted) };
}

/** The account that the address names; on a phone it is shown above the others. */
function usePicked(budgets: readonly BudgetView[]): BudgetView | undefined {
  const query = new URLSearchParams(usePlace().search);
  const [name, wanted] = [query.get("budget"), query.get("scope") ?? ""];
  useEffect(() => {
    if (name !== null && matchMedia(PHONE).matches) scrollTo(0, 0);
  }, [name, wanted]);
  return budgets.find((budget) => budget.name === name && budget.scope === wanted);
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

interface Row {
  readonly budget: BudgetView;
  readonly selected: boolean;
}

/** Drawn again only when something of it has changed. */
const Cap = memo(function Cap({ budget, selected }: Row) {
  const { name, scope, unit } = budget;
  return (
    <tr class={selected ? "sel" : ""}>
      <td class="name">
        <Link to={budgetPath(name, scope)}>
          <b>{name}</b>
        </Link>
        <span class="sub">{spanOf(budget)}</span>
      </td>
      <td class="full m-cell">
        <Meter budget={budget} />
        <span class="row2 fine">
          <span>{limit(unit, amountOf(budget, "limit"))}</span>
          <Outlook budget={budget} />
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
});

/** What comes of it: used up, passed before it resets, or what it will come to. */
function Outlook({ budget }: { readonly budget: BudgetView }) {
  const now = useNow(MINUTE_MS);
  const { passes_at: passes, unit } = budget;
  const forecast = forecastOf(budget);
  if (strainOf(budget) === "out") return <b class="c-stop">used up</b>;
  if (passes !== null) return <b class="c-wait">{passing(passes, now)}</b>;
  if (forecast !== null) return <span>forecast {about(unit, forecast)}</span>;
  return <span>{resets(budget, now)}</span>;
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
