/** `slipclutch incidents export`: an incident as a file, to test rules with. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { CaseFile } from "../config/incident-case.ts";
import { type Asking, connect } from "./connect.ts";
import { print } from "./manifest/folder.ts";
import { clean } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

export interface ExportOptions extends Asking {
  readonly out?: string;
  readonly by?: string;
  readonly within?: string;
  /** `--no-arguments` says that it is false. */
  readonly arguments?: boolean;
}

export async function exportIncident(
  id: string,
  options: ExportOptions,
  shell: Shell,
): Promise<number> {
  const { arguments: wanted, by, out, within } = options;
  const client = await connect(options, shell);
  const asked = { by, within, arguments: wanted === false ? "false" : undefined };
  const file = await client.exportIncident(id, asked);
  const text = `${JSON.stringify(file, null, 2)}\n`;
  if (out === undefined) {
    shell.out.write(text);
    return EXIT.ok;
  }
  await write(out, text, shell);
  if (options.json) print(shell, JSON.stringify({ file: out, ...summaryOf(file) }));
  else for (const line of exportedLines(out, file)) print(shell, clean(line));
  return EXIT.ok;
}

/** A case that is there may have been changed by a person: it is never written over. */
async function write(out: string, text: string, shell: Shell): Promise<void> {
  try {
    await writeFile(resolve(shell.folder, out), text, { flag: "wx" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = "Name a file that is not there yet, in a folder that is.";
    throw new CommandError(EXIT.no, `${out} cannot be written: ${why}`, hint);
  }
}

function summaryOf({ calls, incident: { id } }: CaseFile) {
  const runaway = calls.filter((call) => call.runaway !== null);
  const first = runaway.find(({ expect }) => expect === "stopped");
  const unknown = calls.filter((call) => call.kind === "tool" && call.arguments !== "kept");
  return {
    ...{ incident: id, calls: calls.length, runaway: runaway.length },
    ...{ stopped_by: first?.runaway ?? null, without_arguments: unknown.length },
  };
}

function exportedLines(out: string, file: CaseFile): readonly string[] {
  const { calls, runaway, stopped_by: by, without_arguments: unknown } = summaryOf(file);
  return [
    `Wrote ${out}: ${calls} calls, ${runaway} of them the runaway, to be stopped by call ${by}.`,
    ...(unknown === 0 ? [] : [`Of ${unknown} calls it does not say what they asked.`]),
    ...(file.whole ? [] : ["There were more calls than these."]),
  ];
}
