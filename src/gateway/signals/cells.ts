/**
 * What is counted within the pieces of time that may still grow. Rows of plain numbers, changed in
 * place: of a hundred thousand agents nothing else stays small, or quick to be collected.
 */
import { COUNTS, type Count } from "../../guards/breaker/measure.ts";
import type { Millis } from "../../guards/money.ts";

/** Pieces that may still grow: this minute's, and what gateways say late of the ones before. */
export const OPEN_MAX = 2;

/** Row after row, in the order in which the pieces were begun. */
export type Cells = number[];

/** Where a row has what. */
const START = 0;
const WHAT = 1;
/** Of this gateway: so far, as the store knows it, and as the breakers do. */
export const OWN = 2;
export const SENT = 3;
export const TOLD = 4;
/** Of all others together. */
export const OTHERS = 5;
const ROW = 6;

export type Column = typeof OWN | typeof SENT | typeof TOLD | typeof OTHERS;

/** The row of a count within a piece, which is begun if there is none. */
export function cellOf(cells: Cells, start: Millis, what: Count): number {
  const known = findCell(cells, start, what);
  if (known !== null) return known;
  dropOldest(cells, start);
  cells.push(start, COUNTS.indexOf(what), 0, 0, 0, 0);
  return cells.length - ROW;
}

/** Null: nothing was counted. */
export function findCell(cells: Cells, start: Millis, what: Count): number | null {
  for (let row = 0; row < cells.length; row += ROW) {
    if (cells[row] === start && COUNTS[numberIn(cells, row + WHAT)] === what) return row;
  }
  return null;
}

export function* rowsIn(cells: Cells): Iterable<number> {
  for (let row = 0; row < cells.length; row += ROW) yield row;
}

export function read(cells: Cells, row: number, column: Column): number {
  return numberIn(cells, row + column);
}

export function write(cells: Cells, row: number, column: Column, value: number): void {
  cells[row + column] = value;
}

export function startOf(cells: Cells, row: number): Millis {
  return numberIn(cells, row + START);
}

export function whatOf(cells: Cells, row: number): Count {
  return COUNTS[numberIn(cells, row + WHAT)] ?? COUNTS[0];
}

/** Makes room for one more piece, where this one is not begun yet. */
function dropOldest(cells: Cells, start: Millis): void {
  const starts = new Set([start]);
  for (const row of rowsIn(cells)) starts.add(startOf(cells, row));
  if (starts.size <= OPEN_MAX) return;
  const oldest = cells[START];
  let kept = 0;
  for (let row = 0; row < cells.length; row += ROW) {
    if (cells[row] === oldest) continue;
    cells.copyWithin(kept, row, row + ROW);
    kept += ROW;
  }
  cells.length = kept;
}

function numberIn(cells: Cells, place: number): number {
  return cells[place] ?? 0;
}
