/** What the policies say of an entry about themselves: whether it is kept, and what is masked. */
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DecisionEvent } from "../../ports/decision-log.ts";
import type { PolicyAnswer } from "../../ports/policy-engine.ts";
import { type AskPolicies, type Withheld, withheldEvent } from "./event.ts";
import { masked } from "./mask.ts";
import { masksOf } from "./rules.ts";

/** Of one question about an entry; policies that decide calls are given far less. */
export const ASK_MS_MAX: Millis = 1_000;

const DROP = ["system", "log", "drop"];
const MASK = ["system", "log", "mask"];

export type Judged =
  | { readonly kind: "dropped" }
  | { readonly kind: "kept"; readonly event: DecisionEvent; readonly withheld: Withheld | null };

/**
 * Never rejects. Both are asked about the whole entry, as in OPA. Where either cannot be had, what
 * was to be hidden is not known, so that all of it is.
 */
export async function judged(
  event: DecisionEvent,
  ask: AskPolicies,
  clock: Clock,
): Promise<Judged> {
  const asking = (path: readonly string[]) => answered(() => ask(path, event), clock);
  const drop = await asking(DROP);
  if (drop?.kind !== "value" && drop?.kind !== "undefined") return withheld(event, "drop");
  if (drop.kind === "value" && drop.value === true) return { kind: "dropped" };
  const mask = await asking(MASK);
  if (mask?.kind === "undefined") return { kind: "kept", event, withheld: null };
  const masks = mask?.kind === "value" ? masksOf(mask.value) : null;
  if (masks === null) return withheld(event, "mask");
  return { kind: "kept", event: masked(event, masks), withheld: null };
}

/** Null: no answer in time, or none at all. Why is not kept: it may quote what was asked about. */
async function answered(
  ask: () => Promise<PolicyAnswer>,
  clock: Clock,
): Promise<PolicyAnswer | null> {
  let cancel: () => void = () => undefined;
  const late = new Promise<null>((resolve) => {
    cancel = clock.after(ASK_MS_MAX, () => resolve(null));
  });
  try {
    return await Promise.race([ask(), late]);
  } catch {
    // Whatever it was, no answer came of it.
    return null;
  } finally {
    cancel();
  }
}

function withheld(event: DecisionEvent, why: Withheld): Judged {
  return { kind: "kept", event: withheldEvent(event, why), withheld: why };
}
