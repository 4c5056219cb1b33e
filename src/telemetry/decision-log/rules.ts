/**
 * The answer of `data.system.log.mask` → rules. What OPA takes is taken here; anything else makes
 * the whole answer none, for a rule that is skipped is a secret in the log.
 */

/** Of one answer; each costs a walk down the entry. */
export const RULES_MAX = 10_000;

export type Mask = {
  readonly part: "input" | "result";
  /** Below that part; empty: the whole of it. */
  readonly steps: readonly string[];
  /** As it stands in `erased` and `masked`. */
  readonly shown: string;
} & ({ readonly op: "remove" } | { readonly op: "upsert"; readonly value: unknown });

/** Of an entry of OPA's that ours never has: what is erased of it is gone already. */
const NEVER_THERE = "nd_builtin_cache";

/** Null: it is no list of masks. */
export function masksOf(answer: unknown): readonly Mask[] | null {
  if (!Array.isArray(answer) || answer.length > RULES_MAX) return null;
  const masks: Mask[] = [];
  for (const one of answer) {
    const mask = maskOf(one);
    if (mask === null) return null;
    if (mask !== "nothing") masks.push(mask);
  }
  return masks;
}

function maskOf(rule: unknown): Mask | "nothing" | null {
  if (typeof rule === "string") return removalAt(rule);
  if (typeof rule !== "object" || rule === null || Array.isArray(rule)) return null;
  // `as`: an object of any names.
  const { op, path, value = null } = rule as Record<string, unknown>;
  if (typeof path !== "string" || (op !== "remove" && op !== "upsert")) return null;
  const removal = removalAt(path);
  if (op === "remove" || removal === null || removal === "nothing") return removal;
  return { ...removal, op, value };
}

function removalAt(path: string): Mask | "nothing" | null {
  if (!path.startsWith("/")) return null;
  const [part = "", ...steps] = path.slice(1).split("/");
  if (![part, ...steps].every(isEncoded)) return null;
  if (part === NEVER_THERE) return "nothing";
  if (part !== "input" && part !== "result") return null;
  return { part, steps, op: "remove", shown: `/${[part, ...steps].map(escaped).join("/")}` };
}

/** A percent sign that begins nothing is an error, as in OPA. */
function isEncoded(step: string): boolean {
  return !/%(?![0-9A-Fa-f]{2})/.test(step);
}

/**
 * The names that a step may mean, in the order in which they are tried. OPA knows the first alone,
 * so that a name with a space, an accent or a slash cannot be masked there; here it is found as it
 * is written in the policy, encoded as in a URL, or as in a JSON pointer (RFC 6901).
 */
export function namesOf(step: string): readonly [string, ...string[]] {
  const pointed = step.replaceAll("~1", "/").replaceAll("~0", "~");
  return [escaped(step), step, decoded(step), pointed];
}

/** As Go escapes a segment of a URL's path: all but letters, digits and a few signs. */
function escaped(step: string): string {
  const encoded = encodeURIComponent(step.toWellFormed());
  const back = encoded.replace(/%(24|26|2B|3A|3D|40)/g, (sign) => decodeURIComponent(sign));
  return back.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    // Bytes that are no UTF-8: no name of JSON has them.
    return step;
  }
}
