import type { Millis } from "../guards/money.ts";
import type { Shelf } from "../wire/mcp-library.ts";

/**
 * The road to one tool server. Credentials are the gateway's and are added by the adapter; the
 * agent's are never passed on. It never retries a call that may have been written, and never
 * follows redirects.
 */
export interface ToolServer {
  readonly name: string;
  /**
   * What it offers now, or offered at most half a minute ago and has not said since that it
   * changed: pins are held against it. Rejects with `ToolServerUnreachable`.
   */
  list(): Promise<readonly OfferedTool[]>;
  /**
   * Starts one call and reports exactly one `end` to the run, never synchronously, and nothing
   * after it. It never throws. `run.mayWrite` is called in the same synchronous stretch as the
   * write of the request's last bytes: what can wait (connecting, queueing, the handshake) is
   * before it. When it says no, nothing is written.
   */
  call(request: ToolRequest, run: ToolRun): ToolExchange;
  /** What can be read there beside its tools; none where the protocol has no such things. */
  readonly library?: Library;
  /** What is in flight ends with `reset`. */
  close(): Promise<void>;
}

/** Resources and prompts of a tool server. */
export interface Library {
  /**
   * What it lists, kept as `ToolServer.list` is. A server that does not know the question lists
   * nothing. Rejects with `ToolServerUnreachable`.
   */
  list(shelf: Shelf): Promise<readonly Listed[]>;
  /**
   * As `ToolServer.call`. The result's structured content is what was read; with `isError` it is
   * `{ code, message }`, by which the server refused.
   */
  read(request: ReadRequest, run: ToolRun): ToolExchange;
}

/** As its server describes it; `key` is the URI, the template of URIs, or the name. */
export interface Listed {
  readonly key: string;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** `name` is the URI of a resource, or the name of a prompt; only the latter takes arguments. */
export type ReadRequest = Omit<ToolRequest, "tool"> & {
  readonly kind: "resource" | "prompt";
  readonly name: string;
};

export class ToolServerUnreachable extends Error {
  override readonly name = "ToolServerUnreachable";
}

/** A tool as its server describes it: agents are shown `raw`; `name` is how it is called. */
export interface OfferedTool {
  readonly name: string;
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface ToolRequest {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** From the write to the end of the answer. */
  readonly timeoutMs: Millis;
  readonly resultBytesMax: number;
  /** Travels beside the call where the protocol has a place for it: `traceparent` and the like. */
  readonly meta: Readonly<Record<string, string>>;
  /** Hears how far the call has come, between its write and its end; null: nobody listens. */
  readonly progress: ((notification: ToolProgress) => void) | null;
}

/** How far a call has come, as its server says. */
export interface ToolProgress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

export interface ToolRun {
  mayWrite(): boolean;
  end(end: ToolEnd): void;
}

/** How a call ended. Only a `result` says for certain that the tool ran. */
export type ToolEnd =
  | { readonly kind: "result"; readonly result: ToolResult }
  | { readonly kind: "fault"; readonly fault: ToolFault };

/** What a tool answered, in MCP's shape, which is the canonical one. */
export interface ToolResult {
  /** The blocks of content, as the server sent them. */
  readonly content: readonly Readonly<Record<string, unknown>>[];
  readonly structuredContent: unknown;
  /** The tool says that it failed. */
  readonly isError: boolean;
  /** Of the answer as it came. */
  readonly bytes: number;
}

export interface ToolFault {
  readonly kind:
    | "held"
    | "unreachable"
    | "timeout"
    | "reset"
    | "aborted"
    /** It answered something that is no answer of the protocol, or a protocol error. */
    | "protocol"
    | "too-large";
  /** Whether any byte of the call may have left: if not, nothing can have run. */
  readonly written: boolean;
  /** For the log and for `explain`; without credentials. */
  readonly message: string;
}

export interface ToolExchange {
  /** Cuts it. Reported as a fault of kind `aborted` if it had not ended. */
  abort(): void;
}
