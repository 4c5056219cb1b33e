/** Which refusals say that an agent pushes at a fence. */
import { DENIALS, type DenialCode } from "../verdict.ts";

const MONEY = 402;
const DECIDED = 403;

/** Whoever is to come again does not push, and a gateway that is unsure is no fence. */
export function isFence(code: DenialCode): boolean {
  const { status } = DENIALS[code];
  return status === MONEY || status === DECIDED || code === "rate-limit.exceeded";
}
