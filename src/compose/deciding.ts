/** What people decide on reviews: looked at before anything is done, then done by the store. */
import type { DecisionAsked, DecisionOutcome } from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { withArguments } from "../gateway/parking/approval.ts";
import { PACE_MS } from "../gateway/parking/calm.ts";
import { approves } from "../guards/clutch/decisions.ts";
import { foldName } from "../guards/tool/fold.ts";
import type { Parked, Review } from "../ports/store.ts";
import { changeFor, noteRaised, type Prepared } from "./changes.ts";
import { type Second, secondFor } from "./proposals.ts";

const ID_BYTES = 8;

/** Their message is the answer of a call: without one it is the reason. */
const ANSWERS: ReadonlySet<string> = new Set(["deny", "end", "ran", "did_not_run"]);

export async function decideReview(
  asked: DecisionAsked,
  by: string,
  gateway: Gateway,
): Promise<DecisionOutcome> {
  const { decision, review: id, task, version } = asked;
  const [review] = await gateway.store.clutch.reviews({ id, limit: 1 });
  if (review === undefined) return { kind: "no-review" };
  if (review.state === "closed") return nothing("it is closed");
  if (review.version !== version) return { kind: "conflict", version: review.version };
  const { agent } = review;
  const unfit = unfitFor(review, asked, by, gateway);
  if (unfit !== null) return nothing(unfit);
  if (task !== null && !(await taskFits(agent, task, decision, gateway))) {
    return { kind: "no-task", agent };
  }
  const row = await rowOf(review, asked, gateway);
  const prepared = await changeFor(review, asked, row, gateway);
  if (typeof prepared === "string") return nothing(prepared);
  const whole = { ...asked, call: asked.call ?? ownCall(review, row) };
  const second = secondFor(review, whole, by, gateway);
  if (second === "own") return nothing("you have proposed it, and another person has to agree");
  return decideNow(review, { ...prepared, asked: whole, by, second }, gateway);
}

function nothing(because: string): DecisionOutcome {
  return { kind: "nothing", because };
}

interface Deciding extends Prepared {
  readonly asked: DecisionAsked;
  readonly by: string;
  /** Null: it takes one. */
  readonly second: Second | null;
}

/** `end` ends its task before the store denies its calls: none of it goes on in between. */
async function decideNow(
  { agent, id, version }: Review,
  { account, asked, by, change, message, second, task }: Deciding,
  gateway: Gateway,
): Promise<DecisionOutcome> {
  const { chance, clutches, holding, lot, messages, store } = gateway;
  const { call, decision, reason } = asked;
  const isDone = second === null || second.isAgreed;
  if (isDone && decision === "end" && task !== null) {
    await gateway.endTask(agent, task, "failed", by);
  }
  const answer = await store.clutch.decide({
    ...{ id: `dr-${chance.hex(ID_BYTES)}`, review: id, version, decision, by, reason, task, call },
    ...{ message: message ?? (ANSWERS.has(decision) ? reason : null), at: holding.storeNow() },
    ...{ paceMs: PACE_MS, change, ...(second && { second: second.proposal }) },
  });
  if (answer.kind === "nothing") return answer;
  if (answer.kind === "conflict") return { kind: "conflict", version: answer.review.version };
  const kind = answer.kind === "ok" ? "review.decided" : "review.proposed";
  const event = { kind, agent, review: id, decision, task, call, reason, by } as const;
  emit(gateway, holding.tenure, event);
  if (answer.kind === "ok" && account !== null && change.raise !== undefined) {
    noteRaised(account, change.raise.limit, { agent, review: id, reason, by }, gateway);
  }
  // Before any of its calls goes on: what it is to be told goes with it.
  await messages.load();
  await clutches.load();
  await lot.look(holding.tenure.id);
  return { kind: answer.kind, review: withArguments(answer.review, gateway) };
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
  if (kind !== "approval" || !approves({ decision }) || owner === null) return null;
  if (foldName(by) !== foldName(owner)) return null;
  return `${owner} answers for ${agent}, and somebody else has to approve its calls`;
}

/** The call that is named; an approval has only one. */
async function rowOf(
  { id, kind }: Review,
  { arguments: edited, call }: DecisionAsked,
  { store }: Gateway,
): Promise<Parked | null> {
  const { parking } = store;
  if (kind === "approval") {
    const [only] = await parking.list({ review: id, states: ["parked"], limit: 1 });
    return only ?? null;
  }
  if (call === null || edited === null) return null;
  const [named] = await parking.list({ call, limit: 1 });
  return named ?? null;
}

function ownCall({ kind }: Review, row: Parked | null): string | null {
  return kind === "approval" ? (row?.call ?? null) : null;
}

/** What has ended cannot go on; what is said of one that has ended is about its calls. */
async function taskFits(
  agent: string,
  id: string,
  decision: DecisionAsked["decision"],
  { store }: Gateway,
): Promise<boolean> {
  const task = await store.tasks.find(agent, id);
  const goesOn = decision === "probe" || decision === "change";
  return task !== null && (!goesOn || task.endedAt === null);
}
