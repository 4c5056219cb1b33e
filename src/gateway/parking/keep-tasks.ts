/**
 * A task with a call that waits is not idle, though nobody names it: a pause of a night must not
 * end it, for then its calls would be refused in the morning.
 */
import type { ParkState } from "../../ports/store.ts";
import type { Gateway } from "../gateway.ts";

/** More than an agent may park, for several agents. */
const ROWS_MAX = 200_000;
const WAITING: readonly ParkState[] = ["parked", "let_go", "claimed", "unknown"];

/** Told to the store before tasks that are idle are ended; with the tasks that they are under. */
export async function keepTasks({ store, tasks }: Gateway): Promise<void> {
  const kept = new Set<string>();
  for (const { agent, task } of await store.parking.list({ states: WAITING, limit: ROWS_MAX })) {
    let id: string | null = task;
    while (id !== null && !kept.has(`${agent}/${id}`)) {
      kept.add(`${agent}/${id}`);
      id = (await tasks.find(agent, id))?.parent ?? null;
    }
  }
  await tasks.touch();
}
