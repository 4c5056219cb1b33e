/** One case of Rego put to this engine and to a real `opa`: whether it loads, and what it answers. */
import { nodeHost } from "../../src/adapters/policy-engine/embedded/host.ts";
import {
  EvaluationError,
  equal,
  jsonText,
  LoadError,
  type Loaded,
  loadModules,
  parseJson,
  parseModule,
  prepareDocument,
  RegoObject,
  type Value,
} from "../../src/rego/index.ts";
import type { OpaAnswer, OpaServer } from "./opa-server.ts";
import type { RegoCase } from "./rego-grammar.ts";

/** What a question came to. Values are JSON with their digits; sets are arrays. */
export type Result =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "undefined" }
  | { readonly kind: "error"; readonly code: string };

export interface Difference {
  readonly question: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface Comparison {
  /** Ours leaves something out that the module uses. */
  readonly refused: boolean;
  readonly loads: boolean;
  readonly values: number;
  readonly differences: readonly Difference[];
}

/**
 * What is known to differ, always to the safe side: an error or a refusal here where OPA has an
 * answer, or a policy that OPA refuses to load.
 *
 * - Asked for one key of a partial rule OPA evaluates what has to do with that key, this engine all
 *   of it: an error elsewhere in it is an error here. For the same reason more rules need themselves.
 * - OPA leaves more rules out by its index, so that what else is wrong in them does not show.
 * - `{"a": x} = {k: v | …}` binds nothing; OPA forgets that if the comprehension uses outer variables.
 * - `not { x := x }` of a bound `x`, and a comparison of `xs[i]` with a comprehension that uses `i`,
 *   have an unsafe variable in OPA.
 * - Of `with`, and of members by keys that are no constants, OPA's type checker knows more.
 * - Where both refuse, OPA may have found something of another stage.
 */
export function isKnown({ question, ours, theirs }: Difference): boolean {
  if (question !== "load") return ours.startsWith("eval_");
  if (ours.startsWith("loads")) return /^rego_(type|compile|unsafe_var)_error/.test(theirs);
  return /^rego_(recursion|type|unsafe_var|compile)_error/.test(ours);
}

const HOST = nodeHost(() => 1_795_356_000_000_000_000n);
const LIMITS = { steps: 5_000_000, depth: 500, expired: () => false };

export async function compare(one: RegoCase, opa: OpaServer): Promise<Comparison> {
  const put = await opa.putModule(one.module);
  const theirs = loadCodes(put);
  const loaded = attemptLoad(one);
  const ours = "compiled" in loaded ? [] : loaded.codes;
  const nothing = { refused: false, loads: false, values: 0, differences: [] };
  if (ours.includes("rego_unsupported_error")) return { ...nothing, refused: true };
  if (!sameLoad(ours, theirs)) {
    const texts = "compiled" in loaded ? "" : loaded.message;
    const difference = {
      question: "load",
      ours: `${ours.join() || "loads"} ${texts}`,
      theirs: `${theirs.join() || "loads"} ${theirs.length > 0 ? put.text : ""}`,
    };
    return { ...nothing, differences: [difference] };
  }
  if (!("compiled" in loaded)) return nothing;
  return { ...(await compareAnswers(one, loaded, opa)), refused: false, loads: true };
}

async function compareAnswers(
  one: RegoCase,
  loaded: Loaded,
  opa: OpaServer,
): Promise<Pick<Comparison, "values" | "differences">> {
  await opa.putBase(one.base);
  const asked = one.questions.flatMap((path) =>
    [false, true].map(async (strict) => {
      const theirs = resultOf(await opa.ask(path, one.input, strict));
      const ours = ourResult(one, loaded, path, strict);
      const question = `${["data.c", ...path].join(".")}${strict ? " strict" : ""}`;
      return { question, ours, theirs };
    }),
  );
  const answers = await Promise.all(asked);
  return {
    values: answers.filter(({ theirs }) => theirs.kind === "value").length,
    differences: answers
      .filter(({ ours, theirs }) => !sameResult(ours, theirs))
      .map(({ question, ours, theirs }) => ({
        question,
        ours: shown(ours),
        theirs: shown(theirs),
      })),
  };
}

function attemptLoad({
  module,
  dialect,
}: RegoCase): Loaded | { readonly codes: readonly string[]; readonly message: string } {
  try {
    return loadModules([parseModule(module, "case", dialect)]);
  } catch (error) {
    if (!(error instanceof LoadError)) {
      return { codes: ["crash"], message: error instanceof Error ? `${error.stack}` : "" };
    }
    return { codes: distinct(error.problems.map(({ code }) => code)), message: error.message };
  }
}

function loadCodes({ status, text }: OpaAnswer): readonly string[] {
  if (status === 200) return [];
  const answer: { errors?: readonly { code: string }[]; code?: string } = JSON.parse(text);
  return distinct((answer.errors ?? [{ code: answer.code ?? "none" }]).map(({ code }) => code));
}

/** Ours stops at the first stage that finds something; OPA goes on. */
function sameLoad(ours: readonly string[], theirs: readonly string[]): boolean {
  if (ours.length === 0 || theirs.length === 0) return ours.length === theirs.length;
  return ours.every((code) => theirs.includes(code));
}

function distinct(codes: readonly string[]): readonly string[] {
  return [...new Set(codes)].sort();
}

function ourResult(
  { input, base }: RegoCase,
  loaded: Loaded,
  path: readonly string[],
  strict: boolean,
): Result {
  const data = parseJson(`{"base": ${base}}`);
  try {
    const ask = prepareDocument(loaded, ["c", ...path]);
    const value = ask({ input: parseJson(input), data, host: HOST, limits: LIMITS, strict });
    if (value === undefined) return { kind: "undefined" };
    return { kind: "value", value: parseJson(jsonText(value)) };
  } catch (error) {
    if (error instanceof EvaluationError) return { kind: "error", code: error.code };
    return { kind: "error", code: error instanceof Error ? `crash ${error.stack}` : "crash" };
  }
}

function resultOf({ status, text }: OpaAnswer): Result {
  const answer = parseJson(text);
  if (!(answer instanceof RegoObject)) throw new Error(`no answer of opa: ${text}`);
  if (status === 200) {
    const value = answer.get("result");
    return value === undefined ? { kind: "undefined" } : { kind: "value", value };
  }
  const errors = answer.get("errors");
  const [first] = Array.isArray(errors) ? errors : [];
  const code = first instanceof RegoObject ? first.get("code") : "not-asked";
  return { kind: "error", code: String(code) };
}

function sameResult(ours: Result, theirs: Result): boolean {
  if (theirs.kind === "error" && theirs.code === "not-asked") return true;
  if (ours.kind === "value") return theirs.kind === "value" && equal(ours.value, theirs.value);
  if (ours.kind === "error") return theirs.kind === "error" && ours.code === theirs.code;
  return theirs.kind === "undefined";
}

function shown(result: Result): string {
  if (result.kind === "value") return jsonText(result.value);
  return result.kind === "error" ? result.code : "undefined";
}
