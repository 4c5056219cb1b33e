/** Collects what is known of a decision: from the journal, and from this process where newer. */
import type { Event } from "../guards/events.ts";
import type { JournalStore } from "../ports/store.ts";
import type { Journal } from "../telemetry/journal.ts";
import type { DecisionRecords, Recorded, StoredEntry } from "./operations.ts";

/** Entries of one decision: admitted, settled, and a few remarks. */
const ENTRIES_MAX = 50;
/** Deaths of processes looked through for the one that took this call along. */
const GAPS_MAX = 200;

export interface DecisionSources {
  readonly store: JournalStore;
  /** Of this process, newest tenure last. */
  readonly journals: readonly Pick<Journal, "about">[];
  /** The call as it stands, if it is in flight here: an event `call.admitted`. */
  readonly inFlight: Recorded | null;
}

/** Null if neither the journal nor this process knows the decision. */
export async function collectDecision(
  id: string,
  sources: DecisionSources,
): Promise<DecisionRecords | null> {
  // In this order: what is flushed in between is found twice rather than never.
  const waiting = sources.journals.flatMap((journal) => journal.about(id));
  const entries = await sources.store.read({ decision: id, take: "oldest", limit: ENTRIES_MAX });
  const stored = entries.map((entry) => ({
    at: entry.at,
    event: eventOf(entry),
    position: entry.position,
  }));
  const told = new Set(stored.map(({ event }) => event.kind));
  const fresh = waiting
    .filter(({ event }) => !told.has(event.kind))
    .map(({ at, event }) => ({ at, event, position: null }));
  const live = sources.inFlight && !told.has("call.admitted") ? [sources.inFlight] : [];
  const records = [...stored, ...live, ...fresh];
  if (records.length === 0) return null;

  const open = !records.some(({ event }) => ENDS.has(event.kind));
  const inFlight = open && sources.inFlight !== null;
  const admitted = entries.find((entry) => entry.kind === "call.admitted");
  const lostAt =
    open && !inFlight && admitted ? await deathOf(sources.store, admitted.writer) : null;
  return { records, inFlight, lostAt };
}

const ENDS: ReadonlySet<Event["kind"]> = new Set<Event["kind"]>(["call.settled", "call.refused"]);

/** The event of an entry. */
export function eventOf(entry: StoredEntry): Event {
  // A body is what this program wrote of an Event; `journal verify` shows one that was edited.
  return JSON.parse(entry.body) as Event;
}

/** When the writer's death was noticed, or null while nobody has. */
async function deathOf(store: JournalStore, writer: string): Promise<number | null> {
  const gaps = await store.read({ kind: "journal.gap", take: "newest", limit: GAPS_MAX });
  const gap = gaps.find((entry) => {
    const event = eventOf(entry);
    return event.kind === "journal.gap" && event.writer === writer;
  });
  return gap?.at ?? null;
}
