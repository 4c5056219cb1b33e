/** What a gateway remembers by itself alone: it is not in the store, and none of it outlives it. */
import { Allowance } from "../gateway/allowance.ts";
import { TakenOut } from "../gateway/answered/taken-out.ts";
import { Withheld } from "../gateway/answered/withheld.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { InFlights } from "../gateway/in-flight.ts";
import { Alerts } from "../gateway/notifying/alerts.ts";
import { Recent } from "../gateway/parking/recent.ts";
import { Activity } from "../telemetry/activity.ts";

/** Enough to see who knocks; a flood of them is in the metrics. */
const STRANGERS_AT_ONCE = 300;
const STRANGERS_A_SECOND = 2;

type Memory = Pick<
  Gateway,
  "activity" | "alerts" | "inFlight" | "recent" | "strangers" | "takenOut" | "withheld"
>;

export function newMemory(): Memory {
  return {
    activity: new Activity(),
    alerts: new Alerts(),
    inFlight: new InFlights(),
    recent: new Recent(),
    strangers: new Allowance(STRANGERS_AT_ONCE, STRANGERS_A_SECOND),
    takenOut: new TakenOut(),
    withheld: new Withheld(),
  };
}
