/**
 * The turn of a parked call. The store gives a holder the same turn as often as it asks, for its
 * answer may be lost: so here one has it at a time, from before it asks until the store knows how
 * it ended.
 */
import type { Claimed, Fenced } from "../../ports/store.ts";
import type { Turn } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import type { Tenure } from "../tenure.ts";
import { requestOf } from "./request.ts";

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
export function turnFor(
  { parked, request }: Extract<Claimed, { kind: "claimed" }>,
  gateway: Gateway,
): Turn {
  const { attempt, call, cause, review } = parked;
  const edited = parked.edited ? editedIn(call, request, gateway) : null;
  return { call, attempt, approval: cause === "approval" ? review : null, edited };
}

/** What cannot be read is refused when the call is read again: it is never its agent's instead. */
function editedIn(call: string, bytes: Uint8Array, { log, metrics, seal }: Gateway) {
  try {
    const request = requestOf(seal.open(call, bytes));
    if (request.kind !== "tool" || request.askedDigest === undefined) {
      throw new Error(`${call} was edited, and is no edited tool call`);
    }
    const { arguments: given, askedDigest, bytes: size } = request;
    return { arguments: given, bytes: size, askedDigest };
  } catch (error) {
    metrics.error("edited");
    log.error("an edited call cannot be read", { call, error });
    return "unreadable" as const;
  }
}
