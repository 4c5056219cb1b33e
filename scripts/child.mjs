/** Runs one child process in our place: its terminal, its signals, its exit code. */
import { spawn } from "node:child_process";
import process from "node:process";

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * A terminal and npm both pass on a Ctrl-C, so one key press arrives here more than once. What
 * comes within this time is the same press.
 */
const SAME_PRESS_MS = 500;

/** How soon a child learns that who started us is gone. */
const ORPHAN_CHECK_MS = 250;

/** Ends this process as the child ended. */
export async function runInstead(command, parameters, options) {
  const { code, signal } = await run(command, parameters, options);
  if (signal !== null) return process.kill(process.pid, signal);
  process.exit(code ?? 1);
}

/** Waits for the child, passing signals on; never rejects. */
export function run(command, parameters, options) {
  const child = spawn(command, parameters, { stdio: "inherit", ...options });
  const lastAt = new Map();
  const forward = (signal) => {
    const now = Date.now();
    if (now - (lastAt.get(signal) ?? 0) > SAME_PRESS_MS) child.kill(signal);
    lastAt.set(signal, now);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  // A shell between npm and us dies of a signal without passing it on, and npm may be killed
  // itself: then nobody would ever end the child.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) forward("SIGTERM");
  }, ORPHAN_CHECK_MS).unref();

  return new Promise((resolve) => {
    const end = (code, signal) => {
      clearInterval(watch);
      for (const each of FORWARDED) process.off(each, forward);
      resolve({ code, signal });
    };
    child.once("exit", end);
    child.once("error", (error) => {
      process.stderr.write(`slipclutch: ${command}: ${error.message}\n`);
      end(127, null);
    });
  });
}
