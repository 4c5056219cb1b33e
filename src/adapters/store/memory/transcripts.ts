import type { PlacedLine, TaskRef, TranscriptLine, TranscriptStore } from "../../../ports/store.ts";
import { TRANSCRIPT_READ_MAX } from "../../../ports/transcripts.ts";
import type { MemoryData, Transcript } from "./data.ts";

/** Tasks of which something is kept: a process without a disk must not grow for ever. */
const TASKS_MAX = 1_000;

/** Transcripts on data in memory. */
export function memoryTranscripts(data: MemoryData): TranscriptStore {
  const { transcripts } = data;
  return {
    known: async (task, marks) => {
      const { lines, ...state } = shown(transcripts.get(keyOf(task)));
      const there = new Set(lines.map(({ mark }) => mark));
      return { ...state, marks: marks.filter((mark) => there.has(mark)) };
    },
    write: async (task, lines, bytesMax) => {
      if (lines.length === 0) return;
      const transcript = ofTask(data, task);
      transcript.seenAt = Math.max(transcript.seenAt, ...lines.map(({ at }) => at));
      if (transcript.erasedAt !== null) return;
      const all = [...transcript.lines, ...placed(data, transcript, lines)];
      transcript.lines = newestOf(all, bytesMax);
      transcript.dropped += all.length - transcript.lines.length;
    },
    read: async ({ after, limit, ...task }) => {
      const { lines, ...state } = shown(transcripts.get(keyOf(task)));
      const found = lines.filter(({ position }) => position > after);
      return { ...state, lines: found.slice(0, Math.min(limit, TRANSCRIPT_READ_MAX)) };
    },
    erase: async (task, at) => {
      const transcript = ofTask(data, task);
      const count = transcript.lines.length;
      transcript.lines = [];
      transcript.erasedAt ??= at;
      transcript.seenAt = Math.max(transcript.seenAt, at);
      return count;
    },
    prune: async (before) => {
      for (const [key, transcript] of [...transcripts]) {
        const kept = transcript.lines.filter(({ at }) => at >= before);
        transcript.dropped += transcript.lines.length - kept.length;
        transcript.lines = kept;
        if (kept.length === 0 && transcript.seenAt < before) transcripts.delete(key);
      }
      return false;
    },
  };
}

function keyOf({ agent, id }: TaskRef): string {
  return JSON.stringify([agent, id]);
}

function shown(transcript: Transcript | undefined) {
  const { dropped = 0, erasedAt = null, lines = [] } = transcript ?? {};
  return { dropped, erasedAt, lines };
}

/** Made where there is none; the one written to last stands last. */
function ofTask({ transcripts }: MemoryData, task: TaskRef): Transcript {
  const key = keyOf(task);
  const none: Transcript = { lines: [], dropped: 0, erasedAt: null, seenAt: 0 };
  const transcript = transcripts.get(key) ?? none;
  transcripts.delete(key);
  transcripts.set(key, transcript);
  for (const other of [...transcripts.keys()].slice(0, -TASKS_MAX)) transcripts.delete(other);
  return transcript;
}

/** Those that are not there yet, each with a position of its own. */
function placed(
  data: MemoryData,
  transcript: Transcript,
  lines: readonly TranscriptLine[],
): PlacedLine[] {
  const there = new Set(transcript.lines.map(({ mark }) => mark));
  return lines.flatMap((line) => {
    if (there.has(line.mark)) return [];
    there.add(line.mark);
    data.transcriptPosition += 1;
    return [{ ...line, position: data.transcriptPosition }];
  });
}

function newestOf(lines: readonly PlacedLine[], bytesMax: number): readonly PlacedLine[] {
  let bytes = 0;
  const over = lines.findLastIndex(({ sealed }) => {
    bytes += sealed.length;
    return bytes > bytesMax;
  });
  return lines.slice(over + 1);
}
