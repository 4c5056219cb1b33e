/** A task that has ended takes no more calls, nor one that has gone on for too long. */
import { type Facts, type Guard, NO_NUMBERS } from "../facts.ts";
import { deny } from "../verdict.ts";

const MS_PER_SECOND = 1_000;

export const alive: Guard<Pick<Facts, "task">> = ({ task }, bounds, states) => {
  const { ageMs, durationMaxMs, ended, id } = task;
  if (ended) return [states, deny("task.ended", { task: id })];
  // Written so that an age that is no number is refused.
  if (durationMaxMs !== null && !(ageMs < durationMaxMs)) {
    const seconds = { max_seconds: durationMaxMs / MS_PER_SECOND, seconds: ageMs / MS_PER_SECOND };
    return [states, deny("task.exhausted", { limit: "max_duration", task: id, ...seconds })];
  }
  return [states, { kind: "allow", bounds, numbers: NO_NUMBERS }];
};
