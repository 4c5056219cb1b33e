/** JSON Web Tokens: decoded, verified, and both with constraints on what they claim. */
import { hexText } from "../formats/hex.ts";
import { utf8Bytes } from "../formats/utf8.ts";
import type { HashAlgorithm, SignatureAlgorithm } from "../host.ts";
import { objectOf, type RegoObject, type Value } from "../values/value.ts";
import { type BuiltinCall, type Builtins, object, operand, type Run, text } from "./builtin.ts";
import { sameBytes } from "./crypto.ts";
import {
  decodeHeader,
  decodePart,
  headerFields,
  objectIn,
  parseToken,
  signatureBytes,
  signedText,
  type Token,
} from "./token.ts";
import { type Constraints, constraintsOf, meets } from "./token-constraints.ts";
import { holdsUnder, keysOf, type VerificationKey } from "./token-keys.ts";

export const TOKENS: Builtins = {
  "io.jwt.decode": (operands) => decode(operand(operands, 1)),
  "io.jwt.decode_verify": (operands, call) => {
    const constraints = constraintsOf(object(operands, 2), call);
    return decodeVerified(operand(operands, 1), constraints, call) ?? UNVERIFIED;
  },
  "io.jwt.verify_rs256": signed("RS256"),
  "io.jwt.verify_rs384": signed("RS384"),
  "io.jwt.verify_rs512": signed("RS512"),
  "io.jwt.verify_ps256": signed("PS256"),
  "io.jwt.verify_ps384": signed("PS384"),
  "io.jwt.verify_ps512": signed("PS512"),
  "io.jwt.verify_es256": signed("ES256"),
  "io.jwt.verify_es384": signed("ES384"),
  "io.jwt.verify_es512": signed("ES512"),
  "io.jwt.verify_eddsa": signed("EdDSA"),
  "io.jwt.verify_hs256": authenticated("sha256"),
  "io.jwt.verify_hs384": authenticated("sha384"),
  "io.jwt.verify_hs512": authenticated("sha512"),
};

const UNVERIFIED: Value = [false, objectOf([]), objectOf([])];

/** The payload of a token may be a token, quoted by some who make them. */
function decode(value: Value): Value {
  const token = parseToken(value);
  const header = decodeHeader(token);
  const payload = decodePart("payload", token.payload);
  const cty = header.get("cty");
  if (cty === "JWT") return decode(payload.replace(/^["']+|["']+$/g, ""));
  const claims = objectIn(payload);
  const signature = utf8Bytes(decodePart("signature", token.signature));
  return [header, claims, hexText(signature)];
}

function signed(algorithm: SignatureAlgorithm): Run {
  return (operands, call) => {
    const token = parseToken(operand(operands, 1));
    const keys = keysOf(text(operands, 2), call);
    const signature = signatureBytes(token);
    const { alg, kid } = headerFields(decodeHeader(token));
    const bytes = utf8Bytes(signedText(token));
    return candidates(keys, { alg, kid }).some(({ key, isPrivate }) => {
      if (key instanceof Uint8Array || isPrivate) return false;
      return key.verify({ algorithm, bytes, signature, anySalt: true });
    });
  };
}

/** The key that the token names, else every one that is not for another algorithm. */
function candidates(
  keys: readonly VerificationKey[],
  { alg, kid }: { readonly alg: string; readonly kid: string },
): readonly VerificationKey[] {
  const named = kid === "" ? undefined : keys.find((key) => key.kid === kid);
  if (named !== undefined) return [named];
  return keys.filter((key) => key.alg === "" || key.alg === alg);
}

function authenticated(algorithm: HashAlgorithm): Run {
  return (operands, { host }) => {
    const value = text(operands, 1);
    const secret = utf8Bytes(text(operands, 2));
    const token = parseToken(value);
    const code = host.hmac(algorithm, secret, utf8Bytes(signedText(token)));
    return sameBytes(signatureBytes(token), code);
  };
}

/** Undefined: it does not hold. Of nested tokens each has to be signed. */
function decodeVerified(
  value: Value,
  constraints: Constraints,
  call: BuiltinCall,
): Value | undefined {
  let next = value;
  for (;;) {
    const token = parseToken(next);
    const header = decodeHeader(token);
    const fields = headerFields(header);
    if (!fields.isValid) return undefined;
    if (constraints.alg !== "" && constraints.alg !== fields.alg) return undefined;
    if (!isSigned(token, fields, constraints, call)) return undefined;
    const payload = decodePart("payload", token.payload);
    if (fields.cty.toUpperCase() !== "JWT") return claimed(header, payload, constraints);
    next = payload;
  }
}

function isSigned(
  token: Token,
  fields: { readonly alg: string; readonly kid: string },
  { keys, secret }: Constraints,
  call: BuiltinCall,
): boolean {
  const signature = signatureBytes(token);
  const signed = { text: signedText(token), signature };
  if (keys === undefined) return holdsUnder(utf8Bytes(secret), fields.alg, signed, call);
  return candidates(keys, fields).some(({ key }) => holdsUnder(key, fields.alg, signed, call));
}

function claimed(header: RegoObject, text: string, constraints: Constraints): Value | undefined {
  const payload = objectIn(text);
  return meets(payload, constraints) ? [true, header, payload] : undefined;
}
