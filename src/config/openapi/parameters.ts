/** Parameters of an operation → where its arguments go. */
import type { QueryPlace } from "../../guards/tool/places.ts";
import { HEADER_NAME } from "../fields.ts";
import { CONNECTION_HEADERS } from "../http-requests.ts";
import { isMap, type JsonMap, resolved } from "./references.ts";

/** Longest name of an argument. */
const NAME_CHARS_MAX = 128;
/** Of one operation. */
const PARAMETERS_MAX = 200;

/** By the specification a document has no say in these. */
const NOT_A_DOCUMENTS = ["accept", "content-type", "authorization"];
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header" | "cookie";
  readonly style: QueryPlace["style"];
  readonly required: boolean;
  readonly schema: JsonMap;
}

/** What the gateway itself sends: of that a document's parameters are none of the agent's. */
export interface Owned {
  /** In lower case. */
  readonly headers: ReadonlySet<string>;
  readonly query: ReadonlySet<string>;
  readonly cookies: ReadonlySet<string>;
}

/** Those of an operation win over those of its path. A string says why they cannot be read. */
export function parametersOf(
  lists: readonly unknown[],
  root: JsonMap,
  owned: Owned,
): readonly Parameter[] | string {
  const parameters = new Map<string, Parameter>();
  const written = lists.flatMap((list) => (Array.isArray(list) ? list : []));
  if (written.length > PARAMETERS_MAX) return `it has more than ${PARAMETERS_MAX} parameters`;
  for (const one of written) {
    const node = resolved(one, root);
    if (typeof node === "string") return node;
    const parameter = parameterOf(node, root);
    if (typeof parameter === "string") return parameter;
    if (isOurs(parameter, owned)) continue;
    // Headers are the same however they are written.
    const isHeader = parameter.in === "header";
    const key = isHeader ? parameter.name.toLowerCase() : parameter.name;
    parameters.set(`${parameter.in} ${key}`, parameter);
  }
  return [...parameters.values()];
}

function isOurs({ name, in: place }: Parameter, owned: Owned): boolean {
  if (place === "query") return owned.query.has(name);
  // A header of cookies that is set says of all cookies which there are.
  if (place === "cookie") return owned.headers.has("cookie") || owned.cookies.has(name);
  if (place !== "header") return false;
  const header = name.toLowerCase();
  return NOT_A_DOCUMENTS.includes(header) || owned.headers.has(header);
}

function parameterOf(node: JsonMap, root: JsonMap): Parameter | string {
  const { in: place, name, required = false } = node;
  if (!isArgumentName(name)) return "a parameter of it has no plain name";
  if (place !== "path" && place !== "query" && place !== "header" && place !== "cookie") {
    return `its parameter ${name} is in no place that is known`;
  }
  if (place === "header" && CONNECTION_HEADERS.includes(name.toLowerCase())) {
    return `its parameter ${name} is a header of the connection`;
  }
  if ((place === "header" || place === "cookie") && !HEADER_NAME.test(name)) {
    return `its parameter ${name} has a name that no ${place} can have`;
  }
  if (Object.hasOwn(node, "content")) return `its parameter ${name} is a document of its own`;
  const style = styleOf(node, name, typesOf(node.schema, root));
  if (typeof style === "string") return style;
  const schema = isMap(node.schema) ? node.schema : {};
  const described = typeof node.description === "string" && !Object.hasOwn(schema, "$ref");
  return {
    name,
    in: place,
    style: style.style,
    required: place === "path" || required === true,
    schema: described ? { description: node.description, ...schema } : schema,
  };
}

/** A name that an object of arguments can have as its own in every program. */
export function isArgumentName(name: unknown): name is string {
  if (typeof name !== "string" || name === "" || name.length > NAME_CHARS_MAX) return false;
  return name !== "__proto__" && !/[\p{C}\p{Zl}\p{Zp}]/u.test(name);
}

type Type = "list" | "object" | "other";

function typesOf(schema: unknown, root: JsonMap): Type {
  const node = resolved(schema, root);
  // A schema that cannot be read is told of where schemas are read.
  if (typeof node === "string") return "other";
  const types = Array.isArray(node.type) ? node.type : [node.type];
  if (types.includes("array")) return "list";
  return types.includes("object") ? "object" : "other";
}

function styleOf(
  { allowReserved, explode, in: place, style }: JsonMap,
  name: string,
  type: Type,
): { readonly style: QueryPlace["style"] } | string {
  const usual = place === "query" || place === "cookie" ? "form" : "simple";
  const written = style ?? usual;
  if (place === "query" && written === "deepObject") return { style: "members" };
  const isUsual = written === usual && (place !== "query" || allowReserved !== true);
  const isPlain = type === "other" || (type === "list" && place === "query");
  if (!isUsual || !isPlain) {
    return `its parameter ${name} is written in a style that is not read here`;
  }
  return { style: explode === false ? "commas" : "repeated" };
}
