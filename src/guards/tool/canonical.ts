/**
 * One text for one JSON value, whatever order its keys came in: what digests are made of. Keys are
 * sorted by UTF-16 units, numbers and strings are written as `JSON.stringify` does (RFC 8785).
 */

/** Deeper than any arguments that a tool takes, and far from the end of the stack. */
export const DEPTH_MAX = 64;

/** Null: no JSON value, or nested deeper than `DEPTH_MAX`. Two such values have no common text. */
export function canonicalJson(value: unknown, depthMax: number = DEPTH_MAX): string | null {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? JSON.stringify(value) : null;
    case "object":
      if (value === null) return "null";
      if (depthMax <= 0) return null;
      return Array.isArray(value) ? arrayText(value, depthMax) : objectText(value, depthMax);
    case "undefined":
    case "bigint":
    case "function":
    case "symbol":
      return null;
  }
}

function arrayText(values: readonly unknown[], depthMax: number): string | null {
  const texts: string[] = [];
  for (const value of values) {
    const text = canonicalJson(value, depthMax - 1);
    if (text === null) return null;
    texts.push(text);
  }
  return `[${texts.join(",")}]`;
}

function objectText(object: object, depthMax: number): string | null {
  const entries = Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  const texts: string[] = [];
  for (const [key, value] of entries) {
    const text = canonicalJson(value, depthMax - 1);
    if (text === null) return null;
    texts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${texts.join(",")}}`;
}
