/** The permits of one rate limit as this process holds them. */
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
