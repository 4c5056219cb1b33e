/** How values look in text: as Rego writes them, and as Go's names of their types. */
import { Decimal, numberText } from "./number.ts";
import { RegoObject, RegoSet, type Value } from "./value.ts";

export type TypeName = "null" | "boolean" | "number" | "string" | "array" | "object" | "set";

export function typeName(value: Value): TypeName {
  if (value === null) return "null";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return "string";
  if (typeof value === "number" || value instanceof Decimal) return "number";
  if (value instanceof RegoObject) return "object";
  return value instanceof RegoSet ? "set" : "array";
}

/** As Rego writes it: `{"a": [1, {2}], "b": set()}`. */
export function regoText(value: Value): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number" || value instanceof Decimal) return numberText(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof RegoSet) {
    return value.size === 0 ? "set()" : `{${value.sorted().map(regoText).join(", ")}}`;
  }
  if (value instanceof RegoObject) {
    const pairs = value.entries().map(([key, each]) => `${regoText(key)}: ${regoText(each)}`);
    return `{${pairs.join(", ")}}`;
  }
  return `[${value.map(regoText).join(", ")}]`;
}

const SHORT: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};

/** Quoted as Go quotes it: what cannot be printed is escaped. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escaped)}"`;
}

function escaped(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
