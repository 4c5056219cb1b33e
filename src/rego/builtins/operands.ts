/** What many built-ins share: lists of operands, machine integers, and the errors about them. */
import { EvaluationError } from "../errors.ts";
import { type BinaryFloat, floatOf, NumberTooLarge } from "../values/binary-float.ts";
import { decimalOf, type Numeric, wholeOf } from "../values/number.ts";
import { typeName } from "../values/text.ts";
import { isList, RegoObject, RegoSet, type Value } from "../values/value.ts";
import {
  type BuiltinCall,
  BuiltinError,
  failed,
  isNumeric,
  numeric,
  operand,
  wrongType,
} from "./builtin.ts";

export function wrongOperand(position: number, problem: string): BuiltinError {
  return new BuiltinError("eval_type_error", `operand ${position} ${problem}`);
}

export function wrongTypes(
  position: number,
  expected: readonly string[],
  got: Value,
): BuiltinError {
  const types = expected.join(", ");
  return wrongOperand(position, `must be one of {${types}} but got ${typeName(got)}`);
}

/** About an element of a list of which every one must be `expected`. */
export function wrongElement(
  position: number,
  list: Value,
  expected: string,
  element: Value,
): BuiltinError {
  const type = typeName(list);
  const got = `${type} containing ${typeName(element)}`;
  return wrongOperand(position, `must be ${type} of ${expected}s but got ${got}`);
}

/**
 * What OPA calculates and this engine does not. It ends the evaluation even where errors of
 * built-ins are undefined, because "undefined" would be another answer than OPA's.
 */
export function refused(message: string): EvaluationError {
  return new EvaluationError("eval_builtin_error", message);
}

/** More work than any honest policy asks for. */
export function tooMuch(message: string): EvaluationError {
  return new EvaluationError("eval_limit_error", message);
}

/** The elements of an array or, in their order, of a set. */
export function elementsOf(value: Value): readonly Value[] | undefined {
  if (value instanceof RegoSet) return value.sorted();
  return isList(value) ? value : undefined;
}

export function elements(
  operands: readonly Value[],
  position: number,
  expected: readonly string[] = ["set", "array"],
): readonly Value[] {
  const value = operand(operands, position);
  const found = elementsOf(value);
  if (found === undefined) throw wrongTypes(position, expected, value);
  return found;
}

export function textElements(list: Value, position: number): readonly string[] {
  return (elementsOf(list) ?? []).map((element) => {
    if (typeof element === "string") return element;
    throw wrongElement(position, list, "string", element);
  });
}

/** Go's `int64` as OPA reads it from digits: `2` and `2.0` are one, `2e0` is none. */
const MACHINE_INTEGER = /^(-?)([0-9]*)(?:\.0*)?$/;
const MACHINE_DIGITS_MAX = 19;

/** Past 2^53 it is rounded, which positions and lengths can bear. */
export function machineIntegerOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (!isNumeric(value)) return undefined;
  return machineIntegerOfText(value.text);
}

export function machineIntegerOfText(text: string): number | undefined {
  const [, sign = "", digits = ""] = MACHINE_INTEGER.exec(text) ?? [];
  if (digits === "" || text.length - sign.length > MACHINE_DIGITS_MAX) return undefined;
  const whole = BigInt(sign + digits);
  return BigInt.asIntN(64, whole) === whole ? Number(whole) : undefined;
}

export function machineInteger(operands: readonly Value[], position: number): number {
  const value = operands[position - 1];
  if (typeof value === "number") return value;
  const integer = machineIntegerOf(numeric(operands, position));
  if (integer !== undefined) return integer;
  throw wrongOperand(position, "must be integer number but got floating-point number");
}

/** A whole number of any size, however it is written. */
export function bigInteger(operands: readonly Value[], position: number): bigint {
  const value = operand(operands, position);
  if (!isNumeric(value)) throw wrongType(position, "integer", value);
  const whole = wholeOf(value);
  if (whole !== undefined) return whole;
  throw wrongOperand(position, "must be integer number but got floating-point number");
}

export function binaryFloat(value: Numeric): BinaryFloat {
  try {
    return floatOf(value);
  } catch (error) {
    if (error instanceof NumberTooLarge) throw tooMuch(error.message);
    throw error;
  }
}

/** Units that reading a number may cost, whose exponent may say more than its length. */
export function chargeNumber(call: BuiltinCall, value: Numeric): void {
  if (typeof value === "number") return;
  const { digits, magnitude } = decimalOf(value);
  call.charge(Math.ceil((digits.length + Math.abs(magnitude)) / 16));
}

/** What a value has under a key or at a position; of a set, the element itself. */
export function childOf(value: Value, key: Value): Value | undefined {
  if (value instanceof RegoObject) return value.get(key);
  if (value instanceof RegoSet) return value.has(key) ? key : undefined;
  if (!isList(value)) return undefined;
  const position = machineIntegerOf(key);
  return position === undefined ? undefined : value[position];
}

/** OPA reads no number of more than 100,000 bits. */
const MAGNITUDE_MAX = 30_103;

export function checkedNumber(value: Numeric): Numeric {
  if (typeof value === "number" || Math.abs(value.magnitude) <= MAGNITUDE_MAX) return value;
  throw failed("invalid number: number too big");
}
