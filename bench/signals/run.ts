/**
 * `npm run bench -- signals`: what watching costs a call, and what it costs to watch 100,000 agents
 * with three tools each in one process, over the embedded store.
 */
import { hash } from "node:crypto";
import { rmSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { sqliteStore } from "../../src/adapters/store/sqlite/index.ts";
import { boundYoungGeneration } from "../../src/compose/young-generation.ts";
import type { Repeated } from "../../src/gateway/signals/repeats.ts";
import { Signals } from "../../src/gateway/signals/signals.ts";
import { Tenure } from "../../src/gateway/tenure.ts";
import { DEFAULT_RULES } from "../../src/guards/breaker/rules.ts";
import type { Store } from "../../src/ports/store.ts";
import { Journal } from "../../src/telemetry/journal.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { temporaryFolder } from "../gateways.ts";
import { median } from "../median.ts";
import { Report } from "../speed/report.ts";

export interface SignalOptions {
  readonly quick: boolean;
  readonly json: boolean;
}

const FULL = { agents: 100_000, batches: 200, minutes: 6 };
const QUICK = { agents: 5_000, batches: 40, minutes: 3 };
const TOOLS = 3;
const BATCH = 2_000;
/** Agents that call between two looks of the gateway, one second apart. */
const AGENTS_A_SECOND = 2_000;
const MINUTE_MS = 60_000;
const MEBIBYTE = 1024 * 1024;
const NS_TO_MS = 1e-6;
const MS_TO_US = 1_000;
const RULES = {
  breakersOf: () => DEFAULT_RULES,
  allBreakers: DEFAULT_RULES,
  rateLimitOf: () => null,
};

export async function signals({ json, quick }: SignalOptions): Promise<number> {
  const size = quick ? QUICK : FULL;
  const report = new Report(json);
  const folder = temporaryFolder();
  // The timers of the clock keep no process alive.
  const alive = setInterval(() => {}, MINUTE_MS);
  // As every process of a gateway has it.
  const unbound = boundYoungGeneration();
  const store = await sqliteStore({ folder, clock: systemClock });
  try {
    const { signals: watched, tenure } = await openSignals(store);
    tellCost(watched, size.batches, report);
    await tellAgents({ watched, tenure, ...size }, report);
  } finally {
    clearInterval(alive);
    unbound();
    await store.close();
    rmSync(folder, { recursive: true });
  }
  report.end();
  return 0;
}

async function openSignals(store: Store) {
  const clock = systemClock;
  const id = "b".repeat(32);
  const info = { id, host: "h", pid: 1, pidStart: "s", configuration: "c", keyId: "k" };
  await store.holders.register(info);
  const key = new Uint8Array(32);
  const journal = new Journal({ writer: id, key, clock, others: new Map() });
  const log = createLog({ clock, write: () => {}, level: "error", form: "json" });
  const tenure = new Tenure(id, journal, { wall: 0, monotonic: 0 });
  return { signals: new Signals({ store: store.counters, clock, log }), tenure };
}

interface Call {
  readonly agent: string;
  readonly tool: string;
  readonly no: number;
  readonly now: number;
}

/** All that one call of a tool makes the gateway count and compare; arguments of its own each. */
function call(watched: Signals, { agent, no, now, tool }: Call): void {
  const subject = { agent, server: "desk", tool };
  const all = { agent, server: "", tool: "" };
  watched.count(subject, "calls", now);
  watched.meet(agent, subject);
  watched.count(all, "spent", now, 1_000);
  watched.count(all, "ended", now);
  watched.count(subject, "ended", now);
  const repeated: Repeated = {
    ...{ ...subject, task: `t-${no % 8}`, digest: `d-${no}`, result: `r-${no}` },
    ...{ repeatsMax: null, news: `r-${no}` },
  };
  watched.repeated(repeated, DEFAULT_RULES, now);
}

/** Beside one SHA-256 of 100 bytes, which is what a machine of this speed takes for that. */
function tellCost(watched: Signals, batches: number, report: Report): void {
  const [costs, bare]: [number[], number[]] = [[], []];
  const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  let no = 0;
  for (let batch = -20; batch < batches; batch += 1) {
    const begun = performance.now();
    for (let n = 0; n < BATCH; n += 1) {
      no += 1;
      call(watched, { agent: `cost-${no % 50}`, tool: `tool-${no % TOOLS}`, no, now });
    }
    const middle = performance.now();
    for (let n = 0; n < BATCH; n += 1) hash("sha256", `${"x".repeat(95)}${n % 99_999}`);
    if (batch < 0) continue;
    costs.push(((middle - begun) * MS_TO_US) / BATCH);
    bare.push(((performance.now() - middle) * MS_TO_US) / BATCH);
  }
  report.barred("signals_us", median(costs), 3, "µs");
  report.number("signals_of_sha256", median(costs) / median(bare), "× one SHA-256 of 100 bytes");
}

interface Crowd {
  readonly watched: Signals;
  readonly tenure: Tenure;
  readonly agents: number;
  readonly minutes: number;
}

/** Every agent calls each of its tools in every minute, and the gateway looks once a second. */
async function tellAgents({ agents, minutes, tenure, watched }: Crowd, report: Report) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const start = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const before = process.memoryUsage().rss;
  let seconds = 0;
  let lookMs = 0;
  delay.enable();
  for (let minute = 0; minute < minutes; minute += 1) {
    for (let first = 0; first < agents; first += AGENTS_A_SECOND) {
      const now = start + minute * MINUTE_MS + Math.floor((first / agents) * MINUTE_MS);
      await callAll(watched, {
        first,
        last: Math.min(first + AGENTS_A_SECOND, agents),
        now,
        minute,
      });
      const begun = performance.now();
      await watched.tick(tenure, RULES, now);
      lookMs += performance.now() - begun;
      seconds += 1;
    }
  }
  delay.disable();
  const { rss } = process.memoryUsage();
  report.number("agents", agents, "");
  report.barred("rss_mb", rss / MEBIBYTE, 1_536, "MB");
  report.number("rss_grown_mb", (rss - before) / MEBIBYTE, "MB");
  report.number("look_ms", lookMs / seconds, "ms a second, of which others get their turn");
  report.barred("pause_max_ms", delay.max * NS_TO_MS, 50, "ms");
  report.number("pause_p99_ms", delay.percentile(99) * NS_TO_MS, "ms");
}

interface Some {
  readonly first: number;
  readonly last: number;
  readonly now: number;
  readonly minute: number;
}

/** In slices: calls come one by one, and are not what is measured here. */
async function callAll(watched: Signals, { first, last, minute, now }: Some): Promise<void> {
  for (let no = first; no < last; no += 1) {
    for (let tool = 0; tool < TOOLS; tool += 1) {
      const asked = { agent: `agent-${no}`, tool: `tool-${tool}`, no: minute * TOOLS + tool, now };
      call(watched, asked);
    }
    if (no % 200 === 199) await new Promise((resolve) => setImmediate(resolve));
  }
}
