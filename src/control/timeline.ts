/** What happened, for people: the journal's entries with equal calls in a row told as one. */
import { type Asked, isToolAsked } from "../guards/events.ts";
import { formatUsd } from "../guards/money.ts";
import { eventOf } from "../telemetry/entry-text.ts";
import type { StoredEntry } from "./operations.ts";
import type { MomentView } from "./schemas/incidents.ts";
import { eventView, iso } from "./views.ts";

/** What nobody looks back for: that a call was in flight is said by what came of it. */
const LEFT_OUT: ReadonlySet<string> = new Set(["call.admitted", "call.attached"]);

interface Moment {
  readonly first: StoredEntry;
  last: StoredEntry;
  count: number;
  task: string | null;
  readonly of: string | null;
  /** Null: it is about no money. */
  nano: bigint | null;
}

/** Entries in the journal's order. */
export function timelineOf(entries: readonly StoredEntry[]): readonly MomentView[] {
  const moments: Moment[] = [];
  for (const entry of entries) {
    if (LEFT_OUT.has(entry.kind)) continue;
    const moment = momentOf(entry);
    const before = moments.at(-1);
    if (before !== undefined && isOneWith(before, moment)) fold(before, moment);
    else moments.push(moment);
  }
  return moments.map(momentView);
}

function momentOf(entry: StoredEntry): Moment {
  const event = eventOf(entry);
  const asked = "asked" in event ? event.asked : null;
  return {
    ...{ first: entry, last: entry, count: 1, task: entry.task },
    of: asked === null ? null : nameOf(asked),
    nano: event.kind === "call.settled" ? BigInt(event.charged) : null,
  };
}

function nameOf(asked: Asked): string {
  return isToolAsked(asked) ? `${asked.server}/${asked.tool}` : asked.model;
}

/** Only calls are told together: each of the rest is worth a line. */
function isOneWith({ first, of }: Moment, next: Moment): boolean {
  const { code, kind } = next.first;
  if (!kind.startsWith("call.")) return false;
  return first.kind === kind && first.code === code && of === next.of;
}

function fold(into: Moment, next: Moment): void {
  into.last = next.last;
  into.count += 1;
  if (into.task !== next.task) into.task = null;
  if (next.nano !== null) into.nano = (into.nano ?? 0n) + next.nano;
}

function momentView({ count, first, last, nano, of, task }: Moment): MomentView {
  const { at, code, kind, position } = first;
  const isCall = kind.startsWith("call.");
  return {
    ...{ at: iso(at), until: iso(last.at), count, kind, position, task, of, code },
    usd: nano === null ? null : formatUsd(nano),
    event: isCall ? null : eventView(eventOf(first)),
  };
}
