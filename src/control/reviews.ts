/** Clutches and reviews as the control plane's API shows them, and how it refuses a decision. */
import { aboutOf } from "../guards/clutch/about.ts";
import { whatOf } from "../guards/clutch/park.ts";
import { heldUntil } from "../guards/clutch/waiting.ts";
import { formatUsd, type Millis } from "../guards/money.ts";
import type { Decided, Parked, Review } from "../ports/store.ts";
import {
  deadlinesView,
  lastCalls,
  parsedOrText,
  resumingView,
  spentView,
  tasksOf,
} from "./evidence.ts";
import { lastApprovedView } from "./last-approved.ts";
import type {
  AgentState,
  Around,
  DecisionAsked,
  DecisionOutcome,
  Paused,
  ProposalState,
} from "./operations.ts";
import { Problem } from "./problem.ts";
import type {
  AgentView,
  DecisionView,
  ParkedView,
  PausedView,
  ReviewRowView,
  ReviewView,
} from "./schemas/reviews.ts";
import { iso } from "./views.ts";

export function agentView({ agent, clutch, held }: AgentState): AgentView {
  const engaged = clutch.state === "engaged";
  return {
    agent,
    clutch: clutch.state,
    since: engaged ? null : iso(clutch.since),
    review: engaged ? null : clutch.review,
    task: clutch.state === "probing" ? clutch.task : null,
    held,
  };
}

export function reviewRowView(review: Review): ReviewRowView {
  const { agent, id, kind, openedAt, parked, reason, state, version } = review;
  return { id, agent, kind, reason, opened_at: iso(openedAt), parked, version, state };
}

/** What the journal has of its agent in some time. */
interface Evidence {
  readonly around: Around;
  readonly from: Millis;
  readonly to: Millis;
}

/** What its view is made of, beside the review itself. */
export interface ReviewParts {
  /** The newest calls for it, whatever became of them. */
  readonly calls: readonly Parked[];
  /** Those that wait; `whole`: all of them. */
  readonly waiting: readonly Parked[];
  readonly whole: boolean;
  readonly before: Evidence;
  readonly since: Evidence;
  readonly expiresAt: Millis | null;
  /** Of an approval: other approvals of its agent. */
  readonly approvals: readonly Review[];
  readonly proposal: ProposalState | null;
  readonly twoPeople: readonly string[];
  readonly now: Millis;
}

export function reviewView(review: Review, parts: ReviewParts): ReviewView {
  const { before, calls, expiresAt, now, proposal, since, twoPeople, waiting, whole } = parts;
  const tasks = tasksOf(review, waiting);
  return {
    ...reviewRowView(review),
    evidence: parsedOrText(review.evidence),
    last_calls: lastCalls(before.around),
    spent: spentView(before.around, before, tasks),
    spent_since: spentView(since.around, since, tasks),
    resuming: resumingView(waiting, whole),
    deadlines: deadlinesView(waiting, expiresAt, now),
    last_approved: review.kind === "approval" ? lastApprovedView(review, parts.approvals) : null,
    decisions: review.decisions.map(decisionView),
    proposal: proposal && { ...proposal, at: iso(proposal.at) },
    two_people: twoPeople,
    calls: calls.map((call) => parkedView(call, now)),
  };
}

export function decisionView({ at, by, call, decision, reason, task }: Decided): DecisionView {
  return { decision, by, reason, at: iso(at), task, call };
}

function parkedView(parked: Parked, now: Millis): ParkedView {
  const { about, at, attached, call, digest, edited, maybeSent, state, task } = parked;
  const { asked, bytes, worstNano } = aboutOf(about);
  const held = state === "parked" ? heldUntil(parked, now) : null;
  return {
    ...{ call, task, what: whatOf(digest), state, at: iso(at) },
    ...{ attached: attached !== null, maybe_sent: maybeSent, edited, asked, bytes },
    worst_case_usd: worstNano === null ? null : formatUsd(worstNano),
    held_until: held === null ? null : iso(held),
  };
}

/** Who stands still now, or the `Problem` that says why not, or only here. */
export function pausedView(paused: Paused): PausedView {
  if (paused.kind === "no-agent") {
    const known = paused.agents.join(", ");
    const message = `There is no agent ${paused.unknown}, and none was paused. There are: ${known}.`;
    throw new Problem("agent.unknown", message);
  }
  const { agents, unstored } = paused;
  if (unstored.length > 0) {
    const names = unstored.join(", ");
    throw new Problem("pause.unstored", `Paused at this gateway, and at no other yet: ${names}.`);
  }
  return { agents: agents.map(agentView) };
}

/** The review after the decision, or the `Problem` that says why nothing was decided. */
export function decidedView(asked: DecisionAsked, outcome: DecisionOutcome): Review {
  const { review, task } = asked;
  switch (outcome.kind) {
    case "ok":
    case "proposed":
      return outcome.review;
    case "no-review":
      throw new Problem("review.unknown", `There is no review ${review} in the store.`);
    case "no-task": {
      const message = `${outcome.agent} has no task ${task ?? ""} that is alive.`;
      throw new Problem("task.unknown", message);
    }
    case "conflict": {
      const message = `The review is at version ${outcome.version}, not ${asked.version}.`;
      throw new Problem("review.conflict", message);
    }
    case "nothing":
      throw new Problem("review.nothing", `Nothing was decided: ${outcome.because}.`);
  }
}
