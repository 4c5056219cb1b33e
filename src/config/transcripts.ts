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

export function transcriptsOf(
  raw: z.output<typeof transcripts> | undefined,
  source: Source,
): { readonly transcripts: TranscriptSettings | null; readonly issues: readonly Issue[] } {
  if (raw === undefined) return { transcripts: null, issues: [] };
  const { keep_for, max_bytes_per_call, max_bytes_per_task } = raw;
  const settings = {
    keepMs: keep_for ?? KEEP_MS,
    bytesPerTask: max_bytes_per_task ?? BYTES_PER_TASK,
    bytesPerCall: max_bytes_per_call ?? BYTES_PER_CALL,
  };
  const least = CALLS_PER_TASK_MIN * settings.bytesPerCall;
  if (settings.bytesPerTask >= least) return { transcripts: settings, issues: [] };
  const name = max_bytes_per_task === undefined ? "max_bytes_per_call" : "max_bytes_per_task";
  const expected = `room for what a call asks and for its answer: a task of at least ${least} bytes`;
  const hint = `Set max_bytes_per_task: ${least}, or a smaller max_bytes_per_call.`;
  return {
    transcripts: settings,
    issues: [issueAt(source, ["transcripts", name], expected, hint)],
  };
}
