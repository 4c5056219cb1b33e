/**
 * What is known of the documents that rules make, by their paths. Whatever no rule makes may be in
 * the base documents, so that anything may stand there.
 */
import type { Term } from "../syntax/ast.ts";
import { type Key, keyOf, type Value } from "../values/value.ts";
import { constantOf, eitherOf, typeAlong, typeOfValue } from "./parts.ts";
import {
  ANY,
  either,
  type Maybe,
  type ObjectType,
  objectType,
  type Property,
  STRING,
  setType,
  type Type,
  type UnionType,
} from "./type.ts";

/** One step of a path: what rules make there, and what they make below. */
export interface Place {
  readonly key: Value;
  readonly below: Map<Key, Place>;
  type: Maybe;
}

function placeOf(key: Value): Place {
  return { key, below: new Map(), type: undefined };
}

export class Documents {
  readonly data: Place = placeOf("data");

  get isEmpty(): boolean {
    return this.data.below.size === 0;
  }

  /** One more rule, of this type, makes what stands at the path. */
  add(path: readonly Value[], type: Type): void {
    let place = this.data;
    for (const [i, key] of path.entries()) {
      const next = place.below.get(keyOf(key)) ?? placeOf(key);
      place.below.set(keyOf(key), next);
      const isAbove = i + 1 < path.length;
      if (isAbove && next.type?.kind === "object") {
        next.type = withInside(next.type, path.slice(i + 1), type);
      }
      place = next;
    }
    place.type = merged(place.type, type);
    if (type.kind === "object") place.type = withLeaves(place);
  }

  /** The type of `data` with these parts. */
  typeAt(parts: readonly Term[]): Maybe {
    if (this.isEmpty) return ANY;
    let place = this.data;
    for (const [i, part] of parts.entries()) {
      const key = constantOf(part);
      const next = key === undefined ? undefined : place.below.get(keyOf(key));
      if (next === undefined && place.type !== undefined) {
        return typeAlong(place.type, parts.slice(i));
      }
      if (next === undefined) {
        return key === undefined ? typeAlong(everythingAt(place), parts.slice(i)) : ANY;
      }
      place = next;
    }
    return everythingAt(place);
  }
}

/** An object with what rules make, and what base documents may have beside it. */
export function everythingAt(place: Place): Type {
  if (place.type !== undefined) return place.type;
  const properties: Property[] = [];
  for (const each of place.below.values()) {
    properties.push({ key: each.key, type: everythingAt(each) });
  }
  return objectType(properties, { key: STRING, value: ANY });
}

/** An object in which a rule makes something of `inside` along the path. */
function withInside(type: Type, path: readonly Value[], inside: Maybe): Type {
  const [first, ...others] = path;
  if (first === undefined || type.kind !== "object") return type;
  const inner = others.length === 0 ? inside : withInside(objectType([]), others, inside);
  const key = either(type.rest?.key, typeOfValue(first));
  const value = either(type.rest?.value, inner);
  return objectType([...type.properties.values()], { key, value });
}

/** The type of a place with everything that rules make below it. */
function withLeaves(place: Place): Maybe {
  let type = place.type;
  for (const { path, type: leaf } of leavesOf(place)) {
    if (type !== undefined) type = withInside(type, path, leaf);
  }
  return type;
}

interface Leaf {
  readonly path: readonly Value[];
  readonly type: Type;
}

function leavesOf(place: Place): readonly Leaf[] {
  return [...place.below.values()].flatMap((each) => {
    if (each.type !== undefined) return [{ path: [each.key], type: each.type }];
    return leavesOf(each).map(({ path, type }) => ({ path: [each.key, ...path], type }));
  });
}

/**
 * What several rules make together: sets and objects of any keys grow into one, anything else is
 * either of them.
 */
function merged(a: Maybe, b: Maybe): Maybe {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.kind === "set" && b.kind === "set") return setType(either(a.element, b.element));
  if (isPlain(a) && isPlain(b)) return mergedObjects(a, b);
  if (isPlain(a) && b.kind === "union") return mergedIntoUnion(b, a);
  if (isPlain(b) && a.kind === "union") return mergedIntoUnion(a, b);
  return either(a, b);
}

/** Whether it is an object of which no key is known by name. */
function isPlain(type: Type): type is ObjectType {
  return type.kind === "object" && type.properties.size === 0;
}

function mergedObjects(a: ObjectType, b: ObjectType): Type {
  if (a.rest === undefined || b.rest === undefined) return a.rest === undefined ? b : a;
  const value = merged(a.rest.value, b.rest.value);
  return objectType([], { key: either(a.rest.key, b.rest.key), value });
}

function mergedIntoUnion(a: UnionType, b: ObjectType): Maybe {
  const alike = a.members.find((member) => isPlain(member) && member.rest !== undefined);
  if (alike === undefined || !isPlain(alike) || b.rest === undefined) return either(a, b);
  const others = a.members.filter((member) => member !== alike);
  return either(eitherOf(others), mergedObjects(alike, b));
}
