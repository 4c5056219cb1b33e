/** A gateway with an agent for every way to be refused, before two simulated providers over HTTP. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { type Folder, forget, startGateway, type TestGateway } from "../support/gateway.ts";
import type { Ask, Client, Family } from "./official-clients.ts";

export const MODEL = "simulated-small";
/** Served by the provider that waits until the test lets it answer. */
export const HELD_MODEL = "held-model";
/** Served where nobody listens. */
export const DEAD_MODEL = "dead-model";
/** Served inside the gateway, without a network. */
export const HOUSE_MODEL = "house-model";
export const PROVIDER_KEY = "provider-key-that-stays-here";
export const MAX_REQUEST_BYTES = 100_000;

export interface World {
  readonly gateway: TestGateway;
  /** Its guardrails folder, for another gateway on the same store. */
  readonly config: Folder;
  readonly upstream: SimulatedUpstream;
  readonly held: HeldUpstream;
  /** An agent's key. */
  key(agent: string): string;
  /** Base URL as each client's documentation wants it, for calls of one task. */
  base(family: Family, task?: string): string;
  /** A plain question of the worker, changed in these fields. */
  ask(client: Client, changes?: Partial<Ask>, body?: Record<string, unknown>): Ask;
  /** Entries of the journal of one kind, oldest first. */
  journal(kind: string): Promise<readonly Entry[]>;
  close(): Promise<void>;
}

export interface Entry {
  readonly code: string | null;
  readonly decision: string | null;
  readonly event: { readonly asked?: { readonly attempt: number } | null };
}

export interface WorldOptions {
  /** Agent → manifest, without its name. */
  readonly agents: Readonly<Record<string, object>>;
  readonly budgets?: readonly object[];
  readonly limits?: object;
  /** Whether the providers serve whatever has a price. */
  readonly open?: boolean;
  /** A PostgreSQL instead of the embedded store. */
  readonly store?: string;
  /** Merged into slipclutch.yaml. */
  readonly more?: object;
  /** Further files of the folder. */
  readonly files?: Folder;
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const upstream = await simulatedUpstream({ clock: systemClock });
  const held = await heldUpstream();
  const config = folder(options, upstream.url, held.url);
  const { store } = options;
  const environment = { PROVIDER_KEY };
  const gateway = await startGateway({ config, environment, ...(store && { store }) });
  const keys = new Map<string, string>();
  for (const agent of Object.keys(options.agents)) {
    const made = await gateway.api("POST", "/api/v1/keys", { agent });
    keys.set(agent, ((await made.json()) as { key: string }).key);
  }
  const key = (agent: string) => keys.get(agent) ?? `no key of ${agent}`;
  const base = (family: Family, task?: string) =>
    `${gateway.agentUrl}${task === undefined ? "" : `/t/${task}`}${family === "openai" ? "/v1" : ""}`;
  return {
    gateway,
    config,
    upstream,
    held,
    key,
    base,
    ask: ({ family }, changes = {}, body = {}) => ({
      baseUrl: base(family),
      key: key("worker"),
      ...changes,
      body: { ...question(family), ...body },
    }),
    journal: async (kind) => {
      const answer = await gateway.api(
        "GET",
        `/api/v1/journal?kind=${kind}&take=oldest&limit=1000`,
      );
      return ((await answer.json()) as { entries: Entry[] }).entries;
    },
    close: async () => {
      held.release();
      await gateway.stop();
      await upstream.close();
      await held.close();
      await forget(gateway);
    },
  };
}

export function question(family: Family): Record<string, unknown> {
  const messages = [{ role: "user", content: "hello" }];
  const cap = family === "openai" ? "max_completion_tokens" : "max_tokens";
  return { model: MODEL, messages, [cap]: 100 };
}

function folder(options: WorldOptions, upstream: string, held: string): Folder {
  const common = { api_key: "$" + "{PROVIDER_KEY}", prices_of: "simulated" };
  const dead = "http://127.0.0.1:1";
  const models = options.open === false ? { models: [MODEL, "simulated-large"] } : {};
  const gpt = { kind: "openai", ...common };
  const claude = { kind: "anthropic", ...common };
  const providers = {
    gpt: { ...gpt, base_url: `${upstream}/v1`, ...models },
    claude: { ...claude, base_url: upstream, ...models },
    "held-gpt": { ...gpt, base_url: `${held}/v1`, models: { [HELD_MODEL]: MODEL } },
    "held-claude": { ...claude, base_url: held, models: { [HELD_MODEL]: MODEL } },
    "dead-gpt": { ...gpt, base_url: dead, models: { [DEAD_MODEL]: MODEL } },
    "dead-claude": { ...claude, base_url: dead, models: { [DEAD_MODEL]: MODEL } },
    house: {
      kind: "simulated",
      models: { [HOUSE_MODEL]: MODEL },
      simulated: { tool_calls: [{ name: "weather", arguments: { city: "Brno" } }] },
    },
  };
  const everybody = { name: "all", each: "agent", limit_usd: 1000, window: "lifetime" };
  const manifests = Object.entries(options.agents).map(([agent, manifest]) => {
    return [`agents/${agent}.yaml`, { version: 1, agent, ...manifest }] as const;
  });
  return {
    "slipclutch.yaml": {
      version: 1,
      providers,
      budgets: [everybody, ...(options.budgets ?? [])],
      limits: options.limits ?? {},
      ...options.more,
    },
    ...options.files,
    ...Object.fromEntries(manifests),
  };
}

/** A provider of both formats that answers no request before it is told to. */
export interface HeldUpstream {
  readonly url: string;
  /** Requests that wait. */
  waiting(): number;
  /** Answers all that wait, and those that come. */
  release(): void;
  hold(): void;
  close(): Promise<void>;
}

export async function heldUpstream(): Promise<HeldUpstream> {
  const waiting = new Set<ServerResponse>();
  let open = false;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("format", (request.url ?? "").includes("messages") ? "m" : "c");
      if (open) answer(response);
      else waiting.add(response);
    });
    response.on("close", () => waiting.delete(response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    waiting: () => waiting.size,
    release: () => {
      open = true;
      for (const response of waiting) answer(response);
      waiting.clear();
    },
    hold: () => {
      open = false;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function answer(response: ServerResponse): void {
  const body = response.getHeader("format") === "m" ? MESSAGE : COMPLETION;
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

const COMPLETION = {
  id: "chatcmpl-held",
  object: "chat.completion",
  created: 0,
  model: MODEL,
  choices: [{ index: 0, message: { role: "assistant", content: "held" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 },
};

const MESSAGE = {
  id: "msg-held",
  type: "message",
  role: "assistant",
  model: MODEL,
  content: [{ type: "text", text: "held" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: 1 },
};

/** Looks again every few milliseconds until it holds; what to wait for is in another process. */
export async function until(holds: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it did not come to hold within ${ms} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
