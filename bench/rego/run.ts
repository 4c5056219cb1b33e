/**
 * `npm run bench -- rego`: what a decision by policy costs, in the embedded engine and in the same
 * policy compiled to WebAssembly by the real `opa`, question by question in turn; and how long a
 * hundred modules take to load, and keep everything else waiting.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { embeddedEngine } from "../../src/adapters/policy-engine/embedded/engine.ts";
import { nodeHost } from "../../src/adapters/policy-engine/embedded/host.ts";
import {
  type Dialect,
  EMPTY_OBJECT,
  loadModules,
  parseModule,
  prepareDocument,
  valueOfJson,
} from "../../src/rego/index.ts";
import { regoCases } from "../../test/support/rego-cases.ts";
import { temporaryFolder } from "../gateways.ts";
import { median } from "../median.ts";
import { Report } from "../speed/report.ts";

export interface RegoOptions {
  readonly quick: boolean;
  readonly json: boolean;
}

interface Policy {
  readonly name: string;
  readonly file: string;
  readonly dialect: Dialect;
  readonly path: readonly string[];
  readonly input: string;
  /** Questions of a batch, so that the clock's own cost does not show. */
  readonly batch: number;
  /** Of the time of opa-wasm, at most. */
  readonly bar: number;
}

const POLICIES: readonly Policy[] = [
  {
    ...{ name: "example", file: "example-v0.rego", dialect: "v0", input: "example.json" },
    ...{ path: ["agent", "authz", "allow"], batch: 200, bar: 0.2 },
  },
  {
    ...{ name: "hundred", file: "hundred.rego", dialect: "v1", input: "hundred-allow.json" },
    ...{ path: ["agent", "policy", "decision"], batch: 10, bar: 0.1 },
  },
];

const FULL = { batches: 2_000, warmUp: 1_000 };
const QUICK = { batches: 200, warmUp: 100 };
const MODULES = 100;
const LOADS = 5;
const LOAD_MS_MAX = 200;
const TAIL_MAX = 4;
const MS_TO_US = 1_000;
const LIMITS = { steps: 1_000_000, depth: 500, expired: () => false };

export async function rego({ json, quick }: RegoOptions): Promise<number> {
  const cases = regoCases();
  if (cases === null) throw new Error("the policies are where SLIPCLUTCH_REGO_CASES says: nowhere");
  const folder = path.join(cases, "bench");
  const built = temporaryFolder();
  const report = new Report(json);
  try {
    for (const policy of POLICIES) {
      const wasm = await wasmOf(policy, folder, built);
      tellPolicy(policy, { folder, wasm, size: quick ? QUICK : FULL }, report);
    }
    await tellLoading(path.join(folder, "hundred.rego"), report);
  } finally {
    rmSync(built, { recursive: true });
  }
  report.end();
  return 0;
}

type Ask = () => unknown;

interface Sides {
  readonly folder: string;
  readonly wasm: (input: unknown) => Ask;
  readonly size: typeof FULL;
}

/** Batches of one and of the other in turn: what slows the machine slows both. */
function tellPolicy(policy: Policy, { folder, size, wasm }: Sides, report: Report): void {
  const input = JSON.parse(readFileSync(path.join(folder, policy.input), "utf8"));
  const ours = embeddedOf(policy, folder, input);
  const theirs = wasm(input);
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let i = 0; i < size.warmUp + size.batches; i += 1) {
    const own = timed(ours, policy.batch);
    const other = timed(theirs, policy.batch);
    if (i < size.warmUp) continue;
    times.ours.push(own);
    times.theirs.push(other);
  }
  const { name, bar } = policy;
  const p50 = median(times.ours);
  const other = median(times.theirs);
  report.number(`${name}_us`, p50, "µs");
  report.number(`${name}_wasm_us`, other, "µs");
  report.barred(`${name}_of_wasm`, p50 / other, bar, "of opa-wasm");
  report.barred(`${name}_p99_of_p50`, percentile(times.ours, 0.99) / p50, TAIL_MAX, "of p50");
}

function embeddedOf({ dialect, file, path: query }: Policy, folder: string, input: unknown): Ask {
  const text = readFileSync(path.join(folder, file), "utf8");
  const ask = prepareDocument(loadModules([parseModule(text, file, dialect)]), query);
  const host = nodeHost(() => 0n);
  const rest = { data: EMPTY_OBJECT, host, limits: LIMITS, strict: true };
  return () => ask({ ...rest, input: valueOfJson(input) });
}

async function wasmOf({ dialect, file, path: query }: Policy, folder: string, built: string) {
  const bundle = path.join(built, `${file}.tar.gz`);
  const old = dialect === "v0" ? ["--v0-compatible"] : [];
  const entry = ["-t", "wasm", "-e", query.join("/"), "-o", bundle];
  execFileSync("opa", ["build", ...old, ...entry, path.join(folder, file)]);
  execFileSync("tar", ["xzf", bundle, "-C", built, "/policy.wasm"], { stdio: "ignore" });
  const { loadPolicy } = await import("@open-policy-agent/opa-wasm");
  const policy = await loadPolicy(readFileSync(path.join(built, "policy.wasm")));
  policy.setData({});
  return (input: unknown) => () => policy.evaluate(input);
}

function timed(ask: Ask, times: number): number {
  const start = performance.now();
  for (let i = 0; i < times; i += 1) ask();
  return ((performance.now() - start) * MS_TO_US) / times;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

/** A hundred modules of a few rules each, through the port, as a reload loads them. */
async function tellLoading(file: string, report: Report): Promise<void> {
  const whole = readFileSync(file, "utf8");
  const rules = whole.split("\n\n").filter((each) => /^(deny|park) contains/.test(each));
  const shared = whole.split("\n\n").filter((each) => !/^(package|deny|park)/.test(each));
  const modules = Array.from({ length: MODULES }, (_, i) => ({
    file: `module-${i}.rego`,
    text: [`package agent.module_${i}`, ...shared, ...rules.slice(i % 50, (i % 50) + 5)].join(
      "\n\n",
    ),
  }));
  const queries = [{ path: ["agent", "module_0", "allow"], lenient: false }];
  const times: number[] = [];
  const pauses: number[] = [];
  for (let i = 0; i < LOADS; i += 1) {
    const start = performance.now();
    const engine = embeddedEngine(systemClock);
    const load = engine.load({ revision: "bench", modules, data: "{}" }, queries);
    pauses.push(await longestPauseMs(load));
    times.push(performance.now() - start);
  }
  report.barred("load_100_modules_ms", median(times), LOAD_MS_MAX, "ms");
  report.number("load_pause_ms", median(pauses), "ms");
}

/** How long everything else in the process had to wait at most until this was done. */
async function longestPauseMs(work: Promise<unknown>): Promise<number> {
  let longest = 0;
  let isDone = false;
  let last = performance.now();
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isDone) setImmediate(look);
  };
  setImmediate(look);
  await work.finally(() => {
    isDone = true;
  });
  return longest;
}
