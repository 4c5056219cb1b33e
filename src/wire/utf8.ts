/**
 * The platform's own UTF-8 codecs, declared here because this zone compiles without platform types.
 * They are pure: bytes in, text out.
 */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: "utf-8",
  options?: { fatal: boolean },
) => { decode(bytes: Uint8Array): string };

const ENCODER = new TextEncoder();

/** Text as UTF-8. */
export function encode(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** UTF-8 as text; bytes that are no UTF-8 become U+FFFD, for what is only looked at. */
export function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}

/** UTF-8 as text, for what is acted on; null where the bytes are no UTF-8. */
export function decodeStrictly(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null; // the one thing that a fatal decoder throws for
  }
}

/** How many bytes a text takes as UTF-8. */
export function byteLength(text: string): number {
  return ENCODER.encode(text).length;
}
