/** Routes: trips looked back at. */
import type { Millis } from "../../guards/money.ts";
import type { Review } from "../../ports/store.ts";
import {
  closedAt,
  incidentId,
  incidentRowView,
  incidentView,
  reviewOf,
  type Stretch,
} from "../incidents.ts";
import type { Operations, Span } from "../operations.ts";
import { Problem } from "../problem.ts";
import { INCIDENTS_QUERY, incidentsQuery, parsed } from "../queries.ts";
import { NOTE_BODY } from "../requests.ts";
import { INCIDENT, INCIDENT_ROW, type IncidentView } from "../schemas/incidents.ts";
import { list } from "../schemas/parts.ts";
import { bodyOf, param, type Route, type Visit } from "./route.ts";

const MINUTE: Millis = 60_000;
/** The timeline begins so long before the trip, and goes on so long after the end. */
const LEAD_MS: Millis = 5 * MINUTE;
const TAIL_MS: Millis = 10 * MINUTE;
/** What is counted as the cost that led to it. */
const COST_MS: Millis = 60 * MINUTE;
/** What tripped it is written at about the same instant, by another clock than the store's. */
const TRIP_MS: Millis = 100;
/** Read of the journal for each part of one view. */
const ENTRIES_MAX = 5_000;
const ELSEWHERE_MAX = 200;

async function listIncidents({ context, operations }: Visit): Promise<Response> {
  const trips = await operations.reviews(incidentsQuery(context.req.query()));
  return context.json(trips.map(incidentRowView));
}

async function incident({ context, now, operations }: Visit): Promise<Response> {
  const id = param(context, "id");
  const review = reviewOf(id);
  const [trip] =
    review === null ? [] : await operations.reviews({ id: review, kind: "trip", limit: 1 });
  if (trip === undefined) throw unknown(id);
  return context.json(await wholeIncident(trip, operations, now));
}

async function note({ context, now, operations, operator }: Visit): Promise<Response> {
  const id = param(context, "id");
  const review = reviewOf(id);
  const { text } = parsed(NOTE_BODY, await bodyOf(context));
  if (review === null) throw unknown(id);
  const asked = { review, incident: incidentId(review), text };
  const noted = await operations.noteIncident(asked, operator.name);
  if (noted === null) throw unknown(id);
  return context.json(await wholeIncident(noted, operations, now));
}

function unknown(id: string): Problem {
  return new Problem("incident.unknown", `There is no incident ${id} in the store.`);
}

async function wholeIncident(
  trip: Review,
  operations: Operations,
  now: Millis,
): Promise<IncidentView> {
  const { agent, openedAt } = trip;
  const [at, end] = [openedAt + TRIP_MS, closedAt(trip) ?? now];
  const window = { from: openedAt - LEAD_MS, to: Math.min(end + TAIL_MS, now + 1) };
  // What led to it is what it is looked at for, however long it goes on.
  const first = { take: "oldest", limit: ENTRIES_MAX } as const;
  const changed = { agent: null, kind: "configuration.changed", take: "oldest", limit: 1 } as const;
  const [timeline, elsewhere, before, since, change] = await Promise.all([
    operations.around({ ...window, ...first, agent }),
    operations.around({ ...window, agent: null, take: "oldest", limit: ELSEWHERE_MAX }),
    stretch({ agent, from: openedAt - COST_MS, to: at, limit: ENTRIES_MAX }, operations),
    stretch({ agent, from: at, to: Math.max(at, end), limit: ENTRIES_MAX }, operations),
    operations.around({ ...changed, from: openedAt, to: now + 1 }),
  ]);
  const [next = null] = change.entries;
  return incidentView(trip, { timeline, elsewhere, before, since, change: next });
}

async function stretch(span: Span, operations: Operations): Promise<Stretch> {
  return { from: span.from, to: span.to, around: await operations.around(span) };
}

export const INCIDENT_ROUTES: readonly Route[] = [
  {
    ...{ method: "GET", path: "/api/v1/incidents", role: "viewer", name: "listIncidents" },
    says: "Trips of breakers, newest first. They are kept for 400 days.",
    query: INCIDENTS_QUERY,
    content: { schema: list(INCIDENT_ROW) },
    answer: listIncidents,
  },
  {
    ...{ method: "GET", path: "/api/v1/incidents/:id", role: "viewer", name: "readIncident" },
    says: "One with its timeline, its cost, who decided, and the first change of the configuration since.",
    content: { schema: INCIDENT },
    problems: ["incident.unknown"],
    answer: incident,
  },
  {
    ...{ method: "POST", path: "/api/v1/incidents/:id/notes", role: "operator" },
    name: "noteIncident",
    says: "Writes something about it, whether it is open or closed.",
    body: NOTE_BODY,
    content: { schema: INCIDENT },
    problems: ["incident.unknown"],
    answer: note,
  },
];
