/** The permits of one limit on a tool's calls as this process holds them. */
import type { Millis } from "../guards/money.ts";
import type { Permits, ToolRate } from "../guards/rate-limit/permits.ts";
import type { PermitKey } from "../ports/store.ts";

/** The permits of one agent's tool. */
export interface Pool {
  readonly key: PermitKey;
  limit: ToolRate;
  permits: Permits;
  /** Calls that wait for the store's answer. */
  waiting: number;
  asking: Promise<void> | null;
  /** Monotonic: the store had no more. */
  shortUntil: Millis;
  wantedUntil: Millis;
}

/** Of one agent's tool; null: it has no such limit. */
export interface Pools {
  /** How often it is called. */
  readonly rate: Pool | null;
  /** How many of its calls are out at once. */
  readonly slots: Pool | null;
}
