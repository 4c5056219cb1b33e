export const HASH_DIGITS = 8;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a over UTF-16 units, high byte first: short and the same on every machine. No secret. */
export function hashOf(text: string): string {
  let hash = FNV_OFFSET;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    hash = Math.imul(hash ^ (unit >> 8), FNV_PRIME);
    hash = Math.imul(hash ^ (unit & 0xff), FNV_PRIME);
  }
  return (hash >>> 0).toString(16).padStart(HASH_DIGITS, "0");
}
