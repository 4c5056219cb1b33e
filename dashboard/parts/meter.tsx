/** Bars. None is drawn without the limit that it is of. */
import type { BudgetView } from "../../src/control/schemas/money.ts";
import { amountOf, forecastOf } from "../words/budgets.ts";
import { about, amount, limit, share } from "../words/money.ts";
import { type Segment, segmentsOf } from "./segments.ts";

/** From here on the money that was spent is amber. */
const NEAR = 80;
/** Where the limit's tick of a closeness bar stands, so that what is over it is seen. */
const TICK = 66.7;

/** `near` from 80 %, `out` when nothing is left. */
export function strainOf(budget: BudgetView): "" | "near" | "out" {
  if (share(amountOf(budget, "remaining"), amountOf(budget, "limit")) <= 0) return "out";
  return share(amountOf(budget, "spent"), amountOf(budget, "limit")) >= NEAR ? "near" : "";
}

const FILLS: Readonly<Record<Segment["name"], { class: string; fill?: string }>> = {
  spent: { class: "m-spent" },
  reserved: { class: "m-res", fill: "url(#p-res)" },
  committed: { class: "m-com", fill: "url(#p-com)" },
  leased: { class: "m-lease" },
  forfeited: { class: "m-forf", fill: "url(#p-forf)" },
};

function sentenceOf(budget: BudgetView): string {
  const { unit } = budget;
  const spent = amount(unit, amountOf(budget, "spent"));
  const forecast = forecastOf(budget);
  const ahead = forecast === null ? "" : `, forecast ${about(unit, forecast)}`;
  return `${spent} spent of ${limit(unit, amountOf(budget, "limit"))}${ahead}`;
}

export function Meter({ budget }: { readonly budget: BudgetView }) {
  const { bars, cap, forecast } = segmentsOf(budget);
  const says = sentenceOf(budget);
  return (
    <div class="meter" role="img" aria-label={says}>
      <svg aria-hidden="true">
        <rect class="m-track" x="0" y=".5" width={`${cap}%`} height="9" rx="1" />
        {bars.map(({ name, from, width }) => {
          const { class: kind, fill } = FILLS[name];
          const strain = name === "spent" ? strainOf(budget) : "";
          return (
            <rect
              key={name}
              class={`${kind} ${strain}`}
              fill={fill}
              x={`${from}%`}
              y="0"
              width={`${width}%`}
              height="10"
            />
          );
        })}
        <line class="m-cap" x1={`${cap}%`} x2={`${cap}%`} y1="-2" y2="12" />
        {forecast !== null && (
          <line class="m-fore" x1={`${forecast}%`} x2={`${forecast}%`} y1="-2" y2="12" />
        )}
      </svg>
    </div>
  );
}

const LEGEND: readonly (readonly [Segment["name"], string])[] = [
  ["spent", "spent"],
  ["reserved", "reserved, in flight"],
  ["committed", "committed"],
  ["leased", "leased, not used"],
  ["forfeited", "forfeited"],
];

/** What the parts of a meter are; committed only where there is some. */
export function Legend({ committed }: { readonly committed: boolean }) {
  return (
    <div class="legend">
      {LEGEND.filter(([name]) => committed || name !== "committed").map(([name, word]) => (
        <span key={name}>
          <svg aria-hidden="true">
            <rect class={FILLS[name].class} fill={FILLS[name].fill} width="14" height="10" />
          </svg>
          {word}
        </span>
      ))}
      <span>
        <svg aria-hidden="true">
          <line class="m-fore" x1="7" x2="7" y1="-1" y2="11" />
        </svg>
        forecast
      </span>
      <span>
        <svg aria-hidden="true">
          <line class="m-cap" x1="7" x2="7" y1="-1" y2="11" />
        </svg>
        cap
      </span>
    </div>
  );
}

/** A value against its limit, whose tick stands at two thirds: 9 of 8 is visibly over. */
export function Closeness(props: {
  readonly value: number;
  readonly limit: number;
  readonly tripped: boolean;
  readonly says: string;
}) {
  const part = props.limit > 0 ? (100 * props.value) / props.limit : 0;
  const width = Math.min(100, (part * TICK) / 100);
  const strain = props.tripped ? "out" : part >= NEAR ? "near" : "";
  return (
    <span class="near">
      <svg aria-hidden="true">
        <rect class="m-track" width="100%" y="2" height="6" rx="1" />
        <rect class={`m-spent ${strain}`} width={`${width}%`} y="2" height="6" rx="1" />
        <line class="m-cap" x1={`${TICK}%`} x2={`${TICK}%`} y1="0" y2="10" />
      </svg>
      <span>{props.says}</span>
    </span>
  );
}

const SPARK = { width: 112, height: 24, pad: 3 };

/** One hour, from zero, a dot at now. Without axes: it stands inside a link to the numbers. */
export function Spark({ values }: { readonly values: readonly number[] }) {
  const most = Math.max(1, ...values);
  const { height, pad, width } = SPARK;
  const step = (width - pad) / Math.max(1, values.length - 1);
  const y = (value: number) => height - 2 - ((height - 2 * pad) * value) / most;
  const points = values.map(
    (value, index) => `${(1 + index * step).toFixed(1)},${y(value).toFixed(1)}`,
  );
  const last = values.at(-1) ?? 0;
  return (
    <span class="spark">
      <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <path
          class="x-area"
          d={`M1,${height - 1}L${points.join("L")}L${width - 2},${height - 1}Z`}
        />
        <path class="x-line" d={`M${points.join("L")}`} />
        <circle cx={width - 2} cy={y(last)} r="2" class="x-dot" />
      </svg>
    </span>
  );
}
