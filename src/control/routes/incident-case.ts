/** Route: an incident as a case, which rules are tested with from then on. */
import { CASE } from "../../config/incident-case.ts";
import type { Millis } from "../../guards/money.ts";
import { INPUTS_READ_MAX } from "../../ports/inputs.ts";
import type { Review } from "../../ports/store.ts";
import { caseView, TRIP_MS } from "../incident-case.ts";
import { closedAt, incidentId, reviewOf } from "../incidents.ts";
import type { InputRow, Operations } from "../operations.ts";
import { Problem } from "../problem.ts";
import { EXPORT_QUERY, exportQuery } from "../queries.ts";
import { param, type Route, type Visit } from "./route.ts";

const HOUR: Millis = 3_600_000;
/** What led to it, as far as breakers look back without what is usual. */
const BEFORE_MS: Millis = HOUR;
/** Entries of the journal until the trip, and since: a call may have several. */
const BEFORE_MAX = 3_000;
const SINCE_MAX = 1_000;
/** Equal arguments are kept once an hour: they may stand before the calls. */
const INPUTS_FROM_MS: Millis = BEFORE_MS + HOUR;
/** Read for one case: what is beyond counts as not kept. */
const INPUTS_MAX = 50_000;

async function exportIncident(visit: Visit): Promise<Response> {
  const { context, now, operations, operator } = visit;
  const id = param(context, "id");
  const { withArguments, ...marks } = exportQuery(context.req.query());
  const review = reviewOf(id);
  const [trip] =
    review === null ? [] : await operations.reviews({ id: review, kind: "trip", limit: 1 });
  if (trip === undefined) {
    throw new Problem("incident.unknown", `There is no incident ${id} in the store.`);
  }
  const { agent, openedAt } = trip;
  const at = openedAt + TRIP_MS;
  const end = Math.max(at, closedAt(trip) ?? now);
  const [before, since, inputs] = await Promise.all([
    operations.around({ agent, from: openedAt - BEFORE_MS, to: at, limit: BEFORE_MAX }),
    operations.around({ agent, from: at, to: end, take: "oldest", limit: SINCE_MAX }),
    withArguments ? inputsFor(trip, operations, end) : null,
  ]);
  const view = caseView(trip, { ...marks, before, since, inputs });
  const counts = { calls: view.calls.length, inputs: Object.keys(view.inputs).length };
  operations.exportedIncident({ agent, incident: incidentId(trip.id), ...counts }, operator.name);
  return context.json(view);
}

async function inputsFor(
  { agent, openedAt }: Review,
  operations: Operations,
  end: Millis,
): Promise<readonly InputRow[]> {
  const found: InputRow[] = [];
  const from = openedAt - INPUTS_FROM_MS;
  for (let after = 0; found.length < INPUTS_MAX; ) {
    const rows = await operations.inputs({ agent, from, after, limit: INPUTS_READ_MAX });
    found.push(...rows);
    const last = rows.at(-1);
    if (last === undefined || rows.length < INPUTS_READ_MAX || last.at > end) break;
    after = last.position;
  }
  return found;
}

export const INCIDENT_CASE_ROUTES: readonly Route[] = [
  {
    // It opens what calls have asked, which is more than who watches is to see.
    ...{ method: "GET", path: "/api/v1/incidents/:id/export", role: "operator" },
    name: "exportIncident",
    says: "One as a [case](../clutch.md#an-incident-as-a-test) to test rules with; who took it is in the journal.",
    query: EXPORT_QUERY,
    content: { schema: CASE },
    problems: ["incident.unknown", "incident.no-calls"],
    answer: exportIncident,
  },
];
