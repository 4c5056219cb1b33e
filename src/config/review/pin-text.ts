/** Pins, put into the text of a manifest as a person would: nothing else of it is touched. */
import { isMap, isScalar, isSeq, type Pair, parseDocument, type Scalar, type YAMLMap } from "yaml";
import { canonicalJson } from "../../guards/tool/canonical.ts";
import { parseSource } from "../source.ts";
import { schemaOf } from "./schema-values.ts";

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * The text with pins at these places of `allowed_tools`; null: it is written in a way in which this
 * cannot be done safely.
 */
export function withPins(
  file: string,
  text: string,
  pins: ReadonlyMap<number, string>,
): string | null {
  const isJson = file.endsWith(".json");
  // As the manifest itself is read: of tabs in JSON only the places count.
  const document = parseDocument(isJson ? text.replaceAll("\t", " ") : text);
  const tools = document.get("allowed_tools");
  if (!isSeq(tools)) return null;
  const edits: Edit[] = [];
  for (const [index, pin] of pins) {
    const tool = tools.items[index];
    const edit = isMap(tool) ? editOf(tool, pin, { text, isJson }) : null;
    if (edit === null) return null;
    edits.push(edit);
  }
  const changed = edited(text, edits);
  return isAsMeant(file, [text, changed], pins) ? changed : null;
}

interface Written {
  readonly text: string;
  readonly isJson: boolean;
}

function editOf(tool: YAMLMap, pin: string, written: Written): Edit | null {
  const old = scalarOf(pairOf(tool, "pin")?.value);
  if (old !== null) {
    const quote = /^["']/.exec(written.text.slice(old.from))?.[0] ?? "";
    return { from: old.from, to: old.to, text: quote + pin + quote };
  }
  const pair = pairOf(tool, "tool_name");
  const key = scalarOf(pair?.key);
  const value = scalarOf(pair?.value);
  if (key === null || value === null) return null;
  return tool.flow === true
    ? inFlow(key.from, value.to, pin, written)
    : inBlock(key.from, value.to, pin, written);
}

/** Behind the name: on a line of its own, if the name has one. */
function inFlow(key: number, end: number, pin: string, { isJson, text }: Written): Edit {
  const before = text.slice(lineStart(text, key), key);
  const between = /^[ \t]*$/.test(before) ? `,${lineFeed(text)}${before}` : ", ";
  const field = isJson ? `"pin": "${pin}"` : `pin: ${pin}`;
  return { from: end, to: end, text: between + field };
}

/** Below the name and its comment, as deep as the name. */
function inBlock(key: number, end: number, pin: string, { text }: Written): Edit {
  const indent = " ".repeat(key - lineStart(text, key));
  const found = text.slice(end).search(/\r?\n|$/);
  const at = end + found;
  return { from: at, to: at, text: `${lineFeed(text)}${indent}pin: ${pin}` };
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

function lineFeed(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

function pairOf(tool: YAMLMap, name: string): Pair | undefined {
  return tool.items.find(({ key }) => isScalar(key) && key.value === name);
}

function scalarOf(node: unknown): { readonly from: number; readonly to: number } | null {
  if (!isScalar(node)) return null;
  const { range }: Scalar = node;
  return range ? { from: range[0], to: range[1] } : null;
}

function edited(text: string, edits: readonly Edit[]): string {
  let changed = text;
  for (const { from, text: by, to } of edits.toSorted((a, b) => b.from - a.from)) {
    changed = changed.slice(0, from) + by + changed.slice(to);
  }
  return changed;
}

/** Read again, it says all that it said, and the pins. */
function isAsMeant(
  file: string,
  [before, after]: readonly [string, string],
  pins: ReadonlyMap<number, string>,
): boolean {
  const [old, now] = [parseSource(file, before), parseSource(file, after)];
  if (old.issues.length > 0 || now.issues.length > 0) return false;
  const whole = schemaOf(old.source.raw);
  const tools = Array.isArray(whole.allowed_tools) ? whole.allowed_tools : [];
  const pinned = tools.map((tool: unknown, index) => {
    const pin = pins.get(index);
    return pin === undefined ? tool : { ...schemaOf(tool), pin };
  });
  return canonicalJson({ ...whole, allowed_tools: pinned }) === canonicalJson(now.source.raw);
}
