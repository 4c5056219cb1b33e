/** `slipclutch demo optimizer`: the story, its table, and its figures for programs. */
import { systemClock } from "../compose/process.ts";
import type { OptimizerFigures } from "../demo/optimizer.ts";
import { type Column, paintFor, renderTable, type TableOutput } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

const MILLI_PER_USD = 1_000;

export async function runOptimizer(
  options: { readonly json?: boolean },
  shell: Shell,
): Promise<number> {
  const { DemoFailed } = await import("../demo/cast.ts");
  const { Interrupted } = await import("../demo/retry-loop.ts");
  const { heldAsSaid, playOptimizer } = await import("../demo/optimizer.ts");
  // Whoever reads the figures by a program looks on as well, beside them.
  const output = options.json ? shell.err : shell.out;
  const paint = paintFor(shell, output);
  try {
    const figures = await playOptimizer({
      clock: systemClock,
      environment: shell.environment,
      say: (line) => output.write(`${output.isTerminal ? paint("bold", line) : line}\n`),
      print: (text) => output.write(text),
      sum: (told) => output.write(summary(told, { paint, columns: output.columns })),
      onInterrupt: (end) => {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) shell.onSignal(signal, end);
      },
    });
    if (options.json) shell.out.write(`${figuresJson(figures)}\n`);
    return heldAsSaid(figures) ? EXIT.ok : EXIT.no;
  } catch (error) {
    if (error instanceof DemoFailed) {
      const hint = "Nothing of it is left. On a machine that is very busy it may be too slow.";
      throw new CommandError(EXIT.no, error.message, hint);
    }
    if (!(error instanceof Interrupted)) throw error;
    output.write("Ended. Its processes and files are gone.\n");
    return EXIT.no;
  }
}

interface Row {
  readonly what: string;
  readonly unguarded: string;
  readonly guarded: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "", text: ({ what }) => what },
  { title: "unguarded", text: ({ unguarded }) => unguarded, align: "right" },
  { title: "guarded", text: ({ guarded }) => guarded, align: "right" },
];

function summary({ guarded, unguarded }: OptimizerFigures, output: TableOutput): string {
  const row = (what: string, of: (side: OptimizerFigures["unguarded"]) => string): Row => {
    return { what, unguarded: of(unguarded), guarded: of(guarded) };
  };
  const rows = [
    row("services begun", ({ created }) => String(created)),
    row("calls refused", ({ refused }) => String(refused)),
    row("services that run", ({ running }) => String(running)),
    row("dollars a day", (side) => dollars(side.milliUsdPerDay)),
    {
      what: "ending one frees one",
      unguarded: "–",
      guarded: guarded.endedOneFreedOne ? "yes" : "no",
    },
  ];
  return `\n${renderTable(rows, COLUMNS, output)}\n`;
}

/** One line for programs. */
function figuresJson({ guarded, unguarded }: OptimizerFigures): string {
  const side = ({ created, milliUsdPerDay, refused }: OptimizerFigures["unguarded"]) => {
    return { created, refused, usd_per_day: milliUsdPerDay / MILLI_PER_USD };
  };
  return JSON.stringify({
    unguarded: side(unguarded),
    guarded: { ...side(guarded), ended_one_freed_one: guarded.endedOneFreedOne },
  });
}

function dollars(milliUsd: number): string {
  return `$${(milliUsd / MILLI_PER_USD).toLocaleString("en-US")}`;
}
