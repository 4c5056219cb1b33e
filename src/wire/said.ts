/**
 * What was said in a conversation, in one small shape for every wire format: for people to read
 * later. It decides nothing, so it takes what it can read and never throws.
 */
import { canonicalJson } from "../guards/tool/canonical.ts";
import { dataOf, FrameReader } from "./event-stream.ts";
import { inlineBytes } from "./input-measure.ts";
import { isObject, type JsonObject, parseOrNothing } from "./json.ts";

export interface Message {
  /** As its format calls it: user, assistant, system, tool … */
  readonly role: string;
  readonly parts: readonly Part[];
}

export type Part =
  /** What is no text is told in square brackets: `[image, 12 kB]`. */
  | { readonly kind: "text" | "thinking"; readonly text: string }
  | {
      readonly kind: "call";
      readonly id: string | null;
      readonly name: string;
      /** As they were written. */
      readonly arguments: string;
    }
  | {
      readonly kind: "result";
      /** Of the call that it is the result of. */
      readonly id: string | null;
      readonly name: string | null;
      readonly text: string;
    };

/** One conversation of a wire format. */
export interface Conversation {
  /** The messages that a request that was read sends, in order. */
  request(root: Readonly<Record<string, unknown>>): readonly Message[];
  /** Those of a whole answer: one for each choice. */
  answer(text: string): readonly Message[];
  /** Those of a stream, as far as it came. */
  stream(bytes: Uint8Array): readonly Message[];
}

const TYPE_CHARS_MAX = 64;
const URL_CHARS_MAX = 200;
const KILO = 1_000;

/** What is no text. `data`: its base64, or where it is; anything else tells nothing of its size. */
export function thing(what: unknown, data: unknown = null): Part {
  const name = typeof what === "string" ? what.slice(0, TYPE_CHARS_MAX) : "something";
  const bytes = inlineBytes(data);
  const more = bytes === null ? whereOf(data) : `, ${sizeText(bytes)}`;
  return { kind: "text", text: `[${name}${more}]` };
}

function whereOf(data: unknown): string {
  if (typeof data !== "string") return "";
  return `, ${data.length > URL_CHARS_MAX ? `${data.slice(0, URL_CHARS_MAX)}…` : data}`;
}

/** A size for people. */
export function sizeText(bytes: number): string {
  if (bytes < KILO) return `${bytes} bytes`;
  if (bytes < KILO * KILO) return `${Math.round(bytes / KILO)} kB`;
  return `${(bytes / KILO / KILO).toFixed(1)} MB`;
}

/** Only what is text of several parts, a line each. */
export function textOf(parts: readonly Part[]): string {
  return parts.flatMap((part) => ("text" in part ? part.text : [])).join("\n");
}

export function spoken(kind: "text" | "thinking", text: unknown): readonly Part[] {
  return typeof text === "string" && text !== "" ? [{ kind, text }] : [];
}

/** Arguments that came as a value. */
export function argumentsText(value: unknown): string {
  return canonicalJson(value) ?? "[nested too deep to be kept]";
}

/**
 * The events of a stream whose data is an object; what cannot be read is left out. `bytes` are
 * fewer than a frame may have, so that there is an end to each.
 */
export function eventsIn(bytes: Uint8Array): readonly JsonObject[] {
  const events: JsonObject[] = [];
  const frames = new FrameReader((frame) => {
    const root = parseOrNothing(dataOf(frame));
    if (isObject(root)) events.push(root);
    return "keep";
  }, false);
  frames.push(bytes);
  frames.rest();
  return events;
}
