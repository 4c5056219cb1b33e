/** Numbers that are written in texts: `to_number` and the units of quantities and bytes. */
import { product, truncated } from "../values/binary-float.ts";
import { type Numeric, numberOf, wholeNumberOf } from "../values/number.ts";
import { quoted } from "../values/text.ts";
import type { Value } from "../values/value.ts";
import { type BuiltinCall, type Builtins, failed, isNumeric, operand, text } from "./builtin.ts";
import { lowerCase } from "./letter-case.ts";
import {
  binaryFloat,
  checkedNumber,
  refused,
  tooMuch,
  wrongOperand,
  wrongTypes,
} from "./operands.ts";

const DECIMAL = /^([+-]?)([0-9]*)(?:\.([0-9]*))?((?:[eE][+-]?[0-9]+)?)$/;

/** Go's decimals, in the spelling of JSON: `+.5` is 0.5 and `007` is 7. */
function decimalIn(written: string): Numeric | undefined {
  const [, sign, whole = "", fraction = "", exponent = ""] = DECIMAL.exec(written) ?? [];
  if (whole === "" && fraction === "") return undefined;
  const digits = whole.replace(/^0+(?=[0-9])/, "") || "0";
  const rest = fraction === "" ? "" : `.${fraction}`;
  return numberOf(`${sign === "-" ? "-" : ""}${digits}${rest}${exponent}`);
}

function toNumber(operands: readonly Value[]): Value {
  const value = operand(operands, 1);
  if (value === null || value === false) return 0;
  if (value === true) return 1;
  if (isNumeric(value)) return value;
  if (typeof value === "string") return numberIn(value);
  throw wrongTypes(1, ["null", "boolean", "number", "string"], value);
}

const NO_NUMBER = /^[+-]*(?:inf|infinity|nan)$/i;
/** Go reads these too: hexadecimal fractions, and digits with underscores between them. */
const OTHER_NUMBER = /^[+-]?(?:0x[0-9a-f_.]+p[+-]?[0-9_]+|[0-9.][0-9_.]*(?:e[+-]?[0-9_]+)?)$/i;

function numberIn(written: string): Numeric {
  if (NO_NUMBER.test(written)) {
    throw wrongOperand(1, "must be valid number string but got string");
  }
  const value = decimalIn(written);
  if (value !== undefined) {
    if (Number.isFinite(Number(written))) return checkedNumber(value);
    throw failed(`strconv.ParseFloat: parsing ${quoted(written)}: value out of range`);
  }
  if (written.includes("_") || /0x/i.test(written)) {
    if (OTHER_NUMBER.test(written))
      throw refused(`${quoted(written)} is not read as a number here`);
  }
  throw failed(`strconv.ParseFloat: parsing ${quoted(written)}: invalid syntax`);
}

interface Quantity {
  readonly amount: string;
  readonly unit: string;
}

const AMOUNT = /^(?:[0-9.+-]|[eE][+-]|[eE](?=[0-9]))*/;
const EXPONENT_DIGITS_MAX = 6;

function quantityIn(written: string, builtin: string): Quantity {
  if (written.includes(" ")) throw failed(`${builtin}: spaces not allowed in resource strings`);
  const amount = AMOUNT.exec(written)?.[0] ?? "";
  for (const [, exponent = ""] of amount.matchAll(/[eE][+-]?([0-9]*)/g)) {
    if (exponent.length > EXPONENT_DIGITS_MAX) throw failed(`${builtin}: exponent too large`);
  }
  return { amount, unit: written.slice(amount.length) };
}

/** How often 1000 or 1024 is multiplied: k is once, m twice. */
const PREFIXES = "kmgtpe";

function factorOf(unit: string): bigint | undefined {
  const [, prefix = "", isBinary] = /^([kmgtpe])(i?)$/.exec(unit) ?? [];
  if (unit === "") return 1n;
  if (prefix === "") return undefined;
  const power = BigInt(PREFIXES.indexOf(prefix) + 1);
  return isBinary === "i" ? 1024n ** power : 1000n ** power;
}

/** A thousandth as a double has it: `1000m` is 1.0000000000 in OPA. */
const MILLI = { numerator: 1_152_921_504_606_847n, denominator: 1n << 60n };

/** Only the first letter may be of either case: `m` is a thousandth and `M` a million. */
function unitsParse(operands: readonly Value[], call: BuiltinCall): Value {
  const { amount, unit } = quantityIn(text(operands, 1).replaceAll('"', ""), "units.parse");
  if (amount === "") throw failed("units.parse: no amount provided");
  const name = unit.slice(0, 1) + lowerCase(unit.slice(1));
  const factor = name === "m" ? undefined : factorOf(name.toLowerCase());
  if (factor === undefined && name !== "m") {
    throw failed(`units.parse: unit ${name} not recognized`);
  }
  const value = decimalIn(amount);
  if (value === undefined) throw failed("units.parse: could not parse amount to a number");
  const { numerator, denominator } = fractionOf(value, call);
  if (factor !== undefined) return quotientText(numerator * factor, denominator);
  return quotientText(numerator * MILLI.numerator, denominator * MILLI.denominator);
}

/** Quantities with a larger exponent cost more than they can mean. */
const EXPONENT_MAX = 5_000;

function fractionOf(value: Numeric, call: BuiltinCall): typeof MILLI {
  if (typeof value === "number") return { numerator: BigInt(value), denominator: 1n };
  const power = value.magnitude - value.digits.length;
  if (Math.abs(power) > EXPONENT_MAX || value.digits.length > EXPONENT_MAX) {
    throw tooMuch("units.parse: exponent too large");
  }
  call.charge(Math.abs(power));
  const size = BigInt(value.digits || "0");
  const scaled = power > 0 ? size * 10n ** BigInt(power) : size;
  return {
    numerator: value.negative ? -scaled : scaled,
    denominator: power < 0 ? 10n ** BigInt(-power) : 1n,
  };
}

const DECIMALS = 10;

/** Whole, or with ten decimals, half away from zero. */
function quotientText(numerator: bigint, denominator: bigint): Numeric {
  if (numerator % denominator === 0n) return wholeNumberOf(numerator / denominator);
  const size = numerator < 0n ? -numerator : numerator;
  const tenths = (size * 10n ** BigInt(DECIMALS) * 2n + denominator) / (denominator * 2n);
  const digits = tenths.toString().padStart(DECIMALS + 1, "0");
  const sign = numerator < 0n ? "-" : "";
  return numberOf(`${sign}${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`);
}

function unitsParseBytes(operands: readonly Value[]): Value {
  const written = lowerCase(text(operands, 1)).replaceAll('"', "");
  const { amount, unit } = quantityIn(written, "units.parse_bytes");
  if (amount === "") throw failed("units.parse_bytes: no byte amount provided");
  const factor = factorOf(unit.replace(/(?<=.)b$/, ""));
  if (factor === undefined) {
    throw failed(`units.parse_bytes: byte unit ${unit} not recognized`);
  }
  const value = decimalIn(amount);
  if (value === undefined) {
    throw failed("units.parse_bytes: could not parse byte amount to a number");
  }
  const bytes = product(binaryFloat(value), binaryFloat(wholeNumberOf(factor)));
  return wholeNumberOf(truncated(bytes));
}

export const NUMBER_TEXTS: Builtins = {
  to_number: toNumber,
  "units.parse": unitsParse,
  "units.parse_bytes": unitsParseBytes,
};
