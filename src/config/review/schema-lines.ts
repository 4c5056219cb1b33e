/** What a schema of arguments lets through, in words. */

import type { JsonSchema } from "../argument-schema.ts";
import { closedAtTop } from "../arguments.ts";
import { listOf, schemaOf } from "./schema-values.ts";

const DEPTH_MAX = 4;
const VALUE_CHARS_MAX = 120;
/** Keywords that are told beside a name; others are told as they are written. */
const TOLD = new Set(["type", "enum", "const", "properties", "required", "items"]).add(
  "additionalProperties",
);

/** One line for each argument. */
export function schemaLines(schema: JsonSchema): readonly string[] {
  const closed = closedAtTop(schema);
  const lines = memberLines(closed, 0);
  const rest = restWords(closed);
  return lines.length === 0 ? [`arguments: ${kindWords(closed)}`] : ["arguments:", ...lines, rest];
}

function restWords({ additionalProperties }: JsonSchema): string {
  return additionalProperties === false ? "  and no others" : "  and others that are not named";
}

function memberLines(schema: JsonSchema, depth: number): readonly string[] {
  if (depth > DEPTH_MAX) return [];
  const required = new Set(listOf(schema.required));
  const indent = "  ".repeat(depth + 1);
  return Object.entries(schemaOf(schema.properties)).flatMap(([name, member]) => {
    const must = required.has(name) ? ", always" : "";
    const own = schemaOf(member);
    const line = `${indent}${name}: ${member === false ? "never" : kindWords(own)}${must}`;
    return [line, ...memberLines(own, depth + 1)];
  });
}

function kindWords(schema: JsonSchema): string {
  if (schema.const !== undefined) return clip(JSON.stringify(schema.const));
  if (Array.isArray(schema.enum)) return clip(`one of ${schema.enum.map(text).join(", ")}`);
  const { items, type } = schema;
  const kind =
    typeof type === "string" ? type : listOf(type).map(String).join(" or ") || "anything";
  const each = items === undefined ? "" : ` of ${kindWords(schemaOf(items))}`;
  const more = Object.entries(schema)
    .filter(([keyword]) => !TOLD.has(keyword) && keyword !== "description" && keyword !== "title")
    .map(([keyword, value]) => `${keyword} ${text(value)}`);
  return clip([`${kind}${each}`, ...more].join(", "));
}

function text(value: unknown): string {
  return JSON.stringify(value);
}

function clip(words: string): string {
  return words.length > VALUE_CHARS_MAX ? `${words.slice(0, VALUE_CHARS_MAX)}…` : words;
}
