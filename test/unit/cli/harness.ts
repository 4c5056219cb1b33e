import { Readable } from "node:stream";
import { systemClock } from "../../../src/adapters/clock/system.ts";
import { run } from "../../../src/cli/program.ts";
import { type ControlListener, listenControl } from "../../../src/control/server.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { MemoryOperations, TOKENS } from "../control/operations.ts";

export interface Ran {
  code: number;
  out: string;
  err: string;
}

export interface Place {
  environment?: Record<string, string | undefined>;
  folder?: string;
  columns?: number;
  terminal?: boolean;
  /** What is piped in. */
  input?: string;
  /** Told what the command would do on a signal. */
  onSignal?: (signal: string, run: () => void) => void;
  /** Told of each text as it is written. */
  onWrite?: (text: string) => void;
}

/** Runs a command as `main.ts` would, and keeps what it wrote. */
export async function slipclutch(args: readonly string[], place: Place = {}): Promise<Ran> {
  const texts = { out: "", err: "" };
  const output = (name: "out" | "err") => ({
    write: (text: string) => {
      texts[name] += text;
      place.onWrite?.(text);
    },
    isTerminal: place.terminal ?? false,
    columns: place.columns ?? Number.POSITIVE_INFINITY,
  });
  const code = await run({
    args,
    version: "1.2.3",
    environment: place.environment ?? {},
    folder: place.folder ?? "/nonexistent",
    out: output("out"),
    err: output("err"),
    input: () => Readable.from(place.input === undefined ? [] : [Buffer.from(place.input)]),
    onSignal: place.onSignal ?? (() => undefined),
  });
  return { code, ...texts };
}

export interface Gateway {
  operations: MemoryOperations;
  listener: ControlListener;
  environment: { SLIPCLUTCH_URL: string; SLIPCLUTCH_TOKEN: string };
  ask(...args: string[]): Promise<Ran>;
}

/** A control plane on a socket, with everything behind it in memory. */
export async function gateway(): Promise<Gateway> {
  const operations = new MemoryOperations();
  const log = createLog({
    clock: systemClock,
    write: (line) => console.error(line),
    level: "error",
    form: "json",
  });
  const at = { host: "127.0.0.1", port: 0 };
  const listener = await listenControl({ operations, clock: systemClock, log }, at);
  const environment = { SLIPCLUTCH_URL: listener.url, SLIPCLUTCH_TOKEN: TOKENS.admin };
  const ask = (...args: string[]) => slipclutch(args, { environment });
  return { operations, listener, environment, ask };
}
