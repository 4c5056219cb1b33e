/** A decision in the making: what is chosen, of what, why, and whether it may be sent. */

import { useEffect, useState } from "preact/hooks";
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { Refused, send } from "../data/api.ts";
import { refresh } from "../data/cache.ts";
import { useLive } from "../data/hooks.ts";
import { useHindrance } from "../shell/session.tsx";
import { toast } from "../shell/toasts.tsx";
import { costOf } from "../words/costs.ts";
import {
  type Choice,
  choicesOf,
  type Decision,
  doneOf,
  preselected,
  tasksOf,
  verbOf,
  waitingOf,
} from "../words/reviews.ts";

/** A second press has to come within this. */
const ARMED_MS = 5_000;

export interface Draft {
  readonly decision: Decision | null;
  readonly task: string;
  readonly call: string;
  readonly message: string;
  readonly reason: string;
}

function firstDraft(review: ReviewView): Draft {
  const choices = choicesOf(review);
  return {
    decision: preselected(review, choices),
    task: tasksOf(review)[0] ?? "",
    call: waitingOf(review)[0]?.call ?? "",
    message: "",
    reason: "",
  };
}

export type Change = (change: Partial<Draft>) => void;

export interface Deciding {
  readonly draft: Draft;
  readonly choice: Choice | null;
  /** Why the button is off; null: it can be pressed. */
  readonly off: string | null;
  readonly armed: boolean;
  /** What the button says. */
  readonly says: string;
  readonly set: Change;
  readonly press: () => void;
  /** The review has changed since the person began: they look at it again. */
  readonly lookAgain: (() => void) | null;
}

export function useDeciding(review: ReviewView, done: () => void): Deciding {
  const [draft, setDraft] = useState(() => firstDraft(review));
  const [began, begin] = useState<number | null>(null);
  const [armed, arm] = useState(false);
  const [busy, setBusy] = useState(false);
  const hindrance = useHindrance();
  const live = useLive().state !== "lost";
  const choice = choicesOf(review).find(({ decision }) => decision === draft.decision) ?? null;
  const about = choice?.of === "call" ? draft.call : draft.task;
  useEffect(() => {
    if (!armed) return;
    const timer = setTimeout(() => arm(false), ARMED_MS);
    return () => clearTimeout(timer);
  }, [armed]);

  const set: Change = (change) => {
    setDraft((before) => ({ ...before, ...change }));
    begin((before) => before ?? review.version);
    arm(false);
  };
  const changed = began !== null && began !== review.version;
  const off = hindrance ?? offBecause({ draft, choice, live, busy });
  const decide = async () => {
    setBusy(true);
    await decideOn(review, began ?? review.version, draft, choice);
    setBusy(false);
    begin(null);
    setDraft((before) => ({ ...before, reason: "", message: "" }));
    done();
  };
  return {
    ...{ draft, choice, off, armed, set },
    says: choice === null ? "Decide" : saysOf(choice, review, about),
    press: () => {
      if (off !== null || changed || choice === null) return;
      if (choice.final && !armed) return arm(true);
      arm(false);
      void decide();
    },
    lookAgain: changed ? () => begin(null) : null,
  };
}

/** Choice, what it is about, and what it costs: all that happens is said on the button. */
function saysOf(choice: Choice, review: ReviewView, about: string): string {
  const cost = costOf(choice, review, about);
  const verb = verbOf(choice, about);
  return cost === "" || choice.final ? verb : `${verb}, ${cost}`;
}

function offBecause(state: {
  readonly draft: Draft;
  readonly choice: Choice | null;
  readonly live: boolean;
  readonly busy: boolean;
}): string | null {
  if (state.busy) return "Sending.";
  if (!state.live) return "Not live: what is shown here may be old.";
  if (state.choice === null) return "Choose first.";
  if (state.choice.off !== null) return state.choice.off;
  return state.draft.reason.trim() === "" ? "Say why: it is kept in the journal." : null;
}

/** Sends it once. Whoever was first is shown, and nothing is sent twice. */
async function decideOn(
  review: ReviewView,
  version: number,
  draft: Draft,
  choice: Choice | null,
): Promise<void> {
  if (choice === null) return;
  const { decision, message, of } = choice;
  const body = {
    ...{ version, decision, reason: draft.reason.trim() },
    ...(of === "task" ? { task: draft.task } : {}),
    ...(of === "call" ? { call: draft.call } : {}),
    ...(message && draft.message.trim() !== "" ? { message: draft.message.trim() } : {}),
  };
  const path = `/api/v1/reviews/${encodeURIComponent(review.id)}/decision`;
  try {
    await send("POST", path, body);
    const about = of === "call" ? draft.call : draft.task;
    toast({ good: true, title: "Decided.", text: doneOf(decision, review, about) });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast({ good: false, title: "Not decided.", text: `${error.message} ${error.hint}` });
  }
  refresh(true);
}
