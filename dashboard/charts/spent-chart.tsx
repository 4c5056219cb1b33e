/** What a window has spent as it grew, against its cap, and where it goes on to. */
import type { BudgetHistoryView, BudgetView } from "../../src/control/schemas/money.ts";
import { useNow } from "../data/hooks.ts";
import { amountIn, amountOf, forecastOf } from "../words/budgets.ts";
import { about, amount, larger, limit, share, sum } from "../words/money.ts";
import { clock, day } from "../words/time.ts";

const WIDE = 340;
const EDGE = 2;
/** The curve stands between these, its bars below, and the times between them. */
const TOP = 20;
const BASE = 112;
const TIMES = 127;
const BARS_TOP = 156;
const BARS_BASE = 184;
const HEIGHT = 186;
/** Closer to an end than this the word for now would stand in that for the end. */
const WORD = 48;
const HOUR_SECONDS = 3_600;
const MS_PER_SECOND = 1_000;

/** Places in the picture: of a moment, and of an amount. */
interface Scale {
  readonly from: number;
  readonly now: number;
  readonly to: number;
  readonly x: (at: number) => number;
  readonly y: (text: string) => number;
}

export function SpentChart({ history }: { readonly history: BudgetHistoryView }) {
  const scale = scaleOf(history, useNow());
  return (
    <div class="chart" role="img" aria-label={sentenceOf(history)}>
      <svg viewBox={`0 0 ${WIDE} ${HEIGHT}`} aria-hidden="true">
        <Curve history={history} scale={scale} />
        <Ahead budget={history.budget} scale={scale} />
        <Times history={history} scale={scale} />
        <Bars history={history} scale={scale} />
      </svg>
    </div>
  );
}

function scaleOf({ bars, budget }: BudgetHistoryView, now: number): Scale {
  const { window_ends_at: ends, window_starts_at: starts } = budget;
  const from = Date.parse(starts ?? bars[0]?.at ?? new Date(now).toISOString());
  const to = Math.max(from + 1, ends === null ? now : Date.parse(ends));
  const [most, ahead] = [amountOf(budget, "limit"), forecastOf(budget) ?? "0"];
  const top = larger(larger(most, amountOf(budget, "spent")), ahead);
  const part = (at: number) => (Math.min(Math.max(at, from), to) - from) / (to - from);
  return {
    ...{ from, now, to },
    x: (at) => EDGE + (WIDE - 2 * EDGE) * part(at),
    y: (text) => BASE - ((BASE - TOP) * share(text, top)) / 100,
  };
}

/** What the picture says, for who cannot see it. */
function sentenceOf({ bar_seconds: seconds, bars, budget }: BudgetHistoryView): string {
  const { unit } = budget;
  const spent = amount(unit, amountOf(budget, "spent"));
  const ahead = forecastOf(budget);
  const parts = [
    `${spent} spent of ${limit(unit, amountOf(budget, "limit"))}`,
    ahead === null ? "" : `forecast ${about(unit, ahead)}`,
    `at most ${amount(unit, mostOf(bars, unit))} ${eachOf(seconds)}`,
  ];
  return `${parts.filter((part) => part !== "").join("; ")}.`;
}

function eachOf(seconds: number): string {
  return seconds === HOUR_SECONDS ? "an hour" : "a day";
}

function mostOf(bars: BudgetHistoryView["bars"], unit: string): string {
  return bars.map((bar) => amountIn(unit, bar, "spent")).reduce(larger, "0");
}

interface Drawing {
  readonly history: BudgetHistoryView;
  readonly scale: Scale;
}

/** It rises while a bar lasts, and is level where none is. */
function Curve({ history, scale }: Drawing) {
  const { bar_seconds: seconds, bars, budget, unplaced } = history;
  const { now, x, y } = scale;
  const { unit } = budget;
  let total = amountIn(unit, unplaced, "spent");
  const points = bars.flatMap((bar) => {
    const at = Date.parse(bar.at);
    const before = `${x(at).toFixed(1)},${y(total).toFixed(1)}`;
    total = sum([total, amountIn(unit, bar, "spent")]);
    const ends = Math.min(now, at + seconds * MS_PER_SECOND);
    return [before, `${x(ends).toFixed(1)},${y(total).toFixed(1)}`];
  });
  const last = `${x(now).toFixed(1)},${y(total).toFixed(1)}`;
  const first = x(Date.parse(bars[0]?.at ?? "")).toFixed(1);
  const line = [...points, last].join(" L");
  return (
    <>
      <line class="x-base" x1={EDGE} x2={WIDE - EDGE} y1={BASE} y2={BASE} />
      <path class="x-area" d={`M${first},${BASE} L${line} L${x(now).toFixed(1)},${BASE}Z`} />
      <path class="x-line" d={`M${line}`} />
    </>
  );
}

/** The cap, and how it goes on. */
function Ahead({ budget, scale }: { readonly budget: BudgetView; readonly scale: Scale }) {
  const { now, to, x, y } = scale;
  const { passes_at: passes, unit } = budget;
  const [most, ahead] = [amountOf(budget, "limit"), forecastOf(budget)];
  const cap = y(most);
  // Where both words would stand in one line the forecast's goes below the cap.
  const end = ahead === null ? cap : y(ahead);
  const beside = Math.abs(end - cap) < 14 ? Math.max(end, cap) + 15 : end - 5;
  return (
    <>
      <line class="x-cap" x1={EDGE} x2={WIDE - EDGE} y1={cap} y2={cap} />
      <text class="t-ink" x={EDGE} y={cap - 6}>
        cap {limit(unit, most)}
      </text>
      {ahead !== null && (
        <>
          <line class="x-avg" x1={x(now)} y1={y(amountOf(budget, "spent"))} x2={x(to)} y2={end} />
          <text
            class={passes === null ? "t-muted" : "t-wait"}
            x={WIDE - EDGE}
            y={Math.max(12, beside)}
            text-anchor="end"
          >
            forecast {about(unit, ahead)}
          </text>
        </>
      )}
    </>
  );
}

function Times({ history, scale }: Drawing) {
  const { from, now, to, x } = scale;
  const hourly = history.bar_seconds === HOUR_SECONDS;
  const named = (at: number) => {
    const iso = new Date(at).toISOString();
    return hourly ? clock(iso).slice(0, 5) : day(iso, now);
  };
  const middle = x(now) > WORD && x(now) < WIDE - WORD;
  return (
    <>
      <text x={EDGE} y={TIMES}>
        {named(from)}
      </text>
      {middle && (
        <text x={x(now)} y={TIMES} text-anchor="middle">
          now
        </text>
      )}
      <text x={WIDE - EDGE} y={TIMES} text-anchor="end">
        {/* The last moment of a day is the next one's first. */}
        {hourly ? "24:00" : named(to - 1)}
      </text>
    </>
  );
}

function Bars({ history, scale }: Drawing) {
  const { bar_seconds: seconds, bars, budget } = history;
  const { unit } = budget;
  const { to, x } = scale;
  const most = mostOf(bars, unit);
  return (
    <>
      <text x={EDGE} y={BARS_TOP - 8}>
        {eachOf(seconds)}, at most {amount(unit, most)}
      </text>
      <line class="x-base" x1={EDGE} x2={WIDE - EDGE} y1={BARS_BASE} y2={BARS_BASE} />
      {bars.map((bar) => {
        const at = Date.parse(bar.at);
        const high = ((BARS_BASE - BARS_TOP) * share(amountIn(unit, bar, "spent"), most)) / 100;
        const end = x(Math.min(to, at + seconds * MS_PER_SECOND));
        return (
          <rect
            key={bar.at}
            class="x-bar"
            x={x(at)}
            y={BARS_BASE - high}
            width={Math.max(1, end - x(at) - 1)}
            height={high}
          />
        );
      })}
    </>
  );
}
