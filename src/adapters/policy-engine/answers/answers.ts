/** Input and answers of every engine, so that none has its own idea of a number or a text. */
import type { PolicyAnswer, PolicyDocument, PolicyFailure } from "../../../ports/policy-engine.ts";

/** An error may repeat a value of any size. */
const BECAUSE_CHARACTERS_MAX = 1_000;

export function failed(code: PolicyFailure, because: string): PolicyAnswer {
  return { kind: "failed", code, because: because.slice(0, BECAUSE_CHARACTERS_MAX) };
}

/** Of a value that `JSON.parse` made. */
export function valueAnswer(value: unknown): PolicyAnswer {
  const number = lostNumber(value);
  if (number === null) return { kind: "value", value };
  return failed("error", `its answer has a number too large to be exact: about ${number}`);
}

/** A whole number that may have been rounded, or one that became infinite. */
function lostNumber(value: unknown): number | null {
  if (typeof value === "number") {
    const isLost = !Number.isFinite(value) || (Number.isInteger(value) && !isExact(value));
    return isLost ? value : null;
  }
  if (typeof value !== "object" || value === null) return null;
  for (const each of Object.values(value)) {
    const lost = lostNumber(each);
    if (lost !== null) return lost;
  }
  return null;
}

function isExact(whole: number): boolean {
  return Number.isSafeInteger(whole);
}

/** A half of a character as `JSON.stringify` writes it; a backslash before it would be text. */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/**
 * The input as JSON of whole characters. OPA reads half a character as U+FFFD, and its WebAssembly
 * refuses the text.
 */
export function inputText(input: PolicyDocument): string {
  return JSON.stringify(input).replace(LONE_SURROGATE, "$1\\ufffd");
}
