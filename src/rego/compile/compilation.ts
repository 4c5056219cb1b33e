/** All policies of a program, compiled: its parts on demand, each once. */
import { BuiltinError, type Builtins } from "../builtins/builtin.ts";
import type { Library } from "../builtins/library.ts";
import { type Dependencies, neededFor } from "../checks/recursion.ts";
import { EvaluationError } from "../errors.ts";
import type { Environment } from "../evaluate/environment.ts";
import { chargeReading } from "../evaluate/size.ts";
import type { Pieces } from "../pieces.ts";
import { functionArity, type RuleNode } from "../rewrite/rule-tree.ts";
import { reference } from "../rewrite/terms.ts";
import type { Body, Expression, Position, Term } from "../syntax/ast.ts";
import type { Value } from "../values/value.ts";
import type { CalledFunction, Compilation, Get, Match, Reference, Step, Then } from "./contract.ts";
import { compileBody, compileExpression, compileSolve } from "./expressions.ts";
import { InputPaths } from "./input-paths.ts";
import { compileMatch } from "./patterns.ts";
import { Place } from "./place.ts";
import { eachOfReference, groundReference } from "./references.ts";
import type { Scope } from "./scope.ts";
import { compileGet } from "./terms.ts";
import { Partial, SingleValue } from "./units.ts";

type Unit = SingleValue | Partial;

const CHARACTERS_PER_STEP = 16;
const NO_OPERANDS: readonly Value[] = [];

/** Rules that were checked, and which of them refer to which. */
interface Program {
  readonly tree: RuleNode;
  readonly needs: Dependencies;
  readonly library: Library;
}

export class Compiled implements Compilation {
  readonly tree: RuleNode;
  readonly inputPaths = new InputPaths();
  readonly rules = {
    document: (node: RuleNode, environment: Environment) => this.#document(node, environment),
  };
  /** Whether each line tells that it is evaluated, where an evaluation asks for that. */
  readonly isTraced: boolean;
  readonly #needs: Dependencies;
  readonly #library: Library;
  readonly #units = new Map<RuleNode, Unit>();

  constructor({ tree, needs, library }: Program, isTraced: boolean) {
    this.tree = tree;
    this.#needs = needs;
    this.isTraced = isTraced;
    this.#library = library;
  }

  /** Compiles what the document at `path` below `data` needs, so that no question waits for it. */
  *compiling(path: readonly string[]): Pieces<void> {
    for (const node of neededFor(documentTerm(path), this.tree, this.#needs)) {
      this.#unit(node);
      yield;
    }
  }

  body(body: Body, scope: Scope, then: Then<Step>): Step {
    return compileBody(body, scope, this, then);
  }

  expression(expression: Expression, scope: Scope, then: Then<Step>): Step {
    return compileExpression(expression, scope, this, then);
  }

  solve(term: Term, scope: Scope, then: Then<Match>): Step {
    return compileSolve(term, scope, this, then);
  }

  get(term: Term, scope: Scope): Get {
    return compileGet(term, scope, this);
  }

  match(pattern: Term, scope: Scope, then: Then<Step>): Match {
    return compileMatch(pattern, scope, this, then);
  }

  groundReference(term: Reference, scope: Scope): Get {
    return groundReference(term, scope, this);
  }

  reference(term: Reference, scope: Scope, then: Then<Match>): Step {
    return eachOfReference(term, scope, this, then);
  }

  /** The document at `path` below `data`. */
  documentAt(path: readonly string[], scope: Scope): Get {
    return this.get(documentTerm(path), scope);
  }

  root({ data }: Environment): Place {
    return new Place(this.tree, data, this.rules);
  }

  callee(name: readonly string[], at: Position): CalledFunction {
    const dotted = name.join(".");
    if (name[0] === "data") return this.#functionOfRules(name, dotted);
    const arity = this.#library.arity(dotted);
    const relation = this.#library.relations[dotted];
    if (arity !== undefined && relation !== undefined) {
      return {
        name: dotted,
        arity,
        call: () => undefined,
        relation: (environment, operands) => relation(operands, environment.call),
      };
    }
    const run = this.#library.builtins[dotted];
    if (arity === undefined || run === undefined) {
      throw new TypeError(`no built-in ${dotted} at ${at.file}:${at.row}`);
    }
    return { name: dotted, arity, call: calling(dotted, run) };
  }

  #functionOfRules(name: readonly string[], dotted: string): CalledFunction {
    const node = this.tree.find(name.slice(1));
    const arity = functionArity(node);
    if (node === undefined || arity === undefined) throw new TypeError(`no function ${dotted}`);
    // Functions may call one another before both are compiled.
    let unit: Unit | undefined;
    return {
      name: dotted,
      arity,
      call: (environment, operands) => {
        const mock = environment.mockOf(dotted);
        if (mock !== undefined) return mock.answer(environment, operands);
        if (environment.replaced.length > 0 && environment.isReplaced(node.path)) return undefined;
        unit ??= this.#unit(node);
        return unit instanceof SingleValue ? remembered(unit, environment, operands) : undefined;
      },
    };
  }

  #unit(node: RuleNode): Unit {
    const known = this.#units.get(node);
    if (known !== undefined) return known;
    const unit = isSingle(node) ? new SingleValue(node, this) : new Partial(node, this);
    this.#units.set(node, unit);
    return unit;
  }

  #document(node: RuleNode, environment: Environment): Value | undefined {
    const known = environment.memory.get(node);
    if (known !== undefined) return known;
    const unit = this.#unit(node);
    if (unit instanceof SingleValue && unit.constant !== undefined) return unit.constant;
    if (environment.memory.has(node) || (functionArity(node) ?? 0) > 0) return undefined;
    const value = unit.value(environment, NO_OPERANDS);
    environment.memory.set(node, value);
    return value;
  }
}

function documentTerm(path: readonly string[]): Term {
  return reference(["data", ...path], { file: "", row: 0, col: 0 });
}

/** Whether the rules of a node have one value together. */
function isSingle({ rules, path }: RuleNode): boolean {
  return rules.every(
    ({ rule, path: own }) => rule.head.kind === "value" && own.length === path.length,
  );
}

type Run = Builtins[string];

/** A function of one text or number is evaluated once for each: other operands are dear to find. */
function remembered(
  unit: SingleValue,
  environment: Environment,
  operands: readonly Value[],
): Value | undefined {
  const [operand] = operands;
  if (operands.length !== 1 || typeof operand === "object" || operand === undefined) {
    return unit.value(environment, operands);
  }
  const known = environment.answersOf(unit);
  const found = known.get(operand);
  if (found !== undefined || known.has(operand)) return found;
  const value = unit.value(environment, operands);
  known.set(operand, value);
  return value;
}

/** A call of a built-in, whose errors are fatal only where the evaluation is strict. */
function calling(name: string, run: NonNullable<Run>): CalledFunction["call"] {
  return (environment, operands, at) => {
    const mock = environment.mockOf(name);
    if (mock !== undefined) return mock.answer(environment, operands);
    for (const operand of operands) chargeReading(operand, environment.budget);
    try {
      const value = run(operands, environment.call);
      // However small the operands: a loop may make any number of texts of their size.
      if (typeof value === "string") {
        environment.budget.spend(Math.floor(value.length / CHARACTERS_PER_STEP));
      }
      return value;
    } catch (error) {
      if (error instanceof BuiltinError) return environment.fail(name, error, at);
      if (error instanceof EvaluationError || error instanceof RangeError) throw error;
      throw new EvaluationError("eval_internal_error", `${name}: ${String(error)}`, at);
    }
  };
}
