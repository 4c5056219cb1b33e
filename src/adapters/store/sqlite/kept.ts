import type { Store } from "../../../ports/store.ts";
import type { WorkerClient } from "./client.ts";

type Kept = Pick<Store, "inputs" | "transcripts">;

/** What is kept of calls beside the journal, sealed. */
export function keptOn(writer: WorkerClient, reader: WorkerClient): Kept {
  return {
    inputs: {
      write: (inputs) => writer.ask("writeInputs", inputs.map(ownBytes)),
      read: (query) => reader.ask("readInputs", query),
      prune: (before) => writer.ask("pruneInputs", before),
    },
    transcripts: {
      known: (task, marks) => writer.ask("knownLines", task, marks),
      write: (task, lines, bytesMax) =>
        writer.ask("writeTranscript", task, lines.map(ownBytes), bytesMax),
      read: (query) => reader.ask("readTranscript", query),
      erase: (task, at) => writer.ask("eraseTranscript", task, at),
      prune: (before) => writer.ask("pruneTranscripts", before),
    },
  };
}

/** Of a view the whole memory behind it would cross to the thread. */
function ownBytes<Row extends { readonly sealed: Uint8Array }>(row: Row): Row {
  return { ...row, sealed: new Uint8Array(row.sealed) };
}
