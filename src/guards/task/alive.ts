/** A task that has ended takes no more calls, nor one that has gone on for too long. */
import { type Facts, type Guard, NO_NUMBERS, type TaskFacts } from "../facts.ts";
import { type Denial, deny } from "../verdict.ts";

const MS_PER_SECOND = 1_000;

export const alive: Guard<Pick<Facts, "task">> = ({ task }, bounds, states) => {
  return [states, overBecause(task) ?? { kind: "allow", bounds, numbers: NO_NUMBERS }];
};

/** Null: it goes on. */
export function overBecause({ ageMs, durationMaxMs, ended, id }: TaskFacts): Denial | null {
  if (ended) return deny("task.ended", { task: id });
  // Written so that an age that is no number is refused.
  if (durationMaxMs !== null && !(ageMs < durationMaxMs)) {
    const seconds = { max_seconds: durationMaxMs / MS_PER_SECOND, seconds: ageMs / MS_PER_SECOND };
    return deny("task.exhausted", { limit: "max_duration", task: id, ...seconds });
  }
  return null;
}
