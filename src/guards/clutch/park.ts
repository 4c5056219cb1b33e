/** The third verdict: the call waits, durably, until a person or a condition lets it go. */

export interface Park {
  readonly kind: "park";
  readonly cause: "clutch" | "approval" | "budget";
  /** The review that decides. */
  readonly review: string;
}
