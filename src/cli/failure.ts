/** How a command ends when it cannot do what it was asked: a sentence, a way forward, a code. */
import type { Refused } from "../control/client.ts";
import { clean, paintFor } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

interface Told {
  readonly exitCode: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Lines of their own, below. */
  readonly more: readonly string[];
}

/** Prints why, and answers with the exit code. What nobody expected is shown with its stack. */
export async function failure(cause: unknown, shell: Shell): Promise<number> {
  const told = await tell(cause);
  if (shell.args.includes("--json")) {
    const { code, message, hint, more } = told;
    const error = { code, message, hint, ...(more.length > 0 ? { more } : {}) };
    shell.err.write(`${JSON.stringify({ error })}\n`);
    return told.exitCode;
  }
  const paint = paintFor(shell, shell.err);
  shell.err.write(`${paint("red", "slipclutch:")} ${clean(told.message)}\n`);
  for (const line of told.more) shell.err.write(`  ${clean(line)}\n`);
  if (told.hint) shell.err.write(`${paint("dim", clean(told.hint))}\n`);
  return told.exitCode;
}

async function tell(error: unknown): Promise<Told> {
  if (error instanceof CommandError) {
    const { exitCode, message, hint } = error;
    return { exitCode, code: "command.failed", message, hint, more: error.lines };
  }
  const client = await import("../control/client.ts");
  if (error instanceof client.Unreachable) {
    const hint = "Is it running? Another one can be named with --data DIR, or --url and --token.";
    const { message } = error;
    return { exitCode: EXIT.unreachable, code: "gateway.unreachable", message, hint, more: [] };
  }
  if (error instanceof client.Refused) return refused(error);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const [message = "", ...more] = stack.split("\n");
  const hint = "This is a mistake in Slipclutch. Please report it with these lines.";
  return { exitCode: EXIT.no, code: "command.bug", message, hint, more };
}

const UNAUTHENTICATED: ReadonlySet<number> = new Set([401, 403, 429, 503]);
const MALFORMED = 400;

async function refused({ status, error }: Refused): Promise<Told> {
  const { explainIssue } = await import("../config/explain.ts");
  const exitCode = UNAUTHENTICATED.has(status)
    ? EXIT.unreachable
    : status === MALFORMED
      ? EXIT.usage
      : EXIT.no;
  const more = (error.issues ?? []).map(explainIssue);
  return { exitCode, code: error.code, message: error.message, hint: error.hint, more };
}
