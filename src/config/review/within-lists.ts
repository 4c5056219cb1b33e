/** Whether what a schema asks of lists follows from another one. */
import type { Prover, Schema } from "./schema-values.ts";
import { boundWithin } from "./within-numbers.ts";

export function listWithin(schema: Schema, part: Schema, prover: Prover): boolean {
  const bound = boundOf(schema, part);
  if (bound !== null) return bound;
  if ("uniqueItems" in part) return part.uniqueItems === false || schema.uniqueItems === true;
  const own = prefixOf(schema);
  const wide = prefixOf(part);
  // Past a longer prefix the items of one would be those of the other's prefix.
  if (own.length !== wide.length) return false;
  const begins = wide.every((item, index) => prover.within(own[index], item));
  return begins && prover.within(schema.items ?? true, part.items ?? true);
}

function boundOf(schema: Schema, part: Schema): boolean | null {
  const isBound = "minItems" in part || "maxItems" in part;
  return isBound ? boundWithin(schema, part) : null;
}

function prefixOf({ prefixItems }: Schema): readonly unknown[] {
  return Array.isArray(prefixItems) ? prefixItems : [];
}
