/** What is told of a commitment later on, after its call has ended. */
export interface Committed {
  /** That which opened it. */
  readonly decision: string;
  readonly agent: string;
  readonly task: string;
  readonly server: string;
  readonly tool: string;
  /** What its call made, as JSON; null: nobody knows. */
  readonly service: string | null;
  /** Nano-USD, as text: it may be more than a number counts. */
  readonly perHour: string;
  /** What it has cost so far, likewise. */
  readonly accrued: string;
}
