/** What a gateway knows of itself, its budgets and its decisions. Amounts are in their unit. */
import type { Issue } from "../config/configuration.ts";
import type { Window } from "../guards/budget/budget.ts";
import type { Forecast } from "../guards/budget/forecast.ts";
import type { Unit } from "../guards/budget/unit.ts";
import type { Event } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";

export interface Status {
  readonly version: string;
  readonly configuration: string;
  /** Of Git, where the folder is kept there. */
  readonly commit: string | null;
  /** Null: a folder on this disk. */
  readonly remote: RemoteState | null;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Millis;
  readonly agentUrl: string;
  readonly controlUrl: string;
  readonly ready: Readiness;
  readonly store: {
    readonly kind: string;
    readonly up: boolean;
    readonly heartbeatAgeMs: Millis;
    /** Live gateways on this store, this one included. */
    readonly gateways: number;
  };
  readonly callsInFlight: number;
  readonly agents: readonly string[];
  /** Those of them whose clutch is not engaged. */
  readonly agentsPaused: readonly string[];
  readonly providers: readonly { readonly name: string; readonly kind: string }[];
  /** Day the built-in price table was made, ISO date. */
  readonly pricesFrom: string;
  readonly modelsFlagged: number;
}

/** How the Git remote is that the configuration comes from. */
export interface RemoteState {
  readonly source: string;
  /** The newest that it has shown, in force or not. */
  readonly commit: string | null;
  readonly answeredAt: Millis | null;
  /** It does not answer, or not with what is asked for. */
  readonly lost: { readonly since: Millis; readonly because: string } | null;
  /** That commit does not hold: what was in force before still is. */
  readonly rejected: {
    readonly commit: string;
    readonly at: Millis;
    readonly issues: readonly Issue[];
  } | null;
}

/** Whether calls can be admitted now, and if not, why. */
export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly because: string };

/** One account, as the store and this process know it together. */
export interface BudgetAccount {
  readonly budget: string;
  /** Value of the budget's scope; "" for a budget with one account. */
  readonly scope: string;
  readonly perTask: boolean;
  readonly unit: Unit;
  readonly window: Window;
  /** 0 for windows without a start. */
  readonly starts: Millis;
  readonly ends: Millis | null;
  readonly limit: bigint;
  readonly spent: bigint;
  readonly reserved: bigint;
  readonly leased: bigint;
  readonly forfeited: bigint;
  readonly committed: bigint;
  readonly remaining: bigint;
}

export interface BudgetState extends BudgetAccount {
  readonly forecast: Forecast;
}

/** What one account has spent when, and what the windows before it have. */
export interface BudgetHistory {
  readonly state: BudgetState;
  readonly onExhausted: "deny" | "park";
  readonly barMs: Millis;
  /** Of this window, oldest first; what began before it began with it. */
  readonly bars: readonly { readonly at: Millis; readonly spent: bigint }[];
  /** Spent in this window at a time that is not known, so that it is in no bar. */
  readonly unplaced: bigint;
  /** Windows that are over, oldest first. */
  readonly before: readonly PastWindow[];
}

export interface PastWindow {
  readonly starts: Millis;
  readonly ends: Millis;
  readonly limit: bigint;
  readonly spent: bigint;
}

/** One event about a decision. */
export interface Recorded {
  readonly at: Millis;
  readonly event: Event;
  /** Position in the journal; null while it is only in this process. */
  readonly position: number | null;
}

/** Everything that is known of one decision. */
export interface DecisionRecords {
  readonly records: readonly Recorded[];
  /** The call is in flight in this process at this moment. */
  readonly inFlight: boolean;
  /** The process that admitted it died before it settled: what it held was forfeited. */
  readonly lostAt: Millis | null;
}
