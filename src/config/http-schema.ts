/** The fields of tool servers over plain HTTP, written by hand or described by a document. */
import { isIP } from "node:net";
import { z } from "zod";
import { ENTRIES_MAX, HEADER_NAME, headers, id, oneOf, strict, TEXT_MAX, text } from "./fields.ts";
import { METHODS } from "./http-requests.ts";

/** Longest description: it goes into a model's context. */
const DESCRIPTION_CHARS_MAX = 4096;
/** Arguments of one tool. */
const PLACES_MAX = 200;

const BEARER = "a token of printable characters on one line, without spaces";
export const bearer = z
  .string({ error: BEARER })
  .regex(/^[\x21-\x7e]+$/, { error: BEARER })
  .max(TEXT_MAX, { error: BEARER })
  .describe(`Sent as \`authorization: Bearer …\`. Write \${NAME} to take it from outside.`)
  .optional();

const NAME = "the name of a header: letters, digits and -";
const VALUE = "a value of printable characters on one line";
const headerName = z.string({ error: NAME }).regex(HEADER_NAME, { error: NAME });
const headerValue = z
  .string({ error: VALUE })
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, { error: VALUE })
  .max(TEXT_MAX, { error: VALUE });
const USER = "a user's name without a colon";

/** How the gateway says who it is. Agents never hold it. */
export const auth = strict({
  bearer,
  header: strict({
    name: headerName.describe("Its name."),
    value: headerValue.describe("The secret."),
  })
    .describe("Sent as a header of its own. `http` and `openapi` only.")
    .optional(),
  query: strict({
    name: id.describe("Its name."),
    value: text.describe("The secret."),
  })
    .describe("Sent as a parameter of the query. `http` and `openapi` only.")
    .optional(),
  basic: strict({
    username: text.regex(/^[^:\p{C}]+$/u, { error: USER }).describe("The user."),
    password: text.describe("The secret."),
  })
    .describe("Sent as `authorization: Basic …`. `http` and `openapi` only.")
    .optional(),
});

const ADDRESS = 'an address or a network like "10.0.0.0/8" or "fd12::/16"';

/** One network. */
export const network = z
  .string({ error: ADDRESS })
  .max(64, { error: ADDRESS })
  .refine(isNetwork, { error: ADDRESS });

function isNetwork(written: string): boolean {
  const [address = "", bits, ...rest] = written.split("/");
  const family = isIP(address);
  if (family === 0 || address.includes("%") || rest.length > 0) return false;
  if (bits === undefined) return true;
  return /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

const DOCUMENT =
  "a file in this folder that ends in .json, .yaml or .yml, like ./petstore.yaml\nSave the document there and commit it: one behind a URL would change under the gateway.";

/** Plain names below the folder, and none of the folder's own files. */
export const DOCUMENT_NAME =
  /^(?:\.\/)?(?!slipclutch\.|prices\.yaml$|agents\/)(?:(?!\.)[\w.-]{1,100}\/){0,4}(?!\.)[\w.-]{1,100}\.(?:json|ya?ml)$/;

/** An OpenAPI document of the folder → its name there. */
export const document = z
  .string({ error: DOCUMENT })
  .regex(DOCUMENT_NAME, { error: DOCUMENT })
  .max(256, { error: DOCUMENT })
  .transform((name) => name.replace(/^\.\//, ""));

const PATH = 'a path like "/tickets/{id}", encoded as in a URL, without query and without . or ..';
const placed = z.array(id, { error: "a list of names of arguments" }).max(PLACES_MAX);

/** What one tool is, beyond its effect. */
export const HTTP_TOOL_FIELDS = {
  method: oneOf(METHODS).describe("`kind: http` only: of the request.").optional(),
  path: z
    .string({ error: PATH })
    .regex(
      /^(?:\/(?!\.{1,2}(?:\/|$))(?:[\w\-.~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2}|\{[^{}/]{1,128}\})*)+$/,
      { error: PATH },
    )
    .max(2048, { error: PATH })
    .describe("`kind: http` only: behind the server's url; names in braces are arguments.")
    .optional(),
  in_query: placed.describe("`kind: http` only: arguments that go into the query.").optional(),
  in_headers: z
    .array(headerName, { error: "a list of names of headers" })
    .max(PLACES_MAX)
    .describe("`kind: http` only: arguments that become headers of the same name.")
    .optional(),
  in_body: z
    .union([id, placed], { error: "a list of names of arguments, or one name" })
    .describe(
      "`kind: http` only: arguments that are the members of a JSON body; one name instead of a list: the argument that is the body.",
    )
    .optional(),
  headers: headers
    .describe("`http` and `openapi` only: extra headers of this tool; they win over the server's.")
    .optional(),
  auth: auth
    .describe("`http` and `openapi` only: instead of the server's, for this tool.")
    .optional(),
  description: text
    .max(DESCRIPTION_CHARS_MAX, { error: `a text of at most ${DESCRIPTION_CHARS_MAX} characters` })
    .describe("`http` and `openapi` only: what agents are told that it does.")
    .optional(),
  arguments: z
    .record(z.string(), z.json(), { error: "a JSON Schema, as a map" })
    .describe("`kind: http` only: JSON Schema 2020-12 of its arguments, shown and enforced.")
    .optional(),
};

/** What a server is, beyond what all have. */
export const HTTP_SERVER_FIELDS = {
  document: document
    .describe("`kind: openapi` only: a file of this folder with the OpenAPI document.")
    .optional(),
  schemes: z
    .record(id, text, { error: "a map from security schemes of the document to secrets" })
    .describe(
      "`kind: openapi` only: the secret of a security scheme of the document; for basic: user:password.",
    )
    .optional(),
  allow_addresses: z
    .array(network, { error: "a list of networks" })
    .max(ENTRIES_MAX)
    .describe(
      "`http` and `openapi` only: networks that are not public and may be connected to, like 10.0.0.0/8.",
    )
    .optional(),
};
