/** Every field of the guardrails folder, read from the schemas that the gateway reads by. */
import { z } from "zod";
import { manifestSchema } from "../../src/config/manifest-schema.ts";
import { pricesSchema } from "../../src/config/prices-schema.ts";
import { slipclutchSchema } from "../../src/config/schema.ts";

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly enum?: readonly string[];
}

const SCHEMAS = {
  "slipclutch.yaml": slipclutchSchema,
  "agents/*.yaml": manifestSchema,
  "prices.yaml": pricesSchema,
};

/** `slipclutch.yaml providers.*.on_abort = drain`: a field of a few words counts word by word. */
export function fieldsOfTheFolder(): readonly string[] {
  const fields = Object.entries(SCHEMAS).flatMap(([file, schema]) => {
    const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" });
    return leaves(root as Node, "").map((field) => `${file} ${field}`);
  });
  return [...new Set(fields)];
}

function leaves(node: Node, at: string): readonly string[] {
  const fields: string[] = [];
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const place = at === "" ? name : `${at}.${name}`;
    const inner = leaves(child, place);
    if (inner.length > 0) fields.push(...inner);
    else if ((child.enum?.length ?? 0) > 1) {
      for (const word of child.enum ?? []) fields.push(`${place} = ${word}`);
    } else fields.push(place);
  }
  if (node.items !== undefined) fields.push(...leaves(node.items, `${at}[]`));
  const { additionalProperties } = node;
  if (typeof additionalProperties === "object") {
    fields.push(...leaves(additionalProperties, at === "" ? "*" : `${at}.*`));
  }
  for (const one of node.anyOf ?? []) fields.push(...leaves(one, at));
  return fields;
}
