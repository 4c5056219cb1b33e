/** What commands need of this machine without a gateway: clock, chance, a log to its terminal. */
import { systemChance, systemClock } from "../adapters/clock/system.ts";
import { createLog, type Log, type LogSettings } from "../telemetry/log.ts";

export { systemChance, systemClock };

/** A log by the system's clock. */
export function openLog(settings: Omit<LogSettings, "clock">): Log {
  return createLog({ ...settings, clock: systemClock });
}
