import type { Statement } from "./connections.ts";
import type { Value } from "./values.ts";

/** Rows that one list may have, whatever is asked for. */
export const ROWS_MAX = 10_000;

/** Builds the conditions of one SELECT; values are always parameters. */
export interface Conditions {
  /** A condition without a value, if it is wanted. */
  when(wanted: boolean, text: string): Conditions;
  /** `text` up to the value, if there is a value. */
  given(text: string, value: Value | undefined): Conditions;
  select(table: string, order: string, limit: number): Statement;
}

export function conditions(): Conditions {
  const texts: string[] = [];
  const values: Value[] = [];
  const self: Conditions = {
    when(wanted, text) {
      if (wanted) texts.push(text);
      return self;
    },
    given(text, value) {
      if (value === undefined) return self;
      values.push(value);
      texts.push(`${text}($${values.length})`);
      return self;
    },
    select(table, order, limit) {
      const where = texts.length > 0 ? ` WHERE ${texts.join(" AND ")}` : "";
      const text = `SELECT * FROM ${table}${where} ${order} LIMIT $${values.length + 1}`;
      return { text, values: [...values, Math.min(limit, ROWS_MAX)] };
    },
  };
  return self;
}
