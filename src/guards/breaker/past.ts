/** What one call counts for the breakers, from what was written down of it. */
import { DENIALS, type DenialCode } from "../verdict.ts";
import { isFence } from "./fence.ts";
import type { Past } from "./replay.ts";

export function countsOfRefused(code: unknown, isTool: boolean): Past["counts"] {
  const calls = isTool ? 1 : 0;
  return { calls, refused: isCode(code) && isFence(code) ? 1 : 0 };
}

/** One that was sent and has ended. `spent`: nano-USD. */
export function countsOfSettled(outcome: unknown, spent: number, isTool: boolean): Past["counts"] {
  const ended = outcome === "aborted" || outcome === "dropped" ? 0 : 1;
  return { calls: isTool ? 1 : 0, ended, errors: isTool && outcome !== "ok" ? ended : 0, spent };
}

export function isCode(code: unknown): code is DenialCode {
  return typeof code === "string" && Object.hasOwn(DENIALS, code);
}
