/**
 * `npm run bench`: what the gateway costs, as ratios to references in the same run. Rounds are
 * interleaved (A B A B …) and the median counts, for a shared machine is never quiet.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { keyFor, programToRun, startGateway, stopGateway, temporaryFolder } from "../gateways.ts";
import { median } from "../median.ts";
import { hasPostgres } from "../postgres.ts";
import { CORE_UNDER_TEST, cpuMs, memoryOf, pins, runProgram } from "../processes.ts";
import type { InProcess } from "./in-process.ts";
import { Report } from "./report.ts";
import { bodyOf } from "./request.ts";
import {
  AGENT,
  type Measured,
  measure,
  PATH,
  type Shape,
  type System,
  type Systems,
  startSystems,
} from "./systems.ts";

export interface SpeedOptions {
  readonly quick: boolean;
  readonly source: boolean;
  readonly json: boolean;
}

interface Size {
  readonly rounds: number;
  readonly plain: number;
  readonly streams: number;
  readonly paced: number;
  readonly pacedRounds: number;
  readonly rated: number;
  readonly starts: number;
  readonly transactions: number;
  readonly aged: number;
}

const FULL: Size = {
  ...{ rounds: 5, plain: 5_000, streams: 1_000, paced: 192, pacedRounds: 3, rated: 4_000 },
  ...{ starts: 5, transactions: 10_000, aged: 1_000_000 },
};
const QUICK: Size = {
  ...{ rounds: 3, plain: 2_000, streams: 300, paced: 48, pacedRounds: 1, rated: 1_500 },
  ...{ starts: 3, transactions: 3_000, aged: 500_000 },
};
/**
 * Before anything is measured, on every system alike: a fresh gateway's calls get cheaper for some
 * 24,000 calls, the bare proxy's for 14,000, and streams for 1,500; until then the compiler is what
 * is measured. What comes after goes over the same ground.
 */
const WARM_CALLS = 25_000;
const WARM_STREAMS = 2_000;
const CONNECTIONS = 32;
const STREAMS_AT_ONCE = 16;
const RATE = 1_000;
/** Longer than PostgreSQL keeps its counters to itself. */
const STATISTICS_MS = 1_500;
const MEBIBYTE = 1024 * 1024;

export async function speed(options: SpeedOptions): Promise<number> {
  const size = options.quick ? QUICK : FULL;
  const report = new Report(options.json);
  if (!pins) report.note("processes could not be pinned to cores: numbers are noisier");
  const main = programToRun(options.source);
  await starts(main, size, report);
  const systems = await startSystems(main, hasPostgres());
  try {
    idle(systems, report);
    await plain(systems, size, report);
    await streams(systems, size, report);
    await latency(systems, size, report);
    await transactions(systems, size, report);
    peak(systems, report);
  } finally {
    await systems.stop();
  }
  await inProcess(size, report);
  report.barred("packages_at_run_time", packages(), 30, "");
  report.end();
  return 0;
}

/** From the start of the process to its first answered call, on a fresh data folder. */
async function starts(main: string, size: Size, report: Report): Promise<void> {
  const systems = await startSystems(main, false);
  const took: number[] = [];
  try {
    // One more for the compile cache, which every start but the very first finds.
    for (let round = 0; round <= size.starts; round += 1) {
      const dataFolder = temporaryFolder();
      const { configFolder } = systems;
      const startedAt = performance.now();
      const gateway = await startGateway({ main, configFolder, dataFolder, store: null });
      const key = await keyFor(gateway, AGENT);
      const answer = await fetch(gateway.agentUrl + PATH, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: bodyOf({}),
      });
      if (answer.status !== 200) throw new Error(`the first call was answered ${answer.status}`);
      await answer.text();
      if (round > 0) took.push((performance.now() - startedAt) / 1000);
      await stopGateway(gateway);
    }
  } finally {
    await systems.stop();
  }
  report.barred("start_to_first_call_s", median(took), 0.8, "s");
}

type Rounds = Map<System["name"], Measured[]>;

async function warmUp(systems: readonly System[], shape: Shape): Promise<void> {
  for (const system of systems) await measure(system, shape);
}

async function rounds(systems: readonly System[], count: number, shape: Shape): Promise<Rounds> {
  const all: Rounds = new Map(systems.map(({ name }) => [name, []]));
  // Connection pools need a moment.
  await warmUp(systems, { ...shape, requests: Math.ceil(shape.requests / 4) });
  for (let round = 0; round < count; round += 1) {
    for (const system of systems) all.get(system.name)?.push(await measure(system, shape));
  }
  return all;
}

function of(all: Rounds, name: System["name"], pick: (one: Measured) => number): number {
  return median((all.get(name) ?? []).map(pick));
}

async function plain(systems: Systems, size: Size, report: Report): Promise<void> {
  const tested = systems.all.filter(({ name }) => name !== "direct");
  const shape = { connections: CONNECTIONS, requests: size.plain };
  await warmUp(tested, { ...shape, requests: WARM_CALLS });
  const postgresBefore = postgresCpu(systems);
  const all = await rounds(tested, size.rounds, shape);
  const bareUs = of(all, "bare", (one) => one.cpuUs);
  for (const { name } of tested) {
    const cpuUs = of(all, name, (one) => one.cpuUs);
    report.number(`plain_${name}_cpu_us`, cpuUs, "µs");
    const perSecond = of(all, name, ({ requests, seconds }) => requests / seconds);
    report.number(`plain_${name}_calls_per_s`, perSecond, "/s");
    if (name === "sqlite" || name === "postgres") {
      report.barred(`plain_${name}_cpu_ratio`, cpuUs / bareUs, 1.25, "× bare");
    }
  }
  if (systems.postgres !== null) {
    const calls = size.plain * (size.rounds + 0.25);
    const us = ((postgresCpu(systems) - postgresBefore) * 1000) / calls;
    report.number("plain_postgres_server_cpu_us", us, "µs");
  }
}

/** Milliseconds of all of PostgreSQL's processes that are there now. */
function postgresCpu({ postgres }: Systems): number {
  if (postgres === null || postgres.pid === null) return 0;
  const { pid } = postgres;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  return [pid, ...children.map(Number)].reduce((sum, one) => sum + cpuMs(one), 0);
}

async function streams(systems: Systems, size: Size, report: Report): Promise<void> {
  const tested = systems.all.filter(({ name }) => name !== "direct");
  const shapes = [
    { name: "at_once", model: "benchmark", requests: size.streams, count: size.rounds },
    { name: "paced", model: "paced-10", requests: size.paced, count: size.pacedRounds },
  ];
  const warm = { model: "benchmark", stream: true, connections: STREAMS_AT_ONCE };
  await warmUp(tested, { ...warm, requests: WARM_STREAMS });
  for (const { count, model, name: shape, requests } of shapes) {
    const asked = { model, stream: true, connections: STREAMS_AT_ONCE, requests };
    const all = await rounds(tested, count, asked);
    const bareUs = of(all, "bare", (one) => one.cpuUs);
    const bareMs = of(all, "bare", (one) => one.firstByteP50Ms);
    for (const { name } of tested) {
      const cpuUs = of(all, name, (one) => one.cpuUs);
      const firstMs = of(all, name, (one) => one.firstByteP50Ms);
      report.number(`stream_${shape}_${name}_cpu_us`, cpuUs, "µs");
      report.number(`stream_${shape}_${name}_first_byte_ms`, firstMs, "ms");
      if (name !== "sqlite" && name !== "postgres") continue;
      report.barred(`stream_${shape}_${name}_cpu_ratio`, cpuUs / bareUs, 1.15, "× bare");
      report.barred(`stream_${shape}_${name}_first_byte_ratio`, firstMs / bareMs, 1.3, "× bare");
    }
  }
}

/** Beside the direct way, at a rate that one core bears. */
async function latency(systems: Systems, size: Size, report: Report): Promise<void> {
  const shape = { connections: 256, requests: size.rated, rate: RATE };
  const all = await rounds(systems.all, size.pacedRounds, shape);
  const directP50 = of(all, "direct", (one) => one.p50Ms);
  const directP99 = of(all, "direct", (one) => one.p99Ms);
  const bareUs = of(all, "bare", (one) => one.cpuUs);
  for (const { name } of systems.all) {
    if (name === "direct") continue;
    const p50 = of(all, name, (one) => one.p50Ms) - directP50;
    const p99 = of(all, name, (one) => one.p99Ms) - directP99;
    if (name === "sqlite" || name === "postgres") {
      const cpuRatio = of(all, name, (one) => one.cpuUs) / bareUs;
      report.number(`at_rate_${name}_cpu_ratio`, cpuRatio, "× bare");
      report.barred(`added_p50_${name}_ms`, p50, 0.5, "ms");
      report.barred(`added_p99_${name}_ms`, p99, 2, "ms");
    } else {
      report.number(`added_p50_${name}_ms`, p50, "ms");
      report.number(`added_p99_${name}_ms`, p99, "ms");
    }
  }
}

/** How many transactions very many calls make: leases and batches, not calls. */
async function transactions(systems: Systems, size: Size, report: Report): Promise<void> {
  const system = systems.all.find(({ name }) => name === "postgres");
  const { postgres } = systems;
  if (system === undefined || postgres === null) return;
  const committed = async () => {
    await sleep(STATISTICS_MS);
    const sql = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    const [row] = await postgres.query<{ xact_commit: string }>(sql);
    return Number(row?.xact_commit);
  };
  const before = await committed();
  const { seconds } = await measure(system, {
    connections: CONNECTIONS,
    requests: size.transactions,
  });
  const made = (await committed()) - before;
  report.number("transactions_calls", size.transactions, "");
  report.number("transactions", made, "");
  report.number("transactions_seconds", seconds, "s");
  report.number("transactions_per_call", made / size.transactions, "");
}

function ours({ all }: Systems): readonly System[] {
  return all.filter(({ gateway }) => gateway !== null);
}

function idle(systems: Systems, report: Report): void {
  for (const { name, pid } of ours(systems)) {
    const bytes = memoryOf(pid ?? 0).now;
    report.barred(`memory_idle_${name}_mb`, bytes / MEBIBYTE, 110, "MB");
  }
}

function peak(systems: Systems, report: Report): void {
  for (const { name, pid } of ours(systems)) {
    report.barred(`memory_peak_${name}_mb`, memoryOf(pid ?? 0).peak / MEBIBYTE, 180, "MB");
  }
}

async function inProcess(size: Size, report: Report): Promise<void> {
  const program = path.join(import.meta.dirname, "in-process.ts");
  const core = CORE_UNDER_TEST;
  const seen = await runProgram<InProcess>({ args: [program, String(size.aged)], core });
  report.barred("admission_p50_us", seen.admissionP50Us, 10, "µs");
  report.number("admission_p99_us", seen.admissionP99Us, "µs");
  report.number("admission_to_json_parse", seen.admissionP50Us / seen.parseP50Us, "×");
  report.number("call_early_us", seen.earlyUs, "µs");
  report.barred(`call_after_${seen.calls}_ratio`, seen.lateUs / seen.earlyUs, 1.1, "× early");
}

/** What `npm install slipclutch` puts in place, itself included. */
function packages(): number {
  const file = path.join(import.meta.dirname, "..", "..", "package-lock.json");
  const lock = JSON.parse(readFileSync(file, "utf8"));
  // npm's own format: a map from folders to what lies there.
  const all: readonly Record<string, unknown>[] = Object.values(lock.packages);
  return all.filter((one) => !(one.dev || one.devOptional || one.optional || one.peer)).length;
}
