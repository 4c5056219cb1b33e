/** The tasks of the agents. */
import type { Millis } from "../guards/money.ts";

export type TaskEnd = "ok" | "failed" | "unknown";

export interface TaskRecord {
  /** As the agent names it; unique for that agent. */
  readonly id: string;
  readonly agent: string;
  readonly parent: string | null;
  readonly depth: number;
  /** The files of the configuration that was in force when it began. */
  readonly bundle: string;
  readonly openedAt: Millis;
  readonly lastSeenAt: Millis;
  readonly endedAt: Millis | null;
  readonly outcome: TaskEnd | null;
}

export interface TaskLimits {
  /** Tasks that an agent may open in any hour; unnamed ones are not counted. */
  readonly newPerHour: number;
  readonly aliveMax: number;
  readonly depthMax: number;
  readonly childrenMax: number;
}

export interface TaskOpen {
  readonly id: string;
  readonly agent: string;
  readonly parent: string | null;
  readonly bundle: string;
  readonly at: Millis;
  /** The shared task of a key and day: never counted against `newPerHour`. */
  readonly unnamed: boolean;
  readonly limits: TaskLimits;
}

export type TaskOpened =
  /** Made now, or there before (also when it has ended: see `endedAt`). */
  | { readonly kind: "ok"; readonly task: TaskRecord; readonly made: boolean }
  | { readonly kind: "too-many"; readonly limit: keyof TaskLimits; readonly max: number }
  | { readonly kind: "no-parent" };

/** Names a task; `id` is unique for its agent alone. */
export type TaskRef = Pick<TaskRecord, "agent" | "id">;

export interface TaskStore {
  /** Counts and inserts in one transaction, so that two gateways cannot pass a limit together. */
  open(task: TaskOpen): Promise<TaskOpened>;
  /** False if there is none or it had ended. Ends its descendants with it. */
  end(agent: string, id: string, outcome: TaskEnd, at: Millis): Promise<boolean>;
  /** Totals: `lastSeenAt` never goes back. */
  touch(
    seen: readonly { readonly agent: string; readonly id: string; readonly at: Millis }[],
  ): Promise<void>;
  /**
   * Ends as unknown what was not seen since `before`; the answer says which. At most `limit` at
   * once. An unnamed task is named for a calendar day and would be gone for the rest of it, so one
   * that was opened less than `UNNAMED_MS` (in `guards/task/unnamed.ts`) before `at` is left alone.
   */
  endIdle(agent: string, before: Millis, at: Millis, limit: number): Promise<readonly string[]>;
  find(agent: string, id: string): Promise<TaskRecord | null>;
  /** Those of them that have ended; one that is not there has not. */
  ended(tasks: readonly TaskRef[]): Promise<readonly TaskRef[]>;
  list(filter: {
    readonly agent?: string;
    readonly alive?: boolean;
    readonly limit: number;
  }): Promise<readonly TaskRecord[]>;
}
