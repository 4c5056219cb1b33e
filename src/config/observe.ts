/** How an agent is observed before its manifest is enforced, as the manifest says it. */
import type { Observe } from "../guards/manifest/manifest.ts";
import type { Configuration, Issue, ToolServerSettings } from "./configuration.ts";
import { issueAt, otherName } from "./issues.ts";
import type { RawManifest } from "./manifest-schema.ts";
import { isCallable, takenArguments } from "./offered.ts";
import type { Path, Source } from "./source.ts";
import { boundsOf } from "./tool-bounds.ts";
import { sqlOf } from "./tool-sql.ts";
import { TIMEOUT_MS, type Tooling } from "./tooling.ts";

const SERVERS_TOLD_MAX = 20;

/** Null: the manifest is enforced. */
export function observeOf({ mode, observe_servers, observe_until }: RawManifest): Observe | null {
  if (mode !== "observe" || observe_until === undefined) return null;
  return { until: observe_until, servers: observe_servers ? new Set(observe_servers) : null };
}

/** An end that nobody wrote, or one of what never began; servers that are none. */
export function observeIssues(
  raw: RawManifest,
  source: Source,
  servers: ReadonlyMap<string, ToolServerSettings>,
): readonly Issue[] {
  const at = (path: Path, expected: string, hint: string) => issueAt(source, path, expected, hint);
  if (raw.mode === "observe" && raw.observe_until === undefined) {
    const expected = "the moment from which the manifest is enforced";
    const hint =
      'Nobody is observed for ever: write it like "2026-12-31" or "2026-12-31T09:00:00Z".';
    return [at(["observe_until"], expected, hint)];
  }
  if (raw.mode === "observe") return serverIssues(raw, source, servers);
  return (["observe_until", "observe_servers"] as const)
    .filter((key) => raw[key] !== undefined)
    .map((key) => at([key], "nothing", "Add mode: observe, or leave it out: all is enforced."));
}

/** Whoever reads the folder is to see that it does not hold. */
export function observeWarnings(
  raw: RawManifest,
  source: Source,
  servers: ReadonlyMap<string, ToolServerSettings>,
): readonly Issue[] {
  const observe = observeOf(raw);
  if (observe === null) return [];
  const named = [...(observe.servers ?? servers.keys())].slice(0, SERVERS_TOLD_MAX);
  const tools = named.length === 0 ? "" : ` It may call every tool of ${named.join(", ")}.`;
  const until = new Date(observe.until).toISOString();
  const hint = `Until ${until} only blacklist, money and approvals hold for this agent.${tools}`;
  return [issueAt(source, ["mode"], "a manifest that is enforced", hint)];
}

function serverIssues(
  { observe_servers: named = [] }: RawManifest,
  source: Source,
  servers: ReadonlyMap<string, ToolServerSettings>,
): readonly Issue[] {
  const names = [...servers.keys()];
  return named.flatMap((name, index) => {
    if (servers.has(name)) return [];
    const expected = "a name under tool_servers of slipclutch.yaml";
    return [issueAt(source, ["observe_servers", index], expected, otherName(name, names))];
  });
}

/** Makes what a tool is without any grant; null: no call of it could ever be sent. */
type Ungranted = Configuration["ungranted"];

export function ungrantedOf({ schemas, servers, sql }: Tooling): Ungranted {
  return ({ server: name, tool }) => {
    const server = servers.get(name);
    if (server === undefined || !isCallable(server, tool, schemas)) return null;
    return {
      ...{ server: name, tool },
      isGranted: false,
      effect: server.tools.get(tool) ?? "write",
      sql: sqlOf(server, tool, sql),
      unwraps: server.unwraps.get(tool) ?? null,
      readOnly: false,
      takes: takenArguments(server, tool, schemas),
      timeoutMs: TIMEOUT_MS,
      ...NOTHING_SAID,
      ...boundsOf({ tool_name: tool }),
    };
  };
}

const NOTHING_SAID = {
  rateLimit: null,
  check: null,
  resource: [],
  pin: null,
  cost: null,
  approval: "never",
  emptyIsError: false,
  output: null,
  commitment: null,
  ends: [],
} as const;
