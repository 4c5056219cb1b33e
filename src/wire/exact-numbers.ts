import { isObject } from "./json.ts";

/**
 * Whether every number of a value can be passed on as it was meant. A whole number past 2^53 is
 * another one after reading, and what is past the largest double becomes null when it is written:
 * a call that names record 9007199254740993 must not reach record 9007199254740992.
 */
export function numbersAreExact(value: unknown): boolean {
  if (typeof value === "number") {
    return Number.isFinite(value) && (Number.isSafeInteger(value) || !Number.isInteger(value));
  }
  if (Array.isArray(value)) return value.every(numbersAreExact);
  return !isObject(value) || Object.values(value).every(numbersAreExact);
}
