/**
 * A text as one number, to tell few texts of one agent apart. Not against somebody who looks for
 * two alike: whoever makes calls alike to this has but counted more calls of its own as repeats.
 */

/** Primes, of which each lane has another: FNV's, and one of xxHash. */
const PRIMES = [0x0100_0193, 0x85eb_ca77] as const;
const LOW_SEED = 0x811c_9dc5;
const HIGH_SEED = 0x9e37_79b1;
const HIGH_BITS = 21;
const LANE = 2 ** 32;
const LANE_BITS = 32;
const HALF_BITS = 15;

/** A whole number below 2^53. */
export function fingerprintOf(text: string): number {
  let [low, high] = [LOW_SEED, HIGH_SEED];
  for (let place = 0; place < text.length; place += 1) {
    const code = text.charCodeAt(place);
    low = Math.imul(low ^ code, PRIMES[0]);
    high = Math.imul(high ^ code, PRIMES[1]);
  }
  // The low bits of a product know only the low bits of what went in.
  low = Math.imul(low ^ (low >>> HALF_BITS), PRIMES[1]);
  high = Math.imul(high ^ (high >>> HALF_BITS), PRIMES[0]);
  return (high >>> (LANE_BITS - HIGH_BITS)) * LANE + (low >>> 0);
}
