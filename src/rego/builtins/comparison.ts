/** Comparisons: of any two values, by the one order that values have. */
import { compare, equal, type Value } from "../values/value.ts";
import { type Builtins, operand, type Run } from "./builtin.ts";

function ordered(holds: (order: number) => boolean): Run {
  return (operands) => holds(compare(operand(operands, 1), operand(operands, 2)));
}

function areEqual(operands: readonly Value[]): boolean {
  return equal(operand(operands, 1), operand(operands, 2));
}

export const COMPARISON: Builtins = {
  equal: areEqual,
  neq: (operands) => !areEqual(operands),
  lt: ordered((order) => order < 0),
  lte: ordered((order) => order <= 0),
  gt: ordered((order) => order > 0),
  gte: ordered((order) => order >= 0),
};
