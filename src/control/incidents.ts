/** Incidents: each trip of a breaker, with what the journal has around it. */
import { isToolAsked } from "../guards/events.ts";
import { formatUsd, type Millis } from "../guards/money.ts";
import type { Decided, Review } from "../ports/store.ts";
import { eventOf } from "../telemetry/entry-text.ts";
import { parsedOrText, spentView, tasksOf } from "./evidence.ts";
import type { Around, StoredEntry } from "./operations.ts";
import { decisionView } from "./reviews.ts";
import type { ChangeView, IncidentRowView, IncidentView } from "./schemas/incidents.ts";
import { timelineOf } from "./timeline.ts";
import { iso } from "./views.ts";

const PREFIX = "i-";
const OF_REVIEW = "r-";

/** Its review's, under another name: there is one incident for each trip. */
export function incidentId(review: string): string {
  return PREFIX + review.slice(OF_REVIEW.length);
}

/** Null: that is no name of an incident. */
export function reviewOf(incident: string): string | null {
  return incident.startsWith(PREFIX) ? OF_REVIEW + incident.slice(PREFIX.length) : null;
}

/** When it was closed; null while it is open. */
export function closedAt({ decisions, openedAt, state }: Review): Millis | null {
  if (state === "open") return null;
  const last = decisions.findLast(({ decision }) => decision !== "note");
  return last?.at ?? openedAt;
}

export function incidentRowView(review: Review): IncidentRowView {
  const { agent, id, openedAt, reason, state } = review;
  const closed = closedAt(review);
  return {
    ...{ id: incidentId(id), review: id, agent, reason, rule: said(review, "rule"), state },
    opened_at: iso(openedAt),
    closed_at: closed === null ? null : iso(closed),
  };
}

/** What the journal has of some time, and which time that is. */
export interface Stretch {
  readonly around: Around;
  readonly from: Millis;
  readonly to: Millis;
}

export interface IncidentParts {
  /** Of its agent. */
  readonly timeline: Around;
  /** About no agent: gateways, the store, the configuration. */
  readonly elsewhere: Around;
  readonly before: Stretch;
  readonly since: Stretch;
  /** The first change of the configuration since; null: there was none. */
  readonly change: StoredEntry | null;
}

export function incidentView(review: Review, parts: IncidentParts): IncidentView {
  const { before, change, elsewhere, since, timeline } = parts;
  const tasks = tasksOf(review, []);
  const decided = review.decisions.filter(({ decision }) => decision !== "note");
  const notes = review.decisions.filter(({ decision }) => decision === "note");
  const entries = [...timeline.entries, ...elsewhere.entries];
  return {
    ...incidentRowView(review),
    evidence: parsedOrText(review.evidence),
    timeline: timelineOf(entries.sort((a, b) => a.position - b.position)),
    timeline_whole: timeline.whole && elsewhere.whole,
    decisions: decided.map(decisionView),
    notes: notes.map(noteView),
    cost: {
      before: spentView(before.around, before, tasks),
      since: spentView(since.around, since, tasks),
      tripped: trippedView(review, before.around),
    },
    change: {
      revision: revisionIn(before.around),
      next: change === null ? null : changeView(change),
    },
  };
}

function noteView({ at, by, reason }: Decided) {
  return { at: iso(at), by, text: reason };
}

/** What its evidence says under this name; null: nothing, or no text. */
export function said(review: Review, name: "rule" | "server" | "task" | "tool"): string | null {
  const evidence = parsedOrText(review.evidence);
  if (typeof evidence !== "object" || evidence === null) return null;
  const value: unknown = Object.entries(evidence).find(([key]) => key === name)?.[1];
  return typeof value === "string" ? value : null;
}

function trippedView(review: Review, { entries }: Around): IncidentView["cost"]["tripped"] {
  const [server, tool] = [said(review, "server"), said(review, "tool")];
  if (server === null || tool === null) return null;
  let [calls, nano] = [0, 0n];
  for (const entry of entries) {
    const event = eventOf(entry);
    if (event.kind !== "call.settled" || !isToolAsked(event.asked)) continue;
    if (event.asked.server !== server || event.asked.tool !== tool) continue;
    calls += 1;
    nano += BigInt(event.charged);
  }
  return { tool: `${server}/${tool}`, calls, usd: formatUsd(nano) };
}

/** By which the last call among them was decided; null: there was none. */
export function revisionIn({ entries }: Around): string | null {
  const last = entries.findLast(({ kind }) => kind === "call.settled" || kind === "call.refused");
  if (last === undefined) return null;
  const event = eventOf(last);
  return "revision" in event ? event.revision : null;
}

function changeView(entry: StoredEntry): ChangeView | null {
  const event = eventOf(entry);
  if (event.kind !== "configuration.changed") return null;
  const { by, commit, from, to } = event;
  return { at: iso(entry.at), from, to, commit, by };
}
