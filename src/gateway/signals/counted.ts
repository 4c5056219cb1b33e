/** One agent, or one of its tools, with what is counted of it and how high that stands. */
import type { Level } from "../../guards/breaker/level.ts";
import type { Count } from "../../guards/breaker/measure.ts";
import type { Subject } from "../../guards/breaker/rules.ts";
import type { Millis } from "../../guards/money.ts";

/** One count within one piece of time. */
export interface Cell {
  /** Of this gateway: so far, as the store knows it, and as the breakers do. */
  own: number;
  sent: number;
  told: number;
  /** Of all others together. */
  others: number;
}

export interface Piece {
  readonly start: Millis;
  readonly cells: Partial<Record<Count, Cell>>;
}

export interface Counted {
  readonly subject: Subject;
  /** With counts that are not told yet, and that the store has not taken. */
  isUntold: boolean;
  isUnsent: boolean;
  /** A tool of which the store was asked whether it is new. */
  isMet: boolean;
  /** Those that may still grow, in the order in which they were begun. */
  readonly open: Piece[];
  /** By the name of the rule. */
  readonly levels: Map<string, Level>;
}

export function newCounted(subject: Subject): Counted {
  const isNot = { isUntold: false, isUnsent: false, isMet: false };
  return { subject, ...isNot, open: [], levels: new Map() };
}

export function baseOf(now: Millis, baseMs: Millis): Millis {
  return Math.floor(now / baseMs) * baseMs;
}
