/** Charts of an agent's tools against their trip lines; uPlot comes only where there is one. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Signal, useSignals } from "../data/signals.ts";
import { Panel } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { clock } from "../words/time.ts";

type Chart = ComponentType<{ readonly signal: Signal }>;

/** `tool`: only this one, where a review is about it. */
export function Signals({ agent, tool }: { readonly agent: string; readonly tool?: string }) {
  const signals = useSignals(agent).filter((one) => tool === undefined || one.tool === tool);
  const [chart, setChart] = useState<{ readonly Chart: Chart } | null>(null);
  const wanted = signals.length > 0;
  useEffect(() => {
    if (wanted)
      void import("./trip-chart.tsx").then(({ TripChart }) => setChart({ Chart: TripChart }));
  }, [wanted]);
  if (chart === null) return null;
  return (
    <>
      {signals.map((signal) => (
        <One key={`${signal.server}/${signal.tool}`} signal={signal} Chart={chart.Chart} />
      ))}
    </>
  );
}

function One({ Chart, signal }: { readonly signal: Signal; readonly Chart: Chart }) {
  const { from, line, tool } = signal;
  const until = new Date(Date.parse(from) + signal.calls.length * signal.bucket_ms).toISOString();
  return (
    <Panel
      title={`${tool}, calls ${bucketName(signal)}`}
      push={`${clock(from).slice(0, 5)} to ${clock(until).slice(0, 5)} UTC`}
    >
      <div class="in">
        <div class="chart" role="img" aria-label={sentenceOf(signal)}>
          <Chart key={String(line)} signal={signal} />
        </div>
        <details class="as-table">
          <summary>Show as table</summary>
          <AsTable signal={signal} />
        </details>
      </div>
    </Panel>
  );
}

const MINUTE = 60_000;

function bucketName({ bucket_ms: ms }: Signal): string {
  return ms === MINUTE ? "a minute" : `in ${ms / 1_000} s`;
}

/** What the picture says, for who cannot see it. */
export function sentenceOf(signal: Signal): string {
  const { average, calls, line, parked, tripped_at: tripped } = signal;
  const most = Math.max(0, ...calls.map((count) => count ?? 0));
  const waiting = parked.reduce((all, count) => all + count, 0);
  const parts = [
    `Calls ${bucketName(signal)}: at most ${most}`,
    average === null ? "" : `usual are ${average}`,
    line === null ? "no trip line yet" : `trips at ${line}`,
    tripped === null ? "" : `tripped at ${clock(tripped)} UTC`,
    waiting === 0 ? "" : `${waiting} parked since`,
  ];
  return `${parts.filter((part) => part !== "").join("; ")}.`;
}

const COLUMNS: readonly Column[] = [["From, UTC"], ["Went out", "r"], ["Parked", "r"]];

function AsTable({ signal }: { readonly signal: Signal }) {
  const start = Date.parse(signal.from);
  return (
    <Table columns={COLUMNS}>
      {signal.calls.map((count, index) => {
        const at = new Date(start + index * signal.bucket_ms).toISOString();
        return (
          <tr key={at}>
            <td>{clock(at)}</td>
            <td class="r">{count ?? "nothing is known"}</td>
            <td class="r">{signal.parked[index] ?? 0}</td>
          </tr>
        );
      })}
    </Table>
  );
}
