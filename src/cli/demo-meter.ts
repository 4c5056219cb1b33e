/** What the demo shows: a meter that runs, a table at the end, and the figures for programs. */
import type { Figures } from "../demo/figures.ts";
import { TICKETS } from "../demo/tickets.ts";
import type { Moment } from "../demo/watch.ts";
import { type Column, type Paint, renderTable, type TableOutput } from "./paint.ts";
import type { Output } from "./shell.ts";

const NANO_PER_USD = 1_000_000_000;
const DAY_MS = 86_400_000;
/** "At this rate" is that of the last seconds: of less it would jump, of more it would lag. */
const RATE_MS = 3_000;
/** Not on a terminal: a line of the meter is enough so often. */
const LINE_MS = 1_000;
const ERASE_LINE = "\u001b[1A\u001b[2K";

/** On a terminal a block that is drawn anew, below what is said; elsewhere lines. */
export class Meter {
  readonly #output: Output;
  readonly #paint: Paint;
  /** Of the last seconds, oldest first. */
  #recent: readonly Moment[] = [];
  /** As it stands on the terminal. */
  #block = "";
  #line = { at: Number.NEGATIVE_INFINITY, text: "" };

  constructor(output: Output, paint: Paint) {
    this.#output = output;
    this.#paint = paint;
  }

  say(line: string): void {
    this.print(`${this.#output.isTerminal ? this.#paint("bold", line) : line}\n`);
  }

  /** Lines that stay. */
  print(text: string): void {
    const block = this.#block;
    this.#erase();
    this.#output.write(text);
    this.#draw(block);
  }

  show(moment: Moment): void {
    const from = moment.elapsedMs - RATE_MS;
    this.#recent = [...this.#recent.filter(({ elapsedMs }) => elapsedMs >= from), moment];
    const [oldest = moment] = this.#recent;
    const rows = rowsOf(oldest, moment);
    if (!this.#output.isTerminal) return this.#showLine(rows, moment.elapsedMs);
    this.#erase();
    this.#draw(renderTable(rows, METER, { paint: this.#paint, columns: this.#output.columns }));
  }

  #showLine(rows: readonly Row[], at: number): void {
    const half = (side: "unguarded" | "guarded") =>
      `${side} ${rows.map((row) => `${row.what} ${row[side]}`).join(", ")}`;
    const text = `${half("unguarded")} | ${half("guarded")}`;
    if (at < this.#line.at + LINE_MS || text === this.#line.text) return;
    this.#line = { at, text };
    this.#output.write(`${(at / 1_000).toFixed(0).padStart(3)} s  ${text}\n`);
  }

  #draw(block: string): void {
    this.#block = block;
    this.#output.write(block);
  }

  #erase(): void {
    const lines = this.#block.split("\n").length - 1;
    this.#output.write(ERASE_LINE.repeat(lines));
    this.#block = "";
  }
}

interface Row {
  readonly what: string;
  readonly unguarded: string;
  readonly guarded: string;
}

const METER: readonly Column<Row>[] = [
  { title: "", text: (row) => row.what },
  { title: "unguarded", text: (row) => row.unguarded, align: "right" },
  { title: "guarded", text: (row) => row.guarded, align: "right" },
];

function rowsOf(before: Moment, moment: Moment): readonly Row[] {
  const ms = moment.elapsedMs - before.elapsedMs;
  const perDay = (side: "unguarded" | "guarded") => {
    const spent = moment[side].nanoUsd - before[side].nanoUsd;
    return ms === 0 ? "–" : dollars((spent * DAY_MS) / ms, 0);
  };
  const { guarded, standing, unguarded } = moment;
  return [
    { what: "calls", unguarded: `${unguarded.calls}`, guarded: `${guarded.calls}` },
    { what: "spent", unguarded: dollars(unguarded.nanoUsd), guarded: dollars(guarded.nanoUsd) },
    { what: "a day", unguarded: perDay("unguarded"), guarded: perDay("guarded") },
    { what: "solved", unguarded: share(unguarded.solved), guarded: share(guarded.solved) },
    { what: "parked", unguarded: "–", guarded: `${standing.parked}` },
  ];
}

/** The table of the end. */
export function summary(figures: Figures, output: TableOutput): string {
  const { guarded, unguarded } = figures;
  const rows: readonly Row[] = [
    { what: "calls made", unguarded: `${unguarded.calls}`, guarded: `${guarded.calls}` },
    {
      what: "dollars spent",
      unguarded: dollars(unguarded.nanoUsd),
      guarded: dollars(guarded.nanoUsd),
    },
    {
      what: "dollars a day at that rate",
      unguarded: dollars(unguarded.nanoUsdPerDay, 0),
      guarded: "none: it stood still",
    },
    { what: "tickets solved", unguarded: share(unguarded.solved), guarded: share(guarded.solved) },
    { what: "time to trip", unguarded: "–", guarded: `${seconds(guarded.trippedAfterMs)} s` },
    { what: "calls parked", unguarded: "–", guarded: `${guarded.parked}` },
    { what: "calls resumed", unguarded: "–", guarded: `${guarded.resumed}` },
    { what: "calls lost", unguarded: "–", guarded: `${guarded.lost}` },
    {
      what: "errors of the model's client",
      unguarded: `${unguarded.agentErrors}`,
      guarded: `${guarded.agentErrors}`,
    },
  ];
  return `\n${renderTable(rows, METER, output)}\n`;
}

/** One line for programs: numbers only. */
export function figuresJson({ guarded, unguarded }: Figures): string {
  return JSON.stringify({
    unguarded: {
      calls: unguarded.calls,
      usd: usd(unguarded.nanoUsd),
      usd_per_day: usd(unguarded.nanoUsdPerDay),
    },
    guarded: {
      calls: guarded.calls,
      usd: usd(guarded.nanoUsd),
      tripped_after_s: seconds(guarded.trippedAfterMs),
      parked: guarded.parked,
      resumed: guarded.resumed,
      lost: guarded.lost,
      agent_errors: guarded.agentErrors,
    },
  });
}

function share(solved: number): string {
  return `${solved} of ${TICKETS}`;
}

/** To a tenth of a cent: it is a measure, not money that is counted on. */
function usd(nanoUsd: number): number {
  return Math.round(nanoUsd / (NANO_PER_USD / 1_000)) / 1_000;
}

function seconds(ms: number): number {
  return Math.round(ms / 10) / 100;
}

function dollars(nanoUsd: number, places = 2): string {
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  return `$${(nanoUsd / NANO_PER_USD).toLocaleString("en-US", digits)}`;
}
