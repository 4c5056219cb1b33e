/** What operators read of what tasks said, and what they erase. */
import type { PlacedEntry, TranscriptOperations } from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import {
  type PlacedLine,
  StoreUnreachable,
  type TaskRef,
  type TranscriptEntry,
  type TranscriptStore,
} from "../ports/store.ts";

/** Of one answer; what follows is asked for after it. */
const READ_BYTES_MAX = 8 * 1024 * 1024;

export function transcriptOperations(gateway: Gateway): TranscriptOperations {
  const { store, transcripts } = gateway;
  return {
    async transcript({ after, agent, id, limit }, by) {
      const task = { agent, id };
      await transcripts.write();
      // One more, to know whether there is any.
      const read = await store.transcripts.read({ ...task, after, limit: limit + 1 });
      const { dropped, erasedAt } = read;
      if (!(await isKnown(task, read, gateway))) return null;
      await writeDown({ kind: "transcript.read", agent, task: id, by }, gateway);
      const keeps = erasedAt === null && keepsOf(agent, gateway);
      const entries = opened(read.lines.slice(0, limit), task, gateway);
      const more = entries.length < read.lines.length;
      return { keeps, dropped, erasedAt, entries, more };
    },
    async eraseTranscript(task, reason, by) {
      const { agent, id } = task;
      await transcripts.write();
      const read = await store.transcripts.read({ ...task, after: 0, limit: 1 });
      if (!(await isKnown(task, read, gateway))) return null;
      await writeDown({ kind: "transcript.erased", agent, task: id, by, reason }, gateway);
      return store.transcripts.erase(task, gateway.holding.storeNow());
    },
  };
}

type Read = Awaited<ReturnType<TranscriptStore["read"]>>;

/** A task of long ago may be forgotten, and what it said not yet. */
async function isKnown(
  { agent, id }: TaskRef,
  { dropped, erasedAt, lines }: Read,
  { store }: Gateway,
): Promise<boolean> {
  if (lines.length > 0 || dropped > 0 || erasedAt !== null) return true;
  return (await store.tasks.find(agent, id)) !== null;
}

/** Before it is done: nobody reads or erases without its being known. */
async function writeDown(event: Parameters<typeof emit>[2], gateway: Gateway): Promise<void> {
  const { flusher, holding } = gateway;
  emit(gateway, holding.tenure, event);
  if (!(await flusher.flush(holding.tenure))) {
    throw new StoreUnreachable("the journal was not written");
  }
}

function keepsOf(agent: string, { rules }: Gateway): boolean {
  const { agents, transcripts } = rules.configuration;
  return transcripts !== null && agents.get(agent)?.transcripts === true;
}

function opened(
  lines: readonly PlacedLine[],
  task: TaskRef,
  { transcripts }: Gateway,
): readonly PlacedEntry[] {
  let bytes = 0;
  const entries: PlacedEntry[] = [];
  for (const line of lines) {
    bytes += line.sealed.length;
    if (bytes > READ_BYTES_MAX && entries.length > 0) break;
    // `as`: the seal says that we made it, and every version of ours made it like this.
    const entry = JSON.parse(transcripts.open(task, line)) as TranscriptEntry;
    entries.push({ position: line.position, at: line.at, ...entry });
  }
  return entries;
}
