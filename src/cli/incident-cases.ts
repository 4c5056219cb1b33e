/** `slipclutch incidents export`, and `incidents test`: would the rules at hand have stopped it? */
import { open, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { systemClock } from "../compose/process.ts";
import { explainIssue } from "../config/explain.ts";
import { CASE_BYTES_MAX, type CaseFile, readCase } from "../config/incident-case.ts";
import type { Reading } from "../config/review/reading.ts";
import type { CaseCall } from "../guards/incident/call.ts";
import {
  type Case,
  type CaseResult,
  type Rules,
  type StoppedCall,
  testCase,
  type Unheld,
  unheldIn,
} from "../guards/incident/case.ts";
import { isObserved } from "../guards/manifest/observe.ts";
import { type Asking, connect } from "./connect.ts";
import { FOLDER, manifestIn, print, readingIn } from "./manifest/folder.ts";
import { clean } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

export interface ExportOptions extends Asking {
  readonly out?: string;
  readonly by?: string;
  readonly within?: string;
  /** `--no-arguments` says that it is false. */
  readonly arguments?: boolean;
}

export interface TestOptions {
  readonly config?: string;
  readonly json?: boolean;
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

export async function testIncidents(
  files: readonly string[],
  options: TestOptions,
  shell: Shell,
): Promise<number> {
  const reading = await readingIn(options.config ?? FOLDER, shell);
  let isStopped = true;
  for (const name of files) {
    const { file, read } = await caseIn(name, shell);
    const rules = rulesFor(file, reading);
    const told = { name, file, read, result: testCase(read, rules), unheld: unheldIn(read, rules) };
    if (told.result.kind !== "stopped") isStopped = false;
    if (options.json) print(shell, JSON.stringify(jsonOf(told)));
    else for (const line of linesOf(told)) print(shell, clean(line));
  }
  return isStopped ? EXIT.ok : EXIT.no;
}

async function caseIn(
  name: string,
  shell: Shell,
): Promise<{ readonly file: CaseFile; readonly read: Case }> {
  const read = readCase(name, await textOf(name, shell));
  if (read.kind === "ok") return read;
  const hint = "`slipclutch incidents export` writes one.";
  throw new CommandError(EXIT.no, `${name} is no case`, hint, read.issues.map(explainIssue));
}

async function textOf(name: string, shell: Shell): Promise<string> {
  try {
    const handle = await open(resolve(shell.folder, name));
    try {
      const { size } = await handle.stat();
      if (size > CASE_BYTES_MAX) throw new Error(`it is larger than ${CASE_BYTES_MAX} bytes`);
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = "Name a file that is there.";
    throw new CommandError(EXIT.no, `${name} cannot be read: ${why}`, hint);
  }
}

/** As they would hold now for this agent. */
function rulesFor({ incident: { agent } }: CaseFile, reading: Reading): Rules {
  const { agentBreakers, breakers } = reading.configuration;
  const manifest = manifestIn(reading, agent);
  const observing = isObserved(manifest, systemClock.wall());
  return { manifest: { ...manifest, observing }, breakers: agentBreakers.get(agent) ?? breakers };
}

interface Told {
  readonly name: string;
  readonly file: CaseFile;
  readonly read: Case;
  readonly result: CaseResult;
  readonly unheld: readonly Unheld[];
}

function linesOf(told: Told): readonly string[] {
  const { file, name, unheld } = told;
  const unknown = unknownIn(told.read);
  return [
    `${isPassed(told) ? "ok    " : "FAILED"}  ${name}  ${file.incident.id}: ${saysOf(told)}`,
    ...unheld.map(({ because, rule }) => `        ${rule} is not held against it: ${because}.`),
    ...(unknown === 0
      ? []
      : [`        of ${unknown} calls nobody knows the arguments: these are not looked at.`]),
  ];
}

function isPassed({ result }: Told): boolean {
  return result.kind === "stopped";
}

function saysOf({ read, result }: Told): string {
  switch (result.kind) {
    case "empty":
      return 'it expects nothing: say "expect": "stopped" of a call.';
    case "stopped":
      return result.first === null
        ? "what is to be stopped is stopped."
        : `stopped ${stoppedText(result.first, read)}`;
    case "goes-on": {
      const { call, first } = result;
      const now =
        first === null ? "Nothing stops the runaway." : `It is stopped ${stoppedText(first, read)}`;
      return `${callText(call, read)} would still go out. ${now}`;
    }
  }
}

function stoppedText({ by, call }: StoppedCall, read: Case): string {
  const at = `at ${callText(call, read)}`;
  switch (by.kind) {
    case "denied":
      return `${at}: refused with ${by.code}.`;
    case "approval":
      return `${at}: a person has to approve it.`;
    case "tripped":
      return `${at}: ${by.rule} trips. ${by.says}`;
  }
}

function callText({ at, runaway, task }: CaseCall, { calls }: Case): string {
  const instant = new Date(at).toISOString();
  if (runaway === null) return `the call of ${instant} (${task})`;
  const all = calls.filter((call) => call.runaway !== null).length;
  return `call ${runaway} of ${all}`;
}

function unknownIn({ calls }: Case): number {
  return calls.filter(({ what }) => what.kind === "tool" && what.arguments === null).length;
}

function jsonOf(told: Told) {
  const { file, name, read, result, unheld } = told;
  const first = result.kind === "empty" ? null : result.first;
  const goesOn = result.kind === "goes-on" ? result.call : null;
  return {
    ...{ file: name, incident: file.incident.id, ok: isPassed(told), result: result.kind },
    stopped_at: first?.call.runaway ?? null,
    stopped_by: first?.by ?? null,
    goes_on: goesOn?.runaway ?? null,
    ...{ without_arguments: unknownIn(read), not_held: unheld },
  };
}
