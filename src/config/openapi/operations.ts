/** Operations of an OpenAPI document → tools over HTTP, and why the others are none. */
import type { BodyPlace, HttpPlaces, PathPart } from "../../guards/tool/places.ts";
import type { HttpCredential, HttpOperation } from "../configuration.ts";
import { doubled, effectOf, METHODS, pathParts } from "../http-requests.ts";
import { isArgumentName, type Owned, type Parameter, parametersOf } from "./parameters.ts";
import { isMap, type JsonMap, resolved } from "./references.ts";
import { definitionsOf, newReading, type Reading, readSchema } from "./schemas.ts";

/** More would be more than a person grants. */
export const OPERATIONS_MAX = 2000;
/** Of the schema of one tool's arguments: it goes into a model's context. */
export const SCHEMA_CHARS_MAX = 64 * 1024;
/** Of all of them: what they share stands in each. */
const SCHEMAS_CHARS_MAX = 16 * 1024 * 1024;
const DESCRIPTION_CHARS_MAX = 4096;
/** The argument that is the body. */
const BODY = "body";

/** What the configuration says of one tool, before its operation is read. */
export interface Terms {
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: readonly HttpCredential[];
  readonly description: string | null;
  readonly effect: "read" | "write" | null;
}

export interface Reader {
  readonly root: JsonMap;
  readonly isOld: boolean;
  /** The server is the configuration's: what the document says of places counts for nothing. */
  readonly hasUrl: boolean;
  /** `security`: of the operation, as the document has it. */
  terms(tool: string, security: unknown): Terms;
}

export interface Operations {
  readonly tools: ReadonlyMap<string, HttpOperation>;
  readonly leftOut: ReadonlyMap<string, string>;
  /** There are more than are read, or their schemas are larger. */
  readonly tooMany: boolean;
}

interface Found {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly item: JsonMap;
  readonly operation: JsonMap;
}

export function operationsOf(reader: Reader): Operations {
  const { found, leftOut, tooMany } = find(reader.root);
  const tools = new Map<string, HttpOperation>();
  let chars = 0;
  for (const one of found) {
    if (leftOut.has(one.name)) continue;
    const tool = toolOf(one, reader);
    if (typeof tool === "string") leftOut.set(one.name, tool);
    else tools.set(one.name, tool);
    chars += typeof tool === "string" ? 0 : JSON.stringify(tool.inputSchema).length;
    if (chars > SCHEMAS_CHARS_MAX) return { tools, leftOut, tooMany: true };
  }
  return { tools, leftOut, tooMany };
}

function find(root: JsonMap) {
  const found: Found[] = [];
  const leftOut = new Map<string, string>();
  const names = new Set<string>();
  for (const [path, written] of Object.entries(isMap(root.paths) ? root.paths : {})) {
    const item = path.startsWith("/") ? resolved(written, root) : "";
    if (typeof item === "string") continue;
    for (const [key, operation] of Object.entries(item)) {
      const method = METHODS.find((each) => each.toLowerCase() === key);
      if (method === undefined || !isMap(operation)) continue;
      if (found.length >= OPERATIONS_MAX) return { found: [], leftOut, tooMany: true };
      const name = nameOf(operation.operationId, method, path);
      // What is not clear means none.
      if (names.has(name)) leftOut.set(name, "several operations have this name");
      names.add(name);
      found.push({ name, method, path, item, operation });
    }
  }
  return { found, leftOut, tooMany: false };
}

/** Without an `operationId`: `GET /tickets/{id}` is `get_tickets_id`, whatever else changes. */
function nameOf(operationId: unknown, method: string, path: string): string {
  if (isArgumentName(operationId) && operationId.trim() === operationId) {
    return operationId.normalize("NFC");
  }
  return `${method.toLowerCase()}${path}`
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/_$/, "")
    .slice(0, 128);
}

function toolOf({ item, method, name, operation, path }: Found, reader: Reader) {
  const { root } = reader;
  if (!reader.hasUrl && (Object.hasOwn(item, "servers") || Object.hasOwn(operation, "servers"))) {
    return "it has servers of its own: set url to say which one holds";
  }
  const terms = reader.terms(name, operation.security ?? root.security);
  const lists = [item.parameters, operation.parameters];
  const parameters = parametersOf(lists, root, ownedBy(terms));
  if (typeof parameters === "string") return parameters;
  const parts = partsOf(path, parameters);
  if (typeof parts === "string") return parts;
  const body = bodyOf(operation, method, root);
  if (typeof body === "string") return body;

  const twice = doubled([...parameters.map((one) => one.name), ...(body === null ? [] : [BODY])]);
  if (twice !== null) return `it has two arguments that are called ${twice}`;
  const reading = newReading(root, reader.isOld);
  const inputSchema = inputSchemaOf(parameters, body, reading);
  if (reading.problem !== null) return reading.problem;
  if (JSON.stringify(inputSchema).length > SCHEMA_CHARS_MAX) {
    return `the schema of its arguments has more than ${SCHEMA_CHARS_MAX} characters`;
  }
  const { credentials, headers } = terms;
  return {
    method,
    places: placesOf(parts, parameters, body),
    headers,
    credentials,
    description: terms.description ?? describedBy(operation, method, path),
    inputSchema,
    isRead: (terms.effect ?? effectOf(method)) === "read",
  };
}

function ownedBy({ credentials, headers }: Terms): Owned {
  const of = (place: HttpCredential["in"]) =>
    credentials.filter((one) => one.in === place).map(({ name }) => name);
  const names = [...Object.keys(headers), ...of("header")].map((name) => name.toLowerCase());
  return { headers: new Set(names), query: new Set(of("query")), cookies: new Set(of("cookie")) };
}

/** A path without . and .., whose holes are parameters, each once. */
function partsOf(path: string, parameters: readonly Parameter[]): readonly PathPart[] | string {
  const names = parameters.flatMap((one) => (one.in === "path" ? [one.name] : []));
  const parts = pathParts(path);
  const holes = parts.flatMap((part) => ("argument" in part ? [part.argument] : []));
  const fixed = parts.map((part) => ("text" in part ? part.text : "x")).join("");
  if (!/^(?:[\w\-.~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/.test(fixed)) {
    return "its path has characters that no path of a URL has";
  }
  if (/\/\.{1,2}(?:\/|$)/.test(fixed)) return "its path has . or .. in it";
  const stray =
    holes.find((hole) => !names.includes(hole)) ?? names.find((name) => !holes.includes(name));
  if (stray !== undefined) return `its path and its parameters do not agree on ${stray}`;
  const twice = doubled(holes);
  return twice === null ? parts : `its path has ${twice} twice`;
}

interface Body {
  readonly type: string;
  readonly schema: unknown;
  readonly required: boolean;
}

function bodyOf(operation: JsonMap, method: string, root: JsonMap): Body | null | string {
  if (operation.requestBody === undefined) return null;
  const body = resolved(operation.requestBody, root);
  if (typeof body === "string") return body;
  if (effectOf(method) === "read") return `it is a ${method} with a body`;
  const content = isMap(body.content) ? Object.entries(body.content) : [];
  const json = content.find(([type]) =>
    /^(?:application\/(?:[\w.!#$&^-]+\+)?json|application\/\*|\*\/\*)\s*(?:;|$)/i.test(type),
  );
  if (json === undefined) {
    const types = content.map(([type]) => type.slice(0, 60)).slice(0, 3);
    return `its body is ${types.join(", ") || "of no type"}, and only JSON is written`;
  }
  const [written, media] = json;
  const type = written.includes("*")
    ? "application/json"
    : written.split(";")[0]?.trim().toLowerCase();
  const schema = isMap(media) && media.schema !== undefined ? media.schema : {};
  return { type: type ?? "", schema, required: body.required === true };
}

function inputSchemaOf(parameters: readonly Parameter[], body: Body | null, reading: Reading) {
  const read = parameters.map(({ name, schema }) => [name, readSchema(schema, reading)] as const);
  if (body !== null) read.push([BODY, readSchema(body.schema, reading)]);
  const required = parameters.flatMap((one) => (one.required ? [one.name] : []));
  if (body?.required) required.push(BODY);
  const definitions = definitionsOf(reading);
  return {
    type: "object",
    properties: Object.fromEntries(read),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions }),
  };
}

function placesOf(
  path: readonly PathPart[],
  parameters: readonly Parameter[],
  body: Body | null,
): HttpPlaces {
  const of = (place: Parameter["in"]) => parameters.filter((one) => one.in === place);
  const whole: BodyPlace | null = body && { kind: "whole", argument: BODY, type: body.type };
  return {
    path,
    query: of("query").map(({ name, style }) => ({ name, style })),
    headers: of("header").map(({ name }) => name),
    cookies: of("cookie").map(({ name }) => name),
    body: whole,
  };
}

function describedBy({ description, summary }: JsonMap, method: string, path: string): string {
  const words = [summary, description].filter((text) => typeof text === "string" && text !== "");
  return (words.join("\n\n") || `${method} ${path}`).slice(0, DESCRIPTION_CHARS_MAX);
}
