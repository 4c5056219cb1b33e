/** What the journal has of some time, without reading all that came since. */
import type { Around, Span } from "../control/operations.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Millis } from "../guards/money.ts";
import type { JournalStore } from "../ports/store.ts";

/**
 * Entries stand in the order in which they were written, which is nearly that in which things
 * happened: gateways write once a second, and their clocks differ a little.
 */
const DISORDER_MS: Millis = 120_000;
/** Halvings: more than there are in any number of entries. */
const STEPS_MAX = 53;

export async function around(
  { from, limit, take = "newest", to, ...about }: Span,
  { flusher, holding, store: { journal } }: Gateway,
): Promise<Around> {
  await flusher.flush(holding.tenure);
  const [oldest] = await journal.read({ take: "oldest", limit: 1 });
  const after = await placeOf(from - DISORDER_MS, journal);
  const upTo = await placeOf(to + DISORDER_MS, journal);
  const span = { ...about, from, to, after, upTo };
  const found = await journal.read({ ...span, take, limit: limit + 1 });
  const isKept = oldest === undefined || oldest.position <= 1 || oldest.at <= from;
  const entries = take === "oldest" ? found.slice(0, limit) : found.slice(-limit);
  return { entries, whole: isKept && found.length <= limit };
}

/** The last position before that moment, by halves: each step reads one entry by its place. */
async function placeOf(at: Millis, journal: JournalStore): Promise<number> {
  const [newest] = await journal.read({ take: "newest", limit: 1 });
  if (newest === undefined || newest.at < at) return newest?.position ?? 0;
  let [before, from] = [0, newest.position];
  for (let step = 0; step < STEPS_MAX && from - before > 1; step += 1) {
    const middle = Math.floor((before + from) / 2);
    const [entry] = await journal.read({ after: middle - 1, take: "oldest", limit: 1 });
    if (entry === undefined || entry.at >= at) from = middle;
    else before = middle;
  }
  return before;
}
