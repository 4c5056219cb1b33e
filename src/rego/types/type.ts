/**
 * What can be known of a value before it is there. `undefined` in place of a type means that
 * nothing is known, not even that there is a value; `any` means there is one, whatever it is.
 *
 * Types are made by the functions below only, which keep them small and comparable: equal types
 * have equal keys, members of a union are different ones in a fixed order, and what grows past the
 * limits is `any`, so that no policy can make a type that takes long to look at.
 */
import { type Key, keyOf, type Value } from "../values/value.ts";

export type Type = Made &
  (SimpleShape | ArrayShape | ObjectShape | SetShape | UnionShape | FunctionShape);

interface Made {
  /** Equal for equal types only. */
  readonly key: string;
  /** How many types are in it, and it itself. */
  readonly size: number;
  /** How deeply they are nested. */
  readonly depth: number;
  /** Whether of a part of it nothing is known. */
  readonly partial: boolean;
}

interface SimpleShape {
  readonly kind: "null" | "boolean" | "number" | "string" | "any";
}

/** These elements, and as many of `rest` as there may be. */
interface ArrayShape {
  readonly kind: "array";
  readonly elements: readonly Maybe[];
  readonly rest: Maybe;
}

/** These properties, and others as `rest` says. */
interface ObjectShape {
  readonly kind: "object";
  readonly properties: ReadonlyMap<Key, Property>;
  readonly rest: { readonly key: Maybe; readonly value: Maybe } | undefined;
}

/** Without an element: the empty set, or one of which nothing is known. */
interface SetShape {
  readonly kind: "set";
  readonly element: Maybe;
}

/** One of several; never of `any`, of a union or of a function. */
interface UnionShape {
  readonly kind: "union";
  readonly members: readonly Type[];
}

interface FunctionShape {
  readonly kind: "function";
  readonly parameters: readonly Maybe[];
  /** Any number of these may follow. */
  readonly more: Maybe;
  /** Undefined: it has no value. */
  readonly result: Maybe;
}

export type Maybe = Type | undefined;
export type ArrayType = Made & ArrayShape;
export type ObjectType = Made & ObjectShape;
export type SetType = Made & SetShape;
export type UnionType = Made & UnionShape;
export type FunctionType = Made & FunctionShape;

export interface Property {
  readonly key: Value;
  readonly type: Maybe;
}

/** Enough for any value that a person writes down; a table of a thousand entries is `any`. */
const SIZE_MAX = 2_000;
/** Well below what a stack of calls holds. */
const DEPTH_MAX = 100;

export const ANY = simple("any");
export const NULL = simple("null");
export const BOOLEAN = simple("boolean");
export const NUMBER = simple("number");
export const STRING = simple("string");

function simple(kind: SimpleShape["kind"]): Type {
  return { kind, key: kind, size: 1, depth: 1, partial: false };
}

export function arrayType(elements: readonly Maybe[], rest?: Type): Type {
  const key = `[${elements.map(keyText).join()}|${keyText(rest)}]`;
  const parts = rest === undefined ? elements : [...elements, rest];
  return bounded({ kind: "array", elements, rest, ...made(key, parts) });
}

/** Of two properties with one key the later one stays. */
export function objectType(list: readonly Property[], rest?: ObjectType["rest"]): Type {
  const properties = new Map(list.map((each) => [keyOf(each.key), each]));
  const texts = [...properties].map(([key, { type }]) => `${JSON.stringify(key)}:${keyText(type)}`);
  const others = rest === undefined ? "" : `${keyText(rest.key)}:${keyText(rest.value)}`;
  const key = `{${texts.sort().join()}|${others}}`;
  const types = [...properties.values()].map(({ type }) => type);
  const parts = rest === undefined ? types : [...types, rest.key, rest.value];
  return bounded({ kind: "object", properties, rest, ...made(key, parts) });
}

export function setType(element: Maybe): Type {
  return bounded({ kind: "set", element, ...made(`<${keyText(element)}>`, [element]) });
}

export function functionType(shape: Omit<FunctionShape, "kind">): FunctionType {
  const { parameters, more, result } = shape;
  const key = `(${parameters.map(keyText).join()}|${keyText(more)})${keyText(result)}`;
  const parts = [...parameters, result];
  return { kind: "function", ...shape, ...made(key, parts) };
}

function keyText(type: Maybe): string {
  return type?.key ?? "?";
}

function made(key: string, parts: readonly Maybe[]): Made {
  return {
    key,
    size: parts.reduce((sum, part) => sum + (part?.size ?? 0), 1),
    depth: parts.reduce((most, part) => Math.max(most, part?.depth ?? 0), 0) + 1,
    partial: parts.some(isUnknown),
  };
}

function bounded(type: Type): Type {
  return type.size > SIZE_MAX || type.depth > DEPTH_MAX ? ANY : type;
}

/** Whether nothing is known of it, or of a part of it. */
export function isUnknown(type: Maybe): boolean {
  return type === undefined || type.partial;
}

/**
 * Either of the two. Nothing known of one leaves the other; a function is never one of several,
 * so beside another kind it is not known what there is.
 */
export function either(a: Maybe, b: Maybe): Maybe {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.kind === "function" || b.kind === "function") return eitherFunction(a, b);
  if (a.kind === "any" || b.kind === "any") return ANY;
  return union([...membersOf(a), ...membersOf(b)]);
}

function eitherFunction(a: Type, b: Type): Maybe {
  if (a.kind !== "function" || b.kind !== "function") return undefined;
  if (a.parameters.length !== b.parameters.length) return undefined;
  if ((a.more === undefined) !== (b.more === undefined)) return undefined;
  return functionType({
    parameters: a.parameters.map((each, i) => either(each, b.parameters[i])),
    more: either(a.more, b.more),
    result: either(a.result, b.result),
  });
}

/** Each of what it may be; itself, if it is no union. */
export function membersOf(type: Type): readonly Type[] {
  return type.kind === "union" ? type.members : [type];
}

const KINDS = ["null", "boolean", "number", "string", "array", "object", "set"];

function union(types: readonly Type[]): Type {
  const different = new Map(types.map((type) => [type.key, type]));
  const members = [...different.values()].sort(byKindAndKey);
  const [first] = members;
  if (members.length === 1 && first !== undefined) return first;
  const key = members.map((each) => each.key).join("+");
  // What a member does not know is its own matter: one of the others may still be what is there.
  return bounded({ kind: "union", members, ...made(key, members), partial: false });
}

function byKindAndKey(a: Type, b: Type): number {
  const order = KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind);
  if (order !== 0) return order;
  return a.key < b.key ? -1 : 1;
}
