/** Adds up everything about a request's input that can cost money. One for each request. */
import type { InputMeasure } from "../guards/call.ts";
import type { Denial } from "../guards/verdict.ts";
import { describe, isObject, type JsonObject, malformed } from "./json.ts";
import { byteLength } from "./utf8.ts";

/** How a format tells the measure what one block or part of a message is. */
export type BlockReader = (block: JsonObject, measure: Measure, depth: number) => void;

/** Blocks inside blocks: a document inside a tool's result is three deep. */
const BLOCK_DEPTH_MAX = 8;
const [BASE64_CHARS, BASE64_BYTES] = [4, 3];
/** Longer than the scheme of any address. */
const SCHEME_CHARS_MAX = 64;

export class Measure {
  problem: Denial | null = null;
  images = 0;
  fileBytes = 0;
  audioBytes = 0;
  unmeasured: string | null = null;
  /** Parts that can cost money beyond the input itself, by name. */
  readonly unbounded = new Set<string>();
  private readonly readBlock: BlockReader;

  constructor(readBlock: BlockReader) {
    this.readBlock = readBlock;
  }

  /** Something given by reference; the first is enough to know that the bound is not the bytes. */
  cannotMeasure(what: string): void {
    this.unmeasured ??= what;
  }

  /** Counts what stands in the `content` of each message. */
  messages(messages: readonly unknown[]): void {
    for (let index = 0; index < messages.length; index += 1) {
      const message = messages[index];
      if (!isObject(message)) {
        this.problem ??= malformed(`messages[${index}]`, describe(message), "an object");
        return;
      }
      // Of most messages: no text is made for each, to name a place that nothing is wrong at.
      if (typeof message.content === "string") continue;
      this.content(message.content ?? null, `messages[${index}].content`, 0);
    }
  }

  /** A string has its bytes counted already; an array is a list of blocks. */
  content(content: unknown, at: string, depth: number): void {
    if (content === null || typeof content === "string") return;
    if (!Array.isArray(content)) {
      this.problem ??= malformed(at, describe(content), "a string or an array");
      return;
    }
    if (depth > BLOCK_DEPTH_MAX) {
      this.cannotMeasure("deeply nested content");
      return;
    }
    for (const block of content) {
      if (isObject(block)) this.readBlock(block, this, depth);
      else this.problem ??= malformed(`${at}[]`, describe(block), "an object");
    }
  }

  /** The measure, with what the format counts itself. */
  total(
    counts: Pick<InputMeasure, "textBytes" | "messages" | "tools" | "cacheWrite">,
  ): InputMeasure {
    const { images, fileBytes, audioBytes, unmeasured } = this;
    return { ...counts, images, fileBytes, audioBytes, unmeasured };
  }
}

/**
 * Decoded size of base64, bare or as a `data:` address, never too small; null for anything else. An
 * address of another scheme stands for bytes that are not here (base64 has no colon).
 */
export function inlineBytes(data: unknown): number | null {
  if (typeof data !== "string") return null;
  const isAddress = data.slice(0, SCHEME_CHARS_MAX).includes(":");
  if (isAddress && !data.startsWith("data:")) return null;
  return Math.ceil(data.length / BASE64_CHARS) * BASE64_BYTES;
}

/**
 * The bytes of a body or of its NFKC form, whichever is more: a tokenizer may normalize first, and
 * one character of three bytes can become eighteen letters. A body whose bytes are as many as its
 * characters is ASCII, and ASCII without escapes is its own NFKC form.
 */
export function textBytes(text: string, root: JsonObject, bytes: number): number {
  const escaped = text.includes("\\u");
  if (!escaped && bytes === text.length) return bytes;
  const decoded = escaped ? JSON.stringify(root) : text;
  return Math.max(bytes, byteLength(decoded.normalize("NFKC")));
}
