/** Built-ins on texts: search, parts, joins, case. Positions and lengths count code points. */
import { truncated } from "../values/binary-float.ts";
import { numberText, wholeOf } from "../values/number.ts";
import type { Value } from "../values/value.ts";
import { type BuiltinCall, type Builtins, failed, numeric, operand, text } from "./builtin.ts";
import { chargeSearch, codePointCount, hasOnlySingleUnits } from "./code-points.ts";
import { lowerCase, upperCase } from "./letter-case.ts";
import {
  binaryFloat,
  elementsOf,
  machineInteger,
  textElements,
  wrongOperand,
  wrongTypes,
} from "./operands.ts";

function concat(operands: readonly Value[], call: BuiltinCall): Value {
  const separator = text(operands, 1);
  const list = operand(operands, 2);
  if (elementsOf(list) === undefined) throw wrongTypes(2, ["set", "array"], list);
  const parts = textElements(list, 2);
  call.charge(Math.ceil((parts.length * separator.length) / 16));
  return parts.join(separator);
}

function split(operands: readonly Value[], call: BuiltinCall): readonly string[] {
  const value = text(operands, 1);
  const separator = text(operands, 2);
  chargeSearch(call, value, separator);
  return separator === "" ? [...value] : value.split(separator);
}

function contains(operands: readonly Value[], call: BuiltinCall): Value {
  const value = text(operands, 1);
  const search = text(operands, 2);
  chargeSearch(call, value, search);
  return value.includes(search);
}

/** The first parts, or the last ones when the count is negative. */
function splitN(operands: readonly Value[], call: BuiltinCall): Value {
  const parts = split(operands, call);
  const count = machineInteger(operands, 3);
  return count >= 0 ? parts.slice(0, count) : parts.slice(Math.max(0, parts.length + count));
}

function searched(
  operands: readonly Value[],
  call: BuiltinCall,
): readonly [value: string, search: string] {
  const value = text(operands, 1);
  const search = text(operands, 2);
  if (search === "") throw failed("empty search character");
  chargeSearch(call, value, search);
  return [value, search];
}

function indexOf(operands: readonly Value[], call: BuiltinCall): Value {
  const [value, search] = searched(operands, call);
  const unit = value.indexOf(search);
  return unit <= 0 || hasOnlySingleUnits(value) ? unit : codePointCount(value.slice(0, unit));
}

/** All places, also where they overlap. */
function indexOfN(operands: readonly Value[], call: BuiltinCall): Value {
  const [value, search] = searched(operands, call);
  const found: number[] = [];
  let counted = 0;
  let position = 0;
  for (let unit = value.indexOf(search); unit >= 0; unit = value.indexOf(search, unit + 1)) {
    call.charge(Math.ceil(search.length / 16));
    position += codePointCount(value.slice(counted, unit));
    counted = unit;
    found.push(position);
  }
  return found;
}

/** A negative length is the rest of the text. */
function substring(operands: readonly Value[]): Value {
  const value = text(operands, 1);
  const start = machineInteger(operands, 2);
  const length = machineInteger(operands, 3);
  if (start < 0) throw failed("negative offset");
  const end = length < 0 ? undefined : start + length;
  if (hasOnlySingleUnits(value)) return value.slice(start, end);
  return [...value].slice(start, end).join("");
}

/** The empty text is found before every character and at the end. */
function count(operands: readonly Value[], call: BuiltinCall): Value {
  const value = text(operands, 1);
  const search = text(operands, 2);
  chargeSearch(call, value, search);
  return search === "" ? codePointCount(value) + 1 : value.split(search).length - 1;
}

const BASES: Readonly<Record<string, number>> = { 2: 2, 8: 8, 10: 10, 16: 16 };

/** Of a fraction, what stands before the point. */
function formatInt(operands: readonly Value[]): Value {
  const value = numeric(operands, 1);
  const base = BASES[numberText(numeric(operands, 2))];
  if (base === undefined) throw wrongOperand(2, "must be one of {2, 8, 10, 16}");
  const isWritten = /^-?[0-9]+$/.test(numberText(value));
  const whole = isWritten ? wholeOf(value) : undefined;
  return (whole ?? truncated(binaryFloat(value))).toString(base);
}

/** Whether any of the texts has any of the ends. */
function anyMatch(matches: (value: string, end: string) => boolean): Builtins[string] {
  return (operands, call) => {
    const values = oneOrMore(operands, 1);
    const ends = oneOrMore(operands, 2);
    call.charge(values.length * ends.length);
    return values.some((value) => ends.some((end) => matches(value, end)));
  };
}

function oneOrMore(operands: readonly Value[], position: number): readonly string[] {
  const value = operand(operands, position);
  if (typeof value === "string") return [value];
  if (elementsOf(value) === undefined) {
    throw wrongTypes(position, ["string", "set", "array"], value);
  }
  return textElements(value, position);
}

export const STRINGS: Builtins = {
  concat,
  contains,
  startswith: (operands) => text(operands, 1).startsWith(text(operands, 2)),
  endswith: (operands) => text(operands, 1).endsWith(text(operands, 2)),
  indexof: indexOf,
  indexof_n: indexOfN,
  substring,
  lower: (operands) => lowerCase(text(operands, 1)),
  upper: (operands) => upperCase(text(operands, 1)),
  split,
  "strings.split_n": splitN,
  "strings.count": count,
  "strings.reverse": (operands) => [...text(operands, 1)].reverse().join(""),
  "strings.any_prefix_match": anyMatch((value, end) => value.startsWith(end)),
  "strings.any_suffix_match": anyMatch((value, end) => value.endsWith(end)),
  format_int: formatInt,
};
