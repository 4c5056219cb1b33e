/** Values as go-yaml 3 writes them: in blocks, two spaces deeper each, quotes only where needed. */
import { refused } from "../../../rego/builtins/operands.ts";
import { jsonText } from "../../../rego/values/json.ts";
import { Decimal, numberText } from "../../../rego/values/number.ts";
import { isList, RegoObject, RegoSet, type Value } from "../../../rego/values/value.ts";
import { byNaturalOrder } from "./yaml-order.ts";
import { resolved, wholeIn } from "./yaml-scalars.ts";

export function yamlText(value: Value): string {
  const text = block(value, 0);
  // A text of several lines has its line ends already.
  return text.endsWith("\n") ? text : `${text}\n`;
}

const STEP = 2;

/** The lines of a value at `indent`; what fits one line stands without it. */
function block(value: Value, indent: number): string {
  if (value instanceof RegoSet) return sequence(value.sorted(), indent);
  if (isList(value)) return sequence(value, indent);
  if (value instanceof RegoObject) return mapping(value, indent);
  return scalar(value, Math.max(indent, STEP));
}

function sequence(elements: readonly Value[], indent: number): string {
  if (elements.length === 0) return "[]";
  const margin = " ".repeat(indent);
  const lines = elements.map((element) => `- ${block(element, indent + STEP).trimStart()}`);
  return margin + joinLines(lines, margin);
}

function mapping(object: RegoObject, indent: number): string {
  if (object.size === 0) return "{}";
  const margin = " ".repeat(indent);
  const members = object.entries().map(([key, value]) => [keyText(key), value] as const);
  const lines = members
    .sort(([a], [b]) => byNaturalOrder(a, b))
    .map(([key, value]) => `${keyScalar(key)}:${member(value, indent)}`);
  return margin + joinLines(lines, margin);
}

function joinLines(lines: readonly string[], margin: string): string {
  return lines.reduce((text, line) => text + (text.endsWith("\n") ? "" : "\n") + margin + line);
}

function member(value: Value, indent: number): string {
  const text = block(value, indent + STEP);
  return isNested(value) ? `\n${text}` : ` ${text}`;
}

function isNested(value: Value): boolean {
  if (value instanceof RegoSet || value instanceof RegoObject) return value.size > 0;
  return isList(value) && value.length > 0;
}

function keyText(key: Value): string {
  return typeof key === "string" ? key : jsonText(key);
}

/** Past this length go-yaml writes a key in another form, which is not written here. */
const KEY_LENGTH_MAX = 128;

function keyScalar(key: string): string {
  if (key.includes("\n") || Buffer.byteLength(key) > KEY_LENGTH_MAX) {
    throw refused("yaml: a key of several lines or more than 128 bytes is not written");
  }
  return textScalar(key, 0);
}

function scalar(value: Value, indent: number): string {
  if (typeof value === "string") return textScalar(value, indent);
  if (typeof value === "number" || value instanceof Decimal) return numberScalar(numberText(value));
  return String(value);
}

/** Whole numbers of 64 bits as they are, others as Go prints a double. */
function numberScalar(text: string): string {
  const whole = wholeIn(text);
  if (typeof whole === "number" || whole instanceof Decimal) return numberText(whole);
  const double = Number(text);
  const [mantissa, exponent = "0"] = double.toExponential().split("e");
  const power = Number(exponent);
  if (Object.is(double, -0)) return "-0";
  if (power >= -4 && power < 6) return String(double);
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** Line separators of Unicode are line ends in YAML 1.1, which nobody means. */
const SEPARATORS = /[\u0085\u2028\u2029]/;

function textScalar(text: string, indent: number): string {
  if (SEPARATORS.test(text)) throw refused("yaml: a line separator is not written");
  const isSpecial = /[^\n\t -~\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/.test(text);
  if (text.includes("\n")) {
    const isLiteral = !isSpecial && !/ \n| $/.test(text);
    return isLiteral ? literal(text, indent) : doubleQuoted(text);
  }
  if (!isText(text)) return doubleQuoted(text);
  if (isSpecial || text.includes("\t")) return doubleQuoted(text);
  return isPlain(text) ? text : `'${text.replaceAll("'", "''")}'`;
}

const OLD_WORD = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const TIMESTAMP = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?$/;

/** Whether it is read as that text where nothing quotes it, by old readers too. */
function isText(text: string): boolean {
  if (text === "<<" || OLD_WORD.test(text) || BASE_60.test(text)) return false;
  if (/^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(text)) return false;
  return !TIMESTAMP.test(text) && typeof resolved(text) === "string";
}

function isPlain(text: string): boolean {
  if (/^[#,[\]{}&*!|>'"%@`]|^(?:---|\.\.\.)|^[-?:](?:\s|$)/.test(text)) return false;
  return !/^ | $|:(?:[ \t]|$)|[ \t]#/.test(text);
}

function literal(text: string, indent: number): string {
  const hint = /^[ \n]/.test(text) ? String(STEP) : "";
  const chomp = !text.endsWith("\n") ? "-" : /^\n$|\n\n$/.test(text) ? "+" : "";
  const margin = " ".repeat(indent);
  const lines = text.split("\n").map((line) => (line === "" ? "" : margin + line));
  return `|${hint}${chomp}\n${lines.join("\n")}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\u0000": "\\0",
  "\u0007": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\u001b": "\\e",
  '"': '\\"',
  "\\": "\\\\",
};

function doubleQuoted(text: string): string {
  return `"${text.replace(/["\\]|[^ -~\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/gu, escaped)}"`;
}

function escaped(character: string): string {
  const short = ESCAPES[character];
  if (short !== undefined) return short;
  const digits = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  if (digits.length <= 2) return `\\x${digits.padStart(2, "0")}`;
  return digits.length <= 4 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}
