/** A call's request as it is stored while it waits: complete, so that it can be run from it. */
import type { ToolAsked } from "../../guards/events.ts";
import type { Trace } from "../../wire/trace-context.ts";
import type { Call } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { traceFor } from "../tracing.ts";

export type StoredRequest = StoredTool | StoredModel;

export interface StoredTool {
  readonly kind: "tool";
  readonly by: ToolAsked["by"];
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  readonly callId: string | null;
  /** As its server is to be told it; absent: none. */
  readonly trace?: Trace;
  /** A person has changed its arguments: the digest of what its agent asked. */
  readonly askedDigest?: string;
}

export interface StoredModel {
  readonly kind: "model";
  readonly format: string;
  /** Those that go with it to the provider. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function requestText(call: Call, gateway: Gateway): string {
  return JSON.stringify(call.kind === "tool" ? ofTool(call, gateway) : ofModel(call));
}

function ofTool(call: Extract<Call, { kind: "tool" }>, gateway: Gateway): StoredTool {
  const { arguments: given, bytes, callId, server, tool } = call.ask;
  const { by } = call.asked;
  const trace = traceFor(call, gateway);
  const traced = Object.keys(trace).length === 0 ? {} : { trace };
  return { kind: "tool", by, server, tool, arguments: given, bytes, callId, ...traced };
}

function ofModel({ body, incoming, wire }: Extract<Call, { kind: "model" }>): StoredModel {
  const headers: Record<string, string> = {};
  for (const name of wire.forwardHeaders) {
    const value = incoming.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  return { kind: "model", format: wire.format, headers, body: body.text };
}

/** The same request with what a person put in the place of its arguments. */
export function editedText(
  request: StoredTool,
  edited: Pick<StoredTool, "arguments" | "bytes"> & { readonly askedDigest: string },
): string {
  return JSON.stringify({ ...request, ...edited } satisfies StoredTool);
}

/** Of a text that `requestText` made: nobody else can have sealed it. */
export function requestOf(text: string): StoredRequest {
  // `as`: the seal says that we made it, and every version of ours made it like this.
  return JSON.parse(text) as StoredRequest;
}
