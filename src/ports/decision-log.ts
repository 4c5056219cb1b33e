/**
 * The decision log of policies: one entry for each decision, with the fields and names that OPA
 * gives its own, so that whatever reads OPA's reads ours.
 */

/** `EventV1` of OPA. JSON throughout; it never changes once it is made. */
export interface DecisionEvent {
  /** What wrote it: `id` and `version` of the gateway, and the operator's own. */
  readonly labels: Readonly<Record<string, string>>;
  readonly decision_id: string;
  /** 16 bytes in hex, of the call's trace. */
  readonly trace_id?: string;
  /** 8 bytes in hex. */
  readonly span_id?: string;
  readonly bundles: Readonly<Record<string, { readonly revision: string }>>;
  /** What was asked, below `data`: `agent/authz/allow`. */
  readonly path: string;
  /** Absent: erased, or left out for the reason that `error` says. */
  readonly input?: unknown;
  /** Absent: undefined, erased, or left out. */
  readonly result?: unknown;
  readonly error?: DecisionError;
  /** Pointers to what was taken out, percent-encoded: `/input/user/name`. */
  readonly erased?: readonly string[];
  /** Pointers to what was put in another value's place. */
  readonly masked?: readonly string[];
  readonly requested_by: string;
  /** RFC 3339, in UTC, to the millisecond. */
  readonly timestamp: string;
  readonly metrics: { readonly timer_rego_query_eval_ns?: number };
  /** Counts the decisions of one process, from 1. */
  readonly req_id: number;
  readonly custom?: Readonly<Record<string, unknown>>;
}

export interface DecisionError {
  readonly code: string;
  readonly message: string;
}

/**
 * Where entries go. One `send` at a time. It resolves once all of them were taken, and rejects
 * where they were not, or where nobody knows: then the very same objects are sent again. It ends by
 * itself within a time of its own, and what it rejects with says nothing of its secrets.
 */
export interface DecisionSink {
  /** `file`, `http`, `otel`. */
  readonly kind: string;
  send(events: readonly DecisionEvent[]): Promise<void>;
  /** What is under way ends at once; all after is rejected. */
  close(): Promise<void>;
}

/**
 * What `send` rejects with where these very entries would never be taken, however often they are
 * sent: they are then sent in smaller parts, and the one that is refused alone is given up.
 */
export interface DecisionsRefused extends Error {
  readonly refused: true;
}
