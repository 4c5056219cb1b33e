/** Text as Go's `time` quotes it: what is no ASCII is shown byte by byte. */
import { utf8Bytes } from "./utf8.ts";

export function quotedBytes(text: string): string {
  const bytes = Array.from(utf8Bytes(text), (byte) => {
    if (byte < 0x20 || byte >= 0x80) return `\\x${byte.toString(16).padStart(2, "0")}`;
    const character = String.fromCharCode(byte);
    return character === '"' || character === "\\" ? `\\${character}` : character;
  });
  return `"${bytes.join("")}"`;
}
