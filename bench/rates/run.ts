/**
 * `npm run bench -- rates`: gateways on one store race for one tool with a rate limit; the most
 * calls in any window, counted where they arrive.
 */
import { LIMIT, type RaceSize, race } from "../clutch/race.ts";
import { startScene } from "../clutch/scene.ts";
import { Report } from "../speed/report.ts";

export interface RatesOptions {
  readonly processes: number;
  readonly quick: boolean;
  readonly source: boolean;
  readonly json: boolean;
  readonly store: string;
}

/** Past the end of two windows: permits of the first have been used again by then. */
const FULL: RaceSize = { windowSeconds: 60, windows: 2.05 };
const QUICK: RaceSize = { windowSeconds: 3, windows: 3.05 };
const RACER = "racer";

export async function rates(options: RatesOptions): Promise<number> {
  const size = options.quick ? QUICK : FULL;
  const { json, processes: gateways, source, store } = options;
  const report = new Report(json);
  const limit = { requests: LIMIT, per_seconds: size.windowSeconds };
  const scene = await startScene({ agents: [RACER], gateways, limit, source, store });
  let most: number;
  try {
    report.number("gateways", scene.gateways.length, "");
    most = await race(scene, RACER, size, report);
  } finally {
    await scene.stop();
  }
  report.end();
  return most > LIMIT ? 1 : 0;
}
