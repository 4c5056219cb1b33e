/** The tool servers of slipclutch.yaml. */
import { BlockList, isIP } from "node:net";
import { BUDGET_TOOL, looksLikeBudgetTool } from "../guards/tool/names.ts";
import type { Issue, McpServerSettings, ToolServerSettings } from "./configuration.ts";
import { issueAt } from "./issues.ts";
import type { RawSlipclutch } from "./schema.ts";
import type { Source } from "./source.ts";
import type { RawToolServer } from "./tool-schema.ts";

const CONNECTIONS_MAX = 64;

interface ToolServers {
  readonly servers: ReadonlyMap<string, ToolServerSettings>;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

export function toolServersOf(raw: RawSlipclutch["tool_servers"], source: Source): ToolServers {
  const servers = new Map<string, ToolServerSettings>();
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  for (const [name, server] of Object.entries(raw ?? {})) {
    const settings = settingsOf(name, server);
    issues.push(...placeIssues(name, server, source), ...ownIssues(name, server, source));
    servers.set(name, settings);
    if (settings.kind !== "mcp") continue;
    issues.push(...authorizationIssues(settings, source));
    warnings.push(...openRoadWarnings(settings, source));
  }
  return { servers, issues, warnings };
}

function ownAuthorization({ headers }: McpServerSettings): string | undefined {
  return Object.keys(headers).find((key) => key.toLowerCase() === "authorization");
}

function authorizationIssues(settings: McpServerSettings, source: Source): readonly Issue[] {
  const own = ownAuthorization(settings);
  if (own === undefined || settings.bearer === null) return [];
  const path = ["tool_servers", settings.name, "headers", own];
  const hint = "auth.bearer is sent in the same header: remove one of the two.";
  return [issueAt(source, path, "one authorization", hint)];
}

function openRoadWarnings(settings: McpServerSettings, source: Source): readonly Issue[] {
  const { bearer, name, url } = settings;
  const hasToken = bearer !== null || ownAuthorization(settings) !== undefined;
  if (!hasToken || !crossesNetworksOpenly(url)) return [];
  const hint = "The token would cross the network for all to read: use https.";
  const expected = "https, or an address of this machine or a private network";
  return [issueAt(source, ["tool_servers", name, "url"], expected, hint)];
}

/** A server that is reached has a place; tools that the agent runs itself have none. */
function placeIssues(name: string, server: RawToolServer, source: Source) {
  const { asks, auth, headers, kind, url } = server;
  const path = ["tool_servers", name];
  if (kind === "mcp" && asks !== undefined) {
    const hint = "The gateway runs these tools, and decides when it does. Leave it out.";
    return [issueAt(source, [...path, "asks"], "nothing", hint)];
  }
  if (kind === "mcp") {
    const hint = "Add url, like http://127.0.0.1:7000/mcp.";
    return url === undefined
      ? [issueAt(source, [...path, "url"], "where the server is", hint)]
      : [];
  }
  const given = Object.entries({ url, auth, headers }).filter(([, value]) => value !== undefined);
  const hint = "The agent runs these tools itself: the gateway never goes there. Leave it out.";
  return given.map(([key]) => issueAt(source, [...path, key], "nothing", hint));
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

function settingsOf(name: string, raw: RawToolServer): ToolServerSettings {
  const tools = new Map(
    Object.entries(raw.tools ?? {}).map(([tool, { effect }]) => [tool, effect]),
  );
  if (raw.kind === "agent") return { kind: "agent", name, asks: raw.asks ?? false, tools };
  return {
    kind: "mcp",
    name,
    // Without one the configuration is refused.
    url: raw.url ?? "",
    bearer: raw.auth?.bearer ?? null,
    headers: raw.headers ?? {},
    connectionsMax: raw.connections_max ?? CONNECTIONS_MAX,
    tools,
  };
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
