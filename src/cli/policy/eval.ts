/** `slipclutch policy eval`: what a query answers for an input, decided as a gateway would. */
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { policyMeans } from "../../compose/policy-host.ts";
import type { Files, Issue } from "../../config/configuration.ts";
import { explainIssue } from "../../config/explain.ts";
import { merged, readDocument } from "../../config/policy-documents.ts";
import {
  EvaluationError,
  JsonError,
  jsonText,
  LoadError,
  parseJson,
  parseQuery,
  prepareAnswer,
  RegoObject,
  type Value,
} from "../../rego/index.ts";
import { cleanLines, paintFor } from "../paint.ts";
import { EXIT, type Shell } from "../shell.ts";
import { FOLDER, loadPolicies, type Read, readPolicies } from "./folder.ts";
import { readableJson } from "./print-json.ts";
import { type Problem, problemLines, problemOfLoading } from "./problems.ts";

export interface EvalOptions {
  readonly query: string;
  readonly input?: string;
  readonly data?: string;
  readonly lenient?: boolean;
  readonly json?: boolean;
}

/** One input, or one document more. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;
const EVALUATION_MS_MAX = 10_000;

type Answer =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "undefined" }
  | Failed;

interface Failed {
  readonly kind: "failed";
  readonly code: string;
  readonly message: string;
  /** Each with its place, where there are places. */
  readonly problems: readonly Problem[];
}

export async function runEval(
  folder: string | undefined,
  options: EvalOptions,
  shell: Shell,
): Promise<number> {
  const read = await readPolicies(folder ?? FOLDER, shell);
  const answer = await answerOf(read, options, shell);
  if (options.json) shell.out.write(`${lineOf(answer)}\n`);
  else show(answer, new Map([...read.texts, ["query", options.query]]), shell);
  return answer.kind === "failed" ? EXIT.usage : EXIT.ok;
}

async function answerOf(read: Read, options: EvalOptions, shell: Shell): Promise<Answer> {
  const data = await dataFor(read, options, shell);
  if (isFailed(data)) return data;
  const input = await inputFor(options, shell);
  if (isFailed(input)) return input;
  const loading = loadPolicies(read, { tests: false, strict: false, data });
  if (loading.kind === "invalid") return invalid(loading.problems);
  try {
    const ask = prepareAnswer(loading.loaded, parseQuery(options.query));
    const value = ask({
      ...policyMeans(EVALUATION_MS_MAX)(),
      ...(input === null ? {} : { input: input.value }),
      data,
      strict: options.lenient !== true,
      print: (line) => {
        for (const each of cleanLines(line)) shell.err.write(`${each}\n`);
      },
    });
    return value === undefined ? { kind: "undefined" } : { kind: "value", value };
  } catch (error) {
    if (error instanceof LoadError) return invalid(error.problems.map(problemOfLoading));
    if (error instanceof EvaluationError) return stopped(error);
    throw error;
  }
}

/** The folder's documents, and one more. */
async function dataFor(
  { sources }: Read,
  { data: name }: EvalOptions,
  shell: Shell,
): Promise<Value | Failed> {
  const data = parseJson(sources.data);
  if (name === undefined) return data;
  const text = await textOf(name, shell);
  if (isFailed(text)) return text;
  const read = readDocument(name, text);
  if (read.kind === "invalid") return malformed("data.malformed", name, read.issues);
  const all =
    data instanceof RegoObject && read.value instanceof RegoObject
      ? merged(data, read.value)
      : null;
  const why = "it is no object, or says something that a document of the folder says";
  return all ?? failed("data.conflict", `${name} cannot be added: ${why}`);
}

function malformed(code: string, name: string, issues: readonly Issue[]): Failed {
  return failed(code, `${name} cannot be read: ${issues.map(explainIssue).join(" ")}`);
}

/** Null: there is none. */
async function inputFor(
  { input: name }: EvalOptions,
  shell: Shell,
): Promise<{ readonly value: Value } | Failed | null> {
  if (name === undefined) return null;
  const text = await textOf(name, shell);
  if (isFailed(text)) return text;
  try {
    return { value: parseJson(text) };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const row = text.slice(0, error.offset).split("\n").length;
    const what = name === "-" ? "the input" : name;
    return failed("input.malformed", `${what} is no JSON: line ${row}: ${error.message}`);
  }
}

/** Of a file, or of what is piped in (`-`). */
async function textOf(name: string, shell: Shell): Promise<string | Failed> {
  const what = name === "-" ? "the input" : name;
  try {
    const bytes = name === "-" ? await piped(shell) : await contentOf(resolve(shell.folder, name));
    if (bytes === null) return failed("file.unreadable", `${what} is larger than 16 MB`);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const why = error instanceof TypeError ? "it is no UTF-8" : String(error);
    return failed("file.unreadable", `${what} cannot be read: ${why}`);
  }
}

async function piped(shell: Shell): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of shell.input()) {
    bytes += chunk.length;
    if (bytes > FILE_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function contentOf(path: string): Promise<Uint8Array | null> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    return size > FILE_BYTES_MAX ? null : await handle.readFile();
  } finally {
    await handle.close();
  }
}

function isFailed(made: unknown): made is Failed {
  return typeof made === "object" && made !== null && "kind" in made && made.kind === "failed";
}

function failed(code: string, message: string): Failed {
  return { kind: "failed", code, message, problems: [] };
}

function invalid(problems: readonly Problem[]): Failed {
  const [first] = problems;
  const code = first?.code ?? "folder.invalid";
  return { kind: "failed", code, message: first?.message ?? "", problems };
}

function stopped({ at, code, reason }: EvaluationError): Failed {
  if (at === undefined) return failed(code, reason);
  const { col, file, row } = at;
  const problem: Problem = { level: "error", file, row, col, code, message: reason, hint: null };
  return { kind: "failed", code, message: reason, problems: [problem] };
}

/** One line of JSON, with the digits of its numbers. */
function lineOf(answer: Answer): string {
  switch (answer.kind) {
    case "value":
      return `{"result":${jsonText(answer.value)}}`;
    case "undefined":
      return '{"undefined":true}';
    case "failed": {
      const { code, message, problems } = answer;
      const places = problems.map(({ level: _, ...place }) => place);
      return JSON.stringify({ error: { code, message, problems: places } });
    }
  }
}

function show(answer: Answer, texts: Files, shell: Shell): void {
  const paint = paintFor(shell, shell.err);
  switch (answer.kind) {
    case "value":
      shell.out.write(`${readableJson(answer.value)}\n`);
      break;
    case "undefined":
      shell.out.write("undefined\n");
      break;
    case "failed": {
      const lines = problemLines(answer.problems, texts, paint);
      const said = `${paint("red", "error")} ${answer.code}: ${cleanLines(answer.message).join(" ")}`;
      for (const line of lines.length > 0 ? lines : [said]) shell.err.write(`${line}\n`);
    }
  }
}
