/** One answer about all elements of an array or a set. */
import {
  type BinaryFloat,
  numberOfFloat,
  product as productOf,
  sum as sumOf,
} from "../values/binary-float.ts";
import { type Numeric, wholeNumberOf, wholeOf } from "../values/number.ts";
import { compare, equal, isList, RegoObject, RegoSet, type Value } from "../values/value.ts";
import { type BuiltinCall, type Builtins, isNumeric, operand } from "./builtin.ts";
import { codePointCount } from "./code-points.ts";
import {
  binaryFloat,
  chargeNumber,
  elements,
  tooMuch,
  wrongElement,
  wrongTypes,
} from "./operands.ts";

function count(operands: readonly Value[]): Value {
  const value = operand(operands, 1);
  if (typeof value === "string") return codePointCount(value);
  if (value instanceof RegoObject || value instanceof RegoSet) return value.size;
  if (isList(value)) return value.length;
  throw wrongTypes(1, ["array", "object", "set", "string"], value);
}

function sum(operands: readonly Value[], call: BuiltinCall): Value {
  const list = elements(operands, 1);
  let total = 0;
  for (const element of list) {
    if (typeof element !== "number") return exactSum(operands, call);
    total += element;
    if (!Number.isSafeInteger(total)) return exactSum(operands, call);
  }
  return total;
}

function exactSum(operands: readonly Value[], call: BuiltinCall): Value {
  const wholes = wholeElements(operands, call);
  if (wholes !== undefined) return wholeNumberOf(wholes.reduce((a, b) => a + b, 0n));
  const zero: BinaryFloat = { negative: false, mantissa: 0n, exponent: 0 };
  return numberOfFloat(
    numericElements(operands)
      .map(binaryFloat)
      .reduce((a, b) => sumOf(a, b), zero),
  );
}

/** OPA multiplies fractions by a double, so that 53 bits remain. */
const PRODUCT_PRECISION = 53;
const ONE: BinaryFloat = { negative: false, mantissa: 1n, exponent: 0 };

function product(operands: readonly Value[], call: BuiltinCall): Value {
  const wholes = wholeElements(operands, call);
  if (wholes !== undefined) return wholeNumberOf(wholeProduct(wholes, call));
  const result = numericElements(operands)
    .map(binaryFloat)
    .reduce((a, b) => productOf(a, b, PRODUCT_PRECISION), ONE);
  return numberOfFloat(result, PRODUCT_PRECISION);
}

/** Larger numbers are compared and printed, and no longer calculated with. */
const PRODUCT_BITS_MAX = 70_000;

function wholeProduct(factors: readonly bigint[], call: BuiltinCall): bigint {
  let result = 1n;
  for (const factor of factors) {
    result *= factor;
    if (BigInt.asIntN(64, result) === result) continue;
    call.charge(1);
    if (BigInt.asIntN(PRODUCT_BITS_MAX, result) !== result) throw tooMuch("product is too large");
  }
  return result;
}

/** Undefined when an element is no whole number. */
function wholeElements(operands: readonly Value[], call: BuiltinCall): bigint[] | undefined {
  const wholes: bigint[] = [];
  for (const element of elements(operands, 1)) {
    if (!isNumeric(element)) return undefined;
    chargeNumber(call, element);
    const whole = wholeOf(element);
    if (whole === undefined) return undefined;
    wholes.push(whole);
  }
  return wholes;
}

function numericElements(operands: readonly Value[]): readonly Numeric[] {
  return elements(operands, 1).map((element) => {
    if (isNumeric(element)) return element;
    throw wrongElement(1, operand(operands, 1), "number", element);
  });
}

/** Of equal ones the last, whose digits are then seen. */
function extreme(operands: readonly Value[], sign: number): Value | undefined {
  let found: Value | undefined;
  for (const element of elements(operands, 1)) {
    if (found === undefined || compare(element, found) * sign >= 0) found = element;
  }
  return found;
}

function sort(operands: readonly Value[]): Value {
  const value = operand(operands, 1);
  if (value instanceof RegoSet) return value.sorted();
  return [...elements(operands, 1)].sort(compare);
}

const LISTS = ["array", "set"];

export const AGGREGATES: Builtins = {
  count,
  sum,
  product,
  max: (operands) => extreme(operands, 1),
  min: (operands) => extreme(operands, -1),
  sort,
  all: (operands) => elements(operands, 1, LISTS).every((element) => equal(element, true)),
  any: (operands) => elements(operands, 1, LISTS).some((element) => equal(element, true)),
};
