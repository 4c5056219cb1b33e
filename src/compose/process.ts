/** What commands need of this machine without a gateway: its clock, and a log to its terminal. */
import { systemClock } from "../adapters/clock/system.ts";
import { createLog, type Log, type LogSettings } from "../telemetry/log.ts";

export { systemClock };

/** A log by the system's clock. */
export function openLog(settings: Omit<LogSettings, "clock">): Log {
  return createLog({ ...settings, clock: systemClock });
}
