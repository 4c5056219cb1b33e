/** One agent, or one of its tools, with what is counted of it and how high that stands. */
import type { Level } from "../../guards/breaker/level.ts";
import type { Subject } from "../../guards/breaker/rules.ts";
import type { Millis } from "../../guards/money.ts";
import type { Cells } from "./cells.ts";
import { type Packed, pack, unpack } from "./packed.ts";

export interface Counted {
  readonly subject: Subject;
  /** With counts that are not told yet, and that the store has not taken. */
  isUntold: boolean;
  isUnsent: boolean;
  /** A tool of which the store was asked whether it is new. */
  isMet: boolean;
  readonly cells: Cells;
  /** How it stands to each rule that it was ever held to; few, and often one alone. */
  levels: readonly Standing[];
}

interface Standing {
  readonly rule: string;
  level: Packed;
}

const NONE: readonly Standing[] = [];

export function newCounted(subject: Subject): Counted {
  return { subject, isUntold: false, isUnsent: false, isMet: false, cells: [], levels: NONE };
}

/** Null: it was never held to the rule of that name. */
export function levelOf({ levels }: Counted, rule: string): Level | null {
  const standing = levels.find((one) => one.rule === rule);
  return standing === undefined ? null : unpack(standing.level);
}

export function keepLevel(counted: Counted, rule: string, level: Level): void {
  const standing = counted.levels.find((one) => one.rule === rule);
  if (standing !== undefined) standing.level = pack(level, standing.level);
  else counted.levels = [...counted.levels, { rule, level: pack(level, null) }];
}

/** Keeps those that still say something. */
export function keepLevels(counted: Counted, says: (rule: string, level: Level) => boolean): void {
  const kept = counted.levels.filter(({ level, rule }) => says(rule, unpack(level)));
  if (kept.length < counted.levels.length) counted.levels = kept.length === 0 ? NONE : kept;
}

export function baseOf(now: Millis, baseMs: Millis): Millis {
  return Math.floor(now / baseMs) * baseMs;
}
