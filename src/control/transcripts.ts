/** What operators may ask of what tasks said. */
import type { Millis } from "../guards/money.ts";
import type { TaskRef, TranscriptEntry } from "../ports/store.ts";

export interface TranscriptAsked extends TaskRef {
  /** Only what stands after this position. */
  readonly after: number;
  readonly limit: number;
}

export type PlacedEntry = {
  readonly position: number;
  readonly at: Millis;
} & TranscriptEntry;

export interface Transcript {
  /** What it says from now on is kept. */
  readonly keeps: boolean;
  /** Lines that had to go: for the bound on bytes, or because they were old. */
  readonly dropped: number;
  readonly erasedAt: Millis | null;
  /** The oldest first; perhaps fewer than were asked for. */
  readonly entries: readonly PlacedEntry[];
  /** Others stand after them. */
  readonly more: boolean;
}

export interface TranscriptOperations {
  /** Each reading is written down; null: there is no such task. */
  transcript(asked: TranscriptAsked, by: string): Promise<Transcript | null>;
  /** For good; how many lines that were. Null: there is no such task. */
  eraseTranscript(task: TaskRef, reason: string, by: string): Promise<number | null>;
}
