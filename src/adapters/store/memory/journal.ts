import type { Anchor, JournalEntry, JournalQuery, JournalStore } from "../../../ports/store.ts";
import type { MemoryData } from "./data.ts";

/** Entries and anchors kept, newest last: a process without a disk must not grow for ever. */
const ENTRIES_MAX = 200_000;
const ANCHORS_MAX = 10_000;

/** The journal on data in memory; only the newest entries are kept. */
export function memoryJournal(data: MemoryData): JournalStore {
  return {
    read: async (query) => {
      const found = data.journal.filter((entry) => meets(entry, query));
      if (query.take === "oldest") return found.slice(0, query.limit);
      return query.limit > 0 ? found.slice(-query.limit) : [];
    },
    anchors: async (after, limit) =>
      data.anchors.filter((anchor) => anchor.position > after).slice(0, limit),
    gaps: async (limit) => {
      const owed = [...data.holders].flatMap(([holder, { gap }]) =>
        gap === null ? [] : [{ holder, forfeits: gap }],
      );
      return owed.slice(0, limit);
    },
    writeGap: async (id, entry) => {
      const holder = data.holders.get(id);
      if (!holder || holder.gap === null) return false;
      holder.gap = null;
      writeJournal(data, [entry], null);
      return true;
    },
  };
}

function meets(
  entry: JournalEntry & { readonly position: number },
  { from, to, after, upTo, take, limit, ...exact }: JournalQuery,
): boolean {
  if (from !== undefined && entry.at < from) return false;
  if (to !== undefined && entry.at >= to) return false;
  if (after !== undefined && entry.position <= after) return false;
  if (upTo !== undefined && entry.position > upTo) return false;
  const { agent, task, code, decision, kind, writer } = exact;
  return (
    (agent === undefined || entry.agent === agent) &&
    (task === undefined || entry.task === task) &&
    (code === undefined || entry.code === code) &&
    (decision === undefined || entry.decision === decision) &&
    (kind === undefined || entry.kind === kind) &&
    (writer === undefined || entry.writer === writer)
  );
}

/** Writes what was not written before. */
export function writeJournal(
  data: MemoryData,
  entries: readonly JournalEntry[],
  anchor: Anchor | null,
): void {
  for (const entry of entries) append(data, { kind: "entry", entry });
  if (anchor) append(data, { kind: "anchor", entry: anchor });
}

type Row =
  | { readonly kind: "entry"; readonly entry: JournalEntry }
  | { readonly kind: "anchor"; readonly entry: Anchor };

function append(data: MemoryData, row: Row): void {
  const key = keyOf(row.kind, row.entry);
  if (data.written.has(key)) return;
  data.written.add(key);
  const list = row.kind === "entry" ? data.journal : data.anchors;
  const position = (list.at(-1)?.position ?? 0) + 1;
  if (row.kind === "entry") data.journal.push({ ...row.entry, position });
  else data.anchors.push({ ...row.entry, position });
  const max = row.kind === "entry" ? ENTRIES_MAX : ANCHORS_MAX;
  if (list.length <= max) return;
  const oldest = list.shift();
  if (oldest) data.written.delete(keyOf(row.kind, oldest));
}

function keyOf(kind: Row["kind"], entry: { readonly writer: string; readonly no: number }): string {
  return `${kind}/${entry.writer}/${entry.no}`;
}
