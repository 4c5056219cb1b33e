/**
 * Reads the fields of a request that the guards depend on. The first that is wrong is the
 * `problem`; what is read after it is a placeholder that nobody uses. `null` always means "not
 * given": the official clients write it for fields left out.
 */
import type { Denial } from "../guards/verdict.ts";
import { describe, isObject, type JsonObject, malformed, shortName } from "./json.ts";

/** Longer than any model's id, short enough for a message and a journal. */
const MODEL_CHARS_MAX = 256;

/** Items of one list of a request; Anthropic's own limit on messages. */
export const ITEMS_MAX = 100_000;

/** Names of unknown fields that one refusal lists. */
const UNKNOWN_FIELDS_MAX = 20;

/** The fields of one object of a request, by name. */
export class Fields {
  problem: Denial | null = null;
  private readonly object: JsonObject;
  private readonly path: string;

  constructor(object: JsonObject, path = "") {
    this.object = object;
    this.path = path;
  }

  /** The model's id, which must be there. */
  model(): string {
    const value = this.object.model;
    if (typeof value === "string" && value !== "" && value.length <= MODEL_CHARS_MAX) return value;
    const got = typeof value === "string" && value !== "" ? "a longer string" : describe(value);
    this.refuse("model", got, `a model id of at most ${MODEL_CHARS_MAX} characters`);
    return "";
  }

  /** A list that must be there and hold something. */
  filledList(name: string): readonly unknown[] {
    const list = this.list(name);
    if (list.length === 0) this.wrong(name, "an array with at least one item");
    return list;
  }

  list(name: string): readonly unknown[] {
    const value = this.object[name] ?? [];
    if (Array.isArray(value) && value.length <= ITEMS_MAX) return value;
    this.wrong(name, `an array of at most ${ITEMS_MAX} items`);
    return [];
  }

  /** A whole number from 1 on, as caps and counts are. */
  count(name: string): number | null {
    const value = this.object[name] ?? null;
    if (value === null) return null;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
    this.wrong(name, "a whole number of at least 1");
    return null;
  }

  flag(name: string): boolean {
    const value = this.object[name] ?? false;
    if (typeof value === "boolean") return value;
    this.wrong(name, "true or false");
    return false;
  }

  text(name: string): string | null {
    const value = this.object[name] ?? null;
    if (value === null || typeof value === "string") return value;
    this.wrong(name, "a string");
    return null;
  }

  /** The fields of an object inside this one; without any where it is not given. */
  inner(name: string): Fields {
    const value = this.object[name] ?? {};
    if (isObject(value)) return new Fields(value, `${this.path}${name}.`);
    this.wrong(name, "an object");
    return new Fields({});
  }

  private wrong(name: string, expected: string): void {
    this.refuse(name, describe(this.object[name]), expected);
  }

  private refuse(name: string, got: string, expected: string): void {
    this.problem ??= malformed(this.path + name, got, expected);
  }
}

/** The first problem of several readings, if any had one. */
export function firstProblem(...readings: readonly { readonly problem: Denial | null }[]) {
  return readings.find((reading) => reading.problem !== null)?.problem ?? null;
}

/** Headers that say who is billed; each is refused unless the operator vouches for it. */
export const BILLING_HEADERS: readonly string[] = [
  "anthropic-user-profile-id",
  "anthropic-workspace-id",
  "openai-organization",
  "openai-project",
];
const BILLING_PREFIX = "x-goog-";

/**
 * What of a request this format does not know and the operator has not vouched for, by name. A list
 * that is cut ends in an entry that nobody can vouch for, so what was left out is refused as well.
 */
export function unknownFields(
  root: JsonObject,
  known: ReadonlySet<string>,
  options: {
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly allowFields: readonly string[];
  },
): readonly string[] {
  const unknown: string[] = [];
  for (const name in root) if (!known.has(name)) unknown.push(`body ${name}`);
  for (const name in options.headers) {
    const bills = BILLING_HEADERS.includes(name) || name.startsWith(BILLING_PREFIX);
    if (bills && options.headers[name] !== undefined) unknown.push(`header ${name}`);
  }
  const refused = notAllowed(unknown, options.allowFields);
  if (refused.length <= UNKNOWN_FIELDS_MAX) return refused.map(shortField);
  const more = `body and ${refused.length - UNKNOWN_FIELDS_MAX} more`;
  return [...refused.slice(0, UNKNOWN_FIELDS_MAX).map(shortField), more];
}

/** A name cut short cannot pass for one that is allowed: it ends in what no name of a list has. */
function shortField(name: string): string {
  const short = shortName(name);
  return short === name ? name : `${short}…`;
}

/** Names such as "body foo" without those the operator vouches for, as "body foo" or as "foo". */
export function notAllowed(
  names: readonly string[],
  allowFields: readonly string[],
): readonly string[] {
  if (names.length === 0 || allowFields.length === 0) return names;
  return names.filter((name) => {
    const bare = name.slice(name.indexOf(" ") + 1);
    return !allowFields.includes(name) && !allowFields.includes(bare);
  });
}
