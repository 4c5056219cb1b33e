/** The real clocks and the real chance of this machine. */
import { randomBytes } from "node:crypto";
import type { Chance, Clock } from "../../ports/clock.ts";

/** Node turns a longer delay into one millisecond, so a longer wait is cut into pieces of this. */
const TIMER_MS_MAX = 2_147_483_647;

function after(ms: number, run: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    const pieceMs = Math.min(Math.max(leftMs, 0), TIMER_MS_MAX);
    timer = setTimeout(() => (leftMs > pieceMs ? arm(leftMs - pieceMs) : run()), pieceMs);
    timer.unref();
  };
  arm(ms);
  return () => clearTimeout(timer);
}

/** Both clocks of this machine; its timers do not keep the process alive. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after,
};

/** The operating system's randomness. */
export const systemChance: Chance = {
  hex: (bytes) => randomBytes(bytes).toString("hex"),
};
