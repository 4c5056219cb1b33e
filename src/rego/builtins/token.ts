/** JSON Web Tokens in compact form: their three parts, and what the header may say. */
import { base64UrlBytes } from "../formats/base64.ts";
import { utf8Text } from "../formats/utf8.ts";
import { parseJson } from "../values/json.ts";
import { isList, RegoObject, type Value } from "../values/value.ts";
import { attempt, failed, wrongType } from "./builtin.ts";

export interface Token {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
}

export function parseToken(value: Value): Token {
  if (typeof value !== "string") throw wrongType(1, "string", value);
  const [header = "", payload, signature, ...others] = value.split(".");
  if (payload === undefined) throw failed("encoded JWT had no period separators");
  if (signature === undefined || others.length > 0) {
    const count = signature === undefined ? 2 : 3 + others.length;
    throw failed(`encoded JWT must have 3 sections, found ${count}`);
  }
  return { header, payload, signature };
}

/** What was signed. */
export function signedText({ header, payload }: Token): string {
  return `${header}.${payload}`;
}

export function decodeHeader({ header }: Token): RegoObject {
  const text = decodePart("header", header);
  const decoded = objectIn(text, "bad JWT header: ");
  if (decoded.has("enc")) throw failed("JWT is a JWE object, which is not supported");
  return decoded;
}

export function decodePart(name: string, encoded: string): string {
  try {
    return utf8Text(base64UrlBytes(encoded));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw failed(`JWT ${name} had invalid encoding: ${problem}`);
  }
}

export function signatureBytes({ signature }: Token): Uint8Array {
  return attempt(() => base64UrlBytes(signature));
}

export function objectIn(text: string, prefix = ""): RegoObject {
  const value = jsonIn(text, prefix);
  if (value instanceof RegoObject) return value;
  throw failed(`${prefix}decoded JSON type was not an Object`);
}

function jsonIn(text: string, prefix: string): Value {
  try {
    return parseJson(text);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw failed(`${prefix}invalid JSON: ${problem}`);
  }
}

export interface HeaderFields {
  readonly alg: string;
  readonly kid: string;
  readonly cty: string;
  /** An algorithm, and nothing critical that is not known here. */
  readonly isValid: boolean;
}

const KNOWN = ["alg", "crit", "cty", "kid", "typ"];

export function headerFields(header: RegoObject): HeaderFields {
  const alg = textField(header, "alg");
  const critical = criticalFields(header);
  const [cty, kid] = [textField(header, "cty"), textField(header, "kid")];
  textField(header, "typ");
  const isUnknown = (name: string) => !KNOWN.includes(name) && header.has(name);
  return { alg, kid, cty, isValid: alg !== "" && !critical.some(isUnknown) };
}

function textField(header: RegoObject, name: string): string {
  const value = header.get(name) ?? "";
  if (typeof value === "string") return value;
  throw failed(`${name}: must be a string`);
}

/** OPA stops at the first that is no string, and takes what came before it. */
function criticalFields(header: RegoObject): readonly string[] {
  const value = header.get("crit");
  if (value === undefined) return [];
  if (!isList(value)) throw failed("crit: must be a list");
  const end = value.findIndex((each) => typeof each !== "string");
  const names = value.slice(0, end < 0 ? value.length : end).map(String);
  if (names.length === 0) throw failed("crit: must be a nonempty list");
  return names;
}
