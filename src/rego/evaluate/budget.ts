/** What one evaluation may use before it is stopped: a policy that loops or explodes is refused. */
import { EvaluationError } from "../errors.ts";

export interface Limits {
  /** Expressions tried, elements looked at and made, each 16 characters of text made. */
  readonly steps: number;
  /** Rules and functions within one another. */
  readonly depth: number;
  /** Whether the time is over; asked every thousand steps. */
  expired(): boolean;
}

const LOOK_AT_CLOCK_EVERY = 1_000;

export class Budget {
  readonly #limits: Limits;
  #steps = 0;
  #nextLook: number;
  #depth = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#nextLook = nextLook(0, limits);
  }

  get used(): number {
    return this.#steps;
  }

  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps >= this.#nextLook) this.#look();
  }

  #look(): void {
    const { steps } = this.#limits;
    if (!(this.#steps <= steps)) throw exceeded(`it took more than ${steps} steps`);
    this.#nextLook = nextLook(this.#steps, this.#limits);
    if (this.#limits.expired()) throw exceeded(`its time was over after ${this.#steps} steps`);
  }

  enter(): void {
    this.#depth += 1;
    this.spend(1);
    if (this.#depth > this.#limits.depth) {
      throw exceeded(`rules were nested more than ${this.#limits.depth} deep`);
    }
  }

  leave(): void {
    this.#depth -= 1;
  }
}

/** At the clock, or at the first step too many if that comes before. */
function nextLook(used: number, { steps }: Limits): number {
  return Math.min(used + LOOK_AT_CLOCK_EVERY, steps + 1);
}

function exceeded(why: string): EvaluationError {
  return new EvaluationError("eval_limit_error", `evaluation was stopped: ${why}`);
}
