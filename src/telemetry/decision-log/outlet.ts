/**
 * One sink and what waits for it. Entries go in their order, one batch at a time; a sink that is
 * away holds up nobody but itself.
 *
 *   waits ──full batch, or after a while──► send ──► written
 *     ▲                                      │ │
 *     └────────── again, later each time ◄───┘ └──► refused: in halves; alone, it is lost
 */
import type { Millis } from "../../guards/money.ts";
import type { Clock } from "../../ports/clock.ts";
import type { DecisionEvent, DecisionSink } from "../../ports/decision-log.ts";
import type { Remarks } from "../../ports/remarks.ts";
import { Backlog, type Bounds } from "./backlog.ts";
import { OncePerMinute } from "./minute.ts";

/** Of what waits for one sink; beyond it the oldest go. */
export const WAITING_MAX: Bounds = { items: 10_000, bytes: 32 * 1024 * 1024 };
/** Of what is sent at once. */
export const BATCH_MAX: Bounds = { items: 500, bytes: 1024 * 1024 };
/** An entry waits so long for others to go with it. */
export const DELAY_MS: Millis = 1_000;
export const FIRST_AGAIN_MS: Millis = 1_000;
export const LAST_AGAIN_MS: Millis = 30_000;
/** Of why a sink takes nothing. */
const BECAUSE_CHARACTERS_MAX = 300;

export interface OutletCounts {
  readonly written: number;
  readonly lost: number;
  /** In the queue and on the way. */
  readonly waiting: number;
}

export interface Around {
  readonly clock: Clock;
  readonly log: Remarks;
}

export class Outlet {
  readonly #sink: DecisionSink;
  readonly #around: Around;
  readonly #waiting = new Backlog<DecisionEvent>(WAITING_MAX);
  readonly #losses: OncePerMinute;
  readonly #refusals: OncePerMinute;
  #refusedBecause = "";
  #itemsMax = BATCH_MAX.items;
  #written = 0;
  #lost = 0;
  #underWay = 0;
  #cancel: (() => void) | null = null;
  #sending: Promise<void> | null = null;
  #wake: () => void = () => undefined;
  #isAway = false;
  #phase: "open" | "closing" | "closed" = "open";

  constructor(sink: DecisionSink, around: Around) {
    this.#sink = sink;
    this.#around = around;
    const { clock, log } = around;
    this.#losses = new OncePerMinute(clock, (lost) => {
      log.warn("entries of the decision log were lost", { sink: sink.kind, lost });
    });
    this.#refusals = new OncePerMinute(clock, (refused) => {
      const because = this.#refusedBecause;
      log.warn("entries of the decision log were refused", { sink: sink.kind, refused, because });
    });
  }

  get kind(): string {
    return this.#sink.kind;
  }

  get counts(): OutletCounts {
    const waiting = this.#waiting.length + this.#underWay;
    return { written: this.#written, lost: this.#lost, waiting };
  }

  take(event: DecisionEvent, bytes: number): void {
    if (this.#phase === "closed") return this.#lose(1);
    this.#lose(this.#waiting.push(event, bytes));
    if (this.#waiting.length >= BATCH_MAX.items) return this.#begin();
    if (this.#sending === null) this.#arm();
  }

  /** Tries once more to send what waits, until `late`; then it is lost. */
  async close(late: Promise<void>): Promise<void> {
    this.#phase = "closing";
    this.#wake();
    this.#begin();
    await Promise.race([this.#sending, late]);
    this.#phase = "closed";
    // What is still on its way may arrive: it is lost as far as anybody knows.
    this.#lose(this.#waiting.clear() + this.#underWay);
    this.#underWay = 0;
    this.#refusals.close();
    this.#losses.close();
    const closed = this.#sink.close().catch((error: unknown) => this.#failed(error));
    await Promise.race([closed, late]);
  }

  #arm(): void {
    this.#cancel ??= this.#around.clock.after(DELAY_MS, () => this.#begin());
  }

  #begin(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
      if (this.#phase === "open" && this.#waiting.length > 0) this.#arm();
    });
  }

  /** Until less than a batch waits; when closing, until nothing does, or one is not taken. */
  async #sendAll(): Promise<void> {
    let waitMs = FIRST_AGAIN_MS;
    do {
      const outcome = await this.#sendBatch();
      if (outcome !== "away") waitMs = FIRST_AGAIN_MS;
      else if (this.#phase !== "open") return;
      else {
        await this.#pause(waitMs);
        waitMs = Math.min(waitMs * 2, LAST_AGAIN_MS);
      }
    } while (this.#goesOn());
  }

  #goesOn(): boolean {
    if (this.#phase === "closed") return false;
    const least = this.#phase === "open" && !this.#isAway ? this.#itemsMax : 1;
    return this.#waiting.length >= least;
  }

  async #sendBatch(): Promise<"done" | "away"> {
    const batch = this.#waiting.take({ ...BATCH_MAX, items: this.#itemsMax });
    if (batch.length === 0) return "done";
    this.#underWay = batch.length;
    try {
      await this.#sink.send(batch.map(({ item }) => item));
    } catch (error) {
      if (this.#phase === "closed") return "done";
      this.#underWay = 0;
      if (!isRefusal(error)) {
        this.#lose(this.#waiting.putBack(batch));
        this.#failed(error);
        return "away";
      }
      if (batch.length > 1) this.#lose(this.#waiting.putBack(batch));
      else this.#refused(error);
      this.#itemsMax = Math.ceil(batch.length / 2);
      return "done";
    }
    if (this.#phase !== "closed") this.#taken(batch.length);
    return "done";
  }

  #taken(count: number): void {
    this.#underWay = 0;
    this.#written += count;
    this.#itemsMax = Math.min(this.#itemsMax * 2, BATCH_MAX.items);
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#around.log.info("the decision log is written again", { sink: this.kind });
  }

  #refused(error: Error): void {
    this.#refusedBecause = becauseOf(error);
    this.#refusals.happened(1);
    this.#lose(1);
  }

  /** Said once for each time that it is away. */
  #failed(error: unknown): void {
    if (this.#isAway) return;
    this.#isAway = true;
    const message = "the decision log is not written; calls go on, and its entries wait";
    this.#around.log.warn(message, { sink: this.kind, because: becauseOf(error) });
  }

  #lose(count: number): void {
    this.#lost += count;
    this.#losses.happened(count);
  }

  /** Ended early by a stop. */
  #pause(ms: Millis): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#around.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && "refused" in error && error.refused === true;
}

function becauseOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.slice(0, BECAUSE_CHARACTERS_MAX);
}
