import type { Millis } from "../../../guards/money.ts";
import type { ErrorText } from "./errors.ts";
import type { OperationName } from "./operations.ts";
import type { Change } from "./transaction.ts";

/** How a worker is started. */
export interface WorkerOptions {
  readonly path: string;
  /** A reader has a connection of its own, so that no long question stands before a beat. */
  readonly readOnly: boolean;
  /** The first writer of this process: what processes before it had sent can come no more. */
  readonly first: boolean;
}

/** To the worker. */
export type Request =
  | {
      readonly no: number;
      readonly operation: OperationName;
      readonly now: Millis;
      readonly asked: readonly unknown[];
    }
  /** Finish what has come, close the file, end. */
  | "end";

/** From the worker: once when it has opened the file, then once for each batch. */
export type Report =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly error: ErrorText }
  | {
      readonly kind: "batch";
      readonly answers: readonly Answer[];
      readonly told: readonly Change[];
    };

/** What became of one request: durable when it is sent. */
export type Answer =
  | { readonly no: number; readonly value: unknown }
  | { readonly no: number; readonly error: ErrorText };
