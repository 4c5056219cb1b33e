/** Whether values of two types can be equal. What is not known fits nothing yet. */

import { propertyOf } from "./parts.ts";
import type { ArrayType, FunctionType, Maybe, ObjectType } from "./type.ts";

export function fits(a: Maybe, b: Maybe): boolean {
  if (a === undefined || b === undefined) return false;
  if (a.key === b.key && !a.partial) return true;
  if (a.kind === "any") return b.kind !== "function";
  if (b.kind === "any") return a.kind !== "function";
  if (a.kind === "union") return a.members.some((member) => fits(member, b));
  if (b.kind === "union") return b.members.some((member) => fits(a, member));
  if (a.kind === "array" && b.kind === "array") return arraysFit(a, b);
  if (a.kind === "object" && b.kind === "object") return objectsFit(a, b);
  if (a.kind === "function" && b.kind === "function") return functionsFit(a, b);
  if (a.kind !== "set" || b.kind !== "set") return a.kind === b.kind;
  // The empty set is one of every kind of sets.
  return a.element === undefined || b.element === undefined || fits(a.element, b.element);
}

function arraysFit(a: ArrayType, b: ArrayType): boolean {
  const length = Math.max(a.elements.length, b.elements.length);
  for (let i = 0; i < length; i += 1) {
    if (!fits(a.elements[i] ?? a.rest, b.elements[i] ?? b.rest)) return false;
  }
  return a.rest === undefined || b.rest === undefined || fits(a.rest, b.rest);
}

function objectsFit(a: ObjectType, b: ObjectType): boolean {
  if (!propertiesFit(a, b) || !propertiesFit(b, a)) return false;
  if (a.rest?.value === undefined || b.rest?.value === undefined) return true;
  return fits(a.rest.value, b.rest.value);
}

function propertiesFit(a: ObjectType, b: ObjectType): boolean {
  const isOpen = a.rest?.value !== undefined || b.rest?.value !== undefined;
  return [...a.properties.values()].every(({ key, type }) => {
    const other = propertyOf(b, key);
    return other === undefined ? isOpen : fits(type, other);
  });
}

function functionsFit(a: FunctionType, b: FunctionType): boolean {
  if (a.parameters.length !== b.parameters.length) return false;
  return a.parameters.every((parameter, i) => fits(parameter, b.parameters[i]));
}
