/**
 * `npm run bench -- clutch`: how long after a trip the last call goes out anywhere, counted where
 * calls arrive; and what a rate limit lets through while gateways race for it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { nowUs } from "../clock.ts";
import { ask, type Gateway } from "../gateways.ts";
import { median } from "../median.ts";
import { Report } from "../speed/report.ts";
import { startLoad } from "./load.ts";
import { LIMIT, type RaceSize, race } from "./race.ts";
import { type Scene, startScene, targetsOf, toolPath } from "./scene.ts";

export interface ClutchOptions {
  readonly quick: boolean;
  readonly source: boolean;
  readonly json: boolean;
  readonly store: string;
}

interface Size extends RaceSize {
  /** Trips of each kind. */
  readonly rounds: number;
  /** Answers of each target before the trip. */
  readonly warm: number;
  readonly gateways: number;
  /** Without an arrival for so long it is over. */
  readonly quietMs: number;
}

const FULL: Size = {
  gateways: 4,
  rounds: 10,
  warm: 500,
  quietMs: 3_000,
  windowSeconds: 60,
  windows: 2.5,
};
const QUICK: Size = {
  gateways: 2,
  rounds: 1,
  warm: 50,
  quietMs: 1_500,
  windowSeconds: 2,
  windows: 2,
};
const KINDS = ["pause", "breaker"] as const;
type Kind = (typeof KINDS)[number];

const CONNECTIONS = 8;
const STOPPED_MS = 20_000;
const LOOK_MS = 50;
/** `stuck` trips with one more than it bears. */
const EQUAL_CALLS = 9;
const BAR_MS = 1_000;
const US_PER_MS = 1_000;
const RACER = "racer";

interface Trip {
  readonly tookMs: number;
  readonly after: number;
}

export async function clutch(options: ClutchOptions): Promise<number> {
  const size = options.quick ? QUICK : FULL;
  const report = new Report(options.json);
  const rounds = Array.from({ length: size.rounds }, (_, no) => no);
  const agents = rounds.flatMap((no) => KINDS.map((kind) => agentOf(kind, no)));
  const scene = await startScene({
    ...{ source: options.source, store: options.store, gateways: size.gateways },
    agents: [...agents, RACER],
    limit: { requests: LIMIT, per_seconds: size.windowSeconds },
  });
  let mostInWindow: number;
  try {
    report.number("gateways", scene.gateways.length, "");
    // Before any load: the store has enough to do then.
    const keys = new Map<string, string>();
    for (const agent of agents) keys.set(agent, await scene.key(agent));
    const trips = new Map<Kind, Trip[]>(KINDS.map((kind) => [kind, []]));
    for (const no of rounds) {
      for (const kind of KINDS) trips.get(kind)?.push(await trip(scene, keys, { kind, no }, size));
    }
    for (const [kind, all] of trips) tell(kind, all, report);
    mostInWindow = await race(scene, RACER, size, report);
  } finally {
    await scene.stop();
  }
  report.end();
  return mostInWindow > LIMIT ? 1 : 0;
}

function agentOf(kind: Kind, round: number): string {
  return `${kind}-${round}`;
}

/** Throws if the agent goes on: a time would then say nothing. */
async function trip(
  scene: Scene,
  keys: ReadonlyMap<string, string>,
  { kind, no }: { readonly kind: Kind; readonly no: number },
  size: Size,
): Promise<Trip> {
  const agent = agentOf(kind, no);
  const key = keys.get(agent) ?? "";
  await scene.forgetArrivals();
  const load = startLoad(targetsOf(scene, key), CONNECTIONS);
  try {
    await until(() => load.answered.every(({ well }) => well >= size.warm), "the load began");
    const atUs = await TRIPS[kind](scene, agent, key);
    await until(() => isStopped(scene, agent), `${agent} stopped at every gateway`);
    await until(async () => {
      const lastUs = await scene.lastArrivalUs();
      return nowUs() - Math.max(lastUs, atUs) > size.quietMs * US_PER_MS;
    }, `no call of ${agent} arrived any more`);
    const lastUs = await scene.lastArrivalUs();
    const after = (await scene.toolArrivals()).filter((us) => us > atUs).length;
    return { tookMs: Math.max(0, lastUs - atUs) / US_PER_MS, after };
  } finally {
    await load.stop();
  }
}

/** Each answers the instant before what trips was sent: no part of the way is left out. */
const TRIPS: Readonly<Record<Kind, (scene: Scene, agent: string, key: string) => Promise<number>>> =
  {
    pause: async (scene, agent) => {
      const atUs = nowUs();
      const body = { agents: [agent], reason: "benchmark" };
      await ask(firstOf(scene), "POST", "/api/v1/agents/pause", body);
      return atUs;
    },
    breaker: async (scene, _agent, key) => {
      const address = `${firstOf(scene).agentUrl}${toolPath("work")}`;
      let atUs = 0;
      for (let call = 0; call < EQUAL_CALLS; call += 1) {
        atUs = nowUs();
        const answer = await fetch(address, {
          method: "POST",
          headers: { authorization: `Bearer ${key}` },
          body: JSON.stringify({ arguments: { file: "empty.wav" } }),
        });
        if (!answer.ok) throw new Error(`equal call ${call} was answered ${answer.status}`);
      }
      return atUs;
    },
  };

function firstOf({ gateways }: Scene): Gateway {
  const [first] = gateways;
  if (first === undefined) throw new Error("there is no gateway");
  return first;
}

async function isStopped({ gateways }: Scene, agent: string): Promise<boolean> {
  for (const gateway of gateways) {
    const rows = await ask<{ agent: string; clutch: string }[]>(gateway, "GET", "/api/v1/agents");
    if (rows.find((row) => row.agent === agent)?.clutch !== "disengaged") return false;
  }
  return true;
}

function tell(kind: Kind, trips: readonly Trip[], report: Report): void {
  const times = trips.map(({ tookMs }) => tookMs);
  report.number(`${kind}_rounds`, trips.length, "");
  report.number(`${kind}_to_last_call_median_ms`, median(times), "ms");
  report.barred(`${kind}_to_last_call_max_ms`, Math.max(...times), BAR_MS, "ms");
  report.number(`${kind}_tool_calls_after_max`, Math.max(...trips.map(({ after }) => after)), "");
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + STOPPED_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${STOPPED_MS} ms: ${what}`);
    await sleep(LOOK_MS);
  }
}
