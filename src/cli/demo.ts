/** `slipclutch demo`: plays a story with real processes, and shows it while it goes on. */
import { systemClock } from "../compose/process.ts";
import { figuresJson, Meter, summary } from "./demo-meter.ts";
import { paintFor } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

export interface DemoOptions {
  readonly keep?: boolean;
  readonly json?: boolean;
}

export async function runRetryLoop(options: DemoOptions, shell: Shell): Promise<number> {
  const { DemoFailed, Interrupted, playRetryLoop } = await import("../demo/retry-loop.ts");
  // Whoever reads the figures by a program looks on as well, beside them.
  const output = options.json ? shell.err : shell.out;
  const paint = paintFor(shell, output);
  const meter = new Meter(output, paint);
  const keep = options.keep ?? false;
  try {
    const figures = await playRetryLoop({
      clock: systemClock,
      environment: shell.environment,
      keep,
      say: (line) => meter.say(line),
      show: (moment) => meter.show(moment),
      sum: (told) => meter.print(summary(told, { paint, columns: output.columns })),
      onInterrupt: (end) => {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) shell.onSignal(signal, end);
      },
    });
    if (options.json) shell.out.write(`${figuresJson(figures)}\n`);
    const { agentErrors, lost } = figures.guarded;
    return lost === 0 && agentErrors === 0 ? EXIT.ok : EXIT.no;
  } catch (error) {
    if (error instanceof DemoFailed) {
      const hint = "Nothing of it is left. On a machine that is very busy it may be too slow.";
      throw new CommandError(EXIT.no, error.message, hint);
    }
    if (!(error instanceof Interrupted)) throw error;
    meter.say("Ended. Its processes and files are gone.");
    return keep ? EXIT.ok : EXIT.no;
  }
}
