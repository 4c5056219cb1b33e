/** An HTTP answer as the result of a tool, in MCP's shape. */
import { isObject, type JsonObject, parseOrNothing } from "./json.ts";
import type { CallResult } from "./mcp.ts";
import { decode, decodeStrictly } from "./utf8.ts";

/** Of the body of a failure: there is a sentence in it, or it is of no use to a model. */
const FAILURE_CHARS_MAX = 16 * 1024;
/** Deeper values could not be written again. */
const DEPTH_MAX = 200;
const FIRST_FAILURE = 400;

const JSON_TYPE = /^application\/(?:[\w.!#$&^-]+\+)?json$/;
const TEXT_TYPE =
  /^text\/|^application\/(?:[\w.!#$&^-]+\+)?(?:xml|yaml|json)$|^application\/(?:x-yaml|x-ndjson|jsonl|javascript|graphql|sql|x-www-form-urlencoded)$|^image\/svg\+xml$/;
/** What is UTF-8, or a part of it. */
const CHARSETS = ["utf-8", "utf8", "us-ascii", "ascii"];

export interface HttpToolAnswer {
  readonly status: number;
  /** As the header says it; empty: there was none. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Takes what must not come back out of a text. */
export type Clean = (text: string) => string;

/** A string says what is wrong with the answer. */
export function readToolAnswer(answer: HttpToolAnswer, clean: Clean): CallResult | string {
  const { body, contentType, status } = answer;
  const [type = "", ...parameters] = contentType
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const isText = type === "" || TEXT_TYPE.test(type);
  if (status >= FIRST_FAILURE) return failure(status, isText ? clean(decode(body)) : "");

  if (body.length === 0) return { content: [], structuredContent: undefined, isError: false };
  if (!isText) return `content type ${type.slice(0, 100)}, which is no text`;
  const charset = charsetOf(parameters);
  if (!CHARSETS.includes(charset)) return `charset ${charset.slice(0, 40)}, and only UTF-8 is read`;
  const text = decodeStrictly(body);
  if (text === null) return "what is no UTF-8";
  return JSON_TYPE.test(type) ? jsonResult(text, clean) : textResult(clean(text), undefined);
}

function failure(status: number, body: string): CallResult {
  const words = body.trim().slice(0, FAILURE_CHARS_MAX);
  const text = `HTTP ${status}${words === "" ? "" : `: ${words}`}`;
  return { content: [{ type: "text", text }], structuredContent: undefined, isError: true };
}

function charsetOf(parameters: readonly string[]): string {
  const parameter = parameters.find((one) => one.startsWith("charset="));
  return parameter?.slice("charset=".length).replaceAll('"', "") ?? "utf-8";
}

/** An object is the structured content; for everything else that has no place in MCP. */
function jsonResult(text: string, clean: Clean): CallResult | string {
  const value = parseOrNothing(text);
  if (value === undefined) return "what is no JSON";
  const seen = { changed: false, tooDeep: false };
  const cleaned = cleanValue(value, clean, seen, 0);
  if (seen.tooDeep) return `JSON of more than ${DEPTH_MAX} levels`;
  // A text that nothing was taken out of stays as it came, escapes and all.
  const shown = seen.changed ? JSON.stringify(cleaned) : text;
  return textResult(shown, isObject(cleaned) ? cleaned : undefined);
}

function textResult(text: string, structuredContent: unknown): CallResult {
  return { content: [{ type: "text", text }], structuredContent, isError: false };
}

interface Seen {
  changed: boolean;
  tooDeep: boolean;
}

/** Names are cleaned too: a server may put anything anywhere. */
function cleanValue(value: unknown, clean: Clean, seen: Seen, depth: number): unknown {
  if (depth > DEPTH_MAX) {
    seen.tooDeep = true;
    return null;
  }
  const next = (item: unknown) => cleanValue(item, clean, seen, depth + 1);
  if (Array.isArray(value)) return value.map(next);
  if (isObject(value)) return cleanObject(value, (text) => cleanText(text, clean, seen), next);
  if (typeof value !== "string" && typeof value !== "number") return value;
  const text = String(value);
  const cleaned = cleanText(text, clean, seen);
  return cleaned === text ? value : cleaned;
}

function cleanObject(value: JsonObject, name: Clean, next: (item: unknown) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [name(key), next(item)]));
}

function cleanText(text: string, clean: Clean, seen: Seen): string {
  const cleaned = clean(text);
  if (cleaned !== text) seen.changed = true;
  return cleaned;
}
