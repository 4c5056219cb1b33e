/** An incident as a case: the calls that led to it, and what is expected of them from now on. */
import type { CaseFile, CaseFileCall } from "../config/incident-case.ts";
import { isCode } from "../guards/breaker/past.ts";
import { isAgain } from "../guards/clutch/waits.ts";
import { isToolAsked, type ToolAsked } from "../guards/events.ts";
import { formatUsd, type Millis } from "../guards/money.ts";
import type { Review } from "../ports/store.ts";
import { callIn, parsedOrText, VERDICTS } from "./evidence.ts";
import { closedAt, incidentId, revisionIn, said } from "./incidents.ts";
import type { Around, InputRow, StoredEntry } from "./operations.ts";
import { Problem } from "./problem.ts";
import { iso } from "./views.ts";

/** What opened it is written at about the same instant, by another clock than the store's. */
export const TRIP_MS: Millis = 100;
/** Of all arguments together, as text. */
const INPUT_CHARS_MAX = 1024 * 1024;

export interface CaseParts {
  readonly before: Around;
  readonly since: Around;
  /** Oldest first; null: arguments are not wanted. */
  readonly inputs: readonly InputRow[] | null;
  /** From which call of the runaway on, or how long after its first one, it is to be stopped. */
  readonly by: number | null;
  readonly withinMs: Millis | null;
}

export function caseView(review: Review, parts: CaseParts): CaseFile {
  const { before, by, inputs, since, withinMs } = parts;
  const calls = callsOf(review, [...before.entries, ...since.entries]);
  const runaway = calls.filter((call) => call.runaway !== null);
  const from = fromWhich(review, runaway, { by, withinMs });
  const known = inputs === null ? null : inputsOf(inputs, calls);
  return {
    version: 1,
    incident: incidentOf(review),
    revision: revisionIn(before),
    whole: before.whole && since.whole,
    calls: calls.map((call) => {
      const isExpected = call.runaway !== null && call.runaway >= from;
      return { ...withArguments(call, known), expect: isExpected ? "stopped" : null };
    }),
    inputs: known === null ? {} : Object.fromEntries(known.kept),
  };
}

function incidentOf(review: Review): CaseFile["incident"] {
  const { agent, id, openedAt } = review;
  const closed = closedAt(review);
  const decided = review.decisions.filter(({ decision }) => decision !== "note");
  return {
    ...{ id: incidentId(id), agent, rule: said(review, "rule") },
    ...{ server: said(review, "server"), tool: said(review, "tool"), task: said(review, "task") },
    opened_at: iso(openedAt),
    closed_at: closed === null ? null : iso(closed),
    decisions: decided.map(({ at, by, decision, task }) => ({ at: iso(at), by, decision, task })),
  };
}

/** Each call once: as it ended before the trip, or as it waited from then on. */
function callsOf(review: Review, entries: readonly StoredEntry[]): readonly CaseFileCall[] {
  const calls = new Map<string, CaseFileCall & { readonly place: number }>();
  for (const entry of entries.toSorted((one, other) => one.position - other.position)) {
    const found = callOf(entry);
    if (found === null) continue;
    const known = calls.get(found.id);
    const isEnd = known?.verdict === "parked" && entry.at <= review.openedAt;
    if (known === undefined || isEnd) calls.set(found.id, { ...found.call, place: entry.position });
  }
  const sorted = [...calls.values()].sort((one, other) => {
    return Date.parse(one.at) - Date.parse(other.at) || one.place - other.place;
  });
  return numbered(
    review,
    sorted.map(({ place, ...call }) => call),
  );
}

function callOf(entry: StoredEntry): { readonly id: string; readonly call: CaseFileCall } | null {
  const event = callIn(entry);
  if (event === null || event.asked === null) return null;
  const { at, code, decision, task } = entry;
  // It came again and again while it could not go on: that is one call, which waits.
  if (event.kind === "call.refused" && isCode(code) && isAgain(code)) return null;
  const { asked } = event;
  const isSent = event.kind === "call.settled";
  const fields = {
    ...{ at: iso(at), decision, task: task ?? "", code },
    verdict: VERDICTS[event.kind],
    outcome: isSent ? event.outcome : null,
    cost_usd: formatUsd(isSent ? event.charged : 0),
    ...{ runaway: null, expect: null },
  } as const;
  const result = isSent ? event.result : null;
  const call: CaseFileCall = isToolAsked(asked)
    ? { kind: "tool", ...fields, ...toolFields(asked), result }
    : { kind: "model", ...fields, model: asked.model };
  return { id: event.call, call };
}

function toolFields({ bytes, digest, server, tool }: ToolAsked) {
  return { server, tool, digest, bytes, arguments: "not_kept" } as const;
}

/** Those that the trip is about, from 1. */
function numbered(review: Review, calls: readonly CaseFileCall[]): readonly CaseFileCall[] {
  const isAbout = aboutOf(review, calls);
  let no = 0;
  return calls.map((call) => {
    if (!isAbout(call)) return call;
    no += 1;
    return { ...call, runaway: no };
  });
}

/** What a rule looks at: a tool, or a task; where it counts repeats, one call of both. */
function aboutOf(review: Review, calls: readonly CaseFileCall[]): (call: CaseFileCall) => boolean {
  const [server, task, tool] = [said(review, "server"), said(review, "task"), said(review, "tool")];
  const isOfTool = (call: CaseFileCall) =>
    !tool || (call.kind === "tool" && call.tool === tool && call.server === server);
  if (task === null) return isOfTool;
  if (!countsRepeats(review)) return (call) => call.task === task;
  const isOfBoth = (call: CaseFileCall) => call.task === task && isOfTool(call);
  const digest = digestOf(calls.findLast((call) => isOfBoth(call) && isBefore(review, call)));
  return (call) => isOfBoth(call) && digestOf(call) === digest;
}

/** What tripped it is the last of these; what waits came later, though perhaps not by our clock. */
function isBefore({ openedAt }: Review, { at, verdict }: CaseFileCall): boolean {
  return verdict !== "parked" && Date.parse(at) <= openedAt + TRIP_MS;
}

function digestOf(call: CaseFileCall | undefined): string | null {
  return call?.kind === "tool" ? call.digest : null;
}

function countsRepeats({ evidence }: Review): boolean {
  const { numbers } = { numbers: {}, ...Object(parsedOrText(evidence)) };
  return Object.hasOwn(Object(numbers), "identical_calls");
}

/** Unless a person says so: from the call that tripped it on. */
function fromWhich(
  review: Review,
  runaway: readonly CaseFileCall[],
  { by, withinMs }: Pick<CaseParts, "by" | "withinMs">,
): number {
  const [first] = runaway;
  if (first === undefined) {
    const message = "The journal has none of the calls of this incident any more.";
    throw new Problem("incident.no-calls", message);
  }
  if (by !== null && by > runaway.length) {
    const message = `by: the runaway has ${runaway.length} calls, and not ${by}`;
    throw new Problem("request.malformed", message);
  }
  if (by !== null) return by;
  if (withinMs === null) {
    const last = runaway.findLastIndex((call) => isBefore(review, call));
    return Math.max(last, 0) + 1;
  }
  const end = Date.parse(first.at) + withinMs;
  const later = runaway.findIndex(({ at }) => Date.parse(at) > end);
  if (later >= 0) return later + 1;
  const message = "within: the runaway was over by then: nothing of it came later";
  throw new Problem("request.malformed", message);
}

interface Known {
  /** By digest. */
  readonly kept: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly leftOut: ReadonlySet<string>;
}

/** What the calls were asked with, each once, up to a limit. */
function inputsOf(rows: readonly InputRow[], calls: readonly CaseFileCall[]): Known {
  const wanted = new Set(calls.flatMap((call) => (call.kind === "tool" ? [call.digest] : [])));
  const kept = new Map<string, Readonly<Record<string, unknown>>>();
  const leftOut = new Set<string>();
  let chars = 0;
  for (const { said: text } of rows) {
    // `as`: the gateway wrote an object.
    const input = JSON.parse(text) as { digest?: string; arguments?: Record<string, unknown> };
    const { arguments: given, digest } = input;
    if (digest === undefined || given === undefined) continue;
    if (!wanted.has(digest) || kept.has(digest) || leftOut.has(digest)) continue;
    if (chars + text.length > INPUT_CHARS_MAX) leftOut.add(digest);
    else {
      kept.set(digest, given);
      chars += text.length;
    }
  }
  return { kept, leftOut };
}

function withArguments(call: CaseFileCall, known: Known | null): CaseFileCall {
  if (call.kind !== "tool") return call;
  if (known === null || known.leftOut.has(call.digest)) return { ...call, arguments: "left_out" };
  return known.kept.has(call.digest) ? { ...call, arguments: "kept" } : call;
}
