/** What the windows before came to, each against the cap that it had then. */
import type { BudgetHistoryView, BudgetView } from "../../src/control/schemas/money.ts";
import { useNow } from "../data/hooks.ts";
import { amountIn } from "../words/budgets.ts";
import { amount, larger, share } from "../words/money.ts";
import { counted } from "../words/numbers.ts";
import { day } from "../words/time.ts";

const WIDE = 340;
const EDGE = 2;
const TOP = 22;
const BASE = 76;
const HEIGHT = 92;
/** What is spent beyond the cap is seen up to here. */
const OVER_MAX = 120;
const NEAR = 80;
/** A few windows do not make broad blocks. */
const COLUMNS_MIN = 12;

type Past = BudgetHistoryView["before"][number];

export function PastChart(props: {
  readonly budget: BudgetView;
  readonly before: readonly Past[];
}) {
  const { before, budget } = props;
  const now = useNow();
  const [first, last] = [before[0], before.at(-1)];
  if (first === undefined || last === undefined) return null;
  const step = (WIDE - 2 * EDGE) / Math.max(COLUMNS_MIN, before.length);
  const end = EDGE + step * before.length;
  return (
    <div class="chart" role="img" aria-label={sentenceOf(budget, before)}>
      <svg viewBox={`0 0 ${WIDE} ${HEIGHT}`} aria-hidden="true">
        <text class="t-ink" x={EDGE} y={TOP - 8}>
          {counted(before.length, "window")} before, against their caps
        </text>
        {before.map((past, no) => (
          <Column
            key={past.starts_at}
            budget={budget}
            past={past}
            at={EDGE + step * no}
            step={step}
          />
        ))}
        <line class="x-cap" x1={EDGE} x2={end} y1={TOP} y2={TOP} />
        <line class="x-base" x1={EDGE} x2={end} y1={BASE} y2={BASE} />
        <text x={EDGE} y={BASE + 14}>
          {day(first.starts_at, now)}
        </text>
        {before.length > COLUMNS_MIN / 3 && (
          <text x={end} y={BASE + 14} text-anchor="end">
            {day(last.starts_at, now)}
          </text>
        )}
      </svg>
    </div>
  );
}

function Column(props: {
  readonly budget: BudgetView;
  readonly past: Past;
  readonly at: number;
  readonly step: number;
}) {
  const { at, past, step } = props;
  const part = partOf(props.budget, past);
  const high = ((BASE - TOP) * Math.min(part, OVER_MAX)) / 100;
  const kind = part >= 100 ? "x-hot" : part >= NEAR ? "x-warm" : "x-bar";
  return <rect class={kind} x={at} y={BASE - high} width={Math.max(2, step - 2)} height={high} />;
}

/** In percent of its own cap. */
function partOf({ unit }: BudgetView, past: Past): number {
  return share(amountIn(unit, past, "spent"), amountIn(unit, past, "limit"));
}

/** What the picture says, for who cannot see it. */
function sentenceOf(budget: BudgetView, before: readonly Past[]): string {
  const { unit } = budget;
  const most = before.map((past) => amountIn(unit, past, "spent")).reduce(larger, "0");
  const out = before.filter((past) => partOf(budget, past) >= 100).length;
  const used = out === 0 ? "none used its cap up" : `${counted(out, "window")} used up`;
  return `${counted(before.length, "window")} before, at most ${amount(unit, most)}; ${used}.`;
}
