/** Two agents that are paused with many calls of theirs, before a gateway that is killed. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import type { Cluster } from "../support/postgres.ts";
import { ENCRYPTION_KEY, MODEL, SHORT_TIMES, until } from "./gateway-scene.ts";

/** Of models, and as many of tools. */
export const CALLS = 500;
const WAVE = 100;
const ASKERS = 50;
const PARKED_WITHIN_MS = 20_000;
export const ALL_WITHIN_MS = 60_000;
const COME_AGAIN_MS = 200;

const CHAT = "/v1/chat/completions";
export type Agent = "asker" | "worker";

export interface Storm {
  readonly upstream: SimulatedUpstream;
  readonly server: McpFixture;
  readonly gateway: () => TestGateway;
  pause(): Promise<void>;
  /** Calls of both agents; every second client hangs up once its call is stored. */
  park(): Promise<void>;
  kill(): Promise<void>;
  resume(): Promise<void>;
  /** All clients of models come back until they are told; by number of the call, what. */
  comeBack(): Promise<ReadonlyMap<number, "answered" | "unknown">>;
  /** By agent and state, how many rows. */
  rows(): Promise<Readonly<Record<string, number>>>;
  /** How often each call was written, by its number. */
  written(): Readonly<Record<Agent, ReadonlyMap<number, number>>>;
  end(): Promise<void>;
}

function folder(upstream: SimulatedUpstream, server: McpFixture) {
  const provider = { kind: "openai", api_key: "sk-upstream-0123456789", prices_of: "local" };
  const price = { input: 1, output: 10, context_window: 32_000, max_output: 4_096 };
  const tools = [{ tool_name: "echo" }, { tool_name: "save", read_only: false }];
  return {
    "slipclutch.yaml": {
      ...{ version: 1, encryption_key: ENCRYPTION_KEY, store: SHORT_TIMES },
      providers: { upstream: { ...provider, base_url: upstream.url } },
      tool_servers: {
        desk: {
          ...{ kind: "mcp", url: server.url },
          tools: { echo: { effect: "read" }, save: { effect: "write" } },
        },
      },
      budgets: [{ name: "all", limit_usd: 100, window: "lifetime" }],
      limits: { calls_in_flight_max: 4 * CALLS },
      // A surge is what this test is.
      breakers: [{ name: "tool-surge", enabled: false }],
    },
    "agents/asker.yaml": { version: 1, agent: "asker", models: [MODEL] },
    "agents/worker.yaml": { version: 1, agent: "worker", allowed_tools: tools },
    "prices.yaml": { local: { [MODEL]: price } },
  };
}

/** On the embedded store, or on a PostgreSQL. */
export async function openStorm(cluster: Cluster | null): Promise<Storm> {
  const upstream = await simulatedUpstream({ clock: systemClock });
  const server = await mcpFixture({
    tools: ["echo", "save"].map((name) => ({ name, inputSchema: { type: "object" } })),
  });
  // What is killed on its way is out.
  upstream.setScript({ latencyMs: 100 });
  server.set({ latencyMs: 100 });
  // A storm must not find what the one before has left.
  await cluster?.query("DROP SCHEMA IF EXISTS slipclutch_v1 CASCADE");
  const config = folder(upstream, server);
  const data = await mkdtemp(join(tmpdir(), "slipclutch-storm-"));
  const gateways: TestGateway[] = [];
  const start = async () => {
    const store = cluster === null ? {} : { store: cluster.url };
    gateways.push(await startGateway({ config, data, ...store }));
  };
  await start();
  const gateway = (): TestGateway => {
    const last = gateways.at(-1);
    if (last === undefined) throw new Error("it was started");
    return last;
  };
  const keys = new Map<Agent, string>();
  for (const agent of ["asker", "worker"] as const) {
    const made = await gateway().api("POST", "/api/v1/keys", { agent });
    keys.set(agent, ((await made.json()) as { key: string }).key);
  }
  const post = (agent: Agent, no: number, signal?: AbortSignal) => {
    const { path, body } = requestOf(agent, no);
    return fetch(gateway().agentUrl + path, {
      method: "POST",
      headers: {
        authorization: `Bearer ${keys.get(agent)}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
  };
  const storm: Storm = {
    upstream,
    server,
    gateway,
    pause: async () => {
      const body = { all: true, reason: "storm" };
      await gateway().api("POST", "/api/v1/agents/pause", body);
    },
    park: async () => {
      for (let from = 0; from < CALLS; from += WAVE) {
        const hangUp = new AbortController();
        for (let no = from; no < from + WAVE; no += 1) {
          for (const agent of ["asker", "worker"] as const) {
            const signal = no % 2 === 0 ? hangUp.signal : undefined;
            // Cut, one way or the other: nobody is answered before the gateway is killed.
            post(agent, no, signal).then(refuseAnswer, () => {});
          }
        }
        await until(
          () => parkedNow(gateway()),
          (count) => count === 2 * (from + WAVE),
          PARKED_WITHIN_MS,
        );
        hangUp.abort();
      }
    },
    kill: async () => {
      await gateway().stop("SIGKILL");
      await start();
    },
    resume: async () => {
      for (const agent of keys.keys()) {
        const done = await gateway().cli("agents", "resume", agent, "--reason", "storm");
        if (done.code !== 0) throw new Error(done.err);
      }
    },
    comeBack: async () => {
      const told = new Map<number, "answered" | "unknown">();
      const numbers = Array.from({ length: CALLS }, (_, no) => no);
      const one = async () => {
        for (let no = numbers.shift(); no !== undefined; no = numbers.shift()) {
          told.set(no, await untilTold(() => post("asker", no as number)));
        }
      };
      await Promise.all(Array.from({ length: ASKERS }, one));
      return told;
    },
    rows: () => rowsOf(data, cluster),
    written: () => ({ asker: modelCalls(upstream), worker: toolCalls(server) }),
    end: async () => {
      await gateway().stop();
      for (const each of gateways) await forget(each);
      await server.close();
      await upstream.close();
    },
  };
  return storm;
}

function refuseAnswer(response: Response): void {
  throw new Error(`a call of a paused agent was answered with ${response.status}`);
}

function requestOf(agent: Agent, no: number): { path: string; body: object } {
  if (agent === "asker") {
    const messages = [{ role: "user", content: `question ${no}` }];
    return { path: CHAT, body: { model: MODEL, max_tokens: 16, user: String(no), messages } };
  }
  const named = no % 4 === 1 ? { call_id: `ticket-${no}` } : {};
  const tool = no % 2 === 0 ? "echo" : "save";
  return { path: `/guard/v1/tools/${tool}/call`, body: { arguments: { no }, ...named } };
}

async function parkedNow(gateway: TestGateway): Promise<number> {
  const answer = await gateway.api("GET", "/api/v1/reviews?state=open");
  const reviews = (await answer.json()) as { parked: number }[];
  return reviews.reduce((sum, { parked }) => sum + parked, 0);
}

/** Also while its gateway is killed and started anew. */
async function untilTold(post: () => Promise<Response>): Promise<"answered" | "unknown"> {
  const end = Date.now() + ALL_WITHIN_MS;
  while (Date.now() < end) {
    try {
      const answer = await post();
      const text = await answer.text();
      if (answer.status === 200) return "answered";
      if (text.includes("whether it ran is not known")) return "unknown";
      if (answer.status !== 429 && answer.status !== 503) throw new Refused(text);
    } catch (error) {
      if (error instanceof Refused) throw error; // the rest are connections that were cut
    }
    await sleep(COME_AGAIN_MS);
  }
  throw new Error("it was never told");
}

class Refused extends Error {}

const COUNT = "SELECT agent || ' ' || state AS what, count(*) AS n FROM";

async function rowsOf(data: string, cluster: Cluster | null): Promise<Record<string, number>> {
  type Row = { what: string; n: number | string };
  const group = "GROUP BY agent, state";
  const read = (): Row[] => {
    const database = new DatabaseSync(join(data, "store.db"), { readOnly: true });
    const rows = database.prepare(`${COUNT} parked ${group}`).all() as unknown as Row[];
    database.close();
    return rows;
  };
  const rows =
    cluster === null ? read() : await cluster.query<Row>(`${COUNT} slipclutch_v1.parked ${group}`);
  return Object.fromEntries(rows.map(({ n, what }) => [what, Number(n)]));
}

function modelCalls(upstream: SimulatedUpstream): ReadonlyMap<number, number> {
  const bodies = upstream.recorded().map(({ body }) => JSON.parse(Buffer.from(body).toString()));
  return tally(bodies.map(({ user }) => Number(user)));
}

function toolCalls(server: McpFixture): ReadonlyMap<number, number> {
  const calls = server.arrivals().flatMap(({ message }) => {
    return "method" in message && message.method === "tools/call" ? [message.params] : [];
  });
  return tally(calls.map(({ arguments: given }) => Number((given as { no: number }).no)));
}

function tally(numbers: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const no of numbers) counts.set(no, (counts.get(no) ?? 0) + 1);
  return counts;
}
