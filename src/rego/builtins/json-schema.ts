/** Documents and schemas as values or as JSON texts. */

import { compileSchema, type SchemaTools } from "../schema/schema.ts";
import { jsonText, parseJson } from "../values/json.ts";
import { isList, objectOf, RegoObject, type Value } from "../values/value.ts";
import {
  attempt,
  type BuiltinCall,
  BuiltinError,
  type Builtins,
  failed,
  operand,
} from "./builtin.ts";
import { compiled, isMatch, isValid } from "./regex.ts";

export const JSON_SCHEMA: Builtins = {
  "json.match_schema": (operands, call) => {
    const document = documentIn(operand(operands, 1));
    const schema = documentIn(operand(operands, 2));
    const problems = attempt(() => compileSchema(schema, toolsOf(call))(document));
    const described = problems.map(({ type, field, description }) =>
      objectOf([
        ["error", `${field}: ${description}`],
        ["type", type],
        ["field", field],
        ["desc", description],
      ]),
    );
    return [problems.length === 0, described];
  },
  "json.verify_schema": (operands, call) => {
    const problem = schemaProblem(operand(operands, 1), call);
    return problem === undefined ? [true, null] : [false, `jsonschema: ${problem}`];
  },
};

function toolsOf(call: BuiltinCall): SchemaTools {
  return {
    patterns: {
      isValid: (pattern) => isValid(pattern, call),
      match: (pattern, text) => isMatch(compiled(pattern, call), text, call),
    },
    charge: (units) => call.charge(units),
  };
}

function schemaProblem(value: Value, call: BuiltinCall): string | undefined {
  try {
    const schema = documentIn(value);
    attempt(() => compileSchema(schema, toolsOf(call)));
    return undefined;
  } catch (error) {
    // A limit of the evaluation is none of the schema's faults.
    if (error instanceof BuiltinError) return error.message;
    throw error;
  }
}

/** As JSON has it: sets are arrays, keys are texts. */
function documentIn(value: Value): Value {
  if (typeof value === "string") return parsed(value);
  if (value instanceof RegoObject || isList(value)) return parseJson(jsonText(value));
  throw failed("wrong type, expected string or object");
}

function parsed(text: string): Value {
  try {
    return parseJson(text);
  } catch {
    throw failed("invalid JSON string");
  }
}
