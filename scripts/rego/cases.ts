/**
 * Runs the cases of OPA's own suite, one a line of JSON, as the data's README says: evaluations,
 * modules that must be refused at load, and single questions.
 */
import { nodeHost } from "../../src/adapters/policy-engine/embedded/host.ts";
import {
  type Body,
  compare,
  type Dialect,
  EMPTY_OBJECT,
  type Evaluation,
  EvaluationError,
  equal,
  jsonText,
  LoadError,
  type LoadProblem,
  loadModules,
  parseJson,
  parseModule,
  parseQuery,
  prepareQuery,
  RegoObject,
  type Solution,
  setOf,
  type Value,
} from "../../src/rego/index.ts";

export type Outcome =
  | { readonly kind: "passed" }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "wrong" | "error"; readonly why: string };

const PASSED: Outcome = { kind: "passed" };

/** Fields of a case that decide how it is run. Everything else is read with its digits. */
interface Case {
  readonly id: string;
  readonly modules?: readonly string[];
  readonly query: string;
  readonly input_term?: string;
  readonly dialect?: Dialect;
  readonly rego_version?: Dialect;
  readonly want?: unknown;
  readonly want_errors?: readonly WantedProblem[];
  readonly exhaustive?: boolean;
  readonly strict?: boolean;
  readonly print_statements?: boolean;
  readonly strict_error?: boolean;
  readonly sort_bindings?: boolean;
  readonly ignore_generated_vars?: boolean;
  readonly want_error?: string;
  readonly want_error_code?: string;
}

interface WantedProblem {
  readonly code: string;
  readonly message: string;
  readonly row: number;
  readonly col?: number;
  readonly module?: string;
}

const HOST = nodeHost(() => 1_795_356_000_000_000_000n);
const LIMITS = { steps: 20_000_000, depth: 500, expired: () => false };

/** `dialect` is that of the file; a case may name its own. */
export function runCase(line: string, dialect: Dialect): Outcome {
  // The line is one of the suite's, whose fields its README lists.
  const one = JSON.parse(line) as Case;
  if (one.want_errors !== undefined) return runRefusal(one, one.want_errors, dialect);
  const exact = parseJson(line);
  if (!(exact instanceof RegoObject)) throw new TypeError("a case is an object");
  if (one.want !== undefined) return runQuestion(one, exact, dialect);
  return runEvaluation(one, exact, dialect);
}

function modulesOf({ modules = [], dialect, rego_version }: Case, fallback: Dialect) {
  return modules.map((text, i) =>
    parseModule(text, `test-${i}.rego`, dialect ?? rego_version ?? fallback),
  );
}

function runRefusal(one: Case, wanted: readonly WantedProblem[], dialect: Dialect): Outcome {
  const found = problemsOf(() =>
    loadModules(modulesOf(one, dialect), {
      strict: one.strict === true,
      prints: one.print_statements === true,
    }),
  );
  const missing = wanted.filter((each) => !found.some((problem) => isWanted(problem, each)));
  const more = one.exhaustive === true && found.length > wanted.length;
  if (missing.length === 0 && !more) return PASSED;
  return { kind: "wrong", why: `want ${JSON.stringify(wanted)} got ${JSON.stringify(found)}` };
}

function isWanted({ code, message, at }: LoadProblem, wanted: WantedProblem): boolean {
  return (
    code === wanted.code &&
    message.includes(wanted.message) &&
    at.row === wanted.row &&
    (wanted.col === undefined || at.col === wanted.col) &&
    at.file === (wanted.module ?? "test-0.rego")
  );
}

function problemsOf(load: () => unknown): readonly LoadProblem[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof LoadError) return error.problems;
    throw error;
  }
}

function runEvaluation(one: Case, exact: RegoObject, dialect: Dialect): Outcome {
  const got = attempt(() => solutionsOf(one, exact, dialect, parseQuery(one.query)));
  if (got instanceof LoadError && isRefused(got)) return { kind: "refused", why: got.message };
  const wantsError = one.want_error_code !== undefined || one.want_error !== undefined;
  if (got instanceof Error) return wantsError && fits(got, one) ? PASSED : failure(got);
  const shown = setOf(got.map((solution) => shownSolution(solution, one)));
  if (wantsError) return { kind: "wrong", why: `want ${one.want_error} got ${jsonText(shown)}` };
  const wanted = wantedOf(exact.get("want_result") ?? [], one);
  if (equal(shown, wanted)) return PASSED;
  return { kind: "wrong", why: `want ${jsonText(wanted)} got ${jsonText(shown)}` };
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

function isRefused({ problems }: LoadError): boolean {
  return problems.every(({ code }) => code === "rego_unsupported_error");
}

function fits(error: Error, { want_error_code, want_error }: Case): boolean {
  const code = error instanceof EvaluationError ? error.code : undefined;
  if (want_error_code !== undefined && code !== want_error_code) return false;
  return want_error === undefined || error.message.includes(want_error);
}

function failure(error: Error): Outcome {
  return { kind: "error", why: error.stack ?? error.message };
}

function solutionsOf(one: Case, exact: RegoObject, dialect: Dialect, query: Body) {
  const loaded = loadModules(modulesOf(one, dialect), { parseYaml: HOST.parseYaml });
  const input = one.input_term === undefined ? exact.get("input") : valueOfText(one.input_term);
  const evaluation: Evaluation = {
    ...(input === undefined ? {} : { input }),
    data: exact.get("data") ?? EMPTY_OBJECT,
    host: HOST,
    limits: LIMITS,
    strict: one.strict_error === true,
  };
  return prepareQuery(loaded, query)(evaluation);
}

/** An input that is given as Rego text. */
function valueOfText(text: string): Value | undefined {
  const query = prepareQuery(loadModules([]), parseQuery(`x = ${text}`));
  const [solution] = query({ data: EMPTY_OBJECT, host: HOST, limits: LIMITS, strict: false });
  return solution?.get("x");
}

/** As JSON: sets are arrays, keys are texts. */
function shownSolution(solution: Solution, one: Case): Value {
  const members = [...solution]
    .filter(([name]) => !(one.ignore_generated_vars === true && name.startsWith("__localq")))
    .map(([name, value]) => `${JSON.stringify(name)}:${jsonText(sorted(asJson(value), one))}`);
  return parseJson(`{${members.join(",")}}`);
}

function asJson(value: Value): Value {
  return parseJson(jsonText(value));
}

function sorted(value: Value, { sort_bindings }: Case): Value {
  return sort_bindings === true && Array.isArray(value) ? [...value].sort(compare) : value;
}

function wantedOf(results: Value, one: Case): Value {
  const all = Array.isArray(results) ? results : [];
  return setOf(
    all.map((result: Value) => {
      if (!(result instanceof RegoObject)) return result;
      return result
        .entries()
        .reduce((made, [name, value]) => made.with(name, sorted(value, one)), EMPTY_OBJECT);
    }),
  );
}

function runQuestion(one: Case, exact: RegoObject, dialect: Dialect): Outcome {
  const want = exact.get("want");
  if (!(want instanceof RegoObject)) throw new TypeError("a question wants an object");
  const got = attempt(() => solutionsOf(one, exact, dialect, parseQuery(`x = ${one.query}`)));
  const codes = want.get("error");
  if (got instanceof Error) {
    const code = codeOf(got);
    const good = Array.isArray(codes) && codes.includes(code);
    return good ? PASSED : { kind: "error", why: `${code}: ${got.stack}` };
  }
  const value = got[0]?.get("x");
  const wanted = want.get("value");
  const good =
    wanted === undefined
      ? want.get("undefined") === true && value === undefined
      : value !== undefined && equal(asJson(value), wanted);
  if (good) return PASSED;
  return {
    kind: "wrong",
    why: `want ${jsonText(want)} got ${value === undefined ? "undefined" : jsonText(value)}`,
  };
}

function codeOf(error: Error): string {
  if (error instanceof LoadError) return error.problems[0]?.code ?? "";
  return error instanceof EvaluationError ? error.code : error.name;
}
