/** What a message says of the calls that wait, as it goes out. */
import { errorsFrom, mostCostOf, WAITING_MAX } from "../../guards/clutch/waiting.ts";
import type { Notice, Waiting } from "../../guards/notice/notice.ts";
import { StoreUnreachable } from "../../ports/store.ts";
import type { Gateway } from "../gateway.ts";

/** Null: it is about no review, or one that is closed; or the store does not answer. */
export async function waitingFor(
  { review, what }: Notice,
  { holding, store }: Pick<Gateway, "holding" | "store">,
): Promise<Waiting | null> {
  if (review === null || what === "closed") return null;
  try {
    const filter = { review: review.id, states: ["parked"], limit: WAITING_MAX } as const;
    const calls = await store.parking.list(filter);
    const whole = calls.length < WAITING_MAX;
    return { ...mostCostOf(calls), whole, errorsFrom: errorsFrom(calls, holding.storeNow()) };
  } catch (error) {
    // Whoever is called at night hears the less, but does not hear it later.
    if (error instanceof StoreUnreachable) return null;
    throw error;
  }
}
