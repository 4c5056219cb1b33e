const NS_PER_US = 1_000n;

/** Microseconds on the machine's monotonic clock: the same in every process. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / NS_PER_US);
}
