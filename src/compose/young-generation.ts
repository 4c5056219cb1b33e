/**
 * How large the young generation of the heap may become. Left alone, V8 lets it grow to 128 MB
 * under load and keeps it; calls cost no less for it than with the size here.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** Of both its halves. */
export const YOUNG_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Lets the young generation grow with the load, twice as large at a time, up to its size here. V8
 * reads its own limit at the start of the process alone, so each collection looks how far it has
 * come. It must be let grow again where an idle hour has made it small.
 */
export function boundYoungGeneration(): () => void {
  let grows = true;
  setFlagsFromString("--semi-space-growth-factor=2");
  const observer = new PerformanceObserver(() => {
    if (grows === youngBytes() < YOUNG_BYTES_MAX) return;
    grows = !grows;
    setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
  });
  observer.observe({ entryTypes: ["gc"] });
  return () => observer.disconnect();
}

function youngBytes(): number {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return young?.space_size ?? 0;
}
