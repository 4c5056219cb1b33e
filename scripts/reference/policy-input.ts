/**
 * docs/reference/policy-input.md, and the names of fields by which `slipclutch policy check` warns:
 * both from the type of the document that policies are asked with.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { declaredType, type Field, type ObjectShape, type Shape } from "./declared-types.ts";
import { code, table } from "./markdown.ts";
import { MODEL_CALL, TOOL_CALL } from "./policy-input-examples.ts";

const PATH = "src/guards/policy/input.ts";
const SOURCE = fileURLToPath(new URL(`../../${PATH}`, import.meta.url));

/** What is at a place of the document: names with what is below them, or nothing that is known. */
export type Known = true | { readonly [name: string]: Known };

/** Stands for any name of a map, and any place of a list. */
const ANY = "*";

function document(): ObjectShape {
  const { shape } = declaredType(PATH, readFileSync(SOURCE, "utf8"), "PolicyInput");
  if (shape.kind !== "object") throw new Error("the document is an object");
  return shape;
}

export function knownFields(): string {
  return `${JSON.stringify(knownOf(document()), null, 1)}\n`;
}

function knownOf(shape: Shape): Known {
  switch (shape.kind) {
    case "plain":
    case "anything":
      return true;
    case "list":
    case "map":
      return { [ANY]: knownOf(shape.of) };
    case "either":
      return shape.of.map(knownOf).reduce(both);
    case "object": {
      const fields = shape.fields.map(({ name, shape: of }) => [name, knownOf(of)] as const);
      const others = shape.others === null ? {} : { [ANY]: knownOf(shape.others) };
      return { ...Object.fromEntries(fields), ...others };
    }
  }
}

/** What one of several has may be there. */
function both(one: Known, other: Known): Known {
  if (one === true || other === true) return one === true ? other : one;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  const merged = [...names].map((name) => [name, both(one[name] ?? true, other[name] ?? true)]);
  return Object.fromEntries(merged);
}

/** Each field by its path, like `budgets[].limit`: what a document is held against. */
export function documentedPaths(): readonly string[] {
  const sections = sectionsOf(document());
  const paths = sections.flatMap(({ path, shape }) => rowsOf(shape, path).map(([field]) => field));
  return [...new Set(paths)].sort();
}

interface Section {
  readonly title: string;
  /** Of its fields, with what stands before each of their names. */
  readonly path: string;
  readonly shape: ObjectShape;
}

/** The whole, then each of its parts that has fields of its own. */
function sectionsOf(whole: ObjectShape): readonly Section[] {
  const parts = whole.fields.flatMap(({ name, shape }) => sectionsIn(shape, name));
  return [{ title: "The document", path: "", shape: whole }, ...parts];
}

function sectionsIn(shape: Shape, path: string): readonly Section[] {
  switch (shape.kind) {
    case "plain":
    case "anything":
      return [];
    case "list":
      return sectionsIn(shape.of, `${path}[]`);
    case "map":
      return sectionsIn(shape.of, `${path}.NAME`);
    case "either":
      return shape.of.flatMap((each) => sectionsIn(each, path));
    case "object":
      return [{ title: titleOf(shape, path), path: `${path}.`, shape }];
  }
}

/** One of several kinds says which it is. */
function titleOf({ fields }: ObjectShape, path: string): string {
  const kind = fields.find(({ name }) => name === "kind")?.shape;
  return kind?.kind === "plain" ? `${code(path)} where its kind is ${kind.words}` : code(path);
}

type Row = readonly [field: string, type: string, meaning: string];

function rowsOf({ fields, others }: ObjectShape, path: string): readonly Row[] {
  const rows = fields.flatMap((field) => rowsOfField(field, path));
  if (others === null) return rows;
  const meaning = "An attribute, as the manifest that grants the tool names it.";
  return [...rows, [`${path}NAME`, typeOf(others), meaning]];
}

/** An object without a declaration of its own has no section: its fields follow. */
function rowsOfField({ isOptional, meaning, name, shape }: Field, path: string): readonly Row[] {
  const type = isOptional ? `${typeOf(shape)}, or absent` : typeOf(shape);
  const unnamed = (shape.kind === "either" ? shape.of : [shape]).filter(
    (each) => each.kind === "object" && each.name === null,
  );
  const inner = unnamed.flatMap((each) =>
    each.kind === "object" ? rowsOf(each, `${path}${name}.`) : [],
  );
  return [[`${path}${name}`, type, meaning], ...inner];
}

function typeOf(shape: Shape): string {
  switch (shape.kind) {
    case "plain":
      return shape.words;
    case "anything":
      return "any";
    case "list":
      return `list of ${typeOf(shape.of)}`;
    case "map":
      return `map of names to ${typeOf(shape.of)}`;
    case "either":
      return [...new Set(shape.of.map(typeOf))].join(" or ");
    case "object":
      return "object";
  }
}

const INTRO = `# The input of policies

The document that the gateway asks each [policy](../policies-in-the-gateway.md) with, version 1: \`input\` in Rego. Names are added in later versions of the gateway, and none gets
another meaning. In \`budgets[]\` stands for each element of a list, and \`NAME\` for a name that the configuration gives. \`slipclutch policy check\` warns where a policy reads a field
that is not here.
`;

const EXAMPLES = `## Examples

A call of a tool, about a table:

\`\`\`json
${JSON.stringify(TOOL_CALL, null, 2)}
\`\`\`

A call of a model:

\`\`\`json
${JSON.stringify(MODEL_CALL, null, 2)}
\`\`\`
`;

/** The whole page. */
export function policyInputPage(): string {
  const sections = sectionsOf(document()).map(({ path, shape, title }) => {
    const rows = rowsOf(shape, path).map(([field, ...rest]) => [code(field), ...rest]);
    return `## ${title}\n\n${table(["field", "type", "meaning"], rows)}\n`;
  });
  return [INTRO, ...sections, EXAMPLES].join("\n");
}
