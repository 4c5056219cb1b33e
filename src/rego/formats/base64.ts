/** Base64 as Go's `encoding/base64` reads and writes it. */
import { utf8Bytes } from "./utf8.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export interface Alphabet {
  readonly digits: string;
  readonly values: ReadonlyMap<number, number>;
}

export const STANDARD = alphabetOf(`${LETTERS}+/`);
export const URL_SAFE = alphabetOf(`${LETTERS}-_`);

function alphabetOf(digits: string): Alphabet {
  const values = new Map([...digits].map((digit, value) => [digit.charCodeAt(0), value]));
  return { digits, values };
}

const PADDING = 0x3d;

export function base64Text(bytes: Uint8Array, { digits }: Alphabet): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(i, i + 3);
    const bits = (first << 16) | (second << 8) | third;
    const rest = bytes.length - i;
    parts.push(
      digits.charAt(bits >> 18) + digits.charAt((bits >> 12) & 63),
      rest > 1 ? digits.charAt((bits >> 6) & 63) : "=",
      rest > 2 ? digits.charAt(bits & 63) : "=",
    );
  }
  return parts.join("");
}

/** Throws with the offset of the first byte that is wrong. Padding is needed; line ends are not. */
export function base64Bytes(text: string, alphabet: Alphabet): Uint8Array {
  return new Decoder(utf8Bytes(text), alphabet).decode();
}

class Decoder {
  readonly #source: Uint8Array;
  readonly #alphabet: Alphabet;
  readonly #bytes: number[] = [];
  #at = 0;

  constructor(source: Uint8Array, alphabet: Alphabet) {
    this.#source = source;
    this.#alphabet = alphabet;
  }

  decode(): Uint8Array {
    while (this.#quantum());
    return Uint8Array.from(this.#bytes);
  }

  /** Four digits, or what the padding leaves of them; false at the end. */
  #quantum(): boolean {
    let bits = 0;
    for (let count = 0; count < 4; count += 1) {
      this.#skipLineEnds();
      if (this.#at >= this.#source.length) {
        if (count === 0) return false;
        // Line ends count here as digits do: it is what Go's offset says.
        throw corrupt(this.#at - count);
      }
      const byte = this.#source[this.#at] ?? 0;
      this.#at += 1;
      const value = this.#alphabet.values.get(byte);
      if (value === undefined) return this.#padded(byte, bits, count);
      bits = (bits << 6) | value;
    }
    this.#bytes.push((bits >> 16) & 255, (bits >> 8) & 255, bits & 255);
    return true;
  }

  #padded(byte: number, bits: number, count: number): false {
    if (byte !== PADDING || count < 2) throw corrupt(this.#at - 1);
    if (count === 2) this.#secondPadding();
    this.#skipLineEnds();
    if (this.#at < this.#source.length) throw corrupt(this.#at);
    if (count === 2) this.#bytes.push((bits >> 4) & 255);
    else this.#bytes.push((bits >> 10) & 255, (bits >> 2) & 255);
    return false;
  }

  #secondPadding(): void {
    this.#skipLineEnds();
    if (this.#at >= this.#source.length) throw corrupt(this.#source.length);
    if (this.#source[this.#at] !== PADDING) throw corrupt(this.#at - 1);
    this.#at += 1;
  }

  #skipLineEnds(): void {
    while (this.#source[this.#at] === 0x0a || this.#source[this.#at] === 0x0d) this.#at += 1;
  }
}

function corrupt(offset: number): Error {
  return new Error(`illegal base64 data at input byte ${offset}`);
}

/** Of the alphabet for URLs, with or without padding. */
export function base64UrlBytes(text: string): Uint8Array {
  if (text.endsWith("=")) return base64Bytes(text, URL_SAFE);
  const rest = utf8Bytes(text).length % 4;
  if (rest === 1) throw new Error(`illegal base64url string: ${text}`);
  return base64Bytes(text + (rest === 0 ? "" : "=".repeat(4 - rest)), URL_SAFE);
}
