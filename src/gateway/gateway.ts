/** Everything that serving calls needs, put together once by `compose.ts`. */
import type { Event } from "../guards/events.ts";
import type { Chance, Clock } from "../ports/clock.ts";
import type { Heap } from "../ports/heap.ts";
import type { Store, TaskEnd } from "../ports/store.ts";
import type { Activity } from "../telemetry/activity.ts";
import type { Log } from "../telemetry/log.ts";
import { logEvent } from "../telemetry/log-events.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Traces } from "../telemetry/traces.ts";
import type { Allowance } from "./allowance.ts";
import type { TakenOut } from "./answered/taken-out.ts";
import type { Withheld } from "./answered/withheld.ts";
import type { Call } from "./call.ts";
import type { Cashier } from "./cashier.ts";
import type { Clutches } from "./clutches.ts";
import type { Owed } from "./commitments/owed.ts";
import type { DecisionParts } from "./decisions/parts.ts";
import type { Flags } from "./flags.ts";
import type { Flusher } from "./flush.ts";
import type { Holding } from "./holding.ts";
import type { InFlights } from "./in-flight.ts";
import type { Inputs } from "./inputs.ts";
import type { Keys } from "./keys.ts";
import type { Messages } from "./messages.ts";
import type { Alerts } from "./notifying/alerts.ts";
import type { Observation } from "./observation.ts";
import type { Lot } from "./parking/lot.ts";
import type { Recent } from "./parking/recent.ts";
import type { Seal } from "./parking/seal.ts";
import type { Past } from "./past.ts";
import type { DecisionRecords } from "./policies/records.ts";
import type { Rates } from "./rates.ts";
import type { Ruleset } from "./ruleset.ts";
import type { Signals } from "./signals/signals.ts";
import type { Tasks } from "./tasks.ts";
import type { Tenure } from "./tenure.ts";
import type { Transcripts } from "./transcripts/transcripts.ts";

export interface Gateway extends DecisionParts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly heap: Heap;
  /** Of this program. */
  readonly version: string;
  readonly machine: { readonly host: string };
  readonly log: Log;
  readonly metrics: Metrics;
  readonly activity: Activity;
  /** Null: nobody collects them. */
  readonly traces: Traces | null;
  readonly store: Store;
  readonly holding: Holding;
  readonly cashier: Cashier;
  readonly flusher: Flusher;
  readonly rates: Rates;
  readonly clutches: Clutches;
  readonly lot: Lot;
  /** What reviewers have said to agents that go on. */
  readonly messages: Messages;
  readonly recent: Recent;
  readonly seal: Seal;
  readonly signals: Signals;
  /** Alarms that people are to be told of. */
  readonly alerts: Alerts;
  readonly withheld: Withheld;
  readonly takenOut: TakenOut;
  readonly keys: Keys;
  readonly tasks: Tasks;
  /** What running tasks began with. */
  readonly past: Past;
  /** What observed agents may call beside their grants. */
  readonly observation: Observation;
  /** What the store is still to be told of commitments. */
  readonly owedCommitments: Owed;
  readonly flags: Flags;
  /** What calls asked, where that is kept. */
  readonly inputs: Inputs;
  /** What tasks said, where that is kept. */
  readonly transcripts: Transcripts;
  /** Refusals of unknown senders that are written down. */
  readonly strangers: Allowance;
  /** Ends a task and closes its accounts; false if there is none, or it had ended. */
  readonly endTask: (agent: string, id: string, outcome: TaskEnd, by: string) => Promise<boolean>;
  readonly inFlight: InFlights;
  /** Of decisions by policy. */
  readonly records: DecisionRecords;
  /** What happened counts for the breakers. */
  readonly heard: (event: Event) => void;
  /** The path of a call, for what begins another one in the middle of its own. */
  readonly handle: (call: Call) => Promise<void>;
  /** The rules in force; swapped whole by a reload. */
  rules: Ruleset;
  /** Why nothing is admitted at all, although the store is there; null in normal times. */
  closedBecause: string | null;
  /** Draining before a stop: no new calls. */
  draining: boolean;
  /** Requests that are being served, refused ones included. */
  requests: number;
  /** Calls whose client has gone and whose answer is still read for its usage. */
  drains: number;
  decisions: number;
}

/** Padded, so that ids of one process sort as they were made: an index takes them at its end. */
const DECISION_CHARS = 7;
/** Of the tenure that made it: enough to find it among those that live. */
const HOLDER_CHARS = 16;
const DECISION = new RegExp(`^d-([0-9a-f]{${HOLDER_CHARS}})-[0-9a-z]{${DECISION_CHARS},}$`);

export function nextDecision(gateway: Gateway): string {
  gateway.decisions += 1;
  const no = gateway.decisions.toString(36).padStart(DECISION_CHARS, "0");
  return `d-${gateway.holding.tenure.id.slice(0, HOLDER_CHARS)}-${no}`;
}

/** How the id of the tenure begins that made it; null: no gateway did. */
export function makerOf(decision: string): string | null {
  return DECISION.exec(decision)?.[1] ?? null;
}

/** An event goes to the chain of the tenure it belongs to, the metrics and the log. */
export function emit(gateway: Gateway, tenure: Tenure, event: Event): void {
  tenure.journal.record(event);
  gateway.metrics.observe(event);
  gateway.activity.observe(event, gateway.clock.wall());
  gateway.traces?.observe(event);
  gateway.heard(event);
  logEvent(gateway.log, event);
  if (event.kind === "breaker.alarmed") gateway.alerts.hear(event, gateway.holding.storeNow());
}
