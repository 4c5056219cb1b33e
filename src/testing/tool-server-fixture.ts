import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Millis } from "../guards/money.ts";
import type {
  ToolEnd,
  ToolExchange,
  ToolFault,
  ToolRequest,
  ToolServer,
} from "../ports/tool-server.ts";

/**
 * What the server behind the adapter does with calls. It offers two tools: `echo`, which answers
 * with one block of text, its arguments as JSON, and as structured content `{ given, meta }` or
 * nothing; and `fail`, which says that it failed.
 */
export interface ToolScript {
  readonly latencyMs: Millis;
  readonly call:
    | "well"
    | "half"
    | "reset"
    | "never"
    | "garbage"
    | "empty"
    | "http-500"
    | "redirect"
    | "gzip"
    | "huge";
  readonly hugeBytes: number;
}

export interface ToolServerFixture {
  readonly server: ToolServer;
  /** Calls that a tool has run. */
  ran(): number;
  dispose(): Promise<void>;
}

/** Makes a fresh adapter and a fresh server behind it. */
export type OpenToolServer = (script: Partial<ToolScript>) => Promise<ToolServerFixture>;

/** Long enough for anything that must not come to have come. */
export const SILENCE_MS = 30;

export const RESULT_BYTES_MAX = 1024 * 1024;

export function toolRequest(changes: Partial<ToolRequest> = {}): ToolRequest {
  const meta = {};
  const limits = { timeoutMs: 10_000, resultBytesMax: RESULT_BYTES_MAX };
  const rest = { ...limits, meta, progress: null };
  return { tool: "echo", arguments: { text: "hello" }, ...rest, ...changes };
}

export async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 15_000, interval: 2 }).toBe(true);
}

export interface CallRecording {
  readonly exchange: ToolExchange;
  /** How often it was asked whether it may be written. */
  readonly asked: number;
  /** Everything that was reported. */
  readonly ends: readonly ToolEnd[];
  readonly over: Promise<ToolEnd>;
}

/** Makes one call and keeps what is reported of it. */
export function recordCall(
  server: ToolServer,
  request: ToolRequest,
  mayWrite: () => boolean = () => true,
): CallRecording {
  const ends: ToolEnd[] = [];
  const recording = { asked: 0, ends, isReturned: false };
  let finish: (end: ToolEnd) => void = () => undefined;
  const over = new Promise<ToolEnd>((resolve) => {
    finish = resolve;
  });
  const exchange = server.call(request, {
    mayWrite: () => {
      recording.asked += 1;
      return mayWrite();
    },
    end: (end) => {
      if (!recording.isReturned) throw new Error("reported before call had returned");
      ends.push(end);
      finish(end);
    },
  });
  recording.isReturned = true;
  return Object.assign(recording, { exchange, over });
}

/** The fault of a call that ended with one, once nothing more can come. */
export async function faultOf(recording: CallRecording): Promise<ToolFault> {
  const end = await recording.over;
  await sleep(SILENCE_MS);
  expect(recording.ends).toHaveLength(1);
  if (end.kind !== "fault") throw new Error(`a result: ${JSON.stringify(end.result)}`);
  return end.fault;
}
