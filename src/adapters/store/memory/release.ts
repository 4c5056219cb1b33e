import {
  CALLS_SHOWN_MAX,
  OUTCOME_UNKNOWN,
  outcomeReviewId,
} from "../../../guards/clutch/review.ts";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { HolderId } from "../../../ports/store.ts";
import { doubtCommitments } from "./commitments.ts";
import { isDoubtful, isLeft, leave } from "./copies.ts";
import { type MemoryData, raiseChange } from "./data.ts";
import { releasePermits } from "./permits.ts";
import { openReview } from "./reviews.ts";
import type { ParkedRow } from "./rows.ts";

/** A holder that is no longer there. */
interface Gone {
  readonly holder: HolderId;
  /** Since when nothing was heard of it; null: it ended itself. */
  readonly silentSince: Millis | null;
  /** The last change that it knew of. */
  readonly caughtUp: number | null;
}

/** Permits and calls of a holder that is gone. */
export function release(data: MemoryData, clock: Clock, gone: Gone): void {
  releasePermits(data, clock, gone.holder);
  doubtCommitments(data, gone.holder, clock.wall());
  detachCalls(data, gone);
  const byAgent = new Map<string, { readonly task: string; readonly call: string }[]>();
  const unknown = (
    agent: string,
    call: { readonly task: string; readonly call: string },
  ): string => {
    const calls = byAgent.get(agent) ?? [];
    byAgent.set(agent, calls);
    calls.push(call);
    return outcomeReviewId(gone.holder, agent);
  };
  for (const row of data.parked.values()) {
    const { agent, claimedBy, state, task, call } = row.parked;
    if (state === "claimed" && claimedBy === gone.holder) {
      row.parked = { ...row.parked, state: "unknown", review: unknown(agent, { task, call }) };
    } else if (mayBeSent(row, gone)) {
      const review = unknown(agent, { task, call });
      row.parked = { ...row.parked, state: "parked", letGoAt: null, review, maybeSent: true };
    }
  }
  for (const row of data.claims.values()) {
    if (row.state !== "claimed" || row.holder !== gone.holder) continue;
    const { task, callId } = row.claim;
    row.state = "unknown";
    row.review = unknown(row.agent, { task, call: callId });
  }
  for (const [agent, calls] of byAgent) openOutcome(data, clock, { gone, agent, calls });
  if (byAgent.size > 0) raiseChange(data);
}

/** What was finished before its last beat was answered to its client; nobody else is to have it. */
function detachCalls(data: MemoryData, { holder, silentSince }: Gone): void {
  for (const row of data.parked.values()) {
    if (row.parked.attached !== holder) continue;
    const { finishedAt } = row;
    const had = finishedAt !== null && (silentSince === null || finishedAt < silentSince);
    if (!had) leave(row);
  }
}

/**
 * A call that others parked in its silence, or that it has not caught up with, may be the one that
 * its client asked it for again. Who parks a call itself knows that its agent is paused, and admits
 * no copy of it.
 */
function mayBeSent(row: ParkedRow, { caughtUp, holder, silentSince }: Gone): boolean {
  if (isDoubtful(row)) return true;
  const silent = silentSince !== null && row.arrivedAt >= silentSince;
  const behind = caughtUp !== null && caughtUp < row.seq;
  return isLeft(row) && row.parkedBy !== holder && (silent || behind);
}

function openOutcome(
  data: MemoryData,
  clock: Clock,
  {
    agent,
    calls,
    gone,
  }: {
    readonly gone: Gone;
    readonly agent: string;
    readonly calls: readonly { readonly task: string; readonly call: string }[];
  },
): void {
  const { holder } = gone;
  openReview(data, {
    id: outcomeReviewId(holder, agent),
    kind: "outcome_unknown",
    agent,
    subject: holder,
    reason: OUTCOME_UNKNOWN,
    evidence: JSON.stringify({ holder, calls: calls.slice(0, CALLS_SHOWN_MAX) }),
    at: clock.wall(),
  });
}
