/** What a program is told when a call of its was refused. */

/** One refusal, as the gateway told it. */
export interface Refused {
  /** Of docs/refusals.md, such as `manifest.unknown-tool`. */
  readonly code: string;
  readonly reasons: readonly string[];
  /** Seconds after which it may be tried again; null: it is of no use, or nobody knows. */
  readonly retryAfter: number | null;
  /** For `slipclutch explain`; null where the gateway was not reached. */
  readonly decision: string | null;
  /** Set while the call waits for a person. */
  readonly parked: Parked | null;
}

export interface Parked {
  readonly id: string;
  readonly url: string;
}

/** The call was refused: the tool did not run, unless its message says that it may have. */
export class DeniedError extends Error implements Refused {
  override readonly name = "DeniedError";
  readonly code: string;
  readonly reasons: readonly string[];
  readonly retryAfter: number | null;
  readonly decision: string | null;
  readonly parked: Parked | null;

  constructor(refused: Refused, options?: ErrorOptions) {
    super(`${refused.code}: ${refused.reasons.join(" ")}`, options);
    this.code = refused.code;
    this.reasons = refused.reasons;
    this.retryAfter = refused.retryAfter;
    this.decision = refused.decision;
    this.parked = refused.parked;
  }
}

/** Nothing was decided, so nothing is allowed. */
export function unsure(reason: string, cause?: unknown): DeniedError {
  const nothing = { retryAfter: null, decision: null, parked: null };
  return new DeniedError({ code: "gateway.unsure", reasons: [reason], ...nothing }, { cause });
}
