/**
 * The decision log: what was decided by policy, by whom, and on what. It is beside the calls:
 * noting a decision costs a bounded walk over its input, and everything else happens later.
 *
 *   note ──► noted ──drop? mask?──► a queue for each sink ──► file, service, collector
 *              │          │                  │
 *              │          └─ no answer: without input and result
 *              └─ beyond the bounds the oldest are lost, counted and told ─┘
 */
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DecisionEvent, DecisionSink } from "../../ports/decision-log.ts";
import type { Remarks } from "../../ports/remarks.ts";
import { Backlog, type Bounds } from "./backlog.ts";
import {
  BARE_BYTES,
  eventOf,
  type NotedDecision,
  type Sized,
  sizeOf,
  sizeOfParts,
  type Withheld,
  withheldEvent,
} from "./event.ts";
import { judged } from "./judged.ts";
import { OncePerMinute } from "./minute.ts";
import { Outlet, type OutletCounts } from "./outlet.ts";

/** Of what waits for its masks; beyond it the oldest go. */
export const NOTED_MAX: Bounds = { items: 10_000, bytes: 32 * 1024 * 1024 };
/** Asked about at once; then whatever else waits in this process has its turn. */
export const MASKED_AT_ONCE_MAX = 16;
/** A stop waits so long for masks, and so long for sinks: each has its own. */
export const CLOSE_ASKING_MS: Millis = 2_000;
export const CLOSE_SENDING_MS: Millis = 3_000;

export interface DecisionLogSettings {
  readonly sinks: readonly DecisionSink[];
  /** Of every entry: `id` and `version` of the gateway, and the operator's. */
  readonly labels: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Remarks;
}

/** Since the start of this log; every number but `waiting` only grows. */
export interface DecisionCounts {
  readonly noted: number;
  /** By `data.system.log.drop`. */
  readonly dropped: number;
  /** Without input and result, for whatever reason; they go to the sinks like others. */
  readonly withheld: number;
  /** Before any sink had them: too many at once, or noted after the end. */
  readonly lost: number;
  /** Noted, and not asked about yet. */
  readonly waiting: number;
  /** By their kinds. */
  readonly sinks: Readonly<Record<string, OutletCounts>>;
}

interface Noted extends Sized {
  readonly decision: NotedDecision;
  readonly no: number;
}

export class DecisionLog {
  readonly #settings: DecisionLogSettings;
  readonly #outlets: readonly Outlet[];
  readonly #noted = new Backlog<Noted>(NOTED_MAX);
  readonly #losses: OncePerMinute;
  readonly #failures: OncePerMinute;
  #noteNo = 0;
  #dropped = 0;
  #withheld = 0;
  #lost = 0;
  #asking = 0;
  /** The last error of our own, or null. */
  #bug: unknown = null;
  #waiters: { readonly no: number; readonly resolve: () => void }[] = [];
  #working: Promise<void> | null = null;
  #phase: "open" | "closing" | "closed" = "open";

  constructor(settings: DecisionLogSettings) {
    this.#settings = settings;
    const { clock, log, sinks } = settings;
    this.#outlets = sinks.map((sink) => new Outlet(sink, { clock, log }));
    this.#losses = new OncePerMinute(clock, (lost) => {
      const because = this.#bug === null ? {} : { error: this.#bug };
      log.warn("decisions were lost before they could be logged", { lost, ...because });
    });
    this.#failures = new OncePerMinute(clock, (withheld) => {
      const message = "decisions are logged without input and result; their error says why";
      log.warn(message, { withheld });
    });
  }

  get counts(): DecisionCounts {
    const sinks = this.#outlets.map(({ counts, kind }) => [kind, counts] as const);
    return {
      noted: this.#noteNo,
      dropped: this.#dropped,
      withheld: this.#withheld,
      lost: this.#lost,
      waiting: this.#noted.length + this.#asking,
      sinks: Object.fromEntries(sinks),
    };
  }

  /** Never throws and never waits. */
  note(decision: NotedDecision): void {
    this.#noteNo += 1;
    if (this.#phase !== "open") return this.#lose(1);
    const sized = sizedSafely(decision);
    this.#lose(this.#noted.push({ ...sized, decision, no: this.#noteNo }, sized.bytes));
    this.#working ??= this.#work();
  }

  /**
   * Resolves once everything noted until now was asked about: policies that are in force no more
   * can be let go then. It never rejects.
   */
  settled(): Promise<void> {
    if (this.#working === null) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ no: this.#noteNo, resolve }));
  }

  /** Sends what it still has, within a time limit; the rest is lost, counted and told. */
  async close(): Promise<void> {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    await this.#within(CLOSE_ASKING_MS, (late) => Promise.race([this.#working, late]));
    this.#phase = "closed";
    this.#lose(this.#noted.clear() + this.#asking);
    this.#asking = 0;
    this.#settle(this.#noteNo);
    await this.#within(CLOSE_SENDING_MS, (late) =>
      Promise.all(this.#outlets.map((outlet) => outlet.close(late))),
    );
    this.#failures.close();
    this.#losses.close();
  }

  async #within(ms: Millis, run: (late: Promise<void>) => Promise<unknown>): Promise<void> {
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#settings.clock.after(ms, resolve);
    });
    await run(late);
    cancel();
  }

  /** Off the path of the call, and a few at a time, so that no call waits for many. */
  async #work(): Promise<void> {
    const { clock } = this.#settings;
    do {
      await new Promise<void>((resolve) => clock.after(0, resolve));
      const some = this.#noted.take({ items: MASKED_AT_ONCE_MAX, bytes: NOTED_MAX.bytes });
      this.#asking = some.length;
      const entries = await Promise.all(some.map(({ item }) => this.#entryOf(item)));
      if (this.#phase === "closed") break;
      this.#asking = 0;
      for (const entry of entries) this.#handOn(entry);
      this.#settle(some.at(-1)?.item.no ?? this.#noteNo);
    } while (this.#noted.length > 0);
    this.#working = null;
    this.#settle(this.#noteNo);
  }

  /** Never rejects. */
  async #entryOf({ bytes, decision, no, withheld }: Noted): Promise<Entry> {
    const { clock, labels } = this.#settings;
    try {
      const event = eventOf(decision, labels, no);
      if (withheld !== null) return bare(event, withheld);
      if (decision.ask === null) return { kind: "whole", event, bytes };
      const answer = await judged(event, decision.ask, clock);
      if (answer.kind === "dropped") return answer;
      if (answer.withheld !== null) return bare(event, answer.withheld);
      // A mask may have put in more than it took out.
      const left = sizeOfParts([answer.event.input, answer.event.result]);
      if (left.withheld !== null) return bare(event, left.withheld);
      return { kind: "whole", event: answer.event, bytes: left.bytes };
    } catch (error) {
      return { kind: "none", error };
    }
  }

  #handOn(entry: Entry): void {
    switch (entry.kind) {
      case "dropped":
        this.#dropped += 1;
        return;
      case "none":
        this.#bug = entry.error;
        this.#lose(1);
        return;
      case "bare":
        this.#withheld += 1;
        this.#failures.happened(1);
    }
    for (const outlet of this.#outlets) outlet.take(entry.event, entry.bytes);
  }

  #settle(no: number): void {
    const over = this.#waiters.filter((waiter) => waiter.no <= no);
    this.#waiters = this.#waiters.filter((waiter) => waiter.no > no);
    for (const { resolve } of over) resolve();
  }

  #lose(count: number): void {
    this.#lost += count;
    this.#losses.happened(count);
  }
}

/** One that is bare lost its input and its result; of none nothing could be made. */
type Entry =
  | { readonly kind: "whole" | "bare"; readonly event: DecisionEvent; readonly bytes: number }
  | { readonly kind: "dropped" }
  | { readonly kind: "none"; readonly error: unknown };

function bare(event: DecisionEvent, why: Withheld): Entry {
  return { kind: "bare", event: withheldEvent(event, why), bytes: BARE_BYTES };
}

/** What cannot even be walked is no JSON. */
function sizedSafely(decision: NotedDecision): Sized {
  try {
    return sizeOf(decision);
  } catch {
    // A getter of a hostile object, say: the entry is written without it, and says so.
    return { bytes: BARE_BYTES, withheld: "no-json" };
  }
}
