/** What a schema asks of one number, text, or any value by itself. */
import { compareNumbers, Decimal, type Numeric } from "../values/number.ts";
import type { RegoObject, Value } from "../values/value.ts";
import { FORMATS } from "./formats.ts";
import { comparableText, isMultiple, shownNumber } from "./numbers.ts";
import { type Check, fieldOf, type Outcome, type Place } from "./outcome.ts";
import {
  countAt,
  type Draft,
  invalidType,
  isAtLeast,
  isNumeric,
  listOf,
  numberAt,
  textOf,
} from "./reading.ts";

export interface Patterns {
  isValid(pattern: string): boolean;
  match(pattern: string, text: string): boolean;
}

type NumberTest = readonly [type: string, passes: (value: Numeric) => boolean, description: string];

export function numberCheck(schema: RegoObject, draft: Draft): Check {
  const tests = [
    ...multipleTest(schema),
    ...limitTests(schema, draft, "Maximum"),
    ...limitTests(schema, draft, "Minimum"),
  ];
  return (value, place, outcome) => {
    if (!isNumeric(value)) return;
    for (const [type, passes, description] of tests) {
      if (!passes(value)) outcome.fail(type, place, description);
    }
    outcome.step();
  };
}

function multipleTest(schema: RegoObject): readonly NumberTest[] {
  const value = schema.get("multipleOf");
  if (value === undefined) return [];
  if (!isNumeric(value)) throw invalidType("Number", "multipleOf");
  if (compareNumbers(value, 0) <= 0) throw new Error("multipleOf must be strictly greater than 0");
  const description = `Must be a multiple of ${shownNumber(value)}`;
  return [["multiple_of", (number) => isMultiple(number, value), description]];
}

/** In draft 4 a boolean makes the limit exclusive, later it is a limit of its own. */
function limitTests(
  schema: RegoObject,
  draft: Draft,
  which: "Maximum" | "Minimum",
): readonly NumberTest[] {
  const inclusive = numberAt(schema, which.toLowerCase());
  const key = `exclusive${which}`;
  const exclusive = schema.get(key);
  if (exclusive !== undefined) checkExclusive(exclusive, key, draft);
  if (typeof exclusive === "boolean" && inclusive === undefined) {
    throw new Error(`${key} cannot be used without ${which.toLowerCase()}`);
  }
  const isMaximum = which === "Maximum";
  if (exclusive === true) return strictTest(inclusive, isMaximum);
  return [
    ...looseTest(inclusive, isMaximum),
    ...strictTest(isNumeric(exclusive) ? exclusive : undefined, isMaximum),
  ];
}

function checkExclusive(value: Value, key: string, draft: Draft): void {
  if (draft === 4 && typeof value !== "boolean") throw invalidType("boolean", key);
  if (draft !== 4 && draft !== "hybrid" && !isNumeric(value)) throw invalidType("number", key);
  if (typeof value !== "boolean" && !isNumeric(value)) throw invalidType("boolean/number", key);
}

function looseTest(limit: Numeric | undefined, isMaximum: boolean): readonly NumberTest[] {
  if (limit === undefined) return [];
  const side = isMaximum ? "less" : "greater";
  const description = `Must be ${side} than or equal to ${shownNumber(limit)}`;
  const passes = (value: Numeric) => order(value, limit, isMaximum) <= 0;
  return [[isMaximum ? "number_lte" : "number_gte", passes, description]];
}

function strictTest(limit: Numeric | undefined, isMaximum: boolean): readonly NumberTest[] {
  if (limit === undefined) return [];
  const description = `Must be ${isMaximum ? "less" : "greater"} than ${shownNumber(limit)}`;
  const passes = (value: Numeric) => order(value, limit, isMaximum) < 0;
  return [[isMaximum ? "number_lt" : "number_gt", passes, description]];
}

/** Below zero when the value is on the good side. */
function order(value: Numeric, limit: Numeric, isMaximum: boolean): number {
  return isMaximum ? compareNumbers(value, limit) : compareNumbers(limit, value);
}

export function textCheck(schema: RegoObject, patterns: Patterns): Check {
  const [min, max] = [countAt(schema, "minLength"), countAt(schema, "maxLength")];
  if (min !== undefined && max !== undefined && min > max) {
    throw new Error("minLength cannot be greater than maxLength");
  }
  const pattern = textOf(schema, "pattern");
  if (pattern !== undefined && !patterns.isValid(pattern)) {
    throw new Error("pattern must be a valid regex");
  }
  return (value, place, outcome) => {
    if (typeof value !== "string") return;
    const length = [...value].length;
    if (min !== undefined && length < min) {
      outcome.fail("string_gte", place, `String length must be greater than or equal to ${min}`);
    }
    if (max !== undefined && length > max) {
      outcome.fail("string_lte", place, `String length must be less than or equal to ${max}`);
    }
    if (pattern !== undefined && !patterns.match(pattern, value)) {
      outcome.fail("pattern", place, `Does not match pattern '${pattern}'`);
    }
    outcome.step();
  };
}

/** `const`, `enum` and `format`. */
export function commonCheck(schema: RegoObject, draft: Draft, patterns: Patterns): Check {
  const only = isAtLeast(draft, 6) ? schema.get("const") : undefined;
  const allowed = only === undefined ? undefined : comparableText(only);
  const choices = choicesOf(schema);
  const format = textOf(schema, "format");
  return (value, place, outcome) => {
    const text = allowed === undefined && choices === undefined ? "" : comparableText(value);
    if (allowed !== undefined && text !== allowed) {
      outcome.fail("const", place, `${fieldOf(place)} does not match: ${allowed}`);
    }
    if (choices !== undefined && !choices.includes(text)) {
      const list = choices.join(", ");
      outcome.fail("enum", place, `${fieldOf(place)} must be one of the following: ${list}`);
    }
    if (format !== undefined) checkFormat({ format, patterns }, value, place, outcome);
    outcome.step();
  };
}

function choicesOf(schema: RegoObject): readonly string[] | undefined {
  const choices = listOf(schema, "enum")?.map(comparableText);
  if (choices === undefined || new Set(choices).size === choices.length) return choices;
  throw new Error("enum items must be unique");
}

interface Formatted {
  readonly format: string;
  readonly patterns: Patterns;
}

function checkFormat(
  { format, patterns }: Formatted,
  value: Value,
  place: Place,
  outcome: Outcome,
): void {
  if (typeof value !== "string") return;
  const isRight = format === "regex" ? patterns.isValid(value) : FORMATS.get(format)?.(value);
  if (isRight === false) outcome.fail("format", place, `Does not match format '${format}'`);
}

export function typeCheck(types: readonly string[]): (value: Value) => string | undefined {
  if (types.length === 0) return () => undefined;
  const expected = types.length === 1 ? types[0] : `[${types.join(",")}]`;
  return (value) => {
    const given = typeOf(value);
    if (types.includes(given) || (given === "integer" && types.includes("number")))
      return undefined;
    return `Invalid type. Expected: ${expected}, given: ${given}`;
  };
}

function typeOf(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "number") return "integer";
  if (value instanceof Decimal) return isWhole(value) ? "integer" : "number";
  if (Array.isArray(value)) return "array";
  return typeof value;
}

function isWhole({ digits, magnitude }: Decimal): boolean {
  return digits.length <= magnitude || digits === "";
}
