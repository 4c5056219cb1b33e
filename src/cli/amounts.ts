/** Amounts for people, each in the unit of its row. */
import { amountOf, type InUnit, UNIT_NAMES, type Unit } from "../guards/budget/unit.ts";
import type { Column } from "./paint.ts";

interface Counted {
  readonly unit: Unit;
}

function isMoney(rows: readonly Counted[]): boolean {
  return rows.every(({ unit }) => unit === "usd");
}

/** Where all is money its title says so; else each row says what it counts. */
export function amountColumn<Name extends string, Row extends InUnit<Name> & Counted>(
  rows: readonly Row[],
  name: Name,
): Column<Row> {
  const title = isMoney(rows) ? `${name} $` : name;
  return { title, text: (row) => amountOf(row, name), align: "right" };
}

/** What each row counts: no column where all is money. */
export function unitColumn<Row extends Counted>(rows: readonly Row[]): Column<Row>[] {
  return isMoney(rows) ? [] : [{ title: "unit", text: ({ unit }) => UNIT_NAMES[unit] }];
}

/** "$0.5", or "300 tokens". */
export function amountText(unit: Unit, amount: string): string {
  return unit === "usd" ? `$${amount}` : `${amount} ${UNIT_NAMES[unit]}`;
}
