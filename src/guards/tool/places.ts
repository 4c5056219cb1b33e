/**
 * Where the arguments of a tool go in an HTTP request, and which values cannot go there. An
 * argument fills its hole and nothing else: it never becomes another path, parameter or header.
 */

export interface HttpPlaces {
  /** The path in turn: text as it stands, and holes that arguments fill. */
  readonly path: readonly PathPart[];
  readonly query: readonly QueryPlace[];
  /** Names of headers, of cookies: the arguments are called the same. */
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  readonly body: BodyPlace | null;
}

export type PathPart = { readonly text: string } | { readonly argument: string };

/** `repeated`: a=1&a=2. `commas`: a=1,2. `members`: a[one]=1&a[two]=2. */
export interface QueryPlace {
  readonly name: string;
  readonly style: "repeated" | "commas" | "members";
}

/** The body is one argument, or an object with some of them as members. */
export type BodyPlace = { readonly type: string } & (
  | { readonly kind: "whole"; readonly argument: string }
  | { readonly kind: "members"; readonly arguments: readonly string[] }
);

type Given = Readonly<Record<string, unknown>>;

/** What separates the parts of a path, for those who decode it once too often as well. */
const SEPARATORS = /[/\\]|%(?:2f|5c|2e|25|00)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x1f\x7f]/;
/** The folder itself and the one above; some servers cut off what follows a semicolon. */
const DOTS = /^\.{1,2}(?:;|$)/;
/** Printable ASCII on one line: what every server reads as one value. */
const HEADER_VALUE = /^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/;

/** What is wrong with where arguments would go, as a check of them says it; null: nothing. */
export function misplaced(places: HttpPlaces, given: Given): string | null {
  const known = new Set(argumentsOf(places));
  for (const name of Object.keys(given)) {
    if (!known.has(name)) return `${at(name)} has no place in the request of this tool.`;
  }
  return (
    wrongPath(places.path, given) ??
    first(places.query, (place) => wrongQuery(place, given)) ??
    first(places.headers, (name) => wrongHeader(name, given)) ??
    first(places.cookies, (name) => wrongScalar(name, given))
  );
}

/** Names of all arguments that have a place. */
export function argumentsOf({ body, cookies, headers, path, query }: HttpPlaces): string[] {
  const holes = path.flatMap((part) => ("argument" in part ? [part.argument] : []));
  const inBody = body === null ? [] : body.kind === "whole" ? [body.argument] : body.arguments;
  return [...holes, ...query.map(({ name }) => name), ...headers, ...cookies, ...inBody];
}

/** What was given under a name; what every object has is not given. */
export function givenAt(given: Given, name: string): unknown {
  return Object.hasOwn(given, name) ? given[name] : undefined;
}

/** A value that can be written as one piece of text; null: it cannot. */
export function scalarText(value: unknown): string | null {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && isWellFormed(value) ? value : null;
}

/** Half a pair of surrogates has no encoding. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function first<Item>(items: readonly Item[], wrong: (item: Item) => string | null): string | null {
  for (const item of items) {
    const found = wrong(item);
    if (found !== null) return found;
  }
  return null;
}

/** RFC 6901. */
function at(name: string): string {
  return `/arguments/${name.slice(0, 120).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

const SCALAR = "must be a text without broken characters, a number, true or false.";

function wrongPath(path: HttpPlaces["path"], given: Given): string | null {
  const holes = path.flatMap((part) => ("argument" in part ? [part.argument] : []));
  const wrong = first(holes, (name) => wrongHole(name, given));
  if (wrong !== null || holes.length === 0) return wrong;
  // What fills a hole has no slash in it, so the segments are those of the template.
  const written = path.map((part) =>
    "text" in part ? part.text : scalarText(givenAt(given, part.argument)),
  );
  const leadsUp = written
    .join("")
    .split("/")
    .some((segment) => DOTS.test(segment));
  return leadsUp ? "/arguments must not make . or .. in the path." : null;
}

function wrongHole(name: string, given: Given): string | null {
  const value = givenAt(given, name);
  if (value === undefined) return `${at(name)} must be given: it is a part of the path.`;
  const text = scalarText(value);
  if (text === null) return `${at(name)} ${SCALAR}`;
  if (text === "") return `${at(name)} must not be empty: it is a part of the path.`;
  if (SEPARATORS.test(text) || CONTROLS.test(text)) {
    return `${at(name)} must not have /, \\, control characters or their encodings in it.`;
  }
  return null;
}

function wrongQuery({ name, style }: QueryPlace, given: Given): string | null {
  const value = givenAt(given, name);
  if (style === "members") return wrongMembers(name, value);
  if (!Array.isArray(value)) return wrongScalar(name, given);
  return value.every((item) => scalarText(item) !== null) ? null : `${at(name)} of each: ${SCALAR}`;
}

function wrongMembers(name: string, value: unknown): string | null {
  if (value === undefined) return null;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject) return `${at(name)} must be an object.`;
  const fits = Object.entries(value).every(
    ([key, item]) => isWellFormed(key) && !/[[\]]/.test(key) && scalarText(item) !== null,
  );
  return fits
    ? null
    : `${at(name)} must have plain names without brackets, and under each: ${SCALAR}`;
}

function wrongHeader(name: string, given: Given): string | null {
  const value = givenAt(given, name);
  if (value === undefined) return null;
  const text = scalarText(value);
  if (text !== null && HEADER_VALUE.test(text)) return null;
  return `${at(name)} must be printable ASCII on one line: it is a header.`;
}

function wrongScalar(name: string, given: Given): string | null {
  const value = givenAt(given, name);
  return value === undefined || scalarText(value) !== null ? null : `${at(name)} ${SCALAR}`;
}
