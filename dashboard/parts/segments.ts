/** The parts of a money meter, as places in it. */
import type { BudgetView } from "../../src/control/schemas/money.ts";
import { amountOf, forecastOf } from "../words/budgets.ts";
import { share } from "../words/money.ts";

/** Percent of the width: thinner is not seen. */
const SEGMENT_MIN = 0.7;

export interface Segment {
  readonly name: "spent" | "reserved" | "committed" | "leased" | "forfeited";
  readonly from: number;
  readonly width: number;
}

/** How far above the cap is shown: beyond, the forecast stands at the end. */
const SCALE_MAX = 130;

/** Where each part of the bar begins, in percent of it; where the cap is, and the forecast. */
export function segmentsOf(budget: BudgetView): {
  readonly bars: readonly Segment[];
  readonly cap: number;
  readonly forecast: number | null;
} {
  const of = (name: Segment["name"]) => share(amountOf(budget, name), amountOf(budget, "limit"));
  // What is reserved here is part of what is leased: the rest of the lease is not used.
  const reserved = of("reserved");
  const widths = {
    spent: of("spent"),
    reserved,
    committed: of("committed"),
    leased: Math.max(0, of("leased") - reserved),
    forfeited: of("forfeited"),
  };
  const total = Object.values(widths).reduce((sum, width) => sum + width, 0);
  const text = forecastOf(budget);
  const forecast = text === null ? null : share(text, amountOf(budget, "limit"));
  // What is above the cap makes the scale grow, and the cap stays in view.
  const scale = 100 / Math.min(Math.max(100, total, forecast ?? 0), SCALE_MAX);
  let from = 0;
  const bars: Segment[] = [];
  for (const name of ["spent", "reserved", "committed", "leased", "forfeited"] as const) {
    if (widths[name] === 0) continue;
    const width = Math.min(Math.max(widths[name] * scale, SEGMENT_MIN), 100 - from);
    bars.push({ name, from, width });
    from += width;
  }
  const ahead = forecast === null ? null : Math.min(100, forecast * scale);
  return { bars, cap: 100 * scale, forecast: ahead };
}
