/**
 * The turn of a parked call. The store gives a holder the same turn as often as it asks, for its
 * answer may be lost: so here one has it at a time, from before it asks until the store knows how
 * it ended.
 */
import type { Claimed, Fenced, Parked } from "../../ports/store.ts";
import type { Turn } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import type { Tenure } from "../tenure.ts";

/** `taken`: somebody here has it, or asks for it now. Rejects if the store cannot be asked. */
export async function askTurn(
  call: string,
  tenure: Tenure,
  { store }: Gateway,
): Promise<Claimed | Fenced | { readonly kind: "taken" }> {
  if (tenure.turns.has(call)) return { kind: "taken" };
  tenure.turns.add(call);
  let isOurs = false;
  try {
    const claimed = await store.parking.claim(tenure.id, call);
    isOurs = claimed.kind === "claimed";
    return claimed;
  } finally {
    if (!isOurs) tenure.turns.delete(call);
  }
}

/** What its row says of it, once it is claimed. */
export function turnFor({ attempt, call, cause, review }: Parked): Turn {
  return { call, attempt, approval: cause === "approval" ? review : null };
}
