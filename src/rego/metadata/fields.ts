/** The lists of a `# METADATA` block, element by element. Each throws an `Error`. */
import type { Term } from "../syntax/ast.ts";
import { parseTerm } from "../syntax/parse.ts";
import { objectOf, RegoObject, type Value } from "../values/value.ts";

/** `Name <email>`, or an object of both. */
export function author(value: Value): Value {
  if (value instanceof RegoObject) {
    const made = written([
      ["name", trimmed(value, "name")],
      ["email", trimmed(value, "email")],
    ]);
    if (made.size > 0) return made;
    throw new Error("invalid author definition: 'name' and/or 'email' values required in object");
  }
  if (typeof value !== "string") {
    throw new Error("invalid author definition: invalid value type, must be string or map");
  }
  const words = value.split(/\s+/u).filter((word) => word !== "");
  if (words.length === 0) {
    throw new Error("invalid author definition: author is an empty string");
  }
  const email = /^<(.*)>$/su.exec(words.at(-1) ?? "")?.[1];
  const name = email === undefined ? words : words.slice(0, -1);
  return written([
    ["name", name.join(" ")],
    ["email", email ?? ""],
  ]);
}

/** What Go's `url` prints as it was written. */
const PLAIN_URL =
  /^(?:[a-z][a-z0-9+.-]*:\/\/[\w.-]+(?::\d+)?)?(?:\/?[\w.~/-]*)(?:\?[\w.~/=&+,;-]*)?(?:#[\w.~/-]+)?$/i;

/** A URL, or an object of it and a description. */
export function relatedResource(value: Value): Value {
  const isObject = value instanceof RegoObject;
  if (typeof value !== "string" && !isObject) {
    throw new Error("invalid related-resource definition: must be string or map");
  }
  const url = isObject ? trimmed(value, "ref") : value;
  if (url === "") {
    const missing = isObject ? "'ref' value required in object" : "ref URL may not be empty string";
    throw new Error(`invalid related-resource definition: ${missing}`);
  }
  if (!PLAIN_URL.test(url)) {
    throw new Error(`invalid related-resource definition: ${url} is not a URL of plain characters`);
  }
  const description = isObject ? trimmed(value, "description") : "";
  return written([
    ["ref", url],
    ["description", description],
  ]);
}

/** One reference, with a reference to its schema or the schema itself. */
export function schema(value: Value): Value {
  const [entry, ...more] = value instanceof RegoObject ? value.entries() : [];
  const [path, defined] = entry ?? [];
  if (typeof path !== "string" || defined === undefined || more.length > 0) {
    throw new Error("each of schemas must have one reference and its schema");
  }
  if (defined instanceof RegoObject) {
    return objectOf([
      ["path", referenceParts(path, "invalid document reference")],
      ["definition", defined],
    ]);
  }
  if (typeof defined !== "string") {
    throw new Error(`invalid schema declaration for path "${path}"`);
  }
  const parts = referenceParts(defined, "invalid schema reference");
  if (parts[0] !== "schema") throw new Error("invalid schema reference");
  return objectOf([
    ["path", referenceParts(path, "invalid document reference")],
    ["schema", parts],
  ]);
}

function referenceParts(text: string, message: string): readonly string[] {
  const term = parsed(text, message);
  if (term.kind === "variable") return [term.name];
  if (term.kind !== "ref" || term.head.kind !== "variable") throw new Error(message);
  return [term.head.name, ...term.parts.map((part) => textPart(part, message))];
}

function parsed(text: string, message: string): Term {
  try {
    return parseTerm(text);
  } catch (error) {
    throw new Error(message, { cause: error });
  }
}

function textPart(part: Term, message: string): string {
  if (part.kind === "scalar" && typeof part.value === "string") return part.value;
  throw new Error(message);
}

function trimmed(object: RegoObject, name: string): string {
  const value = object.get(name);
  return typeof value === "string" ? value.trim() : "";
}

function written(entries: readonly (readonly [string, string])[]): RegoObject {
  return objectOf(entries.filter(([, text]) => text !== ""));
}
