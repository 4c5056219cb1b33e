/** What the official clients make of a pause that is longer than they wait at once. */
import { type ClientRequest, request } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { MODEL, question, until } from "./clients-world.ts";
import { CLIENTS, type Family, stopClients } from "./official-clients.ts";

const ends: (() => Promise<unknown>)[] = [];

afterAll(async () => {
  stopClients();
  for (const end of ends.reverse()) await end();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // It listens on TCP.
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function folder(upstream: SimulatedUpstream, more: object): Record<string, unknown> {
  const provider = { api_key: "not-a-key", prices_of: "simulated", models: [MODEL] };
  return {
    "slipclutch.yaml": {
      version: 1,
      providers: {
        gpt: { kind: "openai", base_url: `${upstream.url}/v1`, ...provider },
        claude: { kind: "anthropic", base_url: upstream.url, ...provider },
      },
      budgets: [{ name: "all", each: "agent", limit_usd: 100, window: "lifetime" }],
      ...more,
    },
    "agents/worker.yaml": { version: 1, agent: "worker", models: [MODEL] },
  };
}

async function parkedCalls(gateway: TestGateway): Promise<readonly { attached: boolean }[]> {
  const [review] = (await (await gateway.api("GET", "/api/v1/reviews?state=open")).json()) as {
    id: string;
  }[];
  const answer = await gateway.api("GET", `/api/v1/reviews/${review?.id}`);
  return ((await answer.json()) as { calls: { attached: boolean }[] }).calls;
}

test("told to come again, all of them do, also to a gateway that was killed meanwhile, and none sees an error", async () => {
  const upstream = await simulatedUpstream({ clock: systemClock });
  const [agent, control] = [await freePort(), await freePort()];
  const config = folder(upstream, {
    parking: { hold_for: "500ms" },
    listeners: {
      agent: `127.0.0.1:${agent}`,
      control: `127.0.0.1:${control}`,
    },
  });
  let gateway = await startGateway({ config, configuredPorts: true });
  ends.push(
    () => upstream.close(),
    async () => forget(gateway),
    () => gateway.stop(),
  );
  const key = gateway.agentKey;
  await gateway.api("POST", "/api/v1/agents/pause", { all: true, reason: "test" });
  const base = (family: Family) => gateway.agentUrl + (family === "openai" ? "/v1" : "");
  const answers = CLIENTS.flatMap((client, index) =>
    [client.ask, client.ask].map((send, mode) => {
      const body = { ...question(client.family), max_tokens: 20 + 2 * index + mode };
      const ask = { baseUrl: base(client.family), key, body };
      return send(mode === 0 ? ask : { ...ask, mode: "frames" });
    }),
  );
  await until(async () => {
    const calls = await parkedCalls(gateway);
    return calls.length === answers.length && calls.every(({ attached }) => !attached);
  }, 30_000);
  await gateway.stop("SIGKILL");
  gateway = await startGateway({ config, configuredPorts: true, data: gateway.dataFolder });
  await gateway.cli("agents", "resume", "worker", "--reason", "mended");
  for (const answer of await Promise.all(answers)) {
    expect(answer, JSON.stringify(answer)).toMatchObject({ kind: "answer" });
  }
  expect(upstream.received()).toBe(answers.length);
}, 120_000);

/** Holds a call, and counts what it is sent before the answer. */
function hold(gateway: TestGateway, headers: Record<string, string>) {
  let told = 0;
  const { hostname, port } = new URL(gateway.agentUrl);
  const sent: ClientRequest = request({
    ...{ hostname, port, method: "POST", path: "/v1/chat/completions" },
    headers: { authorization: `Bearer ${gateway.agentKey}`, ...headers },
  });
  sent.on("information", ({ statusCode }) => {
    if (statusCode === 102) told += 1;
  });
  sent.on("error", () => {});
  sent.end(JSON.stringify(question("openai")));
  const status = new Promise<number | undefined>((resolve) => {
    sent.on("response", (response) => resolve(response.resume().statusCode));
  });
  return { told: () => told, status };
}

test("clients that are known to take a 102 are sent one every 15 s, and no others", async () => {
  const upstream = await simulatedUpstream({ clock: systemClock });
  const [auto, none] = await Promise.all([
    startGateway({ config: folder(upstream, {}) }),
    startGateway({ config: folder(upstream, { parking: { keep_alive: "none" } }) }),
  ]);
  const always = await startGateway({
    config: folder(upstream, { parking: { keep_alive: "informational" } }),
  });
  const gateways = [auto, none, always];
  ends.push(
    () => upstream.close(),
    ...gateways.flatMap((one) => [() => forget(one), () => one.stop()]),
  );
  for (const gateway of gateways) {
    await gateway.api("POST", "/api/v1/agents/pause", { all: true, reason: "test" });
  }
  const official = { "user-agent": "AsyncOpenAI/Python 3.54.0" };
  const known = hold(auto, official);
  const behind = hold(auto, { ...official, "x-forwarded-for": "10.0.0.1" });
  const unknown = hold(auto, { "user-agent": "curl/8" });
  const refused = hold(none, official);
  const forced = hold(always, { "user-agent": "curl/8" });
  await until(async () => known.told() > 0 && forced.told() > 0, 30_000);
  expect([behind, unknown, refused].map(({ told }) => told())).toEqual([0, 0, 0]);
  for (const gateway of gateways) {
    await gateway.cli("agents", "resume", "worker", "--reason", "mended");
  }
  for (const { status } of [known, behind, unknown, refused, forced])
    expect(await status).toBe(200);
}, 60_000);
