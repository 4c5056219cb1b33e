/** A server of `kind: openapi` and its document → operations. */
import type { HttpCredential, HttpOperation, Issue } from "./configuration.ts";
import { fixedOf } from "./http-tools.ts";
import { issueAt, nearest } from "./issues.ts";
import { type OpenApiDocument, readDocument, serverOf } from "./openapi/document.ts";
import { OPERATIONS_MAX, operationsOf } from "./openapi/operations.ts";
import { credentialOf, credentialsFor } from "./openapi/security.ts";
import type { Source } from "./source.ts";
import type { RawToolServer } from "./tool-schema.ts";

export interface OpenApiTools {
  readonly url: string;
  readonly operations: ReadonlyMap<string, HttpOperation>;
  readonly leftOut: ReadonlyMap<string, string>;
  readonly issues: readonly Issue[];
}

/** `text`: of the document; undefined: there is no such file. */
export function openApiToolsOf(
  name: string,
  server: RawToolServer,
  source: Source,
  text: string | undefined,
): OpenApiTools {
  const place: Place = { name, server, source, issues: [] };
  const nothing = { url: "", operations: new Map(), leftOut: new Map() };
  // Without a name the configuration is refused.
  const { document: file } = server;
  if (file === undefined) return { ...nothing, issues: [] };
  if (text === undefined) {
    refuse(place, ["document"], "a file of this folder", "There is none of that name.");
    return { ...nothing, issues: place.issues };
  }
  const { document, issues } = readDocument(file, text);
  if (document === null) return { ...nothing, issues };
  const url = urlOf(place, document);
  const { leftOut, operations } = toolsOf(place, document, schemesOf(place, document));
  return { url, operations, leftOut, issues: place.issues };
}

interface Place {
  readonly name: string;
  readonly server: RawToolServer;
  readonly source: Source;
  readonly issues: Issue[];
}

function refuse(place: Place, inside: readonly string[], expected: string, hint: string): void {
  const path = ["tool_servers", place.name, ...inside];
  place.issues.push(issueAt(place.source, path, expected, hint));
}

function urlOf(place: Place, { root }: OpenApiDocument): string {
  const { url } = place.server;
  if (url !== undefined) return url;
  const said = serverOf(root);
  if (typeof said !== "string") return said.url;
  refuse(place, ["url"], "where the server is", `Add url: ${said}.`);
  return "";
}

function schemesOf(place: Place, { root }: OpenApiDocument): ReadonlyMap<string, HttpCredential> {
  const known = new Map<string, HttpCredential>();
  for (const [scheme, secret] of Object.entries(place.server.schemes ?? {})) {
    const credential = credentialOf(scheme, secret, root);
    if (typeof credential !== "string") known.set(scheme, credential);
    else refuse(place, ["schemes", scheme], "a security scheme and its secret", credential);
  }
  return known;
}

function toolsOf(
  place: Place,
  document: OpenApiDocument,
  schemes: ReadonlyMap<string, HttpCredential>,
) {
  const { server } = place;
  const { tools = {} } = server;
  const found = operationsOf({
    root: document.root,
    isOld: document.isOld,
    hasUrl: server.url !== undefined,
    terms: (tool, security) => {
      const own = Object.hasOwn(tools, tool) ? tools[tool] : undefined;
      const { credentials, headers } = fixedOf(server, own);
      const byScheme = own?.auth === undefined ? credentialsFor(security, schemes) : null;
      const { description = null, effect: said = null, sql } = own ?? {};
      // What its SQL does is asked at each call.
      const effect = sql === undefined ? said : "write";
      return { headers, credentials: byScheme ?? credentials, description, effect };
    },
  });
  const { leftOut, tooMany } = found;
  if (tooMany || found.tools.size + leftOut.size === 0) {
    const hint = "Keep the operations that agents use.";
    const expected = `from 1 to ${OPERATIONS_MAX} operations, with schemas of moderate size`;
    refuse(place, ["document"], expected, hint);
    return { operations: found.tools, leftOut };
  }
  for (const tool of Object.keys(tools)) {
    if (found.tools.has(tool)) continue;
    const near = nearest(tool, found.tools.keys());
    const why = leftOut.get(tool) ?? "the document has no such operation";
    const hint = near && !leftOut.has(tool) ? `Did you mean "${near}"?` : `It is no tool: ${why}.`;
    refuse(place, ["tools", tool], "an operation of the document", hint);
  }
  return { operations: found.tools, leftOut };
}
