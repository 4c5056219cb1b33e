/**
 * A tool is called no more often than its manifest says: every call takes a permit, which is used
 * when the call is written. A call that is refused further on leaves its permit where it was.
 */
import { type Guard, NO_NUMBERS } from "../facts.ts";
import type { ToolFacts } from "../tool/facts.ts";
import { admit, NO_PERMITS } from "./permits.ts";

export const rateLimit: Guard<ToolFacts> = ({ rate }, bounds, states) => {
  if (rate === null) return [states, { kind: "allow", bounds, numbers: NO_NUMBERS }];
  const { asked, limit, now } = rate;
  const [permits, answer] = admit(states.permits ?? NO_PERMITS, limit, asked, now);
  if (answer.kind === "deny") return [states, answer];
  if (answer.kind === "short") return [states, { kind: "short-of-permits" }];
  const numbers = { requests: limit.requests, per_seconds: limit.perMs / 1_000 };
  return [
    { ...states, permits },
    { kind: "allow", bounds: { ...bounds, permit: answer }, numbers },
  ];
};
