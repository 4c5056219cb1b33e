/** Reviews in words: what happened, which choices there are, and what each does. */
import type { ParkedView, ReviewRowView, ReviewView } from "../../src/control/schemas/reviews.ts";
import { askedName, evidenceText, isOfModel } from "./evidence.ts";
import { count } from "./numbers.ts";
import { type Proposed, proposedName } from "./proposals.ts";

/** The line that says what waits, before anybody has opened it. */
export function headline({ agent, kind }: Pick<ReviewRowView, "agent" | "kind">): string {
  switch (kind) {
    case "trip":
      return `${agent} was stopped`;
    case "pause":
      return `${agent} was paused by a person`;
    case "approval":
      return `${agent} asks for an approval`;
    case "budget":
      return `${agent} has come to the end of a budget`;
    case "outcome_unknown":
      return `Nobody knows whether calls of ${agent} ran`;
    default:
      return `${agent} waits for a person`;
  }
}

export type Decision =
  | "agree"
  | "resume"
  | "probe"
  | "change"
  | "approve"
  | "deny"
  | "end"
  | "ran"
  | "did_not_run";

export interface Choice {
  readonly decision: Decision;
  /** The letter that selects it. */
  readonly key: string;
  readonly name: string;
  readonly says: string;
  /** What it is about, if not the whole review. */
  readonly of: "task" | "call" | null;
  /** A message goes to the agent. */
  readonly message: boolean;
  /** It cannot be undone: the button is red and wants a second press. */
  readonly final: boolean;
  /** Why it is of no use now; null: it can be chosen. */
  readonly off: string | null;
}

/** Calls of a review that still wait for it. */
export function waitingOf({ calls }: Pick<ReviewView, "calls">): readonly ParkedView[] {
  return calls.filter(({ state }) => state === "parked" || state === "unknown");
}

/** Tasks with parked calls, the one that tripped first. */
export function tasksOf(review: ReviewView): readonly string[] {
  const tripped = evidenceText(review, "task");
  const tasks = waitingOf(review).map(({ task }) => task);
  return [...new Set(tripped === "" ? tasks : [tripped, ...tasks])];
}

const PLAIN = { of: null, message: false, final: false, off: null } as const;
const NO_CALL = "No call waits for this review.";
const NO_TASK = "No task has a call that waits.";

/** `me`: whoever decides; nobody agrees with themselves. */
export function choicesOf(review: ReviewView, me = ""): readonly Choice[] {
  const { proposal } = review;
  const own = ownChoices(review);
  return proposal === null ? own : [agree(proposal, me), ...own];
}

function agree({ by, decision, reason }: Proposed, me: string): Choice {
  return {
    ...{ ...PLAIN, decision: "agree", key: "s", name: `Agree with ${by}` },
    says: `${proposedName(decision)}: “${reason}” It is done once a second person says the same.`,
    off: by === me ? "You have proposed it: another person has to agree." : null,
  };
}

function ownChoices(review: ReviewView): readonly Choice[] {
  switch (review.kind) {
    case "approval":
      return approval(review);
    case "outcome_unknown":
      return unknown(review);
    case "budget":
      return [resume(review), change(review), ...endings(review)];
    default:
      return [resume(review), probe(review), change(review), ...endings(review)];
  }
}

function resume(review: ReviewView): Choice {
  const calls = outOf(review.parked);
  const says =
    review.kind === "budget"
      ? `${calls}, and what does not fit waits again.`
      : `${calls}, and new calls go through.`;
  const name = review.kind === "budget" ? "Let them try again" : "Resume all";
  return { ...PLAIN, decision: "resume", key: "r", name, says };
}

function outOf(parked: number): string {
  if (parked === 0) return "Nothing is parked";
  return parked === 1 ? "1 call goes out" : `${count(parked)} calls go out, one after another`;
}

function probe(review: ReviewView): Choice {
  return {
    ...PLAIN,
    ...{ decision: "probe", key: "p", name: "Probe one task", of: "task" },
    says: "Only this task goes on. If it stays calm for a while the rest follow; else it stops again.",
    off: tasksOf(review).length === 0 ? NO_TASK : null,
  };
}

const CHANGES: Readonly<Record<string, string>> = {
  budget: "Raise its limit until its window ends, or tell the agent something first.",
  approval: "This call goes out once, with the arguments that you write.",
};

function change({ kind }: ReviewView): Choice {
  const name = kind === "approval" ? "Approve with a change" : "Resume with a change";
  const says = CHANGES[kind] ?? "Edit the arguments of a call, or tell the agent something first.";
  return { ...PLAIN, decision: "change", key: "c", name, says, message: true };
}

/** The arguments that an approval asks for, as text to be edited. */
export function argumentsOf({ evidence }: Pick<ReviewView, "evidence">): string {
  if (typeof evidence !== "object" || evidence === null) return "";
  const given = "arguments" in evidence ? evidence.arguments : null;
  return typeof given === "object" && given !== null ? JSON.stringify(given, null, 2) : "";
}

function endings(review: ReviewView): readonly Choice[] {
  const none = waitingOf(review).length === 0 ? NO_CALL : null;
  const deny: Choice = {
    ...{
      decision: "deny",
      key: "d",
      name: "Deny one call",
      of: "call",
      message: true,
      final: true,
    },
    ...{
      says: "It is answered with a message that the model reads. The rest waits on.",
      off: none,
    },
  };
  const end: Choice = {
    ...{ decision: "end", key: "e", name: "End one task", of: "task", message: false, final: true },
    says: "It stops for good, and its parked calls are denied. The journal is kept.",
    off: tasksOf(review).length === 0 ? NO_TASK : null,
  };
  return [deny, end];
}

function approval(review: ReviewView): readonly Choice[] {
  const answered = isOfModel(review)
    ? "Its client is answered with 403 and a message."
    : "It is answered with a message that the model reads.";
  return [
    {
      ...{ ...PLAIN, decision: "approve", key: "a", name: "Approve" },
      says: `Exactly this call of ${askedName(review)} goes out, once. Anything else is asked about again.`,
    },
    ...(hasEditable(review) ? [change(review)] : []),
    {
      ...{ decision: "deny", key: "d", name: "Deny", of: null, message: true, final: true },
      ...{ says: answered, off: null },
    },
  ];
}

/** Requests to models are not edited, nor what an agent runs itself with its own arguments. */
function hasEditable(review: ReviewView): boolean {
  return !isOfModel(review) && !review.calls.some(({ what }) => what === "decision");
}

function unknown(review: ReviewView): readonly Choice[] {
  const off = waitingOf(review).length === 0 ? NO_CALL : null;
  return [
    {
      ...{
        decision: "ran",
        key: "y",
        name: "It ran",
        of: "call",
        message: false,
        final: true,
        off,
      },
      says: "It is not sent again. What it may have cost stays charged.",
    },
    {
      ...{ decision: "did_not_run", key: "n", name: "It did not run", of: "call" },
      ...{ message: false, final: true, off },
      says: "It is let go again: if it did run after all, it runs twice.",
    },
  ];
}

/** The least risky that makes progress; null: only the person knows. */
export function preselected(review: ReviewView, choices: readonly Choice[]): Decision | null {
  if (review.kind === "approval" || review.kind === "outcome_unknown") return null;
  const probing = choices.find(({ decision, off }) => decision === "probe" && off === null);
  return probing?.decision ?? "resume";
}

/** Reasons that are usual for this kind; they fill the field, and can be edited. */
export function usualReasons(review: Pick<ReviewView, "kind" | "evidence">): readonly string[] {
  switch (review.kind) {
    case "approval": {
      const right = isOfModel(review) ? "Request is right" : "Arguments are right";
      return ["Checked with its owner", right, "Not wanted"];
    }
    case "budget":
      return ["Budget raised", "Expected spend", "Spend is not expected"];
    case "outcome_unknown":
      return ["Seen at the provider", "Not there at the provider", "Asked its owner"];
    case "pause":
      return ["Pause is over", "Checked, all well", "Agent bug"];
    default:
      return ["Provider fault", "False alarm", "Agent bug"];
  }
}

/** What the button says: choice and what it is about. */
export function verbOf(choice: Choice, about: string): string {
  switch (choice.decision) {
    case "resume":
    case "change":
    case "agree":
      return choice.name;
    case "probe":
      return `Probe ${about}`;
    case "approve":
      return "Approve this call";
    case "deny":
      return "Deny this call";
    case "end":
      return `End ${about} for good`;
    case "ran":
      return "It ran: do not send it again";
    case "did_not_run":
      return "It did not run: send it again";
  }
}

/** What is said once it is done. */
export function doneOf(decision: Decision, review: ReviewView, about: string): string {
  switch (decision) {
    case "agree":
      return "Both have said it: it is done.";
    case "change":
      return `${review.agent} goes on, with your change.`;
    case "resume":
      return `${review.agent} goes on.`;
    case "probe":
      return `Probing ${about}: the rest follow if it stays calm.`;
    case "approve":
      return "The call goes out, once.";
    case "deny":
      return "The call is answered with your message.";
    case "end":
      return `${about} has ended.`;
    case "ran":
      return "It is not sent again.";
    case "did_not_run":
      return "It is let go again.";
  }
}
