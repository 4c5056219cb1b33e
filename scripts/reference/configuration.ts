/** docs/reference/configuration.md, from the schemas that the gateway reads by. */
import { z } from "zod";
import * as fields from "../../src/config/fields.ts";
import { manifestSchema } from "../../src/config/manifest-schema.ts";
import { pricesSchema } from "../../src/config/prices-schema.ts";
import { KINDS } from "../../src/config/provider-kinds.ts";
import { slipclutchSchema } from "../../src/config/schema.ts";
import { code, table } from "./markdown.ts";

/** The parts of a JSON Schema that our own schemas use. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
}

function jsonSchema(schema: z.ZodType): Schema {
  // What zod writes is JSON Schema, of which `Schema` names a part.
  return z.toJSONSchema(schema, { io: "input" }) as Schema;
}

/** Names of texts with a form of their own, by their pattern. */
const FORMS: ReadonlyMap<string | undefined, string> = new Map([
  [jsonSchema(fields.duration()).pattern, "duration"],
  [jsonSchema(fields.id).pattern, "name"],
  [jsonSchema(fields.endpoint).pattern, "host:port"],
]);

/** Wider ranges say nothing to a reader. */
const RANGE_SHOWN_MAX = 1_000_000;

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((word) => code(String(word))).join(", ");
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(" or ");
  // The one union of a number and a text is an amount that is exact.
  if (Array.isArray(schema.type)) return "amount";
  switch (schema.type) {
    case "string":
      return FORMS.get(schema.pattern) ?? "text";
    case "integer":
    case "number":
      return numberType(schema);
    case "boolean":
      return "true or false";
    case "array":
      return `list of ${schema.items ? typeOf(schema.items) : "values"}`;
    case "object":
      return isMap(schema) ? `map of names to ${typeOf(entryOf(schema))}` : "object";
    default:
      return "any";
  }
}

function numberType({ type, minimum = 0, maximum }: Schema): string {
  const name = type === "integer" ? "whole number" : "number";
  if (maximum === undefined || maximum > RANGE_SHOWN_MAX) return `${name} from ${minimum}`;
  return `${name} from ${minimum} to ${maximum}`;
}

function isMap({ properties, additionalProperties }: Schema): boolean {
  return properties === undefined && typeof additionalProperties === "object";
}

function entryOf({ additionalProperties }: Schema): Schema {
  return typeof additionalProperties === "object" ? additionalProperties : {};
}

type Row = readonly [field: string, type: string, description: string];

/** Every field of an object and of what is in it, by its path. */
function rowsOf(schema: Schema, at: string): Row[] {
  const rows: Row[] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const path = at === "" ? name : `${at}.${name}`;
    const required = schema.required?.includes(name) ? " Required." : "";
    rows.push([code(path), typeOf(field), `${field.description ?? ""}${required}`.trim()]);
    rows.push(...innerRows(field, path));
  }
  return rows;
}

function innerRows(schema: Schema, path: string): Row[] {
  const inside = [schema, ...(schema.anyOf ?? [])];
  return inside.flatMap((one) => {
    if (one.items) return innerRows(one.items, `${path}[]`).concat(rowsOf(one.items, `${path}[]`));
    if (isMap(one)) return rowsOf(entryOf(one), `${path}.NAME`);
    return one === schema && one.anyOf ? [] : rowsOf(one, path);
  });
}

function section(title: string, intro: string, rows: readonly Row[]): string {
  const unique = [...new Map(rows.map((row) => [row[0], row])).values()];
  return `## ${title}\n\n${intro}\n\n${table(["field", "type", "what it does"], unique)}\n`;
}

function kindsTable(): string {
  const kinds = Object.entries(KINDS);
  const properties: readonly (readonly [string, (kind: string) => string])[] = [
    ["formats", (kind) => (of(kind)?.rules.formats ?? []).join(", ")],
    ["base_url", (kind) => of(kind)?.baseUrl ?? "–"],
    ["prices_of", (kind) => of(kind)?.pricesOf ?? ""],
    ["input_bound", (kind) => of(kind)?.rules.inputBound ?? ""],
    ["overhead.base", (kind) => String(of(kind)?.rules.overhead.base)],
    ["overhead.per_message", (kind) => String(of(kind)?.rules.overhead.perMessage)],
    ["overhead.per_tool", (kind) => String(of(kind)?.rules.overhead.perTool)],
    ["overhead.tools", (kind) => String(of(kind)?.rules.overhead.tools)],
    ["overhead.per_image", (kind) => String(of(kind)?.rules.overhead.perImage)],
    ["cap_field", (kind) => of(kind)?.rules.capField ?? ""],
    ["output_cap_min", (kind) => String(of(kind)?.rules.outputCapMin)],
    ["stream_options", (kind) => String(of(kind)?.rules.streamOptions)],
    ["errors_are_free", (kind) => String(of(kind)?.rules.errorsAreFree)],
    ["on_abort", (kind) => of(kind)?.rules.onAbort ?? ""],
    ["frames_are_tokens", (kind) => String(of(kind)?.rules.framesAreTokens)],
  ];
  const of = (kind: string) => kinds.find(([name]) => name === kind)?.[1];
  const names = kinds.map(([name]) => name);
  return table(
    ["field", ...names.map((name) => code(name))],
    properties.map(([field, value]) => [code(field), ...names.map(value)]),
  );
}

const INTRO = `# Configuration

All fields of all files of the guardrails folder. How they work together is in
[configuration](../configuration.md). An unknown key is an error.

Types: a **name** has 1 to ${fields.ID_CHARACTERS_MAX} printable characters; a **duration** is a whole number
and its unit (\`500ms\`, \`30s\`, \`10m\`, \`24h\`, \`1d\`); an **amount** is a decimal in USD, as a number or
in quotes; **host:port** is like \`127.0.0.1:4141\` or \`[::1]:4141\`.
`;

/** The whole page. */
export function configurationPage(): string {
  return [
    INTRO,
    section("slipclutch.yaml", "Required.", rowsOf(jsonSchema(slipclutchSchema), "")),
    `### What a provider's kind sets\n\nUnless the provider says otherwise:\n\n${kindsTable()}\n`,
    section(
      "agents/AGENT.yaml, .yml or .json",
      "One file for each agent; its name without the ending is the agent's id. What a manifest leaves out under `limits` holds as `limits` in slipclutch.yaml says.",
      rowsOf(jsonSchema(manifestSchema), ""),
    ),
    section(
      "prices.yaml",
      "Optional. The first level is a provider's `prices_of`, the second the exact id of a model at that provider. Rates are in USD for a million tokens, fees in USD.",
      innerRows(entryOf(jsonSchema(pricesSchema)), "LIST").map(([field, ...rest]) => [
        field.replace("LIST.NAME", "LIST.MODEL"),
        ...rest,
      ]),
    ),
  ].join("\n");
}
