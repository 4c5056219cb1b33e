/** Reading as a call of the one path: what is asked for, where it runs, and who is answered. */
import { hash } from "node:crypto";
import type { ToolAsked } from "../../guards/events.ts";
import { type ResolvedReading, resolveReading } from "../../guards/library/reading.ts";
import { canonicalJson } from "../../guards/tool/canonical.ts";
import type { ToolAsk } from "../../guards/tool/tool.ts";
import { type Denial, deny } from "../../guards/verdict.ts";
import type { ReadingParams } from "../../wire/mcp-library.ts";
import type { Incoming, ToolCall, ToolRunner } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { McpClient } from "../tools/mcp-client.ts";
import type { AskedOf } from "../tools/mcp-reply.ts";
import { traceIn } from "../tracing.ts";
import { ReadingDesk } from "./desk.ts";

export function readingCall(
  asked: AskedOf,
  params: ReadingParams,
  incoming: Incoming,
  gateway: Gateway,
): ToolCall | Denial {
  const { kind, name } = params;
  const { manifest } = incoming;
  const found = resolveReading({ kind, name, server: asked.server }, manifest.library);
  const ask = askOf(params, found);
  if (ask === null) return deny("request.malformed", { at: "params", got: "what is no text" });
  const runner = runnerOf(params.kind, found, incoming);
  if (runner === null && typeof found.resolved !== "string") {
    const because = "this tool server has no resources and prompts now";
    return deny("manifest.unknown-tool", { [kind]: name, tool_server: ask.server, because });
  }
  const { bytes, digest, server, tool } = ask;
  const event: ToolAsked = { server, tool, by: "mcp", digest, bytes, attempt: 0 };
  const { request, revision } = asked;
  return {
    ...{ kind: "tool", incoming, ask, resolved: found.resolved, asked: event },
    ...{
      trace: traceIn(params.meta, incoming, gateway),
      desk: new ReadingDesk(asked, kind, incoming, gateway),
    },
    client: new McpClient({ id: request.id, revision }, incoming, gateway),
    ...{ turn: null, runner, claim: null },
  };
}

/** Null: what is asked for has no text by which it is known again. */
function askOf(params: ReadingParams, { id, name, reading }: ResolvedReading): ToolAsk | null {
  const given = params.kind === "resource" ? { uri: name } : params.arguments;
  const text = canonicalJson({ ...id, name, arguments: given });
  if (text === null) return null;
  const { argumentsBytes: bytes } = params;
  const known = { digest: hash("sha256", text), bytes, callId: null };
  return { ...id, ...known, arguments: params.arguments, reading };
}

/** Null: nothing is there to read from. */
function runnerOf(
  kind: ReadingParams["kind"],
  { id, name }: ResolvedReading,
  { rules }: Incoming,
): ToolRunner | null {
  const library = rules.toolServer(id.server)?.library;
  if (library === undefined) return null;
  return { call: ({ tool: _, ...request }, run) => library.read({ ...request, kind, name }, run) };
}
