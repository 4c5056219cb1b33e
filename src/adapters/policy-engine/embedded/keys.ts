/** Public keys and the signatures of JSON Web Tokens, by Node's crypto. */
import {
  constants,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  verify,
  X509Certificate,
} from "node:crypto";
import type { PublicKey, SignatureAlgorithm, SignedBytes } from "../../../rego/host.ts";

/** Go verifies nothing with a smaller RSA key. */
const RSA_BITS_MIN = 1_024;

/** Of a PEM block or a JWK. */
export function publicKey(text: string): PublicKey {
  const key = keyIn(text);
  return { verify: (signed) => isSignedBy(key, signed) };
}

function keyIn(text: string): KeyObject {
  if (text.startsWith("-----BEGIN CERTIFICATE-----")) return new X509Certificate(text).publicKey;
  if (text.startsWith("-----")) return createPublicKey(text);
  const key = publicPart(JSON.parse(text));
  return createPublicKey({ key, format: "jwk" });
}

/** The members of the public part; Node reads a private key where it finds `d`. */
function publicPart(key: Readonly<Record<string, unknown>>): JsonWebKey {
  const members = ["kty", "n", "e", "crv", "x", "y"].map((name) => [name, key[name]]);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

const HASHES: Readonly<Record<SignatureAlgorithm, string | null>> = {
  RS256: "sha256",
  RS384: "sha384",
  RS512: "sha512",
  PS256: "sha256",
  PS384: "sha384",
  PS512: "sha512",
  ES256: "sha256",
  ES384: "sha384",
  ES512: "sha512",
  EdDSA: null,
};

const FAMILIES: Readonly<Record<string, string>> = { R: "rsa", P: "rsa", E: "ec" };

function isSignedBy(
  key: KeyObject,
  { algorithm, bytes, signature, anySalt }: SignedBytes,
): boolean {
  const hash = HASHES[algorithm];
  const family = algorithm === "EdDSA" ? "ed25519" : FAMILIES[algorithm.charAt(0)];
  if (key.asymmetricKeyType !== family) return false;
  if ((key.asymmetricKeyDetails?.modulusLength ?? RSA_BITS_MIN) < RSA_BITS_MIN) return false;
  if (family === "ec") return verify(hash, bytes, { key, dsaEncoding: "ieee-p1363" }, signature);
  if (!algorithm.startsWith("P")) return verify(hash, bytes, key, signature);
  const { RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_AUTO, RSA_PSS_SALTLEN_DIGEST } = constants;
  const saltLength = anySalt ? RSA_PSS_SALTLEN_AUTO : RSA_PSS_SALTLEN_DIGEST;
  return verify(hash, bytes, { key, padding: RSA_PKCS1_PSS_PADDING, saltLength }, signature);
}
