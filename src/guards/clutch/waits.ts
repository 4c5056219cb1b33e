/** Refusals that refuse nothing: the call waits for a person, a condition or a place. */
import type { DenialCode } from "../verdict.ts";

const PARKED: ReadonlySet<DenialCode> = new Set([
  "clutch.parked",
  "approval.pending",
  "budget.parked",
]);

/** It waits in the store: the same call asked for again takes its place. */
export function isParked(code: DenialCode): boolean {
  return PARKED.has(code);
}

/** Its client comes again and again while it cannot go on: that is one call, and no runaway. */
export function isAgain(code: DenialCode): boolean {
  return isParked(code) || code === "parking.full";
}
