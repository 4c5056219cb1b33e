/** What a manifest grants of tools → grants in force, held against the tool servers there are. */
import { NO_TOOLS } from "../guards/manifest/manifest.ts";
import {
  BUDGET_TOOL,
  foldName,
  fullName,
  isToolBlacklisted,
  looksLikeBudgetTool,
} from "../guards/tool/names.ts";
import type { GrantedTool, ToolCost, ToolGrants } from "../guards/tool/tool.ts";
import type { ArgumentSchemas } from "./arguments.ts";
import { commitmentOf, commitmentProblems, endsOf, withEndings } from "./commitments.ts";
import type { Issue, ToolServerSettings } from "./configuration.ts";
import { type Entry, refuse } from "./grant-entry.ts";
import { issueAt, nearest, otherName } from "./issues.ts";
import type { RawLimits, RawManifest } from "./manifest-schema.ts";
import { checkDocument, checkOffered, takenArguments } from "./offered.ts";
import type { Source } from "./source.ts";
import { boundsOf, OF_A_DELIVERY, OWN_BOUNDS } from "./tool-bounds.ts";
import { costOf } from "./tool-cost.ts";
import type { RawTool } from "./tool-schema.ts";
import { resourceOf, sqlOf } from "./tool-sql.ts";
import { TIMEOUT_MS, type Tooling } from "./tooling.ts";

/** Grants with all that is wrong with them; those of no server are left out. */
export interface Granted {
  readonly tools: ToolGrants;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/** Grants of one manifest. */
export function toolsOf(
  raw: RawManifest,
  common: RawLimits | undefined,
  source: Source,
  tooling: Tooling,
): Granted {
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const allowed: Placed[] = [];
  for (const [index, tool] of (raw.allowed_tools ?? []).entries()) {
    const entry: Entry = { tool, path: ["allowed_tools", index], source, issues, warnings };
    const server = serverOf(entry, tooling.servers);
    checkOwn(entry, server);
    checkSchemas(entry, tooling.schemas);
    const cost = costOf(entry);
    if (server === null) continue;
    if (server.kind === "agent") checkUnseen(entry, server.asks);
    checkDocument(entry, server, tooling.schemas);
    const granted = grantedOf(entry, server, cost, tooling);
    allowed.push({ granted, entry });
  }
  const refused = [...(raw.blacklisted_tools ?? []), ...(raw.denied_tools ?? [])];
  const blacklisted = new Set(refused.map(foldName));
  issues.push(...ownBlacklisted(raw, source));
  checkNames(allowed);
  for (const one of allowed) warnOfBlacklisted(one, blacklisted);
  checkCommitments(allowed, blacklisted, tooling);
  const bytes = raw.limits?.max_arguments_bytes ?? common?.max_arguments_bytes;
  const tools = {
    allowed: withEndings(allowed.map(({ granted }) => granted)),
    observed: [],
    hosted: new Set(raw.hosted_tools),
    blacklisted,
    argumentsBytesMax: bytes ?? NO_TOOLS.argumentsBytesMax,
  };
  return { tools, issues, warnings };
}

interface Placed {
  readonly granted: GrantedTool;
  readonly entry: Entry;
}

/** The one that is named; else the one that lists the tool; else the only one there is. */
function serverOf(entry: Entry, servers: Tooling["servers"]): ToolServerSettings | null {
  const { tool_name: tool, server: named } = entry.tool;
  if (servers.size === 0) {
    const hint = "Declare tool_servers in slipclutch.yaml, or leave the tool out.";
    refuse(entry, ["tool_name"], "a tool that a tool server has", hint);
    return null;
  }
  const names = [...servers.keys()];
  if (named !== undefined) {
    const server = servers.get(named);
    if (server !== undefined) return server;
    const expected = "a name under tool_servers of slipclutch.yaml";
    refuse(entry, ["server"], expected, otherName(named, names));
    return null;
  }
  const listing = [...servers.values()].filter(({ tools }) => tools.has(tool));
  const candidates = listing.length > 0 ? listing : [...servers.values()];
  const [only, another] = candidates;
  if (only !== undefined && another === undefined) return only;
  const shown = candidates.slice(0, 20).map(({ name }) => name);
  const hint = `Several may have ${tool}: add server, one of ${shown.join(", ")}.`;
  refuse(entry, ["server"], "the tool server that has it", hint);
  return null;
}

function grantedOf(
  entry: Entry,
  server: ToolServerSettings,
  cost: ToolCost | null,
  { schemas, sql }: Tooling,
): GrantedTool {
  const { tool } = entry;
  const readOnly = tool.read_only ?? true;
  if (checkOffered(entry, server) && readOnly) checkEffect(entry, server);
  const limit = tool.rate_limit;
  return {
    server: server.name,
    tool: tool.tool_name,
    effect: server.tools.get(tool.tool_name) ?? "write",
    sql: sqlOf(server, tool.tool_name, sql),
    unwraps: server.unwraps.get(tool.tool_name) ?? null,
    readOnly,
    isGranted: true,
    rateLimit: limit ? { requests: limit.requests, perMs: limit.per_seconds * 1000 } : null,
    takes: takenArguments(server, tool.tool_name, schemas),
    check: tool.arguments === undefined ? null : schemas.check(tool.arguments),
    resource: resourceOf(entry, sql),
    pin: tool.pin ?? null,
    cost,
    output: tool.output === undefined ? null : schemas.result(tool.output),
    approval: approvalOf(tool.requires_approval, schemas),
    emptyIsError: tool.empty_result === "error",
    timeoutMs: tool.timeout ?? TIMEOUT_MS,
    commitment: commitmentOf(tool, server.name),
    ends: [],
    ...boundsOf(tool),
  };
}

function approvalOf(
  required: RawTool["requires_approval"],
  schemas: ArgumentSchemas,
): GrantedTool["approval"] {
  if (required === undefined || required === false) return "never";
  return required === true ? "always" : schemas.match(required);
}

/** A tool that writes is refused whenever it may only read: better at load than at each call. */
function checkEffect(entry: Entry, { name, sql, tools }: ToolServerSettings): void {
  const { tool_name: tool } = entry.tool;
  // Each of its calls is asked.
  if (sql.has(tool)) return;
  const effect = tools.get(tool);
  if (effect === "read") return;
  if (effect === "write") {
    const hint = `${name} says that ${tool} writes: add read_only: false, or leave the tool out.`;
    refuse(entry, ["read_only"], "false", hint);
    return;
  }
  const near = nearest(tool, tools.keys());
  const meant = near ? `Did you mean "${near}"? ` : "";
  const line = `${JSON.stringify(tool)}: { effect: read }`;
  const hint =
    `${meant}A tool whose effect is not said is taken to write. If it only reads, add under ` +
    `tool_servers.${name}.tools of slipclutch.yaml: ${line}. Else add read_only: false here.`;
  refuse(entry, ["read_only"], "false, or a tool that only reads", hint);
}

/** What holds while a call runs, or at its end, holds nothing where nobody here hears of either. */
const OF_A_RUN = [...(["commitment", "empty_result", "timeout", "output"] as const), ...OWN_BOUNDS];

function checkUnseen(entry: Entry, asks: boolean): void {
  const instead = asks
    ? "The agent has the result before the gateway does: leave it out."
    : "The agent runs this tool itself, so nothing would hold it to that: leave it out, put the " +
      "tool behind a server of kind: mcp, or have the agent ask for decisions and say asks: true " +
      "there.";
  for (const key of asks ? OF_A_DELIVERY : OF_A_RUN) {
    if (entry.tool[key] !== undefined) refuse(entry, [key], "nothing", instead);
  }
  const undescribed = "No server describes this tool, so there is nothing to pin: leave it out.";
  if (entry.tool.pin !== undefined) refuse(entry, ["pin"], "nothing", undescribed);
}

function checkSchemas(entry: Entry, schemas: ArgumentSchemas): void {
  const { source, path, tool, issues, warnings } = entry;
  const { arguments: given, output, requires_approval: approval } = tool;
  const written = { arguments: given, output, requires_approval: approval };
  for (const [key, schema] of Object.entries(written)) {
    if (schema === undefined || typeof schema === "boolean") continue;
    for (const { path: inside, expected, hint, warning } of schemas.problems(schema)) {
      const issue = issueAt(source, [...path, key, ...inside], expected, hint);
      (warning ? warnings : issues).push(issue);
    }
  }
}

const OWN_HINT = "It is the gateway's own tool, which every agent has and which only reads";

/** Nothing else may look like the gateway's own tool, alone or with its server's name before it. */
function checkOwn(entry: Entry, server: ToolServerSettings | null): void {
  const { tool_name: tool } = entry.tool;
  const names = server === null ? [tool] : [tool, `${server.name}__${tool}`];
  if (!names.some(looksLikeBudgetTool)) return;
  const hint = `${OWN_HINT}. Leave it out, or rename your tool at its server.`;
  refuse(entry, ["tool_name"], `another name than ${BUDGET_TOOL}`, hint);
}

/** A blacklist that did not hold would be worse than an error. */
function ownBlacklisted(raw: RawManifest, source: Source): readonly Issue[] {
  const own = { server: "", tool: BUDGET_TOOL };
  return (["blacklisted_tools", "denied_tools"] as const).flatMap((key) =>
    (raw[key] ?? []).flatMap((name, index) => {
      if (!isToolBlacklisted(own, new Set([foldName(name)]))) return [];
      const expected = `another name than ${BUDGET_TOOL}`;
      const hint = `${OWN_HINT} the agent's own budgets: leave it out.`;
      return [issueAt(source, [key, index], expected, hint)];
    }),
  );
}

/**
 * No tool twice, no two that look the same, and none that is spelled like another one with its
 * server. One name on two servers is no harm: agents then have to say which.
 */
function checkNames(allowed: readonly Placed[]): void {
  const known = new Map<string, GrantedTool>();
  for (const { granted, entry } of allowed) {
    const full = fullName(granted);
    const keys = [
      `name ${granted.tool}`,
      `name ${full}`,
      `look ${foldName(granted.tool)}`,
      `full look ${foldName(full)}`,
    ];
    const other = keys
      .flatMap((key) => known.get(key) ?? [])
      .find(({ server, tool }) => tool !== granted.tool || server === granted.server);
    if (other !== undefined) {
      const same = fullName(other) === full;
      const hint = same
        ? "Remove one of the two: it is not clear which holds."
        : `Agents could take it for ${fullName(other)}: leave one out, or rename it at its server.`;
      refuse(entry, ["tool_name"], same ? "each tool once" : "a name of its own", hint);
    }
    for (const key of keys) known.set(key, granted);
  }
}

function checkCommitments(
  allowed: readonly Placed[],
  blacklisted: ReadonlySet<string>,
  { servers }: Tooling,
): void {
  const granted = allowed.map((one) => one.granted);
  const ends = endsOf(granted, servers, (one) => isRefused(one, blacklisted));
  for (const { entry, granted } of allowed) {
    for (const { expected, hint, path } of commitmentProblems(granted, ends)) {
      refuse(entry, ["commitment", ...path], expected, hint);
    }
  }
}

function isRefused(granted: GrantedTool, blacklisted: ReadonlySet<string>): boolean {
  return [granted.tool, fullName(granted)].some((name) => blacklisted.has(foldName(name)));
}

function warnOfBlacklisted({ granted, entry }: Placed, blacklisted: ReadonlySet<string>): void {
  if (!isRefused(granted, blacklisted)) return;
  const hint = "The blacklist wins, so it is never let through: remove it from one of the two.";
  const path = [...entry.path, "tool_name"];
  entry.warnings.push(issueAt(entry.source, path, "a tool that is not blacklisted", hint));
}
