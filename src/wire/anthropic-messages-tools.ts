/** Anthropic messages: which tools run at the provider, and how often they may. */
import { HOSTED_TOOLS, type ServerTool } from "../guards/call.ts";
import type { Denial } from "../guards/verdict.ts";
import { Fields } from "./fields.ts";
import { describe, isObject, type JsonObject, malformed, shortName } from "./json.ts";
import type { ToolList } from "./offered-tools.ts";

export interface ReadTools {
  readonly problem: Denial | null;
  readonly count: number;
  readonly server: readonly ServerTool[];
  readonly unbounded: readonly string[];
}

/** A tool's type carries the date of its version. */
const DATE_SUFFIX = /_(\d{8})$/;

/** Run by the client: what they return comes back in the next call, as input that is counted. */
const CLIENT_TOOLS: ReadonlySet<string> = new Set([
  "custom",
  "bash",
  "text_editor",
  "computer",
  "computer_toolset",
  "browser_toolset",
  "memory",
]);

const SERVER_TOOLS: ReadonlySet<string> = new Set(HOSTED_TOOLS);

/**
 * From this version on, search and fetch may run code on their results, in rounds without a bound.
 */
const RUNS_CODE_SINCE = "20260209";
const FILTERING_TOOLS: ReadonlySet<string> = new Set(["web_search", "web_fetch"]);

/** A block of an answer that the client runs. */
export const ANTHROPIC_TOOL_USE = "tool_use";

/** A family of tools in one entry without a name; each of its calls names the family. */
export const TOOLSET_SUFFIX = "_toolset";

/** The one list of tools of this format. */
export const ANTHROPIC_TOOL_LISTS: readonly ToolList[] = [
  {
    name: "tools",
    choice: "tool_choice",
    dependents: [],
    isOffered: (tool) => CLIENT_TOOLS.has(kindOf(tool.type)),
    namesOf: (entry) => (isToolset(entry) ? [kindOf(entry.type), entry.name] : [entry.name]),
    leftToModel,
    allowedIn: () => [],
  },
];

/** Sorts the tools of a request by who runs them. */
export function readTools(tools: readonly unknown[]): ReadTools {
  let problem: Denial | null = null;
  const server: ServerTool[] = [];
  const unbounded: string[] = [];
  for (const [index, tool] of tools.entries()) {
    if (!isObject(tool)) {
      problem ??= malformed(`tools[${index}]`, describe(tool), "an object");
      continue;
    }
    const fields = new Fields(tool, `tools[${index}].`);
    const type = fields.text("type") ?? "custom";
    const kind = kindOf(type);
    if (SERVER_TOOLS.has(kind)) server.push({ type: kind, maxUses: fields.count("max_uses") });
    else if (!CLIENT_TOOLS.has(kind)) unbounded.push(`tool ${shortName(type)}`);
    if (runsCode(kind, type) && !onlyDirect(tool.allowed_callers)) {
      unbounded.push(`tool ${type} without allowed_callers ["direct"]`);
    }
    problem ??= fields.problem;
  }
  return { problem, count: tools.length, server, unbounded };
}

/** A type without its version; a tool without a type is the client's own. */
function kindOf(type: unknown): string {
  return typeof type === "string" ? type.replace(DATE_SUFFIX, "") : "custom";
}

function isToolset(entry: JsonObject): boolean {
  return kindOf(entry.type).endsWith(TOOLSET_SUFFIX);
}

/** One call at a time, where the client wants that, holds for a free choice too. */
function leftToModel(choice: JsonObject): unknown {
  const { disable_parallel_tool_use } = choice;
  return { type: "auto", ...(disable_parallel_tool_use === true && { disable_parallel_tool_use }) };
}

function runsCode(kind: string, type: string): boolean {
  const version = DATE_SUFFIX.exec(type)?.[1] ?? "";
  return FILTERING_TOOLS.has(kind) && version >= RUNS_CODE_SINCE;
}

function onlyDirect(callers: unknown): boolean {
  return Array.isArray(callers) && callers.length > 0 && callers.every((name) => name === "direct");
}
