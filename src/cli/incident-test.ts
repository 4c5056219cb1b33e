/** `slipclutch incidents test`: would the rules at hand have stopped it? */
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { answeringEngines, policiesOfCase } from "../compose/policy-review.ts";
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
import type { CasePolicies } from "../guards/incident/policies.ts";
import { isObserved } from "../guards/manifest/observe.ts";
import { FOLDER, manifestIn, print, readingIn } from "./manifest/folder.ts";
import { clean } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

export interface TestOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** What policies are not told of the calls of any case. */
export const NOT_TOLD = "Policies were told of no budgets and no metrics.";

export async function testIncidents(
  files: readonly string[],
  options: TestOptions,
  shell: Shell,
): Promise<number> {
  const folder = options.config ?? FOLDER;
  const reading = await readingIn(folder, shell, { online: false, engines: answeringEngines() });
  try {
    const isStopped = await testAll(files, reading, options, shell);
    return isStopped ? EXIT.ok : EXIT.no;
  } finally {
    await reading.configuration.policySet?.close();
  }
}

async function testAll(
  files: readonly string[],
  reading: Reading,
  options: TestOptions,
  shell: Shell,
): Promise<boolean> {
  let isStopped = true;
  let wereAsked = false;
  for (const name of files) {
    const told = await testedCase(name, reading, shell);
    if (!isPassed(told)) isStopped = false;
    if (told.policies.said.size > 0) wereAsked = true;
    if (options.json) print(shell, JSON.stringify(jsonOf(told)));
    else for (const line of linesOf(told)) print(shell, clean(line));
  }
  if (wereAsked && !options.json) print(shell, NOT_TOLD);
  return isStopped;
}

/** Throws where it is no case, or where its policies cannot be asked. */
export async function testedCase(name: string, reading: Reading, shell: Shell): Promise<Told> {
  const { file, read } = await caseIn(name, shell);
  const held = rulesFor(file, reading);
  const asked = await policiesOfCase(read, held.manifest);
  if (asked.kind === "unreachable") {
    const hint = "Without their answers nobody knows what would be stopped.";
    throw new CommandError(EXIT.no, `policies cannot be asked: ${asked.because}`, hint);
  }
  const rules: Rules = { ...held, policies: asked.policies };
  const { policies } = rules;
  const result = testCase(read, rules);
  return { name, file, read, result, unheld: unheldIn(read, rules), policies };
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
function rulesFor({ incident: { agent } }: CaseFile, reading: Reading): Omit<Rules, "policies"> {
  const { agentBreakers, breakers } = reading.configuration;
  const manifest = manifestIn(reading, agent);
  const observing = isObserved(manifest, systemClock.wall());
  return { manifest: { ...manifest, observing }, breakers: agentBreakers.get(agent) ?? breakers };
}

export interface Told {
  readonly name: string;
  readonly file: CaseFile;
  readonly read: Case;
  readonly result: CaseResult;
  readonly unheld: readonly Unheld[];
  readonly policies: CasePolicies;
}

function linesOf(told: Told): readonly string[] {
  const { file, name } = told;
  return [
    `${isPassed(told) ? "ok    " : "FAILED"}  ${name}  ${file.incident.id}: ${saysOf(told)}`,
    ...notesOf(told).map((note) => `        ${note}`),
  ];
}

/** What was not held against it, in sentences. */
export function notesOf({ policies, read, unheld }: Told): readonly string[] {
  const { undecided, withoutArguments } = policies;
  const unknown = unknownIn(read);
  const nor = withoutArguments > 0 ? ", and no policy was asked of them" : "";
  const models = `of ${undecided} calls of models policies need more than the case has`;
  return [
    ...unheld.map(({ because, rule }) => `${rule} is not held against it: ${because}.`),
    ...(unknown === 0
      ? []
      : [`of ${unknown} calls nobody knows the arguments: these are not looked at${nor}.`]),
    ...(undecided === 0 ? [] : [`${models}: what they say is not known.`]),
  ];
}

export function isPassed({ result }: Told): boolean {
  return result.kind === "stopped";
}

export function saysOf({ read, result }: Told): string {
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
      return `${at}: refused with ${by.code}${whyText(by)}.`;
    case "approval":
      return `${at}: a person has to approve it${whyText(by)}.`;
    case "tripped":
      return `${at}: ${by.rule} trips. ${by.says}`;
  }
}

function whyText({ because }: { readonly because?: string }): string {
  return because === undefined ? "" : ` (${because})`;
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
  const { file, name, policies, read, result, unheld } = told;
  const first = result.kind === "empty" ? null : result.first;
  const goesOn = result.kind === "goes-on" ? result.call : null;
  return {
    ...{ file: name, incident: file.incident.id, ok: isPassed(told), result: result.kind },
    stopped_at: first?.call.runaway ?? null,
    stopped_by: first?.by ?? null,
    goes_on: goesOn?.runaway ?? null,
    ...{ without_arguments: unknownIn(read), not_held: unheld },
    policies: {
      asked: policies.said.size,
      not_asked: policies.withoutArguments,
      not_known: policies.undecided,
    },
  };
}
