/** Routes: budgets, what dead gateways had held of them, and what goes on costing. */
import { commitmentView, endedView } from "../commitments.ts";
import { forfeitsView, releasedView } from "../forfeits.ts";
import { overrideView, raisedView } from "../overrides.ts";
import { COMMITMENTS_QUERY, commitmentsQuery, parsed } from "../queries.ts";
import { billedOf, RAISE_BODY, REASON_BODY, RELEASE_BODY } from "../requests.ts";
import { BUDGET, COMMITMENT, FORFEITS, OVERRIDE, RAISED, RELEASED } from "../schemas/money.ts";
import { list } from "../schemas/parts.ts";
import { budgetView } from "../views.ts";
import { bodyOf, param, type Route, type Visit } from "./route.ts";

async function budgets({ context, operations }: Visit): Promise<Response> {
  return context.json((await operations.budgets()).map(budgetView));
}

async function listOverrides({ context, operations }: Visit): Promise<Response> {
  return context.json((await operations.overrides()).map(overrideView));
}

async function raiseLimit({ context, operations, operator }: Visit): Promise<Response> {
  const { scope = "", ...body } = parsed(RAISE_BODY, await bodyOf(context));
  const outcome = await operations.raiseLimit({ ...body, scope }, operator.name);
  return context.json(raisedView(body.budget, outcome));
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

export const MONEY_ROUTES: readonly Route[] = [
  {
    ...{ method: "GET", path: "/api/v1/budgets", role: "viewer", name: "listBudgets" },
    says: "Every open account, as the store and this gateway know it together.",
    content: { schema: list(BUDGET) },
    answer: budgets,
  },
  {
    ...{ method: "GET", path: "/api/v1/overrides", role: "viewer", name: "listOverrides" },
    says: "Limits that people have raised until their window ends, newest first.",
    content: { schema: list(OVERRIDE) },
    answer: listOverrides,
  },
  {
    ...{ method: "POST", path: "/api/v1/overrides", role: "admin", name: "raiseLimit" },
    says: "Raises the limit of one budget until its window ends, whatever is reloaded; or withdraws that.",
    body: RAISE_BODY,
    content: { schema: RAISED },
    problems: ["budget.unknown", "budget.not-raised"],
    answer: raiseLimit,
  },
  {
    ...{ method: "GET", path: "/api/v1/forfeits", role: "viewer", name: "listForfeits" },
    says: "What gateways that died had held of open accounts, with what is missing to release it, and past releases.",
    content: { schema: FORFEITS },
    answer: listForfeits,
  },
  {
    ...{ method: "POST", path: "/api/v1/forfeits/release", role: "operator" },
    name: "releaseForfeits",
    says: "Releases what one of them had held, but for what was billed (`billed_usd`, `billed_tokens` or `billed_calls`), once for each `id`; or `without_evidence`.",
    body: RELEASE_BODY,
    content: { schema: RELEASED },
    problems: ["forfeit.unknown", "forfeit.unproven", "forfeit.billed"],
    answer: releaseForfeits,
  },
  {
    ...{ method: "GET", path: "/api/v1/commitments", role: "viewer", name: "listCommitments" },
    says: "What [tools have begun](../commitments.md) and goes on costing, newest first.",
    query: COMMITMENTS_QUERY,
    content: { schema: list(COMMITMENT) },
    answer: listCommitments,
  },
  {
    ...{ method: "POST", path: "/api/v1/commitments/:id/end", role: "operator" },
    name: "endCommitment",
    says: "A person says that it is gone: it costs nothing from then on.",
    body: REASON_BODY,
    content: { schema: COMMITMENT },
    problems: ["commitment.unknown", "commitment.opening"],
    answer: endCommitment,
  },
];
