/** What looks like a secret never leaves this process by the log, whoever put it there. */

/** Characters of one value; a stack or a provider's message is cut there. */
export const TEXT_CHARACTERS_MAX = 2_000;
/** Values of one record or of one list in it. */
export const FIELDS_MAX = 40;
/** Objects inside objects. */
export const DEPTH_MAX = 4;

/** A secret that begins before the cut and ends after it is seen whole. */
const LOOK_AHEAD = 4_000;

const MASK = "[redacted]";

const SECRET_NAME =
  /(^|[_-])(token|secret|password|authorization|cookie|credentials?)$|(api|encryption|private|agent|access)[_-]?key$/i;

/** Each keeps what tells the reader which secret it was, and masks the rest. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)(\s+)[\w.~+/=-]{4,}/gi, `$1$2${MASK}`],
  // Ours: agents' keys, tasks' keys, operators' tokens. Their public ids begin with `key_`.
  [/\b(sc[a-z]_)[\w-]{4,}/g, `$1${MASK}`],
  // Of the providers: sk-…, sk-ant-…, sk-proj-….
  [/\b(sk-(?:ant-|proj-)?)[\w-]{4,}/g, `$1${MASK}`],
  [/\b((?:x-)?api[-_]key["']?\s*[:=]\s*["']?)[^\s"',}]{4,}/gi, `$1${MASK}`],
  // A password inside a URL.
  [/(\b[a-z][a-z\d+.-]*:\/\/[^\s:/@]*:)[^\s/@]+(?=@)/gi, `$1${MASK}`],
];

/** The text without secrets, cut to `TEXT_CHARACTERS_MAX`. */
export function boundedText(text: string): string {
  let safe = text.slice(0, TEXT_CHARACTERS_MAX + LOOK_AHEAD);
  for (const [pattern, mask] of SECRETS) safe = safe.replace(pattern, mask);
  return safe.length > TEXT_CHARACTERS_MAX ? `${safe.slice(0, TEXT_CHARACTERS_MAX)}…` : safe;
}

function redacted(value: unknown, depth: number): unknown {
  if (typeof value === "string") return boundedText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return typeof value;
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEPTH_MAX) return "…";
  if (value instanceof Error) {
    const { name, message, stack = "", cause } = value;
    const told = { name, message, stack, ...(cause === undefined ? {} : { cause }) };
    return record(told, depth + 1);
  }
  if (Array.isArray(value)) {
    return value.slice(0, FIELDS_MAX).map((item) => redacted(item, depth + 1));
  }
  return record(value, depth + 1);
}

function record(fields: object, depth: number): Record<string, unknown> {
  const safe: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields).slice(0, FIELDS_MAX)) {
    const named = SECRET_NAME.test(name) && value !== null && value !== undefined;
    safe[boundedText(name)] = named ? MASK : redacted(value, depth);
  }
  return safe;
}

/** The fields of one record without secrets, bounded in number, depth and length. */
export function redactedFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return record(fields, 0);
}
