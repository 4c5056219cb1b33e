/**
 * One gateway in this process, on a store in memory, with the agents' listener on a real socket and
 * tool servers that a test makes up: for what would take too many processes, or answers of a tool
 * that no server can be brought to.
 */
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { systemChance, systemClock } from "../../src/adapters/clock/system.ts";
import { memoryData, memoryStore } from "../../src/adapters/store/memory/index.ts";
import { Core } from "../../src/compose/core.ts";
import { agentPlane } from "../../src/gateway/agent-plane.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { hashToken } from "../../src/gateway/keys.ts";
import { Seal } from "../../src/gateway/parking/seal.ts";
import { Ruleset } from "../../src/gateway/ruleset.ts";
import { Upkeep } from "../../src/gateway/upkeep.ts";
import type { ToolServer } from "../../src/ports/tool-server.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { valid } from "../unit/config/folder.ts";

export const STATION_KEY = "sck_station";
const AGENT = "worker";
const NO_MCP = "http://127.0.0.1:9/mcp";

export interface StationSettings {
  readonly toolServers: readonly ToolServer[];
  /** By server, the tools that are declared: all of them read. */
  readonly tools: Readonly<Record<string, readonly string[]>>;
  /** More of the agent's manifest. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** More of slipclutch.yaml. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export interface Station {
  readonly gateway: Gateway;
  readonly url: string;
  /** POSTs these bytes as the agent; a header of `null` is left out, also its own. */
  post(path: string, body: string | Buffer, headers?: StationHeaders): Promise<Answer>;
  /** What the agent was refused, oldest first. */
  refusals(): Promise<readonly { code: string; facts: Readonly<Record<string, unknown>> }[]>;
  stop(): Promise<void>;
}

export type StationHeaders = Readonly<Record<string, string | null>>;

export async function station(settings: StationSettings): Promise<Station> {
  const store = memoryStore({ clock: systemClock, data: memoryData() });
  await store.registry.createKey({
    ...{ id: "key_station", hash: hashToken(STATION_KEY), createdAt: 0 },
    ...{ holder: { kind: "agent", agent: AGENT }, expiresAt: null, revokedAt: null },
  });
  const core = new Core({
    store,
    clock: systemClock,
    chance: systemChance,
    log: createLog({ clock: systemClock, write: () => {}, level: "error", form: "json" }),
    rules: new Ruleset(valid(folder(settings)), [], settings.toolServers),
    journalKey: new Uint8Array(32),
    seal: new Seal("00".repeat(32), systemChance),
    describe: { host: "here", pid: 1, pidStart: "1", keyId: "key" },
    version: "0.0.0",
  });
  await core.start(async () => {});
  const { gateway } = core;
  const upkeep = new Upkeep(gateway);
  upkeep.start();
  const plane = agentPlane(gateway);
  await new Promise<void>((resolve) => plane.listen(0, "127.0.0.1", resolve));
  const { port } = plane.address() as AddressInfo; // it listens on TCP
  return {
    gateway,
    url: `http://127.0.0.1:${port}`,
    post: (path, body, headers = {}) => post(port, { path, body, headers }),
    refusals: async () => {
      await gateway.flusher.flush(gateway.holding.tenure);
      const asked = { kind: "call.refused", take: "oldest", limit: 1_000 } as const;
      const entries = await store.journal.read(asked);
      return entries.map(({ body, code }) => ({ code: code ?? "", facts: JSON.parse(body).facts }));
    },
    stop: async () => {
      plane.closeAllConnections();
      await new Promise((resolve) => plane.close(resolve));
      await upkeep.stop();
      await gateway.holding.stop();
    },
  };
}

function folder({ config, manifest, tools }: StationSettings): Record<string, string> {
  const servers = Object.entries(tools).map(([name, names]) => {
    const effects = Object.fromEntries(names.map((tool) => [tool, { effect: "read" }]));
    return [name, { kind: "mcp", url: NO_MCP, tools: effects }];
  });
  return {
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      tool_servers: Object.fromEntries(servers),
      budgets: [{ name: "all", each: "agent", limit_usd: 100, window: "lifetime" }],
      ...config,
    }),
    "agents/worker.json": JSON.stringify({ version: 1, agent: AGENT, ...manifest }),
  };
}

interface Sent {
  readonly path: string;
  readonly body: string | Buffer;
  readonly headers: StationHeaders;
}

function post(port: number, { body, headers, path }: Sent): Promise<Answer> {
  const usual = {
    authorization: `Bearer ${STATION_KEY}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "content-length": String(Buffer.byteLength(body)),
  };
  const all = Object.entries<string | null>({ ...usual, ...headers });
  const given = Object.fromEntries(all.filter(([, value]) => value !== null)) as Record<
    string,
    string
  >;
  const setHost = !("host" in headers);
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, method: "POST", path, headers: given, setHost },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
        response.on("error", reject);
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}
