/** Budgets as the control plane's API shows them: what they have, what they will, what they had. */
import type { Forecast } from "../guards/budget/forecast.ts";
import { inUnit } from "../guards/budget/unit.ts";
import type { BudgetHistory, BudgetState } from "./operations.ts";
import type { BudgetHistoryView, BudgetView } from "./schemas/money.ts";
import { iso, isoOrNull } from "./views.ts";

export function budgetView(state: BudgetState): BudgetView {
  const { budget: name, ends, scope, starts, unit, window } = state;
  const { committed, forfeited, leased, limit, remaining, reserved, spent } = state;
  const amounts = { limit, spent, reserved, leased, forfeited, committed, remaining };
  return {
    ...{ name, scope, unit, window, ...inUnit(unit, amounts) },
    window_starts_at: ends === null ? null : iso(starts),
    window_ends_at: isoOrNull(ends),
    ...forecastView(state),
  };
}

const MISSING: Readonly<Record<Extract<Forecast, { kind: "none" }>["because"], string>> = {
  "no-end": "its window has no end",
  "too-early": "less than an hour of its window has passed",
};

function forecastView({
  forecast,
  unit,
}: BudgetState): Pick<BudgetView, "forecast" | "no_forecast" | "passes_at"> {
  if (forecast.kind === "none") {
    return { forecast: null, no_forecast: MISSING[forecast.because], passes_at: null };
  }
  const { by, passesAt, spent } = forecast;
  return {
    forecast: { by: by === "last-day" ? "last_24h" : "window", ...inUnit(unit, { spent }) },
    no_forecast: null,
    passes_at: isoOrNull(passesAt),
  };
}

const MS_PER_SECOND = 1_000;

export function historyView(history: BudgetHistory): BudgetHistoryView {
  const { barMs, bars, before, onExhausted, state, unplaced } = history;
  const { unit } = state;
  return {
    budget: budgetView(state),
    on_exhausted: onExhausted,
    bar_seconds: barMs / MS_PER_SECOND,
    bars: bars.map(({ at, spent }) => ({ at: iso(at), ...inUnit(unit, { spent }) })),
    unplaced: inUnit(unit, { spent: unplaced }),
    before: before.map(({ ends, limit, spent, starts }) => ({
      starts_at: iso(starts),
      ends_at: iso(ends),
      ...inUnit(unit, { limit, spent }),
    })),
  };
}
