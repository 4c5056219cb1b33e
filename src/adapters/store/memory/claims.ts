import type { Millis } from "../../../guards/money.ts";
import type { Answered, CallClaim, CallClaimed, HolderId } from "../../../ports/store.ts";
import type { MemoryData } from "./data.ts";
import type { ClaimRow, ParkedRow } from "./rows.ts";

function keyOf({ callId, key, task }: CallClaim): string {
  return JSON.stringify([key, task, callId]);
}

/** Claims a call by its own name, for a live holder. */
export function claimCall(data: MemoryData, holder: HolderId, claim: CallClaim): CallClaimed {
  const row = data.claims.get(keyOf(claim));
  if (!row) {
    const agent = agentOf(data, claim.key);
    const nothing = { answer: null, review: null, finishedAt: null };
    data.claims.set(keyOf(claim), { claim, agent, holder, state: "claimed", ...nothing });
    return { kind: "claimed" };
  }
  if (row.claim.digest !== claim.digest) return { kind: "other-digest" };
  switch (row.state) {
    case "claimed":
      return { kind: isSame(row, holder, claim) ? "claimed" : "running" };
    case "done":
      return { kind: "done", answer: row.answer };
    case "unknown":
      return { kind: "unknown" };
  }
}

/** The agent of a key; "" if the key is not known here. */
function agentOf(data: MemoryData, key: string): string {
  const holder = data.keys.get(key)?.holder;
  return holder && holder.kind !== "operator" ? holder.agent : "";
}

function isSame(row: ClaimRow, holder: HolderId, claim: CallClaim): boolean {
  const { at, digest } = row.claim;
  return (
    row.state === "claimed" && row.holder === holder && at === claim.at && digest === claim.digest
  );
}

export function unclaimCall(data: MemoryData, holder: HolderId, claim: CallClaim): void {
  const row = data.claims.get(keyOf(claim));
  if (row && isSame(row, holder, claim)) data.claims.delete(keyOf(claim));
}

/** Is this the holder's claim of a parked call that stands? */
export function isClaimedBy(row: ParkedRow, holder: HolderId, attempt: number): boolean {
  const { parked } = row;
  return parked.state === "claimed" && parked.claimedBy === holder && parked.attempt === attempt;
}

/** A flush's answer to a call of its holder, if the claim still stands. */
export function answer(
  data: MemoryData,
  {
    answered,
    holder,
    now,
  }: {
    readonly answered: Answered;
    readonly holder: HolderId;
    readonly now: Millis;
  },
): void {
  if (answered.kind === "parked") {
    const row = data.parked.get(answered.call);
    if (!row || !isClaimedBy(row, holder, answered.attempt)) return;
    row.parked = { ...row.parked, state: "done" };
    row.answer = answered.answer;
    row.finishedAt = now;
    return;
  }
  const row = data.claims.get(keyOf(answered.claim));
  if (!row || !isSame(row, holder, answered.claim)) return;
  row.state = "done";
  row.answer = answered.answer;
  row.finishedAt = now;
}

/** A claim whose task lives still says that its call was made. */
export function pruneClaims(data: MemoryData, before: Millis): void {
  for (const [key, { agent, claim, finishedAt }] of data.claims) {
    const task = data.tasks.get(agent)?.get(claim.task)?.record;
    const lives = task !== undefined && task.endedAt === null;
    if (finishedAt !== null && finishedAt < before && !lives) data.claims.delete(key);
  }
}
