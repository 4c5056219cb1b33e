/** URIs and their query strings. */
import { parseUrl } from "../formats/url.ts";
import { escapeUrl, unescapeUrl } from "../formats/url-escape.ts";
import { jsonText } from "../values/json.ts";
import { compareStrings, isList, objectOf, RegoSet, type Value } from "../values/value.ts";
import { attempt, BuiltinError, type Builtins, failed, object, operand, text } from "./builtin.ts";

export const URI: Builtins = {
  "uri.parse": (operands) => {
    const uri = text(operands, 1);
    return partsOf(uri);
  },
  "uri.is_valid": (operands) => {
    const uri = operand(operands, 1);
    return typeof uri === "string" && uri !== "" && isUri(uri);
  },
  "urlquery.encode": (operands) => escapeUrl(text(operands, 1), "query"),
  "urlquery.decode": (operands) => {
    const query = text(operands, 1);
    return attempt(() => unescapeUrl(query, "query"));
  },
  "urlquery.encode_object": (operands) => {
    const members = object(operands, 1).entries();
    const named = members.map(([key, value]) => [nameOf(key), textsOf(value)] as const);
    return named
      .sort(([a], [b]) => compareStrings(a, b))
      .flatMap(([name, texts]) => texts.map((each) => `${name}=${each}`))
      .join("&");
  },
  "urlquery.decode_object": (operands) => decodeQuery(text(operands, 1)),
};

function partsOf(uri: string): Value {
  const url = attempt(() => parseUrl(uri));
  const parts = [
    ["scheme", url.scheme],
    ["hostname", url.hostname],
    ["port", url.port],
    ["path", url.path],
    ["raw_path", url.rawPath],
    ["raw_query", url.rawQuery],
    ["fragment", url.fragment],
  ] as const;
  return objectOf(parts.filter(([, part]) => part !== ""));
}

function isUri(uri: string): boolean {
  try {
    parseUrl(uri);
    return true;
  } catch {
    return false;
  }
}

function nameOf(key: Value): string {
  return escapeUrl(typeof key === "string" ? key : jsonText(key), "query");
}

function textsOf(value: Value): readonly string[] {
  if (typeof value === "string") return [escapeUrl(value, "query")];
  const elements = value instanceof RegoSet ? value.sorted() : value;
  if (!isList(elements)) throw notTexts();
  return elements.map((element) => {
    if (typeof element !== "string") throw notTexts();
    return escapeUrl(element, "query");
  });
}

function notTexts(): BuiltinError {
  const message = "operand 1 values must be string, array[string], or set[string]";
  return new BuiltinError("eval_type_error", message);
}

/** Go's own limit. */
const PARAMETERS_MAX = 10_000;

function decodeQuery(query: string): Value {
  const pairs = query.split("&");
  if (pairs.length > PARAMETERS_MAX) {
    throw failed("number of URL query parameters exceeded limit");
  }
  // A semicolon anywhere is what is told, else the first bad escape.
  if (query.includes(";")) throw failed("invalid semicolon separator in query");
  const values = new Map<string, string[]>();
  for (const pair of pairs) {
    if (pair === "") continue;
    const equals = pair.includes("=") ? pair.indexOf("=") : pair.length;
    const [name, value] = attempt(() => [
      unescapeUrl(pair.slice(0, equals), "query"),
      unescapeUrl(pair.slice(equals + 1), "query"),
    ]);
    const known = values.get(name ?? "");
    if (known === undefined) values.set(name ?? "", [value ?? ""]);
    else known.push(value ?? "");
  }
  return objectOf(values);
}
