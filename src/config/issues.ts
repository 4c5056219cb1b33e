/**
 * What the schema found wrong → issues that say what was got, what was expected and a way forward.
 */
import type { z } from "zod";
import type { Issue } from "./configuration.ts";
import { LATER_KEYS } from "./later.ts";
import { lineOf, type Path, pathText, rawAt, type Source } from "./source.ts";

type Problem = z.core.$ZodIssue;

/** Longest value that is shown. */
const GOT_CHARACTERS_MAX = 60;
/** What may stand in these is never shown: keys, tokens, and a store's URL with its password. */
const SECRET_KEYS: readonly string[] = [
  ...["api_key", "auth", "bearer", "encryption_key", "env", "headers", "previous_secret"],
  ...["schemes", "secret", "store", "token", "webhook_url"],
];

/**
 * Where secrets belong, `*` standing for any name. Narrower than what is not shown: of a tool
 * server that is called "store", or of arguments called "headers", the rest counts in the digest.
 */
const SECRET_PLACES: readonly (readonly string[])[] = [
  ["encryption_key"],
  ["store"],
  ["providers", "*", "api_key"],
  ["providers", "*", "headers"],
  ["tool_servers", "*", "headers"],
  ["tool_servers", "*", "schemes"],
  ["tool_servers", "*", "tools", "*", "headers"],
  ...[
    ["tool_servers", "*", "auth"],
    ["tool_servers", "*", "tools", "*", "auth"],
  ].flatMap((auth) => [
    [...auth, "bearer"],
    [...auth, "header", "value"],
    [...auth, "query", "value"],
    [...auth, "basic", "password"],
  ]),
  ["tool_servers", "*", "env"],
  ["policy_engine", "token"],
  // The address of a webhook is often all that it takes to post there.
  ...["webhook_url", "url", "secret", "previous_secret", "headers"].map((key) => {
    return ["notifiers", "*", key];
  }),
  ["decision_log", "http", "token"],
  ["decision_log", "http", "headers"],
  ["decision_log", "otel", "headers"],
];

/** Whether a secret belongs there. */
export function holdsSecret(path: Path): boolean {
  return SECRET_PLACES.some((place) =>
    place.every((key, index) => key === "*" || key === path[index]),
  );
}

/** Whether what stands there may be a secret, also where it does not belong. */
function isSecret(path: Path): boolean {
  if (path.some((key) => typeof key === "string" && SECRET_KEYS.includes(key))) return true;
  return holdsSecret(path);
}

/** An issue of one part of a file. */
export function issueAt(source: Source, path: Path, expected: string, hint: string): Issue {
  return {
    file: source.file,
    line: lineOf(source, path),
    path: pathText(path),
    got: gotText(source, path),
    expected,
    hint,
  };
}

/** All issues of a file that does not fit its schema. */
export function issuesOf(source: Source, problems: readonly Problem[]): Issue[] {
  return problems.flatMap((problem) => issuesOfOne(source, problem, []));
}

function issuesOfOne(source: Source, problem: Problem, before: Path): Issue[] {
  // The files' keys are texts and positions, never symbols.
  const path = [...before, ...problem.path] as Path;
  switch (problem.code) {
    case "unrecognized_keys":
      return problem.keys.map((key) => unknownKey(source, [...path, key], problem.message));
    case "invalid_union": {
      const branch = meantBranch(problem.errors);
      return branch
        ? branch.flatMap((inner) => issuesOfOne(source, inner, path))
        : [fromMessage(source, path, problem.message)];
    }
    case "invalid_key":
      return problem.issues.map((inner) => fromMessage(source, path, inner.message));
    case "invalid_type":
      return [invalidType(source, path, problem)];
    case "too_big":
      return [fromMessage(source, path, limitText(problem))];
    default:
      return [fromMessage(source, path, problem.message)];
  }
}

/** Of the forms that a value may have, the one it took: the only one with errors deeper inside. */
function meantBranch(branches: readonly (readonly Problem[])[]): readonly Problem[] | null {
  const inside = branches.filter((problems) =>
    problems.some((problem) => problem.path.length > 0 || problem.code === "unrecognized_keys"),
  );
  if (inside.length === 1) return inside[0] ?? null;
  const sameType = branches.filter((problems) =>
    problems.every((problem) => problem.code !== "invalid_type"),
  );
  return sameType.length === 1 ? (sameType[0] ?? null) : null;
}

function invalidType(source: Source, path: Path, problem: Problem): Issue {
  const own = problem.message.startsWith("Invalid input") ? "" : problem.message;
  const expected = "expected" in problem ? TYPES[problem.expected] : undefined;
  const message = own || expected || "another type";
  return fromMessage(source, path, message);
}

const TYPES: Readonly<Record<string, string>> = {
  object: "a map with named fields",
  record: "a map",
  array: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

function limitText(problem: Problem): string {
  const own = problem.message.startsWith("Too big") ? "" : problem.message;
  return own || ("maximum" in problem ? `at most ${problem.maximum} entries` : "fewer entries");
}

/** Messages of our own fields are "expected\nhint". */
function fromMessage(source: Source, path: Path, message: string): Issue {
  const [expected = "", hint = ""] = message.split("\n");
  if (path.length > 0 && rawAt(source, path) === undefined) {
    return issueAt(source, path, expected, `Add ${String(path.at(-1))}: it is required.`);
  }
  return issueAt(source, path, expected, hint || `Write ${expected}.`);
}

function unknownKey(source: Source, path: Path, message: string): Issue {
  const key = String(path.at(-1));
  const known = message.replace(/^known:/, "").split(",");
  const near = nearest(key, known);
  const later = Object.hasOwn(LATER_KEYS, key) ? LATER_KEYS[key] : undefined;
  const hint =
    later ?? (near ? `Did you mean "${near}"?` : `Remove it. Known here: ${known.join(", ")}.`);
  return { ...issueAt(source, path, "a field that this file has", hint), got: `"${clip(key)}"` };
}

/** The candidate that a slip of the finger turns into this word, if there is one. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const lower = clip(word).toLowerCase();
  let best: string | null = null;
  let least = Math.max(1, Math.floor(lower.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - lower.length) >= least) continue;
    const steps = editSteps(lower, candidate.toLowerCase());
    if (steps >= least) continue;
    best = candidate;
    least = steps;
  }
  return best;
}

const NAMES_TOLD_MAX = 20;

/** What to do about a name that is none of these. */
export function otherName(word: string, names: readonly string[]): string {
  const near = nearest(word, names);
  if (near !== null) return `Did you mean "${near}"?`;
  if (names.length === 0) return "There is none.";
  return `There are: ${names.slice(0, NAMES_TOLD_MAX).join(", ")}.`;
}

/** Letters added, left out, changed or swapped with their neighbour. */
function editSteps(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const changed = (row[j] ?? 0) + (from[i] === to[j] ? 0 : 1);
      const swapped = j > 0 && i > 0 && from[i] === to[j - 1] && from[i - 1] === to[j];
      const swap = swapped ? (before[j - 1] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(changed, swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}

function gotText(source: Source, path: Path): string {
  const value = rawAt(source, path);
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value";
  if (isSecret(path)) return "a value that is not shown";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? JSON.stringify(clip(value)) : String(value);
}

function clip(text: string): string {
  return text.length > GOT_CHARACTERS_MAX ? `${text.slice(0, GOT_CHARACTERS_MAX)}…` : text;
}
