/** Keys that the signature of a token may hold under: one of a PEM block, or those of a JWK set. */
import { base64Bytes, base64UrlBytes, STANDARD } from "../formats/base64.ts";
import { utf8Bytes } from "../formats/utf8.ts";
import type { HashAlgorithm, PublicKey, SignatureAlgorithm } from "../host.ts";
import { jsonText, parseJson } from "../values/json.ts";
import { isList, RegoObject, type Value } from "../values/value.ts";
import { attempt, type BuiltinCall, failed } from "./builtin.ts";
import { sameBytes } from "./crypto.ts";

export interface VerificationKey {
  /** Empty where none is told. */
  readonly alg: string;
  readonly kid: string;
  /** Bytes of a secret that is shared. */
  readonly key: PublicKey | Uint8Array;
  readonly isPrivate: boolean;
}

const SIGNATURES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"].concat(
  "ES512",
  "EdDSA",
);

const HMACS: ReadonlyMap<string, HashAlgorithm> = new Map([
  ["HS256", "sha256"],
  ["HS384", "sha384"],
  ["HS512", "sha512"],
]);

function isSignature(alg: string): alg is SignatureAlgorithm {
  return SIGNATURES.includes(alg);
}

/** Each text is read once. */
export function keysOf(text: string, call: BuiltinCall): readonly VerificationKey[] {
  const known = call.memory("io.jwt keys");
  const found = known.get(text);
  // Nothing else is ever put into this memory.
  if (found !== undefined) return found as readonly VerificationKey[];
  const keys = pemKey(text, call) ?? jwkKeys(text, call);
  known.set(text, keys);
  return keys;
}

const PEM = /(?:^|\n)-----BEGIN ([^\n]*)-----[ \t]*\r?\n([^-]*)-----END \1-----[ \t]*(?:\r?\n|$)/;

function pemKey(text: string, call: BuiltinCall): readonly VerificationKey[] | undefined {
  const block = PEM.exec(text);
  if (block === null || !isBase64(block[2] ?? "")) return undefined;
  const end = block.index + block[0].length;
  if (end < text.length) throw failed("extra data after a PEM certificate block");
  if (block[1] !== "CERTIFICATE" && block[1] !== "PUBLIC KEY") {
    throw failed("failed to extract a Key from the PEM certificate");
  }
  const what = block[1] === "CERTIFICATE" ? "certificate" : "public key";
  const key = publicKey(block[0].trim(), `failed to parse a PEM ${what}`, call);
  return [{ alg: "", kid: "", key, isPrivate: false }];
}

function isBase64(body: string): boolean {
  try {
    base64Bytes(body.replace(/[ \t]/g, ""), STANDARD);
    return true;
  } catch {
    return false;
  }
}

function publicKey(text: string, problem: string, call: BuiltinCall): PublicKey {
  try {
    return call.host.publicKey(text);
  } catch (error) {
    throw failed(`${problem}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const NO_JWK = "failed to parse a JWK key (set)";

/** Keys for what no token is signed with are left out. */
function jwkKeys(text: string, call: BuiltinCall): readonly VerificationKey[] {
  const value = jwkSet(text);
  const keys = value instanceof RegoObject ? value.get("keys") : undefined;
  const all = keys === undefined ? [value] : keys;
  if (!isList(all)) throw failed(`${NO_JWK}: keys must be a list`);
  return all
    .map((each) => jwkKey(each, call))
    .filter(({ alg }) => alg === "" || isSignature(alg) || HMACS.has(alg));
}

function jwkSet(text: string): Value {
  try {
    return parseJson(text);
  } catch (error) {
    throw failed(`${NO_JWK}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function jwkKey(value: Value, call: BuiltinCall): VerificationKey {
  if (!(value instanceof RegoObject)) throw failed(`${NO_JWK}: a key must be an object`);
  const [alg, kid] = [textIn(value, "alg"), textIn(value, "kid")];
  const isPrivate = value.has("d");
  if (textIn(value, "kty") === "oct") {
    const secret = textIn(value, "k");
    return { alg, kid, key: attempt(() => base64UrlBytes(secret)), isPrivate };
  }
  return { alg, kid, key: publicKey(jsonText(value), NO_JWK, call), isPrivate };
}

function textIn(value: RegoObject, name: string): string {
  const text = value.get(name) ?? "";
  if (typeof text === "string") return text;
  throw failed(`${NO_JWK}: ${name} must be a string`);
}

export interface SignedToken {
  readonly text: string;
  readonly signature: Uint8Array;
}

/** By the algorithm that the header of the token names. */
export function holdsUnder(
  key: PublicKey | Uint8Array,
  alg: string,
  { text, signature }: SignedToken,
  call: BuiltinCall,
): boolean {
  const bytes = utf8Bytes(text);
  if (key instanceof Uint8Array) {
    const hash = HMACS.get(alg);
    return hash !== undefined && sameBytes(call.host.hmac(hash, key, bytes), signature);
  }
  return isSignature(alg) && key.verify({ algorithm: alg, bytes, signature, anySalt: false });
}
