/** `json.patch`: operations of RFC 6902 on a document, one after the other. */
import { regoText, typeName } from "../values/text.ts";
import { equal, RegoObject, type Value } from "../values/value.ts";
import { array, type BuiltinCall, type Builtins, failed, operand } from "./builtin.ts";
import { Editing } from "./json-editing.ts";
import { type Path, pathOf } from "./json-paths.ts";
import { refused } from "./operands.ts";

type Operation = (document: Editing, patch: RegoObject, path: Path) => void;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  add: (document, patch, path) => document.insert(path, attribute(patch, "value")),
  remove: (document, _, path) => document.remove(path),
  replace: (document, patch, path) => {
    document.remove(path);
    document.insert(path, attribute(patch, "value"));
  },
  move: (document, patch, path) => {
    const from = pathOf(attribute(patch, "from"));
    const moved = document.at(from);
    document.remove(from);
    document.insert(path, moved);
  },
  copy: (document, patch, path) => {
    document.insert(path, document.at(pathOf(attribute(patch, "from"))));
  },
  test: (document, patch, path) => {
    const found = document.at(path);
    const expected = attribute(patch, "value");
    if (equal(found, expected)) return;
    throw failed(
      "value from EditTree != patch value.\n\n" +
        `Expected: ${regoText(expected)}\n\nFound: ${regoText(found)}`,
    );
  },
};

function attribute(patch: RegoObject, name: string): Value {
  const value = patch.get(name);
  if (value === undefined) throw failed(`missing required attribute '${name}'`);
  return value;
}

function apply(document: Editing, patch: Value): void {
  if (!(patch instanceof RegoObject)) {
    throw failed(
      "must be an array of JSON-Patch objects, but at least one element is not an object",
    );
  }
  const written = attribute(patch, "path");
  const name = attribute(patch, "op");
  if (typeof name !== "string") {
    throw failed(`attribute 'op' must be a string but found: ${typeName(name)}`);
  }
  const path = pathOf(written);
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (operation === undefined) throw failed(`unrecognized op: '${name}'`);
  operation(document, patch, path);
}

function jsonPatch(operands: readonly Value[], call: BuiltinCall): Value {
  const patches = array(operands, 2);
  const document = new Editing(operand(operands, 1), call);
  for (const patch of patches) apply(document, patch);
  const result = document.document();
  if (result !== undefined) return result;
  throw refused("json.patch: nothing is left, at which OPA breaks off");
}

export const JSON_PATCH: Builtins = { "json.patch": jsonPatch };
