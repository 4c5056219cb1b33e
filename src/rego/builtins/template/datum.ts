/** What expressions of a template are worth. */

import { jsonText } from "../../values/json.ts";
import { numberText } from "../../values/number.ts";
import { isList, objectOf, RegoObject, type Value } from "../../values/value.ts";
import { isNumeric } from "../builtin.ts";
import { elementsOf } from "../operands.ts";

/** A position or a length, which is a number to Go while numbers of data are texts. */
export class Whole {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** `undefined` is what is missing. */
export type Datum = Value | Whole | undefined;

/** As JSON has them: sets are arrays and keys are texts. */
export function dataOf(value: Value): Value {
  if (value instanceof RegoObject) {
    return objectOf(
      value
        .entries()
        .map(([key, each]) => [typeof key === "string" ? key : jsonText(key), dataOf(each)]),
    );
  }
  return elementsOf(value)?.map(dataOf) ?? value;
}

/** Of texts and of the numbers of data. */
export function textOfDatum(value: Datum): string | undefined {
  if (typeof value === "string") return value;
  if (value === undefined || value instanceof Whole || !isNumeric(value)) return undefined;
  return numberText(value);
}

export function isTrue(value: Datum): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  if (value instanceof Whole) return value.value !== 0;
  if (value instanceof RegoObject) return value.size > 0;
  if (isList(value)) return value.length > 0;
  return textOfDatum(value) !== "";
}

/** As Go prints it. */
export function shown(value: Datum): string {
  return value === undefined || value === null ? "<no value>" : shownInside(value);
}

function shownInside(value: Value | Whole): string {
  if (value === null) return "<nil>";
  if (value instanceof Whole) return String(value.value);
  if (value instanceof RegoObject) {
    return `map[${value
      .entries()
      .map(([key, each]) => `${shownInside(key)}:${shownInside(each)}`)
      .join(" ")}]`;
  }
  if (isList(value)) return `[${value.map(shownInside).join(" ")}]`;
  return textOfDatum(value) ?? String(value);
}
