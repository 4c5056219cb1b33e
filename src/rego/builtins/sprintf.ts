/** `sprintf`: the types that OPA gives to the values that it formats. */
import { type Numeric, numberText } from "../values/number.ts";
import { regoText } from "../values/text.ts";
import type { Value } from "../values/value.ts";
import { array, type BuiltinCall, type Builtins, isNumeric, text } from "./builtin.ts";
import type { Argument } from "./format/directive.ts";
import { formatted } from "./format/formatted.ts";

function argumentOf(value: Value): Argument {
  if (isNumeric(value)) return numberArgument(value);
  return {
    kind: "text",
    type: "string",
    text: typeof value === "string" ? value : regoText(value),
  };
}

/** How a number is written decides, not what it is worth: `1.0` is a fraction. */
function numberArgument(value: Numeric): Argument {
  const written = numberText(value);
  if (!/[.eE]/.test(written)) return wholeArgument(BigInt(written));
  const double = Number(written);
  if (Number.isFinite(double)) return { kind: "fraction", type: "float64", value: double };
  return { kind: "text", type: "string", text: written };
}

function wholeArgument(value: bigint): Argument {
  if (BigInt.asIntN(64, value) === value) return { kind: "integer", type: "int64", value };
  return { kind: "large", type: "*big.Int", value };
}

function sprintf(operands: readonly Value[], call: BuiltinCall): Value {
  const format = text(operands, 1);
  const values = array(operands, 2);
  return formatted(format, values.map(argumentOf), call);
}

export const SPRINTF: Builtins = { sprintf };
