/** Where decisions by policy are recorded, beside the journal: OPA's decision log. */
import type { DecisionLogSettings } from "../../config/decision-log-settings.ts";
import type { NotedDecision } from "../../telemetry/decision-log/event.ts";

export interface DecisionRecords {
  /** Whether anything is done with them. */
  readonly isKept: boolean;
  /** Entries by what became of them, since this process began; null: none was ever kept. */
  readonly counts: Readonly<Record<string, number>> | null;
  /** Never throws, and never waits. */
  note(decision: NotedDecision): void;
  /** From now on as a new configuration says. */
  follow(settings: DecisionLogSettings | null): void;
}

export const NO_RECORDS: DecisionRecords = {
  isKept: false,
  counts: null,
  note: () => {},
  follow: () => {},
};
