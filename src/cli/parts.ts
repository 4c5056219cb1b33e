/** What the commands of the program share. */
import type { Command } from "commander";

/** A command's work; the answer is its exit code. */
export type Work = () => Promise<number>;

export type Do = (job: Work) => Promise<void>;

/** Ends the help of a command with lines that can be copied. */
export function example(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText("after", `\nExample:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** A command that asks a running gateway: with the options that say which, and `--json`. */
export function asking(parent: Command, spec: string, description: string): Command {
  return parent
    .command(spec)
    .description(description)
    .option("--url <url>", "control listener of the gateway (SLIPCLUTCH_URL)")
    .option("--token <token>", "operator token (SLIPCLUTCH_TOKEN)")
    .option("--data <folder>", "data folder of a gateway on this machine (.slipclutch)")
    .option("--json", "for programs");
}
