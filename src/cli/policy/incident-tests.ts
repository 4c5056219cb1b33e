/** Every incident that was exported is a test of the guardrails folder that it is kept in. */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { answeringEngines } from "../../compose/policy-review.ts";
import type { Reading } from "../../config/review/reading.ts";
import { isPassed, NOT_TOLD, notesOf, saysOf, testedCase } from "../incident-test.ts";
import { readingIn } from "../manifest/folder.ts";
import { CommandError, EXIT, type Shell } from "../shell.ts";
import type { Ended, TestCase } from "./test-rules.ts";

/** Where cases are kept in a guardrails folder. */
const INCIDENTS = "incidents";
/** Of one folder; each is read whole. */
const INCIDENTS_MAX = 1_000;
const NAME = "the runaway is stopped";

export interface Incidents {
  readonly tests: readonly TestCase[];
  /** Lets go of what they ask. */
  close(): Promise<void>;
}

interface Where {
  readonly folder: string;
  /** It has a slipclutch.yaml; else there are policies alone. */
  readonly isWhole: boolean;
  /** Where cases are, if that was said. */
  readonly incidents: string | undefined;
}

export async function incidentTests(where: Where, shell: Shell): Promise<Incidents> {
  const { folder, incidents, isWhole } = where;
  if (!isWhole && incidents === undefined) return NONE;
  if (!isWhole) {
    const hint = "Name the guardrails folder: what stops a runaway is more than policies.";
    throw new CommandError(EXIT.usage, `${folder} is no guardrails folder`, hint);
  }
  const names = await casesIn(incidents ?? join(folder, INCIDENTS), shell);
  if (names === null && incidents !== undefined) {
    throw new CommandError(EXIT.no, `there is no folder ${incidents}`, "Name one that is there.");
  }
  if (names === null || names.length === 0) return NONE;
  const reading = await readingIn(folder, shell, { online: false, engines: answeringEngines() });
  return {
    tests: names.map((file) => ({
      ...{ file, row: null, name: NAME },
      run: async () => [await tested(file, reading, shell)],
    })),
    close: async () => reading.configuration.policySet?.close(),
  };
}

const NONE: Incidents = { tests: [], close: async () => undefined };

/** Null: there is no such folder. */
async function casesIn(folder: string, shell: Shell): Promise<readonly string[] | null> {
  const found = await namesIn(resolve(shell.folder, folder));
  const names = found?.filter((name) => name.endsWith(".json")).toSorted() ?? null;
  if (names !== null && names.length > INCIDENTS_MAX) {
    const hint = "Keep those that still say something.";
    throw new CommandError(EXIT.no, `${folder} has more than ${INCIDENTS_MAX} cases`, hint);
  }
  return names?.map((name) => join(folder, name)) ?? null;
}

async function namesIn(path: string): Promise<readonly string[] | null> {
  try {
    return await readdir(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.no, `${path} cannot be read: ${why}`, "Name a folder of cases.");
  }
}

async function tested(file: string, reading: Reading, shell: Shell): Promise<Ended> {
  try {
    const told = await testedCase(file, reading, shell);
    const { agent, id } = told.file.incident;
    const name = `${NAME} (${id}, ${agent})`;
    const output = [...notesOf(told), ...(told.policies.said.size > 0 ? [NOT_TOLD] : [])];
    if (isPassed(told)) return { name, outcome: { kind: "pass" }, output };
    // A sentence there, a clause here.
    const because = saysOf(told).replace(/\.$/, "");
    return { name, outcome: { kind: "fail", because }, output };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { hint, lines, message } = error;
    return {
      ...{ name: NAME, outcome: { kind: "error", code: "incident.untested", message } },
      output: [...lines, hint],
    };
  }
}
