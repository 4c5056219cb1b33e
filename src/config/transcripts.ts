/** What is kept of what tasks said: nothing, unless it is written that it is. */
import type { z } from "zod";
import type { Issue, TranscriptSettings } from "./configuration.ts";
import { count, duration, strict } from "./fields.ts";
import { issueAt } from "./issues.ts";
import type { Source } from "./source.ts";

const KEEP_MS = 7 * 24 * 3_600_000;
const MEBIBYTE = 1024 * 1024;
const BYTES_PER_TASK = MEBIBYTE;
const BYTES_PER_CALL = 64 * 1024;
/** What a call asks and what it is answered are to fit, or the one would push the other out. */
const CALLS_PER_TASK_MIN = 2;

export const transcripts = strict({
  keep_for: duration(1000, "400d").describe("It is forgotten after this. Default 7d.").optional(),
  max_bytes_per_task: count(2048, 1024 * MEBIBYTE)
    .describe("Of one task; above it the oldest goes. Default 1048576.")
    .optional(),
  max_bytes_per_call: count(1024, 16 * MEBIBYTE)
    .describe("Of what one call adds, and of its answer; longer texts are cut. Default 65536.")
    .optional(),
});

type Raw = z.output<typeof transcripts> | undefined;

export function transcriptsOf(raw: Raw): TranscriptSettings | null {
  if (raw === undefined) return null;
  return {
    keepMs: raw.keep_for ?? KEEP_MS,
    bytesPerTask: raw.max_bytes_per_task ?? BYTES_PER_TASK,
    bytesPerCall: raw.max_bytes_per_call ?? BYTES_PER_CALL,
  };
}

export function transcriptIssues(raw: Raw, source: Source): readonly Issue[] {
  const settings = transcriptsOf(raw);
  const least = CALLS_PER_TASK_MIN * (settings?.bytesPerCall ?? 0);
  if (settings === null || settings.bytesPerTask >= least) return [];
  const isOfCall = raw?.max_bytes_per_task === undefined;
  const at = ["transcripts", isOfCall ? "max_bytes_per_call" : "max_bytes_per_task"];
  const expected = `a task with room for what a call asks and for its answer: ${least} bytes`;
  const hint = `Set max_bytes_per_task: ${least}, or a smaller max_bytes_per_call.`;
  return [issueAt(source, at, expected, hint)];
}
