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
  run(evaluation: Evaluation): Outcome;
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

function caseOf({ head }: Rule, { loaded, module, name }: Whose): TestCase {
  const place = { file: module.file, row: head.at.row, name };
  if (head.name.startsWith(LATER)) return { ...place, run: () => ({ kind: "skip" }) };
  if (head.path.length > 0 || head.parameters !== undefined) {
    const message = "a test is one rule without parts: write a rule for each case";
    const outcome: Outcome = {
      kind: "error",
      code: "rego_unsupported_error",
      message,
      at: head.at,
    };
    return { ...place, run: () => outcome };
  }
  const ask = prepareDocument(loaded, [...module.package.slice(1), head.name]);
  return { ...place, run: (evaluation) => outcomeOf(() => ask(evaluation), isTrue) };
}

function isTrue(value: Value | undefined): string | null {
  if (value === true) return null;
  return value === undefined ? "it is undefined" : "it is not true";
}

/** `judge` answers why it is not what it should be, or null. */
export function outcomeOf(
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
