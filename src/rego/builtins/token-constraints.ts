/** What `io.jwt.decode_verify` is to hold a token to. */
import { compareNumbers, type Numeric, numberOf, numberText } from "../values/number.ts";
import { isList, type RegoObject, type Value } from "../values/value.ts";
import { type BuiltinCall, failed, isNumeric } from "./builtin.ts";
import { keysOf, type VerificationKey } from "./token-keys.ts";

export interface Constraints {
  readonly keys: readonly VerificationKey[] | undefined;
  readonly secret: string;
  /** Empty: any. */
  readonly alg: string;
  readonly iss: string;
  /** Empty: none. */
  readonly aud: string;
  /** In seconds, with the digits of a double, as OPA divides. */
  readonly now: Numeric;
}

const NAMES = ["alg", "aud", "cert", "iss", "secret", "time"];

export function constraintsOf(object: RegoObject, call: BuiltinCall): Constraints {
  for (const name of object.keys()) {
    if (typeof name === "string" && NAMES.includes(name)) continue;
    throw failed(`unknown token validation constraint: ${String(name)}`);
  }
  const [alg, aud] = [textIn(object, "alg"), textIn(object, "aud")];
  const cert = object.has("cert") ? keysOf(textIn(object, "cert"), call) : undefined;
  const [iss, secret] = [textIn(object, "iss"), textIn(object, "secret")];
  const now = secondsOf(object.get("time") ?? numberOf(String(call.host.now())));
  if (cert !== undefined && secret !== "") throw failed("duplicate key constraints");
  if (cert === undefined && secret === "") throw failed("no key constraint");
  return { keys: cert, secret, alg, iss, aud, now };
}

function textIn(object: RegoObject, name: string): string {
  const value = object.get(name) ?? "";
  if (typeof value === "string") return value;
  throw failed(`${name} constraint: must be a string`);
}

function secondsOf(time: Value): Numeric {
  if (!isNumeric(time)) throw failed("token time constraint: must be a number");
  const nanos = Number(numberText(time));
  if (!Number.isFinite(nanos)) throw failed("token time constraint: unvalid float64");
  if (nanos < 0) throw failed("token time constraint: must not be negative");
  return numberOf(String(nanos / 1_000_000_000));
}

export function meets(payload: RegoObject, { iss, aud, now }: Constraints): boolean {
  if (iss !== "" && issuer(payload) !== iss) return false;
  if (!isAudience(payload.get("aud"), aud)) return false;
  const exp = numberIn(payload, "exp");
  if (exp !== undefined && compareNumbers(now, exp) >= 0) return false;
  const nbf = numberIn(payload, "nbf");
  return nbf === undefined || compareNumbers(now, nbf) >= 0;
}

function issuer(payload: RegoObject): string | undefined {
  const iss = payload.get("iss");
  if (iss === undefined || typeof iss === "string") return iss;
  throw failed("iss value must be a string");
}

function isAudience(aud: Value | undefined, wanted: string): boolean {
  if (aud === undefined) return wanted === "";
  if (typeof aud === "string") return aud === wanted;
  return isList(aud) && aud.some((each) => each === wanted);
}

function numberIn(payload: RegoObject, name: string): Numeric | undefined {
  const value = payload.get(name);
  if (value === undefined || isNumeric(value)) return value;
  throw failed(`${name} value must be a number`);
}
