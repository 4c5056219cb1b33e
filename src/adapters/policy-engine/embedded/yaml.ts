/** YAML as go-yaml 3 reads it: 1.2, with octals of 1.1 and `_` in numbers; to JSON values. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { tooMuch } from "../../../rego/builtins/operands.ts";
import { Decimal } from "../../../rego/values/number.ts";
import { objectOf, type Value } from "../../../rego/values/value.ts";
import { resolved } from "./yaml-scalars.ts";

/** Of several documents the first counts, and all of them have to be right. */
export function parseYaml(text: string): Value {
  const documents = parseAllDocuments(text, { schema: "failsafe", uniqueKeys: false });
  const all = Array.isArray(documents) ? documents : [];
  for (const document of all) checkDocument(document);
  const [first] = all;
  return first === undefined ? null : new Reader(first, text).value(first.contents);
}

function checkDocument({ errors }: Document): void {
  // OPA's parser takes what follows a quote or a bracket at once for a comment, too.
  const [error] = errors.filter(({ message }) => !message.startsWith("Comments must be separated"));
  if (error === undefined) return;
  const line = error.linePos?.[0].line ?? 1;
  throw new Error(`yaml: line ${line}: ${problemText(error.message)}`);
}

/** In the words that policies and their tests may look for; others as the parser has them. */
function problemText(message: string): string {
  const [first = ""] = message.split(/ at line \d/);
  if (/^Flow (?:sequence|map).* must end with a (?:\]|\})/.test(first)) {
    return `did not find expected ',' or '${first.includes("}") ? "}" : "]"}'`;
  }
  return first.charAt(0).toLowerCase() + first.slice(1);
}

/** With its aliases a document may be worth this many values. */
const VALUES_MAX = 100_000;
const DEPTH_MAX = 1_000;

class Reader {
  readonly #document: Document;
  readonly #text: string;
  #count = 0;
  #depth = 0;

  constructor(document: Document, text: string) {
    this.#document = document;
    this.#text = text;
  }

  value(node: unknown): Value {
    this.#count += 1;
    if (this.#count > VALUES_MAX) throw tooMuch(`yaml: more than ${VALUES_MAX} values`);
    if (this.#depth >= DEPTH_MAX) throw tooMuch(`yaml: more than ${DEPTH_MAX} levels`);
    this.#depth += 1;
    const value = this.#read(node);
    this.#depth -= 1;
    return value;
  }

  #read(node: unknown): Value {
    if (isAlias(node)) return this.value(this.#aliased(node));
    if (isScalar(node)) return scalarValue(node, this.#textOf(node));
    if (isSeq(node)) return node.items.map((item) => this.value(item));
    if (isMap(node)) return objectOf(this.#members(node));
    return null;
  }

  /** A block that ends with the document ends as that does, and is indented even at its top. */
  #textOf(scalar: Scalar): string {
    const text = typeof scalar.value === "string" ? scalar.value : (scalar.source ?? "");
    const [start = 0, end = 0] = scalar.range ?? [];
    if (scalar.type !== "BLOCK_LITERAL" && scalar.type !== "BLOCK_FOLDED") return text;
    if (/^[^\n]*\n+[^ \n]/.test(this.#text.slice(start, end))) {
      throw new Error("yaml: did not find expected <document start>");
    }
    const isOpen = end === this.#text.length && !this.#text.endsWith("\n");
    return isOpen ? text.replace(/\n$/, "") : text;
  }

  #aliased(alias: Alias): unknown {
    const node = alias.resolve(this.#document);
    if (node !== undefined) return node;
    throw new Error(`yaml: unknown anchor '${alias.source}' referenced`);
  }

  /** What is merged in comes first: a key of the mapping itself wins, as does an early merge. */
  #members(map: YAMLMap): readonly (readonly [Value, Value])[] {
    const merged: (readonly [Value, Value])[] = [];
    const own: (readonly [Value, Value])[] = [];
    for (const pair of map.items) {
      if (isMergeKey(pair.key)) merged.unshift(...this.#merged(pair.value));
      else own.push([keyText(this.value(pair.key)), this.value(pair.value)]);
    }
    return [...merged, ...own];
  }

  #merged(node: unknown): readonly (readonly [Value, Value])[] {
    const source = isAlias(node) ? this.#aliased(node) : node;
    if (isMap(source)) return this.#members(source);
    if (isSeq(source)) return source.items.toReversed().flatMap((item) => this.#merged(item));
    throw new Error("yaml: map merge requires map or sequence of maps as the value");
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === "PLAIN" && key.source === "<<" && key.tag === undefined;
}

/** OPA writes a fraction as a key with the digits of 32 bits: so many are the same in both. */
const KEY_DIGITS_MAX = 7;

function keyText(key: Value): string {
  if (typeof key === "string") return key;
  if (typeof key === "boolean" || typeof key === "number") return String(key);
  if (key instanceof Decimal && key.text.length <= KEY_DIGITS_MAX) return key.text;
  throw new Error("yaml: unsupported map key");
}

function scalarValue(scalar: Scalar, text: string): Value {
  const tag = scalar.tag ?? "";
  if (tag === "" || tag === "!") {
    return scalar.type === "PLAIN" && tag === "" ? resolved(text) : text;
  }
  return taggedValue(tag.replace("tag:yaml.org,2002:", "!!"), text);
}

function taggedValue(tag: string, text: string): Value {
  if (tag === "!!str") return text;
  if (tag === "!!binary") return Buffer.from(text, "base64").toString();
  const value = resolved(text);
  if (TAG_TYPES[tag]?.includes(typeOf(value))) return value;
  if (!(tag in TAG_TYPES)) return text;
  throw new Error(`yaml: cannot decode !!${typeOf(value)} \`${text}\` as a ${tag}`);
}

const TAG_TYPES: Readonly<Record<string, readonly string[]>> = {
  "!!bool": ["bool"],
  "!!null": ["null"],
  "!!int": ["int"],
  "!!float": ["int", "float"],
};

function typeOf(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "str";
  return typeof value === "number" ? "int" : "float";
}
