/**
 * Our own engine: policies in this process, as closures. It evaluates without a pause, so a
 * question is bounded by what it may use up, its time among it.
 */
import type { Clock } from "../../../ports/clock.ts";
import {
  type Policies,
  type PolicyAnswer,
  type PolicyDocument,
  type PolicyEngine,
  type PolicyProblem,
  PolicyProblems,
  type PolicyQuery,
  type PolicySources,
  type Question,
} from "../../../ports/policy-engine.ts";
import {
  EvaluationError,
  JsonError,
  jsonText,
  LoadError,
  type Loaded,
  type LoadProblem,
  loadingModules,
  type Module,
  type Pieces,
  type Question as Prepared,
  parseAnyDialect,
  parseJson,
  preparingDocument,
  RegoObject,
  type Value,
  valueOfJson,
} from "../../../rego/index.ts";
import { failed, valueAnswer } from "../answers/answers.ts";
import { nodeHost } from "./host.ts";
import { inTurns } from "./turns.ts";
import { parseYaml } from "./yaml.ts";

/**
 * Of one question. A step makes about an element or 16 characters, so that this bounds memory too,
 * to some hundred megabytes; honest policies take a few hundred steps.
 */
export const STEPS_MAX = 1_000_000;
/** Rules and functions within one another; recursion is refused at load. */
export const NESTING_MAX = 500;

export function embeddedEngine(clock: Clock): PolicyEngine {
  return {
    kind: "embedded",
    load: (sources, queries) => inTurns(loading(sources, queries, clock), clock),
  };
}

function* loading(
  { data, modules, revision }: PolicySources,
  queries: readonly PolicyQuery[],
  clock: Clock,
): Pieces<Policies> {
  const parsed = yield* parsedModules(modules);
  const documents = parsedData(data);
  const loaded = yield* checked(parsed, documents);
  const missing = queries.flatMap((query) => missingDocument(query, loaded, documents));
  if (missing.length > 0) throw new PolicyProblems(missing);
  const prepared = new Map<string, Prepared>();
  for (const { path } of queries) {
    prepared.set(keyOf(path), yield* preparingDocument(loaded, path));
  }
  const notes = parsed.filter(({ dialect }) => dialect === "v0").map(oldDialect);
  return new EmbeddedPolicies({ revision, notes }, { clock, documents, prepared });
}

/** What is wrong with any of them, not only with the first. */
function* parsedModules(files: PolicySources["modules"]): Pieces<readonly Module[]> {
  const problems: PolicyProblem[] = [];
  const parsed: Module[] = [];
  for (const { file, text } of files) {
    try {
      parsed.push(parseAnyDialect(text, file));
    } catch (error) {
      problems.push(...problemsOf(error));
    }
    yield;
  }
  if (problems.length > 0) throw new PolicyProblems(problems);
  return parsed;
}

function* checked(modules: readonly Module[], data: Value): Pieces<Loaded> {
  try {
    return yield* loadingModules(modules, { data, parseYaml });
  } catch (error) {
    throw new PolicyProblems(problemsOf(error));
  }
}

/** Throws on what is no problem of the policies. */
function problemsOf(error: unknown): readonly PolicyProblem[] {
  if (error instanceof LoadError) return error.problems.map(problemOf);
  throw error;
}

function problemOf({ at, code, hint, message }: LoadProblem): PolicyProblem {
  return { file: at.file, row: at.row, col: at.col, code, message, hint: hint ?? null };
}

function parsedData(text: string): Value {
  let why = "they are no JSON object";
  try {
    const value = parseJson(text);
    if (value instanceof RegoObject) return value;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    why = error.message;
  }
  const nowhere = { file: null, row: null, col: null, hint: null };
  const message = `the data documents cannot be read: ${why}`;
  throw new PolicyProblems([{ ...nowhere, code: "data_parse_error", message }]);
}

/** Whoever asks for what nobody wrote would be refused for good, and wonder why. */
function missingDocument(
  { isOptional, path }: PolicyQuery,
  { compiled: { tree } }: Loaded,
  documents: Value,
): readonly PolicyProblem[] {
  if (isOptional || tree.leadsToRules(path) || isDocument(documents, path)) return [];
  const depth = path.findIndex((_, end) => !tree.leadsToRules(path.slice(0, end + 1)));
  const beside = [...(tree.find(path.slice(0, depth))?.children.values() ?? [])];
  const names = beside.map(({ path: known }) => known.at(-1)).filter((name) => name !== undefined);
  const there = names.slice(0, NAMES_TOLD_MAX).join(", ");
  const hint =
    there === "" ? null : `In ${["data", ...path.slice(0, depth)].join(".")} there are: ${there}.`;
  const message = `nobody wrote ${["data", ...path].join(".")}`;
  return [{ ...NOWHERE, code: "query_undefined_error", message, hint }];
}

function isDocument(value: Value | undefined, [key, ...rest]: readonly string[]): boolean {
  if (value === undefined || key === undefined) return value !== undefined;
  return value instanceof RegoObject && isDocument(value.get(key), rest);
}

const NAMES_TOLD_MAX = 20;
const NOWHERE = { file: null, row: null, col: null } as const;

function oldDialect({ file }: Module): string {
  const convert = `opa fmt --write --v0-v1 ${file}`;
  return `${file} is written in v0, Rego's old dialect, and read as such; "${convert}" converts it.`;
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path);
}

interface Ready {
  readonly clock: Clock;
  readonly documents: Value;
  /** By the paths of the queries. */
  readonly prepared: ReadonlyMap<string, Prepared>;
}

class EmbeddedPolicies implements Policies {
  readonly revision: string;
  readonly notes: readonly string[];
  /** One for all questions: it keeps compiled patterns and zones. */
  readonly #host = nodeHost(() => 0n);
  #ready: Ready | null;

  constructor({ notes, revision }: Pick<Policies, "revision" | "notes">, ready: Ready) {
    this.revision = revision;
    this.notes = notes;
    this.#ready = ready;
  }

  async ask(query: PolicyQuery, input: PolicyDocument, question: Question): Promise<PolicyAnswer> {
    if (this.#ready === null) return failed("unreachable", "these policies were let go");
    const { clock, documents, prepared } = this.#ready;
    const evaluate = prepared.get(keyOf(query.path));
    if (evaluate === undefined) return failed("error", "it was not among the queries at load");
    const until = clock.monotonic() + question.timeoutMs;
    try {
      const value = evaluate({
        input: valueOfJson(input),
        data: documents,
        host: { ...this.#host, now: () => question.now },
        limits: {
          steps: STEPS_MAX,
          depth: NESTING_MAX,
          expired: () => clock.monotonic() > until,
        },
        strict: !query.lenient,
      });
      return value === undefined ? { kind: "undefined" } : valueAnswer(JSON.parse(jsonText(value)));
    } catch (error) {
      return failureOf(error);
    }
  }

  async close(): Promise<void> {
    this.#ready = null;
  }
}

/** What is no error of the evaluation is one of ours, and no answer either. */
function failureOf(error: unknown): PolicyAnswer {
  const isLimit = error instanceof EvaluationError && error.code === "eval_limit_error";
  return failed(isLimit ? "limit" : "error", error instanceof Error ? error.message : `${error}`);
}
