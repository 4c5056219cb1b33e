/**
 * Makes schemas/*.schema.json, for editors and other tools, from the schemas that the gateway
 * reads by.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { manifestSchema } from "../src/config/manifest-schema.ts";
import { pricesSchema } from "../src/config/prices-schema.ts";
import { slipclutchSchema } from "../src/config/schema.ts";

const SCHEMAS = {
  slipclutch: { schema: slipclutchSchema, title: "slipclutch.yaml" },
  manifest: { schema: manifestSchema, title: "agents/<agent_id>.json or .yaml" },
  prices: { schema: pricesSchema, title: "prices.yaml" },
};

/** File names with their texts. */
export function generateSchemas(): Map<string, string> {
  return new Map(
    Object.entries(SCHEMAS).map(([name, { schema, title }]) => {
      const document = { title, ...z.toJSONSchema(schema, { io: "input" }) };
      return [`${name}.schema.json`, `${JSON.stringify(document, null, 2)}\n`];
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fileURLToPath(new URL("../schemas/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of generateSchemas()) writeFileSync(folder + file, text);
}
