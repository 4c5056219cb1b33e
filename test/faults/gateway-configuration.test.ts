import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, expect, test } from "vitest";
import type { SimulatedUpstream } from "../../src/testing/index.ts";
import { open } from "../e2e/hostile-socket.ts";
import {
  type Folder,
  forget,
  runCli,
  startGateway,
  type TestGateway,
  writeFolder,
} from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import {
  billedNano,
  bodyOf,
  booksOf,
  chat,
  chatBody,
  count,
  OUTPUT_TOKENS,
  rails,
  SHORT_TIMES,
  startLoad,
  until,
  upstreamFor,
} from "./gateway-scene.ts";

const gateways: TestGateway[] = [];
const upstreams: SimulatedUpstream[] = [];

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  for (const upstream of upstreams.splice(0)) await upstream.close();
});

async function upstreamWith(latencyMs: number): Promise<SimulatedUpstream> {
  const upstream = await upstreamFor(latencyMs);
  upstreams.push(upstream);
  return upstream;
}

async function start(options: Parameters<typeof startGateway>[0]): Promise<TestGateway> {
  const gateway = await startGateway(options);
  gateways.push(gateway);
  return gateway;
}

/** Tries to start, and answers how that ended. */
async function trial(config: Folder, flags: readonly string[]) {
  const folder = await writeFolder(config);
  const ports = ["--agent-port", "0", "--control-port", "0"];
  const ended = await runCli(["start", "--config", folder, ...ports, ...flags]);
  await rm(folder, { recursive: true });
  return ended;
}

async function reload(gateway: TestGateway) {
  const response = await gateway.api("POST", "/api/v1/reload");
  return { status: response.status, body: await bodyOf<Record<string, unknown>>(response) };
}

async function configurationOf(gateway: TestGateway): Promise<string> {
  const response = await gateway.api("GET", "/api/v1/status");
  return (await bodyOf<{ configuration: string }>(response)).configuration;
}

test("a second process on one folder is refused with a sentence, and the first goes on", async () => {
  const upstream = await upstreamWith(0);
  const config = rails(upstream, { limitUsd: 1 });
  const first = await start({ config });
  const second = await trial(config, ["--data", first.dataFolder]);
  expect(second.code).not.toBe(0);
  expect(second.err).toContain(first.dataFolder);
  expect(second.err).not.toContain("    at ");
  expect((await chat(first, first.agentKey)).status).toBe(200);
  // The local token is still the first one's.
  expect((await first.cli("status")).code).toBe(0);
  expect(await first.stop()).toBe(0);
});

test("another encryption key is refused, and the right one goes on", async () => {
  const upstream = await upstreamWith(0);
  const first = await start({ config: rails(upstream, { limitUsd: 1 }) });
  const key = first.agentKey;
  await first.stop();
  const flags = ["--data", first.dataFolder];
  const otherKey = "cd".repeat(32);
  const other = rails(upstream, { limitUsd: 1, more: { encryption_key: otherKey } });
  const refused = await trial(other, flags);
  expect(refused.code).not.toBe(0);
  expect(refused.err).toContain("another encryption key");
  expect(refused.err + refused.out).not.toContain(otherKey);
  const config = rails(upstream, { limitUsd: 1 });
  const again = await start({ config, data: first.dataFolder });
  expect((await chat(again, key)).status).toBe(200);
});

const INVALID: readonly (readonly [what: string, files: Folder, says: string])[] = [
  ["a typo in a manifest", { "agents/worker.yaml": { version: 1, modles: ["m-1"] } }, "modles"],
  ["a price of -1", { "prices.yaml": { local: { "m-1": { input: -1, output: 1 } } } }, "input"],
  [
    "a limit of -1",
    { "slipclutch.yaml": "version: 1\nbudgets:\n  - limit_usd: -1\n" },
    "limit_usd",
  ],
  ["text that is no YAML", { "slipclutch.yaml": "version: [1\n" }, "slipclutch.yaml"],
  ["a key given twice", { "slipclutch.yaml": "version: 1\nversion: 1\n" }, "slipclutch.yaml"],
  ["an agent without any budget", { "agents/free.yaml": { version: 1 } }, "free"],
  ["an empty file", { "slipclutch.yaml": "" }, "slipclutch.yaml"],
  ["rules that are not enforced", { "rollouts.yaml": "- name: a\n" }, "rollouts.yaml"],
];

test("a folder that does not hold starts nothing, and says the file and the way forward", async () => {
  const upstream = await upstreamWith(0);
  const data = await mkdtemp(join(tmpdir(), "slipclutch-data-"));
  for (const [what, files, says] of INVALID) {
    const config = { ...rails(upstream, { limitUsd: 1 }), ...files };
    const { code, err } = await trial(config, ["--data", data]);
    expect(code, what).toBe(1);
    expect(err, what).toContain(says);
    expect(err, what).not.toContain("    at ");
  }
  await rm(data, { recursive: true });
}, 40_000);

test("a reload that does not validate changes nothing and says so, by the API and by SIGHUP", async () => {
  const upstream = await upstreamWith(0);
  const gateway = await start({ config: rails(upstream, { limitUsd: 1 }) });
  const key = gateway.agentKey;
  const before = await configurationOf(gateway);
  for (const [what, files, says] of INVALID) {
    const config: Folder = { ...rails(upstream, { limitUsd: 1 }), ...files };
    await writeFolder(config, gateway.configFolder);
    const { body, status } = await reload(gateway);
    expect(status, what).toBe(422);
    expect(JSON.stringify(body), what).toContain(says);
    expect((await chat(gateway, key)).status, what).toBe(200);
    expect(await configurationOf(gateway), what).toBe(before);
    await rm(join(gateway.configFolder, "rollouts.yaml"), { force: true });
    await rm(join(gateway.configFolder, "agents", "free.yaml"), { force: true });
  }
  await writeFolder({ "slipclutch.yaml": "version: 2\n" }, gateway.configFolder);
  gateway.process.kill("SIGHUP");
  const rejected = async () => {
    const said = await gateway.cli("journal", "--kind", "configuration.rejected", "--json");
    return said.out.trim().split("\n");
  };
  const lines = await until(rejected, ({ length }) => length > INVALID.length);
  expect(lines.length).toBe(INVALID.length + 1);
  expect(lines.at(-1)).toContain("SIGHUP");
  expect(gateway.log()).toContain("configuration.rejected");
  expect((await chat(gateway, key)).status).toBe(200);
}, 40_000);

test("a reload lowers and raises limits between two calls, and what was spent stays", async () => {
  const upstream = await upstreamWith(0);
  const gateway = await start({ config: rails(upstream, { limitUsd: 1 }) });
  const key = gateway.agentKey;
  expect((await chat(gateway, key)).status).toBe(200);
  const { spent } = await booksOf(gateway);
  expect(spent).toBeGreaterThan(0n);

  await writeFolder(rails(upstream, { limitUsd: 0.0001 }), gateway.configFolder);
  expect((await reload(gateway)).body).toMatchObject({ changed: true });
  // What is free of a lease was room once; it is given back when idle, at the latest.
  await until(
    () => chat(gateway, key),
    ({ status }) => status === 402,
  );
  const lowered = await booksOf(gateway);
  expect(lowered.limit).toBe(100_000n);
  expect(lowered.spent).toBeGreaterThanOrEqual(spent);

  await writeFolder(rails(upstream, { limitUsd: 2 }), gateway.configFolder);
  const before = await configurationOf(gateway);
  gateway.process.kill("SIGHUP");
  await until(
    () => configurationOf(gateway),
    (digest) => digest !== before,
  );
  await until(
    () => chat(gateway, key),
    ({ status }) => status === 200,
  );
  const raised = await booksOf(gateway);
  expect(raised.limit).toBe(2_000_000_000n);
  expect(raised.spent).toBeGreaterThan(lowered.spent);
  expect((await reload(gateway)).body).toMatchObject({ changed: false });
});

type Kind = "day" | "month" | "lifetime";

function windowed(upstream: SimulatedUpstream, kind: Kind, limitUsd: number): Folder {
  const budgets = [{ name: "all", agent: "worker", limit_usd: limitUsd, window: kind }];
  return rails(upstream, { limitUsd, more: { budgets } });
}

test("a budget's window changes kind, to one that starts earlier too: each keeps its usage", async () => {
  // The day must not end in the middle of this.
  await until(
    () => Date.now() % 86_400_000,
    (ms) => ms < 86_400_000 - 30_000,
    40_000,
  );
  const upstream = await upstreamWith(0);
  const gateway = await start({ config: windowed(upstream, "day", 1) });
  const key = gateway.agentKey;
  const to = async (kind: Kind, limitUsd: number) => {
    await writeFolder(windowed(upstream, kind, limitUsd), gateway.configFolder);
    expect((await reload(gateway)).body).toMatchObject({ changed: true });
  };
  const spentAfter = async () => {
    expect((await chat(gateway, key)).status).toBe(200);
    const rows = await bodyOf<Record<string, string>[]>(
      await gateway.api("GET", "/api/v1/budgets"),
    );
    expect(rows).toHaveLength(1);
    return (await booksOf(gateway)).spent;
  };
  const one = await spentAfter();
  expect(await spentAfter()).toBe(2n * one);
  await to("month", 5);
  expect(await spentAfter()).toBe(one);
  await to("lifetime", 20);
  expect(await spentAfter()).toBe(one);
  await to("day", 2);
  expect(await spentAfter()).toBe(3n * one);
  expect(await booksOf(gateway)).toMatchObject({ limit: 2_000_000_000n });
  await to("month", 6);
  expect(await spentAfter()).toBe(2n * one);
  await to("day", 0.0001);
  // What is free of a lease was room once; it is given back when idle, at the latest.
  await until(
    () => chat(gateway, key),
    ({ code }) => code === "budget.exhausted",
  );
}, 90_000);

test("a call that is in flight while the kind changes settles where it was reserved", async () => {
  const upstream = await upstreamWith(1_500);
  const gateway = await start({ config: windowed(upstream, "day", 1) });
  const calling = chat(gateway, gateway.agentKey);
  await until(
    () => booksOf(gateway).catch(() => ({ reserved: 0n })),
    ({ reserved }) => reserved > 0n,
  );
  await writeFolder(windowed(upstream, "month", 5), gateway.configFolder);
  expect((await reload(gateway)).body).toMatchObject({ changed: true });
  expect((await calling).status).toBe(200);
  upstream.setScript({ outputTokens: OUTPUT_TOKENS, latencyMs: 0 });
  expect((await chat(gateway, gateway.agentKey)).status).toBe(200);
  const month = await booksOf(gateway);
  await writeFolder(windowed(upstream, "day", 1), gateway.configFolder);
  expect((await reload(gateway)).body).toMatchObject({ changed: true });
  const day = await booksOf(gateway);
  expect(month.spent).toBeGreaterThan(0n);
  expect(day).toMatchObject({ spent: month.spent, reserved: 0n, forfeited: 0n });
}, 40_000);

test("a budget taken out while a call draws on it has its cost all the same when it is put back", async () => {
  const upstream = await upstreamWith(0);
  const whole = rails(upstream, { limitUsd: 1 });
  const budgets = [{ name: "other", agent: "worker", limit_usd: 1, window: "lifetime" }];
  const without = rails(upstream, { limitUsd: 1, more: { budgets } });
  const gateway = await start({ config: whole });
  upstream.control(() => ({ kind: "script", latencyMs: 1_500 }));
  const underWay = chat(gateway, gateway.agentKey);
  await until(
    () => upstream.received(),
    (received) => received === 1,
  );
  await writeFolder(without, gateway.configFolder);
  expect((await reload(gateway)).body).toMatchObject({ changed: true });
  expect((await underWay).status).toBe(200);
  // A budget that is not configured is not shown: long enough for its settlement to be stored.
  await new Promise((resolve) => setTimeout(resolve, 2_500));

  await writeFolder(rails(upstream, { limitUsd: 2 }), gateway.configFolder);
  expect((await reload(gateway)).body).toMatchObject({ changed: true });
  const books = await booksOf(gateway);
  expect(books).toMatchObject({ reserved: 0n, forfeited: 0n, spent: billedNano(upstream) });
  expect(books.spent).toBeGreaterThan(0n);
});

test("no call fails because of a reload under load", async () => {
  const upstream = await upstreamWith(5);
  const gateway = await start({ config: rails(upstream, { limitUsd: 10 }) });
  const load = startLoad(() => gateway, gateway.agentKey, 8);
  for (let round = 0; round < 10; round += 1) {
    const before = count(load.tally, "200");
    const limitUsd = round % 2 === 0 ? 20 : 10;
    // Another provider's settings too: its old connections end with their calls.
    const provider = { connections_max: 8 + round };
    await writeFolder(rails(upstream, { limitUsd, provider }), gateway.configFolder);
    expect((await reload(gateway)).body).toMatchObject({ changed: true });
    await until(
      () => count(load.tally, "200"),
      (done) => done > before + 10,
    );
  }
  const { answers, broken } = await load.stop();
  expect(broken).toBe(0);
  expect([...answers.keys()]).toEqual(["200"]);
  expect(await booksOf(gateway)).toMatchObject({ reserved: 0n, forfeited: 0n });
}, 40_000);

test("a call whose body comes after a reload goes where it went before", async () => {
  const upstream = await upstreamWith(0);
  const gateway = await start({ config: rails(upstream, { limitUsd: 10 }) });
  const body = JSON.stringify(chatBody());
  const socket = await open(gateway.agentUrl);
  const head = [
    "POST /v1/chat/completions HTTP/1.1",
    "host: gateway",
    `authorization: Bearer ${gateway.agentKey}`,
    `content-length: ${body.length}`,
    "expect: 100-continue",
  ];
  let seen = "";
  socket.on("data", (chunk) => {
    seen += chunk;
  });
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  await until(
    () => seen,
    (text) => text.includes("100 Continue"),
  );
  for (const connectionsMax of [7, 9]) {
    const provider = { connections_max: connectionsMax };
    await writeFolder(rails(upstream, { limitUsd: 10, provider }), gateway.configFolder);
    expect((await reload(gateway)).body).toMatchObject({ changed: true });
  }
  socket.write(body);
  await until(
    () => seen,
    (text) => text.includes("chat.completion"),
  );
  expect(seen).toContain("HTTP/1.1 200 OK");
  socket.destroy();
});

describePostgres("a configuration of several gateways", (cluster) => {
  async function freshStore(name: string): Promise<string> {
    await cluster().query(`CREATE DATABASE ${name}`);
    return cluster().url.replace("///postgres?", `///${name}?`);
  }

  test("one that does not have the new one takes no calls until it has, and does not end", async () => {
    const upstream = await upstreamWith(0);
    const store = await freshStore("followers");
    const config = rails(upstream, { limitUsd: 1, more: { store: SHORT_TIMES } });
    const first = await start({ config, store });
    const second = await start({ config, store });
    const key = first.agentKey;
    expect((await chat(second, key)).status).toBe(200);

    // Its folder cannot be read at all: worse than one without the change.
    await rm(second.configFolder, { recursive: true });
    await symlink(second.configFolder, second.configFolder);
    const richer = rails(upstream, { limitUsd: 2, more: { store: SHORT_TIMES } });
    await writeFolder(richer, first.configFolder);
    expect((await reload(first)).body).toMatchObject({ changed: true });
    expect((await chat(first, key)).status).toBe(200);
    const refused = await until(
      () => chat(second, key),
      ({ status }) => status !== 200,
    );
    expect(refused).toMatchObject({ status: 503, code: "gateway.unsure" });
    expect((await fetch(`${second.controlUrl}/readyz`)).status).toBe(503);

    await rm(second.configFolder);
    await writeFolder(richer, second.configFolder);
    await until(
      () => chat(second, key),
      ({ status }) => status === 200,
    );
    expect(await booksOf(second)).toMatchObject({ limit: 2_000_000_000n });
  }, 30_000);

  test("limits that the store did not take with a reload are set by the next one", async () => {
    const upstream = await upstreamWith(0);
    const store = await freshStore("unset_limits");
    const gateway = await start({ config: rails(upstream, { limitUsd: 1 }), store });
    expect((await chat(gateway, gateway.agentKey)).status).toBe(200);
    const other = new Client({ connectionString: store });
    await other.connect();
    await other.query("BEGIN; LOCK TABLE slipclutch_v1.account IN ACCESS EXCLUSIVE MODE");
    await writeFolder(rails(upstream, { limitUsd: 3 }), gateway.configFolder);
    expect((await reload(gateway)).status).toBe(503);
    await other.query("ROLLBACK");
    await other.end();
    expect((await reload(gateway)).status).toBe(200);
    expect(await booksOf(gateway)).toMatchObject({ limit: 3_000_000_000n });
  }, 30_000);
});
