/** One line of a file of events: calls of a minute, or an entry of the journal. */

import { countsOfRefused, countsOfSettled, isCode } from "../guards/breaker/past.ts";
import type { Past, PastCall } from "../guards/breaker/replay.ts";
import { isAgain } from "../guards/clutch/waits.ts";

export type PastLine =
  | { readonly kind: "past"; readonly past: Past }
  /** An entry that no signal comes from. */
  | { readonly kind: "other" }
  | { readonly kind: "wrong"; readonly says: string };

type Json = Readonly<Record<string, unknown>>;

const CALLS_MAX = 1_000_000_000;
const MINUTE_MS = 60_000;
const NANO_A_USD = 1e9;

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
  const start = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const who = { agent, task: "", server: "", tool };
  return past({ ...who, at: start, within: "minute", counts: { calls: Number(n) }, call: null });
}

/** Of a call there are several entries; of these two each attempt has one. */
function entryOf(entry: Json, at: number): PastLine {
  const { agent, event, kind, task } = entry;
  const { asked, ...told } = mapOf(event);
  if (kind !== "call.settled" && kind !== "call.refused") return { kind: "other" };
  if (!isText(agent)) return { kind: "other" };
  const { digest, server, tool } = mapOf(asked);
  const isTool = isText(tool) && typeof server === "string";
  if (tool !== undefined && !isTool) return wrong("it is no entry of a call of a tool");
  const of = isTool ? { server, tool } : { server: "", tool: "" };
  const who = { agent, task: isText(task) ? task : "", ...of };
  const isRefused = kind === "call.refused";
  if (isRefused && isCode(told.code) && isAgain(told.code)) return { kind: "other" };
  const counts = isRefused ? countsOfRefused(told.code, isTool) : settledCounts(told, isTool);
  const call = isTool && isText(digest) ? callOf(told, digest, isRefused) : null;
  return past({ ...who, at, within: "second", counts, call });
}

function settledCounts({ charged_usd: usd, outcome }: Json, isTool: boolean): Past["counts"] {
  const spent = isText(usd) ? Math.round(Number(usd) * NANO_A_USD) : 0;
  return countsOfSettled(outcome, spent, isTool);
}

function callOf({ result }: Json, digest: string, isRefused: boolean): PastCall {
  return { digest, isRefused, result: isText(result) ? result : null };
}

function past(of: Past): PastLine {
  return { kind: "past", past: of };
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
