/**
 * `npm run bench -- mcp`: what the gateway adds to `tools/call` of the official client at one tool
 * server of the official SDK, in turns with the direct way and with a bare proxy.
 */
import path from "node:path";
import {
  ask,
  ENCRYPTION_KEY,
  type Gateway,
  keyFor,
  programToRun,
  startGateway,
  stopGateway,
  temporaryFolder,
  writeFolder,
} from "../gateways.ts";
import { median } from "../median.ts";
import { openPostgres } from "../postgres.ts";
import {
  CORE_OF_LOAD,
  CORE_UNDER_TEST,
  cpuMs,
  type Program,
  pins,
  runProgram,
  startProgram,
  stopProgram,
} from "../processes.ts";
import { Report } from "../speed/report.ts";
import type { Job, Road, Times } from "./client.ts";

export interface McpOptions {
  readonly quick: boolean;
  readonly source: boolean;
  readonly json: boolean;
  /** `sqlite`, `postgres` or the URL of one. */
  readonly store: string;
}

interface Measured {
  readonly times: Times;
  /** Microseconds of processor time for one call of those on the road. */
  readonly cpuUs: Readonly<Record<"bare" | "gateway", number>>;
}

interface Scene {
  readonly roads: readonly Road[];
  readonly gateway: Gateway;
  readonly bare: Program;
  readonly toolServerUrl: string;
  stop(): Promise<void>;
}

const HERE = path.dirname(import.meta.dirname);
const AGENT = "benchmark";
const TOOL = "work";
const FULL = { rounds: 7, calls: 1_000 };
const QUICK = { rounds: 3, calls: 100 };
/** Calls that only warm up, beside those that are measured. */
const WARM_UP_SHARE = 1.5;

export async function mcp(options: McpOptions): Promise<number> {
  const { calls, rounds } = options.quick ? QUICK : FULL;
  const report = new Report(options.json);
  if (!pins) report.note("processes could not be pinned to cores: numbers are noisier");
  const scene = await startScene(options);
  const seen: Measured[] = [];
  try {
    const sent = Math.ceil(calls * WARM_UP_SHARE);
    // The first round is for the just-in-time compilers and the connections.
    for (let round = 0; round <= rounds; round += 1) {
      const measured = await measure(scene, calls, round * sent);
      if (round > 0) seen.push(measured);
    }
    await expectAllRan(scene, (rounds + 1) * sent);
  } finally {
    await scene.stop();
  }
  tell(seen, report);
  report.end();
  return 0;
}

async function startScene({ source, store }: McpOptions): Promise<Scene> {
  const toolServer = await startProgram<{ readonly url: string }>({
    args: [path.join(HERE, "tool-server.ts")],
    core: CORE_OF_LOAD,
  });
  const { url } = toolServer.ready;
  const bare = await startProgram<{ readonly url: string }>({
    args: [path.join(HERE, "bare-proxy.ts"), "--upstream", url],
    core: CORE_UNDER_TEST,
  });
  const postgres = store === "sqlite" ? null : await openPostgres(store, CORE_OF_LOAD);
  const gateway = await startGateway({
    main: programToRun(source),
    configFolder: writeFolder(configOf(`${url}/mcp`)),
    dataFolder: temporaryFolder(),
    store: postgres?.url ?? null,
    core: CORE_UNDER_TEST,
  });
  const headers = { authorization: `Bearer ${await keyFor(gateway, AGENT)}` };
  return {
    roads: [
      { name: "direct", url: `${url}/mcp`, headers: {} },
      { name: "bare", url: `${bare.ready.url}/mcp`, headers: {} },
      { name: "gateway", url: `${gateway.agentUrl}/mcp`, headers },
    ],
    ...{ gateway, bare, toolServerUrl: url },
    stop: async () => {
      await stopGateway(gateway);
      await stopProgram(bare);
      await stopProgram(toolServer);
      await postgres?.remove();
    },
  };
}

/** One tool with everything that a manifest can ask of a call, none of it near its limit. */
function configOf(url: string) {
  return {
    "slipclutch.yaml": {
      version: 1,
      encryption_key: ENCRYPTION_KEY,
      tool_servers: { desk: { kind: "mcp", url, tools: { [TOOL]: { effect: "read" } } } },
      budgets: [
        { name: "monthly", agent: AGENT, limit_usd: 1_000_000, window: "month" },
        { name: "each-task", each: "task", limit_usd: 1_000_000, window: "task" },
      ],
    },
    [`agents/${AGENT}.yaml`]: {
      version: 1,
      agent: AGENT,
      allowed_tools: [
        {
          tool_name: TOOL,
          rate_limit: { requests: 1_000, per_seconds: 1 },
          arguments: {
            type: "object",
            properties: { no: { type: "integer", minimum: 0 } },
            required: ["no"],
          },
          cost: { usd: 0.0001 },
          empty_result: "error",
        },
      ],
      blacklisted_tools: ["delete_ticket"],
    },
  };
}

async function measure(scene: Scene, calls: number, firstNo: number): Promise<Measured> {
  const { bare, gateway, roads } = scene;
  const job: Job = { roads, tool: TOOL, calls, firstNo };
  const cpu = () => ({ bare: cpuMs(bare.pid), gateway: cpuMs(gateway.program.pid) });
  const before = cpu();
  const times = await runProgram<Times>({
    args: [path.join(HERE, "mcp", "client.ts"), JSON.stringify(job)],
    core: CORE_OF_LOAD,
  });
  const after = cpu();
  const each = 1_000 / Math.ceil(calls * WARM_UP_SHARE);
  return {
    times,
    cpuUs: {
      bare: (after.bare - before.bare) * each,
      gateway: (after.gateway - before.gateway) * each,
    },
  };
}

/** Numbers of calls that were refused, or of an agent that was stopped, would say nothing. */
async function expectAllRan({ gateway, roads, toolServerUrl }: Scene, calls: number) {
  const answer = await fetch(`${toolServerUrl}/arrivals`);
  const { length } = (await answer.json()) as readonly number[]; // our own tool server's
  const expected = calls * roads.length;
  if (length !== expected) throw new Error(`the tool server saw ${length} calls of ${expected}`);
  const [agent] = await ask<{ clutch: string }[]>(gateway, "GET", "/api/v1/agents");
  if (agent?.clutch !== "engaged") throw new Error("the agent was stopped");
}

function tell(seen: readonly Measured[], report: Report): void {
  const of = (pick: (one: Measured) => number) => median(seen.map(pick));
  const time = (one: Measured, road: string, which: "p50Ms" | "p99Ms") =>
    one.times[road]?.[which] ?? Number.NaN;
  for (const road of ["direct", "bare", "gateway"]) {
    report.number(
      `${road}_p50_ms`,
      of((one) => time(one, road, "p50Ms")),
      "ms",
    );
    report.number(
      `${road}_p99_ms`,
      of((one) => time(one, road, "p99Ms")),
      "ms",
    );
  }
  // Of each round by itself: what slowed one down slowed all its roads.
  const added = (road: string, which: "p50Ms" | "p99Ms") =>
    of((one) => time(one, road, which) - time(one, "direct", which));
  report.number("bare_added_p50_ms", added("bare", "p50Ms"), "ms");
  report.number("bare_added_p99_ms", added("bare", "p99Ms"), "ms");
  report.barred("added_p50_ms", added("gateway", "p50Ms"), 0.45, "ms");
  report.number("added_p99_ms", added("gateway", "p99Ms"), "ms");
  report.number(
    "bare_cpu_us",
    of((one) => one.cpuUs.bare),
    "µs",
  );
  report.number(
    "cpu_us",
    of((one) => one.cpuUs.gateway),
    "µs",
  );
  report.number(
    "cpu_ratio",
    of((one) => one.cpuUs.gateway / one.cpuUs.bare),
    "× bare",
  );
}
