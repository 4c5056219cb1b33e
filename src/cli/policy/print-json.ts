/** Values as JSON that is laid out for reading, with every digit. */
import { jsonText, RegoObject, RegoSet, type Value } from "../../rego/index.ts";

const STEP = "  ";

export function readableJson(value: Value, indent = ""): string {
  const inner = indent + STEP;
  const lines = partsOf(value, inner);
  if (lines === null || lines.length === 0) return jsonText(value);
  const [open, close] = value instanceof RegoObject ? "{}" : "[]";
  return `${open}\n${lines.map((line) => inner + line).join(",\n")}\n${indent}${close}`;
}

/** Null: it has none. */
function partsOf(value: Value, inner: string): readonly string[] | null {
  if (value instanceof RegoObject) {
    return value.entries().map(([key, each]) => {
      const name = JSON.stringify(typeof key === "string" ? key : jsonText(key));
      return `${name}: ${readableJson(each, inner)}`;
    });
  }
  if (value instanceof RegoSet) return value.sorted().map((each) => readableJson(each, inner));
  return Array.isArray(value) ? value.map((each: Value) => readableJson(each, inner)) : null;
}
