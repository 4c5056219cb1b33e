/**
 * The runs of one agent under one rule. Most calls are made once: of these only so much is kept as
 * tells whether the next is the same, as numbers one after the other.
 */
import type { StuckRule } from "../../guards/breaker/rules.ts";
import type { Run } from "../../guards/breaker/stuck.ts";
import { withOne } from "../../guards/breaker/tally.ts";
import type { Millis } from "../../guards/money.ts";
import { Newest } from "../newest.ts";
import { fingerprintOf } from "./fingerprint.ts";

/** Different calls of one agent that a rule watches at once. */
const RUNS_MAX = 128;

/** Where the row of a call that was made once has what, oldest row first. */
const PRINT = 0;
const RESULT = 1;
const LAST_AT = 2;
const ROW = 3;
/** It had no result. */
const NONE = Number.NaN;

/** What stands for a result in a run: nothing but to tell results apart. */
export function resultOf(result: string | null): string | null {
  return result === null ? null : String(fingerprintOf(result));
}

export class Runs {
  readonly #once: number[] = [];
  /** By its name; null: no call was made twice. */
  #more: Newest<Run> | null = null;

  get(name: string, rule: StuckRule): Run | null {
    const known = this.#more?.get(name);
    if (known !== undefined) return known;
    const row = this.#rowOf(fingerprintOf(name));
    if (row === null) return null;
    const result = this.#number(row + RESULT);
    const lastAt = this.#number(row + LAST_AT);
    return {
      result: Number.isNaN(result) ? null : String(result),
      lastAt,
      calls: withOne([], rule.windowMs, lastAt),
    };
  }

  set(name: string, run: Run): void {
    const print = fingerprintOf(name);
    this.#deleteRow(this.#rowOf(print));
    if (isOne(run)) {
      this.#more?.delete(name);
      this.#once.push(print, run.result === null ? NONE : Number(run.result), run.lastAt);
    } else {
      this.#more ??= new Newest(RUNS_MAX);
      this.#more.set(name, run);
    }
    if (this.#size > RUNS_MAX) this.#deleteOldest();
  }

  /** Those that are more than a single call. */
  names(): Iterable<string> {
    return this.#more?.keys() ?? [];
  }

  /** Forgets what was last seen then or before; whether anything is left. */
  prune(until: Millis): boolean {
    while (this.#once.length > 0 && this.#number(LAST_AT) <= until) this.#deleteRow(0);
    const more = this.#more;
    for (const name of more?.keys() ?? []) {
      if ((more?.get(name)?.lastAt ?? until) <= until) more?.delete(name);
    }
    if (more?.size === 0) this.#more = null;
    return this.#size > 0;
  }

  get #size(): number {
    return this.#once.length / ROW + (this.#more?.size ?? 0);
  }

  #rowOf(print: number): number | null {
    const once = this.#once;
    for (let row = 0; row < once.length; row += ROW) {
      if (once[row + PRINT] === print) return row;
    }
    return null;
  }

  #deleteRow(row: number | null): void {
    if (row !== null) this.#once.splice(row, ROW);
  }

  #deleteOldest(): void {
    const [name] = this.#more?.keys() ?? [];
    const longer = name === undefined ? undefined : this.#more?.get(name);
    const isRow = longer === undefined || this.#number(LAST_AT) < longer.lastAt;
    if (this.#once.length > 0 && isRow) this.#deleteRow(0);
    else if (name !== undefined) this.#more?.delete(name);
  }

  #number(place: number): number {
    return this.#once[place] ?? 0;
  }
}

/** All that it is follows from when and how it ended. */
function isOne({ calls }: Run): boolean {
  return calls.length === 1 && calls[0]?.calls === 1;
}
