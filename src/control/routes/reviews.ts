/** Routes: agents with their clutches, and the reviews that people decide. */
import { WAITING_MAX } from "../../guards/clutch/waiting.ts";
import type { Millis } from "../../guards/money.ts";
import type { Review } from "../../ports/store.ts";
import { APPROVALS_LOOKED_THROUGH_MAX } from "../last-approved.ts";
import type { Operations } from "../operations.ts";
import { Problem } from "../problem.ts";
import { parsed, REVIEWS_QUERY, reviewsQuery } from "../queries.ts";
import { DECISION_BODY, PAUSE_BODY } from "../requests.ts";
import { agentView, decidedView, pausedView, reviewRowView, reviewView } from "../reviews.ts";
import { list } from "../schemas/parts.ts";
import {
  AGENT,
  ARGUMENTS,
  PAUSED,
  REVIEW,
  REVIEW_ROW,
  type ReviewView,
} from "../schemas/reviews.ts";
import { SIGNALS } from "../schemas/signals.ts";
import { signalsView } from "../signals.ts";
import { bodyOf, param, type Route, type Visit } from "./route.ts";

/** Of one review, in its view: the newest ones. */
const PARKED_SHOWN_MAX = 100;
/** What an agent did in this time before its review is looked at. */
const BEFORE_MS: Millis = 3_600_000;
/** What opened it is written at about the same instant, by another clock than the store's. */
const TRIP_MS: Millis = 100;
/** Read of the journal for one view. */
const ENTRIES_MAX = 5_000;

async function listAgents({ context, operations }: Visit): Promise<Response> {
  return context.json(operations.agents().map(agentView));
}

async function signals({ context, operations }: Visit): Promise<Response> {
  const agent = param(context, "agent");
  const found = operations.signals(agent);
  if (found === null) throw new Problem("agent.unknown", `There is no agent ${agent}.`);
  return context.json(signalsView(agent, found));
}

async function pause({ context, operations, operator }: Visit): Promise<Response> {
  const body = parsed(PAUSE_BODY, await bodyOf(context));
  const agents = "agents" in body ? body.agents : null;
  return context.json(pausedView(await operations.pause(agents, body.reason, operator.name)));
}

async function listReviews({ context, operations }: Visit): Promise<Response> {
  const reviews = await operations.reviews(reviewsQuery(context.req.query()));
  return context.json(reviews.map(reviewRowView));
}

async function review({ context, operations, now }: Visit): Promise<Response> {
  const id = param(context, "id");
  const [found] = await operations.reviews({ id, limit: 1 });
  if (!found) throw new Problem("review.unknown", `There is no review ${id} in the store.`);
  return context.json(await wholeReview(found, operations, now));
}

/** The review with what a person is to see before they decide. */
async function wholeReview(
  found: Review,
  operations: Operations,
  now: Millis,
): Promise<ReviewView> {
  const { agent, id, openedAt } = found;
  const span = async (from: Millis, to: Millis) => {
    return { from, to, around: await operations.around({ agent, from, to, limit: ENTRIES_MAX }) };
  };
  const [calls, waiting, before, since, approvals] = await Promise.all([
    operations.parked({ review: id, limit: PARKED_SHOWN_MAX }),
    operations.parked({ review: id, states: ["parked"], limit: WAITING_MAX }),
    span(openedAt - BEFORE_MS, openedAt + TRIP_MS),
    span(openedAt + TRIP_MS, now),
    approvalsBeside(found, operations),
  ]);
  const whole = waiting.length < WAITING_MAX;
  const expiresAt = operations.expiry(found);
  const proposal = operations.proposal(found);
  const twoPeople = operations.twoPeople();
  const known = { calls, waiting, whole, before, since, expiresAt, approvals, now };
  return reviewView(found, { ...known, proposal, twoPeople });
}

/** With which an approval is compared. */
async function approvalsBeside(
  { agent, kind }: Review,
  operations: Operations,
): Promise<readonly Review[]> {
  if (kind !== "approval") return [];
  const limit = APPROVALS_LOOKED_THROUGH_MAX;
  return operations.reviews({ agent, kind, state: "closed", limit });
}

async function callArguments({ context, operations, operator }: Visit): Promise<Response> {
  const [id, call] = [param(context, "id"), param(context, "call")];
  const found = await operations.parkedArguments(id, call, operator.name);
  if (found !== null) return context.json(found);
  throw new Problem("call.unknown", `No tool call ${call} waits for the review ${id}.`);
}

async function decideReview({ context, operations, operator, now }: Visit): Promise<Response> {
  const body = parsed(DECISION_BODY, await bodyOf(context));
  const { arguments: given = null, call = null, limit = null, message = null, task = null } = body;
  const about = { task, call, message, limit, arguments: given };
  const asked = { ...body, review: param(context, "id"), ...about };
  const decided = decidedView(asked, await operations.decideReview(asked, operator.name));
  return context.json(await wholeReview(decided, operations, now));
}

export const REVIEW_ROUTES: readonly Route[] = [
  {
    ...{ method: "GET", path: "/api/v1/agents", role: "viewer", name: "listAgents" },
    says: "Each agent with its clutch, since when, and the review it waits for.",
    content: { schema: list(AGENT) },
    answer: listAgents,
  },
  {
    ...{ method: "GET", path: "/api/v1/agents/:agent/signals", role: "viewer" },
    name: "readSignals",
    says: "How one agent stands to its [breakers](../breakers.md): the rules in force, each measured number with its line and what is usual, its history in at most 60 buckets, the longest repeats and the tasks with most tokens.",
    content: { schema: SIGNALS },
    problems: ["agent.unknown"],
    answer: signals,
  },
  {
    ...{ method: "POST", path: "/api/v1/agents/pause", role: "operator", name: "pauseAgents" },
    says: "Stops agents at every gateway: durable before the answer.",
    body: PAUSE_BODY,
    content: { schema: PAUSED },
    problems: ["agent.unknown", "pause.unstored"],
    answer: pause,
  },
  {
    ...{ method: "GET", path: "/api/v1/reviews", role: "viewer", name: "listReviews" },
    says: "Reviews, newest first.",
    query: REVIEWS_QUERY,
    content: { schema: list(REVIEW_ROW) },
    answer: listReviews,
  },
  {
    ...{ method: "GET", path: "/api/v1/reviews/:id", role: "viewer", name: "readReview" },
    says: "One review with its evidence and decisions, and the newest hundred of its calls.",
    content: { schema: REVIEW },
    problems: ["review.unknown"],
    answer: review,
  },
  {
    ...{ method: "GET", path: "/api/v1/reviews/:id/calls/:call", role: "operator" },
    name: "readArguments",
    says: "The arguments of one tool call that waits. Who asks is in the journal.",
    content: { schema: ARGUMENTS },
    problems: ["call.unknown"],
    answer: callArguments,
  },
  {
    ...{ method: "POST", path: "/api/v1/reviews/:id/decision", role: "operator" },
    name: "decideReview",
    says: "Decides on the version that was looked at: `probe` and `end` of a `task`; `deny`, `ran` and `did_not_run` of a `call`, where two tasks have one of that `call_id` with its `task`; `change` resumes, or approves, with a `limit`, `arguments` of a `call` or a `message`. A decision of `two_people` is a `proposal` until another operator says the same.",
    body: DECISION_BODY,
    content: { schema: REVIEW },
    problems: ["review.unknown", "review.conflict", "review.nothing", "task.unknown"],
    answer: decideReview,
  },
];
