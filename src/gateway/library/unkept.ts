/**
 * Readings do not wait: what is read an hour later is not what was asked for. While the agent is
 * paused, or its budget spent, they are refused and can come again; what a policy wants a person to
 * approve is refused for good.
 */
import { type Denial, deny } from "../../guards/verdict.ts";
import type { Call, Waits } from "../call.ts";
import { COME_BACK_MS } from "../clutches.ts";

const UNAPPROVED =
  "A policy wants a person to approve it, and what is read does not wait for that.";
const PAUSED = "The agent is paused, and what it reads does not wait for it.";

/** The refusal in place of a wait; null: the call waits. */
export function insteadOfWaiting({ why }: Waits, call: Call): Denial | null {
  if (call.kind === "model" || call.ask.reading === undefined) return null;
  switch (why.cause) {
    case "clutch": {
      const facts = { agent: call.incoming.manifest.agent, review: why.review };
      return { ...deny("clutch.parked", facts, COME_BACK_MS), says: PAUSED };
    }
    case "budget":
      return why.spent;
    case "approval":
      return { ...deny("policy.denied"), says: UNAPPROVED };
  }
}
