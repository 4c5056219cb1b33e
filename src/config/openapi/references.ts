/** References inside one OpenAPI document. They never lead out of it. */

export type JsonMap = Readonly<Record<string, unknown>>;

/** More than one after another is rare; a ring has no end. */
const HOPS_MAX = 32;

export function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that stands here or is referred to from here; a string says why there is none. */
export function resolved(node: unknown, root: JsonMap): JsonMap | string {
  let at = node;
  for (let hops = 0; hops < HOPS_MAX; hops += 1) {
    if (!isMap(at)) return "a part of it is no object";
    if (!Object.hasOwn(at, "$ref")) return at;
    const pointer = pointerOf(at.$ref);
    if (pointer === null) return outsideWords(at.$ref);
    at = pointed(pointer, root);
    if (at === undefined) return `its reference #${pointer.slice(0, 100)} leads nowhere`;
  }
  return `its references go on for more than ${HOPS_MAX} steps`;
}

/** `#/components/schemas/Pet` → `/components/schemas/Pet`; null: it leads out of the document. */
export function pointerOf(reference: unknown): string | null {
  if (typeof reference !== "string" || !/^#(?:\/|$)/.test(reference)) return null;
  if (/%(?![0-9A-Fa-f]{2})/.test(reference)) return null;
  // Halves of characters are all that could still not be decoded.
  return /%[89A-Fa-f]/.test(reference) ? null : decodeURIComponent(reference.slice(1));
}

/** What stands at a pointer (RFC 6901); undefined: nothing. */
export function pointed(pointer: string, root: JsonMap): unknown {
  let at: unknown = root;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    // An object that has this key can be read by it.
    at = (at as JsonMap)[key];
  }
  return at;
}

export function outsideWords(reference: unknown): string {
  const shown = typeof reference === "string" ? ` (${reference.slice(0, 100)})` : "";
  return `it refers to something outside of the document${shown}`;
}
