/** A tool call as an HTTP request: every argument encoded into the place that it has. */
import {
  givenAt,
  type HttpPlaces,
  type PathPart,
  type QueryPlace,
  scalarText,
} from "../guards/tool/places.ts";
import { isObject, type JsonObject } from "./json.ts";

type Pair = readonly [name: string, value: string];

/** What comes from the configuration and goes where arguments go. */
export interface FixedParts {
  /** Of the server's URL, encoded; the tool's path is put behind it. */
  readonly path: string;
  readonly query: readonly Pair[];
  readonly cookies: readonly Pair[];
}

export interface HttpToolRequest {
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly Pair[];
  readonly body: string | null;
}

/** Writes arguments for which `misplaced` has nothing to say. */
export function renderToolRequest(
  places: HttpPlaces,
  given: JsonObject,
  fixed: FixedParts,
): HttpToolRequest {
  const path =
    fixed.path.replace(/\/$/, "") + places.path.map((part) => pathText(part, given)).join("");
  const query = [
    ...fixed.query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`),
    ...places.query.flatMap((place) => queryTexts(place, givenAt(given, place.name))),
  ].join("&");
  const headers = places.headers.flatMap((name): Pair[] => {
    const value = givenAt(given, name);
    return value === undefined ? [] : [[name, scalarText(value) ?? ""]];
  });
  const cookies = cookieText(places.cookies, given, fixed.cookies);
  if (cookies !== "") headers.push(["cookie", cookies]);
  const body = bodyText(places, given);
  if (body !== null) headers.push(["content-type", places.body?.type ?? ""]);
  return { target: `${path || "/"}${query === "" ? "" : `?${query}`}`, headers, body };
}

function pathText(part: PathPart, given: JsonObject): string {
  return "text" in part ? part.text : scalar(givenAt(given, part.argument));
}

function queryTexts({ name, style }: QueryPlace, value: unknown): readonly string[] {
  if (value === undefined) return [];
  const key = encoded(name);
  if (style === "members" && isObject(value)) {
    return Object.entries(value).map(
      ([member, item]) => `${key}${encoded(`[${member}]`)}=${scalar(item)}`,
    );
  }
  const items = (Array.isArray(value) ? value : [value]).map(scalar);
  if (style === "commas") return items.length === 0 ? [] : [`${key}=${items.join(",")}`];
  return items.map((item) => `${key}=${item}`);
}

function cookieText(names: readonly string[], given: JsonObject, fixed: readonly Pair[]): string {
  const own = names.flatMap((name) => {
    const value = givenAt(given, name);
    return value === undefined ? [] : [`${name}=${scalar(value)}`];
  });
  return [...fixed.map(([name, value]) => `${name}=${value}`), ...own].join("; ");
}

function bodyText({ body }: HttpPlaces, given: JsonObject): string | null {
  if (body === null) return null;
  if (body.kind === "whole") {
    const value = givenAt(given, body.argument);
    return value === undefined ? null : JSON.stringify(value);
  }
  const entries = Object.entries(given).filter(([name]) => body.arguments.includes(name));
  // Own members, also of a name that objects have by themselves.
  return JSON.stringify(Object.fromEntries(entries));
}

function scalar(value: unknown): string {
  return encoded(scalarText(value) ?? "");
}

/** Everything but letters, digits and -._~ (RFC 3986, 2.3). */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
