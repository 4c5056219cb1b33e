/**
 * Results of tool calls that an agent sends to its model, of calls that were never allowed: it has
 * run them without us. Each is written down and counted, and the request goes on as it is.
 *
 *   a result of ──a call in the model's last turn, allowed──► nothing
 *       ├──a call there that is refused, or one that was taken out of an answer─► its code
 *       └──no call──────────────────────────────────────────────────────────────► no code
 */
import type { Event } from "../../guards/events.ts";
import { isBudgetTool } from "../../guards/tool/names.ts";
import type { Denial } from "../../guards/verdict.ts";
import type { AnsweredCall } from "../../wire/answered-calls.ts";
import type { FreshResult } from "../../wire/fresh-results.ts";
import { oneName } from "../../wire/offered-tools.ts";
import { type Caller, type ModelCall, originOf } from "../call.ts";
import { emit, type Gateway } from "../gateway.ts";
import { judgeOne } from "./judge.ts";

/** Written down of one request; how many there are beyond is told with the last of them. */
const EVENTS_MAX = 20;

/** A result whose call was not allowed. */
interface Unallowed {
  readonly tool: string | null;
  /** What its call is refused with; null: there is no such call. */
  readonly denial: Denial | null;
}

/** A call that comes again, and what the gateway asks on its own, has been looked at before. */
export async function noteResults(call: ModelCall, gateway: Gateway): Promise<void> {
  if (call.turn !== null || call.round !== null) return;
  const { incoming, read, wire } = call;
  const { calls, results } = wire.freshResults(read.root);
  if (results.length === 0) return;
  const judged = calls.map((one) => judgedCall(one, incoming, gateway));
  const isWaiting = judged.some((one) => one instanceof Promise);
  // `as`: none of them is a promise.
  const all = isWaiting ? await Promise.all(judged) : (judged as readonly JudgedCall[]);
  const known = new KnownCalls(all);
  const unallowed: Unallowed[] = [];
  for (const result of results) {
    const one = unallowedOf(result, known, incoming, gateway);
    if (one !== null) unallowed.push(one);
  }
  for (const event of eventsOf(unallowed, incoming)) emit(gateway, incoming.tenure, event);
}

/** Null: its call stands there, and is allowed. */
function unallowedOf(
  { id, name }: FreshResult,
  known: KnownCalls,
  incoming: Caller,
  gateway: Gateway,
): Unallowed | null {
  const call = id === null ? known.named(name) : known.withId(id);
  if (call !== null && call.denial !== null) return call;
  const now = gateway.clock.monotonic();
  const taken = id === null ? null : gateway.takenOut.find(id, incoming, now);
  if (taken !== null) return { tool: taken.name, denial: taken.denial };
  return call === null ? { tool: oneName([name]), denial: null } : null;
}

interface JudgedCall {
  readonly id: string | null;
  readonly tool: string;
  readonly denial: Denial | null;
}

function judgedCall(
  call: AnsweredCall,
  incoming: Caller,
  gateway: Gateway,
): JudgedCall | Promise<JudgedCall> {
  const of = (denial: Denial | null) => ({ id: call.id, tool: call.name, denial });
  // The gateway answers its own tool, and every agent has it.
  if (isBudgetTool(call.name)) return of(null);
  const judged = judgeOne(call, incoming, gateway);
  return judged instanceof Promise ? judged.then(({ denial }) => of(denial)) : of(judged.denial);
}

/** The calls of the model's last turn, each judged once, and by what its results call it. */
class KnownCalls {
  readonly #byId = new Map<string, Unallowed>();
  readonly #byName = new Map<string, Unallowed>();

  constructor(calls: readonly JudgedCall[]) {
    for (const call of calls) {
      if (call.id !== null) keepWorst(this.#byId, call.id, call);
      keepWorst(this.#byName, call.tool, call);
    }
  }

  withId(id: string): Unallowed | null {
    return this.#byId.get(id) ?? null;
  }

  named(name: string | null): Unallowed | null {
    return name === null ? null : (this.#byName.get(name) ?? null);
  }
}

/** Of two calls with one id, or one name, a refused one says what may have been run. */
function keepWorst(calls: Map<string, Unallowed>, key: string, call: Unallowed): void {
  const known = calls.get(key);
  if (known === undefined || known.denial === null) calls.set(key, call);
}

function eventsOf(unallowed: readonly Unallowed[], incoming: Caller): readonly Event[] {
  const told = unallowed.slice(0, EVENTS_MAX);
  const beyond = unallowed.length - told.length;
  return told.map(({ denial, tool }, at) => ({
    kind: "result.unallowed",
    tool: tool === "" ? null : tool,
    code: denial?.code ?? null,
    facts: denial?.facts ?? {},
    beyond: at === told.length - 1 ? beyond : 0,
    ...originOf(incoming),
  }));
}
