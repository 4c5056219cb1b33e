/**
 * Values over what `JSON.parse` made, without copying it: an object looks its parts up where they
 * are, so that a policy that reads three members of a large document pays for three. The document
 * must not change afterwards. Its fractions and large numbers have the digits that a double prints;
 * whoever needs every digit of a text reads it with `parseJson`. Half a character, which UTF-8
 * cannot write, is read as U+FFFD, as Go reads it.
 */
import { numberOf } from "./number.ts";
import { compareStrings, RegoObject, type Value } from "./value.ts";

type Members = Readonly<Record<string, unknown>>;

const REPLACEMENT = "\ufffd";

/** By their members: there may be several objects over the same. */
const sizes = new WeakMap<Members, number>();

class DocumentObject extends RegoObject {
  readonly #members: Members;
  #names: readonly string[] | undefined;
  #sorted: readonly string[] | undefined;

  constructor(members: Members) {
    super();
    this.#members = members;
  }

  override get size(): number {
    this.#names ??= wellFormedNames(this.#members);
    return this.#names.length;
  }

  override get measured(): number {
    return sizes.get(this.#members) ?? 0;
  }

  override set measured(size: number) {
    sizes.set(this.#members, size);
  }

  override get(key: Value): Value | undefined {
    if (typeof key !== "string") return undefined;
    const name = key.includes(REPLACEMENT) ? memberRead(key, this.#members) : key;
    if (!Object.hasOwn(this.#members, name)) return undefined;
    return valueOfJson(this.#members[name]);
  }

  override keys(): readonly Value[] {
    this.#names ??= wellFormedNames(this.#members);
    this.#sorted ??= [...this.#names].sort(compareStrings);
    return this.#sorted;
  }
}

function wellFormedNames(members: Members): readonly string[] {
  const names = Object.keys(members);
  if (names.every((name) => name.isWellFormed())) return names;
  return [...new Set(names.map((name) => name.toWellFormed()))];
}

/** The member that is read by this name: of several the last counts. */
function memberRead(name: string, members: Members): string {
  return Object.keys(members).findLast((each) => each.toWellFormed() === name) ?? name;
}

export function valueOfJson(json: unknown): Value {
  switch (typeof json) {
    case "boolean":
      return json;
    case "string":
      // Half a pair of surrogates is no text, and stands for a raw byte within the engine.
      return json.isWellFormed() ? json : json.toWellFormed();
    case "number":
      return numberOfDouble(json);
    case "object":
      if (json === null) return null;
      if (Array.isArray(json)) return json.map(valueOfJson);
      // What is neither null nor an array is an object, whose members are JSON again.
      return new DocumentObject(json as Members);
    default:
      throw new TypeError(`no JSON value: ${typeof json}`);
  }
}

function numberOfDouble(double: number): Value {
  if (Number.isSafeInteger(double) && !Object.is(double, -0)) return double;
  if (!Number.isFinite(double)) throw new TypeError(`no JSON number: ${double}`);
  return numberOf(Object.is(double, -0) ? "-0" : String(double));
}
