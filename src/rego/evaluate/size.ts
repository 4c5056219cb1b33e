/**
 * How large a value is: what it costs to go through it once, or to keep a key of it. A step of the
 * budget stands for little work, so work that grows with a value is paid for by its size.
 */
import { Decimal } from "../values/number.ts";
import { isList, RegoObject, type RegoSet, type Value } from "../values/value.ts";
import type { Budget } from "./budget.ts";

/** Characters that count as one element. */
const CHARACTERS = 16;
/** Elements that are compared or read in the time of a step. */
const READ_IN_A_STEP = 64;
/** An array of fewer elements is gone through as fast as it would be found again. */
const REMEMBERED_FROM = 32;

/** Of larger arrays. */
const known = new WeakMap<readonly Value[], number>();

export function sizeOf(value: Value): number {
  if (typeof value === "string") return 1 + Math.floor(value.length / CHARACTERS);
  if (typeof value !== "object" || value === null || value instanceof Decimal) return 1;
  if (isList(value)) return sizeOfList(value);
  if (value.measured === 0) value.measured = 1 + sizeOfParts(value);
  return value.measured;
}

function sizeOfList(list: readonly Value[]): number {
  const found = list.length < REMEMBERED_FROM ? undefined : known.get(list);
  if (found !== undefined) return found;
  let size = 1;
  for (const part of list) size += sizeOf(part);
  if (list.length >= REMEMBERED_FROM) known.set(list, size);
  return size;
}

function sizeOfParts(value: RegoObject | RegoSet): number {
  let size = 0;
  if (value instanceof RegoObject) {
    for (const key of value.keys()) size += sizeOf(key) + sizeOf(value.get(key) ?? null);
    return size;
  }
  for (const part of value.unsorted()) size += sizeOf(part);
  return size;
}

/** Before a value becomes a key: the key is as large as it is. */
export function chargeKey(value: Value, budget: Budget): void {
  if (isLarge(value)) budget.spend(sizeOf(value));
}

/** Before a value is gone through once. */
export function chargeReading(value: Value, budget: Budget): void {
  if (isLarge(value)) budget.spend(Math.floor(sizeOf(value) / READ_IN_A_STEP));
}

/** Numbers, truths and short texts cost nothing beside their step. */
function isLarge(value: Value): boolean {
  if (typeof value === "string") return value.length > CHARACTERS * READ_IN_A_STEP;
  return typeof value === "object" && value !== null;
}
