/** What a built-in function is, and how it reads its operands. */
import { EvaluationError } from "../errors.ts";
import type { Memory } from "../evaluate/memory.ts";
import type { Host } from "../host.ts";
import { Decimal, type Numeric, wholeOf } from "../values/number.ts";
import { typeName } from "../values/text.ts";
import { isList, RegoObject, RegoSet, type Value } from "../values/value.ts";

/** What a call may use beside its operands. */
export interface BuiltinCall {
  readonly host: Host;
  /**
   * Counts against the budget of the evaluation; throws once it is used up. For each element made
   * or looked at and for each 16 characters of text that a built-in makes: to be called before the
   * work, with how much there will be, where it is not bounded by the operands' own size.
   */
  charge(units: number): void;
  /** Of a built-in: what it made of texts before, such as compiled patterns. */
  memory(name: string): Memory;
  /** A line of `print`. */
  print(line: string): void;
}

/** `undefined`: the call has no value, which is no error. */
export type Run = (operands: readonly Value[], call: BuiltinCall) => Value | undefined;

/** By name; a relation (`walk`) answers with several values, each one a solution. */
export type Builtins = Readonly<Record<string, Run>>;
export type Relations = Readonly<
  Record<string, (operands: readonly Value[], call: BuiltinCall) => Iterable<Value>>
>;

/**
 * An operand that a built-in cannot work with, or work that failed. Strictly it ends the
 * evaluation, else the call is undefined. The message goes without the built-in's name.
 */
export class BuiltinError extends Error {
  readonly code: "eval_type_error" | "eval_builtin_error";

  constructor(code: "eval_type_error" | "eval_builtin_error", message: string) {
    super(message);
    this.code = code;
  }
}

export function failed(message: string): BuiltinError {
  return new BuiltinError("eval_builtin_error", message);
}

/** What a format or the host rejects is an error of the built-in, by its own words. */
export function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    // Running out of the stack is a limit of the evaluation, not the built-in's error.
    const isOurs = error instanceof EvaluationError || error instanceof RangeError;
    if (isOurs || !(error instanceof Error)) throw error;
    throw failed(error.message);
  }
}

/** `position` counts from 1. */
export function wrongType(position: number, expected: string, got: Value): BuiltinError {
  const message = `operand ${position} must be ${expected} but got ${typeName(got)}`;
  return new BuiltinError("eval_type_error", message);
}

export function operand(operands: readonly Value[], position: number): Value {
  const value = operands[position - 1];
  if (value === undefined) throw new TypeError(`operand ${position} is missing`);
  return value;
}

export function text(operands: readonly Value[], position: number): string {
  const value = operand(operands, position);
  if (typeof value === "string") return value;
  throw wrongType(position, "string", value);
}

export function isNumeric(value: Value): value is Numeric {
  return typeof value === "number" || value instanceof Decimal;
}

export function numeric(operands: readonly Value[], position: number): Numeric {
  const value = operand(operands, position);
  if (isNumeric(value)) return value;
  throw wrongType(position, "number", value);
}

export function wholeNumber(operands: readonly Value[], position: number): bigint {
  const whole = wholeOf(numeric(operands, position));
  if (whole !== undefined) return whole;
  const message = `operand ${position} must be integer number but got floating-point number`;
  throw new BuiltinError("eval_type_error", message);
}

/** A whole number that fits 53 bits; a larger one is an error of the built-in. */
export function integer(operands: readonly Value[], position: number): number {
  const whole = Number(wholeNumber(operands, position));
  if (Number.isSafeInteger(whole)) return whole;
  throw failed(`operand ${position} is out of range`);
}

export function array(operands: readonly Value[], position: number): readonly Value[] {
  const value = operand(operands, position);
  if (isList(value)) return value;
  throw wrongType(position, "array", value);
}

export function object(operands: readonly Value[], position: number): RegoObject {
  const value = operand(operands, position);
  if (value instanceof RegoObject) return value;
  throw wrongType(position, "object", value);
}

export function set(operands: readonly Value[], position: number): RegoSet {
  const value = operand(operands, position);
  if (value instanceof RegoSet) return value;
  throw wrongType(position, "set", value);
}
