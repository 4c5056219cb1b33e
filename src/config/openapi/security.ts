/** Security schemes of an OpenAPI document, with the secrets of the configuration → credentials. */
import type { HttpCredential } from "../configuration.ts";
import { basicCredential, bearerCredential } from "../credentials.ts";
import { HEADER_NAME } from "../fields.ts";
import { CONNECTION_HEADERS } from "../http-requests.ts";
import { isMap, type JsonMap, resolved } from "./references.ts";

type Credentials = ReadonlyMap<string, HttpCredential>;

/** What a scheme's secret becomes; a string says why it cannot be sent. */
export function credentialOf(
  scheme: string,
  secret: string,
  root: JsonMap,
): HttpCredential | string {
  const components = isMap(root.components) ? root.components : {};
  const schemes = isMap(components.securitySchemes) ? components.securitySchemes : {};
  if (!Object.hasOwn(schemes, scheme)) return "The document has no such security scheme.";
  const node = resolved(schemes[scheme], root);
  if (typeof node === "string") return `The document's scheme cannot be read: ${node}.`;
  const { in: place, name, scheme: written, type } = node;
  if (type === "apiKey") return keyOf(place, name, secret);
  const isBearer = type === "oauth2" || type === "openIdConnect";
  const kind = isBearer ? "bearer" : type === "http" ? String(written).toLowerCase() : "";
  if (kind === "bearer") {
    const isToken = /^[\x21-\x7e]+$/.test(secret);
    return isToken ? bearerCredential(secret) : "Write a token on one line, without spaces.";
  }
  if (kind !== "basic") return "Schemes of that type are not sent; use auth or headers.";
  const [username = "", ...password] = secret.split(":");
  if (password.length === 0) return "Write it as user:password.";
  return basicCredential(username, password.join(":"));
}

function keyOf(place: unknown, name: unknown, secret: string): HttpCredential | string {
  const isName = typeof name === "string" && name !== "";
  const isPlace = place === "header" || place === "query" || place === "cookie";
  const fits = isName && (place === "query" || HEADER_NAME.test(name));
  const isTaken = isName && CONNECTION_HEADERS.includes(name.toLowerCase());
  if (!isPlace || !fits || (place === "header" && isTaken))
    return "The document does not say plainly where its key goes.";
  const value = place === "header" ? /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/ : /^[^\p{C}]+$/u;
  // What separates cookies would make two of one.
  const isWhole =
    value.test(secret) && !(place === "cookie" && /[;,\s"\\]|[^\x21-\x7e]/.test(secret));
  if (!isWhole) return `Write a value that a ${place} can have.`;
  return { in: place, name, value: secret, secrets: [secret] };
}

/**
 * What is sent with an operation: its first alternative of which all secrets are there. One that
 * asks for nothing is met by everything, so it comes last. Null: no alternative is met.
 */
export function credentialsFor(security: unknown, known: Credentials): HttpCredential[] | null {
  if (!Array.isArray(security)) return null;
  const alternatives = security.flatMap((one) => (isMap(one) ? [Object.keys(one)] : []));
  const met = alternatives.find(
    (names) => names.length > 0 && names.every((name) => known.has(name)),
  );
  return met === undefined ? null : met.flatMap((name) => known.get(name) ?? []);
}
