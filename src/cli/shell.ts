/** What a command knows of the place it runs in. `main.ts` fills it in; tests fill in their own. */

/** One stream of text that goes out. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width of the terminal; unlimited where there is none. */
  readonly columns: number;
}

export type Signal = "SIGTERM" | "SIGINT" | "SIGHUP";

export interface Shell {
  /** Without the executable and the script. */
  readonly args: readonly string[];
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly out: Output;
  readonly err: Output;
  /** What is piped in, by its bytes. */
  readonly input: () => AsyncIterable<Uint8Array>;
  onSignal(signal: Signal, run: () => void): void;
}

/** What scripts may rely on. */
export const EXIT = {
  ok: 0,
  /** A negative answer: refused, not valid, tampered with, unknown. */
  no: 1,
  usage: 2,
  /** The gateway cannot be reached, or does not accept the token. */
  unreachable: 3,
} as const;

/** What ends a command with a sentence and a way forward instead of a stack. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;
  readonly hint: string;
  /** What there is to say in lines of their own. */
  readonly lines: readonly string[];

  constructor(exitCode: number, message: string, hint: string, lines: readonly string[] = []) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
    this.lines = lines;
  }
}
