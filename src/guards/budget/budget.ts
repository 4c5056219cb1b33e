/** A cap on money, tokens or calls over a scope and a window. */
import type { Unit } from "./unit.ts";

export const SCOPES = ["org", "team", "agent", "task", "key", "model", "tool"] as const;
export type Scope = (typeof SCOPES)[number];

export const WINDOWS = ["task", "lifetime", "day", "month"] as const;
export type Window = (typeof WINDOWS)[number];

export interface Budget {
  readonly name: string;
  /**
   * A call draws on it only if all of these are its own: `{ agent: "support" }`. Empty: every call.
   */
  readonly only: Readonly<Partial<Record<Scope, string>>>;
  /** One account for each value of this scope; null: one account for all. */
  readonly each: Scope | null;
  /** What it counts, and the most of it: nano-USD, tokens or calls. */
  readonly unit: Unit;
  readonly limit: bigint;
  /** `task` only with `each: task`. Calendar windows are UTC. */
  readonly window: Window;
  /** What a call comes to that can never fit: it is refused, or it waits for more. */
  readonly onExhausted: "deny" | "park";
}
