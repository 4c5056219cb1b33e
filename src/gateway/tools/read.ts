/** From a name and its arguments to a tool call: the one model of it, whatever road it came by. */
import { hash } from "node:crypto";
import type { ToolAsked } from "../../guards/events.ts";
import { canonicalJson } from "../../guards/tool/canonical.ts";
import { resolveTool } from "../../guards/tool/names.ts";
import type { ToolAsk } from "../../guards/tool/tool.ts";
import { type Denial, deny, isDenial } from "../../guards/verdict.ts";
import { NO_TRACE, type Trace } from "../../wire/trace-context.ts";
import type { Caller, Desk, ToolCall, ToolRunner } from "../call.ts";
import type { Client } from "../client.ts";

/** What a request on any road says. */
export interface Named {
  readonly name: string;
  /** The server whose own URL was asked; null: any. */
  readonly server: string | null;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  readonly callId: string | null;
  readonly by: ToolAsked["by"];
  /** Absent: it belongs to none that is known. */
  readonly trace?: Trace;
}

/** Whoever is to be answered, and how. */
export interface Counter {
  readonly desk: Desk;
  readonly client: Client;
  /** The agent itself, if it has asked for a decision. */
  readonly runner?: ToolRunner | null;
}

/** A call before anybody is there to be answered. */
export type Identified = Pick<ToolCall, "ask" | "asked" | "incoming" | "resolved">;

export function identify(named: Named, incoming: Caller): Identified | Denial {
  const { arguments: given, by, bytes, callId, name, server } = named;
  const resolved = resolveTool(name, incoming.manifest.tools, server);
  // An unknown name is kept as it was written: whoever reads the journal should see it.
  const id = typeof resolved === "string" ? { server: server ?? "", tool: name } : resolved;
  const digest = askDigest(id, given);
  if (digest === null) {
    const expected = "JSON that is not nested too deep";
    return deny("request.malformed", { at: "arguments", got: "something else", expected });
  }
  const { server: on, tool } = id;
  const ask: ToolAsk = { server: on, tool, arguments: given, digest, bytes, callId };
  const asked: ToolAsked = { server: on, tool, by, digest, bytes, attempt: 0 };
  return { ask, asked, incoming, resolved };
}

/** What is asked of which tool, in one text; null: nested too deep. */
export function askDigest(
  { server, tool }: Pick<ToolAsk, "server" | "tool">,
  given: Readonly<Record<string, unknown>>,
): string | null {
  const text = canonicalJson({ server, tool, arguments: given });
  return text === null ? null : hash("sha256", text);
}

/** A call to be run: by a tool server, or by the agent that has asked whether it may. */
export function readToolCall(named: Named, incoming: Caller, at: Counter): ToolCall | Denial {
  const call = identify(named, incoming);
  if (isDenial(call)) return call;
  const { ask, asked, resolved } = call;
  const { client, desk, runner = null } = at;
  const isServed = incoming.rules.toolServer(ask.server) !== null;
  if (typeof resolved !== "string" && isServed === (runner !== null)) {
    const because = isServed ? "the gateway runs this tool" : "the agent runs this tool itself";
    return deny("manifest.unknown-tool", { tool: ask.tool, tool_server: ask.server, because });
  }
  const { trace = NO_TRACE } = named;
  const from = { client, desk, incoming, trace };
  return { kind: "tool", ask, asked, resolved, ...from, runner, turn: null, claim: null };
}
