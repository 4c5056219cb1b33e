/** Every route of the control plane's API with the least role that may use it. */
import { commitmentView, endedView } from "./commitments.ts";
import { EVENT_ROUTES } from "./events.ts";
import { explanationView } from "./explanation.ts";
import { forfeitsView, releasedView } from "./forfeits.ts";
import type { KeyWanted } from "./operations.ts";
import { OVERVIEW_ROUTES } from "./overview.ts";
import { Problem } from "./problem.ts";
import {
  billedOf,
  commitmentsQuery,
  DECISION_BODY,
  inputsQuery,
  journalQuery,
  KEY_BODY,
  keysQuery,
  PAUSE_BODY,
  parsed,
  REASON_BODY,
  RELEASE_BODY,
  reviewsQuery,
  tasksQuery,
} from "./requests.ts";
import { agentView, decidedView, pausedView, reviewRowView, reviewView } from "./reviews.ts";
import { bodyOf, param, type Route, type Visit } from "./route.ts";
import { SESSION_ROUTES } from "./session.ts";
import * as views from "./views.ts";

async function status({ context, operations }: Visit): Promise<Response> {
  return context.json(views.statusView(await operations.status()));
}

async function metrics({ context, operations }: Visit): Promise<Response> {
  const type = "text/plain; version=0.0.4; charset=utf-8";
  return context.body(await operations.metrics(), 200, { "content-type": type });
}

async function budgets({ context, operations }: Visit): Promise<Response> {
  return context.json((await operations.budgets()).map(views.budgetView));
}

async function decision({ context, operations }: Visit): Promise<Response> {
  const id = param(context, "id");
  const records = await operations.decision(id);
  const view = records ? explanationView(records) : null;
  if (!view) throw new Problem("decision.unknown", `Nothing is known of the decision ${id}.`);
  return context.json(view);
}

const NDJSON = "application/x-ndjson";

async function journal({ context, operations, now }: Visit): Promise<Response> {
  const query = journalQuery(context.req.query(), now);
  const entries = (await operations.journal(query)).map(views.entryView);
  if (context.req.header("accept")?.toLowerCase() === NDJSON) {
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`);
    return context.body(lines.join(""), 200, { "content-type": NDJSON });
  }
  return context.json({ entries, next: entries.at(-1)?.position ?? null });
}

async function inputs({ context, operations, now }: Visit): Promise<Response> {
  const rows = await operations.inputs(inputsQuery(context.req.query(), now));
  return context.json({ inputs: rows.map(views.inputView), next: rows.at(-1)?.position ?? null });
}

async function verify({ context, operations }: Visit): Promise<Response> {
  const verified = await operations.verifyJournal();
  const { kind, ...rest } = verified;
  return context.json({ ok: kind === "ok", ...rest });
}

async function reload({ context, operations, operator }: Visit): Promise<Response> {
  const reloaded = await operations.reload(operator.name);
  switch (reloaded.kind) {
    case "ok":
      return context.json({ changed: true, from: reloaded.from, to: reloaded.to });
    case "unchanged": {
      const { configuration } = reloaded;
      return context.json({ changed: false, from: configuration, to: configuration });
    }
    case "invalid": {
      const { issues } = reloaded;
      const message = `The guardrails folder does not validate (${issues.length} issues).`;
      throw new Problem("configuration.invalid", message, { issues });
    }
    case "refused":
      throw new Problem("configuration.refused", reloaded.because);
  }
}

async function listKeys({ context, operations }: Visit): Promise<Response> {
  const keys = await operations.keys(keysQuery(context.req.query()));
  return context.json(keys.map(views.keyView));
}

async function createKey({ context, operations, operator }: Visit): Promise<Response> {
  const body = parsed(KEY_BODY, await bodyOf(context));
  const expiresInMs = body.expires_in ?? null;
  const wanted: KeyWanted =
    "agent" in body
      ? { kind: "agent", agent: body.agent, expiresInMs }
      : { kind: "operator", name: body.operator, role: body.role, expiresInMs };
  const made = await operations.createKey(wanted, operator.name);
  if (made.kind === "no-agent") {
    const known = made.agents.join(", ");
    throw new Problem("agent.unknown", `There is no such agent. There are: ${known}.`);
  }
  const view: views.MadeKeyView = { key: made.secret, ...views.keyView(made.key) };
  return context.json(view, 201);
}

async function revokeKey({ context, operations, operator }: Visit): Promise<Response> {
  const id = param(context, "id");
  const revoked = await operations.revokeKey(id, operator.name);
  if (!revoked) throw new Problem("key.unknown", `There is no key ${id} that is not revoked.`);
  return context.json({ id, revoked: true });
}

async function listTasks({ context, operations }: Visit): Promise<Response> {
  const tasks = await operations.tasks(tasksQuery(context.req.query()));
  return context.json(tasks.map(views.taskView));
}

async function endTask({ context, operations, operator }: Visit): Promise<Response> {
  const agent = param(context, "agent");
  const task = param(context, "id");
  const ended = await operations.endTask(agent, task, operator.name);
  if (!ended) throw new Problem("task.unknown", `${agent} has no task ${task} that is alive.`);
  return context.json({ agent, task, outcome: "failed" });
}

/** Of one review, in its view: the newest ones. */
const PARKED_SHOWN_MAX = 100;

async function listAgents({ context, operations }: Visit): Promise<Response> {
  return context.json(operations.agents().map(agentView));
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

async function review({ context, operations }: Visit): Promise<Response> {
  const id = param(context, "id");
  const [found] = await operations.reviews({ id, limit: 1 });
  if (!found) throw new Problem("review.unknown", `There is no review ${id} in the store.`);
  const parked = await operations.parked({ review: id, limit: PARKED_SHOWN_MAX });
  return context.json(reviewView(found, parked));
}

async function decideReview({ context, operations, operator }: Visit): Promise<Response> {
  const { call, message, task, ...body } = parsed(DECISION_BODY, await bodyOf(context));
  const about = { task: task ?? null, call: call ?? null, message: message ?? null };
  const asked = { ...body, review: param(context, "id"), ...about };
  const decided = decidedView(asked, await operations.decideReview(asked, operator.name));
  const parked = await operations.parked({ review: decided.id, limit: PARKED_SHOWN_MAX });
  return context.json(reviewView(decided, parked));
}

async function listForfeits({ context, operations }: Visit): Promise<Response> {
  return context.json(forfeitsView(await operations.forfeits()));
}

async function releaseForfeits({ context, operations, operator }: Visit): Promise<Response> {
  const body = parsed(RELEASE_BODY, await bodyOf(context));
  const { budget, holder, id, reason, scope, without_evidence } = body;
  const which = { id, holder, budget: budget ?? null, scope: scope ?? null };
  const billed = billedOf(body) ?? { unit: null, billed: 0n };
  const how = { ...billed, withoutEvidence: without_evidence ?? false, reason };
  const outcome = await operations.releaseForfeits({ ...which, ...how }, operator.name);
  return context.json(releasedView(id, holder, outcome));
}

async function listCommitments({ context, operations }: Visit): Promise<Response> {
  const rows = await operations.commitments(commitmentsQuery(context.req.query()));
  return context.json(rows.map(commitmentView));
}

async function endCommitment({ context, operations, operator }: Visit): Promise<Response> {
  const id = param(context, "id");
  const { reason } = parsed(REASON_BODY, await bodyOf(context));
  return context.json(endedView(id, await operations.endCommitment(id, reason, operator.name)));
}

async function listFlags({ context, operations }: Visit): Promise<Response> {
  return context.json((await operations.flags()).map(views.flagView));
}

async function clearFlag({ context, operations, operator }: Visit): Promise<Response> {
  const provider = param(context, "provider");
  const model = param(context, "model");
  const { reason } = parsed(REASON_BODY, await bodyOf(context));
  const flag = { provider, model, by: operator.name, reason };
  const cleared = await operations.clearFlag(flag);
  if (!cleared) throw new Problem("model-flag.unknown", `${provider} ${model} is not flagged.`);
  return context.json({ provider, model, cleared: true });
}

/** The whole API. What is not listed here does not exist; nothing is listed without a role. */
export const ROUTES: readonly Route[] = [
  { method: "GET", path: "/metrics", role: "viewer", answer: metrics },
  { method: "GET", path: "/api/v1/status", role: "viewer", answer: status },
  { method: "GET", path: "/api/v1/budgets", role: "viewer", answer: budgets },
  { method: "GET", path: "/api/v1/journal", role: "viewer", answer: journal },
  // Arguments are more than who watches is to see.
  { method: "GET", path: "/api/v1/inputs", role: "operator", answer: inputs },
  { method: "GET", path: "/api/v1/journal/verify", role: "viewer", answer: verify },
  { method: "GET", path: "/api/v1/decisions/:id", role: "viewer", answer: decision },
  { method: "POST", path: "/api/v1/reload", role: "operator", answer: reload },
  { method: "GET", path: "/api/v1/keys", role: "viewer", answer: listKeys },
  { method: "POST", path: "/api/v1/keys", role: "admin", answer: createKey },
  { method: "DELETE", path: "/api/v1/keys/:id", role: "admin", answer: revokeKey },
  { method: "GET", path: "/api/v1/tasks", role: "viewer", answer: listTasks },
  { method: "POST", path: "/api/v1/tasks/:agent/:id/end", role: "operator", answer: endTask },
  { method: "GET", path: "/api/v1/agents", role: "viewer", answer: listAgents },
  { method: "POST", path: "/api/v1/agents/pause", role: "operator", answer: pause },
  { method: "GET", path: "/api/v1/reviews", role: "viewer", answer: listReviews },
  { method: "GET", path: "/api/v1/reviews/:id", role: "viewer", answer: review },
  {
    method: "POST",
    path: "/api/v1/reviews/:id/decision",
    role: "operator",
    answer: decideReview,
  },
  { method: "GET", path: "/api/v1/forfeits", role: "viewer", answer: listForfeits },
  {
    method: "POST",
    path: "/api/v1/forfeits/release",
    role: "operator",
    answer: releaseForfeits,
  },
  { method: "GET", path: "/api/v1/commitments", role: "viewer", answer: listCommitments },
  {
    method: "POST",
    path: "/api/v1/commitments/:id/end",
    role: "operator",
    answer: endCommitment,
  },
  { method: "GET", path: "/api/v1/model-flags", role: "viewer", answer: listFlags },
  {
    method: "DELETE",
    path: "/api/v1/model-flags/:provider/:model",
    role: "operator",
    answer: clearFlag,
  },
  ...OVERVIEW_ROUTES,
  ...SESSION_ROUTES,
  ...EVENT_ROUTES,
];
