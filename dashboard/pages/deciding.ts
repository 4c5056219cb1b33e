/** A decision in the making: what is chosen, of what, why, and whether it may be sent. */

import { useEffect, useState } from "preact/hooks";
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { Refused, send } from "../data/api.ts";
import { refresh } from "../data/cache.ts";
import { useLive } from "../data/hooks.ts";
import { useHindrance, useSession } from "../shell/session.tsx";
import { toast } from "../shell/toasts.tsx";
import { costOf } from "../words/costs.ts";
import { bodyOf, type Draft, missingIn } from "../words/drafts.ts";
import {
  argumentsOf,
  type Choice,
  choicesOf,
  doneOf,
  preselected,
  tasksOf,
  verbOf,
  waitingOf,
} from "../words/reviews.ts";

/** A second press has to come within this. */
const ARMED_MS = 5_000;

function firstDraft(review: ReviewView): Draft {
  const choices = choicesOf(review);
  return {
    decision: preselected(review, choices),
    task: tasksOf(review)[0] ?? "",
    call: waitingOf(review)[0]?.call ?? "",
    ...{ message: "", reason: "", limit: "", editCall: "" },
    edited: argumentsOf(review),
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
  const me = useSession().name;
  const choices = choicesOf(review, me);
  const choice = choices.find(({ decision }) => decision === draft.decision) ?? null;
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
  const off = hindrance ?? offBecause({ review, draft, choice, live, busy });
  const decide = async () => {
    setBusy(true);
    await decideOn(review, began ?? review.version, draft, choice);
    setBusy(false);
    begin(null);
    setDraft((before) => ({ ...before, reason: "", message: "", limit: "", editCall: "" }));
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
  readonly review: ReviewView;
  readonly draft: Draft;
  readonly choice: Choice | null;
  readonly live: boolean;
  readonly busy: boolean;
}): string | null {
  if (state.busy) return "Sending.";
  if (!state.live) return "Not live: what is shown here may be old.";
  if (state.choice === null) return "Choose first.";
  return missingIn(state.review, state.choice, state.draft);
}

/** Sends it once. Whoever was first is shown, and nothing is sent twice. */
async function decideOn(
  review: ReviewView,
  version: number,
  draft: Draft,
  choice: Choice | null,
): Promise<void> {
  if (choice === null) return;
  const { decision, of } = choice;
  const body = bodyOf(review, choice, draft, version);
  const path = `/api/v1/reviews/${encodeURIComponent(review.id)}/decision`;
  try {
    const after = await send<ReviewView>("POST", path, body);
    const about = of === "call" ? draft.call : draft.task;
    const isProposed = after !== null && after.proposal !== null;
    const text = isProposed ? "Another person has to agree." : doneOf(decision, review, about);
    toast({ good: true, title: isProposed ? "Proposed." : "Decided.", text });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast({ good: false, title: "Not decided.", text: `${error.message} ${error.hint}` });
  }
  refresh(true);
}
