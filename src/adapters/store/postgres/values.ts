import { types } from "pg";
import type { Window } from "../../../guards/budget/budget.ts";
import type { Unit } from "../../../guards/budget/unit.ts";
import type { AccountState } from "../../../ports/store.ts";

const INT8 = 20;
const TEXT = 25;
const TEXT_LIST = 1009;

/** What a statement takes: lists become arrays. */
export type Value = string | number | bigint | boolean | null | Uint8Array | readonly Value[];

/**
 * PostgreSQL's text holds every character but NUL, and a name may hold any: one task with a NUL in
 * its name must not make a whole flush fail for ever. So NUL is written as U+0001 and "0", and
 * U+0001 as U+0001 and "1".
 */
export function encode(value: Value): Value {
  if (typeof value === "string") return hasEscape(value) ? escaped(value) : value;
  if (typeof value === "bigint") return value.toString();
  return Array.isArray(value) ? value.map(encode) : value;
}

function hasEscape(text: string): boolean {
  return text.includes("\u0000") || text.includes("\u0001");
}

function escaped(text: string): string {
  return text.replaceAll("\u0001", "\u00011").replaceAll("\u0000", "\u00010");
}

/** Of text that came inside JSON; a column's was decoded before. */
export function decodeText(text: string): string {
  return text.includes("\u0001")
    ? text.replaceAll("\u00010", "\u0000").replaceAll("\u00011", "\u0001")
    : text;
}

function decodeTexts(list: string): (string | null)[] {
  // A plain number, for the driver's types name no list.
  const texts: (string | null)[] = types.getTypeParser(Number(TEXT_LIST))(list);
  return texts.map((text) => (text === null ? null : decodeText(text)));
}

/** Types of one connection, not of the whole process: BIGINT is `bigint`, for money. */
export const TYPES: { getTypeParser: typeof types.getTypeParser } = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (oid === INT8) return BigInt;
    if (oid === TEXT) return decodeText;
    if (oid === TEXT_LIST) return decodeTexts;
    return types.getTypeParser(oid, format);
  },
};

/** An account as the database answers it. */
export interface AccountRow {
  readonly id: bigint;
  readonly budget: string;
  readonly scope: string;
  readonly unit: Unit;
  readonly window: Window;
  readonly starts: bigint;
  readonly ends: bigint | null;
  readonly limit_n: bigint;
  readonly spent: bigint;
  readonly leased: bigint;
  readonly forfeited: bigint;
  readonly committed: bigint;
  readonly open: boolean;
}

/** Row → port. Ids and instants are far below 2^53. */
export function accountState(row: AccountRow): AccountState {
  return {
    id: Number(row.id),
    budget: row.budget,
    scope: row.scope,
    unit: row.unit,
    window: row.window,
    starts: Number(row.starts),
    ends: row.ends === null ? null : Number(row.ends),
    limit: row.limit_n,
    spent: row.spent,
    leased: row.leased,
    forfeited: row.forfeited,
    committed: row.committed,
    open: row.open,
  };
}

/** An instant or number that may be missing. */
export function optionalNumber(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
