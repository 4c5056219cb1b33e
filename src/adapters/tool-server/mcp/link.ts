import type { Millis } from "../../../guards/money.ts";
import type { ToolExchange, ToolFault, ToolProgress } from "../../../ports/tool-server.ts";
import type { JsonObject } from "../../../wire/json.ts";
import type { RpcError } from "../../../wire/json-rpc.ts";

/** The way to one server that speaks MCP, whatever carries it. */
export interface Link {
  /** Whether the server wants parameters repeated in headers, as far as it is known by now. */
  readonly repeats: boolean;
  /** Starts one request. Never throws; the end is reported once, and never synchronously. */
  ask(options: AskOptions, run: AskRun): ToolExchange;
  /** What is in flight ends with `reset`. */
  close(): Promise<void>;
}

export interface AskOptions {
  readonly method: string;
  readonly params: JsonObject;
  /** From the first write to the end of the answer. */
  readonly timeoutMs: Millis;
  readonly answerBytesMax: number;
  /** Told what the server says of how far it has come, if it is wanted; null: it is not asked. */
  readonly progress: ((notification: ToolProgress) => void) | null;
  /** Headers that repeat its parameters, where the link repeats them; never rejects. */
  readonly repeated?: () => Promise<readonly string[] | ToolFault>;
}

export interface AskRun {
  /** Asked in the stretch of the write. */
  mayWrite(): boolean;
  end(end: AskEnd): void;
}

export type AskEnd =
  | { readonly kind: "result"; readonly result: JsonObject; readonly bytes: number }
  /** `error`: the server has answered, in the protocol's own words. */
  | { readonly kind: "fault"; readonly fault: ToolFault; readonly error?: RpcError };

/** Of what has not been written, and so cannot have run. */
export function unreachable(message: string): ToolFault {
  return { kind: "unreachable", written: false, message };
}

export function errorWords({ code, message }: RpcError): string {
  return `answered JSON-RPC error ${code}${message === "" ? "" : `: ${message}`}`;
}
