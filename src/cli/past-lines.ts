/** One line of a file of events: calls of a minute, or an entry of the journal. */
import type { PastCalls } from "../guards/breaker/replay.ts";

export type PastLine =
  | { readonly kind: "calls"; readonly calls: PastCalls }
  /** An entry that is no attempt of a tool. */
  | { readonly kind: "other" }
  | { readonly kind: "wrong"; readonly says: string };

type Json = Readonly<Record<string, unknown>>;

/** Of a call there are several entries; these are the ones of which each attempt has one. */
const ATTEMPTS: ReadonlySet<unknown> = new Set(["call.settled", "call.refused"]);
const CALLS_MAX = 1_000_000_000;

export function pastOf(line: string): PastLine {
  const value = parsed(line);
  if (value === null) return wrong("it is no JSON object");
  const at = typeof value.at === "string" ? Date.parse(value.at) : Number.NaN;
  if (Number.isNaN(at)) return wrong("at is no instant");
  return "kind" in value ? entryOf(value, at) : minuteOf(value, at);
}

function minuteOf(value: Json, at: number): PastLine {
  const { agent, n, tool } = value;
  if (!isText(agent)) return wrong("agent is no name");
  if (!isText(tool)) return wrong("tool is no name");
  if (!(Number.isInteger(n) && Number(n) >= 0 && Number(n) <= CALLS_MAX)) {
    return wrong(`n is no whole number from 0 to ${CALLS_MAX}`);
  }
  const minute = 60_000;
  const whole = { at: Math.floor(at / minute) * minute, within: "minute", digest: null } as const;
  return calls({ ...whole, agent, tool, server: "", task: "", calls: Number(n) });
}

function entryOf({ agent, event, kind, task }: Json, at: number): PastLine {
  const { digest, server, tool } = mapOf(mapOf(event).asked);
  if (!ATTEMPTS.has(kind) || tool === undefined) return { kind: "other" };
  if (!(isText(agent) && isText(tool) && typeof server === "string")) {
    return wrong("it is no entry of a call of a tool");
  }
  const who = { agent, task: isText(task) ? task : "", server, tool };
  const made = { at, calls: 1, within: "second" } as const;
  return calls({ ...who, ...made, digest: isText(digest) ? digest : null });
}

function calls(past: PastCalls): PastLine {
  return { kind: "calls", calls: past };
}

function wrong(says: string): PastLine {
  return { kind: "wrong", says };
}

/** What is no map has nothing in it. */
function mapOf(value: unknown): Json {
  // `as`: an object can be read by any key.
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Null: no object of JSON. */
function parsed(line: string): Json | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  // A map of JSON.
  return value as Json;
}
