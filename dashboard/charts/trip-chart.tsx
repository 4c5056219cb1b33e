/**
 * Bars of what was measured, a dashed line of what is usual, the trip line with a band above it, a
 * flag where it tripped. The line is part of the scale, always.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { LevelView } from "../../src/control/schemas/signals.ts";
import type { Drawn } from "../data/signals.ts";
import { measured } from "../words/signals.ts";
import { clock } from "../words/time.ts";
import { type Theme, themeOf, watchTheme } from "./theme.ts";

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
/** Seconds between the times below: what is less than a minute would say the same twice. */
const STEPS = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400];

export function TripChart(drawn: Drawn) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [theme, setTheme] = useState(themeOf);
  const latest = useRef(drawn);
  latest.current = drawn;
  useEffect(() => watchTheme(() => setTheme(themeOf())), []);
  useEffect(() => {
    const { current: into } = place;
    if (into === null) return;
    const options = optionsOf(latest, theme, into.clientWidth);
    const plot = new uPlot(options, dataOf(latest.current.level), into);
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
  useEffect(() => chart.current?.setData(dataOf(drawn.level)), [drawn.level]);
  return <div class="plot" ref={place} />;
}

/** What is measured now is the last bar: buckets are of what was before. */
function dataOf({ bucket_seconds: seconds, buckets, usual, value }: LevelView): uPlot.AlignedData {
  const starts = buckets.map(({ at }) => Date.parse(at) / SECOND + seconds / 2);
  const times = [...starts, (starts.at(-1) ?? 0) + seconds];
  return [times, [...buckets.map((one) => one.value), value], times.map(() => usual)];
}

/** So high that the trip line is in view, always. */
function highest({ buckets, line, value }: LevelView): number {
  return Math.max(1e-9, value, line ?? 0, ...buckets.map((one) => one.value ?? 0)) * ROOM;
}

type Latest = { readonly current: Drawn };

function optionsOf(latest: Latest, theme: Theme, width: number): uPlot.Options {
  const axis = { stroke: theme.faint, font: theme.font, ticks: { show: false } };
  return {
    ...{ width, height: HEIGHT, padding: [HEAD, LABELS, 0, 0] },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * SECOND), "Etc/UTC"),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { range: (_, min, max) => whole(latest.current, min, max) },
      y: { range: () => [0, highest(latest.current.level)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: (_, splits) => splits.map(hour),
        incrs: STEPS,
        space: 90,
        size: 26,
      },
      { ...axis, grid: { stroke: theme.grid, width: 1 }, space: 44, size: 34 },
    ],
    series: [
      {},
      {
        ...{ fill: theme.bar, width: 0, points: { show: false } },
        paths: uPlot.paths.bars?.({ size: [BAR] }) ?? (() => null),
      },
      { stroke: theme.ink, width: 1.5, dash: [5, 3], points: { show: false } },
    ],
    hooks: {
      drawAxes: [(plot) => drawBand(plot, latest.current, theme)],
      draw: [(plot) => drawLines(plot, latest.current, theme)],
    },
  };
}

/** Bars stand in the middle of their time: the first and the last are whole. */
function whole({ level }: Drawn, min: number, max: number): [number, number] {
  return [min - level.bucket_seconds / 2, max + level.bucket_seconds / 2];
}

const hour = (seconds: number): string => {
  return clock(new Date(seconds * SECOND).toISOString()).slice(0, 5);
};

function drawBand(plot: uPlot, { action, level: { line } }: Drawn, theme: Theme): void {
  if (line === null) return;
  const { ctx } = plot;
  const { left, top, width } = plot.bbox;
  ctx.save();
  ctx.globalAlpha = BAND;
  ctx.fillStyle = action === "trip" ? theme.stopBand : theme.waitBand;
  ctx.fillRect(left, top, width, plot.valToPos(line, "y", true) - top);
  ctx.restore();
}

function drawLines(plot: uPlot, drawn: Drawn, theme: Theme): void {
  const { ctx } = plot;
  ctx.save();
  ctx.font = theme.font.replace("12px", `${12 * devicePixelRatio}px`);
  drawLine(plot, drawn, theme);
  drawFlag(plot, drawn, theme);
  ctx.restore();
}

function drawLine(plot: uPlot, { action, level, signal }: Drawn, theme: Theme): void {
  const { line, usual } = level;
  const { ctx } = plot;
  const { left, width } = plot.bbox;
  const right = left + width + 8 * devicePixelRatio;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  if (usual !== null) {
    ctx.fillStyle = theme.faint;
    ctx.fillText(`usual ${measured(signal, usual)}`, right, plot.valToPos(usual, "y", true));
  }
  if (line === null) return;
  const y = plot.valToPos(line, "y", true);
  ctx.strokeStyle = action === "trip" ? theme.stop : theme.wait;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 3 * devicePixelRatio]);
  stroke(ctx, [left, y], [left + width, y]);
  ctx.setLineDash([]);
  ctx.fillStyle = action === "trip" ? theme.stopText : theme.waitText;
  ctx.fillText(`${action}s at ${measured(signal, line)}`, right, y);
}

type Point = readonly [x: number, y: number];

function stroke(ctx: CanvasRenderingContext2D, from: Point, to: Point): void {
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}

/** Since when it has been above its line. */
function drawFlag(plot: uPlot, { level: { phase, since } }: Drawn, theme: Theme): void {
  if (since === null || phase !== "alarmed") return;
  const { ctx } = plot;
  const { height, left, top, width } = plot.bbox;
  const wanted = plot.valToPos(Date.parse(since) / SECOND, "x", true);
  const x = Math.min(Math.max(wanted, left), left + width);
  const unit = devicePixelRatio;
  ctx.strokeStyle = theme.stop;
  ctx.lineWidth = 1.5 * unit;
  stroke(ctx, [x, top - 2 * unit], [x, top + height]);
  ctx.fillStyle = theme.stop;
  ctx.beginPath();
  ctx.moveTo(x - 4.5 * unit, top - 6 * unit);
  ctx.lineTo(x + 4.5 * unit, top - 6 * unit);
  ctx.lineTo(x, top);
  ctx.fill();
  ctx.fillStyle = theme.stopText;
  ctx.textAlign = "right";
  ctx.fillText(`tripped ${clock(since)}`, x - 8 * unit, top - 8 * unit);
}
