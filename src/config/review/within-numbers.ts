/** Whether a bound of numbers or texts follows from another schema's. */
import type { Prover, Schema } from "./schema-values.ts";

export function numberWithin(schema: Schema, part: Schema, prover: Prover): boolean {
  const least = numberOf(schema.minimum);
  const above = numberOf(schema.exclusiveMinimum);
  const most = numberOf(schema.maximum);
  const below = numberOf(schema.exclusiveMaximum);
  const [keyword = "", written] = Object.entries(part)[0] ?? [];
  const line = numberOf(written);
  if (line === null) return false;
  switch (keyword) {
    case "minimum":
      return atLeast(least, line) || atLeast(above, line);
    case "exclusiveMinimum":
      return atLeast(above, line) || (least !== null && least > line);
    case "maximum":
      return atMost(most, line) || atMost(below, line);
    case "exclusiveMaximum":
      return atMost(below, line) || (most !== null && most < line);
    default:
      return prover.equal(schema[keyword] ?? null, written);
  }
}

export function textWithin(schema: Schema, part: Schema, prover: Prover): boolean {
  const [keyword = "", written] = Object.entries(part)[0] ?? [];
  return boundWithin(schema, part) ?? prover.equal(schema[keyword] ?? null, written);
}

/** Of a `min…` or a `max…`; null: it is neither. */
export function boundWithin(schema: Schema, part: Schema): boolean | null {
  const [keyword = "", written] = Object.entries(part)[0] ?? [];
  const own = numberOf(schema[keyword]);
  const line = numberOf(written);
  if (keyword.startsWith("min")) return line !== null && (line <= 0 || atLeast(own, line));
  if (keyword.startsWith("max")) return line !== null && atMost(own, line);
  return null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function atLeast(own: number | null, line: number): boolean {
  return own !== null && own >= line;
}

function atMost(own: number | null, line: number): boolean {
  return own !== null && own <= line;
}
