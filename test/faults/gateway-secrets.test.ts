import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forget, runCli, startGateway, writeFolder } from "../support/gateway.ts";
import { bodyOf, chatBody, MODEL, rails, until, upstreamFor } from "./gateway-scene.ts";

const CHAT = "/v1/chat/completions";
/** Looks like no key of anybody, so that nothing finds it by its shape. */
const secret = () => `Zq${randomBytes(18).toString("base64url")}`;

/** Everything that anybody was told, by where it was told. */
class Told {
  readonly #said = new Map<string, string>();

  add(where: string, text: string): void {
    this.#said.set(where, `${this.#said.get(where) ?? ""}\n${text}`);
  }

  async answer(where: string, response: Response): Promise<string> {
    const body = await response.text();
    this.add(where, `${JSON.stringify([...response.headers])}\n${body}`);
    return body;
  }

  /** Where a secret was told. */
  wherever(hidden: string): string[] {
    return [...this.#said].filter(([, text]) => text.includes(hidden)).map(([where]) => where);
  }

  get places(): number {
    return this.#said.size;
  }
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

test("no secret is told to anybody, written down, logged or counted", async () => {
  const upstream = await upstreamFor();
  const providerKey = secret();
  const otherKey = `sk-ant-${secret()}`;
  const headerSecret = secret();
  const encryptionKey = randomBytes(32).toString("hex");
  const folder = rails(upstream, {
    limitUsd: 1,
    apiKey: `\${PROVIDER_KEY}`,
    provider: { headers: { "x-team-auth": `\${HEADER_SECRET}` } },
    more: {
      encryption_key: `\${ENCRYPTION_KEY}`,
      providers: {
        upstream: {
          kind: "openai",
          base_url: upstream.url,
          api_key: `\${PROVIDER_KEY}`,
          headers: { "x-team-auth": `\${HEADER_SECRET}` },
          prices_of: "local",
          models: [MODEL],
        },
        broken: {
          kind: "openai",
          // Nobody listens on the port of a service that is not offered any more.
          base_url: "http://127.0.0.1:9",
          api_key: `\${OTHER_KEY}`,
          prices_of: "local",
          models: ["m-2"],
        },
      },
    },
  });
  const prices = { input: 1, output: 10, context_window: 32_000, max_output: 4_096 };
  const config = { ...folder, "prices.yaml": { local: { [MODEL]: prices, "m-2": prices } } };
  const environment = {
    PROVIDER_KEY: providerKey,
    OTHER_KEY: otherKey,
    HEADER_SECRET: headerSecret,
    ENCRYPTION_KEY: encryptionKey,
  };
  const gateway = await startGateway({ config, environment });
  const told = new Told();
  const call = async (where: string, body: unknown, headers = {}, path = CHAT) =>
    await told.answer(where, await gateway.call(path, body, headers));
  const ask = async (method: string, path: string, body?: unknown) =>
    await told.answer(`${method} ${path}`, await gateway.api(method, path, body));

  // Calls that are let through, refused and broken, as every credential there is.
  await call("a call", chatBody());
  await call("a stream", chatBody({ stream: true }));
  await call("too dear", chatBody({ n: 1_000_000 }));
  await call("malformed", "{");
  await call("unknown field", chatBody({ surprise: 1 }));
  await call("unknown path", chatBody(), {}, "/v1/embeddings");
  await call("unreachable provider", chatBody({ model: "m-2" }));
  for (const fault of ["error-500", "error-429", "garbage", "reset", "no-usage"] as const) {
    upstream.control(() => ({ kind: "script", fault, faultEvery: 1 }));
    await call(`provider's ${fault}`, chatBody());
    await call(`provider's ${fault} in a stream`, chatBody({ stream: true }));
  }
  upstream.control(null);
  await call("wrong credential", chatBody(), { authorization: `Bearer ${gateway.operatorToken}` });
  await call("two credentials", chatBody(), { "x-api-key": gateway.operatorToken });
  await call("a key in the query", chatBody(), {}, `${CHAT}?key=${gateway.agentKey}`);
  await call("a key in an unknown path", chatBody(), {}, `/v1/x?key=${gateway.agentKey}`);

  // Keys that are made later: told once, in the answer to who made them, and never again.
  const made = async (response: Response) => (await bodyOf<{ key: string }>(response)).key;
  const keyOf = async (body: object) => await made(await gateway.api("POST", "/api/v1/keys", body));
  const second = await keyOf({ agent: "worker" });
  const operator = await keyOf({ operator: "jo", role: "viewer" });
  const ofTask = await made(await gateway.call("/guard/v1/tasks", { name: "t-1" }));
  for (const key of [second, ofTask, operator]) {
    await call("another key", chatBody(), { authorization: `Bearer ${key}` });
    const headers = { authorization: `Bearer ${key}` };
    const url = `${gateway.controlUrl}/api/v1/budgets`;
    await told.answer("control plane with it", await fetch(url, { headers }));
  }

  // A reload that fails around the secrets, and everything that operators may read.
  const broken = { ...config, "prices.yaml": `local: [${"$"}{PROVIDER_KEY}\n` };
  await writeFolder(broken, gateway.configFolder);
  await ask("POST", "/api/v1/reload");
  const swapped = rails(upstream, {
    limitUsd: 1,
    provider: { base_url: `\${PROVIDER_KEY}` },
    more: { encryption_key: `\${HEADER_SECRET}`, store: `\${OTHER_KEY}` },
  });
  await writeFolder({ ...swapped, "prices.yaml": config["prices.yaml"] }, gateway.configFolder);
  expect(await ask("POST", "/api/v1/reload")).toContain("invalid");
  await ask("GET", "/api/v1/status");
  await ask("GET", "/api/v1/budgets");
  await ask("GET", "/api/v1/keys?all=true");
  await ask("GET", "/api/v1/tasks");
  await ask("GET", "/api/v1/model-flags");
  await ask("GET", "/api/v1/nothing");
  await ask("GET", "/metrics");
  const journal = await ask("GET", "/api/v1/journal?limit=1000");
  const { entries } = JSON.parse(journal) as { entries: { decision: string | null }[] };
  const decisions = new Set(entries.flatMap(({ decision }) => decision ?? []));
  expect(decisions.size).toBeGreaterThan(20);
  for (const decision of decisions) await ask("GET", `/api/v1/decisions/${decision}`);
  for (const command of [
    ["status"],
    ["budgets"],
    ["keys", "list"],
    ["journal"],
    ["tasks", "list"],
  ]) {
    const { err, out } = await gateway.cli(...command);
    told.add(command.join(" "), out + err);
  }
  const checked = await runCli(["check", "--config", gateway.configFolder], environment);
  told.add("check", checked.out + checked.err);
  expect(checked.code).not.toBe(0);

  const token = gateway.operatorToken;
  const agentKey = gateway.agentKey;
  expect(await gateway.stop("SIGTERM")).toBe(0);
  told.add("the log", gateway.log());
  expect(gateway.log()).toContain("configuration.rejected");
  // The local token's own file went with the stop; the rest is what a backup would hold.
  for (const path of filesOf(gateway.dataFolder)) told.add(path, readFileSync(path, "latin1"));

  const secrets = {
    providerKey,
    otherKey: otherKey.slice("sk-ant-".length),
    headerSecret,
    encryptionKey,
    rawEncryptionKey: Buffer.from(encryptionKey, "hex").toString("latin1"),
    operatorToken: token.slice(4),
    agentKey: agentKey.slice(4),
    second: second.slice(4),
    operator: operator.slice(4),
    ofTask: ofTask.slice(4),
  };
  for (const [name, value] of Object.entries(secrets))
    expect(told.wherever(value), name).toEqual([]);
  // That was looked for where there is something to find.
  expect(told.places).toBeGreaterThan(50);
  const found = told.wherever("worker");
  expect(found.filter((where) => where.startsWith(gateway.dataFolder)).length).toBeGreaterThan(0);
  expect(told.wherever("configuration.rejected")).toContain("the log");

  // Nor does a key of ours reach the provider, or one provider's key another place than its header.
  const received = upstream.recorded().map(({ body, headers, path }) => {
    const { authorization, "x-team-auth": auth, ...rest } = headers;
    expect(authorization).toBe(`Bearer ${providerKey}`);
    expect(auth).toBe(headerSecret);
    return `${path}\n${JSON.stringify(rest)}\n${Buffer.from(body).toString("latin1")}`;
  });
  expect(received.length).toBeGreaterThan(10);
  for (const [name, value] of Object.entries(secrets)) {
    expect(
      received.filter((text) => text.includes(value)),
      name,
    ).toEqual([]);
  }
  await upstream.close();
  await forget(gateway);
}, 60_000);

test("a store's password is in no error of a start that fails", async () => {
  const password = secret();
  const upstream = { url: "http://127.0.0.1:9" };
  const folder = await writeFolder(rails(upstream, { limitUsd: 1 }));
  const store = `postgres://slipclutch:${password}@127.0.0.1:9/nowhere`;
  const flags = ["--agent-port", "0", "--control-port", "0", "--data", join(folder, "data")];
  const flagged = await runCli(["start", "--config", folder, ...flags, "--store", store]);
  expect(flagged.code).not.toBe(0);
  expect(flagged.err).toContain("127.0.0.1");
  expect(flagged.out + flagged.err).not.toContain(password);

  const named = rails(upstream, { limitUsd: 1, more: { store: `\${STORE_URL}` } });
  await writeFolder(named, folder);
  const environment = { STORE_URL: store };
  const configured = await runCli(["start", "--config", folder, ...flags], environment);
  expect(configured.code).not.toBe(0);
  expect(configured.out + configured.err).not.toContain(password);
  await rm(folder, { recursive: true });
}, 30_000);

test("the local token is its owner's alone, and gone after a stop", async () => {
  const upstream = await upstreamFor();
  const gateway = await startGateway({ config: rails(upstream, { limitUsd: 1 }) });
  await until(
    () => filesOf(gateway.dataFolder),
    (files) => files.some((path) => path.endsWith("control.json")),
  );
  expect(statSync(join(gateway.dataFolder, "control.json")).mode & 0o777).toBe(0o600);
  expect(await gateway.stop("SIGTERM")).toBe(0);
  expect(filesOf(gateway.dataFolder).some((path) => path.endsWith("control.json"))).toBe(false);
  await upstream.close();
  await forget(gateway);
});
