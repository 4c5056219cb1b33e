/** `max_concurrent`: so many calls of a tool are out at once, over all gateways, and no more. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import { until } from "./clients-world.ts";

const KEY = "7a".repeat(32);
const PATH = "/guard/v1/tools/echo/call";
/** Longer than any of these tests waits: what is to end is ended by them. */
const LONG_MS = 120_000;

function folder(url: string, grant: object, store: object = {}) {
  return {
    "slipclutch.yaml": {
      version: 1,
      ...store,
      encryption_key: KEY,
      tool_servers: { desk: { kind: "mcp", url, tools: { echo: { effect: "read" } } } },
      budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
      breakers: [
        { name: "stuck", enabled: false },
        { name: "tool-surge", enabled: false },
      ],
    },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [{ tool_name: "echo", ...grant }],
    },
  };
}

interface Answer {
  readonly status: number;
  readonly code: string | null;
  readonly facts: Readonly<Record<string, unknown>> | null;
  readonly retryAfter: string | null;
}

async function ask(gateway: TestGateway, key: string, signal?: AbortSignal): Promise<Answer> {
  const answer = await fetch(gateway.agentUrl + PATH, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ arguments: {} }),
    ...(signal === undefined ? {} : { signal }),
  });
  const json = (await answer.json()) as {
    code?: string;
    error?: { details: { facts: Record<string, unknown> } };
  };
  return {
    status: answer.status,
    code: json.code ?? null,
    facts: json.error?.details.facts ?? null,
    retryAfter: answer.headers.get("retry-after"),
  };
}

describe("at one gateway", () => {
  let server: McpFixture;
  let gateway: TestGateway;

  beforeAll(async () => {
    server = await mcpFixture();
    const grant = { max_concurrent: 2, timeout: "2m" };
    gateway = await startGateway({ config: folder(server.url, grant) });
  });

  afterEach(() => server.set({ call: "well", latencyMs: 0 }));

  afterAll(async () => {
    await gateway.stop();
    await forget(gateway);
    await server.close();
  });

  const together = (calls: number) =>
    Promise.all(Array.from({ length: calls }, () => ask(gateway, gateway.agentKey)));

  test("more than so many are refused, with the number and when to come again", async () => {
    server.set({ latencyMs: LONG_MS });
    const answers: Answer[] = [];
    const all = Array.from({ length: 5 }, async () => {
      answers.push(await ask(gateway, gateway.agentKey));
    });
    await until(() => answers.length === 3 && server.ran() === 2);
    const facts = { tool: "echo", max_concurrent: 2 };
    expect(answers).toEqual(
      Array(3).fill({ status: 429, code: "tool.busy", facts, retryAfter: "1" }),
    );
    server.dropConnections();
    await Promise.all(all);
    const ended = answers.slice(3).map(({ code }) => code);
    expect(ended).toEqual(["provider.unreachable", "provider.unreachable"]);
    expect(server.mostAtOnce()).toBe(2);
  });

  test.each(["reset", "garbage", "http-500", "gzip"] as const)(
    "one that ends with %s makes room for the next",
    async (call) => {
      server.set({ call });
      for (let n = 0; n < 3; n += 1) {
        const codes = (await together(2)).map(({ code }) => code);
        expect(codes).toEqual(["provider.unreachable", "provider.unreachable"]);
      }
    },
  );

  test("one that runs out of its time makes room for the next", async () => {
    const config = folder(server.url, { max_concurrent: 1, timeout: "200ms" });
    const slow = await startGateway({ config });
    server.set({ call: "never" });
    for (let n = 0; n < 3; n += 1) {
      expect((await ask(slow, slow.agentKey)).code).toBe("provider.timeout");
    }
    await slow.stop();
    await forget(slow);
  });

  test("one whose client has gone counts until it ends, as it may do something", async () => {
    server.set({ latencyMs: LONG_MS });
    const ran = server.ran();
    const gone = new AbortController();
    const left = [0, 1].map(() =>
      ask(gateway, gateway.agentKey, gone.signal).catch((error: Error) => error.name),
    );
    await until(() => server.ran() === ran + 2);
    gone.abort();
    expect(await Promise.all(left)).toEqual(["AbortError", "AbortError"]);
    expect((await ask(gateway, gateway.agentKey)).code).toBe("tool.busy");
    server.set({ latencyMs: 0 });
    server.dropConnections();
    await until(async () => (await ask(gateway, gateway.agentKey)).status === 200);
  });

  test("one that its agent runs counts from the decision to what is reported of it", async () => {
    const config = folder(server.url, { max_concurrent: 1, timeout: "3s" });
    const own = { kind: "agent", asks: true, tools: { echo: { effect: "read" } } };
    const main = { ...config["slipclutch.yaml"], tool_servers: { own } };
    const asking = await startGateway({ config: { ...config, "slipclutch.yaml": main } });
    const decide = async () => {
      const answer = await asking.call("/guard/v1/decisions", { tool: "echo" });
      return (await answer.json()) as { decision: string; verdict: string; code: string | null };
    };
    const first = await decide();
    expect(first.verdict).toBe("allow");
    expect(await decide()).toMatchObject({ verdict: "deny", code: "tool.busy", retry_after: 1 });
    await asking.call(`/guard/v1/decisions/${first.decision}/outcome`, { ok: true });
    expect((await decide()).verdict).toBe("allow");
    // Nothing is reported of that one: it is over when its time is.
    expect((await decide()).code).toBe("tool.busy");
    await until(async () => (await decide()).verdict === "allow");
    await asking.stop();
    await forget(asking);
  });

  test("one that was refused by its budget held nothing", async () => {
    const grant = { max_concurrent: 1, cost: { usd: 2 } };
    const poor = await startGateway({ config: folder(server.url, grant) });
    for (let n = 0; n < 3; n += 1) {
      expect((await ask(poor, poor.agentKey)).code).toBe("budget.exhausted");
    }
    await poor.stop();
    await forget(poor);
  });
});

describePostgres("over two gateways", (cluster) => {
  const TURNS_MIN = 3;
  let made = 0;

  /** A store that no other case has. */
  async function freshStore(): Promise<string> {
    made += 1;
    await cluster().query(`CREATE DATABASE case_${made}`);
    return cluster().url.replace("/postgres?", `/case_${made}?`);
  }

  /** All ask over and over for so long, and until each has had its turns, which the test bounds. */
  async function race(gateways: readonly TestGateway[], forMs: number): Promise<void> {
    const key = gateways[0]?.agentKey ?? "";
    const through = gateways.map(() => 0);
    const untilMs = performance.now() + forMs;
    const isOver = () =>
      performance.now() >= untilMs && through.every((turns) => turns >= TURNS_MIN);
    const one = async (gateway: TestGateway, at: number) => {
      while (!isOver()) {
        const { code, status } = await ask(gateway, key);
        if (status === 200) through[at] = (through[at] ?? 0) + 1;
        else expect(code).toBe("tool.busy");
        if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await Promise.all(
      gateways.flatMap((gateway, at) =>
        Array(4)
          .fill(0)
          .map(() => one(gateway, at)),
      ),
    );
  }

  test.each([1, 3])(
    "%i at once, never more, and both have their turns",
    async (max) => {
      const server = await mcpFixture({ latencyMs: 30 });
      const config = folder(server.url, { max_concurrent: max });
      const store = await freshStore();
      const gateways = [
        await startGateway({ config, store }),
        await startGateway({ config, store }),
      ];
      await race(gateways, 5_000);
      expect(server.mostAtOnce()).toBe(max);
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await Promise.all(gateways.map(forget));
      await server.close();
    },
    120_000,
  );

  test("what a killed gateway had sent counts until it must be over", async () => {
    const timeoutMs = 8_000;
    const server = await mcpFixture({ call: "never" });
    const grant = { max_concurrent: 1, timeout: `${timeoutMs}ms` };
    const store = { url: await freshStore(), grace: "3s", expiry: "4100ms" };
    const config = folder(server.url, grant, { store });
    const [one, two] = [await startGateway({ config }), await startGateway({ config })];
    const key = one.agentKey;
    const lost = ask(one, key).catch((error: Error) => error.name);
    await until(() => server.ran() === 1);
    const killedAt = performance.now();
    await one.stop("SIGKILL");
    expect(await lost).toBe("TypeError");
    server.set({ call: "well" });
    expect((await ask(two, key)).code).toBe("tool.busy");
    let tries = 0;
    await until(async () => {
      tries += 1;
      return (await ask(two, key)).status === 200;
    });
    expect(performance.now() - killedAt).toBeGreaterThan(timeoutMs);
    expect(tries).toBeGreaterThan(1);
    await two.stop();
    await Promise.all([one, two].map(forget));
    await server.close();
  }, 120_000);
});
