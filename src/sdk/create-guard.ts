/** `createGuard`: a guard on a gateway that runs somewhere, or on one inside this process. */
import { Guard } from "./guard.ts";

interface GuardOptions {
  /** How long a call that waits for a person is waited for. Default: five minutes. */
  readonly waitMs?: number;
  /** Where warnings go. Default: `console.warn`. */
  readonly warn?: (message: string) => void;
}

/** A gateway that runs somewhere, and the key of an agent. */
export interface ConnectedOptions extends GuardOptions {
  /** Where its agents call, such as `http://127.0.0.1:4141`. */
  readonly gateway: string;
  readonly key: string;
}

/** A gateway inside this process, on a guardrails folder. */
export interface StandAloneOptions extends GuardOptions {
  /** The guardrails folder. */
  readonly config: string;
  /** Where the embedded store keeps its books. Default: `data`. One process at a time has it. */
  readonly data?: string;
  /** Who calls: an agent that has a manifest in the folder. */
  readonly agent: string;
  /** What `${…}` in the folder may name, such as `process.env`. Default: nothing. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const WAIT_MS = 5 * 60_000;
const DATA = "data";

export async function createGuard(options: ConnectedOptions | StandAloneOptions): Promise<Guard> {
  const { waitMs = WAIT_MS, warn = (message: string) => console.warn(message) } = options;
  const how = { waitMs, warn };
  if ("gateway" in options) {
    const plane = { url: baseOf(options.gateway), key: options.key, task: null };
    return new Guard({ plane, ...how }, async () => undefined);
  }
  const { agent, config, data = DATA, environment = {} } = options;
  const { startAlone } = await import("./stand-alone.ts");
  const { key, stop, url } = await startAlone({ agent, config, data, environment, warn });
  return new Guard({ plane: { url, key, task: null }, ...how }, stop);
}

/** A base URL as clients have it will do: with `/v1`, or with a slash at its end. */
function baseOf(gateway: string): string {
  const { origin, pathname } = new URL(gateway);
  return origin + pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
}
