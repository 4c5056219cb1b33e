/** What the scripted MCP server does: how it speaks, what it offers, and how it goes wrong. */
import type { Millis } from "../guards/money.ts";
import type { JsonObject } from "../wire/json.ts";

/** How a `tools/call` is answered. */
export type CallAnswer =
  | "well"
  /** Half of the answer, then the connection is cut. */
  | "half"
  /** Half of the answer, then a clean end. */
  | "half-clean"
  | "reset"
  | "never"
  | "garbage"
  | "empty"
  | "wrong-id"
  | "batch"
  | "duplicate-key"
  | "no-content"
  /** The tool wants an answer of the agent's user first. */
  | "input-required"
  | "unknown-result"
  /** A result with nothing in it. */
  | "nothing"
  | "rpc-error"
  /** As of a tool that runs as a task, and in no other way. */
  | "unknown-method"
  | "anonymous-error"
  | "http-500"
  | "http-401"
  | "redirect"
  | "gzip"
  | "text"
  | "accepted"
  /** An answer of `hugeBytes`. */
  | "huge"
  /** Events without an end and without an answer. */
  | "flood";

/** What can be read: a resource answers with its URI, a prompt with its arguments. */
export interface McpShelves {
  readonly resources: readonly JsonObject[];
  readonly resourceTemplates: readonly JsonObject[];
  readonly prompts: readonly JsonObject[];
}

export interface McpScript {
  readonly answers: "json" | "sse";
  readonly sessions: boolean;
  /** Speaks 2026-07-28 and nothing else: no handshake, no sessions. */
  readonly stateless: boolean;
  /** To servers of before it is an unknown method; or none that is ever answered. */
  readonly discover: "as-spoken" | "never" | "reset" | "http-403" | "refused";
  /** The session that is told; null: one after another. */
  readonly sessionId: string | null;
  readonly protocolVersion: string;
  readonly initialize: "well" | "error" | "http-401" | "garbage" | "never" | "reset";
  readonly initialized: "well" | "http-500";
  readonly call: CallAnswer;
  readonly latencyMs: Millis;
  /** Sent before the answer, where it comes as events. */
  readonly before: readonly string[];
  /** Told of a call before its answer, if it was asked for and the answer comes as events. */
  readonly progress: readonly JsonObject[];
  /** Sent after the answer, where it comes as events. */
  readonly after: readonly string[];
  /** Whether the stream stays open after its answer. */
  readonly staysOpen: boolean;
  readonly tools: readonly JsonObject[];
  /** Null: it knows nothing of resources and prompts. */
  readonly library: McpShelves | null;
  readonly pageSize: number;
  /** The list never ends. */
  readonly pagesForEver: boolean;
  readonly hugeBytes: number;
  /** What answers a question of ours is not taken: the connection hangs. */
  readonly ignoresAnswers: boolean;
}

const ANY_OBJECT = { type: "object" };

export const ECHO = "echo";
export const FAIL = "fail";

export const MCP_SCRIPT: McpScript = {
  answers: "json",
  sessions: true,
  stateless: false,
  discover: "as-spoken",
  sessionId: null,
  protocolVersion: "2025-11-25",
  initialize: "well",
  initialized: "well",
  call: "well",
  latencyMs: 0,
  before: [],
  progress: [],
  after: [],
  staysOpen: false,
  tools: [
    { name: ECHO, description: "Answers with its arguments.", inputSchema: ANY_OBJECT },
    { name: FAIL, description: "Says that it failed.", inputSchema: ANY_OBJECT },
  ],
  library: null,
  pageSize: 100,
  pagesForEver: false,
  hugeBytes: 4 * 1024 * 1024,
  ignoresAnswers: false,
};
