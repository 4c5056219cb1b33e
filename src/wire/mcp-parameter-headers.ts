/**
 * Parameters of a tool that its server wants repeated in headers, since MCP 2026-07-28: in the
 * schema of its input they are marked `x-mcp-header`, with what follows `Mcp-Param-`.
 */
import { isObject, type JsonObject } from "./json.ts";

/** The path into the arguments, by the name of the header. */
export type ParameterHeaders = ReadonlyMap<string, readonly string[]>;

const MARK = "x-mcp-header";
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const TYPES: readonly unknown[] = ["string", "integer", "boolean"];
/** Values, in which a mark would be none. */
const DATA: readonly string[] = ["const", "default", "enum", "examples"];

interface Place {
  readonly schema: JsonObject;
  /** Null: not reached by `properties` alone, where a mark is not allowed. */
  readonly path: readonly string[] | null;
}

/** Those that a schema marks; null: it marks what it must not, and so says nothing certain. */
export function readParameterHeaders(inputSchema: unknown): ParameterHeaders | null {
  const found = new Map<string, readonly string[]>();
  const names = new Set<string>();
  const places: Place[] = isObject(inputSchema) ? [{ schema: inputSchema, path: [] }] : [];
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const { path, schema } = place;
    const mark = schema[MARK];
    if (mark !== undefined) {
      if (path === null || path.length === 0 || !TYPES.includes(schema.type)) return null;
      if (typeof mark !== "string" || !TOKEN.test(mark)) return null;
      if (names.has(mark.toLowerCase())) return null;
      names.add(mark.toLowerCase());
      found.set(`mcp-param-${mark}`, path);
    }
    places.push(...placesIn(place));
  }
  return found;
}

function placesIn({ path, schema }: Place): readonly Place[] {
  return Object.entries(schema).flatMap(([key, value]): readonly Place[] => {
    if (DATA.includes(key)) return [];
    if (key !== "properties")
      return objectsIn(value).map((inner) => ({ schema: inner, path: null }));
    return Object.entries(isObject(value) ? value : {}).flatMap(([name, inner]) =>
      isObject(inner) ? [{ schema: inner, path: path && [...path, name] }] : [],
    );
  });
}

function objectsIn(value: unknown): readonly JsonObject[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  return isObject(value) ? [value] : [];
}

/** What a call has at those places. What is not there, or of another kind, has no header. */
export function parameterValues(
  headers: ParameterHeaders,
  given: Readonly<Record<string, unknown>>,
): readonly (readonly [header: string, value: string])[] {
  return [...headers].flatMap(([header, path]): readonly (readonly [string, string])[] => {
    const value = path.reduce<unknown>((at, name) => (isObject(at) ? at[name] : null), given);
    const isWhole = typeof value === "number" && Number.isSafeInteger(value);
    const isPlain = typeof value === "string" || typeof value === "boolean" || isWhole;
    return isPlain ? [[header, String(value)]] : [];
  });
}
