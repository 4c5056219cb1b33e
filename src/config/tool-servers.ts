/** The tool servers of slipclutch.yaml. */
import { BlockList, isIP } from "node:net";
import { BUDGET_TOOL, looksLikeBudgetTool } from "../guards/tool/names.ts";
import type { ArgumentSchemas } from "./arguments.ts";
import type {
  HttpServerSettings,
  Issue,
  McpCommandSettings,
  ToolServerSettings,
} from "./configuration.ts";
import { credentialsOf } from "./credentials.ts";
import { httpToolsOf } from "./http-tools.ts";
import { issueAt } from "./issues.ts";
import { openApiToolsOf } from "./openapi-tools.ts";
import type { RawSlipclutch } from "./schema.ts";
import { kindIssues } from "./server-kinds.ts";
import type { Path, Source } from "./source.ts";
import type { SqlReader } from "./sql-parser.ts";
import type { RawHttpTool, RawToolServer } from "./tool-schema.ts";
import { sqlIssues, sqlTools } from "./tool-sql.ts";
import { unwrapsIssues, unwrapsOf } from "./tool-unwraps.ts";

const CONNECTIONS_MAX = 64;

interface ToolServers {
  readonly servers: ReadonlyMap<string, ToolServerSettings>;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/** What servers are read with. */
export interface Surroundings {
  readonly source: Source;
  /** All files of the folder: documents are among them. */
  readonly files: ReadonlyMap<string, string>;
  readonly schemas: ArgumentSchemas;
  readonly sql: SqlReader;
}

export function toolServersOf(
  raw: RawSlipclutch["tool_servers"],
  around: Surroundings,
): ToolServers {
  const { source } = around;
  const servers = new Map<string, ToolServerSettings>();
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  for (const [name, server] of Object.entries(raw ?? {})) {
    const read = settingsOf(name, server, around);
    issues.push(...kindIssues(name, server, source), ...ownIssues(name, server, source));
    issues.push(...unwrapsIssues(name, server, source));
    if (around.sql === null) issues.push(...sqlIssues(name, server, source));
    servers.set(name, read.settings);
    if (server.kind === "agent") continue;
    issues.push(...read.issues, ...authorizationIssues(name, server, source));
    warnings.push(...read.warnings, ...openRoadWarnings(read.settings, server, source));
  }
  return { servers, issues, warnings };
}

/** A header that is set twice, once as a header and once as a credential. */
function authorizationIssues(name: string, server: RawToolServer, source: Source): Issue[] {
  const path = ["tool_servers", name];
  const ofTools = Object.entries(server.tools ?? {}).flatMap(([tool, given]) =>
    doubledHeader(given, [...path, "tools", tool], source),
  );
  return [...doubledHeader(server, path, source), ...ofTools];
}

function doubledHeader({ auth, headers }: RawHttpTool, path: Path, source: Source): Issue[] {
  const [sent] = credentialsOf(auth).filter((one) => one.in === "header");
  const own = Object.keys(headers ?? {}).find(
    (key) => key.toLowerCase() === sent?.name.toLowerCase(),
  );
  if (sent === undefined || own === undefined) return [];
  const [way] = Object.keys(auth ?? {});
  const hint = `auth.${way} is sent in the same header: remove one of the two.`;
  return [issueAt(source, [...path, "headers", own], `one ${sent.name}`, hint)];
}

function openRoadWarnings(
  settings: ToolServerSettings,
  { auth, headers = {}, schemes = {}, tools = {} }: RawToolServer,
  source: Source,
): readonly Issue[] {
  if (settings.kind === "agent" || settings.kind === "mcp-command") return [];
  const isOpen = [{ auth, headers }, ...Object.values(tools)].some((one) => hasSecret(one));
  const hasToken = isOpen || Object.keys(schemes).length > 0;
  if (!hasToken || !crossesNetworksOpenly(settings.url)) return [];
  const hint = "The token would cross the network for all to read: use https.";
  const expected = "https, or an address of this machine or a private network";
  return [issueAt(source, ["tool_servers", settings.name, "url"], expected, hint)];
}

function hasSecret({ auth, headers = {} }: Pick<RawHttpTool, "auth" | "headers">): boolean {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  return credentialsOf(auth).length > 0 || names.includes("authorization");
}

/** No server has the gateway's own tool, or one that looks like it. */
function ownIssues(name: string, { tools = {} }: RawToolServer, source: Source): readonly Issue[] {
  const taken = Object.keys(tools).filter((tool) =>
    [tool, `${name}__${tool}`].some(looksLikeBudgetTool),
  );
  const hint = "It is the gateway's own tool: rename yours at its server, or leave it out.";
  return taken.map((tool) =>
    issueAt(
      source,
      ["tool_servers", name, "tools", tool],
      `another name than ${BUDGET_TOOL}`,
      hint,
    ),
  );
}

interface ServerRead {
  readonly settings: ToolServerSettings;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

function settingsOf(name: string, raw: RawToolServer, around: Surroundings): ServerRead {
  if (raw.kind === "http" || raw.kind === "openapi") return overHttp(name, raw, around);
  const tools = new Map(
    // Without an effect the configuration is refused, unless its SQL says it.
    Object.entries(raw.tools ?? {}).map(([tool, { effect = "write" }]) => [tool, effect]),
  );
  const said = { tools, sql: sqlTools(raw), unwraps: unwrapsOf(raw) };
  if (raw.kind === "agent") {
    return plain({ kind: "agent", name, asks: raw.asks ?? false, ...said });
  }
  if (raw.command !== undefined) {
    const { args = [], command, cwd = ".", env = {} } = raw;
    const whole: McpCommandSettings["command"] =
      typeof command === "string" ? [command, ...args] : command;
    const callsMax = raw.connections_max ?? CONNECTIONS_MAX;
    const started = { command: whole, env, folder: cwd, callsMax };
    return plain({ kind: "mcp-command", name, ...started, ...said });
  }
  return plain({
    kind: "mcp",
    name,
    // Without one the configuration is refused.
    url: raw.url ?? "",
    bearer: raw.auth?.bearer ?? null,
    headers: raw.headers ?? {},
    connectionsMax: raw.connections_max ?? CONNECTIONS_MAX,
    ...said,
  });
}

function plain(settings: ToolServerSettings): ServerRead {
  return { settings, issues: [], warnings: [] };
}

function overHttp(name: string, raw: RawToolServer, around: Surroundings): ServerRead {
  const { files, schemas, source } = around;
  const text = files.get(raw.document ?? "");
  const read =
    raw.kind === "openapi"
      ? { ...openApiToolsOf(name, raw, source, text), warnings: [] }
      : // Without a url the configuration is refused.
        { url: raw.url ?? "", leftOut: new Map(), ...httpToolsOf(name, raw, source, schemas) };
  const { leftOut, operations, url } = read;
  const settings: HttpServerSettings = {
    // Of the four kinds it is one of these two.
    kind: raw.kind === "openapi" ? "openapi" : "http",
    name,
    url,
    connectionsMax: raw.connections_max ?? CONNECTIONS_MAX,
    allowAddresses: [...(raw.allow_addresses ?? []), ...writtenAddress(raw.url)],
    operations,
    leftOut,
    tools: new Map([...operations].map(([tool, { isRead }]) => [tool, isRead ? "read" : "write"])),
    sql: sqlTools(raw),
    unwraps: unwrapsOf(raw),
  };
  const local = localhostIssues(settings, source);
  return { settings, issues: [...read.issues, ...local], warnings: read.warnings };
}

/** Whoever writes an address as the url means that one. */
function writtenAddress(url: string | undefined): readonly string[] {
  const host = url === undefined ? "" : new URL(url).hostname.replace(/^\[|\]$/g, "");
  return isIP(host) === 0 ? [] : [host];
}

/** Better at load than at each call: a name that means this machine is not public. */
function localhostIssues({ allowAddresses, name, url }: HttpServerSettings, source: Source) {
  const host = url === "" ? "" : new URL(url).hostname;
  if (!/^(?:.+\.)?localhost$/.test(host) || allowAddresses.length > 0) return [];
  const hint = "Write 127.0.0.1, or list 127.0.0.0/8 and ::1 under allow_addresses.";
  return [issueAt(source, ["tool_servers", name, "url"], "a public name, or an address", hint)];
}

/** Loopback, and the networks of RFC 1918, 6598, 4193 and 4291; not where clouds keep metadata. */
const PRIVATE = [
  ["127.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["::1", 128, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
] as const;

function crossesNetworksOpenly(url: string): boolean {
  if (url === "") return false;
  const { hostname, protocol } = new URL(url);
  if (protocol === "https:") return false;
  const host = hostname.replace(/^\[|\]$/g, "");
  const family = isIP(host);
  // A name without a dot is resolved on one's own network only.
  if (family === 0) return host.includes(".") && !host.endsWith(".localhost");
  const networks = new BlockList();
  for (const [address, bits, kind] of PRIVATE) networks.addSubnet(address, bits, kind);
  return !networks.check(host, family === 4 ? "ipv4" : "ipv6");
}
