/** Gateways on one store, before a tool server and a model that know when each call arrived. */
import path from "node:path";
import {
  ENCRYPTION_KEY,
  type Gateway,
  keyFor,
  programToRun,
  startGateway,
  stopGateway,
  temporaryFolder,
  writeFolder,
} from "../gateways.ts";
import { openPostgres } from "../postgres.ts";
import {
  CORE_OF_LOAD,
  CORE_UNDER_TEST,
  type Program,
  pin,
  startProgram,
  stopProgram,
} from "../processes.ts";
import type { Target } from "./load.ts";

export interface SceneOptions {
  readonly source: boolean;
  /** `sqlite`, `postgres` or the URL of one. */
  readonly store: string;
  /** One for each trip: none has to be resumed. */
  readonly agents: readonly string[];
  /** On the embedded store there is one, whose own it is. */
  readonly gateways: number;
  readonly limit: { readonly requests: number; readonly per_seconds: number };
}

export interface Scene {
  readonly gateways: readonly Gateway[];
  key(agent: string): Promise<string>;
  /** When calls of tools arrived, microseconds, oldest first. */
  toolArrivals(): Promise<readonly number[]>;
  /** When the last call of a tool or a model arrived. */
  lastArrivalUs(): Promise<number>;
  forgetArrivals(): Promise<void>;
  stop(): Promise<void>;
}

const HERE = path.dirname(import.meta.dirname);
const MODEL = "benchmark";

export async function startScene(options: SceneOptions): Promise<Scene> {
  // This process is the load as well.
  pin(process.pid, CORE_OF_LOAD);
  const core = CORE_OF_LOAD;
  const tools = await startProgram<{ readonly url: string }>({
    args: [path.join(HERE, "tool-server.ts")],
    core,
  });
  const models = await startProgram<{ readonly url: string }>({
    args: [path.join(HERE, "upstream.ts")],
    core,
  });
  const { store } = options;
  const postgres = store === "sqlite" ? null : await openPostgres(store, core);
  const main = programToRun(options.source);
  const configFolder = writeFolder(configOf(options, tools.ready.url, models.ready.url));
  const gateways: Gateway[] = [];
  for (let no = 0; no < (postgres === null ? 1 : options.gateways); no += 1) {
    const dataFolder = temporaryFolder();
    const where = { store: postgres?.url ?? null, core: CORE_UNDER_TEST };
    gateways.push(await startGateway({ main, configFolder, dataFolder, ...where }));
  }
  const [first] = gateways;
  if (first === undefined) throw new Error("there is no gateway");
  const toolArrivals = () => answerOf<readonly number[]>(`${tools.ready.url}/arrivals`);
  return {
    gateways,
    key: (agent) => keyFor(first, agent),
    toolArrivals,
    lastArrivalUs: async () => {
      const stats = await answerOf<{ last_at_us: number }>(`${models.ready.url}/stats`);
      return Math.max(stats.last_at_us, (await toolArrivals()).at(-1) ?? 0);
    },
    forgetArrivals: async () => {
      for (const { ready } of [tools, models]) {
        await fetch(`${ready.url}/reset`, { method: "POST" });
      }
    },
    stop: () => stopAll(gateways, [tools, models], postgres),
  };
}

async function stopAll(
  gateways: readonly Gateway[],
  programs: readonly Program[],
  postgres: { remove(): Promise<void> } | null,
): Promise<void> {
  await Promise.all(gateways.map((gateway) => stopGateway(gateway)));
  for (const program of programs) await stopProgram(program);
  await postgres?.remove();
}

/** A body of our own programs, in the shape that its caller names. */
async function answerOf<Answer>(url: string): Promise<Answer> {
  return (await (await fetch(url)).json()) as Answer; // the caller knows what it asked for
}

function configOf({ agents, limit }: SceneOptions, tools: string, models: string) {
  const read = { effect: "read" };
  const manifests = agents.map((agent) => [
    `agents/${agent}.yaml`,
    {
      version: 1,
      agent,
      models: [MODEL],
      allowed_tools: [{ tool_name: "work" }, { tool_name: "limited", rate_limit: { ...limit } }],
    },
  ]);
  const price = { input: 3, output: 15, context_window: 128_000, max_output: 16_384 };
  return {
    "slipclutch.yaml": {
      version: 1,
      encryption_key: ENCRYPTION_KEY,
      providers: {
        upstream: {
          kind: "openai",
          base_url: `${models}/v1`,
          api_key: "benchmark",
          models: [MODEL],
          prices_of: "benchmark",
        },
      },
      tool_servers: {
        desk: { kind: "mcp", url: `${tools}/mcp`, tools: { work: read, limited: { ...read } } },
      },
      budgets: [{ name: "all", each: "agent", limit_usd: 1_000_000, window: "month" }],
      // Who races for a rate limit makes more attempts than any agent may.
      breakers: [{ name: "tool-surge", enabled: false }],
      // Clients that are refused at once go on asking: the harder load.
      parking: { hold_for: "0s" },
    },
    "prices.yaml": { benchmark: { [MODEL]: price } },
    ...Object.fromEntries(manifests),
  };
}

/** Both roads into every gateway: tools and models. */
export function targetsOf({ gateways }: Scene, key: string): readonly Target[] {
  return gateways.flatMap(({ agentUrl: url }) => [
    { url, key, path: toolPath("work"), body: (no: number) => ({ arguments: { no } }) },
    { url, key, path: "/v1/chat/completions", body: question },
  ]);
}

export function toolPath(tool: string): string {
  return `/guard/v1/tools/${tool}/call`;
}

function question(no: number) {
  const messages = [{ role: "user", content: `Question ${no}.` }];
  return { model: MODEL, max_tokens: 40, messages };
}
