/** Types as text, in the notation of the built-ins' signatures. */
import { regoText } from "../values/text.ts";
import type { Maybe, ObjectType, Property, UnionType } from "./type.ts";

/** As long as a line of a message may be. */
const LENGTH_MAX = 80;
const DEPTH_MAX = 4;

/** In full where that is short; else what is nested deeper, the most that fits, is `…`. */
export function typeText(type: Maybe): string {
  for (let depth = DEPTH_MAX; depth > 0; depth -= 1) {
    const text = textTo(depth, type);
    if (text.length <= LENGTH_MAX) return text;
  }
  return textTo(0, type);
}

function textTo(depth: number, type: Maybe): string {
  if (type === undefined) return "unknown";
  if (type.kind === "union") return unionText(type, depth);
  if (depth === 0 && type.depth > 1) return type.kind;
  const inner = (each: Maybe): string => textTo(depth - 1, each);
  switch (type.kind) {
    case "array":
      if (type.rest !== undefined) return `array<${inner(type.rest)}>`;
      return `[${type.elements.map(inner).join(", ")}]`;
    case "object":
      return objectText(type, inner);
    case "set":
      return type.element === undefined ? "set" : `set<${inner(type.element)}>`;
    case "function": {
      const more = type.more === undefined ? [] : [`${inner(type.more)}...`];
      const result = type.result === undefined ? "" : ` ${inner(type.result)}`;
      return `(${[...type.parameters.map(inner), ...more].join(", ")})${result}`;
    }
    case "null":
    case "boolean":
    case "number":
    case "string":
    case "any":
      return type.kind;
  }
}

/** Each text once: what differs may lie deeper than is shown. */
function unionText({ members }: UnionType, depth: number): string {
  return [...new Set(members.map((member) => textTo(depth, member)))].join(" | ");
}

function objectText({ properties, rest }: ObjectType, inner: (type: Maybe) => string): string {
  if (properties.size === 0 && rest !== undefined) {
    return `object<${inner(rest.key)}, ${inner(rest.value)}>`;
  }
  const named = [...properties.values()].map(
    (each) => `${propertyName(each)}: ${inner(each.type)}`,
  );
  const others = rest === undefined ? [] : [`[${inner(rest.key)}]: ${inner(rest.value)}`];
  return `{${[...named, ...others].join(", ")}}`;
}

function propertyName({ key }: Property): string {
  return typeof key === "string" && /^[A-Za-z_]\w*$/.test(key) ? key : regoText(key);
}

/** What a call is given or wants: `(number, string)`. */
export function listText(types: readonly Maybe[]): string {
  return `(${types.map(typeText).join(", ")})`;
}
