/** Of calls that wait: until when their clients do, and the most they cost once they are let go. */
import type { Millis } from "../money.ts";
import { aboutOf } from "./about.ts";

/** Calls of one review that are added up: as many as may wait of one agent, unless configured. */
export const WAITING_MAX = 10_000;
/** Clients that were told to come again do so after this. */
const COME_BACK_MS: Millis = 30_000;

/** A call that waits, as the store has it. */
export interface WaitingCall {
  readonly about: string;
  readonly at: Millis;
  /** The gateway whose client waits for it; null: its client has gone. */
  readonly attached: string | null;
}

/** Until when the connection of a call that waits is held: its client may have come again since. */
export function heldUntil({ about, at, attached }: WaitingCall, now: Millis): Millis | null {
  if (attached === null) return null;
  const { holdMs, retries } = aboutOf(about);
  const attempt = Math.min(retries, Math.floor((now - at) / (holdMs + COME_BACK_MS)));
  return at + attempt * (holdMs + COME_BACK_MS) + holdMs;
}

/** When the first agent sees an error, if nobody decides; null: none does, or all have. */
export function errorsFrom(waiting: readonly WaitingCall[], now: Millis): Millis | null {
  return earliest(waiting.map((call) => errorFrom(call, now)));
}

/** When its agent sees an error, if nobody decides; null: it has seen one, or has gone for good. */
function errorFrom({ about, at, attached }: WaitingCall, now: Millis): Millis | null {
  const { holdMs, retries } = aboutOf(about);
  const until = at + (retries + 1) * holdMs + retries * COME_BACK_MS;
  return attached === null && until <= now ? null : until;
}

export function earliest(instants: readonly (Millis | null)[]): Millis | null {
  let first: Millis | null = null;
  for (const at of instants) if (at !== null && (first === null || at < first)) first = at;
  return first;
}

/** The most that some calls can cost. */
export interface MostCost {
  readonly calls: number;
  /** Nano-USD. */
  readonly worst: bigint;
  /** Calls among them whose worst case is not known. */
  readonly unreckoned: number;
}

export function mostCostOf(waiting: readonly Pick<WaitingCall, "about">[]): MostCost {
  let [worst, unreckoned] = [0n, 0];
  for (const { about } of waiting) {
    const { worstNano } = aboutOf(about);
    if (worstNano === null) unreckoned += 1;
    else worst += BigInt(worstNano);
  }
  return { calls: waiting.length, worst, unreckoned };
}
