/** One gateway with a model, a tool server and an agent that can be paused, for tests of parking. */
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { forget, startGateway, type TestGateway, writeFolder } from "../support/gateway.ts";
import { MODEL, until } from "./clients-world.ts";

export const CHAT = "/v1/chat/completions";
export const READ = "/guard/v1/tools/echo/call";
export const WRITE = "/guard/v1/tools/save/call";

export interface ReviewView {
  readonly id: string;
  readonly agent: string;
  readonly kind: string;
  readonly parked: number;
  readonly version: number;
  readonly state: string;
  readonly calls: readonly { call: string; state: string; task: string; attached: boolean }[];
}

export interface ParkingWorld {
  readonly server: McpFixture;
  readonly upstream: SimulatedUpstream;
  gateway: TestGateway;
  /** The agent's. */
  key(): string;
  /** Posts as the agent; `signal` hangs up. */
  post(path: string, body: unknown, options?: Posting): Promise<Response>;
  pause(): Promise<ReviewView>;
  review(id: string): Promise<ReviewView>;
  decide(id: string, decision: object): Promise<Response>;
  resume(): Promise<void>;
  /** Until so many calls are parked for the open review. */
  parked(count: number): Promise<void>;
  /** With these changes of slipclutch.yaml. */
  reload(changes: Readonly<Record<string, unknown>>): Promise<void>;
  restart(signal: NodeJS.Signals): Promise<void>;
  end(): Promise<void>;
}

export interface Posting {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function parkingWorld(
  parking: Readonly<Record<string, unknown>> = {},
  manifest: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
  /** More of the folder, like policies. */
  files: Readonly<Record<string, unknown>> = {},
): Promise<ParkingWorld> {
  const server = await mcpFixture({
    tools: ["echo", "save"].map((name) => ({ name, inputSchema: { type: "object" } })),
  });
  const upstream = await simulatedUpstream({ clock: systemClock });
  const provider = { api_key: "not-a-key", prices_of: "simulated", models: [MODEL] };
  const config = {
    "slipclutch.yaml": {
      version: 1,
      providers: {
        gpt: { kind: "openai", base_url: `${upstream.url}/v1`, ...provider },
        claude: { kind: "anthropic", base_url: upstream.url, ...provider },
      },
      tool_servers: {
        desk: {
          kind: "mcp",
          url: server.url,
          tools: { echo: { effect: "read" }, save: { effect: "write" } },
        },
      },
      budgets: [{ name: "all", each: "agent", limit_usd: 100, window: "lifetime" }],
      parking,
      ...more,
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      models: [MODEL],
      allowed_tools: [{ tool_name: "echo" }, { tool_name: "save", read_only: false }],
      ...manifest,
    },
    ...files,
  };
  let key = "";
  const world: ParkingWorld = {
    server,
    upstream,
    gateway: await startGateway({ config }),
    key: () => key,
    post: (path, body, { headers, signal } = {}) =>
      fetch(world.gateway.agentUrl + path, {
        method: "POST",
        headers: {
          authorization: `Bearer ${key}`,
          "content-type": "application/json",
          ...headers,
        },
        body: typeof body === "string" ? body : JSON.stringify(body),
        ...(signal === undefined ? {} : { signal }),
      }),
    pause: async () => {
      await world.gateway.api("POST", "/api/v1/agents/pause", { all: true, reason: "test" });
      return open(world);
    },
    review: async (id) => {
      const answer = await world.gateway.api("GET", `/api/v1/reviews/${id}`);
      return (await answer.json()) as ReviewView;
    },
    decide: (id, decision) =>
      world.gateway.api("POST", `/api/v1/reviews/${id}/decision`, { reason: "test", ...decision }),
    resume: async () => {
      const { id, version } = await open(world);
      const answer = await world.decide(id, { version, decision: "resume" });
      if (answer.status !== 200) throw new Error(await answer.text());
    },
    parked: (count) => until(async () => (await reviewsOf(world))[0]?.parked === count),
    reload: async (changes) => {
      const changed = { ...config["slipclutch.yaml"], ...changes };
      await writeFolder({ ...config, "slipclutch.yaml": changed }, world.gateway.configFolder);
      const answer = await world.gateway.api("POST", "/api/v1/reload", {});
      if (answer.status !== 200) throw new Error(await answer.text());
    },
    restart: async (signal) => {
      const { configFolder, dataFolder } = world.gateway;
      await world.gateway.stop(signal);
      const again = await startGateway({ config, data: dataFolder });
      await forget({ ...world.gateway, dataFolder: configFolder });
      world.gateway = again;
    },
    end: async () => {
      await world.gateway.stop();
      await forget(world.gateway);
      await server.close();
      await upstream.close();
    },
  };
  key = world.gateway.agentKey;
  return world;
}

async function reviewsOf({ gateway }: ParkingWorld): Promise<readonly ReviewView[]> {
  return (await gateway.api("GET", "/api/v1/reviews?state=open")).json() as never;
}

async function open(world: ParkingWorld): Promise<ReviewView> {
  const [review] = await reviewsOf(world);
  if (review === undefined) throw new Error("no review is open");
  return review;
}

/** A question that differs by its number. */
export function ask(number: number, more: object = {}): object {
  const messages = [{ role: "user", content: `question ${number}` }];
  return { model: MODEL, max_tokens: 16, messages, ...more };
}

/** Sends it, and hangs up once it is parked. */
export async function parkAndLeave(
  world: ParkingWorld,
  path: string,
  body: unknown,
  count: number,
): Promise<void> {
  const hangUp = new AbortController();
  const call = world.post(path, body, { signal: hangUp.signal });
  await world.parked(count);
  hangUp.abort();
  await call.catch(() => {});
}
