import type { Clock } from "../../../ports/clock.ts";
import { Ask } from "./ask.ts";
import { Line } from "./line.ts";
import type { Link } from "./link.ts";
import type { McpSettings } from "./mcp-settings.ts";

/** Requests over streamable HTTP. Throws on settings that can never work. */
export function httpLink(settings: McpSettings, clock: Clock, onListChanged: () => void): Link {
  const line = new Line(settings, clock, onListChanged);
  return {
    get repeats() {
      return line.repeats;
    },
    ask: (options, run) => {
      const ask = new Ask(line, clock, options, run);
      ask.start();
      return ask;
    },
    close: () => line.close(),
  };
}
