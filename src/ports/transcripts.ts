/**
 * What tasks said and were told, where that is kept: sealed, for a while, so many bytes of each
 * task, and erased without breaking the journal's chain, which holds digests alone.
 */
import type { Millis } from "../guards/money.ts";
import type { Message } from "../wire/said.ts";
import type { TaskRef } from "./tasks.ts";

/** Most that one reading answers. */
export const TRANSCRIPT_READ_MAX = 500;

/** Forgotten at a time: nothing else is to wait for long. */
export const TRANSCRIPT_PRUNED_MAX = 5_000;

/** What one line says, once it is opened. `decision` is that of its call. */
export type TranscriptEntry =
  /** Said to a model, or by it. */
  | (Message & {
      readonly kind: "message";
      readonly decision: string;
      readonly from: "request" | "answer";
    })
  /** What became of a model call that was not simply answered. `why`: a code, or in words. */
  | {
      readonly kind: "verdict";
      readonly decision: string;
      readonly verdict: "refused" | "parked" | "broken";
      readonly why: string;
    }
  /** A tool call at the gateway. */
  | {
      readonly kind: "call";
      readonly decision: string;
      readonly server: string;
      readonly tool: string;
      readonly by: string;
      readonly arguments: string;
      readonly verdict: "allowed" | "refused" | "parked";
      /** A code; null where it was allowed. */
      readonly why: string | null;
    }
  | {
      readonly kind: "result";
      readonly decision: string;
      readonly server: string;
      readonly tool: string;
      readonly outcome: "ok" | "error" | "fault";
      readonly text: string;
    };

export interface TranscriptLine {
  /** Of what it says: in one task the same mark is written once. */
  readonly mark: string;
  readonly at: Millis;
  /** Encrypted by the gateway: the store cannot read it. */
  readonly sealed: Uint8Array;
}

export type PlacedLine = TranscriptLine & { readonly position: number };

/** How whole it is. */
export interface TranscriptState {
  /** Lines that had to go: for the bound on bytes, or because they were old. */
  readonly dropped: number;
  /** From then on nothing of this task is kept. */
  readonly erasedAt: Millis | null;
}

export interface TranscriptQuery extends TaskRef {
  /** Only those after this position, in the store's order. */
  readonly after: number;
  /** At most `TRANSCRIPT_READ_MAX` are answered, whatever it is. */
  readonly limit: number;
}

export interface TranscriptStore {
  /** Which of these marks are there. */
  known(
    task: TaskRef,
    marks: readonly string[],
  ): Promise<TranscriptState & { readonly marks: readonly string[] }>;
  /** In this order. Above so many bytes of what is sealed the oldest lines of the task go. */
  write(task: TaskRef, lines: readonly TranscriptLine[], bytesMax: number): Promise<void>;
  /** The oldest of them first. */
  read(
    query: TranscriptQuery,
  ): Promise<TranscriptState & { readonly lines: readonly PlacedLine[] }>;
  /** Forgets all of it, and keeps no more of it; how many lines that were. */
  erase(task: TaskRef, at: Millis): Promise<number>;
  /**
   * Forgets lines from before this, so many at a time, and tasks of which nothing was written
   * since. True: there are more.
   */
  prune(before: Millis): Promise<boolean>;
}
