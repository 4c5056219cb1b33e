/** What a change changes: a limit, or the arguments of one call. */
import type { ArgumentsView, ReviewView } from "../../src/control/schemas/reviews.ts";
import { get, Refused } from "../data/api.ts";
import { toast } from "../shell/toasts.tsx";
import type { Draft } from "../words/drafts.ts";
import { evidenceText } from "../words/evidence.ts";
import { waitingOf } from "../words/reviews.ts";
import type { Change } from "./deciding.ts";

interface Fields {
  readonly review: ReviewView;
  readonly draft: Draft;
  readonly set: Change;
}

export function ChangeFields({ draft, review, set }: Fields) {
  switch (review.kind) {
    case "budget":
      return <Limit draft={draft} review={review} set={set} />;
    case "approval":
      return <Arguments draft={draft} set={set} />;
    default:
      return <OneCall draft={draft} review={review} set={set} />;
  }
}

function Limit({ draft, review, set }: Fields) {
  return (
    <input
      type="text"
      inputMode="decimal"
      aria-label={`New limit of ${evidenceText(review, "budget")}`}
      placeholder="New limit, above what holds now"
      value={draft.limit}
      onInput={(event) => set({ limit: event.currentTarget.value })}
    />
  );
}

function Arguments({ draft, set }: Pick<Fields, "draft" | "set">) {
  return (
    <textarea
      class="mono"
      rows={Math.min(12, draft.edited.split("\n").length + 1)}
      aria-label="Arguments, as JSON"
      spellcheck={false}
      value={draft.edited}
      onInput={(event) => set({ edited: event.currentTarget.value })}
    />
  );
}

/** Calls of models have no arguments, and an agent runs its own tools itself. */
function OneCall({ draft, review, set }: Fields) {
  const calls = waitingOf(review).filter(({ what }) => what === "tool");
  if (calls.length === 0) return null;
  return (
    <>
      <select
        aria-label="Call to edit"
        value={draft.editCall}
        onChange={(event) => void choose(review.id, event.currentTarget.value, set)}
      >
        <option value="">No arguments are changed</option>
        {calls.map(({ asked, call, task }) => (
          <option key={call} value={call}>
            {`Edit ${"tool" in asked ? asked.tool : ""} of ${task}, ${call}`}
          </option>
        ))}
      </select>
      {draft.editCall !== "" && <Arguments draft={draft} set={set} />}
    </>
  );
}

/** What it asks now is what is edited. */
async function choose(review: string, call: string, set: Change): Promise<void> {
  if (call === "") return set({ editCall: "", edited: "" });
  const path = `/api/v1/reviews/${encodeURIComponent(review)}/calls/${encodeURIComponent(call)}`;
  try {
    const found = await get<ArgumentsView>(path);
    set({ editCall: call, edited: JSON.stringify(found.arguments, null, 2) });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast({ good: false, title: "Not shown.", text: `${error.message} ${error.hint}` });
  }
}
