import { transition } from "../../../guards/clutch/transition.ts";
import type { Millis } from "../../../guards/money.ts";
import type { ReviewAnswer, ReviewDecision } from "../../../ports/store.ts";
import { prepare } from "./changes.ts";
import { type MemoryData, raiseChange } from "./data.ts";
import { clutchOf, shownReview } from "./reviews.ts";
import type { ParkedRow, ReviewRow } from "./rows.ts";

/** One decision on one review, in a transaction. */
interface Deciding {
  readonly data: MemoryData;
  readonly review: ReviewRow;
  readonly decision: ReviewDecision;
  readonly now: Millis;
}

/** Each decision once by its id, and only on the version it was made on. */
export function decide(data: MemoryData, decision: ReviewDecision, now: Millis): ReviewAnswer {
  const known = data.reviews.get(data.decided.get(decision.id) ?? "");
  if (known) {
    const proposed = known.decisions.some(({ proposal }) => proposal?.id === decision.id);
    return { kind: proposed ? "proposed" : "ok", review: shownReview(data, known) };
  }
  const review = data.reviews.get(decision.review);
  if (!review) return { kind: "nothing", because: "there is no such review" };
  if (review.version !== decision.version) {
    return { kind: "conflict", review: shownReview(data, review) };
  }
  if (review.state === "closed") return { kind: "nothing", because: "it is closed" };
  const isAgreed = agrees(review, decision);
  const because = isAgreed ? apply({ data, review, decision, now }) : null;
  if (because !== null) return { kind: "nothing", because };
  data.decided.set(decision.id, review.id);
  review.version += 1;
  write(review, decision, isAgreed);
  raiseChange(data);
  return { kind: isAgreed ? "ok" : "proposed", review: shownReview(data, review) };
}

/** It takes one, or somebody else has just said the same. */
function agrees({ decisions, version }: ReviewRow, { by, second }: ReviewDecision): boolean {
  if (second === undefined) return true;
  const last = decisions.findLast(({ decision }) => decision !== "note");
  const { proposal = null } = last ?? {};
  const same = proposal?.version === version && proposal.digest === second.digest;
  return same && last?.by !== by;
}

function write(review: ReviewRow, decision: ReviewDecision, isAgreed: boolean): void {
  const { id, by, reason, at, task, call, message, second } = decision;
  const said = { by, reason, at, task, call, message };
  if (isAgreed || second === undefined) {
    review.decisions.push({ ...said, decision: decision.decision, proposal: null });
  } else {
    const proposal = { ...second, id, version: review.version };
    review.decisions.push({ ...said, decision: "proposed", proposal });
  }
}

/** Null: done. Else why there is nothing to do it to. */
function apply(deciding: Deciding): string | null {
  const { data, review, decision } = deciding;
  const clutch = clutchOf(data, review.agent);
  const waits = clutch.state !== "engaged" && clutch.review === review.id;
  switch (decision.decision) {
    case "resume":
    case "change":
      if (review.kind === "outcome_unknown") return "its calls are decided one by one";
      if (review.kind === "approval" && decision.decision === "resume") {
        return "its call is approved or denied";
      }
      return prepare(data, review, decision) ?? resume(deciding);
    case "approve":
      if (review.kind !== "approval") return "it asks for no approval";
      return prepare(data, review, decision) ?? resume(deciding);
    case "calm":
      return waits && clutch.state === "probing" ? resume(deciding) : "it is not probing";
    case "probe":
      if (!waits) return "no clutch waits for it";
      if (decision.task === null) return "it names no task";
      return prepare(data, review, decision) ?? probe(deciding, decision.task);
    case "deny":
      return denyCall(deciding);
    case "end":
      return denyTask(deciding);
    case "ran":
    case "did_not_run":
      return settleUnknown(deciding);
  }
}

function ofReview({ data, review }: Deciding): ParkedRow[] {
  return [...data.parked.values()].filter(({ parked }) => parked.review === review.id);
}

/** Those that wait for their turn from before come first, then all that are parked. */
function resume(deciding: Deciding): null {
  const { data, decision, now, review } = deciding;
  const clutch = clutchOf(data, review.agent);
  const rows: ParkedRow[] = [];
  if (clutch.state !== "engaged" && clutch.review === review.id) {
    data.clutches.set(review.agent, transition(clutch, { kind: "resume", review: review.id }));
    const turns = ({ parked }: ParkedRow): number => parked.letGoAt ?? 0;
    const waiting = [...data.parked.values()].filter(
      ({ parked }) => parked.agent === review.agent && parked.state === "let_go",
    );
    rows.push(...waiting.sort((one, two) => turns(one) - turns(two)));
  }
  rows.push(
    ...ofReview(deciding).filter(({ parked }) => parked.state === "parked" && !parked.maybeSent),
  );
  for (const [index, row] of rows.entries()) {
    letGo(row, now + index * Math.floor(decision.paceMs), deciding);
  }
  close(deciding);
  return null;
}

function close({ review, now }: Deciding): void {
  review.state = "closed";
  review.closedAt = now;
}

/** By the change that this decision will be. */
function letGo(row: ParkedRow, at: Millis, { data }: Deciding): void {
  row.parked = { ...row.parked, state: "let_go", letGoAt: at };
  row.seq = data.changeSeq + 1;
}

function probe(deciding: Deciding, task: string): null {
  const { data, decision, now, review } = deciding;
  const event = { kind: "probe", review: review.id, task, at: decision.at } as const;
  data.clutches.set(review.agent, transition(clutchOf(data, review.agent), event));
  for (const row of ofReview(deciding)) {
    const { state, maybeSent } = row.parked;
    if (row.parked.task === task && state === "parked" && !maybeSent) letGo(row, now, deciding);
  }
  return null;
}

function deny(row: ParkedRow, { decision, now }: Deciding): void {
  row.parked = { ...row.parked, state: "denied", message: decision.message };
  row.finishedAt = now;
}

function denyCall(deciding: Deciding): string | null {
  const row = deciding.data.parked.get(deciding.decision.call ?? "");
  if (row?.parked.review !== deciding.review.id || row.parked.state !== "parked") {
    return "it has no such call parked";
  }
  deny(row, deciding);
  closeAfterDenial(deciding);
  return null;
}

function denyTask(deciding: Deciding): string | null {
  if (deciding.decision.task === null) return "it names no task";
  for (const row of ofReview(deciding)) {
    const { task, state } = row.parked;
    if (task === deciding.decision.task && state === "parked") deny(row, deciding);
  }
  closeAfterDenial(deciding);
  return null;
}

/** What became of a call that may have been sent. */
function settleUnknown(deciding: Deciding): string | null {
  const { data, decision, review } = deciding;
  const ran = decision.decision === "ran";
  const row = data.parked.get(decision.call ?? "");
  if (row?.parked.review === review.id && isUnknown(row)) {
    settleCall(row, ran, deciding);
  } else if (!settleClaims(deciding, ran)) {
    return "it has no such call whose outcome is unknown, or more than one";
  }
  closeIfAllKnown(deciding);
  return null;
}

function settleCall(row: ParkedRow, ran: boolean, deciding: Deciding): void {
  const { decision, now } = deciding;
  if (row.copied === "maybe") row.copied = "settled";
  row.parked = { ...row.parked, claimedBy: null, maybeSent: false };
  if (!ran) return letGo(row, now, deciding);
  row.parked = { ...row.parked, state: "done", message: decision.message };
  row.finishedAt = now;
}

function isUnknown({ parked }: ParkedRow): boolean {
  return parked.state === "unknown" || (parked.state === "parked" && parked.maybeSent);
}

/** The claims of that name; of two tasks only if one is named. */
function settleClaims({ data, decision, now, review }: Deciding, ran: boolean): boolean {
  const { call, task } = decision;
  const found = [...data.claims].filter(
    ([, { claim, state, review: of }]) =>
      of === review.id &&
      state === "unknown" &&
      claim.callId === call &&
      (task === null || claim.task === task),
  );
  if (new Set(found.map(([, { claim }]) => claim.task)).size !== 1) return false;
  for (const [key, row] of found) {
    if (!ran) data.claims.delete(key);
    row.state = "done";
    row.finishedAt = now;
  }
  return true;
}

/** An approval is of one call, and decided with it. */
function closeAfterDenial(deciding: Deciding): void {
  const { review } = deciding;
  const waits = ofReview(deciding).some(({ parked }) => parked.state === "parked");
  if (review.kind === "approval" && !waits) close(deciding);
  closeIfAllKnown(deciding);
}

function closeIfAllKnown(deciding: Deciding): void {
  const { data, review } = deciding;
  if (review.kind !== "outcome_unknown") return;
  const claims = [...data.claims.values()];
  const left =
    ofReview(deciding).some(isUnknown) ||
    claims.some((row) => row.review === review.id && row.state === "unknown");
  if (!left) close(deciding);
}
