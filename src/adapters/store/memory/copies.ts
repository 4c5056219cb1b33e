import {
  CALLS_SHOWN_MAX,
  CLOCKS_APART_MS,
  COPIES_SUBJECT,
  copiesReviewId,
  MAYBE_COPIED,
} from "../../../guards/clutch/review.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { HolderId, LetThrough } from "../../../ports/store.ts";
import { type MemoryData, raiseChange } from "./data.ts";
import { openReview, standing } from "./reviews.ts";
import type { ParkedRow } from "./rows.ts";

const UNFINISHED = ["parked", "let_go", "claimed"];

/** What a gateway let through before it knew of a change, beside what others have parked. */
export function catchUp(
  data: MemoryData,
  clock: Clock,
  told: {
    readonly holder: HolderId;
    readonly changeSeq: number;
    readonly calls: readonly LetThrough[];
  },
): void {
  const holder = data.holders.get(told.holder);
  if (holder?.state !== "live") return;
  holder.caughtUp = Math.max(holder.caughtUp ?? 0, told.changeSeq);
  const rows = [...data.parked.values()].filter((row) => {
    return row.parkedBy !== told.holder && told.calls.some((call) => isCopy(row, call));
  });
  for (const row of rows) if (row.copied === "no") row.copied = "maybe";
  doubtCopies(data, clock, rows);
}

function isCopy({ arrivedAt, parked }: ParkedRow, call: LetThrough): boolean {
  const { agent, digest, key, state, task } = parked;
  const same = call.agent === agent && call.key === key && call.task === task;
  const after = call.at >= arrivedAt - CLOCKS_APART_MS;
  return same && call.digest === digest && after && UNFINISHED.includes(state);
}

/** Its client has gone. */
export function leave(row: ParkedRow): void {
  row.parked = { ...row.parked, attached: null };
  row.wasLeft = true;
}

/** Not finished, not claimed, not doubted; and whoever has it now, its first client has gone. */
export function isLeft({ parked, wasLeft }: ParkedRow): boolean {
  const waits = parked.state === "parked" || parked.state === "let_go";
  return waits && wasLeft && !parked.maybeSent;
}

export function isDoubtful(row: ParkedRow): boolean {
  return row.copied === "maybe" && isLeft(row);
}

/** Only a person can say whether these ran. */
export function doubtCopies(data: MemoryData, clock: Clock, rows: readonly ParkedRow[]): void {
  const doubted = rows.filter(isDoubtful);
  for (const agent of new Set(doubted.map(({ parked }) => parked.agent))) {
    const calls = doubted.filter(({ parked }) => parked.agent === agent);
    const review = copiesReview(data, clock, agent, calls);
    for (const row of calls) {
      row.parked = { ...row.parked, state: "parked", letGoAt: null, maybeSent: true, review };
    }
  }
  if (doubted.length > 0) raiseChange(data);
}

/** The one that stands for the copies of this agent, or a new one. */
function copiesReview(
  data: MemoryData,
  clock: Clock,
  ...[agent, rows]: [string, readonly ParkedRow[]]
): string {
  const calls = rows
    .map(({ parked: { call, task } }) => ({ task, call }))
    .sort((one, two) => (one.call < two.call ? -1 : 1));
  const asked = {
    id: copiesReviewId(calls[0]?.call ?? ""),
    kind: "outcome_unknown",
    agent,
    subject: COPIES_SUBJECT,
    reason: MAYBE_COPIED,
    evidence: JSON.stringify({ calls: calls.slice(0, CALLS_SHOWN_MAX) }),
    at: clock.wall(),
  } as const;
  return (standing(data, asked) ?? openReview(data, asked)).id;
}

/** A gateway that has not caught up may have let it through, and has not said so yet. */
export function isAwaited(data: MemoryData, { parkedBy, seq, wasLeft }: ParkedRow): boolean {
  const behind = [...data.holders.values()].some(({ caughtUp, info, state }) => {
    return state === "live" && info.id !== parkedBy && caughtUp !== null && caughtUp < seq;
  });
  return wasLeft && behind;
}
