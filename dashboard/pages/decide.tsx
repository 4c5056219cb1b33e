/** The decision: which, of what, why, and one button that repeats it. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { PHONE, useMedia } from "../data/hooks.ts";
import { Key } from "../parts/key.tsx";
import { type Bindings, useKeys } from "../shell/keys.ts";
import { useSession } from "../shell/session.tsx";
import { costOf } from "../words/costs.ts";
import type { Draft } from "../words/drafts.ts";
import {
  type Choice,
  choicesOf,
  type Decision,
  tasksOf,
  usualReasons,
  waitingOf,
} from "../words/reviews.ts";
import { ChangeFields } from "./change-fields.tsx";
import { type Change, type Deciding, useDeciding } from "./deciding.ts";
import { Proposal, takesTwo } from "./proposal.tsx";

/** On a phone the panel is a sheet above the page. */
const SHEET = { role: "dialog", "aria-modal": "true" } as const;

export function Decide({ review }: { readonly review: ReviewView }) {
  const [open, setOpen] = useState(false);
  const phone = useMedia(PHONE);
  const panel = useRef<HTMLFormElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const sheet = phone && open;
  const close = () => {
    setOpen(false);
    // Until the next frame the rest of the page takes no focus.
    requestAnimationFrame(() => opener.current?.focus());
  };
  useKeys({ Escape: sheet ? close : undefined });
  // Before the page is drawn: what gets the focus back takes it by then.
  useLayoutEffect(() => {
    // Only the sheet can be reached while it is there.
    const others = document.querySelectorAll(".rail, .top, .evidence, .head, .phonebar");
    for (const other of others) other.toggleAttribute("inert", sheet);
    if (sheet) panel.current?.querySelector<HTMLElement>("input:checked, input")?.focus();
    return () => {
      for (const other of others) other.removeAttribute("inert");
    };
  }, [sheet]);
  return (
    <>
      <Form review={review} panel={panel} open={sheet} close={close} phone={phone} />
      {sheet && <button type="button" class="scrim on" aria-label="Close" onClick={close} />}
      <div class="phonebar">
        <button type="button" class="btn main" ref={opener} onClick={() => setOpen(true)}>
          Decide
        </button>
      </div>
    </>
  );
}

function Form(props: {
  readonly review: ReviewView;
  readonly panel: { current: HTMLFormElement | null };
  readonly open: boolean;
  readonly phone: boolean;
  readonly close: () => void;
}) {
  const { close, open, panel, phone, review } = props;
  const deciding = useDeciding(review, close);
  const { choice, draft, set } = deciding;
  const choices = choicesOf(review, useSession().name);
  const reason = useRef<HTMLInputElement>(null);
  // The letter itself must not be typed into the reason.
  const chosen = () => requestAnimationFrame(() => reason.current?.focus());
  const select = (decision: Decision) => {
    set({ decision });
    chosen();
  };
  useKeys({ ...lettersOf(choices, select), "Ctrl+Enter": deciding.press });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    deciding.press();
  };
  return (
    <section
      class={open ? "panel decide open" : "panel decide"}
      aria-labelledby="decide"
      {...(phone && open ? SHEET : {})}
    >
      <form ref={panel} onSubmit={submit}>
        <Top close={close} two={takesTwo(review, draft.decision)} />
        <Proposal review={review} />
        <fieldset>
          <legend class="sr">Decision</legend>
          {choices.map((each) => (
            <Option key={each.decision} choice={each} review={review} draft={draft} set={set} />
          ))}
        </fieldset>
        <div class="bar">
          <Reason review={review} draft={draft} set={set} input={reason} />
          <Press deciding={deciding} choice={choice} />
        </div>
      </form>
    </section>
  );
}

function Top({ close, two }: { readonly close: () => void; readonly two: boolean }) {
  return (
    <header>
      <h2 id="decide">Decide</h2>
      <span class="faint mid-only">
        {two ? "two people decide this" : "one person decides here"}
      </span>
      <button type="button" class="btn quiet close" onClick={close}>
        Close
      </button>
    </header>
  );
}

/** A letter selects; it never decides. */
function lettersOf(choices: readonly Choice[], select: (decision: Decision) => void): Bindings {
  const usable = choices.filter(({ off }) => off === null);
  return Object.fromEntries(usable.map(({ decision, key }) => [key, () => select(decision)]));
}

function Option(props: {
  readonly choice: Choice;
  readonly review: ReviewView;
  readonly draft: Draft;
  readonly set: Change;
}) {
  const { choice, draft, review, set } = props;
  const { decision, key, name, off, says } = choice;
  return (
    <div class={off === null ? "opt" : "opt off"}>
      <input
        type="radio"
        name="decision"
        id={`decide-${decision}`}
        checked={draft.decision === decision}
        disabled={off !== null}
        aria-describedby={`says-${decision}`}
        onChange={() => set({ decision })}
      />
      <label for={`decide-${decision}`}>
        <b>{name}</b>
      </label>
      <span class="cost">
        {off === null && costOf(choice, review, draft.task)}
        <Key>{key.toUpperCase()}</Key>
      </span>
      <p id={`says-${decision}`}>{off ?? says}</p>
      {draft.decision === decision && (choice.of !== null || choice.message) && (
        <div class="more">
          {decision === "change" && <ChangeFields review={review} draft={draft} set={set} />}
          <About choice={choice} review={review} draft={draft} set={set} />
        </div>
      )}
    </div>
  );
}

/** What the choice is about: a task or a call, and what the agent is told. */
function About(props: {
  readonly choice: Choice;
  readonly review: ReviewView;
  readonly draft: Draft;
  readonly set: Change;
}) {
  const { choice, draft, review, set } = props;
  return (
    <>
      {choice.of === "task" && (
        <select
          aria-label="Task"
          value={draft.task}
          onChange={(event) => set({ task: event.currentTarget.value })}
        >
          {tasksOf(review).map((task) => (
            <option key={task}>{task}</option>
          ))}
        </select>
      )}
      {choice.of === "call" && (
        <select
          aria-label="Call"
          value={draft.call}
          onChange={(event) => set({ call: event.currentTarget.value })}
        >
          {waitingOf(review).map(({ call, task, what }) => (
            <option key={call} value={call}>
              {`${what} call of ${task}, ${call}`}
            </option>
          ))}
        </select>
      )}
      {choice.message && (
        <input
          type="text"
          aria-label="Message to the agent"
          placeholder={
            choice.decision === "deny"
              ? "What the model reads; else your reason"
              : "Told to the model once, if you like"
          }
          value={draft.message}
          onInput={(event) => set({ message: event.currentTarget.value })}
        />
      )}
    </>
  );
}

function Reason(props: {
  readonly review: ReviewView;
  readonly draft: Draft;
  readonly set: Change;
  readonly input: { current: HTMLInputElement | null };
}) {
  const { draft, input, review, set } = props;
  const pick = (reason: string) => {
    set({ reason });
    input.current?.focus();
  };
  return (
    <>
      <label class="field">
        <span>
          Reason<em class="fine">required, kept in the journal</em>
        </span>
        <input
          ref={input}
          type="text"
          name="reason"
          maxLength={500}
          autocomplete="off"
          placeholder="What you saw and why this is right"
          value={draft.reason}
          onInput={(event) => set({ reason: event.currentTarget.value })}
        />
      </label>
      <fieldset class="chips">
        <legend class="sr">Usual reasons</legend>
        {usualReasons(review).map((reason) => (
          <button type="button" class="chip" key={reason} onClick={() => pick(reason)}>
            {reason}
          </button>
        ))}
      </fieldset>
    </>
  );
}

function Press({
  choice,
  deciding,
}: {
  readonly deciding: Deciding;
  readonly choice: Choice | null;
}) {
  const { name, role } = useSession();
  const { armed, lookAgain, off, says } = deciding;
  if (lookAgain !== null) {
    return (
      <p class="banner wait" role="alert">
        <span>This review has changed since you began.</span>
        <button type="button" class="btn" onClick={lookAgain}>
          Look again
        </button>
      </p>
    );
  }
  return (
    <>
      <button
        type="submit"
        class={choice?.final ? "btn stop" : "btn main"}
        disabled={off !== null}
        aria-describedby="press-note"
      >
        {armed ? `${says}, press again` : says} <Key>Ctrl ↵</Key>
      </button>
      <p class="fine" id="press-note">
        {off ??
          `As ${name}, ${role}. ${choice?.final ? "This cannot be undone." : "You can pause it again at any time."}`}
      </p>
    </>
  );
}
