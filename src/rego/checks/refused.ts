/** What this engine leaves out on purpose, calls above all: found at load, from the text alone. */
import { REFUSED } from "../builtins/known.ts";
import type { LoadProblem } from "../errors.ts";
import { builtinName } from "../rewrite/terms.ts";
import type { Body, Position, Rule } from "../syntax/ast.ts";
import { Decimal } from "../values/number.ts";
import { type Visitor, visitBody } from "./visit.ts";

/** Where rules are OPA tells 1.0 from 1, in what they make it does not: that cannot be right. */
export function refusedKeys({ head }: Rule): readonly LoadProblem[] {
  return head.path.flatMap((key): readonly LoadProblem[] => {
    if (key.kind !== "scalar" || !(key.value instanceof Decimal)) return [];
    const message = `the number ${key.value.text} in the name of a rule is not supported`;
    const hint = "write a whole number without a point, or a text";
    return [{ code: "rego_unsupported_error", message, at: key.at, hint }];
  });
}

export function refusedIn(body: Body): readonly LoadProblem[] {
  const problems: LoadProblem[] = [];
  visitBody(body, findingRefused(problems));
  return problems;
}

export function findingRefused(problems: LoadProblem[]): Visitor {
  const refuse = (name: string, at: Position): void => {
    const hint = REFUSED.get(name);
    if (hint === undefined) return;
    const message = `${name} is not supported`;
    problems.push({ code: "rego_unsupported_error", message, at, hint });
  };
  return {
    call: ({ call }) => refuse(builtinName(call.operator), call.at),
    replacement: ({ target, value }) => {
      refuse(builtinName(target), target.at);
      refuse(builtinName(value), value.at);
    },
  };
}
