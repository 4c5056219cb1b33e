/**
 * Masks, as OPA applies them: one after the other, each to what those before it left. A mask that
 * points to nothing does nothing and is not listed.
 */
import type { DecisionEvent } from "../../ports/decision-log.ts";
import { type Mask, namesOf } from "./rules.ts";

const QUOTING = "it is left out: it may quote what was masked";

type Members = Record<string, unknown>;

/** The entry after its masks. What it was made of stays as it was. */
export function masked(event: DecisionEvent, masks: readonly Mask[]): DecisionEvent {
  const root = copiedParts(event, new Set(masks.map(({ part }) => part)));
  const erased: string[] = [];
  const replaced: string[] = [];
  for (const mask of masks) {
    if (mask.op === "remove" && remove(root, mask)) erased.push(mask.shown);
    if (mask.op === "upsert" && upsert(root, mask, mask.value)) replaced.push(mask.shown);
  }
  const { error, input: _input, result: _result, ...rest } = event;
  const isQuoting = error !== undefined && erased.length + replaced.length > 0;
  return {
    ...rest,
    ...root,
    ...(erased.length > 0 ? { erased } : {}),
    ...(replaced.length > 0 ? { masked: replaced } : {}),
    ...(error === undefined ? {} : { error: isQuoting ? { ...error, message: QUOTING } : error }),
  };
}

/** Input and result, where they are there; copies of those that a mask points into. */
function copiedParts(event: DecisionEvent, changing: ReadonlySet<string>): Members {
  const root: Members = {};
  for (const part of ["input", "result"] as const) {
    if (!Object.hasOwn(event, part)) continue;
    // By way of its text, which keeps any name a plain member: `__proto__` among them.
    root[part] = changing.has(part) ? JSON.parse(JSON.stringify(event[part])) : event[part];
  }
  return root;
}

function remove(root: Members, { part, steps }: Mask): boolean {
  const last = steps.at(-1);
  if (last === undefined) return Object.hasOwn(root, part) && delete root[part];
  let node: unknown = root[part];
  for (const step of steps.slice(0, -1)) node = childOf(node, step);
  if (Array.isArray(node)) {
    const index = indexIn(node, last);
    if (index !== null) node.splice(index, 1);
    return index !== null;
  }
  if (!isObject(node)) return false;
  const name = nameIn(node, last);
  return name !== null && delete node[name];
}

/** Makes the objects on its way, but never an input or a result, nor an element of a list. */
function upsert(root: Members, { part, steps }: Mask, value: unknown): boolean {
  if (!Object.hasOwn(root, part)) return false;
  const last = steps.at(-1);
  if (last === undefined) {
    root[part] = value;
    return true;
  }
  let node: unknown = root[part];
  for (const step of steps.slice(0, -1)) {
    if (isObject(node) && nameIn(node, step) === null) put(node, namesOf(step)[0], {});
    node = childOf(node, step);
  }
  if (Array.isArray(node)) {
    const index = indexIn(node, last);
    if (index !== null) node[index] = value;
    return index !== null;
  }
  if (!isObject(node)) return false;
  put(node, nameIn(node, last) ?? namesOf(last)[0], value);
  return true;
}

function childOf(node: unknown, step: string): unknown {
  if (Array.isArray(node)) {
    const index = indexIn(node, step);
    return index === null ? undefined : node[index];
  }
  if (!isObject(node)) return undefined;
  const name = nameIn(node, step);
  return name === null ? undefined : node[name];
}

function nameIn(node: Members, step: string): string | null {
  return namesOf(step).find((name) => Object.hasOwn(node, name)) ?? null;
}

/** As Go reads a number: with or without a sign, and with zeros before it. */
function indexIn(list: readonly unknown[], step: string): number | null {
  if (!/^[+-]?\d+$/.test(step)) return null;
  const index = Math.abs(Number(step));
  const isNegative = step.startsWith("-") && index > 0;
  return isNegative || index >= list.length ? null : index;
}

/** Not by `=`, which of `__proto__` would make another prototype. */
function put(node: Members, name: string, value: unknown): void {
  Object.defineProperty(node, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function isObject(node: unknown): node is Members {
  return typeof node === "object" && node !== null && !Array.isArray(node);
}
