/** Which kind of tool server has which fields: what would have no effect is refused. */
import type { Issue } from "./configuration.ts";
import { CONNECTION_HEADERS } from "./http-requests.ts";
import { issueAt } from "./issues.ts";
import type { Path, Source } from "./source.ts";
import type { RawHttpTool, RawToolServer } from "./tool-schema.ts";

/** What is started here has other fields than what is reached. */
type Kind = RawToolServer["kind"] | "mcp-command";

interface Fields {
  /** Beside `kind`, `tools` and `connections_max`. */
  readonly server: readonly string[];
  readonly required: readonly string[];
  readonly tool: readonly string[];
  readonly toolRequired: readonly string[];
}

const OF_A_TOOL = ["effect", "sql", "unwraps", "headers", "auth", "description"];

const FIELDS: Readonly<Record<Kind, Fields>> = {
  mcp: {
    server: ["url", "auth", "headers"],
    required: ["url"],
    tool: ["effect", "sql", "unwraps"],
    toolRequired: ["effect"],
  },
  "mcp-command": {
    server: ["command", "args", "env", "cwd"],
    required: ["command"],
    tool: ["effect", "sql", "unwraps"],
    toolRequired: ["effect"],
  },
  agent: {
    server: ["asks"],
    required: [],
    tool: ["effect", "sql", "unwraps"],
    toolRequired: ["effect"],
  },
  http: {
    server: ["url", "auth", "headers", "allow_addresses"],
    required: ["url", "tools"],
    tool: [...OF_A_TOOL, "method", "path", "in_query", "in_headers", "in_body", "arguments"],
    toolRequired: ["method", "path"],
  },
  openapi: {
    server: ["url", "auth", "headers", "allow_addresses", "document", "schemes"],
    required: ["document"],
    tool: OF_A_TOOL,
    toolRequired: [],
  },
};

const COMMON = ["kind", "tools", "connections_max"];

const EXPECTED: Readonly<Record<string, readonly [expected: string, hint: string]>> = {
  url: [
    "where the server is",
    "Add url, like http://127.0.0.1:7000/mcp; or command, if an MCP server is to be started here.",
  ],
  document: ["a file of this folder", "Add document, like ./petstore.yaml."],
  tools: ["the tools of the server", "Add tools: { name: { method: GET, path: /there } }."],
  effect: [
    'one of "read", "write"',
    "Add effect; or, if it takes SQL, sql: /arguments/… for where that is.",
  ],
  method: ["the method of the request", "Add method, like GET."],
  path: ["the path of the request", "Add path, like /tickets/{id}."],
};

export function kindIssues(name: string, raw: RawToolServer, source: Source): readonly Issue[] {
  const { tools = {} } = raw;
  const kind = raw.kind === "mcp" && raw.command !== undefined ? "mcp-command" : raw.kind;
  const fields = FIELDS[kind];
  const path = ["tool_servers", name];
  const own = fieldIssues(raw, { path, kind, known: [...COMMON, ...fields.server] }, source);
  const missing = missingIssues(raw, path, fields.required, source);
  const ofTools = Object.entries(tools).flatMap(([tool, given]) => {
    const at = [...path, "tools", tool];
    return [
      ...fieldIssues(given, { path: at, kind, known: fields.tool }, source),
      ...missingIssues(effectOf(given), at, fields.toolRequired, source),
      ...effectTwice(given, at, source),
      ...authIssues(given.auth, at, kind, source),
    ];
  });
  return [
    ...own,
    ...listedTwice(raw, path, source),
    ...missing,
    ...authIssues(raw.auth, path, kind, source),
    ...ofTools,
  ];
}

/** What its SQL does says what it does. */
function effectOf({ sql, ...given }: RawHttpTool): RawHttpTool {
  return sql === undefined ? given : { ...given, effect: "write" };
}

function effectTwice({ effect, sql }: RawHttpTool, path: Path, source: Source): Issue[] {
  if (effect === undefined || sql === undefined) return [];
  const hint = "Keep one of the two: with sql each call reads or writes as its SQL does.";
  return [issueAt(source, [...path, "effect"], "nothing beside sql", hint)];
}

function listedTwice({ args, command }: RawToolServer, path: Path, source: Source): Issue[] {
  if (args === undefined || !Array.isArray(command)) return [];
  const hint = "Arguments are in the list of command already. Add these to it.";
  return [issueAt(source, [...path, "args"], "nothing", hint)];
}

interface Place {
  readonly path: Path;
  readonly kind: Kind;
  readonly known: readonly string[];
}

function fieldIssues(given: object, { kind, known, path }: Place, source: Source): Issue[] {
  return Object.entries(given).flatMap(([key, value]) => {
    if (value === undefined || known.includes(key)) return [];
    const hint = OTHERWISE[kind] ?? `Servers of kind: ${kind} have no ${key}. ${listOf(known)}`;
    return [issueAt(source, [...path, key], "nothing", hint)];
  });
}

const OTHERWISE: Readonly<Partial<Record<Kind, string>>> = {
  agent: "The agent runs these tools itself: the gateway never goes there. Leave it out.",
  "mcp-command":
    "What is started here is reached over its pipes. Leave it out; secrets go into env.",
};

function listOf(known: readonly string[]): string {
  return `Known here: ${known.join(", ")}.`;
}

function missingIssues(given: object, path: Path, required: readonly string[], source: Source) {
  const isNothing = (value: unknown) => value === undefined || JSON.stringify(value) === "{}";
  const there = Object.entries(given).flatMap(([key, value]) => (isNothing(value) ? [] : [key]));
  return required
    .filter((key) => !there.includes(key))
    .map((key) => issueAt(source, [...path, key], ...(EXPECTED[key] ?? ["it", "Add it."])));
}

/** One way to say who it is; over MCP it is the one that the protocol has. */
function authIssues(auth: RawToolServer["auth"], path: Path, kind: Kind, source: Source): Issue[] {
  const given = Object.entries(auth ?? {}).flatMap(([key, value]) =>
    value === undefined ? [] : [key],
  );
  const other = given.find((key) => key !== "bearer");
  if ((kind === "mcp" || kind === "mcp-command") && other !== undefined) {
    const hint = "Servers of kind: mcp take auth.bearer, or headers.";
    return [issueAt(source, [...path, "auth", other], "nothing", hint)];
  }
  if (CONNECTION_HEADERS.includes(auth?.header?.name.toLowerCase() ?? "")) {
    const hint = "It is the connection's own: write the one that the server asks for.";
    return [issueAt(source, [...path, "auth", "header", "name"], "another header", hint)];
  }
  if (given.length <= 1) return [];
  const hint = `Keep one of ${given.join(", ")}.`;
  return [issueAt(source, [...path, "auth"], "one way to say who it is", hint)];
}
