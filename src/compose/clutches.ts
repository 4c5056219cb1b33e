/** Pausing agents, and what people decide on their reviews. */
import type {
  AgentState,
  DecisionAsked,
  DecisionOutcome,
  NoteAsked,
  Paused,
  ReviewFilter,
} from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { withArguments } from "../gateway/parking/approval.ts";
import { PACE_MS } from "../gateway/parking/calm.ts";
import { foldName } from "../guards/tool/fold.ts";
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

/** What it is about is looked at before anything is done: `end` ends its task before the store. */
export async function decideReview(
  asked: DecisionAsked,
  by: string,
  gateway: Gateway,
): Promise<DecisionOutcome> {
  const { decision, reason, review: id, task, version } = asked;
  const { chance, clutches, holding, lot, store } = gateway;
  const [review] = await store.clutch.reviews({ id, limit: 1 });
  if (review === undefined) return { kind: "no-review" };
  if (review.state === "closed") return { kind: "nothing", because: "it is closed" };
  if (review.version !== version) return { kind: "conflict", version: review.version };
  const { agent } = review;
  const unfit = unfitFor(review, asked, by, gateway);
  if (unfit !== null) return { kind: "nothing", because: unfit };
  if (task !== null && !(await taskFits(agent, task, decision, gateway))) {
    return { kind: "no-task", agent };
  }
  const call = asked.call ?? (await onlyCallOf(review, gateway));
  if (decision === "end" && task !== null) await gateway.endTask(agent, task, "failed", by);
  const answer = await store.clutch.decide({
    ...{ id: `dr-${chance.hex(ID_BYTES)}`, review: id, version, decision, by, reason, task },
    ...{ at: holding.storeNow(), call, message: asked.message ?? reason, paceMs: PACE_MS },
  });
  if (answer.kind === "nothing") return answer;
  if (answer.kind === "conflict") return { kind: "conflict", version: answer.review.version };
  const event = { kind: "review.decided", agent, review: id, decision, task, call } as const;
  emit(gateway, holding.tenure, { ...event, reason, by });
  await clutches.load();
  await lot.look(holding.tenure.id);
  return { kind: "ok", review: withArguments(answer.review, gateway) };
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

/** Nobody approves what was asked in their own name, nor in one that looks like it. */
function unfitFor(
  { agent, kind }: Review,
  { call, decision }: DecisionAsked,
  by: string,
  { rules }: Gateway,
): string | null {
  if (decision === "deny" && call === null && kind !== "approval") return "it names no call";
  const owner = rules.manifest(agent)?.labels.owner ?? null;
  if (decision !== "approve" || owner === null) return null;
  if (foldName(by) !== foldName(owner)) return null;
  return `${owner} answers for ${agent}, and somebody else has to approve its calls`;
}

/** An approval is of one call: there is no need to name it. */
async function onlyCallOf({ id, kind }: Review, { store }: Gateway): Promise<string | null> {
  if (kind !== "approval") return null;
  const [call] = await store.parking.list({ review: id, states: ["parked"], limit: 1 });
  return call?.call ?? null;
}

/** What has ended cannot go on; what is said of one that has ended is about its calls. */
async function taskFits(
  agent: string,
  id: string,
  decision: DecisionAsked["decision"],
  { store }: Gateway,
): Promise<boolean> {
  const task = await store.tasks.find(agent, id);
  return task !== null && (decision !== "probe" || task.endedAt === null);
}
