/** What is inside a type: its keys, its values, and what stands at one key. */
import type { Term } from "../syntax/ast.ts";
import { typeName } from "../values/text.ts";
import {
  isList,
  keyOf,
  objectOf,
  RegoObject,
  RegoSet,
  setOf,
  type Value,
} from "../values/value.ts";
import {
  ANY,
  type ArrayType,
  arrayType,
  BOOLEAN,
  either,
  type Maybe,
  membersOf,
  NULL,
  NUMBER,
  type ObjectType,
  objectType,
  STRING,
  setType,
  type Type,
} from "./type.ts";

export function typeOfValue(value: Value): Type {
  if (value instanceof RegoSet) return setType(eitherOf([...value.unsorted()].map(typeOfValue)));
  if (value instanceof RegoObject) {
    return objectType(value.entries().map(([key, each]) => ({ key, type: typeOfValue(each) })));
  }
  if (isList(value)) return arrayType(value.map(typeOfValue));
  const name = typeName(value);
  if (name === "null") return NULL;
  if (name === "boolean") return BOOLEAN;
  return name === "number" ? NUMBER : STRING;
}

export function eitherOf(types: readonly Maybe[]): Maybe {
  return types.reduce<Maybe>(either, undefined);
}

/** The value of a term without variables and references: the same wherever it stands. */
export function constantOf(term: Term): Value | undefined {
  if (term.kind === "scalar") return term.value;
  if (term.kind === "array" || term.kind === "set") {
    const values = term.elements.map(constantOf).filter((each) => each !== undefined);
    if (values.length < term.elements.length) return undefined;
    return term.kind === "array" ? values : setOf(values);
  }
  if (term.kind !== "object") return undefined;
  const entries: (readonly [Value, Value])[] = [];
  for (const [key, value] of term.entries) {
    const [left, right] = [constantOf(key), constantOf(value)];
    if (left === undefined || right === undefined) return undefined;
    entries.push([left, right]);
  }
  return objectOf(entries);
}

/** Undefined: it has no keys. */
export function keysOf(type: Maybe): Maybe {
  switch (type?.kind) {
    case "any":
      return ANY;
    case "array":
      return NUMBER;
    case "object": {
      const keys = [...type.properties.values()].map(({ key }) => typeOfValue(key));
      return either(eitherOf(keys), type.rest?.key);
    }
    case "set":
      return type.element;
    case "union":
      return eitherOf(type.members.map(keysOf));
    default:
      return undefined;
  }
}

/** Undefined: it has no values. */
export function valuesOf(type: Maybe): Maybe {
  switch (type?.kind) {
    case "any":
      return ANY;
    case "array":
      return either(eitherOf(type.elements), type.rest);
    case "object": {
      const values = [...type.properties.values()].map((property) => property.type);
      return either(eitherOf(values), type.rest?.value);
    }
    case "set":
      return type.element;
    case "union":
      return eitherOf(type.members.map(valuesOf));
    default:
      return undefined;
  }
}

/** Undefined: nothing ever stands at that key. */
export function partAt(type: Maybe, key: Value): Maybe {
  switch (type?.kind) {
    case "any":
      return ANY;
    case "array":
      return elementAt(type, key);
    case "object":
      return propertyOf(type, key);
    case "set": {
      const own = typeOfValue(key);
      return includes(type.element, own) ? own : undefined;
    }
    case "union":
      return eitherOf(type.members.map((member) => partAt(member, key)));
    default:
      return undefined;
  }
}

function elementAt(type: ArrayType, key: Value): Maybe {
  if (typeof key !== "number" || key < 0) return undefined;
  return key < type.elements.length ? type.elements[key] : type.rest;
}

export function propertyOf(type: ObjectType, key: Value): Maybe {
  const own = type.properties.get(keyOf(key));
  if (own !== undefined) return own.type;
  return includes(type.rest?.key, typeOfValue(key)) ? type.rest?.value : undefined;
}

function includes(type: Maybe, member: Type): boolean {
  if (type === undefined) return false;
  return type.kind === "any" || membersOf(type).some(({ key }) => key === member.key);
}

/** The type of what a reference finds that goes on from `type` with these parts. */
export function typeAlong(type: Maybe, parts: readonly Term[]): Maybe {
  return parts.reduce<Maybe>(step, type);
}

function step(type: Maybe, part: Term): Maybe {
  if (type === undefined) return undefined;
  if (part.kind === "scalar") return partAt(type, part.value);
  // What goes through nothing finds nothing: nothing is wrong with what follows either.
  return isEmpty(type) ? ANY : valuesOf(type);
}

/** Whether it is a collection that never has anything in it. */
export function isEmpty(type: Type): boolean {
  switch (type.kind) {
    case "array":
      return type.elements.length === 0 && type.rest === undefined;
    case "object":
      return type.properties.size === 0 && type.rest === undefined;
    case "set":
      return type.element === undefined;
    default:
      return false;
  }
}
