/** What is wrong with a document, and how well it fits all the same. */
import type { Value } from "../values/value.ts";

export interface Problem {
  readonly type: string;
  /** The path to the part, `(Root)` for the document itself. */
  readonly field: string;
  readonly description: string;
}

/** Where a value stands in the document. */
export type Place = readonly string[];

/** One part of a schema. The order of problems is that of keywords and of sorted keys. */
export type Check = (value: Value, place: Place, outcome: Outcome) => void;

/**
 * The score tells which of several schemas was probably meant: a point for each step that was
 * taken, less two for each problem.
 */
export class Outcome {
  readonly #problems: Problem[] = [];
  #score = 0;

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  get score(): number {
    return this.#score;
  }

  get isValid(): boolean {
    return this.#problems.length === 0;
  }

  fail(type: string, place: Place, description: string): void {
    this.#problems.push({ type, field: fieldOf(place), description });
    this.#score -= 2;
  }

  merge(other: Outcome): void {
    this.#problems.push(...other.problems);
    this.#score += other.score;
  }

  step(): void {
    this.#score += 1;
  }
}

export function fieldOf(place: Place): string {
  return place.length === 0 ? "(Root)" : place.join(".");
}

export function outcomeOf(check: Check, value: Value, place: Place): Outcome {
  const outcome = new Outcome();
  check(value, place, outcome);
  return outcome;
}

/** Of those that did not fit the one that came closest; the first of equals. */
export function closest(outcomes: readonly Outcome[]): Outcome | undefined {
  const failed = outcomes.filter(({ isValid }) => !isValid);
  return failed.reduce<Outcome | undefined>((best, each) => {
    return best === undefined || each.score > best.score ? each : best;
  }, undefined);
}
