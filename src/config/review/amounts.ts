/** Amounts as a reviewer reads them: how much may be what, instead of how much. */
import type { Millis } from "../../guards/money.ts";
import { formatUsd } from "../../guards/money.ts";
import { type About, type Change, change, type Direction } from "./change.ts";

/** What an amount means. Null is an amount without an end, which is more than any other. */
export interface Amount {
  /** `may have ${amount} calls out at once`: what it was before is told behind it. */
  readonly says: (amount: string) => string;
  /** Default: the number. */
  readonly words?: (amount: number) => string;
  /** In place of an amount. Default `any number of`, and `any number` of what was before. */
  readonly none?: string;
  /** What more of it means. Default `wider`. */
  readonly more?: Direction;
  /** Default `narrower`. */
  readonly less?: Direction;
}

export function amountChanges(
  about: About,
  before: number | null,
  after: number | null,
  amount: Amount,
): Change[] {
  if (before === after) return [];
  const { less = "narrower", more = "wider", none, says, words = String } = amount;
  const now = after === null ? (none ?? "any number of") : words(after);
  const then = before === null ? (none ?? "any number") : words(before);
  const isMore = after === null || (before !== null && after > before);
  return [change(about, isMore ? more : less, `${says(now)} instead of ${then}`)];
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** As it would be written in the folder: `90s`, `1h`. */
export function durationWords(length: Millis): string {
  const [unit = "ms", unitMs = 1] = UNITS.find(([, each]) => length % each === 0) ?? [];
  return `${length / unitMs}${unit}`;
}

export function usdWords(nanoUsd: number): string {
  return `$${formatUsd(nanoUsd)}`;
}
