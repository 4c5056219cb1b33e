/** Paths into documents (`a/b/0` or `["a", "b"]`), and what `json.remove` and `json.filter` do. */
import { typeName } from "../values/text.ts";
import {
  isList,
  type Key,
  keyOf,
  objectOf,
  RegoObject,
  RegoSet,
  setOf,
  type Value,
} from "../values/value.ts";
import { type Builtins, object } from "./builtin.ts";
import { elements, wrongOperand } from "./operands.ts";

export type Path = readonly Value[];

/** Of a text: JSON pointer without its rigour, any number of slashes may stand before it. */
export function pathOf(value: Value): Path {
  if (isList(value)) return value;
  if (value === "") return [];
  if (typeof value === "string") return value.replace(/^\/+/, "").split("/").map(unescaped);
  const expected = "one of {set, array} containing string paths or array of path segments";
  throw wrongOperand(2, `must be ${expected} but got ${typeName(value)}`);
}

function unescaped(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** All that lies under the end of a path, or what lies under some of the next keys. */
type Selection = "all" | Map<Key, Selection>;

/** Positions of an array stand in paths as texts. */
function selected(selection: Selection | undefined, key: Value): Selection | undefined {
  return selection === undefined || selection === "all" ? undefined : selection.get(keyOf(key));
}

function selectionOf(operands: readonly Value[]): Selection {
  const root = new Map<Key, Selection>();
  for (const path of elements(operands, 2).map(pathOf)) select(root, path);
  return root;
}

/** An empty path selects nothing; of two paths the shorter one counts. */
function select(root: Map<Key, Selection>, path: Path): void {
  let selection = root;
  for (const [i, key] of path.entries()) {
    if (i === path.length - 1) selection.set(keyOf(key), "all");
    const next = selection.get(keyOf(key)) ?? new Map<Key, Selection>();
    if (next === "all") return;
    selection.set(keyOf(key), next);
    selection = next;
  }
}

/** Undefined: removed itself. */
function without(value: Value, selection: Selection | undefined): Value | undefined {
  if (selection === undefined) return value;
  if (selection === "all") return undefined;
  return rebuilt(value, (child, key) => without(child, selected(selection, key)));
}

/** Undefined: not selected. */
function only(value: Value, selection: Selection | undefined): Value | undefined {
  if (selection === undefined || selection === "all") return selection && value;
  return rebuilt(value, (child, key) => only(child, selected(selection, key)));
}

/** The same collection of what is made of its parts; without those that are undefined. */
function rebuilt(value: Value, part: (child: Value, key: Value) => Value | undefined): Value {
  if (value instanceof RegoObject) {
    return objectOf(
      value.entries().flatMap(([key, child]) => {
        const made = part(child, key);
        return made === undefined ? [] : [[key, made] as const];
      }),
    );
  }
  if (value instanceof RegoSet)
    return setOf(value.sorted().flatMap((each) => listed(part(each, each))));
  if (isList(value)) return value.flatMap((each, i) => listed(part(each, String(i))));
  return value;
}

function listed(value: Value | undefined): readonly Value[] {
  return value === undefined ? [] : [value];
}

function remove(operands: readonly Value[]): Value {
  const source = object(operands, 1);
  return without(source, selectionOf(operands)) ?? source;
}

function filter(operands: readonly Value[]): Value {
  const source = object(operands, 1);
  return only(source, selectionOf(operands)) ?? source;
}

export const JSON_PATHS: Builtins = { "json.remove": remove, "json.filter": filter };
