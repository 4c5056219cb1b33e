/** A task that has ended takes no more calls. */
import { type Facts, type Guard, NO_NUMBERS } from "../facts.ts";
import { deny } from "../verdict.ts";

export const alive: Guard<Pick<Facts, "task">> = ({ task }, bounds, states) => {
  if (task.ended) return [states, deny("task.ended", { task: task.id })];
  return [states, { kind: "allow", bounds, numbers: NO_NUMBERS }];
};
