/** Pausing agents, and the reviews that people decide. */
import type { AgentState, NoteAsked, Paused, ReviewFilter } from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { withArguments } from "../gateway/parking/approval.ts";
import type { Review } from "../ports/store.ts";

const ID_BYTES = 8;

export function agentsOf({ clutches, lot, rules }: Gateway): readonly AgentState[] {
  return [...rules.configuration.agents.keys()].map((agent) => {
    return { agent, clutch: clutches.of(agent), held: lot.heldOf(agent) };
  });
}

/** What asks for an approval is shown with its arguments. */
export async function reviewsOf(
  filter: ReviewFilter,
  gateway: Gateway,
): Promise<readonly Review[]> {
  const reviews = await gateway.store.clutch.reviews(filter);
  return reviews.map((review) => withArguments(review, gateway));
}

/** Only of what waits for a person's word on one call. */
export function expiryOf({ kind, openedAt, state }: Review, { rules }: Gateway): number | null {
  if (kind !== "approval" || state === "closed") return null;
  return openedAt + rules.configuration.approvals.expireAfterMs;
}

/** All or none: a name that is not known stops nobody. */
export async function pause(
  names: readonly string[] | null,
  reason: string,
  by: string,
  gateway: Gateway,
): Promise<Paused> {
  const agents = [...gateway.rules.configuration.agents.keys()];
  const asked = new Set(names ?? agents);
  for (const name of asked) {
    if (!agents.includes(name)) return { kind: "no-agent", unknown: name, agents };
  }
  const reviews = [...asked].map((agent) => ({
    id: `r-${gateway.chance.hex(ID_BYTES)}`,
    kind: "pause" as const,
    agent,
    subject: "",
    reason,
    evidence: JSON.stringify({ by }),
    at: gateway.holding.storeNow(),
  }));
  const unstored = await gateway.clutches.pause(reviews, by);
  return {
    kind: "ok",
    agents: agentsOf(gateway).filter(({ agent }) => asked.has(agent)),
    unstored,
  };
}

export async function noteIncident(
  { incident, review: id, text }: NoteAsked,
  by: string,
  gateway: Gateway,
): Promise<Review | null> {
  const { chance, holding, store } = gateway;
  const [trip] = await store.clutch.reviews({ id, kind: "trip", limit: 1 });
  if (trip === undefined) return null;
  const note = { id: `n-${chance.hex(ID_BYTES)}`, review: id, text, by, at: holding.storeNow() };
  const noted = await store.clutch.note(note);
  if (noted === null) return null;
  const { agent } = trip;
  emit(gateway, holding.tenure, { kind: "incident.noted", agent, incident, text, by });
  return noted;
}
