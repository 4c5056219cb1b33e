/** JSON as Go writes it (`<`, `>` and `&` escaped, keys in order), and reading it. */
import { JsonError, JsonTooDeep, jsonText, parseJson } from "../values/json.ts";
import { Decimal } from "../values/number.ts";
import { regoText, typeName } from "../values/text.ts";
import { compareStrings, isList, RegoObject, type Value } from "../values/value.ts";
import { type BuiltinCall, type Builtins, failed, object, operand, text } from "./builtin.ts";
import { checkedNumber, elementsOf, tooMuch, wrongOperand } from "./operands.ts";

interface Layout {
  /** Stands before each line. */
  readonly prefix: string;
  /** Stands after it, once for each level. */
  readonly indent: string;
}

function marshal(operands: readonly Value[], call: BuiltinCall): Value {
  return new Writer(undefined, call).text(operand(operands, 1));
}

function marshalWithOptions(operands: readonly Value[], call: BuiltinCall): Value {
  const value = operand(operands, 1);
  const layout = layoutOf(object(operands, 2));
  const written = new Writer(layout, call).text(value);
  return (layout?.prefix ?? "") + written;
}

/** Any other option than `pretty` implies it. */
function layoutOf(options: RegoObject): Layout | undefined {
  for (const [position, [key, value]] of options.entries().entries())
    checkOption(key, value, position);
  const pretty = options.get("pretty") ?? (options.has("prefix") || options.has("indent"));
  if (pretty !== true) return undefined;
  return {
    prefix: String(options.get("prefix") ?? ""),
    indent: String(options.get("indent") ?? "\t"),
  };
}

function checkOption(key: Value, value: Value, position: number): void {
  if (typeof key !== "string") {
    const why = wrongOperand(position, `must be string but got ${typeName(key)}`).message;
    throw wrongOperand(2, `failed to stringify key ${regoText(key)} at index ${position}: ${why}`);
  }
  const name = regoText(key);
  if (key === "pretty") {
    if (typeof value !== "boolean") throw wrongOperand(2, `key ${name} failed cast to bool`);
  } else if (key !== "prefix" && key !== "indent") {
    throw wrongOperand(2, `object contained unknown key ${name}`);
  } else if (typeof value !== "string") {
    const why = wrongOperand(position, `must be string but got ${typeName(value)}`).message;
    throw wrongOperand(2, `key ${name} failed cast to string: ${why}`);
  }
}

const ESCAPED = /[<>&\u2028\u2029]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function scalarText(value: Value): string {
  return jsonText(value).replace(ESCAPED, escaped);
}

class Writer {
  readonly #layout: Layout | undefined;
  readonly #call: BuiltinCall;

  constructor(layout: Layout | undefined, call: BuiltinCall) {
    this.#layout = layout;
    this.#call = call;
  }

  text(value: Value, level = 0): string {
    if (value instanceof RegoObject) {
      const members = this.#members(value, level + 1);
      return this.#wrapped("{", members, "}", level);
    }
    const elements = elementsOf(value);
    if (elements === undefined) return scalarText(value);
    return this.#wrapped(
      "[",
      elements.map((element) => this.text(element, level + 1)),
      "]",
      level,
    );
  }

  /** In the order of the texts of their keys; of two keys with one text the later stays. */
  #members(value: RegoObject, level: number): readonly string[] {
    const members = new Map<string, Value>();
    for (const [key, each] of value.entries()) members.set(this.#keyText(key), each);
    const sorted = [...members].sort(([a], [b]) => compareStrings(a, b));
    const colon = this.#layout === undefined ? ":" : ": ";
    return sorted.map(([key, each]) => scalarText(key) + colon + this.text(each, level));
  }

  #keyText(key: Value): string {
    return typeof key === "string" ? key : new Writer(undefined, this.#call).text(key);
  }

  #wrapped(open: string, parts: readonly string[], close: string, level: number): string {
    if (this.#layout === undefined || parts.length === 0) return open + parts.join(",") + close;
    const { prefix, indent } = this.#layout;
    const width = prefix.length + indent.length * (level + 1);
    this.#call.charge(Math.ceil((width * (parts.length + 1)) / 16));
    const line = `\n${prefix}${indent.repeat(level)}`;
    return `${open}${line}${indent}${parts.join(`,${line}${indent}`)}${line}${close}`;
  }
}

function unmarshal(operands: readonly Value[]): Value {
  const written = text(operands, 1);
  try {
    return withoutHugeNumbers(parseJson(written));
  } catch (error) {
    if (error instanceof JsonTooDeep) throw tooMuch(`JSON ${error.message}`);
    if (error instanceof JsonError) throw failed(error.message);
    throw error;
  }
}

function withoutHugeNumbers(value: Value): Value {
  if (value instanceof Decimal) return checkedNumber(value);
  if (isList(value)) value.forEach(withoutHugeNumbers);
  if (value instanceof RegoObject) for (const [, each] of value.entries()) withoutHugeNumbers(each);
  return value;
}

function isValid(operands: readonly Value[]): Value {
  const written = operand(operands, 1);
  if (typeof written !== "string") return false;
  try {
    parseJson(written);
    return true;
  } catch (error) {
    if (error instanceof JsonTooDeep) throw tooMuch(`JSON ${error.message}`);
    if (error instanceof JsonError) return false;
    throw error;
  }
}

export const JSON_TEXTS: Builtins = {
  "json.marshal": marshal,
  "json.marshal_with_options": marshalWithOptions,
  "json.unmarshal": unmarshal,
  "json.is_valid": isValid,
};
