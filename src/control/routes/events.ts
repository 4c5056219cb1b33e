/** `GET /api/v1/events`: the journal of all gateways as it grows, as server-sent events. */
import { z } from "zod";
import { type EventsAsked, streamOf } from "../listener.ts";
import { Problem } from "../problem.ts";
import { filter, number, parsed } from "../queries.ts";
import type { Route, Visit } from "./route.ts";

/** Kinds that one connection may name. */
const KINDS_MAX = 100;

const EVENT_STREAM = "text/event-stream";

const place = number(0, Number.MAX_SAFE_INTEGER);

const EVENTS_QUERY = z.strictObject({
  agent: filter,
  kinds: filter
    .describe(`Kinds of events, with commas: at most ${KINDS_MAX}.`)
    .transform((text) => text?.split(","))
    .refine((kinds) => (kinds?.length ?? 0) <= KINDS_MAX, { error: `at most ${KINDS_MAX} kinds` }),
  after: place.describe("Entries after this position; else what comes from now on."),
});

const EVENTS_HEADERS = z.object({
  "last-event-id": place.describe("Instead of `after`: a browser that comes again sends it."),
});

/** A browser that comes again says with the header how far it got, whatever its address said. */
function placeOf({ context }: Visit, after: number | undefined): number | null {
  const last = context.req.header("last-event-id");
  if (last === undefined) return after ?? null;
  return parsed(EVENTS_HEADERS, { "last-event-id": last })["last-event-id"] ?? null;
}

async function events(visit: Visit): Promise<Response> {
  const { admit, context, feed } = visit;
  const { after, agent, kinds } = parsed(EVENTS_QUERY, context.req.query());
  const asked: EventsAsked = {
    agent: agent ?? null,
    kinds: kinds === undefined ? null : new Set(kinds),
    after: placeOf(visit, after),
    stillMay: () => isAdmitted(admit),
  };
  // Some proxies collect what they pass on until it is large enough, unless told not to.
  const headers = { "content-type": EVENT_STREAM, "x-accel-buffering": "no" };
  if (context.req.method === "HEAD") return context.body(null, 200, headers);
  return context.body(streamOf(await feed.listen(asked)), 200, headers);
}

/** Rejects if that cannot be told. */
async function isAdmitted(admit: Visit["admit"]): Promise<boolean> {
  try {
    await admit();
    return true;
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
}

export const EVENT_ROUTES: readonly Route[] = [
  {
    ...{ method: "GET", path: "/api/v1/events", role: "viewer", name: "events" },
    says: "The journal of all gateways as it grows, as [live events](../control-api.md#live-events).",
    query: EVENTS_QUERY,
    headers: EVENTS_HEADERS,
    content: { text: EVENT_STREAM },
    problems: ["events.full"],
    answer: events,
  },
];
