/** The tools of a server of `kind: http`, each written out → operations. */
import type { BodyPlace, HttpPlaces } from "../guards/tool/places.ts";
import { argumentsOf } from "../guards/tool/places.ts";
import type { ArgumentSchemas } from "./arguments.ts";
import type { HttpCredential, HttpOperation, Issue } from "./configuration.ts";
import { credentialsOf } from "./credentials.ts";
import { CONNECTION_HEADERS, doubled, effectOf, pathParts } from "./http-requests.ts";
import { issueAt } from "./issues.ts";
import type { Path, Source } from "./source.ts";
import type { RawHttpTool, RawToolServer } from "./tool-schema.ts";

interface Entry {
  readonly tool: RawHttpTool;
  readonly server: RawToolServer;
  readonly path: Path;
  readonly source: Source;
  readonly issues: Issue[];
  readonly warnings: Issue[];
}

export interface HttpTools {
  readonly operations: ReadonlyMap<string, HttpOperation>;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

export function httpToolsOf(
  name: string,
  server: RawToolServer,
  source: Source,
  schemas: ArgumentSchemas,
): HttpTools {
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const operations = new Map<string, HttpOperation>();
  for (const [key, tool] of Object.entries(server.tools ?? {})) {
    const path = ["tool_servers", name, "tools", key];
    const entry: Entry = { tool, server, path, source, issues, warnings };
    operations.set(key, operationOf(entry, schemas));
  }
  return { operations, issues, warnings };
}

/** What is sent with every request of one tool beside its arguments. */
export function fixedOf(server: RawToolServer, tool: RawHttpTool | undefined) {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries({ ...server.headers, ...tool?.headers })) {
    headers.set(name.toLowerCase(), value);
  }
  const credentials = credentialsOf(tool?.auth ?? server.auth);
  return { headers: Object.fromEntries(headers), credentials };
}

function operationOf(entry: Entry, schemas: ArgumentSchemas): HttpOperation {
  const { server, tool } = entry;
  // Without method or path the configuration is refused.
  const { method = "GET", path = "/" } = tool;
  const places: HttpPlaces = {
    path: pathParts(path),
    query: (tool.in_query ?? []).map((name) => ({ name, style: "repeated" })),
    headers: tool.in_headers ?? [],
    cookies: [],
    body: bodyOf(tool.in_body),
  };
  const { credentials, headers } = fixedOf(server, tool);
  checkPlaces(entry, places, method);
  checkHeaders(entry, [...Object.keys(headers), ...namesOf(credentials, "header")]);
  checkQuery(entry, namesOf(credentials, "query"));
  checkArguments(entry, places, schemas);
  return {
    method,
    places,
    headers,
    credentials,
    description: tool.description ?? `${method} ${path}`,
    inputSchema: inputSchemaOf(tool.arguments ?? {}, places),
    isRead: tool.sql === undefined && (tool.effect ?? effectOf(method)) === "read",
  };
}

function bodyOf(inBody: RawHttpTool["in_body"]): BodyPlace | null {
  if (inBody === undefined) return null;
  const type = "application/json";
  return typeof inBody === "string"
    ? { kind: "whole", argument: inBody, type }
    : { kind: "members", arguments: inBody, type };
}

function namesOf(credentials: readonly HttpCredential[], place: HttpCredential["in"]) {
  return credentials.filter((one) => one.in === place).map(({ name }) => name);
}

function refuse({ issues, path, source }: Entry, inside: Path, expected: string, hint: string) {
  issues.push(issueAt(source, [...path, ...inside], expected, hint));
}

function checkPlaces(entry: Entry, places: HttpPlaces, method: string): void {
  const twice = doubled(argumentsOf(places));
  if (twice !== null) {
    refuse(entry, [], "each argument in one place", `${twice} is in two: keep one of them.`);
  }
  if (places.body !== null && effectOf(method) === "read") {
    refuse(entry, ["in_body"], "nothing", `A ${method} has no body: use in_query, or POST.`);
  }
}

/** An argument that became one of these would change the connection, or who is asking. */
function checkHeaders(entry: Entry, ours: readonly string[]): void {
  const taken = [...CONNECTION_HEADERS, "authorization", "content-type", ...ours].map((name) =>
    name.toLowerCase(),
  );
  for (const [index, name] of (entry.tool.in_headers ?? []).entries()) {
    const isTaken = taken.includes(name.toLowerCase());
    taken.push(name.toLowerCase());
    if (!isTaken) continue;
    const hint = "It is the gateway's own, the connection's, or there already: leave it out.";
    refuse(entry, ["in_headers", index], "a header that an argument may be", hint);
  }
}

function checkQuery(entry: Entry, ours: readonly string[]): void {
  for (const [index, name] of (entry.tool.in_query ?? []).entries()) {
    if (!ours.includes(name)) continue;
    const hint = "It is the gateway's own credential: leave it out.";
    refuse(entry, ["in_query", index], "a parameter that an argument may be", hint);
  }
}

function checkArguments(entry: Entry, places: HttpPlaces, schemas: ArgumentSchemas): void {
  const { issues, path, source, tool, warnings } = entry;
  if (tool.arguments === undefined) return;
  for (const { path: inside, expected, hint, warning } of schemas.problems(tool.arguments)) {
    const issue = issueAt(source, [...path, "arguments", ...inside], expected, hint);
    (warning ? warnings : issues).push(issue);
  }
  const known = argumentsOf(places);
  for (const name of Object.keys(Object(tool.arguments.properties))) {
    if (known.includes(name)) continue;
    const hint = `Nothing says where ${name} goes: add it to path, in_query, in_headers or in_body.`;
    refuse(entry, ["arguments", "properties", name], "an argument that has a place", hint);
  }
}

/** What is written, and what follows from the places: no other argument, and none missing. */
function inputSchemaOf(written: Readonly<Record<string, unknown>>, places: HttpPlaces) {
  const any = argumentsOf(places).map((name) => [name, {}] as const);
  const holes = places.path.flatMap((part) => ("argument" in part ? [part.argument] : []));
  const required = Array.isArray(written.required) ? written.required : [];
  return {
    ...written,
    type: "object",
    properties: { ...Object.fromEntries(any), ...Object(written.properties) },
    required: [...new Set([...required, ...holes])],
    additionalProperties: false,
  };
}
