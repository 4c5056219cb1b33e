/** Charts of what breakers measure against their lines; uPlot comes only where there is one. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { SignalsView } from "../../src/control/schemas/signals.ts";
import { type Drawn, useSignals } from "../data/signals.ts";
import { Panel } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { measured, measureOf } from "../words/signals.ts";
import { clock, duration } from "../words/time.ts";

type Chart = ComponentType<Drawn>;
/** More than these are a page of charts. */
const CHARTS_MAX = 4;

/** `tool`: only those of this one, where a review is about it. */
export function SignalCharts({ agent, tool }: { readonly agent: string; readonly tool?: string }) {
  const signals = useSignals(agent);
  const drawn = signals === null ? [] : drawnOf(signals, tool).slice(0, CHARTS_MAX);
  const [chart, setChart] = useState<{ readonly Chart: Chart } | null>(null);
  const wanted = drawn.length > 0;
  useEffect(() => {
    if (!wanted) return;
    void import("./trip-chart.tsx").then(({ TripChart }) => setChart({ Chart: TripChart }));
  }, [wanted]);
  if (chart === null) return null;
  return (
    <>
      {drawn.map((one) => (
        <One key={`${one.level.rule}/${one.level.server}/${one.level.tool}`} {...one} {...chart} />
      ))}
    </>
  );
}

/** Those with a past to draw, the nearest to their line first. */
function drawnOf({ breakers, levels }: SignalsView, tool: string | undefined): readonly Drawn[] {
  const ratio = ({ level: { line, value } }: Drawn) => (line === null ? 0 : value / line);
  return levels
    .filter((level) => level.buckets.length > 1 && (tool === undefined || level.tool === tool))
    .flatMap((level) => {
      const breaker = breakers.find(({ name }) => name === level.rule);
      return breaker === undefined ? [] : [{ level, ...breaker }];
    })
    .toSorted((one, other) => ratio(other) - ratio(one));
}

function One({ Chart, ...drawn }: Drawn & { readonly Chart: Chart }) {
  const { level, signal } = drawn;
  const { bucket_seconds: seconds, rule, tool } = level;
  return (
    <Panel
      title={tool === "" ? measureOf(signal) : `${tool}, ${measureOf(signal)}`}
      note={`breaker ${rule}`}
      push={`each bar ${duration(seconds * 1_000)}`}
    >
      <div class="in">
        <div class="chart" role="img" aria-label={sentenceOf(drawn)}>
          <Chart {...drawn} />
        </div>
        <details class="as-table">
          <summary>Show as table</summary>
          <AsTable {...drawn} />
        </details>
      </div>
    </Panel>
  );
}

/** What the picture says, for who cannot see it. */
function sentenceOf({ action, level, signal }: Drawn): string {
  const { buckets, line, phase, since, usual, value } = level;
  const most = Math.max(0, ...buckets.map(({ value: one }) => one ?? 0));
  const says = (one: number) => measured(signal, one);
  const parts = [
    `${says(value)} now, at most ${says(most)} before`,
    usual === null ? "" : `usual are ${says(usual)}`,
    line === null ? "no line yet" : `${action}s at ${says(line)}`,
    phase === "calm" || since === null ? "" : `${phase} since ${clock(since)} UTC`,
  ];
  return `${parts.filter((part) => part !== "").join("; ")}.`;
}

const COLUMNS: readonly Column[] = [["From, UTC"], ["Measured", "r"]];

function AsTable({ level, signal }: Drawn) {
  return (
    <Table columns={COLUMNS}>
      {level.buckets.map(({ at, value }) => (
        <tr key={at}>
          <td>{clock(at)}</td>
          <td class="r">{value === null ? "nothing" : measured(signal, value)}</td>
        </tr>
      ))}
    </Table>
  );
}
