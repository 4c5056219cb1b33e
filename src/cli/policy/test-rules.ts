/** Which rules are tests, and what became of each: as `opa test` has it, but strict. */
import {
  type Evaluation,
  EvaluationError,
  type Loaded,
  type Module,
  type Position,
  prepareDocument,
  type Value,
} from "../../rego/index.ts";
import { begunIn, caseName, caseValue, hasCases } from "./test-cases.ts";

type Rule = Module["rules"][number];

const TEST = "test_";
const LATER = "todo_test_";

export type Outcome =
  | { readonly kind: "pass" | "skip" }
  | { readonly kind: "fail"; readonly because: string }
  | {
      readonly kind: "error";
      readonly code: string;
      readonly message: string;
      readonly at?: Position;
    };

export interface TestCase {
  readonly file: string;
  readonly row: number | null;
  /** `data.agent.authz_test.test_allow`, or what a row of a table says. */
  readonly name: string;
  /** Once, or for each of its cases. */
  run(evaluation: Silent): readonly Ended[] | Promise<readonly Ended[]>;
}

/** What is printed is kept with the test that printed it. */
export type Silent = Omit<Evaluation, "print">;

export interface Ended {
  readonly name: string;
  readonly outcome: Outcome;
  /** What `print` printed. */
  readonly output: readonly string[];
}

export function isTest({ head }: Rule): boolean {
  return head.name.startsWith(TEST) || head.name.startsWith(LATER);
}

/** Of all modules: `test_` rules count in any package. Several rules of one name are one test. */
export function testRules(modules: readonly Module[], loaded: Loaded): readonly TestCase[] {
  const cases = new Map<string, TestCase>();
  for (const module of modules) {
    for (const rule of module.rules.filter(isTest)) {
      const name = [...module.package, rule.head.name].join(".");
      if (!cases.has(name)) cases.set(name, caseOf(rule, { module, loaded, name }));
    }
  }
  return [...cases.values()];
}

interface Whose {
  readonly module: Module;
  readonly loaded: Loaded;
  readonly name: string;
}

function caseOf(rule: Rule, { loaded, module, name }: Whose): TestCase {
  const { head } = rule;
  const place = { file: module.file, row: head.at.row, name };
  const always = (outcome: Outcome): TestCase => {
    return { ...place, run: () => [{ name, outcome, output: [] }] };
  };
  if (head.name.startsWith(LATER)) return always({ kind: "skip" });
  const isOne = head.path.length === 0 && head.parameters === undefined;
  if (!isOne && !hasCases(rule)) {
    const message = "a test has no parts but names of its cases, which are variables: test_x[case]";
    return always({ kind: "error", code: "rego_unsupported_error", message, at: head.at });
  }
  const ask = prepareDocument(loaded, [...module.package.slice(1), head.name]);
  if (isOne) return { ...place, run: (means) => [ended(name, means, ask, isTrue)] };
  return { ...place, run: (means) => runCases(name, means, ask) };
}

type Ask = (evaluation: Evaluation) => Value | undefined;

function runCases(name: string, means: Silent, ask: Ask): readonly Ended[] {
  let whole: Value | undefined;
  const keep: Ask = (evaluation) => {
    whole = ask(evaluation);
    return true;
  };
  const { outcome, output } = ended(name, means, keep, isTrue);
  const begun = begunIn(output);
  if (outcome.kind !== "pass") {
    // What ended it is of the case that began last; of the others nothing is known.
    const last = begun.at(-1) ?? { path: [], output };
    return [{ name: caseName(name, last.path), outcome, output: last.output }];
  }
  if (begun.length === 0) {
    return [{ name, outcome: { kind: "fail", because: "it has no case" }, output }];
  }
  return begun.map(({ output: own, path }) => {
    const because = isTrue(caseValue(whole, path));
    const result: Outcome = because === null ? { kind: "pass" } : { kind: "fail", because };
    return { name: caseName(name, path), outcome: result, output: own };
  });
}

function isTrue(value: Value | undefined): string | null {
  if (value === true) return null;
  return value === undefined ? "it is undefined" : "it is not true";
}

/** What became of one evaluation, with what it printed. */
export function ended(
  name: string,
  means: Silent,
  ask: Ask,
  judge: (value: Value | undefined) => string | null,
): Ended {
  const output: string[] = [];
  const evaluation = { ...means, print: (line: string) => output.push(line) };
  return { name, outcome: outcomeOf(() => ask(evaluation), judge), output };
}

/** `judge` answers why it is not what it should be, or null. */
function outcomeOf(
  ask: () => Value | undefined,
  judge: (value: Value | undefined) => string | null,
): Outcome {
  try {
    const because = judge(ask());
    return because === null ? { kind: "pass" } : { kind: "fail", because };
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    const { at, code, reason } = error;
    return { kind: "error", code, message: reason, ...(at === undefined ? {} : { at }) };
  }
}
