/** What each choice costs at most, as the server has reckoned it. */
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { usd } from "./money.ts";
import { counted } from "./numbers.ts";
import type { Choice } from "./reviews.ts";

interface Most {
  readonly calls: number;
  readonly worst_case_usd: string;
  readonly unreckoned: number;
}

/** What one task's parked calls can cost; null: none of its calls waits. */
export function ofTask({ resuming }: ReviewView, task: string): Most | null {
  return resuming.tasks.find((one) => one.task === task) ?? null;
}

function most({ unreckoned, worst_case_usd: worst }: Most, whole: boolean): string {
  if (unreckoned > 0 || !whole) return `over ${usd(worst)}`;
  return `at most ${usd(worst)}`;
}

/** Beside the choice: `at most $0.348`, `$0.00`; "" where nothing is known of it. */
export function costOf(choice: Choice, review: ReviewView, task: string): string {
  const { resuming } = review;
  switch (choice.decision) {
    case "resume":
    case "change":
    case "approve":
      return most(resuming, resuming.whole);
    case "probe": {
      const own = ofTask(review, task);
      return own === null ? "" : most(own, true);
    }
    case "deny":
    case "end":
      return "$0.00";
    case "agree":
    case "ran":
    case "did_not_run":
      return "";
  }
}

/** What is said of calls whose worst case nobody has reckoned; "": of none. */
export function unreckonedNote({ resuming }: ReviewView): string {
  const { unreckoned, whole } = resuming;
  if (!whole) return "more calls wait than were added up";
  return unreckoned === 0 ? "" : `of ${counted(unreckoned, "call")} it is not known`;
}
