/** Hexadecimal digits as Go's `encoding/hex` reads and writes them. */
import { utf8Bytes } from "./utf8.ts";

export function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function hexBytes(text: string): Uint8Array {
  const source = utf8Bytes(text);
  const bytes = new Uint8Array(source.length >> 1);
  for (let i = 0; i < bytes.length; i += 1) {
    bytes[i] = (digitOf(source[2 * i]) << 4) | digitOf(source[2 * i + 1]);
  }
  if (source.length % 2 === 0) return bytes;
  digitOf(source.at(-1));
  throw new Error("encoding/hex: odd length hex string");
}

function digitOf(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  if (letter >= 0x61 && letter <= 0x66) return letter - 0x57;
  throw new Error(`encoding/hex: invalid byte: ${byteName(byte)}`);
}

/** Go's `%#U`: the character is shown where it can be printed. */
function byteName(byte: number): string {
  const name = `U+${byte.toString(16).toUpperCase().padStart(4, "0")}`;
  const isPrintable = (byte >= 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  return isPrintable ? `${name} '${String.fromCharCode(byte)}'` : name;
}
