import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Exchange, Fault, Sink } from "../../../ports/provider.ts";
import type { Turn } from "./turn.ts";

/** When the parts of a turn come, and how long its receiver waits for any of them. */
export interface Timing {
  readonly latencyMs: Millis;
  readonly chunkMs: Millis;
  readonly timeoutMs: Millis;
}

const ENCODER = new TextEncoder();

/** Plays one turn to a sink, never before `send` has returned. */
export class SimulatedExchange implements Exchange {
  readonly #turn: Turn;
  readonly #timing: Timing;
  readonly #clock: Clock;
  readonly #sink: Sink;
  #written = false;
  #over = false;
  #paused = false;
  /** Until the answer begins and between paced chunks: then a timer goes on, not `resume`. */
  #waiting = true;
  #next = 0;
  #cancel: (() => void) | null = null;

  constructor(turn: Turn, timing: Timing, clock: Clock, sink: Sink) {
    this.#turn = turn;
    this.#timing = timing;
    this.#clock = clock;
    this.#sink = sink;
    queueMicrotask(() => this.#begin());
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    queueMicrotask(() => this.#play());
  }

  abort(): void {
    this.#fail({ kind: "aborted", written: this.#written, message: "cut off by the gateway" });
  }

  /** The provider closes. */
  reset(): void {
    this.#fail({ kind: "reset", written: this.#written, message: "the provider was closed" });
  }

  #begin(): void {
    if (this.#over) return;
    this.#written = this.#sink.mayWrite();
    if (!this.#written) {
      this.#fail({ kind: "held", written: false, message: "held back at the write" });
    } else if (this.#turn.head === null && this.#turn.ends === "never") this.#waitForEver();
    else if (this.#timing.latencyMs > 0) this.#wait(this.#timing.latencyMs);
    else this.#play(true);
  }

  #play(due = false): void {
    if (due) this.#waiting = false;
    if (this.#next === 0 && due && !this.#over) this.#head();
    while (!this.#over && !this.#paused && !this.#waiting) {
      const part = this.#turn.parts[this.#next++];
      if (part === undefined) {
        this.#finish();
        return;
      }
      this.#sink.data(ENCODER.encode(part));
      const last = this.#next === this.#turn.parts.length;
      if (!last && this.#timing.chunkMs > 0 && !this.#over) this.#wait(this.#timing.chunkMs);
    }
  }

  #head(): void {
    const { head } = this.#turn;
    if (head) this.#sink.head(head.status, head.headers);
  }

  #finish(): void {
    if (this.#turn.ends === "never") {
      this.#waitForEver();
      return;
    }
    if (this.#turn.ends === "reset") {
      this.#fail({ kind: "reset", written: true, message: "a simulated reset" });
      return;
    }
    this.#over = true;
    this.#sink.end();
  }

  /** Waits for the next part, or for the time-out where that is sooner. */
  #wait(ms: Millis): void {
    this.#waiting = true;
    const { timeoutMs } = this.#timing;
    this.#cancel =
      ms <= timeoutMs
        ? this.#clock.after(ms, () => this.#play(true))
        : this.#clock.after(timeoutMs, () => this.#timeOut());
  }

  #waitForEver(): void {
    this.#wait(Number.POSITIVE_INFINITY);
  }

  #timeOut(): void {
    const message = `nothing came for ${this.#timing.timeoutMs} ms`;
    this.#fail({ kind: "timeout", written: true, message });
  }

  #fail(fault: Fault): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancel?.();
    this.#sink.fail(fault);
  }
}
