import type { Millis } from "../guards/money.ts";

/**
 * Both clocks of this machine (chapter 11, Time), and waiting. Nothing else in the house knows the
 * time.
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  wall(): Millis;
  /** Monotonic clock, milliseconds from an arbitrary start, with fractions. */
  monotonic(): Millis;
  /** Calls once after `ms`; the answer cancels it. Does not keep the process alive. */
  after(ms: Millis, run: () => void): () => void;
}

/** Randomness: ids and secrets. */
export interface Chance {
  /** `bytes` random bytes in lower-case hex. */
  hex(bytes: number): string;
}
