/** What type a value has, and the casts that only check it. */
import { type TypeName, typeName } from "../values/text.ts";
import { setOf, type Value } from "../values/value.ts";
import { type Builtins, operand, type Run, wrongType } from "./builtin.ts";
import { elements } from "./operands.ts";

function hasType(type: TypeName): Run {
  return (operands) => typeName(operand(operands, 1)) === type;
}

function cast(type: TypeName): Run {
  return (operands) => {
    const value = operand(operands, 1);
    if (typeName(value) === type) return value;
    throw wrongType(1, type, value);
  };
}

function listOf(operands: readonly Value[]): readonly Value[] {
  return elements(operands, 1, ["array", "set"]);
}

export const TYPES: Builtins = {
  is_array: hasType("array"),
  is_boolean: hasType("boolean"),
  is_null: hasType("null"),
  is_number: hasType("number"),
  is_object: hasType("object"),
  is_set: hasType("set"),
  is_string: hasType("string"),
  type_name: (operands) => typeName(operand(operands, 1)),
  cast_array: listOf,
  cast_set: (operands) => setOf(listOf(operands)),
  cast_boolean: cast("boolean"),
  cast_null: cast("null"),
  cast_object: cast("object"),
  cast_string: cast("string"),
};
