/** A notice in plain words, which every notifier says in its own form. */
import { formatUsd, type Millis } from "../guards/money.ts";
import type { Message, NamedNotice, Notice, NoticeKind, Waiting } from "../guards/notice/notice.ts";

export interface NoticeText {
  /** What happened, in one sentence or two. */
  readonly title: string;
  /** The rest, a line each. */
  readonly lines: readonly string[];
  /** What the link says; null: there is none. */
  readonly action: string | null;
}

export function noticeText(message: Message): NoticeText {
  switch (message.kind) {
    case "one":
      return oneText(message);
    case "folded":
      return foldedText(message.notices);
    case "test": {
      const title = `A test: ${message.by} asked whether notices of Slipclutch arrive here.`;
      return { title, lines: ["Nothing happened."], action: "Open the reviews" };
    }
  }
}

function oneText({ link, notice, waiting }: Extract<Message, { kind: "one" }>): NoticeText {
  const lines = [
    numbersLine(notice),
    parkedLine(notice, waiting),
    costLine(waiting),
    errorsLine(waiting),
    nextLine(notice),
  ];
  return {
    title: titleOf(notice),
    lines: lines.filter((line) => line !== ""),
    action: link !== null ? "Open the review" : null,
  };
}

const OPENED: Readonly<Record<NoticeKind, (agent: string) => string>> = {
  trip: (agent) => `The clutch of ${agent} is disengaged.`,
  pause: (agent) => `${agent} is paused.`,
  approval: (agent) => `${agent} asks for an approval.`,
  budget: (agent) => `${agent} waits for a budget.`,
  outcome_unknown: (agent) => `Nobody knows what became of calls of ${agent}.`,
  alert: (agent) => `A breaker alerts on ${agent}.`,
};

const CLOSED: Readonly<Record<NoticeKind, string>> = {
  trip: "its trip",
  pause: "its pause",
  approval: "its approval",
  budget: "its budget",
  outcome_unknown: "its unknown outcomes",
  alert: "its alarm",
};

function titleOf({ agent, decided, kind, reason, what }: Notice): string {
  switch (what) {
    case "opened":
    case "alert":
      return `${OPENED[kind](agent)} ${reason}`;
    case "again":
      return `${agent} tripped again while it was probed. ${reason}`;
    case "closed": {
      const closed = `${agent}: the review of ${CLOSED[kind]} is closed`;
      if (decided === null) return `${closed}.`;
      return `${closed}: ${decided.by} decided ${decided.decision}. ${decided.reason}`;
    }
  }
}

const DIGITS = 4;

/** When, for it may be told late, and the numbers as the evidence names them: `calls 9`. */
function numbersLine({ at, numbers, task, what }: Notice): string {
  if (what === "closed") return instantText(at);
  const of = task === null ? [] : [`task ${task}`];
  const values = Object.entries(numbers).map(([name, value]) => `${name} ${shown(value)}`);
  return [instantText(at), ...of, ...values].join(" · ");
}

/** How many wait now, where that is known: since it was written down more may have come. */
function parkedLine({ review, what }: Notice, waiting: Waiting | null): string {
  if (review === null || what === "closed") return "";
  const parked = waiting?.calls ?? review.parked;
  if (parked === 0) return "";
  const most = waiting === null || waiting.whole ? "" : "At least ";
  return `${most}${parked} ${parked === 1 ? "call is" : "calls are"} parked.`;
}

/** What it costs to say yes. */
function costLine(waiting: Waiting | null): string {
  if (waiting === null || waiting.calls === 0) return "";
  const { calls, unreckoned, whole, worst } = waiting;
  if (unreckoned === calls) return "Nobody knows what letting them go costs.";
  const usd = `$${formatUsd(worst)}`;
  if (unreckoned > 0) {
    return `Letting them go costs at most ${usd}, without ${unreckoned} of which nobody knows it.`;
  }
  const them = whole ? (calls === 1 ? "it" : "them") : "these";
  return `Letting ${them} go costs at most ${usd}.`;
}

function errorsLine(waiting: Waiting | null): string {
  const at = waiting?.errorsFrom ?? null;
  return at === null ? "" : `Agents see errors from ${instantText(at)}.`;
}

/** By as many digits as a person reads. */
function shown(value: string | number): string {
  if (typeof value === "string" || Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(DIGITS)));
}

/** What happens if nobody does anything. */
function nextLine({ kind, next, what }: Notice): string {
  if (next !== null) return `It is denied by itself at ${instantText(next.at)}.`;
  if (what !== "opened" && what !== "again") return "";
  switch (kind) {
    case "trip":
    case "pause":
      return "Its calls wait until a person decides.";
    case "budget":
      return "It goes on by itself once the budget has enough again.";
    case "outcome_unknown":
      return "They are not sent again until a person decides.";
    case "approval":
    case "alert":
      return "";
  }
}

/** Agents named in a folded message. */
const AGENTS_NAMED_MAX = 10;

function foldedText(notices: readonly NamedNotice[]): NoticeText {
  const sorts = new Map<string, number>();
  for (const { notice } of notices) {
    const sort = sortOf(notice);
    sorts.set(sort, (sorts.get(sort) ?? 0) + 1);
  }
  const lines = [...sorts].map(([sort, count]) => `${count} × ${sort}`);
  const agents = [...new Set(notices.map(({ notice }) => notice.agent))];
  const more = agents.length - AGENTS_NAMED_MAX;
  const named = agents.slice(0, AGENTS_NAMED_MAX).join(", ");
  return {
    title: `And ${notices.length} more notices.`,
    lines: [...lines, `Of ${named}${more > 0 ? ` and ${more} more agents` : ""}.`],
    action: "Open the reviews",
  };
}

function sortOf({ kind, what }: Notice): string {
  switch (what) {
    case "opened":
      return `${kind} opened`;
    case "again":
      return `${kind} again`;
    case "closed":
      return `${kind} closed`;
    case "alert":
      return "alert";
  }
}

const MS_PER_SECOND = 1_000;

/** `2026-11-17 03:07:42 UTC` */
export function instantText(at: Millis): string {
  const seconds = new Date(Math.floor(at / MS_PER_SECOND) * MS_PER_SECOND).toISOString();
  return `${seconds.slice(0, 10)} ${seconds.slice(11, 19)} UTC`;
}
