/** `with … as …`: an expression is evaluated in an environment in which something is replaced. */
import { EvaluationError } from "../errors.ts";
import type { Callee, Environment } from "../evaluate/environment.ts";
import { dataPath, functionArity } from "../rewrite/rule-tree.ts";
import { builtinName, dottedName } from "../rewrite/terms.ts";
import type { Term, With } from "../syntax/ast.ts";
import type { Value } from "../values/value.ts";
import { type Compilation, Frame, type Step, type Then } from "./contract.ts";
import { Scope } from "./scope.ts";
import { valuesOf } from "./terms.ts";

/** The environment with the replacement made; undefined where its value is. */
type Replace = (frame: Frame, environment: Environment) => Environment | undefined;

/** What is within the `with`s, and what comes after them, in the environment around. */
interface Parts {
  inside(inner: Then<Step>): Step;
  readonly then: Then<Step>;
}

export function withStep(
  withs: readonly With[],
  scope: Scope,
  compilation: Compilation,
  { inside, then }: Parts,
): Step {
  const index = scope.slots.environment();
  const replacements = withs.map((each) => replacement(each, scope, compilation));
  const step = inside((after) => outside(index, then(after)));
  return (frame) => {
    const around = frame.environment;
    let environment = around;
    for (const replace of replacements) {
      const replaced = replace(frame, environment);
      if (replaced === undefined) return false;
      environment = replaced;
    }
    frame.around[index] = around;
    frame.environment = environment;
    const found = step(frame);
    frame.environment = around;
    return found;
  };
}

/** Goes on in the environment around, and back into the inner one for its next solution. */
function outside(index: number, next: Step): Step {
  return (frame) => {
    const inner = frame.environment;
    frame.environment = frame.around[index] ?? inner;
    const found = next(frame);
    frame.environment = inner;
    return found;
  };
}

function replacement(each: With, scope: Scope, compilation: Compilation): Replace {
  const { target } = each;
  const replaced = replacedFunction(target, compilation);
  if (replaced !== undefined) return functionReplacement(replaced, each, scope, compilation);
  const value = compilation.get(each.value, scope);
  const parts = target.kind === "ref" ? target.parts : [];
  const keys = parts.map((part) => compilation.get(part, scope));
  const root = target.kind === "ref" ? target.head : target;
  const isInput = root.kind === "variable" && root.name === "input";
  return (frame, environment) => {
    const path = valuesOf(keys, frame);
    const found = value(frame);
    if (path === undefined || found === undefined) return undefined;
    return isInput ? environment.withInput(path, found) : environment.withData(path, found);
  };
}

/** The name of the function that a target is, if it is one. */
function replacedFunction(target: Term, compilation: Compilation): string | undefined {
  const path = dataPath(target);
  if (path !== undefined) {
    const node = compilation.tree.find(path);
    return functionArity(node) === undefined ? undefined : builtinName(target);
  }
  const name = dottedName(target);
  return name === undefined || name[0] === "input" ? undefined : name.join(".");
}

/** By another function, by a rule, or by one value for every call. */
function functionReplacement(
  name: string,
  { at, standsIn, value }: With,
  scope: Scope,
  compilation: Compilation,
): Replace {
  if (standsIn === "function") {
    const called = compilation.callee(dottedName(value) ?? [], at);
    const answer: Callee = (inner, operands) => {
      if (operands.length !== called.arity) throw arityProblem(name, operands, at);
      return called.call(inner.withoutMocks(), operands, at);
    };
    return (_, environment) => environment.withMock(name, { answer, isRule: false });
  }
  if (standsIn === "rule") return ruleReplacement(name, value, compilation);
  const get = compilation.get(value, scope);
  return (frame, environment) => {
    const found = get(frame);
    if (found === undefined) return undefined;
    return environment.withMock(name, { answer: () => found, isRule: false });
  };
}

/** The rule is asked for where the function is called: what it needs may have been replaced too. */
function ruleReplacement(name: string, rule: Term, compilation: Compilation): Replace {
  const scope = Scope.empty();
  const get = compilation.get(rule, scope);
  const { size } = scope.slots;
  const answer: Callee = (inner) => get(new Frame(inner.withoutMocks(), size));
  return (_, environment) => environment.withMock(name, { answer, isRule: true });
}

function arityProblem(name: string, operands: readonly Value[], at: With["at"]): EvaluationError {
  const message = `${name} was replaced by a function that does not take ${operands.length} operands`;
  return new EvaluationError("eval_type_error", message, at);
}
