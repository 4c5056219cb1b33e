/** Calls of built-ins and of functions. */
import { dottedName } from "../rewrite/terms.ts";
import type { Call, Position, Term } from "../syntax/ast.ts";
import type { Value } from "../values/value.ts";
import type { CalledFunction, Compilation, Frame, Get, Match, Step, Then } from "./contract.ts";
import { bindStep, isUnbound } from "./patterns.ts";
import type { Scope } from "./scope.ts";
import { allOf } from "./terms.ts";

type Operands = (frame: Frame) => readonly Value[] | undefined;

interface RelationCall {
  readonly called: CalledFunction;
  readonly operands: Operands;
  readonly at: Position;
}

/** The operands, and where there is one more than the function takes, what its value must match. */
export function callStep(
  call: Call,
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Step {
  const called = compilation.callee(dottedName(call.operator) ?? [], call.at);
  const inputs = call.operands.slice(0, called.arity);
  const operands = allOf(inputs, scope, compilation);
  const output = call.operands[called.arity];
  if (called.relation !== undefined) {
    return relationStep(
      { at: call.at, called, operands },
      matchOutput(output, scope, compilation, then),
    );
  }
  if (output === undefined) return holdsStep(called, operands, call.at, then(scope));
  const get: Get = (frame) => valueOfCall(called, operands(frame), frame, call.at);
  if (isUnbound(output, scope)) {
    return bindStep(get, scope.slots.of(output.name), then(scope.bind([output.name])));
  }
  const match = compilation.match(output, scope, then);
  return (frame) => {
    const value = get(frame);
    return value !== undefined && match(frame, value);
  };
}

/** A call that stands alone: everything but false counts. */
function holdsStep(called: CalledFunction, operands: Operands, at: Position, next: Step): Step {
  return (frame) => {
    const values = operands(frame);
    const mock = frame.environment.mockOf(called.name);
    if (mock?.isRule === true) return values !== undefined && next(frame);
    const value = valueOfCall(called, values, frame, at);
    return value !== undefined && value !== false && next(frame);
  };
}

function valueOfCall(
  called: CalledFunction,
  operands: readonly Value[] | undefined,
  frame: Frame,
  at: Position,
): Value | undefined {
  return operands === undefined ? undefined : called.call(frame.environment, operands, at);
}

function matchOutput(
  output: Term | undefined,
  scope: Scope,
  compilation: Compilation,
  then: Then<Step>,
): Match {
  if (output !== undefined) return compilation.match(output, scope, then);
  const next = then(scope);
  return (frame) => next(frame);
}

function relationStep({ called, operands, at }: RelationCall, match: Match): Step {
  return (frame) => {
    const values = operands(frame);
    if (values === undefined) return false;
    for (const value of called.relation?.(frame.environment, values, at) ?? []) {
      frame.environment.budget.spend(1);
      if (match(frame, value)) return true;
    }
    return false;
  };
}
