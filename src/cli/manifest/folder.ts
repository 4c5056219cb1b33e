/** A guardrails folder for the commands of `manifest`, which need neither a gateway nor secrets. */
import { resolve } from "node:path";
import { checkingEngines } from "../../compose/policy-host.ts";
import type { Issue } from "../../config/configuration.ts";
import { explainIssue } from "../../config/explain.ts";
import { readFolder } from "../../config/load.ts";
import type { PolicyEngines } from "../../config/policy-rules.ts";
import {
  type Reading,
  readForReview,
  readWithSecrets,
  withPoliciesLoaded,
} from "../../config/review/reading.ts";
import { sqlReaderFor } from "../../config/sql-parser.ts";
import { CommandError, EXIT, type Shell } from "../shell.ts";

export const FOLDER = "guardrails";

export interface Purpose {
  /** Whether its servers are to be asked: then secrets must be there. */
  readonly online: boolean;
  /** Those that answer, where policies are to be asked; else those for a look. */
  readonly engines?: PolicyEngines;
}

const OFFLINE: Purpose = { online: false };

/** Reads it, or says what is wrong with it and throws. */
export async function readingIn(
  folder: string,
  shell: Shell,
  purpose: Purpose = OFFLINE,
): Promise<Reading> {
  const read = await foundIn(folder, shell, purpose);
  if (read.kind === "invalid") throw invalid(folder, read.issues);
  return read.reading;
}

export type Found =
  | { readonly kind: "ok"; readonly reading: Reading; readonly warnings: readonly Issue[] }
  | { readonly kind: "invalid"; readonly issues: readonly Issue[] };

export async function foundIn(
  folder: string,
  shell: Shell,
  { engines = checkingEngines(), online }: Purpose = OFFLINE,
): Promise<Found> {
  const { files, issues, warnings } = await readFolder(resolve(shell.folder, folder));
  if (issues.length > 0 && files.size === 0) return { kind: "invalid", issues };
  const sql = await sqlReaderFor(files);
  const written = (online ? readWithSecrets : readForReview)(files, shell.environment, sql);
  const read = await withPoliciesLoaded(written, engines);
  if (read.kind === "invalid") return { kind: "invalid", issues: [...issues, ...read.issues] };
  if (issues.length > 0) return { kind: "invalid", issues };
  return { ...read, warnings: [...read.reading.warnings, ...warnings] };
}

export function invalid(what: string, issues: readonly Issue[]): CommandError {
  const hint = "`slipclutch check` says the same of the folder as it is now.";
  return new CommandError(EXIT.no, `${what} is not valid`, hint, issues.map(explainIssue));
}

/** The manifest of one agent, or a sentence that names those there are. */
export function manifestIn({ configuration }: Reading, agent: string) {
  const manifest = configuration.agents.get(agent);
  if (manifest !== undefined) return manifest;
  const names = [...configuration.agents.keys()].slice(0, 20).join(", ");
  const hint = names === "" ? "There is none yet." : `There are: ${names}.`;
  throw new CommandError(EXIT.no, `no manifest is for the agent ${agent}`, hint);
}

export function print(shell: Shell, line: string): void {
  shell.out.write(`${line}\n`);
}
