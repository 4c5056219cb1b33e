/** Asking loaded policies: a reference for its value, or a query for all of its solutions. */
import type { BuiltinCall } from "./builtins/builtin.ts";
import type { Compiled } from "./compile/compilation.ts";
import { Frame } from "./compile/contract.ts";
import { Scope } from "./compile/scope.ts";
import { EvaluationError } from "./errors.ts";
import { Budget, type Limits } from "./evaluate/budget.ts";
import { Environment } from "./evaluate/environment.ts";
import type { Memories, Memory } from "./evaluate/memory.ts";
import type { Host } from "./host.ts";
import type { Loaded } from "./load.ts";
import { atOnce, type Pieces } from "./pieces.ts";
import { writtenName } from "./rewrite/scope.ts";
import { equation, variable } from "./rewrite/terms.ts";
import { NEEDED, variablesOfBody } from "./rewrite/variables.ts";
import type { Body, Position } from "./syntax/ast.ts";
import { objectOf, setOf, type Value } from "./values/value.ts";

/** What one evaluation is given. */
export interface Evaluation {
  readonly input?: Value;
  /** The base documents. */
  readonly data: Value;
  readonly host: Host;
  readonly limits: Limits;
  /** An error of a built-in ends the evaluation; otherwise its call is undefined. */
  readonly strict: boolean;
  /** Told each line that is tried, and heads whose rules held, of what was loaded `traced`. */
  readonly visit?: (at: Position) => void;
  /** Told what `print` prints. */
  readonly print?: (line: string) => void;
}

/** The variables of a query by name, at one of its solutions. */
export type Solution = ReadonlyMap<string, Value>;

/** Throws `LoadError`; what it answers throws `EvaluationError`. */
export function prepareQuery(
  loaded: Loaded,
  body: Body,
): (evaluation: Evaluation) => readonly Solution[] {
  const ready = loaded.query(body);
  const names = [...variablesOfBody(ready, NEEDED)].filter(
    (name) => writtenName(name) !== undefined && !isRootName(name),
  );
  return (evaluation) => {
    const solutions: Solution[] = [];
    const run = compileQuery(loaded.compiled, ready, names, solutions);
    evaluating(evaluation, loaded, run);
    return solutions;
  };
}

function compileQuery(
  compiled: Compiled,
  body: Body,
  names: readonly string[],
  solutions: Solution[],
): (environment: Environment) => void {
  const scope = Scope.empty();
  const step = compiled.body(body, scope, (after) => {
    const slots = names.map((name) => [writtenName(name) ?? name, after.slots.of(name)] as const);
    return (frame) => {
      frame.environment.budget.spend(1);
      solutions.push(new Map(slots.map(([name, slot]) => [name, frame.slots[slot] ?? null])));
      return false;
    };
  });
  const { size } = scope.slots;
  return (environment) => {
    step(new Frame(environment, size));
  };
}

/**
 * A query as people ask it: one term without variables is asked for its value, and anything else
 * for all of its solutions, an array of objects. Undefined where there is none. Throws `LoadError`.
 */
export function prepareAnswer(loaded: Loaded, body: Body): Question {
  const [first, ...rest] = body;
  const asksForValue = first?.kind === "term" && !first.negated && rest.length === 0;
  if (asksForValue && [...variablesOfBody(body, NEEDED)].every((name) => isRootName(name))) {
    const { at, term } = first;
    const { term: equal } = equation(variable(RESULT, at), term, at);
    const solve = prepareQuery(loaded, [{ ...first, term: equal }]);
    return (evaluation) => onlyValue(solve(evaluation), at);
  }
  const solve = prepareQuery(loaded, body);
  return (evaluation) => {
    const solutions = solve(evaluation);
    return solutions.length === 0 ? undefined : solutions.map((solution) => objectOf(solution));
  };
}

const RESULT = "result";

function isRootName(name: string): boolean {
  return name === "input" || name === "data";
}

function onlyValue(solutions: readonly Solution[], at: Position): Value | undefined {
  const [value, other] = setOf(solutions.map((each) => each.get(RESULT) ?? null)).sorted();
  if (other === undefined) return value;
  throw new EvaluationError("eval_conflict_error", "the query has several values", at);
}

/** The value of the document at a path below `data`; undefined where it has none. */
export type Question = (evaluation: Evaluation) => Value | undefined;

/** A question that is asked often. What it answers throws `EvaluationError`. */
export function prepareDocument(loaded: Loaded, path: readonly string[]): Question {
  return atOnce(preparingDocument(loaded, path));
}

/** The same in pieces: all rules that it needs are compiled, and it waits for none when asked. */
export function* preparingDocument(loaded: Loaded, path: readonly string[]): Pieces<Question> {
  yield* loaded.compiled.compiling(path);
  const scope = Scope.empty();
  const get = loaded.compiled.documentAt(path, scope);
  const { size } = scope.slots;
  const ask = (environment: Environment): Value | undefined => get(new Frame(environment, size));
  return (evaluation) => evaluating(evaluation, loaded, ask);
}

/** Running out of the machine's stack is an error of the evaluation like any other limit. */
function evaluating<T>(
  evaluation: Evaluation,
  { memories }: Loaded,
  run: (environment: Environment) => T,
): T {
  try {
    return run(environmentOf(evaluation, memories));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new EvaluationError(
      "eval_limit_error",
      "evaluation was stopped: it was nested too deeply",
    );
  }
}

function environmentOf(evaluation: Evaluation, memories: Memories): Environment {
  const budget = new Budget(evaluation.limits);
  return new Environment({
    input: evaluation.input,
    data: evaluation.data,
    strict: evaluation.strict,
    budget,
    call: new Call(evaluation, budget, memories),
    visit: evaluation.visit,
  });
}

class Call implements BuiltinCall {
  readonly host: Host;
  readonly #print: Evaluation["print"];
  readonly #budget: Budget;
  readonly #memories: Memories;

  constructor({ host, print }: Evaluation, budget: Budget, memories: Memories) {
    this.host = host;
    this.#print = print;
    this.#budget = budget;
    this.#memories = memories;
  }

  charge(units: number): void {
    this.#budget.spend(units);
  }

  memory(name: string): Memory {
    return this.#memories.of(name);
  }

  print(line: string): void {
    this.#print?.(line);
  }
}
