/** What every format's usage has in common: counts that can be trusted, or none at all. */
import type { Usage } from "../guards/price/price.ts";
import { isObject, type JsonObject } from "./json.ts";

/**
 * No token of a published vocabulary is longer (128 bytes is the longest seen). Less output than
 * what was sent could be made of, at this many bytes a token, is no usage but a wrong number.
 */
export const TOKEN_BYTES_MAX = 256;

/** A count, null where it is not one. What is not given, or null, counts as 0. */
export function countOf(object: JsonObject, name: string): number | null {
  const value = object[name] ?? 0;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** An inner object; an empty one where it is not given; null where it is something else. */
export function innerOf(object: JsonObject, name: string): JsonObject | null {
  const value = object[name] ?? {};
  return isObject(value) ? value : null;
}

/** All counts of an object, in the order of their names, or null if one of them is none. */
export function countsOf<const Names extends readonly string[]>(
  object: JsonObject | null,
  names: Names,
): { readonly [At in keyof Names]: number } | null {
  if (object === null) return null;
  const counts = names.map((name) => countOf(object, name));
  // `as`: one number for each name, and none of them is null.
  return counts.includes(null) ? null : (counts as { [At in keyof Names]: number });
}

/** Whether usage says less output than was seen; `textBytes` is at most what really came. */
export function isTooSmall(usage: Usage, textBytes: number): boolean {
  return (usage.output + usage.outputAudio) * TOKEN_BYTES_MAX < textBytes;
}

/** The provider's error in an answer or a frame, in the shape that both formats share. */
export function errorOf(
  root: JsonObject,
): { readonly type: string; readonly message: string } | null {
  const error = root.error;
  if (isObject(error) && typeof error.message === "string") {
    const type = [error.type, error.code].find((name) => typeof name === "string");
    return { type: String(type ?? "error"), message: error.message };
  }
  if (root.type !== "error" || typeof root.message !== "string") return null;
  return { type: typeof root.code === "string" ? root.code : "error", message: root.message };
}
