/** A call's request as it is stored while it waits: complete, so that it can be run from it. */
import type { ToolAsked } from "../../guards/events.ts";
import type { Call } from "../call.ts";

export type StoredRequest = StoredTool | StoredModel;

export interface StoredTool {
  readonly kind: "tool";
  readonly by: ToolAsked["by"];
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  readonly callId: string | null;
}

export interface StoredModel {
  readonly kind: "model";
  readonly format: string;
  /** Those that go with it to the provider. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function requestText(call: Call): string {
  return JSON.stringify(call.kind === "tool" ? ofTool(call) : ofModel(call));
}

function ofTool({ ask, asked }: Extract<Call, { kind: "tool" }>): StoredTool {
  const { arguments: given, bytes, callId, server, tool } = ask;
  return { kind: "tool", by: asked.by, server, tool, arguments: given, bytes, callId };
}

function ofModel({ body, incoming, wire }: Extract<Call, { kind: "model" }>): StoredModel {
  const headers: Record<string, string> = {};
  for (const name of wire.forwardHeaders) {
    const value = incoming.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  return { kind: "model", format: wire.format, headers, body: body.text };
}

/** Of a text that `requestText` made: nobody else can have sealed it. */
export function requestOf(text: string): StoredRequest {
  // `as`: the seal says that we made it, and every version of ours made it like this.
  return JSON.parse(text) as StoredRequest;
}
