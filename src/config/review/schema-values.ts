/** JSON Schemas as values, and what proofs about them need. */
import { canonicalJson } from "../../guards/tool/canonical.ts";

export type Schema = Readonly<Record<string, unknown>>;
/** Whether a value is valid under a schema. */
export type Fits = (schema: unknown, value: unknown) => boolean;

/** What the rules for one kind of value ask of the whole. */
export interface Prover {
  readonly fits: Fits;
  within(narrow: unknown, wide: unknown): boolean;
  equal(one: unknown, other: unknown): boolean;
}

export function equal(one: unknown, other: unknown): boolean {
  const text = canonicalJson(one);
  return text !== null && text === canonicalJson(other);
}

export function schemaOf(value: unknown): Schema {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  // A map that was read from a file.
  return isMap ? (value as Schema) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
