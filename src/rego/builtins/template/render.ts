/** Trees and data to text. Numbers of data are texts to Go, lengths and positions are not. */
import { numberText } from "../../values/number.ts";
import { isList, RegoObject } from "../../values/value.ts";
import { type BuiltinCall, failed, isNumeric } from "../builtin.ts";
import { utf8Of } from "../code-points.ts";
import { type Datum, isTrue, shown, textOfDatum, Whole } from "./datum.ts";
import { type Block, DOT, type Expression, type Node, ROOT } from "./tree.ts";

/** Variables by their names, `.` among them. */
type Scope = ReadonlyMap<string, Datum>;

export function rendered(nodes: readonly Node[], variables: RegoObject, call: BuiltinCall): string {
  const scope = new Map<string, Datum>([
    [DOT, variables],
    [ROOT, variables],
  ]);
  return new Renderer(call).text(nodes, scope);
}

class Renderer {
  readonly #call: BuiltinCall;

  constructor(call: BuiltinCall) {
    this.#call = call;
  }

  text(nodes: readonly Node[], around: Scope): string {
    let scope = around;
    const parts: string[] = [];
    for (const node of nodes) {
      if (node.kind === "declare") {
        scope = new Map([...scope, [node.name, valueOfExpression(node.what, scope)]]);
      } else parts.push(this.#node(node, scope));
    }
    return parts.join("");
  }

  #node(node: Exclude<Node, { readonly kind: "declare" }>, scope: Scope): string {
    if (node.kind === "text") return this.#charged(node.text);
    const value = valueOfExpression(node.what, scope);
    if (node.kind === "print") return this.#charged(shown(value));
    const named = new Map([...scope, ...node.names.map((name) => [name, value] as const)]);
    if (node.kind === "range") return this.#range(node, value, named);
    if (!isTrue(value)) return this.text(node.otherwise, named);
    return this.text(node.body, node.kind === "with" ? named.set(DOT, value) : named);
  }

  #range(node: Block, value: Datum, scope: Scope): string {
    const entries = entriesOf(value);
    if (entries.length === 0) return this.text(node.otherwise, scope);
    const [first, second] = node.names;
    const parts = entries.map(([key, element]) => {
      const inner = new Map([...scope, [DOT, element]]);
      if (first !== undefined) inner.set(first, second === undefined ? element : key);
      if (second !== undefined) inner.set(second, element);
      return this.text(node.body, inner);
    });
    return parts.join("");
  }

  #charged(text: string): string {
    this.#call.charge(1 + Math.ceil(text.length / 16));
    return text;
  }
}

function entriesOf(value: Datum): readonly (readonly [Datum, Datum])[] {
  if (value === undefined || value === null) return [];
  if (value instanceof RegoObject) return value.entries();
  if (!(value instanceof Whole) && isList(value)) {
    return value.map((element, i) => [new Whole(i), element]);
  }
  throw failed(`range can't iterate over ${shown(value)}`);
}

function valueOfExpression(expression: Expression, scope: Scope): Datum {
  switch (expression.kind) {
    case "variable":
      return scope.get(expression.name);
    case "field":
      return field(valueOfExpression(expression.of, scope), expression.name);
    case "text":
      return expression.text;
    case "whole":
      return new Whole(expression.value);
    case "boolean":
      return expression.value;
    case "call":
      return called(expression.name, expression.operands, scope);
  }
}

/** A field of what is missing is missing too; null has none, which is an error. */
function field(of: Datum, name: string): Datum {
  if (of === undefined) return undefined;
  if (of instanceof RegoObject) return of.get(name);
  if (of === null) throw failed(`nil pointer evaluating interface {}.${name}`);
  throw failed(`can't evaluate field ${name} in type interface {}`);
}

function called(name: string, operands: readonly Expression[], scope: Scope): Datum {
  if (name === "and" || name === "or") return decided(name, operands, scope);
  const [first, second] = operands.map((each) => valueOfExpression(each, scope));
  if (name === "not") return !isTrue(first);
  if (name === "len") return new Whole(lengthOf(first));
  if (name === "index") return at(first, second);
  return areEqual(first, second) === (name === "eq");
}

/** The operand that decides; those after it are not looked at. */
function decided(name: string, operands: readonly Expression[], scope: Scope): Datum {
  let value: Datum;
  for (const operand of operands) {
    value = valueOfExpression(operand, scope);
    if (isTrue(value) === (name === "or")) return value;
  }
  return value;
}

function lengthOf(value: Datum): number {
  if (value instanceof RegoObject) return value.size;
  if (typeof value === "string") return utf8Of(value).length;
  if (value !== undefined && !(value instanceof Whole)) {
    if (isList(value)) return value.length;
    if (isNumeric(value)) return numberText(value).length;
  }
  throw failed(`error calling len: len of ${shown(value)}`);
}

function at(collection: Datum, key: Datum): Datum {
  if (collection instanceof RegoObject && typeof key === "string") return collection.get(key);
  if (!(collection instanceof Whole) && isList(collection) && key instanceof Whole) {
    if (key.value < collection.length) return collection[key.value];
    throw failed(`error calling index: index out of range: ${key.value}`);
  }
  throw failed(`error calling index: cannot index ${shown(collection)} with ${shown(key)}`);
}

function areEqual(a: Datum, b: Datum): boolean {
  if (typeof a === "boolean" && typeof b === "boolean") return a === b;
  if (a instanceof Whole && b instanceof Whole) return a.value === b.value;
  const left = textOfDatum(a);
  const right = textOfDatum(b);
  if (left !== undefined && right !== undefined) return left === right;
  throw failed("incompatible types for comparison");
}
