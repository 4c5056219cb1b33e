/** Fields that are read once, when a gateway starts. */
import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Folder, forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import { until } from "./clients-world.ts";

const KEY = "a".repeat(64);
const OTHER_KEY = "b".repeat(64);
const QUESTION = { model: "simulated-small", messages: [{ role: "user", content: "hello" }] };

const gateways: TestGateway[] = [];

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    gateway.process.kill("SIGCONT");
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
});

function folder(more: Record<string, unknown>): Folder {
  const budgets = [{ name: "all", agent: "worker", limit_usd: 10, window: "lifetime" }];
  return {
    "slipclutch.yaml": { version: 1, budgets, ...more },
    "agents/worker.yaml": { version: 1, agent: "worker" },
  };
}

type Options = Omit<Parameters<typeof startGateway>[0], "config">;

async function start(more: Record<string, unknown>, options: Options = {}): Promise<TestGateway> {
  const gateway = await startGateway({ config: folder(more), ...options });
  gateways.push(gateway);
  return gateway;
}

/** A port that was free a moment ago. */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("listeners: both are where the configuration says", async () => {
  const agent = `127.0.0.2:${await freePort("127.0.0.2")}`;
  const control = `127.0.0.3:${await freePort("127.0.0.3")}`;
  const gateway = await start({ listeners: { agent, control } }, { configuredPorts: true });
  expect([gateway.agentUrl, gateway.controlUrl]).toEqual([`http://${agent}`, `http://${control}`]);
  expect((await gateway.call("/v1/chat/completions", QUESTION)).status).toBe(200);
  expect((await gateway.api("GET", "/api/v1/status")).status).toBe(200);
});

test("store: one that cannot be reached keeps a gateway from starting", async () => {
  const more = { store: "postgres://nobody@127.0.0.1:1/nothing", encryption_key: KEY };
  await expect(start(more)).rejects.toThrow("127.0.0.1:1");
});

test("encryption_key: a store that was written with another one is not opened", async () => {
  const first = await start({ encryption_key: KEY });
  await first.stop();
  const { dataFolder: data } = first;
  await expect(start({ encryption_key: OTHER_KEY }, { data })).rejects.toThrow("encryption key");
  const again = await start({ encryption_key: KEY }, { data });
  expect((await again.api("GET", "/api/v1/status")).status).toBe(200);
});

describe("store.grace", () => {
  /** What a call is answered that came while the whole process slept. */
  async function afterSleeping(grace: string): Promise<string> {
    const gateway = await start({ store: { url: "embedded", grace } });
    const { agentKey } = gateway;
    expect((await gateway.call("/v1/chat/completions", QUESTION)).status).toBe(200);
    gateway.process.kill("SIGSTOP");
    const asked = gateway.call("/v1/chat/completions", QUESTION, {
      authorization: `Bearer ${agentKey}`,
    });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    gateway.process.kill("SIGCONT");
    const answer = await asked;
    return `${answer.status} ${answer.headers.get("x-slipclutch-decision")?.split("code=")[1]}`;
  }

  /** Tries until this is seen; the last thing seen else. */
  async function firstOf(tries: number, look: () => Promise<string>, sought: string) {
    let seen = await look();
    for (let n = 1; n < tries && seen !== sought; n += 1) seen = await look();
    return seen;
  }

  // Each try takes two seconds, and how many it takes is luck.
  test("within it a gateway goes on without the store, beyond it not", async () => {
    // A heartbeat that is answered before the call is read makes the gateway stand again, rightly.
    const cut = await firstOf(50, () => afterSleeping("1s"), "503 store.unreachable");
    expect(cut).toBe("503 store.unreachable");
    expect(await afterSleeping("10s")).toBe("200 undefined");
  }, 150_000);
});

describePostgres("store.url and store.expiry", (cluster) => {
  test("a neighbour that died is fenced when the expiry is over, not before", async () => {
    const store = { url: cluster().url, grace: "1s", expiry: "2100ms" };
    const more = { store, encryption_key: KEY };
    const survivor = await start(more);
    const victim = await start(more);
    const status = await (await survivor.api("GET", "/api/v1/status")).json();
    expect(status).toMatchObject({ store: { kind: "postgres" } });
    await until(async () => (await gatewaysOf(survivor)) === 2);
    const died = performance.now();
    await victim.stop("SIGKILL");
    await until(async () => (await gapsOf(survivor)) === 1);
    const ms = performance.now() - died;
    expect(ms).toBeGreaterThan(1_000);
    // The default would be 12 s.
    expect(ms).toBeLessThan(9_000);
  });
});

async function gatewaysOf(gateway: TestGateway): Promise<number> {
  const answer = await gateway.api("GET", "/api/v1/status");
  return ((await answer.json()) as { store: { gateways: number } }).store.gateways;
}

async function gapsOf(gateway: TestGateway): Promise<number> {
  const answer = await gateway.api("GET", "/api/v1/journal?kind=journal.gap");
  return ((await answer.json()) as { entries: unknown[] }).entries.length;
}
