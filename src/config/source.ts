/**
 * Text of a file → its value, and the line of every part of it. YAML and JSON go through one
 * parser.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import type { Issue } from "./configuration.ts";

/** Largest file that is read. */
export const FILE_BYTES_MAX = 1024 * 1024;
/** Deepest nesting; the schemas need six. */
export const NESTING_MAX = 32;
/** Syntax errors reported for one file: after the first few they follow from each other. */
const SYNTAX_ISSUES_MAX = 20;

export type Path = readonly (string | number)[];

/** One file, parsed. */
export interface Source {
  readonly file: string;
  /** As written: `${NAME}` is not replaced yet. */
  readonly raw: unknown;
  /** Line of each part, by its path as JSON. */
  readonly lines: ReadonlyMap<string, number>;
}

export interface Parsed {
  readonly source: Source;
  readonly issues: readonly Issue[];
}

interface Walk {
  readonly file: string;
  readonly nestingMax: number;
  readonly counter: LineCounter;
  readonly lines: Map<string, number>;
  readonly issues: Issue[];
}

/** Parse one file. With issues the value is not to be used. */
export function parseSource(file: string, text: string, nestingMax = NESTING_MAX): Parsed {
  const counter = new LineCounter();
  const walk: Walk = { file, nestingMax, counter, lines: new Map(), issues: [] };
  const raw = file.endsWith(".json") ? parseJson(text, walk) : parseYaml(text, walk);
  return {
    source: { file, raw, lines: walk.lines },
    issues: walk.issues.slice(0, SYNTAX_ISSUES_MAX),
  };
}

/** The line of a part, or of the nearest part around it that is there. */
export function lineOf(source: Source, path: Path): number | null {
  for (let length = path.length; length >= 0; length -= 1) {
    const line = source.lines.get(JSON.stringify(path.slice(0, length)));
    if (line !== undefined) return line;
  }
  return null;
}

/** The part as written; undefined if it is not there. */
export function rawAt(source: Source, path: Path): unknown {
  let value = source.raw;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    // An object that has this key can be read by it.
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

function parseJson(text: string, walk: Walk): unknown {
  try {
    JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, offset] = /position (\d+)/.exec(message) ?? [];
    const line = offset === undefined ? null : text.slice(0, Number(offset)).split("\n").length;
    syntax(walk, line, "strict JSON", reasonOf(message));
    return undefined;
  }
  // JSON that is valid has tabs only between its parts, where YAML takes spaces alone.
  return parseYaml(text.replaceAll("\t", " "), walk);
}

/**
 * The parser quotes the text around an error, which could hold a secret: only what it expected
 * stays.
 */
function reasonOf(message: string): string {
  return `${message.split(/,? "|in JSON| is not valid/)[0]?.trim() || "It does not parse"}.`;
}

function parseYaml(text: string, walk: Walk): unknown {
  const document = parseDocument(text, {
    lineCounter: walk.counter,
    version: "1.2",
    schema: "core",
    uniqueKeys: true,
    prettyErrors: false,
  });
  for (const problem of [...document.errors, ...document.warnings]) {
    const line = walk.counter.linePos(problem.pos[0]).line;
    if (problem.code === "RESOURCE_EXHAUSTION") {
      // The parser ran out of stack; what it says after that follows from it.
      syntax(walk, line, nestingText(walk), "Write it flatter.");
      return undefined;
    }
    if (problem.code === "DUPLICATE_KEY") {
      syntax(walk, line, "each key once", "Remove one of the two: it is not clear which holds.");
    } else {
      const [reason = ""] = problem.message.split(/ at line |\n/);
      syntax(walk, line, walk.file.endsWith(".json") ? "strict JSON" : "valid YAML", `${reason}.`);
    }
  }
  return walk.issues.length > 0 ? undefined : partOf(document.contents, [], walk);
}

function nestingText({ nestingMax }: Walk): string {
  return `at most ${nestingMax} levels of nesting`;
}

function partOf(node: unknown, path: Path, walk: Walk): unknown {
  if (node === null || node === undefined) return null;
  // Whatever the parser hands out as a value is a node with a range.
  const { range, tag } = node as Node & { tag?: string };
  const line = range ? walk.counter.linePos(range[0]).line : null;
  if (line !== null && !walk.lines.has(JSON.stringify(path))) mark(walk, path, line);
  if (path.length > walk.nestingMax) {
    return refuse(walk, path, nestingText(walk), "Write it flatter.");
  }
  if (tag !== undefined && !tag.startsWith("tag:yaml.org,2002:")) {
    return refuse(walk, path, "a plain value without a tag", `Remove ${tag}.`);
  }
  if (isScalar(node)) return scalarOf(node.value, path, walk);
  if (isSeq(node)) return node.items.map((item, index) => partOf(item, [...path, index], walk));
  if (!isMap(node)) return refuse(walk, path, "a plain value", "Write it out: no aliases here.");
  return objectOf(node.items, path, walk);
}

/** Half a character, as in `"\ud800"`, has no encoding, and checks of schemas throw on it. */
function scalarOf(value: unknown, path: Path, walk: Walk): unknown {
  if (typeof value !== "string" || value.isWellFormed()) return value;
  return refuse(walk, path, "whole characters", "Remove the half of a pair of surrogates.");
}

function objectOf(pairs: readonly Pair[], path: Path, walk: Walk): unknown {
  const entries: Record<string, unknown> = {};
  for (const { key, value } of pairs) {
    const name = isScalar(key) ? (key.source ?? String(key.value)) : null;
    if (name === null || name === "__proto__" || name === "<<" || !name.isWellFormed()) {
      refuse(walk, path, "keys that are plain names", `Rename ${name ?? "the key"}.`);
      continue;
    }
    if (isScalar(key) && key.range) {
      mark(walk, [...path, name], walk.counter.linePos(key.range[0]).line);
    }
    entries[name] = partOf(value, [...path, name], walk);
  }
  return entries;
}

function mark(walk: Walk, path: Path, line: number): void {
  walk.lines.set(JSON.stringify(path), line);
}

function refuse(walk: Walk, path: Path, expected: string, hint: string): undefined {
  const line = walk.lines.get(JSON.stringify(path)) ?? null;
  walk.issues.push({
    file: walk.file,
    line,
    path: pathText(path),
    got: "something else",
    expected,
    hint,
  });
}

function syntax(walk: Walk, line: number | null, expected: string, hint: string): void {
  walk.issues.push({ file: walk.file, line, path: "", got: "something else", expected, hint });
}

/** ["budgets", 0, "limit_usd"] → `budgets[0].limit_usd`. */
export function pathText(path: Path): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[\w-]+$/.test(key)) text += text ? `.${key}` : key;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}
