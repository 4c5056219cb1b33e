/**
 * Arithmetic. Two whole numbers, however they are written, are calculated exactly; anything else
 * in OPA's binary fractions, even where that loses digits of a large whole number (`abs`).
 */
import {
  type BinaryFloat,
  difference,
  isWhole,
  numberOfFloat,
  product,
  quotient,
  sum,
  truncated,
} from "../values/binary-float.ts";
import { type Numeric, wholeNumberOf, wholeOf } from "../values/number.ts";
import { RegoSet, setOf, type Value } from "../values/value.ts";
import {
  type BuiltinCall,
  type Builtins,
  failed,
  isNumeric,
  numeric,
  operand,
  type Run,
  wrongType,
} from "./builtin.ts";
import { binaryFloat, chargeNumber, wrongTypes } from "./operands.ts";

interface Operation {
  /** Of safe integers; what is no safe integer is calculated again, exactly. */
  readonly near: (a: number, b: number) => number;
  readonly whole: (a: bigint, b: bigint) => bigint;
  readonly fraction: (a: BinaryFloat, b: BinaryFloat) => BinaryFloat;
}

const PLUS: Operation = { near: (a, b) => a + b, whole: (a, b) => a + b, fraction: sum };
const MINUS: Operation = { near: (a, b) => a - b, whole: (a, b) => a - b, fraction: difference };
const TIMES: Operation = { near: (a, b) => a * b, whole: (a, b) => a * b, fraction: product };

function calculator(operation: Operation): Run {
  return (operands, call) => {
    const [a, b] = operands;
    if (typeof a === "number" && typeof b === "number") {
      const near = operation.near(a, b);
      // Adding zero makes the -0 of a product the 0 that a whole number is.
      if (Number.isSafeInteger(near)) return near + 0;
    }
    return calculated(operation, [numeric(operands, 1), numeric(operands, 2)], call);
  };
}

function calculated(
  operation: Operation,
  [a, b]: readonly [Numeric, Numeric],
  call: BuiltinCall,
): Numeric {
  chargeNumber(call, a);
  chargeNumber(call, b);
  const left = wholeOf(a);
  const right = wholeOf(b);
  if (left !== undefined && right !== undefined) {
    return wholeNumberOf(operation.whole(left, right));
  }
  return numberOfFloat(operation.fraction(binaryFloat(a), binaryFloat(b)));
}

const subtract: Run = calculator(MINUS);

/** Of two numbers or of two sets. */
function minus(operands: readonly Value[], call: BuiltinCall): Value | undefined {
  const a = operand(operands, 1);
  const b = operand(operands, 2);
  if (isNumeric(a)) return subtract(operands, call);
  if (!(a instanceof RegoSet)) throw wrongTypes(1, ["number", "set"], a);
  if (b instanceof RegoSet) return setDifference(a, b);
  throw wrongType(2, isNumeric(b) ? "set" : "number", b);
}

export function setDifference(a: RegoSet, b: RegoSet): RegoSet {
  const rest: Value[] = [];
  for (const element of a.unsorted()) if (!b.has(element)) rest.push(element);
  return setOf(rest);
}

function div(operands: readonly Value[], call: BuiltinCall): Value {
  const a = numeric(operands, 1);
  const b = numeric(operands, 2);
  if (typeof a === "number" && typeof b === "number" && a !== 0 && a % b === 0) return a / b;
  chargeNumber(call, a);
  chargeNumber(call, b);
  const divisor = binaryFloat(b);
  if (divisor.mantissa === 0n) throw failed("divide by zero");
  return numberOfFloat(quotient(binaryFloat(a), divisor));
}

/** The sign is the dividend's. */
function rem(operands: readonly Value[], call: BuiltinCall): Value {
  const a = numeric(operands, 1);
  const b = numeric(operands, 2);
  if (typeof a === "number" && typeof b === "number" && b !== 0) return (a % b) + 0;
  chargeNumber(call, a);
  chargeNumber(call, b);
  const left = wholeOf(a);
  const right = wholeOf(b);
  if (left === undefined || right === undefined) {
    throw failed("modulo on floating-point number");
  }
  if (right === 0n) throw failed("modulo by zero");
  return wholeNumberOf(left % right);
}

function abs(operands: readonly Value[], call: BuiltinCall): Value {
  const value = numeric(operands, 1);
  if (typeof value === "number") return Math.abs(value);
  chargeNumber(call, value);
  return numberOfFloat({ ...binaryFloat(value), negative: false });
}

/** To a whole number: what is one already may still lose digits past 64 bits, as in OPA. */
function toWhole(rounded: (value: BinaryFloat) => bigint): Run {
  return (operands, call) => {
    const value = numeric(operands, 1);
    if (typeof value === "number") return value;
    chargeNumber(call, value);
    return wholeNumberOf(rounded(binaryFloat(value)));
  };
}

const HALF: BinaryFloat = { negative: false, mantissa: 1n, exponent: -1 };

/** Half away from zero. Adding the half may itself round, past 2^63. */
function nearest(value: BinaryFloat): bigint {
  return truncated(value.negative ? difference(value, HALF) : sum(value, HALF));
}

/**
 * OPA truncates and then looks at the sign of what is left, so that a fraction between -1 and 0
 * has lost its sign: `ceil(-0.5)` is 1 there and `floor(-0.5)` is 0.
 */
function above(value: BinaryFloat): bigint {
  const whole = truncated(value);
  return whole < 0n || isWhole(value) ? whole : whole + 1n;
}

function below(value: BinaryFloat): bigint {
  const whole = truncated(value);
  return whole >= 0n || isWhole(value) ? whole : whole - 1n;
}

export const ARITHMETIC: Builtins = {
  plus: calculator(PLUS),
  minus,
  mul: calculator(TIMES),
  div,
  rem,
  abs,
  round: toWhole(nearest),
  ceil: toWhole(above),
  floor: toWhole(below),
};
