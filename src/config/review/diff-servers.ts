/** Tool servers: where tools run, and what is vouched for them. */
import type { HttpServerSettings, ToolServerSettings } from "../configuration.ts";
import { rawAt } from "../source.ts";
import type { RawToolServer } from "../tool-schema.ts";
import { amountChanges } from "./amounts.ts";
import { type About, type Change, change } from "./change.ts";
import { addressChanges } from "./diff-addresses.ts";
import { credentialChanges } from "./diff-credentials.ts";
import { fieldChanges, type Rules } from "./diff-fields.ts";
import { operationChanges } from "./diff-operations.ts";
import { unwrapsChanges } from "./diff-unwraps.ts";
import type { Reading } from "./reading.ts";
import type { Fits } from "./schema-values.ts";

type Sides = readonly [before: Reading, after: Reading];

const FIELDS: readonly (keyof RawToolServer)[] = [
  ...(["kind", "command", "args", "env", "cwd", "url", "auth", "headers", "asks"] as const),
  ...(["connections_max", "document", "schemes", "allow_addresses", "tools"] as const),
];
/** Each has words of its own; what is not there may widen. */
const RULES: Rules = Object.fromEntries(
  FIELDS.map((field) => [`tool_servers.*.${field}`, "elsewhere" as const]),
);

export function serverChanges(sides: Sides, fits: Fits): Change[] {
  const [before, after] = sides.map((side) => side.configuration.toolServers);
  const changes: Change[] = [];
  for (const [name, server] of after ?? []) {
    const old = before?.get(name);
    const about = { agent: null, about: `tool server ${name}` };
    if (old !== undefined) changes.push(...oneServer(about, name, sides, fits));
    else {
      const road = roadWords(serverIn(sides[1], name));
      changes.push(change(about, "wider", `a new tool server, whose calls go to ${road}`));
      changes.push(...effectChanges(null, server));
    }
  }
  for (const name of before?.keys() ?? []) {
    if (after?.has(name)) continue;
    const about = { agent: null, about: `tool server ${name}` };
    changes.push(change(about, "narrower", "is gone, and its tools with it"));
  }
  return changes;
}

function oneServer(about: About, name: string, sides: Sides, fits: Fits): readonly Change[] {
  const [before, after] = [serverIn(sides[0], name), serverIn(sides[1], name)];
  const files = [sides[0].main, sides[1].main] as const;
  const others = fieldChanges(files, ["tool_servers", name], {
    agent: null,
    rules: RULES,
    from: 2,
  });
  const overHttp = [before.settings, after.settings].filter(isOverHttp);
  const [old, now] = overHttp;
  return [
    ...kindChanges(about, before, after),
    ...roadChanges(about, before, after),
    ...documentChanges(about, before, after),
    ...asksChanges(about, before, after),
    ...credentialChanges(about, files, ["tool_servers", name]),
    ...addressChanges(about, before.raw.allow_addresses, after.raw.allow_addresses),
    ...connectionChanges(about, before, after),
    ...others.map((one) => ({ ...one, ...about, says: `${one.about}: ${one.says}` })),
    ...effectChanges(before.settings, after.settings),
    ...unwrapsChanges(name, before.raw.tools ?? {}, after.raw.tools ?? {}),
    ...toolCredentialChanges(name, files, [before, after]),
    ...(old !== undefined && now !== undefined
      ? operationChanges(about, [old, now], { fits, needGrants: needsGrants(name, sides[1]) })
      : []),
  ];
}

/** Agents that are observed may call tools without one. */
function needsGrants(server: string, { configuration }: Reading): boolean {
  return [...configuration.agents.values()].every(
    ({ observe }) => observe === null || observe.servers?.has(server) === false,
  );
}

/** In force, read, and as it is written: what is put in from outside may be a secret. */
interface Server {
  readonly settings: ToolServerSettings;
  readonly raw: RawToolServer;
  readonly written: (field: keyof RawToolServer) => unknown;
}

function serverIn({ configuration, main }: Reading, name: string): Server {
  const settings = configuration.toolServers.get(name);
  const raw = main.data.tool_servers?.[name];
  if (settings === undefined || raw === undefined)
    throw new Error(`${name} is in force, unwritten`);
  const written = (field: keyof RawToolServer) => rawAt(main.source, ["tool_servers", name, field]);
  return { settings, raw, written };
}

function isOverHttp(settings: ToolServerSettings): settings is HttpServerSettings {
  return settings.kind === "http" || settings.kind === "openapi";
}

function kindChanges(about: About, { raw: before }: Server, { raw: after }: Server): Change[] {
  if (before.kind === after.kind) return [];
  return [change(about, "may-be-wider", `its kind is ${after.kind} instead of ${before.kind}`)];
}

/** Another place is another server, whatever it is called here. */
function roadChanges(about: About, before: Server, after: Server): Change[] {
  const [old, now] = [roadWords(before), roadWords(after)];
  const changes: Change[] = [];
  if (old !== now) {
    changes.push(change(about, "may-be-wider", `its calls go to ${now} instead of ${old}`));
  }
  const [was, is] = [folderWords(before), folderWords(after)];
  if (was !== is && was !== null && is !== null) {
    changes.push(change(about, "may-be-wider", `it is started in ${is} instead of ${was}`));
  }
  return changes;
}

function roadWords({ settings, written }: Server): string {
  switch (settings.kind) {
    case "agent":
      return "the agent itself";
    case "mcp-command": {
      const words = [written("command"), written("args") ?? []].flat();
      return `a program that is started here, ${JSON.stringify(words)}`;
    }
    case "mcp":
    case "http":
    case "openapi":
      return String(written("url") ?? settings.url);
  }
}

function folderWords({ settings, written }: Server): string | null {
  if (settings.kind !== "mcp-command") return null;
  return settings.folder === "." ? "the guardrails folder" : String(written("cwd"));
}

/** What is in it is told tool by tool. */
function documentChanges(about: About, { raw: before }: Server, { raw: after }: Server): Change[] {
  const [old, now] = [before.document, after.document];
  if (old === now || old === undefined || now === undefined) return [];
  return [change(about, "other", `its tools are those of ${now} instead of ${old}`)];
}

function asksChanges(about: About, { settings: old }: Server, { settings: now }: Server): Change[] {
  if (old.kind !== "agent" || now.kind !== "agent" || old.asks === now.asks) return [];
  return now.asks
    ? [change(about, "narrower", "agents ask before each call of its tools, so limits hold")]
    : [change(about, "wider", "agents do not ask any more before they call its tools")];
}

/** Calls beyond them wait for a moment: nobody may do more by more of them. */
function connectionChanges(about: About, before: Server, after: Server): Change[] {
  const [old, now] = [connectionsOf(before), connectionsOf(after)];
  if (old === null || now === null) return [];
  const says = (amount: string) => `the gateway has ${amount} connections to it`;
  return amountChanges(about, old, now, { says, more: "other", less: "other" });
}

function connectionsOf({ settings }: Server): number | null {
  switch (settings.kind) {
    case "agent":
      return null;
    case "mcp-command":
      return settings.callsMax;
    case "mcp":
    case "http":
    case "openapi":
      return settings.connectionsMax;
  }
}

function toolCredentialChanges(
  name: string,
  files: readonly [Reading["main"], Reading["main"]],
  servers: readonly [Server, Server],
): Change[] {
  const tools = new Set(servers.flatMap(({ raw }) => Object.keys(raw.tools ?? {})));
  return [...tools].flatMap((tool) => {
    const about = { agent: null, about: `${name}__${tool}` };
    return credentialChanges(about, files, ["tool_servers", name, "tools", tool]);
  });
}

/** A tool of which nobody says what it does is taken to write: only a `read` lets more through. */
function effectChanges(before: ToolServerSettings | null, after: ToolServerSettings): Change[] {
  const known = [...(before?.tools.keys() ?? []), ...after.tools.keys()];
  // Of plain HTTP nobody is granted a tool that is not there.
  const isTold = (tool: string) =>
    !isOverHttp(after) || (before?.tools.has(tool) === true && after.tools.has(tool));
  return [...new Set(known)].filter(isTold).flatMap((tool) => {
    const [old, now] = [effectOf(before, tool), effectOf(after, tool)];
    const about = { agent: null, about: `${after.name}__${tool}` };
    if (old === now) return [];
    if (now === "read") {
      return [
        change(about, "wider", "is said to only read: agents that may only read may have it"),
      ];
    }
    if (now === "write") {
      return [change(about, "narrower", "is said to write, or not said to only read any more")];
    }
    const says = `reads or writes as the SQL at ${now.slice(1)} does, call by call`;
    const kind = old === "write" ? "wider" : old === "read" ? "narrower" : "may-be-wider";
    return [change(about, kind, says)];
  });
}

/** `read`, `write`, or where the SQL is that says it, behind a colon. */
function effectOf(server: ToolServerSettings | null, tool: string): string {
  const sql = server?.sql.get(tool);
  return sql === undefined ? (server?.tools.get(tool) ?? "write") : `:${sql}`;
}
