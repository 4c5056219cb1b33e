/** Where decisions by policy are logged. */

/** At least one of the three is there. */
export interface DecisionLogSettings {
  /** Absolute. */
  readonly file: string | null;
  readonly http: DecisionHttpSettings | null;
  readonly otel: DecisionOtelSettings | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** Neither token nor headers: never in a log, an error or the digest. */
export interface DecisionHttpSettings {
  /** Without `/logs`. */
  readonly url: string;
  readonly token: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Headers as above. */
export interface DecisionOtelSettings {
  /** Without `/v1/logs`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}
