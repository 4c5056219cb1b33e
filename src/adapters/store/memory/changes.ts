import type { ReviewDecision } from "../../../ports/store.ts";
import type { Account, MemoryData } from "./data.ts";
import { keyOf } from "./messages.ts";
import { openAccount, raise } from "./overrides.ts";
import type { ParkedRow, ReviewRow } from "./rows.ts";

/** Everything that a change needs, looked at before anything is done. */
interface Planned {
  readonly account: Account | null;
  readonly edited: ParkedRow | null;
  readonly told: readonly string[];
}

/**
 * What is done before the agent goes on: a limit is raised, a call is edited, tasks are told
 * something. Null: done. Else why nothing was.
 */
export function prepare(
  data: MemoryData,
  review: ReviewRow,
  decision: ReviewDecision,
): string | null {
  const planned = plan(data, review, decision);
  if (typeof planned === "string") return planned;
  const { account, edited, told } = planned;
  const { at, by, change = {}, id, message, reason } = decision;
  const { edit, raise: raised } = change;
  if (account !== null && raised !== undefined) {
    raise(data, account, { ...raised, id, reason, by, at, review: review.id });
  }
  if (edited !== null && edit !== undefined) {
    edited.parked = { ...edited.parked, about: edit.about, edited: true };
    edited.request = edit.request.slice();
    if (edit.evidence !== null) review.evidence = edit.evidence;
  }
  for (const task of told) {
    const { agent } = review;
    data.messages.set(keyOf({ id, task }), { id, agent, task, text: message ?? "", by, at });
  }
  return null;
}

function plan(
  data: MemoryData,
  review: ReviewRow,
  { change = {}, message, task }: ReviewDecision,
): Planned | string {
  const { edit, raise: raised } = change;
  const account = raised === undefined ? null : openAccount(data, raised);
  if (raised !== undefined && account === null) return "the window of its budget is over";
  const edited = edit === undefined ? null : (data.parked.get(edit.call) ?? null);
  if (edit !== undefined && !waitsFor(review, edited)) return "it has no such call parked";
  const told = message === null ? [] : toldBy(data, review, task);
  if (message !== null && told.length === 0) return "no task of it waits: name the one to tell";
  return { account, edited, told };
}

function waitsFor(review: ReviewRow, row: ParkedRow | null): boolean {
  return row?.parked.review === review.id && row.parked.state === "parked";
}

function toldBy(data: MemoryData, review: ReviewRow, task: string | null): readonly string[] {
  if (task !== null) return [task];
  const waiting = [...data.parked.values()].filter((row) => waitsFor(review, row));
  return [...new Set(waiting.map(({ parked }) => parked.task))];
}
