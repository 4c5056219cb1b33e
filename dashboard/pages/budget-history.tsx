/** What one account has spent when: this window against its cap, and the windows before. */
import type { BudgetHistoryView, BudgetView } from "../../src/control/schemas/money.ts";
import { PastChart } from "../charts/past-chart.tsx";
import { SpentChart } from "../charts/spent-chart.tsx";
import { useApi } from "../data/cache.ts";
import { useNow } from "../data/hooks.ts";
import { Fact, Failure, Moment, Panel } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { amountIn, amountOf, forecastOf, passing, resets } from "../words/budgets.ts";
import { about, amount, limit } from "../words/money.ts";
import { day, moment } from "../words/time.ts";

export function BudgetHistory({ budget }: { readonly budget: BudgetView }) {
  const { name, scope } = budget;
  const query = new URLSearchParams({ scope }).toString();
  const path = `/api/v1/budgets/${encodeURIComponent(name)}/history?${query}`;
  const answer = useApi<BudgetHistoryView>(path);
  const { value: history } = answer;
  if (history === undefined && answer.error !== null) {
    return <Failure answer={answer} what={`The history of ${name}`} />;
  }
  return (
    <Panel title={name} push={<Resets budget={budget} />}>
      {history !== undefined && <Charts history={history} />}
      <Facts budget={budget} history={history} />
    </Panel>
  );
}

function Resets({ budget }: { readonly budget: BudgetView }) {
  const now = useNow();
  return <span class="faint">{resets(budget, now)}</span>;
}

function Charts({ history }: { readonly history: BudgetHistoryView }) {
  const { bars, before, budget } = history;
  return (
    <div class="in past">
      {bars.length > 0 && <SpentChart history={history} />}
      {before.length > 0 && <PastChart budget={budget} before={before} />}
      {(bars.length > 0 || before.length > 0) && (
        <details class="as-table">
          <summary>Show as table</summary>
          <AsTable history={history} />
        </details>
      )}
    </div>
  );
}

const COLUMNS: readonly Column[] = [["From, UTC"], ["Spent", "r"], ["Cap", "r"]];

function AsTable({ history }: { readonly history: BudgetHistoryView }) {
  const { bar_seconds: seconds, bars, before, budget } = history;
  const now = useNow();
  const hourly = seconds < 86_400;
  return (
    <Table columns={COLUMNS}>
      {before.map((past) => (
        <tr key={past.starts_at}>
          <td>{day(past.starts_at, now)}</td>
          <td class="r">{amount(budget.unit, amountIn(budget.unit, past, "spent"))}</td>
          <td class="r">{limit(budget.unit, amountIn(budget.unit, past, "limit"))}</td>
        </tr>
      ))}
      {bars.map((bar) => (
        <tr key={bar.at}>
          <td>{hourly ? moment(bar.at, now) : day(bar.at, now)}</td>
          <td class="r">{amount(budget.unit, amountIn(budget.unit, bar, "spent"))}</td>
          <td class="r" />
        </tr>
      ))}
    </Table>
  );
}

function Facts({
  budget,
  history,
}: {
  readonly budget: BudgetView;
  readonly history: BudgetHistoryView | undefined;
}) {
  const now = useNow();
  const { forecast, no_forecast: missing, passes_at: passes, unit } = budget;
  const ahead = forecastOf(budget);
  const unplaced = history === undefined ? "0" : amountIn(unit, history.unplaced, "spent");
  return (
    <dl class="kv">
      <Fact name="Spent">{amount(unit, amountOf(budget, "spent"))}</Fact>
      {unplaced !== "0" && history !== undefined && history.bars.length > 0 && (
        <Fact name="of that at a time not known">{amount(unit, unplaced)}</Fact>
      )}
      <Fact name="Forecast">
        {ahead === null ? (
          <span class="muted">none: {missing}</span>
        ) : (
          <>
            {about(unit, ahead)}
            <span class="sub2">
              {forecast?.by === "last_24h" ? "as in the last 24 h" : "as in the window so far"}
            </span>
          </>
        )}
      </Fact>
      {passes !== null && (
        <Fact name="Passes its cap">
          <span class="c-wait strong">{passing(passes, now)}</span>
        </Fact>
      )}
      {history !== undefined && (
        <Fact name="When used up">
          {history.on_exhausted === "park" ? "calls park" : "calls are refused"}
        </Fact>
      )}
      {budget.window_starts_at !== null && (
        <Fact name="Since">
          <Moment at={budget.window_starts_at} />
        </Fact>
      )}
    </dl>
  );
}
