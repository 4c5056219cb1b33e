/**
 * Text to bytes and back. A text of Go may hold bytes that are no UTF-8 (a decoded key, a hash):
 * each of them is kept as one lone surrogate, U+DC80 to U+DCFF, and becomes that byte again.
 */

const RAW_BYTE = 0xdc00;
const REPLACEMENT = 0xfffd;

export function utf8Bytes(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) addCodePoint(bytes, character.codePointAt(0) ?? 0);
  return Uint8Array.from(bytes);
}

function addCodePoint(bytes: number[], code: number): void {
  if (code < 0x80) {
    bytes.push(code);
  } else if (code < 0x800) {
    bytes.push(0xc0 | (code >> 6), continued(code));
  } else if (code >= 0xd800 && code <= 0xdfff) {
    addSurrogate(bytes, code);
  } else if (code < 0x10000) {
    bytes.push(0xe0 | (code >> 12), continued(code >> 6), continued(code));
  } else {
    const head = 0xf0 | (code >> 18);
    bytes.push(head, continued(code >> 12), continued(code >> 6), continued(code));
  }
}

function continued(code: number): number {
  return 0x80 | (code & 0x3f);
}

function addSurrogate(bytes: number[], code: number): void {
  const byte = code - RAW_BYTE;
  if (byte >= 0x80 && byte <= 0xff) bytes.push(byte);
  else addCodePoint(bytes, REPLACEMENT);
}

export function utf8Text(bytes: Uint8Array): string {
  const parts: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const size = sequenceSize(bytes, at);
    parts.push(String.fromCodePoint(codePointAt(bytes, at, size)));
    at += Math.max(1, size);
  }
  return parts.join("");
}

/** Bytes of the character at `at`; 0: it is none. */
function sequenceSize(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (let i = 1; i < size; i += 1) {
    if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  const second = bytes[at + 1] ?? 0;
  return isMisleading(first, second) ? 0 : size;
}

/** A longer form than needed, a surrogate, or past the last code point. */
function isMisleading(first: number, second: number): boolean {
  if (first === 0xe0) return second < 0xa0;
  if (first === 0xed) return second > 0x9f;
  if (first === 0xf0) return second < 0x90;
  return first === 0xf4 && second > 0x8f;
}

const FIRST_BITS = [0, 0x7f, 0x1f, 0x0f, 0x07];

function codePointAt(bytes: Uint8Array, at: number, size: number): number {
  const first = bytes[at] ?? 0;
  if (size === 0) return RAW_BYTE + first;
  let code = first & (FIRST_BITS[size] ?? 0);
  for (let i = 1; i < size; i += 1) code = (code << 6) | ((bytes[at + i] ?? 0) & 0x3f);
  return code;
}

/** How many bytes the text has as UTF-8. */
export function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) length += 1;
    else if (unit < 0x800) length += 2;
    else if (unit < 0xd800 || unit > 0xdfff) length += 3;
    else if (isPair(text, i)) {
      length += 4;
      i += 1;
    } else length += unit >= 0xdc80 && unit <= 0xdcff ? 1 : 3;
  }
  return length;
}

function isPair(text: string, i: number): boolean {
  const second = text.charCodeAt(i + 1);
  return text.charCodeAt(i) < 0xdc00 && second >= 0xdc00 && second <= 0xdfff;
}
