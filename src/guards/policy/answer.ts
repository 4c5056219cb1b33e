/** What an engine says when it is asked a policy, whichever engine it is. */

export type PolicyAnswer =
  /**
   * JSON: sets are arrays in any order. Fractions are the nearest doubles; a whole number beyond
   * 2^53 - 1 is never rounded but fails, in every engine.
   */
  | { readonly kind: "value"; readonly value: unknown; readonly trace?: PolicyTrace }
  | { readonly kind: "undefined"; readonly trace?: PolicyTrace }
  /** Anything else, a time-out among it: the call is refused. */
  | { readonly kind: "failed"; readonly code: PolicyFailure; readonly because: string };

/** Where to find the decision in the records of an engine that keeps its own. */
export interface PolicyTrace {
  readonly decisionId: string | null;
  /** Of its bundles, by their names. */
  readonly revisions: Readonly<Record<string, string>>;
}

export type PolicyFailure =
  /** The policy itself failed: a built-in's error, two values of one rule. */
  | "error"
  /** More time, steps, depth or memory than it was given. */
  | "limit"
  /** The engine could not be asked, or answered with what is no answer. */
  | "unreachable";

/** A JSON object. */
export type PolicyDocument = Readonly<Record<string, unknown>>;

export interface Question {
  /** Nanoseconds since 1970: what `time.now_ns` answers. */
  readonly now: bigint;
  readonly timeoutMs: number;
}
