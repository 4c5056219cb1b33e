/** What is measured and what it is measured against, all running at once, each idle in its turn. */
import path from "node:path";
import {
  ENCRYPTION_KEY,
  type Gateway,
  keyFor,
  startGateway,
  stopGateway,
  temporaryFolder,
  writeFolder,
} from "../gateways.ts";
import type { Job, Load } from "../load.ts";
import { openPostgres, type Postgres } from "../postgres.ts";
import {
  CORE_OF_LOAD,
  CORE_UNDER_TEST,
  cpuMs,
  type Program,
  runProgram,
  startProgram,
  stopProgram,
} from "../processes.ts";
import { nginxProgram, startNginx } from "./nginx.ts";
import { bodyOf, type RequestShape } from "./request.ts";

const HERE = path.dirname(import.meta.dirname);
export const PATH = "/v1/chat/completions";
export const AGENT = "benchmark";

/** One way from the load to the upstream. */
export interface System {
  readonly name: "direct" | "bare" | "nginx" | "sqlite" | "postgres";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whose processor time counts; null: nobody's. */
  readonly pid: number | null;
  readonly gateway: Gateway | null;
}

export interface Systems {
  readonly all: readonly System[];
  readonly postgres: Postgres | null;
  readonly main: string;
  readonly configFolder: string;
  stop(): Promise<void>;
}

interface Listening {
  readonly url: string;
}

const price = { input: 3, output: 15, context_window: 128_000, max_output: 16_384 };
const MODELS = ["benchmark", "paced-10"];

export async function startSystems(main: string, withPostgres: boolean): Promise<Systems> {
  const programs: Program[] = [];
  const gateways: Gateway[] = [];
  const upstream = await startProgram<Listening>({
    args: [path.join(HERE, "upstream.ts")],
    core: CORE_OF_LOAD,
  });
  programs.push(upstream);
  const { url } = upstream.ready;
  const bare = await startProgram<Listening>({
    args: [path.join(HERE, "bare-proxy.ts"), "--upstream", url],
    core: CORE_UNDER_TEST,
  });
  programs.push(bare);
  const configFolder = writeFolder(configOf(url));
  const postgres = withPostgres ? await openPostgres("postgres", CORE_OF_LOAD) : null;
  const all: System[] = [
    { name: "direct", url, headers: {}, pid: null, gateway: null },
    { name: "bare", url: bare.ready.url, headers: {}, pid: bare.pid, gateway: null },
  ];
  const nginx = nginxProgram() === null ? null : await startNginx(url);
  if (nginx !== null) {
    programs.push(nginx.program);
    all.push({ name: "nginx", url: nginx.url, headers: {}, pid: nginx.workerPid, gateway: null });
  }
  for (const name of postgres === null
    ? (["sqlite"] as const)
    : (["sqlite", "postgres"] as const)) {
    const store = name === "postgres" ? (postgres?.url ?? null) : null;
    const gateway = await startGateway({
      ...{ main, configFolder, store, core: CORE_UNDER_TEST },
      dataFolder: temporaryFolder(),
    });
    gateways.push(gateway);
    const headers = { authorization: `Bearer ${await keyFor(gateway, AGENT)}` };
    all.push({ name, url: gateway.agentUrl, headers, pid: gateway.program.pid, gateway });
  }
  const stop = async () => {
    for (const gateway of gateways) await stopGateway(gateway);
    for (const program of programs) await stopProgram(program);
    await postgres?.remove();
  };
  return { all, postgres, main, configFolder, stop };
}

/** One agent with the budgets that a careful owner gives it, none of them near its end. */
function configOf(upstream: string) {
  return {
    "slipclutch.yaml": {
      version: 1,
      encryption_key: ENCRYPTION_KEY,
      providers: {
        upstream: {
          kind: "openai",
          base_url: `${upstream}/v1`,
          api_key: "benchmark",
          models: MODELS,
          prices_of: "benchmark",
          connections_max: 512,
        },
      },
      budgets: [
        { name: "monthly", agent: AGENT, limit_usd: 1_000_000, window: "month" },
        { name: "each-task", each: "task", limit_usd: 1_000_000, window: "task" },
      ],
    },
    "prices.yaml": { benchmark: Object.fromEntries(MODELS.map((model) => [model, { ...price }])) },
    [`agents/${AGENT}.yaml`]: { version: 1, agent: AGENT, models: MODELS },
  };
}

export interface Shape extends RequestShape {
  readonly connections: number;
  readonly requests: number;
  readonly rate?: number;
}

export interface Measured extends Load {
  /** Microseconds of processor time of the system, for one request. */
  readonly cpuUs: number;
}

/** Sends one load through a system, and takes its processor time. */
export async function measure(system: System, shape: Shape): Promise<Measured> {
  const job: Job = {
    url: system.url,
    path: PATH,
    headers: system.headers,
    body: bodyOf(shape),
    connections: shape.connections,
    requests: shape.requests,
    rate: shape.rate ?? null,
  };
  const before = system.pid === null ? 0 : cpuMs(system.pid);
  const load = await runProgram<Load>({
    args: [path.join(HERE, "load.ts"), JSON.stringify(job)],
    core: CORE_OF_LOAD,
  });
  const after = system.pid === null ? 0 : cpuMs(system.pid);
  if (load.failures > 0) throw new Error(`${system.name}: ${load.failures} answers were no 200`);
  return { ...load, cpuUs: ((after - before) * 1000) / load.requests };
}
