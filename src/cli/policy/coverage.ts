/** Which lines of policies the tests evaluated. */
import { evaluableParts, type Module, type Position } from "../../rego/index.ts";

export interface Coverage {
  /** Of all lines that can be evaluated; 100 where there are none. */
  readonly percent: number;
  readonly files: readonly FileCoverage[];
}

export interface FileCoverage {
  readonly file: string;
  readonly percent: number;
  readonly lines: number;
  readonly not_covered: readonly number[];
}

export class Covered {
  /** By their files, as `row` and as `row:col`. */
  readonly #places = new Map<string, Set<string>>();

  readonly visit = ({ col, file, row }: Position): void => {
    let places = this.#places.get(file);
    if (places === undefined) {
      places = new Set();
      this.#places.set(file, places);
    }
    places.add(`${row}`).add(`${row}:${col}`);
  };

  of(modules: readonly Module[]): Coverage {
    const files = modules.map((module) => this.#fileOf(module)).filter(({ lines }) => lines > 0);
    const lines = files.reduce((sum, each) => sum + each.lines, 0);
    const missed = files.reduce((sum, each) => sum + each.not_covered.length, 0);
    return { percent: percentOf(lines - missed, lines), files };
  }

  /** A line of a body counts once it is tried; one that begins a rule, once the rule has held. */
  #fileOf(module: Module): FileCoverage {
    const { heads, lines } = evaluableParts(module);
    const places = this.#places.get(module.file) ?? new Set();
    const missed = new Set([
      ...heads.filter(({ col, row }) => !places.has(`${row}:${col}`)).map(({ row }) => row),
      ...lines.filter(({ row }) => !places.has(`${row}`)).map(({ row }) => row),
    ]);
    const { size } = new Set([...heads, ...lines].map(({ row }) => row));
    const percent = percentOf(size - missed.size, size);
    const not_covered = [...missed].sort((one, other) => one - other);
    return { file: module.file, percent, lines: size, not_covered };
  }
}

/** Never rounded up: 100 is all of it. */
function percentOf(part: number, whole: number): number {
  return whole === 0 ? 100 : Math.floor((part / whole) * 1000) / 10;
}

/** `3, 5–7` */
export function rowsText(rows: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const row of rows) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === row - 1) last[1] = row;
    else ranges.push([row, row]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}
