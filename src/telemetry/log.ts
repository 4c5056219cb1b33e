/** The log: one line of JSON for each record, or readable lines on a terminal. */
import type { Clock } from "../ports/clock.ts";
import { boundedText, redactedFields } from "./redact.ts";

export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

export type Fields = Readonly<Record<string, unknown>>;

/** What the gateway says to its operator. Secrets are masked, whatever is handed in. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export interface LogSettings {
  readonly clock: Clock;
  /** Takes whole lines. */
  readonly write: (line: string) => void;
  readonly level: Level;
  readonly form: "json" | "pretty";
}

const TIME_OF_DAY = { from: 11, to: 19 } as const;

function pretty(at: string, level: Level, message: string, fields: Fields): string {
  const rest = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `${name}=${/[\s"]/.test(text) ? JSON.stringify(text) : text}`;
  });
  const time = at.slice(TIME_OF_DAY.from, TIME_OF_DAY.to);
  return `${[time, level.padEnd(5), message, ...rest].join(" ")}\n`;
}

/** A log that writes what is at or above its level. */
export function createLog(settings: LogSettings): Log {
  const least = LEVELS.indexOf(settings.level);
  const at =
    (level: Level) =>
    (message: string, fields: Fields = {}) => {
      if (LEVELS.indexOf(level) < least) return;
      const time = new Date(settings.clock.wall()).toISOString();
      const safe = redactedFields(fields);
      const text = boundedText(message);
      const line =
        settings.form === "pretty"
          ? pretty(time, level, text, safe)
          : `${JSON.stringify({ time, level, message: text, ...safe })}\n`;
      settings.write(line);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
