/** `%41` and `+` in URLs, as Go's `net/url` reads and writes them. */
import { quoted } from "../values/text.ts";
import { utf8Bytes, utf8Text } from "./utf8.ts";

export type Part = "path" | "host" | "zone" | "user" | "query" | "fragment";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** What may stand unescaped. A zone may hold what a host may. */
const PLAIN: Readonly<Record<"path" | "host" | "query", string>> = {
  path: `${LETTERS}$&+,-./:;=@_~`,
  host: `${LETTERS}!"$&'()*+,-.:;<=>[]_~`,
  query: `${LETTERS}-._~`,
};

export function escapeUrl(text: string, part: "path" | "query"): string {
  const bytes = Array.from(utf8Bytes(text), (byte) => {
    const character = String.fromCharCode(byte);
    if (PLAIN[part].includes(character)) return character;
    if (byte === 0x20 && part === "query") return "+";
    return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return bytes.join("");
}

/** Throws for what is no escape, and in a host for what must not be there or be escaped. */
export function unescapeUrl(text: string, part: Part): string {
  const source = utf8Bytes(text);
  const bytes: number[] = [];
  for (let i = 0; i < source.length; i += 1) {
    const byte = source[i] ?? 0;
    if (byte === 0x25) {
      bytes.push(escapedByte(source.subarray(i, i + 3), part));
      i += 2;
    } else {
      checkPlain(byte, part);
      bytes.push(byte === 0x2b && part === "query" ? 0x20 : byte);
    }
  }
  return utf8Text(Uint8Array.from(bytes));
}

function escapedByte(bytes: Uint8Array, part: Part): number {
  const text = utf8Text(bytes);
  if (!/^%[0-9a-f]{2}$/i.test(text) || !isAllowed(text, part)) {
    throw new Error(`invalid URL escape ${quoted(text)}`);
  }
  return Number.parseInt(text.slice(1), 16);
}

/** In a host only what is no ASCII is escaped; in a zone only what could stand there as it is. */
function isAllowed(text: string, part: Part): boolean {
  if (text === "%25") return true;
  const byte = Number.parseInt(text.slice(1), 16);
  if (part === "host") return byte >= 0x80;
  if (part !== "zone") return true;
  return byte === 0x20 || PLAIN.host.includes(String.fromCharCode(byte));
}

function checkPlain(byte: number, part: Part): void {
  if (byte >= 0x80 || (part !== "host" && part !== "zone")) return;
  const character = String.fromCharCode(byte);
  if (PLAIN.host.includes(character)) return;
  throw new Error(`invalid character ${quoted(character)} in host name`);
}
