import type { LookupFunction } from "node:net";
import { Pool } from "undici";
import type { Millis } from "../../../guards/money.ts";

/**
 * How long a call may wait for one of the pool's connections, as long as for a connection to be
 * made. Beyond it the server is as good as out of reach.
 */
export const CONNECTION_WAIT_MAX_MS: Millis = 10_000;
/** Of an answer's headers. */
const ANSWER_HEADER_BYTES_MAX = 16_384;
/** Short on purpose: a call written to a connection that is just being closed may have run. */
const KEEP_ALIVE_MS: Millis = 4_000;

/** The connections to one server. `lookup`: how its name becomes addresses; else the system's. */
export function poolTo(origin: string, connections: number, lookup?: LookupFunction): Pool {
  return new Pool(origin, {
    connections,
    // One request at a time on a connection: a second one behind it could be written but not cut
    // off alone, and would suffer for the first one's fault.
    pipelining: 1,
    connect: { timeout: CONNECTION_WAIT_MAX_MS, keepAlive: true, ...(lookup && { lookup }) },
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: ANSWER_HEADER_BYTES_MAX,
    allowH2: false,
  });
}
