/**
 * Traces: a subscriber of events, like the metrics. A span is open from the first byte of its
 * request until its call is settled or refused, and goes to the sink then.
 *
 *   begin ──► open ──settled | refused──► told ──its request is over──► forgotten
 *              └──its request is over: told if it was parked, else nobody hears of it
 *
 * Calls that a call makes (one more round, a call in an answer) are found by the call they are of.
 */
import { hash } from "node:crypto";
import type { Asked, Event, Origin } from "../guards/events.ts";
import type { Millis } from "../guards/money.ts";
import type { Chance, Clock } from "../ports/clock.ts";
import type { Attributes, Parent, SpanContext, SpanEvent, SpanSink } from "../ports/spans.ts";
import { isSampled, type Sampler } from "./sampler.ts";
import {
  leftSays,
  type Places,
  refusedSays,
  type Said,
  settledSays,
  taskSays,
} from "./span-events.ts";

const TRACE_BYTES = 16;
const SPAN_BYTES = 8;
const HEX_DIGITS = 2;
/** More than calls in flight at once in any configuration; the oldest are forgotten first. */
const OPEN_MAX = 100_000;
/** Tasks that were opened on purpose, and have not ended here. */
const TASKS_MAX = 100_000;
/** Of one call that waits again and again. */
const WAITS_MAX = 20;

interface Mark {
  readonly wall: Millis;
  readonly monotonic: Millis;
}

interface Wait {
  readonly review: string | null;
  readonly state: string | null;
  readonly from: Mark;
}

interface Open {
  context: SpanContext;
  parent: Parent | null;
  readonly from: Mark;
  more: Attributes;
  readonly waits: Wait[];
  /** What it asked for, once it was parked. */
  parked: { readonly asked: Asked; readonly origin: Origin } | null;
  isTold: boolean;
  /** Nobody will say any more that its request is over: it is forgotten as it is told. */
  isInner: boolean;
}

/** A task that was opened on purpose, by the key that is for it alone. */
export interface OwnTask {
  readonly agent: string;
  readonly task: string;
}

export interface TracesSettings {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly sink: SpanSink;
  readonly sampler: Sampler;
  readonly places: Places;
  /** Of the store: two of them may have tasks of one name. */
  readonly storeId: string;
}

export class Traces {
  readonly #settings: TracesSettings;
  readonly #open = new Map<string, Open>();
  readonly #tasks = new Map<string, Mark>();

  constructor(settings: TracesSettings) {
    this.#settings = settings;
  }

  /** A request of a known sender. Its caller's trace goes before that of its task. */
  begin(decision: string, parent: Parent | null, task: OwnTask | null): void {
    this.#add(decision, parent ?? (task === null ? null : this.#taskParent(task)), false);
  }

  /** A call without a request: nobody will say that that is over. */
  resume(decision: string, parent: Parent | null): void {
    this.#add(decision, parent, true);
  }

  /** What was asked inside of the request names its trace itself. */
  adopt(decision: string, parent: Parent): void {
    const open = this.#open.get(decision);
    if (open === undefined || open.isTold) return;
    open.context = this.#contextUnder(parent, open.context.spanId);
    open.parent = parent;
  }

  /** What its event does not say. */
  describe(decision: string, more: Attributes): void {
    const open = this.#open.get(decision);
    if (open !== undefined) open.more = { ...open.more, ...more };
  }

  /** What is asked further for a call is under this one. */
  contextOf({ call, decision }: Pick<Origin, "call" | "decision">): SpanContext {
    return (this.#open.get(decision) ?? this.#inner(decision, call)).context;
  }

  observe(event: Event): void {
    switch (event.kind) {
      case "call.settled":
        return this.#settled(event);
      case "call.refused":
        return this.#refused(event);
      case "call.spared":
        return this.describe(event.decision, { "slipclutch.would_deny": event.code });
      case "call.parked":
        return this.#waits(event, { review: event.review, state: null });
      case "call.attached":
        return this.#waits(event, { review: null, state: event.state });
      case "task.opened":
        if (event.how === "opened") this.#note(this.#tasks, taskKey(event), this.#now());
        return;
      case "task.ended":
        return this.#ended(event);
      default:
        return;
    }
  }

  /** Its request is over; a call that goes on without it is still to be told. */
  over(decision: string, goesOn: boolean): void {
    const open = this.#open.get(decision);
    if (open === undefined) return;
    if (goesOn && !open.isTold) {
      open.isInner = true;
      return;
    }
    if (!open.isTold && open.parked !== null) {
      const { asked, origin } = open.parked;
      this.#tell(open, leftSays(asked, origin, this.#settings.places), this.#now());
    }
    this.#open.delete(decision);
  }

  #settled(event: Extract<Event, { kind: "call.settled" }>): void {
    const open = this.#open.get(event.decision) ?? this.#inner(event.decision, event.call);
    const now = this.#now();
    // It was let go as it was read again: what it took from there on is its own.
    const letGoAt = { wall: now.wall - event.endedMs, monotonic: now.monotonic - event.endedMs };
    this.#end(event, open, settledSays(event, this.#settings.places), letGoAt);
  }

  #refused(event: Extract<Event, { kind: "call.refused" }>): void {
    const known = this.#open.get(event.decision);
    // Nobody knows who asked: strangers are counted, and cannot fill a collector.
    if (known === undefined && event.key === null) return;
    const open = known ?? this.#inner(event.decision, event.call);
    this.#end(event, open, refusedSays(event, this.#settings.places), this.#now());
  }

  #end({ decision }: Origin, open: Open, said: Said, waitedUntil: Mark): void {
    // A call that failed at its far end is settled first, and then its client is refused.
    if (!open.isTold) this.#tell(open, said, waitedUntil);
    open.isTold = true;
    if (open.isInner) this.#open.delete(decision);
  }

  #waits(event: Origin & { readonly asked: Asked }, wait: Omit<Wait, "from">): void {
    const { asked, decision } = event;
    const open = this.#open.get(decision) ?? this.#inner(decision, event.call);
    if (open.waits.length < WAITS_MAX) open.waits.push({ ...wait, from: this.#now() });
    open.parked = { asked, origin: event };
  }

  #ended(event: Extract<Event, { kind: "task.ended" }>): void {
    const key = taskKey(event);
    const from = this.#tasks.get(key);
    if (from === undefined) return;
    this.#tasks.delete(key);
    const context = this.#taskContext(event);
    this.#send({ context, parent: null, from, more: {} }, taskSays(event), []);
  }

  #tell(open: Open, said: Said, waitedUntil: Mark): void {
    this.#send(
      open,
      said,
      open.waits.map((wait) => waitEvent(wait, waitedUntil)),
    );
  }

  #send(
    { context, from, more, parent }: Pick<Open, "context" | "from" | "more" | "parent">,
    said: Said,
    events: readonly SpanEvent[],
  ): void {
    if (!context.sampled) return;
    const tookMs = this.#settings.clock.monotonic() - from.monotonic;
    const times = { startedAt: from.wall, endedAt: from.wall + tookMs };
    const attributes = { ...said.attributes, ...more };
    this.#settings.sink.take({ ...said, ...times, attributes, context, parent, events });
  }

  /** One that nobody began: it is under the call that it is a part of, if that is known here. */
  #inner(decision: string, call: string): Open {
    const outer = call === decision ? undefined : this.#open.get(call);
    const parent =
      outer === undefined
        ? null
        : { ...outer.context, remote: false, state: outer.parent?.state ?? null };
    return this.#add(decision, parent, true);
  }

  #add(decision: string, parent: Parent | null, isInner: boolean): Open {
    const { chance } = this.#settings;
    const open: Open = {
      context: this.#contextUnder(parent, chance.hex(SPAN_BYTES)),
      ...{ parent, from: this.#now(), more: {}, waits: [], parked: null, isTold: false, isInner },
    };
    this.#note(this.#open, decision, open);
    return open;
  }

  #contextUnder(parent: Parent | null, spanId: string): SpanContext {
    const { chance, sampler } = this.#settings;
    const traceId = parent?.traceId ?? chance.hex(TRACE_BYTES);
    return { traceId, spanId, sampled: isSampled(traceId, parent, sampler) };
  }

  #taskParent({ agent, task }: OwnTask): Parent {
    const key = taskKey({ agent, task });
    if (!this.#tasks.has(key)) this.#note(this.#tasks, key, this.#now());
    return { ...this.#taskContext({ agent, task }), remote: false, state: null };
  }

  /** Made from its name: every gateway finds the same one, and asks nobody. */
  #taskContext({ agent, task }: OwnTask): SpanContext {
    const { sampler, storeId } = this.#settings;
    const id = hash("sha256", JSON.stringify([storeId, agent, task]), "hex");
    const traceId = id.slice(0, TRACE_BYTES * HEX_DIGITS);
    const spanId = id.slice(-SPAN_BYTES * HEX_DIGITS);
    return { traceId, spanId, sampled: isSampled(traceId, null, sampler) };
  }

  #note<Value>(into: Map<string, Value>, key: string, value: Value): void {
    const max = into === this.#tasks ? TASKS_MAX : OPEN_MAX;
    const [oldest] = into.keys();
    if (into.size >= max && oldest !== undefined) into.delete(oldest);
    into.set(key, value);
  }

  #now(): Mark {
    const { clock } = this.#settings;
    return { wall: clock.wall(), monotonic: clock.monotonic() };
  }
}

function waitEvent({ from, review, state }: Wait, until: Mark): SpanEvent {
  const waitedMs = Math.max(0, until.monotonic - from.monotonic);
  return {
    name: "slipclutch.parked",
    at: from.wall,
    attributes: {
      ...(review === null ? {} : { "slipclutch.review": review }),
      ...(state === null ? {} : { "slipclutch.parked.state": state }),
      "slipclutch.parked.wait_ms": { double: waitedMs },
    },
  };
}

function taskKey({ agent, task }: OwnTask): string {
  return JSON.stringify([agent, task]);
}
