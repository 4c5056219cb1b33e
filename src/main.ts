/**
 * The executable: reads the environment and hands it to a command. Nothing is imported before the
 * version of Node is known, for an old one would end in a syntax error instead of this sentence.
 */
import { setFlagsFromString } from "node:v8";
import type { Output, Shell } from "./cli/shell.ts";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const LEAST = { major: 22, minor: 19 };

if (major < LEAST.major || (major === LEAST.major && minor < LEAST.minor)) {
  const least = `${LEAST.major}.${LEAST.minor}`;
  process.stderr.write(`slipclutch needs Node ${least} or newer; this is ${process.version}.\n`);
  process.exit(1);
}

// Starting allocates far more than serving a call does. Without this the young generation grows to
// what the start needed and an idle gateway keeps 15 MB for nothing; `startGateway` lifts it again.
setFlagsFromString("--semi-space-growth-factor=1");

const output = (stream: NodeJS.WriteStream): Output => ({
  write: (text) => {
    stream.write(text);
  },
  isTerminal: stream.isTTY === true,
  columns: stream.columns ?? Number.POSITIVE_INFINITY,
});

// Whoever reads may stop reading, as `head` does: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const { readFileSync } = await import("node:fs");
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

const shell: Shell = {
  args: process.argv.slice(2),
  version,
  environment: process.env,
  folder: process.cwd(),
  out: output(process.stdout),
  err: output(process.stderr),
  input: () => process.stdin,
  onSignal: (signal, run) => {
    process.on(signal, run);
  },
};

const { run } = await import("./cli/program.ts");
const code = await run(shell);
// A pipe takes what its reader has room for: to exit before the rest is written would cut it off.
await Promise.all([process.stdout, process.stderr].map(written));
process.exit(code);

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}
