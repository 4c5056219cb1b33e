/** Ranges of whole numbers, and their bits. */
import { wholeNumberOf } from "../values/number.ts";
import type { Value } from "../values/value.ts";
import { type BuiltinCall, type Builtins, failed, type Run } from "./builtin.ts";
import { bigInteger, tooMuch, wrongOperand } from "./operands.ts";

interface Range {
  readonly from: bigint;
  readonly to: bigint;
  /** Positive; a range downward takes it away. */
  readonly step: bigint;
}

function range(operands: readonly Value[], call: BuiltinCall): Value {
  return numbersIn({ from: bigInteger(operands, 1), to: bigInteger(operands, 2), step: 1n }, call);
}

function rangeStep(operands: readonly Value[], call: BuiltinCall): Value {
  const from = bigInteger(operands, 1);
  const to = bigInteger(operands, 2);
  const step = bigInteger(operands, 3);
  if (step <= 0n) throw failed("numbers.range_step: step must be a positive integer");
  return numbersIn({ from, to, step }, call);
}

/** No evaluation has the memory for more, whatever its budget. */
const RANGE_MAX = 10_000_000n;

function numbersIn({ from, to, step }: Range, call: BuiltinCall): Value {
  const count = (from <= to ? to - from : from - to) / step + 1n;
  call.charge(Number(count));
  if (count > RANGE_MAX) throw tooMuch(`a range of ${count} numbers is too large`);
  const stride = from <= to ? step : -step;
  const numbers: Value[] = [];
  for (let i = 0n; i < count; i += 1n) numbers.push(wholeNumberOf(from + i * stride));
  return numbers;
}

function bitwise(operation: (a: bigint, b: bigint) => bigint): Run {
  return (operands) => wholeNumberOf(operation(bigInteger(operands, 1), bigInteger(operands, 2)));
}

/** A shift further than this would make a number that nothing can calculate with. */
const SHIFT_MAX = 100_000n;

function shiftLeft(operands: readonly Value[], call: BuiltinCall): Value {
  const value = bigInteger(operands, 1);
  const distance = distanceOf(operands);
  if (value === 0n) return 0;
  call.charge(Number(distance / 64n));
  if (distance > SHIFT_MAX) throw tooMuch(`a shift by ${distance} bits is too far`);
  return wholeNumberOf(value << distance);
}

function shiftRight(operands: readonly Value[]): Value {
  return wholeNumberOf(bigInteger(operands, 1) >> distanceOf(operands));
}

/** Of a larger distance OPA takes the lower 64 bits. */
function distanceOf(operands: readonly Value[]): bigint {
  const distance = bigInteger(operands, 2);
  if (distance >= 0n) return BigInt.asUintN(64, distance);
  throw wrongOperand(2, "must be an unsigned integer number but got a negative integer");
}

export const NUMBERS: Builtins = {
  "numbers.range": range,
  "numbers.range_step": rangeStep,
  "bits.and": bitwise((a, b) => a & b),
  "bits.or": bitwise((a, b) => a | b),
  "bits.xor": bitwise((a, b) => a ^ b),
  "bits.negate": (operands) => wholeNumberOf(~bigInteger(operands, 1)),
  "bits.lsh": shiftLeft,
  "bits.rsh": shiftRight,
};
