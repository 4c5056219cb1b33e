/** One thing in which two guardrails folders differ, in words. */

/** `may-be-wider`: not proven to be narrower, which counts as wider. */
export type Direction = "wider" | "may-be-wider" | "narrower" | "other";

export interface Change {
  readonly direction: Direction;
  /** Null: of all agents, or of the gateway. */
  readonly agent: string | null;
  /** What it is about: a tool, a model, a budget, a field. */
  readonly about: string;
  /** A sentence about it, without its full stop. */
  readonly says: string;
  /** What differs inside it, where that is more than one thing. */
  readonly details: readonly string[];
}

/** Whose the change is, and what of. */
export type About = Pick<Change, "agent" | "about">;

/** More of it is wider, less of it is narrower. */
export function byAmount(before: number | bigint, after: number | bigint): Direction {
  if (before === after) return "other";
  return after > before ? "wider" : "narrower";
}

export function change(
  { about, agent }: About,
  direction: Direction,
  says: string,
  details: readonly string[] = [],
): Change {
  return { direction, agent, about, says, details };
}

/** Whether somebody has to look at it. */
export function isWidening({ direction }: Change): boolean {
  return direction === "wider" || direction === "may-be-wider";
}
