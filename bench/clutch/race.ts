/** What a rate limit lets through while gateways race for it, counted where calls arrive. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Report } from "../speed/report.ts";
import { startLoad } from "./load.ts";
import { type Scene, toolPath } from "./scene.ts";

export interface RaceSize {
  readonly windowSeconds: number;
  readonly windows: number;
}

/** Calls of the tool `limited` in any window. */
export const LIMIT = 100;

const CONNECTIONS = 8;
const US_PER_SECOND = 1_000_000;
/**
 * The limit is of what gateways write. A call arrives later than that, by as much as the machine is
 * busy: arrivals that are nearer to each other than their writes were are no more calls.
 */
const DELAY_US = 250_000;

/** All gateways at once, far above the limit; the most arrivals in any window of its length. */
export async function race(
  scene: Scene,
  agent: string,
  { windowSeconds, windows }: RaceSize,
  report: Report,
): Promise<number> {
  const key = await scene.key(agent);
  await scene.forgetArrivals();
  const targets = scene.gateways.map(({ agentUrl: url }) => ({
    ...{ url, key, path: toolPath("limited") },
    body: (no: number) => ({ arguments: { no } }),
  }));
  const load = startLoad(targets, CONNECTIONS);
  await sleep(windowSeconds * windows * 1_000);
  await load.stop();
  const arrivals = await scene.toolArrivals();
  const most = mostIn(arrivals, windowSeconds * US_PER_SECOND - DELAY_US);
  const refused = sumOf(load.answered.map((tally) => tally.refused));
  report.number("rate_limit", LIMIT, "calls");
  report.number("rate_window_s", windowSeconds, "s");
  report.number("rate_windows", windows, "");
  report.number("rate_tries", sumOf(load.answered.map(({ well }) => well)) + refused, "calls");
  report.number("rate_admitted", arrivals.length, "calls");
  report.number("rate_refused", refused, "calls");
  report.barred("rate_max_in_window", most, LIMIT, "calls");
  return most;
}

function mostIn(arrivals: readonly number[], windowUs: number): number {
  let [from, most] = [0, 0];
  for (const [to, at] of arrivals.entries()) {
    while (at - (arrivals[from] ?? 0) >= windowUs) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
