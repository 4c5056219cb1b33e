/**
 * What a call is about, by its arguments: the resources that policies are asked of. Where one that
 * the manifest declares cannot be made out, the call is refused: a rule about it would look at
 * nothing and find nothing wrong.
 */
import { deny } from "../verdict.ts";
import type { ToolGuard } from "./facts.ts";
import { readPointer } from "./pointer.ts";
import type { ResourceRule, ToolAsk } from "./tool.ts";

export interface Resource {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** Why there are none. */
export interface Underivable {
  readonly at: string;
  readonly because: string;
}

/** Each is to be allowed by itself: more are no query that a person wrote. */
const RESOURCES_MAX = 100;
/** An attribute is a name, not a document. */
const ATTRIBUTE_CHARACTERS_MAX = 1024;
/** Of what is recorded. */
const TOLD_CHARACTERS_MAX = 200;

export const DATABASE = "database";

export const resource: ToolGuard = ({ ask, resolved }) => {
  // The grant has been asked before and refused these.
  if (typeof resolved === "string") return deny("gateway.unsure", { because: "no granted tool" });
  if (resolved.resource.length === 0) return { kind: "allow", numbers: {} };
  const found = resourcesOf(resolved.resource, ask);
  if ("because" in found) {
    return deny("resource.underivable", { tool: ask.tool, at: found.at, because: found.because });
  }
  return { kind: "allow", numbers: { resources: found.length, are: toldOf(found) } };
};

/** The resources of a call by all of its rules, each once; several tables are several. */
export function resourcesOf(
  rules: readonly ResourceRule[],
  { arguments: given }: Pick<ToolAsk, "arguments">,
): readonly Resource[] | Underivable {
  const call = { arguments: given };
  const all = new Map<string, Resource>();
  for (const rule of rules) {
    const found = rule.kind === "sql-tables" ? tablesOf(rule, call) : attributesOf(rule, call);
    if ("because" in found) return found;
    for (const one of found) all.set(JSON.stringify(one), one);
  }
  return [...all.values()];
}

type Of<Kind> = Extract<ResourceRule, { readonly kind: Kind }>;

function tablesOf(
  { pointer, read }: Of<"sql-tables">,
  call: object,
): readonly Resource[] | Underivable {
  const no = (because: string): Underivable => ({ at: pointer, because });
  const text = readPointer(call, pointer);
  if (typeof text !== "string") return no("no SQL is there");
  const { tables, writes } = read(text);
  if (tables === null) return no(`its tables cannot be known: ${writes ?? "it is not clear"}`);
  if (tables.length === 0) return no("it names no table");
  if (tables.length > RESOURCES_MAX) return no(`it names more than ${RESOURCES_MAX} tables`);
  return tables.map((name) => ({ type: DATABASE, attributes: { table_name: name } }));
}

function attributesOf(
  { pointers, type }: Of<"attributes">,
  call: object,
): readonly Resource[] | Underivable {
  const attributes: Record<string, string | number | boolean> = {};
  for (const [name, pointer] of pointers) {
    const value = attributeOf(readPointer(call, pointer), type === DATABASE && isName(name));
    if (value === null) return { at: pointer, because: `${name} is not clear there` };
    attributes[name] = value;
  }
  return [{ type, attributes }];
}

/** One that an agent sends as such, where it asks a policy itself: no other than ours would be. */
export function resourceSent(sent: unknown): Resource | Underivable {
  if (!isFields(sent)) return { at: SENT_AT, because: "it is no object" };
  const { type, ...fields } = sent;
  if (typeof type !== "string" || type === "" || type.length > ATTRIBUTE_CHARACTERS_MAX) {
    return { at: `${SENT_AT}/type`, because: "its type is not clear there" };
  }
  const attributes = Object.entries(fields).map(
    ([name, value]) => [name, attributeOf(value, type === DATABASE && isName(name))] as const,
  );
  const unclear = attributes.find(([, value]) => value === null);
  if (unclear !== undefined) {
    const name = unclear[0].slice(0, TOLD_CHARACTERS_MAX);
    return { at: `${SENT_AT}/${name}`, because: `${name} is not clear there` };
  }
  // `as`: one that is null was found a moment ago.
  return { type, attributes: Object.fromEntries(attributes) as Resource["attributes"] };
}

const SENT_AT = "/input/resource";

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Null: nothing, or nothing that a rule could be held against. */
function attributeOf(value: unknown, isDatabaseName: boolean): string | number | boolean | null {
  if (typeof value === "string") {
    if (value === "" || value.length > ATTRIBUTE_CHARACTERS_MAX) return null;
    return isDatabaseName ? foldedTable(value) : value;
  }
  if (isDatabaseName) return null;
  if (typeof value === "boolean") return value;
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** `table_name`, `name`: what databases write in any case and with a schema before it. */
function isName(attribute: string): boolean {
  return /(?:^|_)name$/.test(attribute);
}

const PART = /(?:"(?:[^"\p{Cc}]|"")+"|[\p{L}_][\p{L}\p{M}\p{N}_$]*)/u;
const TABLE = new RegExp(`^(?:${PART.source}\\.){0,2}(${PART.source})$`, "u");

/** `Public."Orders"` → `orders`; null: it is not the name of one table. */
function foldedTable(written: string): string | null {
  const last = TABLE.exec(written)?.[1];
  if (last === undefined) return null;
  const bare = last.startsWith('"') ? last.slice(1, -1).replaceAll('""', '"') : last;
  return bare.toLowerCase();
}

/** `database table_name=orders, database table_name=users`. */
function toldOf(found: readonly Resource[]): string {
  const all = found.map(({ attributes, type }) => {
    const words = Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
    return [type, ...words].join(" ");
  });
  const text = all.join(", ");
  return text.length > TOLD_CHARACTERS_MAX ? `${text.slice(0, TOLD_CHARACTERS_MAX)}…` : text;
}
