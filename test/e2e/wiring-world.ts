/** One gateway whose whole folder is replaced and reloaded for each case, and what can be seen of it. */
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import {
  type Folder,
  forget,
  startGateway,
  type TestGateway,
  writeFolder,
} from "../support/gateway.ts";
import { type HeldUpstream, heldUpstream, until } from "./clients-world.ts";

// Settings, bodies and answers are data here: each case looks into them by name.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any;

/** A guardrails folder as data. */
export interface Settings {
  slipclutch: Json;
  /** Agent → manifest. */
  agents: Record<string, Json>;
  prices: Json;
  /** Further files of the folder. */
  files?: Record<string, Json>;
}

export interface Asked {
  readonly status: number;
  readonly code: string | null;
  readonly json: Json;
  readonly text: string;
  readonly headers: Headers;
  readonly decision: string;
  readonly ms: number;
}

export interface Asking {
  readonly agent?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const MODEL = "simulated-small";
export const SECRET = "provider-secret";
export const CHAT = "/v1/chat/completions";
export const MESSAGES = "/v1/messages";

export function folderOf({ agents, files = {}, prices, slipclutch }: Settings): Folder {
  const manifests = Object.entries(agents).map(([agent, manifest]) => {
    return [`agents/${agent}.yaml`, manifest] as const;
  });
  return {
    "slipclutch.yaml": slipclutch,
    ...files,
    ...Object.fromEntries(manifests),
    ...(prices === null ? {} : { "prices.yaml": prices }),
  };
}

export class WiringWorld {
  readonly upstream: SimulatedUpstream;
  readonly held: HeldUpstream;
  /** The tool server `desk`. */
  readonly desk: McpFixture;
  readonly gateway: TestGateway;
  readonly #keys = new Map<string, { key: string; id: string }>();
  #unique = 0;

  static async open(): Promise<WiringWorld> {
    const upstream = await simulatedUpstream({ clock: systemClock });
    const held = await heldUpstream();
    const servers = { upstream, held, desk: await mcpFixture() };
    const config = folderOf(baseOf(servers));
    return new WiringWorld(servers, await startGateway({ config }));
  }

  private constructor({ desk, held, upstream }: Servers, gateway: TestGateway) {
    this.upstream = upstream;
    this.held = held;
    this.desk = desk;
    this.gateway = gateway;
  }

  /** The settings that every case begins with. */
  base(): Settings {
    return baseOf(this);
  }

  /** Writes a folder and reloads; the answer of the reload. */
  async load(settings: Settings): Promise<{ status: number; json: Json }> {
    const { configFolder } = this.gateway;
    for (const name of await readdir(configFolder)) {
      await rm(path.join(configFolder, name), { recursive: true });
    }
    await writeFolder(folderOf(settings), configFolder);
    const answer = await this.gateway.api("POST", "/api/v1/reload");
    this.upstream.control(null);
    this.desk.set(MCP_SCRIPT);
    this.upstream.setScript({ outputTokens: 30, chunks: 8, latencyMs: 0, chunkMs: 0 });
    return { status: answer.status, json: await answer.json() };
  }

  async key(agent: string): Promise<{ key: string; id: string }> {
    const known = this.#keys.get(agent);
    if (known !== undefined) return known;
    const made = await this.gateway.api("POST", "/api/v1/keys", { agent });
    const key = (await made.json()) as { key: string; id: string };
    this.#keys.set(agent, key);
    return key;
  }

  /** A name that no case before has used. */
  name(what: string): string {
    this.#unique += 1;
    return `${what}-${this.#unique}`;
  }

  /** A question in the format of its path, as one agent. */
  async ask(body: Record<string, unknown> = {}, asking: Asking = {}): Promise<Asked> {
    const { agent = "worker", headers = {}, path: at = CHAT } = asking;
    const { key } = await this.key(agent);
    const begun = performance.now();
    const answer = await this.gateway.call(
      at,
      { model: MODEL, messages: [{ role: "user", content: "hello" }], ...body },
      { authorization: `Bearer ${key}`, ...headers },
    );
    const text = await answer.text();
    const [decision = "", code = null] = (answer.headers.get("x-slipclutch-decision") ?? "").split(
      "; code=",
    );
    const isJson = answer.headers.get("content-type")?.startsWith("application/json") === true;
    const ms = performance.now() - begun;
    const json = isJson ? JSON.parse(text) : null;
    return { status: answer.status, code, json, text, headers: answer.headers, decision, ms };
  }

  /** "200", or the code of the refusal. */
  async outcome(body: Record<string, unknown> = {}, asking: Asking = {}): Promise<string> {
    const { code, status } = await this.ask(body, asking);
    return code ?? String(status);
  }

  /** A tool by its name, through the dispatcher. */
  tool(name: string, given: Json = {}, agent = "worker"): Promise<Asked> {
    const at = `/guard/v1/tools/${encodeURIComponent(name)}/call`;
    return this.key(agent).then(({ key }) => this.guard("POST", at, { arguments: given }, key));
  }

  /** "200", or the code of the refusal. */
  async toolOutcome(name: string, given: Json = {}): Promise<string> {
    const { code, status } = await this.tool(name, given);
    return code ?? String(status);
  }

  /** What a call of a tool was reserved and charged, in nano-USD, once it has settled. */
  async toolMoney(name: string, given: Json = {}): Promise<{ reserved: number; charged: number }> {
    const { decision, status, text } = await this.tool(name, given);
    if (status !== 200) throw new Error(`was refused: ${text}`);
    return this.money(decision);
  }

  /** The last request that reached the provider. */
  sent(): { path: string; headers: Json; body: Json } {
    const last = this.upstream.recorded().at(-1);
    if (last === undefined) throw new Error("nothing reached the provider");
    return { ...last, body: JSON.parse(Buffer.from(last.body).toString()) };
  }

  async sentFor(body: Record<string, unknown> = {}, asking: Asking = {}) {
    const { status, text } = await this.ask(body, asking);
    if (status !== 200) throw new Error(`was refused: ${text}`);
    return this.sent();
  }

  /** What a call was reserved and charged, in nano-USD, once it has settled. */
  async money(decision: string): Promise<{ reserved: number; charged: number }> {
    const { charged_usd: charged, reserved_usd: reserved } = await this.settled(decision);
    return { reserved: nano(reserved), charged: nano(charged) };
  }

  /** How a call ended, once it has. */
  async settled(decision: string): Promise<Json> {
    let found: Json = null;
    await until(async () => {
      const query = `kind=call.settled&decision=${decision}`;
      const answer = await this.gateway.api("GET", `/api/v1/journal?${query}`);
      found = ((await answer.json()) as Json).entries[0]?.event ?? null;
      return found !== null;
    });
    return found;
  }

  async reserved(body: Record<string, unknown> = {}, asking: Asking = {}): Promise<number> {
    const { decision, status, text } = await this.ask(body, asking);
    if (status !== 200) throw new Error(`was refused: ${text}`);
    return (await this.money(decision)).reserved;
  }

  async charged(body: Record<string, unknown> = {}, asking: Asking = {}): Promise<number> {
    const { decision } = await this.ask(body, asking);
    return (await this.money(decision)).charged;
  }

  /** A request of the gateway's own API, as one agent. */
  async guard(method: string, at: string, body?: unknown, key?: string): Promise<Asked> {
    const begun = performance.now();
    const answer = await fetch(this.gateway.agentUrl + at, {
      method,
      headers: { authorization: `Bearer ${key ?? (await this.key("worker")).key}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const [decision = "", code = null] = (answer.headers.get("x-slipclutch-decision") ?? "").split(
      "; code=",
    );
    const ms = performance.now() - begun;
    const json = JSON.parse(text);
    return { status: answer.status, code, json, text, headers: answer.headers, decision, ms };
  }

  async close(): Promise<void> {
    this.held.release();
    await this.gateway.stop();
    await this.upstream.close();
    await this.held.close();
    await this.desk.close();
    await forget(this.gateway);
  }
}

function nano(usd: string): number {
  return Math.round(Number(usd) * 1e9);
}

interface Servers {
  readonly upstream: SimulatedUpstream;
  readonly held: HeldUpstream;
  readonly desk: McpFixture;
}

function baseOf({ desk, held, upstream }: Servers): Settings {
  return {
    slipclutch: {
      version: 1,
      providers: {
        gpt: {
          kind: "openai",
          api_key: SECRET,
          base_url: `${upstream.url}/v1`,
          prices_of: "simulated",
        },
        claude: {
          kind: "anthropic",
          api_key: SECRET,
          base_url: upstream.url,
          prices_of: "simulated",
        },
        held: {
          kind: "openai",
          base_url: `${held.url}/v1`,
          prices_of: "simulated",
          models: { "held-model": MODEL },
        },
      },
      budgets: [{ name: "all", each: "agent", limit_usd: 1_000_000, window: "lifetime" }],
      tool_servers: {
        desk: { kind: "mcp", url: desk.url, tools: { echo: { effect: "read" } } },
        own: { kind: "agent", tools: { weather: { effect: "read" } } },
      },
      // The cases repeat themselves.
      breakers: [
        { name: "stuck", enabled: false },
        { name: "tool-surge", enabled: false },
      ],
      limits: { new_tasks_per_hour: 100_000 },
    },
    agents: {
      worker: {
        version: 1,
        agent: "worker",
        labels: { team: "red", org: "north" },
        allowed_tools: [{ tool_name: "echo" }, { tool_name: "weather" }],
      },
      other: { version: 1, agent: "other", labels: { team: "blue", org: "south" } },
    },
    prices: null,
  };
}
