/**
 * Reading a resource or getting a prompt as the guards see it: a call like that of a tool which
 * only reads, by one name for all resources of a server, and one for each prompt. So budgets,
 * limits on tasks, breakers and the journal count it like a tool, and no agent makes up names.
 */
import { resolveTool } from "../tool/names.ts";
import type { GrantedTool, Reading, Resolved, ToolId } from "../tool/tool.ts";
import { type LibraryGrants, ofServer, serversOf } from "./grants.ts";

/** What is asked for, on the URL of one server or of all. */
export interface Wanted {
  readonly kind: "resource" | "prompt";
  /** A URI, or the name of a prompt as it was written. */
  readonly name: string;
  readonly server: string | null;
}

export interface ResolvedReading {
  readonly id: ToolId;
  readonly resolved: Resolved;
  readonly reading: Reading;
  /** As its server calls it. */
  readonly name: string;
}

/** How long a reading may take and how large it may be: as of a tool that says nothing of it. */
export interface ReadingBounds {
  readonly timeoutMs: number;
  readonly resultBytesMax: number;
}

export const READING_BOUNDS: ReadingBounds = {
  /** Official clients give up after a minute. */
  timeoutMs: 60_000,
  resultBytesMax: 8 * 1024 * 1024,
};

const METHOD = { resource: "resources/read", prompt: "prompts/get" } as const;

export function resolveReading(wanted: Wanted, library: LibraryGrants): ResolvedReading {
  return wanted.kind === "resource"
    ? resolveResource(wanted, library)
    : resolvePrompt(wanted, library);
}

function resolveResource(wanted: Wanted, library: LibraryGrants): ResolvedReading {
  const { name, server } = wanted;
  const [only, ...others] = serversOf(name, ofServer(library, server).resources);
  const isOne = only !== undefined && others.length === 0;
  const id = { server: isOne ? only : (server ?? ""), tool: METHOD.resource };
  const reading = { kind: wanted.kind, name, isUnclear: others.length > 0 } as const;
  return { id, resolved: isOne ? readOf(id, null) : "unknown", reading, name };
}

function resolvePrompt(wanted: Wanted, { prompts }: LibraryGrants): ResolvedReading {
  const { name, server } = wanted;
  const found = resolveTool(name, prompts, server);
  const reading = { kind: wanted.kind, name, isUnclear: false } as const;
  if (typeof found === "string") {
    return { id: { server: server ?? "", tool: METHOD.prompt }, resolved: found, reading, name };
  }
  const id = { server: found.server, tool: `${METHOD.prompt} ${found.tool}` };
  return { id, resolved: readOf(id, found.check), reading, name: found.tool };
}

/** As a grant of a tool with nothing in it but what holds for every reading. */
export function readOf({ server, tool }: ToolId, check: GrantedTool["check"]): GrantedTool {
  return {
    ...{ server, tool, check, isGranted: true, effect: "read", readOnly: true, approval: "never" },
    ...{ takes: null, sql: null, unwraps: null, rateLimit: null, resource: [], pin: null },
    ...{ cost: null, output: null, emptyIsError: false, commitment: null, ends: [] },
    ...{ concurrentMax: null, repeatsMax: null },
    ...READING_BOUNDS,
  };
}
