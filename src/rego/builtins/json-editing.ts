/** A document that is edited step by step, for `json.patch`. Every step makes a new document. */
import { regoText, typeName } from "../values/text.ts";
import {
  equal,
  isList,
  objectOf,
  RegoObject,
  RegoSet,
  setOf,
  type Value,
} from "../values/value.ts";
import { type BuiltinCall, failed, isNumeric } from "./builtin.ts";
import type { Path } from "./json-paths.ts";
import { machineIntegerOf, machineIntegerOfText, refused } from "./operands.ts";

/**
 * What an edited array was at first. OPA 1.22.2 has a fault there: a path through an element that
 * edits have moved ends at what stood in that place before. Its answer is wrong and ours would be
 * another one, so that such a path is refused.
 */
interface History {
  readonly first: readonly Value[];
  /** Of each element, whether the array had it at first. */
  readonly isFirst: readonly boolean[];
}

/** What happens to the collection that holds the end of a path. */
type Change = (collection: Value, key: Value) => Value;

export class Editing {
  #document: Value | undefined;
  readonly #call: BuiltinCall;
  readonly #histories = new WeakMap<readonly Value[], History>();

  constructor(document: Value, call: BuiltinCall) {
    this.#document = document;
    this.#call = call;
  }

  /** Undefined: it was removed. */
  document(): Value | undefined {
    return this.#document;
  }

  at(path: Path): Value {
    let found = this.#present();
    for (const key of path) found = this.#child(found, key);
    return found;
  }

  insert(path: Path, value: Value): void {
    if (path.length === 0) this.#document = value;
    else this.#edit(path, (collection, key) => this.#inserted(collection, key, value));
  }

  remove(path: Path): void {
    if (path.length > 0) this.#edit(path, (collection, key) => this.#removed(collection, key));
    else if (this.#present() !== undefined) this.#document = undefined;
  }

  #present(): Value {
    if (this.#document === undefined) throw failed("the document was removed before");
    return this.#document;
  }

  #edit(path: Path, change: Change): void {
    const parents: Value[] = [this.#present()];
    for (const key of path.slice(0, -1)) parents.push(this.#child(parents.at(-1) ?? null, key));
    let edited = change(parents.at(-1) ?? null, path.at(-1) ?? null);
    for (let i = parents.length - 2; i >= 0; i -= 1) {
      edited = this.#replaced(parents[i] ?? null, path[i] ?? null, edited);
    }
    this.#document = edited;
  }

  #child(collection: Value, key: Value): Value {
    if (isList(collection)) return this.#element(collection, key);
    if (collection instanceof RegoObject || collection instanceof RegoSet) {
      const child = collection.get(key);
      if (child !== undefined) return child;
      const where = `${typeName(collection)} term ${regoText(collection)}`;
      throw failed(`path ${regoText(key)} does not exist in ${where}`);
    }
    throw noCollection(collection, ` for path ${regoText(key)}`);
  }

  #element(array: readonly Value[], key: Value): Value {
    const position = positionIn(array, key);
    const element = array[position];
    const history = this.#histories.get(array);
    if (history?.isFirst[position] === true) {
      const before = history.first[position];
      if (before === undefined || element === undefined || !equal(before, element)) {
        throw refused("json.patch: a path through an element that an earlier operation moved");
      }
    }
    if (element !== undefined) return element;
    throw failed(`path ${position} does not exist in array term ${regoText(array)}`);
  }

  #replaced(collection: Value, key: Value, child: Value): Value {
    if (collection instanceof RegoSet) {
      return this.#inserted(this.#removed(collection, key), child, child);
    }
    if (!isList(collection)) return this.#inserted(collection, key, child);
    return this.#spliced(collection, { at: positionIn(collection, key), removed: 1, child });
  }

  #inserted(collection: Value, key: Value, value: Value): Value {
    if (collection instanceof RegoObject) {
      this.#call.charge(collection.size);
      return objectOf([
        ...collection.entries().filter(([each]) => !equal(each, key)),
        [key, value],
      ]);
    }
    if (collection instanceof RegoSet) {
      if (equal(key, value)) return this.#setWithout(collection, key, [value]);
      const why = `does not equal value to be inserted ${regoText(value)}`;
      throw failed(`set key ${regoText(key)} ${why}`);
    }
    if (!isList(collection)) throw noCollection(collection);
    const at = positionIn(collection, key);
    if (at >= 0 && at <= collection.length) {
      return this.#spliced(collection, { at, removed: 0, child: value });
    }
    throw failed("index for array insertion out of bounds");
  }

  #removed(collection: Value, key: Value): Value {
    if (isList(collection)) {
      const at = positionIn(collection, key);
      if (at >= 0 && at < collection.length) return this.#spliced(collection, { at, removed: 1 });
      throw failed("index for array delete out of bounds");
    }
    const isSet = collection instanceof RegoSet;
    if (!isSet && !(collection instanceof RegoObject)) throw noCollection(collection);
    if (!collection.has(key)) {
      throw failed(`cannot delete child key ${regoText(key)} that does not exist`);
    }
    if (isSet) return this.#setWithout(collection, key, []);
    this.#call.charge(collection.size);
    return objectOf(collection.entries().filter(([each]) => !equal(each, key)));
  }

  #setWithout(set: RegoSet, key: Value, added: readonly Value[]): Value {
    this.#call.charge(set.size);
    return setOf([...set.sorted().filter((element) => !equal(element, key)), ...added]);
  }

  #spliced(array: readonly Value[], { at, removed, child }: Splice): Value {
    this.#call.charge(array.length);
    const added = child === undefined ? [] : [child];
    const edited = array.toSpliced(at, removed, ...added);
    const history = this.#histories.get(array) ?? { first: array, isFirst: array.map(() => true) };
    const isFirst = history.isFirst.toSpliced(at, removed, ...added.map(() => false));
    this.#histories.set(edited, { first: history.first, isFirst });
    return edited;
  }
}

interface Splice {
  readonly at: number;
  readonly removed: number;
  readonly child?: Value;
}

/** `-` is behind the last element. */
function positionIn(array: readonly Value[], key: Value): number {
  if (isNumeric(key)) {
    const position = machineIntegerOf(key);
    if (position === undefined) throw failed("invalid number type for indexing");
    return position;
  }
  if (typeof key !== "string") throw failed("invalid type for indexing");
  if (key === "-") return array.length;
  const position = machineIntegerOfText(key.replace(/^\+/, ""));
  if (position === undefined) throw failed("invalid string for indexing");
  if (/^0./.test(key)) throw failed("leading zeros are not allowed in JSON paths");
  return position;
}

function noCollection(value: Value, where = ""): Error {
  const type = typeName(value);
  const goType = type.charAt(0).toUpperCase() + type.slice(1);
  return failed(
    `expected composite type${where}, found value: ${regoText(value)} (type: ast.${goType})`,
  );
}
