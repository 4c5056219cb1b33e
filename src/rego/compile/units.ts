/** The rules at one place, compiled together: a complete rule, a function or a partial document. */
import { EvaluationError } from "../errors.ts";
import type { Environment } from "../evaluate/environment.ts";
import { chargeKey } from "../evaluate/size.ts";
import { constantPrefix, nameOf, type PlacedRule, type RuleNode } from "../rewrite/rule-tree.ts";
import { BINDABLE, variablesOf } from "../rewrite/variables.ts";
import type { Expression, Position, Rule, Term } from "../syntax/ast.ts";
import { EMPTY_OBJECT, equal, RegoSet, type Value } from "../values/value.ts";
import { type Compilation, Frame, type Step, type Then } from "./contract.ts";
import { Nest } from "./nest.ts";
import { guardsFirst, type Indexed, RuleIndex } from "./rule-index.ts";
import { Scope } from "./scope.ts";
import { constantOf, valuesOf } from "./terms.ts";

/** The value of one chain of rule and `else`s, for the operands of a function. */
type Chain = (environment: Environment, operands: readonly Value[]) => Value | undefined;

/** Rules with one value: `p := 1`, `f(x) := 2`. */
export class SingleValue {
  readonly #node: RuleNode;
  readonly #chains: RuleIndex<{ readonly at: Position; readonly value: Chain }>;
  readonly #default: Chain | undefined;
  /** All of them have one and the same value: the first that holds decides. */
  readonly #alike: boolean;
  /** Of one rule without a body, whose value is the same everywhere: then nothing is traced. */
  readonly constant: Value | undefined;

  constructor(node: RuleNode, compilation: Compilation) {
    const rules = node.rules.map(({ rule }) => rule);
    const own = rules.filter((rule) => !rule.isDefault);
    const other = rules.find((rule) => rule.isDefault);
    this.#node = node;
    this.#chains = new RuleIndex(
      own.map((rule) => ({
        // Where the rule does not hold its `else` may.
        body: rule.otherwise === undefined ? rule.body : [],
        item: (decided) => ({
          at: rule.at,
          value: compileChain(without(decided, rule, compilation), node, compilation),
        }),
      })),
      compilation,
    );
    this.#default = other === undefined ? undefined : compileChain(other, node, compilation);
    this.#alike = areAlike(own);
    this.constant = compilation.isTraced ? undefined : constantRule(rules);
  }

  value(environment: Environment, operands: readonly Value[]): Value | undefined {
    let result: Value | undefined;
    environment.budget.enter();
    for (const { value, at } of this.#chains.candidates(environment)) {
      const found = value(environment, operands);
      if (found === undefined) continue;
      if (result !== undefined && !equal(result, found)) throw conflictOf(this.#node, at);
      result = found;
      if (this.#alike) break;
    }
    if (result === undefined) result = this.#default?.(environment, operands);
    environment.budget.leave();
    return result;
  }
}

/** The rule without a line that its index decides; its lines are all there where each is told. */
function without(decided: Expression | undefined, rule: Rule, { isTraced }: Compilation): Rule {
  if (decided === undefined || isTraced) return rule;
  return { ...rule, body: rule.body.filter((each) => each !== decided) };
}

/** Two solutions of a rule or of a function that are not equal. */
function conflictOf(node: RuleNode, at: Position): EvaluationError {
  const name = nameOf(node);
  const isFunction = node.rules.some(({ rule }) => rule.head.parameters !== undefined);
  const message = isFunction
    ? `function ${name} produced conflicting values for the same inputs`
    : `rule ${name} produced conflicting values`;
  return new EvaluationError("eval_conflict_error", message, at);
}

function constantRule(rules: readonly Rule[]): Value | undefined {
  const [rule] = rules;
  if (rule === undefined || rules.length > 1) return undefined;
  const { body, head, otherwise } = rule;
  const isPlain = body.length === 0 && otherwise === undefined && head.parameters === undefined;
  return isPlain ? constantOf(head.value) : undefined;
}

function areAlike(rules: readonly Rule[]): boolean {
  const values = rules.flatMap((rule) => chainOf(rule).map(({ head }) => head.value));
  const [first] = values;
  return (
    first?.kind === "scalar" &&
    values.every((each) => each.kind === "scalar" && equal(each.value, first.value))
  );
}

function chainOf(rule: Rule): readonly Rule[] {
  return rule.otherwise === undefined ? [rule] : [rule, ...chainOf(rule.otherwise)];
}

function compileChain(rule: Rule, node: RuleNode, compilation: Compilation): Chain {
  const links = chainOf(rule).map((each) => compileLink(each, node, compilation));
  const [only] = links;
  if (only !== undefined && links.length === 1) return only;
  return (environment, operands) => {
    for (const link of links) {
      const value = link(environment, operands);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

/** One rule. A second solution with another value is an error. */
function compileLink(rule: Rule, node: RuleNode, compilation: Compilation): Chain {
  const { head } = rule;
  const { isTraced } = compilation;
  const start = Scope.empty();
  const result = start.slots.fresh();
  const step = compileParameters(head.parameters ?? [], start, compilation, (scope) =>
    compilation.body(guardsFirst(rule.body, compilation.tree, head.parameters), scope, (after) => {
      const get = compilation.get(head.value, after);
      const isConstant = head.value.kind === "scalar";
      return (frame) => {
        const value = get(frame);
        if (value === undefined) return false;
        if (isTraced) frame.environment.visit?.(head.at);
        const before = frame.slots[result];
        if (before !== undefined && !equal(before, value)) throw conflictOf(node, rule.at);
        frame.slots[result] = value;
        return isConstant;
      };
    }),
  );
  const { size } = start.slots;
  return (environment, operands) => {
    const frame = new Frame(environment, size);
    frame.operands = operands;
    step(frame);
    return frame.slots[result];
  };
}

/** Matches the operands one by one. */
function compileParameters(
  parameters: readonly Term[],
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Step {
  const from = (index: number, known: Scope): Step => {
    const parameter = parameters[index];
    if (parameter === undefined) return then(known);
    const match = compilation.match(parameter, known, (after) => from(index + 1, after));
    return (frame) => {
      const operand = frame.operands[index];
      return operand !== undefined && match(frame, operand);
    };
  };
  return from(0, scope);
}

/** Calls `found` for each of its solutions. */
type Producer = (environment: Environment, nest: Nest) => void;

/** Rules that make a set or an object together, and whatever lies below them in the tree. */
export class Partial {
  readonly #producers: RuleIndex<Producer>;
  readonly #nothing: Value;

  constructor(node: RuleNode, compilation: Compilation) {
    const depth = node.path.length;
    this.#producers = new RuleIndex(
      [...node.all()].flatMap((each) =>
        each.rules.flatMap((placed) => produce(placed, depth, compilation)),
      ),
      compilation,
    );
    const isSet = node.rules.some(
      ({ rule, path }) => rule.head.kind === "set" && path.length === depth,
    );
    this.#nothing = isSet ? new RegoSet(new Map()) : EMPTY_OBJECT;
  }

  value(environment: Environment): Value {
    const nest = new Nest();
    environment.budget.enter();
    for (const producer of this.#producers.candidates(environment)) producer(environment, nest);
    environment.budget.leave();
    return nest.document(this.#nothing);
  }
}

function produce(
  placed: PlacedRule,
  depth: number,
  compilation: Compilation,
): readonly Indexed<Producer>[] {
  const { rule, path } = placed;
  if (rule.head.parameters !== undefined) return [];
  const isComplete = rule.head.kind === "value" && constantPrefix(path).length === path.length;
  if (isComplete) return [{ body: [], item: () => produceSingle(placed, depth, compilation) }];
  const item = (decided: Expression | undefined): Producer =>
    produceEach(without(decided, rule, compilation), path.slice(depth), compilation);
  return [{ body: rule.body, item }];
}

/** A complete rule below: its value is asked for as every other's is, once for all of its rules. */
function produceSingle(
  { path, rule }: PlacedRule,
  depth: number,
  compilation: Compilation,
): Producer {
  const constants = constantPrefix(path);
  const node = compilation.tree.find(constants);
  return (environment, nest) => {
    const value = node === undefined ? undefined : compilation.rules.document(node, environment);
    if (value !== undefined) nest.put(constants.slice(depth), value, rule.at);
  };
}

function produceEach(rule: Rule, path: readonly Term[], compilation: Compilation): Producer {
  const start = Scope.empty();
  const { head } = rule;
  const { isTraced } = compilation;
  const step = compilation.body(guardsFirst(rule.body, compilation.tree), start, (after) => {
    const unbound = path.find((term) =>
      [...variablesOf(term, BINDABLE)].some((name) => !after.isBound(name)),
    );
    if (unbound !== undefined) throw new TypeError("a variable of a head is not bound");
    const keys = path.map((term) => compilation.get(term, after));
    const get = compilation.get(head.value, after);
    return (frame) => {
      frame.environment.budget.spend(1);
      const at = valuesOf(keys, frame);
      const value = get(frame);
      if (at === undefined || value === undefined) return false;
      const { budget, visit } = frame.environment;
      if (isTraced) visit?.(head.at);
      for (const key of at) chargeKey(key, budget);
      if (head.kind === "set") chargeKey(value, budget);
      if (head.kind === "set") frame.nest?.add(at, value, rule.at);
      else frame.nest?.put(at, value, rule.at);
      return false;
    };
  });
  const { size } = start.slots;
  return (environment, nest) => {
    const frame = new Frame(environment, size);
    frame.nest = nest;
    step(frame);
  };
}
