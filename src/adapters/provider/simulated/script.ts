import type { Millis } from "../../../guards/money.ts";

/** How simulated answers are made. Every number is an amount for each call. */
export interface Script {
  readonly latencyMs: Millis;
  /** Between the chunks of a stream. */
  readonly chunkMs: Millis;
  readonly chunks: number;
  /** Tokens of output; never above the request's cap. */
  readonly outputTokens: number;
  /** Asked for when the request offers a tool of that name, but never after a tool's result. */
  readonly toolCalls: readonly {
    readonly name: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  }[];
  /** Bills this many times what it should. */
  readonly overbill: number;
  readonly fault:
    | "error-500"
    | "error-429"
    | "reset"
    | "half-stream"
    | "garbage"
    | "never"
    | "no-usage"
    | null;
  /** Every n-th call ends with the fault; 0: never. */
  readonly faultEvery: number;
}

/** Used where the configuration gives no script. */
export const DEFAULT_SCRIPT: Script = {
  latencyMs: 0,
  chunkMs: 0,
  chunks: 10,
  outputTokens: 30,
  toolCalls: [],
  overbill: 1,
  fault: null,
  faultEvery: 0,
};
