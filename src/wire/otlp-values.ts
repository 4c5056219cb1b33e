/** Attributes, as OTLP writes them in JSON. */

/** A whole number is a `number`; what may have a fraction says so, and stays of one type. */
export type Value = string | number | boolean | readonly string[] | { readonly double: number };

export type Attributes = Readonly<Record<string, Value>>;

export function pairsOf(attributes: Attributes): readonly object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: typed(value) }));
}

function typed(value: Value): object {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "number":
      return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    case "object":
      if ("double" in value) return { doubleValue: value.double };
      return { arrayValue: { values: value.map(typed) } };
  }
}
