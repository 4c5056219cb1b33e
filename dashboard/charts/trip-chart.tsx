/**
 * Bars of what went out, a dashed line of what is usual, the trip line with a band above it, a flag
 * where it tripped, and hatched what was parked since. The line is part of the scale, always.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Signal } from "../data/signals.ts";
import { clock } from "../words/time.ts";
import { hatch, type Theme, themeOf, watchTheme } from "./theme.ts";

const HEIGHT = 190;
/** Labels of the lines stand at their end. */
const LABELS = 104;
const HEAD = 20;
/** Above the highest of what is drawn. */
const ROOM = 1.12;
const BAR = 0.82;
/** Pale: what is in front of it is what is looked at. */
const BAND = 0.55;
const SECOND = 1_000;

export function TripChart({ signal }: { readonly signal: Signal }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [theme, setTheme] = useState(themeOf);
  const latest = useRef(signal);
  latest.current = signal;
  useEffect(() => watchTheme(() => setTheme(themeOf())), []);
  useEffect(() => {
    const { current: into } = place;
    if (into === null) return;
    const options = optionsOf(latest, theme, into.clientWidth);
    const plot = new uPlot(options, dataOf(latest.current), into);
    chart.current = plot;
    const sized = new ResizeObserver(() => {
      plot.setSize({ width: into.clientWidth, height: HEIGHT });
    });
    sized.observe(into);
    return () => {
      sized.disconnect();
      plot.destroy();
    };
  }, [theme]);
  useEffect(() => chart.current?.setData(dataOf(signal)), [signal]);
  return <div class="plot" ref={place} />;
}

function dataOf({ average, bucket_ms: ms, calls, from }: Signal): uPlot.AlignedData {
  const start = Date.parse(from);
  const times = calls.map((_, index) => (start + (index + 0.5) * ms) / SECOND);
  return [times, [...calls], calls.map(() => average)];
}

/** So high that the trip line, and what was parked on top of what went out, is in view. */
function highest({ calls, line, parked }: Signal): number {
  const bars = calls.map((count, index) => (count ?? 0) + (parked[index] ?? 0));
  return Math.max(1, line ?? 0, ...bars) * ROOM;
}

type Latest = { readonly current: Signal };

function optionsOf(latest: Latest, theme: Theme, width: number): uPlot.Options {
  const axis = { stroke: theme.faint, font: theme.font, ticks: { show: false } };
  return {
    ...{ width, height: HEIGHT, padding: [HEAD, LABELS, 0, 0] },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * SECOND), "Etc/UTC"),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { y: { range: () => [0, highest(latest.current)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: (_, splits) => splits.map(hour),
        space: 90,
        size: 26,
      },
      { ...axis, grid: { stroke: theme.grid, width: 1 }, space: 44, size: 34 },
    ],
    series: [
      {},
      { fill: theme.bar, width: 0, paths: uPlot.paths.bars?.({ size: [BAR] }) ?? (() => null) },
      { stroke: theme.ink, width: 1.5, dash: [5, 3], points: { show: false } },
    ],
    hooks: {
      drawAxes: [(plot) => drawBand(plot, latest.current, theme)],
      draw: [(plot) => drawLines(plot, latest.current, theme)],
    },
  };
}

const hour = (seconds: number): string => {
  return clock(new Date(seconds * SECOND).toISOString()).slice(0, 5);
};

function drawBand(plot: uPlot, { line }: Signal, theme: Theme): void {
  if (line === null) return;
  const { ctx } = plot;
  const { left, top, width } = plot.bbox;
  ctx.save();
  ctx.globalAlpha = BAND;
  ctx.fillStyle = theme.band;
  ctx.fillRect(left, top, width, plot.valToPos(line, "y", true) - top);
  ctx.restore();
}

function drawLines(plot: uPlot, signal: Signal, theme: Theme): void {
  const { ctx } = plot;
  ctx.save();
  ctx.font = theme.font.replace("12px", `${12 * devicePixelRatio}px`);
  drawParked(plot, signal, theme);
  drawLine(plot, signal, theme);
  drawFlag(plot, signal, theme);
  ctx.restore();
}

/** On top of what went out in the same bucket. */
function drawParked(
  plot: uPlot,
  { bucket_ms: ms, calls, from, parked }: Signal,
  theme: Theme,
): void {
  const { ctx } = plot;
  const start = Date.parse(from);
  const wide = plot.valToPos(ms / SECOND, "x", true) - plot.valToPos(0, "x", true);
  ctx.fillStyle = hatch(ctx, theme);
  for (const [index, count] of parked.entries()) {
    if (count === 0) continue;
    const under = calls[index] ?? 0;
    const middle = plot.valToPos((start + (index + 0.5) * ms) / SECOND, "x", true);
    const bottom = plot.valToPos(under, "y", true);
    const top = plot.valToPos(under + count, "y", true);
    ctx.fillRect(middle - (wide * BAR) / 2, top, wide * BAR, bottom - top);
  }
}

function drawLine(plot: uPlot, { average, line }: Signal, theme: Theme): void {
  const { ctx } = plot;
  const { left, width } = plot.bbox;
  const right = left + width + 8 * devicePixelRatio;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  if (average !== null) {
    ctx.fillStyle = theme.faint;
    ctx.fillText(`usual ${average}`, right, plot.valToPos(average, "y", true));
  }
  if (line === null) return;
  const y = plot.valToPos(line, "y", true);
  ctx.strokeStyle = theme.hot;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 3 * devicePixelRatio]);
  stroke(ctx, [left, y], [left + width, y]);
  ctx.setLineDash([]);
  ctx.fillStyle = theme.stopText;
  ctx.fillText(`trips at ${line}`, right, y);
}

type Point = readonly [x: number, y: number];

function stroke(ctx: CanvasRenderingContext2D, from: Point, to: Point): void {
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}

function drawFlag(plot: uPlot, { tripped_at: tripped }: Signal, theme: Theme): void {
  if (tripped === null) return;
  const { ctx } = plot;
  const { height, left, top, width } = plot.bbox;
  const x = plot.valToPos(Date.parse(tripped) / SECOND, "x", true);
  if (x < left || x > left + width) return;
  const unit = devicePixelRatio;
  ctx.strokeStyle = theme.hot;
  ctx.lineWidth = 1.5 * unit;
  stroke(ctx, [x, top - 2 * unit], [x, top + height]);
  ctx.fillStyle = theme.hot;
  ctx.beginPath();
  ctx.moveTo(x - 4.5 * unit, top - 6 * unit);
  ctx.lineTo(x + 4.5 * unit, top - 6 * unit);
  ctx.lineTo(x, top);
  ctx.fill();
  ctx.fillStyle = theme.stopText;
  ctx.textAlign = "right";
  ctx.fillText(`tripped ${clock(tripped)}`, x - 8 * unit, top - 8 * unit);
}
