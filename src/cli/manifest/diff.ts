/** `slipclutch manifest diff A..B`: what got wider and what got narrower, in words. */
import { resolve } from "node:path";
import { checkingEngines } from "../../compose/policy-host.ts";
import { explainIssue } from "../../config/explain.ts";
import { type Change, isWidening } from "../../config/review/change.ts";
import { changesBetween } from "../../config/review/diff.ts";
import {
  NO_FILES,
  type Reading,
  readForReview,
  withPoliciesLoaded,
} from "../../config/review/reading.ts";
import { sqlReaderFor } from "../../config/sql-parser.ts";
import { clean } from "../paint.ts";
import { CommandError, EXIT, type Shell } from "../shell.ts";
import { FOLDER, type Found, foundIn, invalid, print } from "./folder.ts";
import { filesAt, isFolder } from "./git.ts";

/** Somebody has to look at it. Scripts rely on it. */
const WIDER = 3;

export interface DiffOptions {
  readonly json?: boolean;
}

interface Side {
  /** As it is told. */
  readonly name: string;
  /** What is at fault where it does not load. */
  readonly what: string;
  read(): Promise<Found | typeof NOTHING>;
}

/** No such folder was there: nothing was granted. */
const NOTHING = { kind: "nothing" } as const;

/** Two revisions of a folder; or, as the two of them, two folders. */
export interface Compared {
  readonly range: string;
  readonly folder: string | undefined;
}

export async function runDiff(
  compared: Compared,
  options: DiffOptions,
  shell: Shell,
): Promise<number> {
  const [from, to] = await sidesOf(compared, shell);
  const [before, after] = [await from.read(), await to.read()];
  if (after.kind === "invalid") throw invalid(to.what, after.issues);
  if (before.kind === "nothing" && after.kind === "nothing") {
    const folder = resolve(shell.folder, compared.folder ?? FOLDER);
    const hint = "Name the guardrails folder behind the revisions.";
    throw new CommandError(EXIT.no, `there is no folder ${folder}, and was none`, hint);
  }
  // No gateway has loaded what is not valid: a person has to see all that comes after it.
  const issues = before.kind === "invalid" ? before.issues.map(explainIssue) : [];
  const was = before.kind === "ok" ? before.reading : nothing();
  const all = changesBetween(was, after.kind === "ok" ? after.reading : nothing());
  // Where nobody may do anything, a limit that is gone lets nothing through.
  const changes = after.kind === "ok" ? all : all.filter((one) => !isWidening(one));
  const widening = changes.filter(isWidening).length;
  if (options.json) {
    const sides = { from: from.name, to: to.name, from_issues: issues };
    print(shell, JSON.stringify({ ...sides, widening: widening > 0, changes }));
  } else {
    for (const line of [...invalidLines(from, issues), ...linesOf(changes)]) {
      print(shell, clean(line));
    }
    print(shell, `${from.name} → ${to.name}: ${summaryOf(changes, widening)}`);
  }
  return widening > 0 ? WIDER : EXIT.ok;
}

function nothing(): Reading {
  const read = readForReview(NO_FILES, {});
  if (read.kind === "invalid") throw new Error("a folder that grants nothing is not valid");
  return read.reading;
}

function invalidLines({ what }: Side, issues: readonly string[]): readonly string[] {
  if (issues.length === 0) return [];
  const head = `${what} is not valid, so nothing of it was in force, and all that follows is new:`;
  return [head, ...issues.flatMap((issue) => issue.split("\n").map((line) => `  ${line}`)), ""];
}

function summaryOf(changes: readonly Change[], widening: number): string {
  if (changes.length === 0) return "nothing that agents may do has changed.";
  const narrower = changes.filter(({ direction }) => direction === "narrower").length;
  const counts = `${widening} wider, ${narrower} narrower`;
  return widening > 0 ? `${counts}. A person should review it.` : `${counts}. Nothing got wider.`;
}

const WORDS: Readonly<Record<Change["direction"], string>> = {
  wider: "WIDER     ",
  "may-be-wider": "WIDER?    ",
  narrower: "narrower  ",
  other: "other     ",
};
const ORDER = Object.keys(WORDS);

/** By agent; what got wider first. */
function linesOf(changes: readonly Change[]): readonly string[] {
  const owners = [...new Set(changes.map(({ agent }) => agent))];
  owners.sort((a, b) => ((a ?? "") < (b ?? "") ? -1 : 1));
  return owners.flatMap((owner) => {
    const own = changes
      .filter(({ agent }) => agent === owner)
      .toSorted((a, b) => ORDER.indexOf(a.direction) - ORDER.indexOf(b.direction));
    const head = owner === null ? "for all agents" : `agent ${owner}`;
    return [head, ...own.flatMap(wordsOf), ""];
  });
}

function wordsOf({ about, details, direction, says }: Change): readonly string[] {
  return [
    `  ${WORDS[direction]}${about}: ${says}`,
    ...details.map((detail) => `${" ".repeat(14)}${detail}`),
  ];
}

async function sidesOf({ folder, range }: Compared, shell: Shell): Promise<readonly [Side, Side]> {
  // Two folders; a revision is rarely one, and then its name ends in `..`.
  if (folder !== undefined && (await isFolder(resolve(shell.folder, range)))) {
    return [atPath(range, shell), atPath(folder, shell)];
  }
  const [from = "", to = "", ...more] = range.split("..");
  const hasTwo = range.includes("..") && !range.includes("...") && more.length === 0;
  if ((!hasTwo && range.includes("..")) || (from === "" && to === "")) {
    const hint = "Like main..HEAD, main.. (against the files as they are now), or two folders.";
    throw new CommandError(EXIT.usage, `${range} names no two revisions`, hint);
  }
  const where = folder ?? FOLDER;
  return [atRevision(from, where, shell), atRevision(to, where, shell)];
}

function atPath(folder: string, shell: Shell): Side {
  return { name: folder, what: folder, read: () => foundIn(folder, shell) };
}

/** Without a revision: the files as they are now. */
function atRevision(revision: string, folder: string, shell: Shell): Side {
  if (revision === "") return { ...atPath(folder, shell), name: "the files as they are" };
  return {
    name: revision,
    what: `${folder} at ${revision}`,
    read: async () => {
      const { environment } = shell;
      const at = resolve(shell.folder, folder);
      const files = await filesAt(revision, { folder: at, environment });
      if (files.size === 0 && !(await isFolder(at))) return NOTHING;
      const sql = await sqlReaderFor(files);
      const written = readForReview(files.size === 0 ? NO_FILES : files, environment, sql);
      const read = await withPoliciesLoaded(written, checkingEngines());
      return read.kind === "ok" ? { ...read, warnings: [] } : read;
    },
  };
}
