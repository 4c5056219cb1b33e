/**
 * Documents beside policies: JSON or YAML to a value with every digit kept, for a policy that
 * compares two large numbers must see both. YAML is read as the rest of the folder is, and what
 * OPA's parser reads otherwise than ours is refused: there is one meaning, or none.
 */
import { isMap, isScalar, isSeq, type ParsedNode, parseDocument, type Scalar } from "yaml";
import { JsonError, parseJson } from "../rego/values/json.ts";
import { isNumberText, numberOf } from "../rego/values/number.ts";
import { objectOf, RegoObject, type Value } from "../rego/values/value.ts";
import type { Issue } from "./configuration.ts";
import { parseSource } from "./source.ts";

/** Values nest as deep as people like; a parser on a stack does not. */
export const DOCUMENT_NESTING_MAX = 200;

export type DocumentRead =
  | { readonly kind: "ok"; readonly value: Value }
  | { readonly kind: "invalid"; readonly issues: readonly Issue[] };

export function readDocument(file: string, text: string): DocumentRead {
  return file.endsWith(".json") ? readJson(file, text) : readYaml(file, text);
}

function readJson(file: string, text: string): DocumentRead {
  try {
    return { kind: "ok", value: parseJson(text) };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const line = text.slice(0, error.offset).split("\n").length;
    const column = error.offset - text.lastIndexOf("\n", error.offset - 1);
    const reason = error.message.replace(/ at offset \d+$/, ` at column ${column}.`);
    return { kind: "invalid", issues: [misread({ file, line, expected: "strict JSON" }, reason)] };
  }
}

function readYaml(file: string, text: string): DocumentRead {
  const { source, issues } = parseSource(file, text, DOCUMENT_NESTING_MAX);
  if (issues.length > 0) return { kind: "invalid", issues };
  const document = parseDocument(text, { version: "1.2", schema: "core" });
  const reading = new Reading(text);
  const value = reading.value(document.contents);
  if (reading.refused.length === 0) return { kind: "ok", value };
  const found = reading.refused.map(({ at, expected, hint }) => {
    const line = text.slice(0, at).split("\n").length;
    return misread({ file: source.file, line, expected }, hint);
  });
  return { kind: "invalid", issues: found };
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly expected: string;
}

function misread({ file, line, expected }: Place, hint: string): Issue {
  const sentence = hint.charAt(0).toUpperCase() + hint.slice(1);
  return { file, line, path: "", got: "something else", expected, hint: sentence };
}

interface RefusedPart {
  readonly at: number;
  readonly expected: string;
  readonly hint: string;
}

/** `1_000`, `0777`, `0x1f`, `+5`, `.5`, `1.` and `.inf`: numbers to one of the two, or to both. */
const NUMBER_LIKE =
  /^[-+]?(?:\d[\d_]*\.?[\d_]*|\.[\d_]+)(?:[eE][-+]?\d+)?$|^[-+]?0[bBoOxX]\w+$|^[-+]?\.(?:inf|nan)$/i;

/** Of a document that `parseSource` found nothing wrong with. */
class Reading {
  readonly refused: RefusedPart[] = [];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  value(node: ParsedNode | null): Value {
    if (isSeq(node)) return node.items.map((item) => this.value(item));
    if (isMap(node)) {
      return objectOf(node.items.map(({ key, value }) => [this.#key(key), this.value(value)]));
    }
    return isScalar(node) ? this.#scalar(node) : null;
  }

  #key(node: ParsedNode): string {
    const key = isScalar(node) ? this.#scalar(node) : null;
    if (typeof key === "string") return key;
    return this.#refuse(node, "a key that is a text", "Put the key in quotes.");
  }

  #scalar(node: Scalar.Parsed): Value {
    const { source, tag, type, value } = node;
    if (tag !== undefined) return this.#refuse(node, "a value without a tag", `Remove ${tag}.`);
    if (typeof value === "string") {
      const isPlain = type === "PLAIN" && NUMBER_LIKE.test(source);
      return isPlain ? this.#number(source, node) : this.#closed(value, node);
    }
    return typeof value === "boolean" || value === null ? value : this.#number(source, node);
  }

  #number(source: string, node: Scalar.Parsed): Value {
    if (isNumberText(source) && isKeptByDoubles(source)) return numberOf(source);
    const hint = isNumberText(source)
      ? "OPA rounds such a number in YAML: keep it in a data.json, or in quotes as a text."
      : "Write the number as JSON has it, or put it in quotes if it is a text.";
    return this.#refuse(node, "a number with one meaning", hint);
  }

  /** A block that ends with the file has a line feed at its end only if the file has. */
  #closed(value: string, { range, type }: Scalar.Parsed): string {
    const isBlock = type === "BLOCK_LITERAL" || type === "BLOCK_FOLDED";
    const isOpen = range[1] === this.#text.length && !this.#text.endsWith("\n");
    return isBlock && isOpen ? value.replace(/\n$/, "") : value;
  }

  #refuse(node: ParsedNode, expected: string, hint: string): string {
    this.refused.push({ at: node.range[0], expected, hint });
    return "";
  }
}

/** So many significant digits come back from a double as they were. */
const DOUBLE_DIGITS_MAX = 15;

function isKeptByDoubles(text: string): boolean {
  const [mantissa = ""] = text.split(/[eE]/);
  const digits = mantissa.replace(/[-.]/g, "").replace(/^0+/, "").replace(/0+$/, "");
  const double = Number(text);
  const isLost = double === 0 && digits !== "";
  return digits.length <= DOUBLE_DIGITS_MAX && Number.isFinite(double) && !isLost;
}

/** The value at this path below `data`; null where there has to be an object. */
export function nested(path: readonly string[], value: Value): RegoObject | null {
  const around = path.reduceRight((inner: Value, name) => objectOf([[name, inner]]), value);
  return around instanceof RegoObject ? around : null;
}

/** Both together, as the documents of a bundle are; null where both say something of one part. */
export function merged(one: RegoObject, other: RegoObject): RegoObject | null {
  const entries: (readonly [Value, Value])[] = [];
  for (const [key, value] of other.entries()) {
    const there = one.get(key);
    const areObjects = there instanceof RegoObject && value instanceof RegoObject;
    const both = areObjects ? merged(there, value) : null;
    if (there !== undefined && both === null) return null;
    entries.push([key, both ?? value]);
  }
  return entries.length === 0 ? one : objectOf([...one.entries(), ...entries]);
}

/** One over the other: objects are merged, and anything else is replaced. */
export function overlaid(one: RegoObject, over: RegoObject): RegoObject {
  const entries = over.entries().map(([key, value]): readonly [Value, Value] => {
    const there = one.get(key);
    const areObjects = there instanceof RegoObject && value instanceof RegoObject;
    return [key, areObjects ? overlaid(there, value) : value];
  });
  return objectOf([...one.entries(), ...entries]);
}
