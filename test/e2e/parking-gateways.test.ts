/** A parked call belongs to no gateway: two of them on one PostgreSQL, one killed or frozen. */
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { describePostgres } from "../support/postgres.ts";
import { MODEL, until } from "./clients-world.ts";
import { ask, CHAT, READ, type ReviewView, WRITE } from "./parking-world.ts";

const KEY = "7a".repeat(32);
/** About as short as a loaded machine keeps. */
const SHORT_TIMES = { grace: "2s", expiry: "3100ms" };
const TOLD_WITHIN_MS = 1_000;
const FENCED_WITHIN_MS = 20_000;

interface Scene {
  readonly one: TestGateway;
  readonly two: TestGateway;
  readonly upstream: SimulatedUpstream;
  readonly server: McpFixture;
  post(at: TestGateway, path: string, body: unknown, signal?: AbortSignal): Promise<Response>;
  pause(at: TestGateway): Promise<string>;
  decide(at: TestGateway, id: string, decision: object): Promise<void>;
  review(id: string): Promise<ReviewView>;
  /** That of this agent's calls whose outcome is not known. */
  unknown(): Promise<ReviewView | undefined>;
}

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function openScene(
  store: string,
  parking: Readonly<Record<string, unknown>> = {},
): Promise<Scene> {
  const server = await mcpFixture({
    tools: ["echo", "save"].map((name) => ({ name, inputSchema: { type: "object" } })),
  });
  const upstream = await simulatedUpstream({ clock: systemClock });
  ends.push(
    () => server.close(),
    () => upstream.close(),
  );
  const provider = { kind: "openai", base_url: `${upstream.url}/v1`, api_key: "not-a-key" };
  const agent = `worker-${Math.random().toString(36).slice(2)}`;
  const tools = [{ tool_name: "echo" }, { tool_name: "save", read_only: false }];
  const config = {
    "slipclutch.yaml": {
      ...{ version: 1, encryption_key: KEY, store: SHORT_TIMES, parking },
      providers: { gpt: { ...provider, prices_of: "simulated", models: [MODEL] } },
      tool_servers: {
        desk: {
          ...{ kind: "mcp", url: server.url },
          tools: { echo: { effect: "read" }, save: { effect: "write" } },
        },
      },
      budgets: [{ name: "all", each: "agent", limit_usd: 100, window: "lifetime" }],
    },
    [`agents/${agent}.yaml`]: { version: 1, agent, models: [MODEL], allowed_tools: tools },
  };
  const one = await startGateway({ config, store });
  const two = await startGateway({ config, store });
  for (const gateway of [one, two]) {
    ends.push(async () => {
      await gateway.stop("SIGKILL");
      await forget(gateway);
    });
  }
  const made = await one.api("POST", "/api/v1/keys", { agent });
  const { key } = (await made.json()) as { key: string };
  return {
    ...{ one, two, upstream, server },
    post: (at, path, body, signal) =>
      fetch(at.agentUrl + path, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
        ...(signal === undefined ? {} : { signal }),
      }),
    pause: async (at) => {
      const body = { agents: [agent], reason: "test" };
      expect((await at.api("POST", "/api/v1/agents/pause", body)).status).toBe(200);
      for (const each of [one, two]) {
        await until(async () => (await clutchAt(each, agent)) === "disengaged");
      }
      return (await openAt(at, agent, "pause"))?.id ?? expect.unreachable("it has a review");
    },
    decide: async (at, id, decision) => {
      const { version } = await reviewAt(at, id);
      const body = { version, reason: "test", ...decision };
      const answer = await at.api("POST", `/api/v1/reviews/${id}/decision`, body);
      expect(answer.status).toBe(200);
    },
    review: (id) => reviewAt(two, id),
    unknown: () => openAt(two, agent, "outcome_unknown"),
  };
}

async function clutchAt(gateway: TestGateway, agent: string): Promise<string | undefined> {
  const rows = (await (await gateway.api("GET", "/api/v1/agents")).json()) as {
    agent: string;
    clutch: string;
  }[];
  return rows.find((row) => row.agent === agent)?.clutch;
}

async function reviewAt(gateway: TestGateway, id: string): Promise<ReviewView> {
  return (await (await gateway.api("GET", `/api/v1/reviews/${id}`)).json()) as ReviewView;
}

/** The review of that kind that is open for the agent. */
async function openAt(
  gateway: TestGateway,
  agent: string,
  kind: string,
): Promise<ReviewView | undefined> {
  const answer = await gateway.api("GET", "/api/v1/reviews?state=open");
  const reviews = (await answer.json()) as ReviewView[];
  return reviews.find((review) => review.agent === agent && review.kind === kind);
}

const resume = { decision: "resume" };

describePostgres("parked calls of two gateways", (cluster) => {
  test("parked at one, a client comes back at the other: before the resume, or after", async () => {
    const { decide, one, pause, post, review, server, two, upstream } = await openScene(
      cluster().url,
    );
    const id = await pause(one);
    const leaving = new AbortController();
    const bodies = [ask(1), ask(2)];
    const left = bodies.map((body) => post(one, CHAT, body, leaving.signal).catch(() => "left"));
    const tool = post(one, WRITE, { arguments: { text: "a" } }, leaving.signal).catch(() => "left");
    await until(async () => (await review(id)).parked === 3);
    leaving.abort();
    expect(await Promise.all([...left, tool])).toEqual(["left", "left", "left"]);
    await until(async () => (await review(id)).calls.every(({ attached }) => !attached));
    const before = post(two, CHAT, bodies[0]);
    await until(async () => (await review(id)).calls.some(({ attached }) => attached));
    expect((await review(id)).parked).toBe(3);
    await decide(one, id, resume);
    const after = post(two, CHAT, bodies[1]);
    expect([(await before).status, (await after).status]).toEqual([200, 200]);
    await until(async () => (await review(id)).calls.every(({ state }) => state === "done"));
    expect((await post(two, WRITE, { arguments: { text: "a" } })).status).toBe(200);
    expect([upstream.received(), server.ran()]).toEqual([2, 1]);
  }, 60_000);

  test("both run what nobody waits for, and none of it twice", async () => {
    const { decide, one, pause, post, review, server, two } = await openScene(cluster().url);
    server.set({ latencyMs: 300 });
    const id = await pause(one);
    const leaving = new AbortController();
    const calls = Array.from({ length: 60 }, (_, no) =>
      post(no % 2 === 0 ? one : two, WRITE, { arguments: { no } }, leaving.signal),
    );
    await until(async () => (await review(id)).parked === calls.length);
    leaving.abort();
    await Promise.allSettled(calls);
    await decide(two, id, resume);
    await until(() => server.ran() >= calls.length, 20_000);
    await until(async () => (await review(id)).calls.every(({ state }) => state === "done"));
    expect(server.ran()).toBe(calls.length);
  }, 60_000);

  test("a denial at the other gateway, or the end of its task, reaches who waits within a second", async () => {
    const { decide, one, pause, post, review, two } = await openScene(cluster().url);
    const id = await pause(one);
    const held = post(one, CHAT, ask(1));
    await until(async () => (await review(id)).parked === 1);
    const ended = post(one, `/t/refund${READ}`, { arguments: { n: 1 } });
    await until(async () => (await review(id)).parked === 2);
    const { calls } = await review(id);
    const call = calls.find(({ task }) => task !== "refund")?.call;
    for (const [answer, decision] of [
      [held, { decision: "deny", call, message: "not today" }],
      [ended, { decision: "end", task: "refund" }],
    ] as const) {
      const decidedAt = performance.now();
      await decide(two, id, decision);
      const { status } = await answer;
      // The decision itself takes its time too.
      expect(performance.now() - decidedAt).toBeLessThan(TOLD_WITHIN_MS);
      expect(status).toBe(403);
    }
  }, 60_000);

  test("as many wait as may, at both together", async () => {
    const max = 10;
    const { one, pause, post, two, review } = await openScene(cluster().url, {
      ...{ hold_for: "0s", max_calls_per_agent: max },
    });
    const id = await pause(one);
    const answers = await Promise.all(
      Array.from({ length: 3 * max }, (_, no) => post(no % 2 === 0 ? one : two, CHAT, ask(no))),
    );
    const codes = answers.map(({ headers }) => headers.get("x-slipclutch-decision") ?? "");
    expect(codes.filter((code) => code.includes("clutch.parked"))).toHaveLength(max);
    expect(codes.filter((code) => code.includes("parking.full"))).toHaveLength(2 * max);
    expect((await review(id)).parked).toBe(max);
  }, 60_000);

  test.each(["SIGKILL", "SIGSTOP"] as const)(
    "the gateway that held them is gone with %s: the other goes on with them",
    async (signal) => {
      const { decide, one, pause, post, review, server, two, upstream } = await openScene(
        cluster().url,
      );
      const id = await pause(one);
      const model = post(one, CHAT, ask(1)).catch(() => null);
      const tool = post(one, WRITE, { arguments: { text: "a" } }).catch(() => null);
      await until(async () => (await review(id)).parked === 2);
      one.process.kill(signal);
      await until(
        async () => (await review(id)).calls.every(({ attached }) => !attached),
        FENCED_WITHIN_MS,
      );
      await decide(two, id, resume);
      const back = post(two, CHAT, ask(1));
      expect((await back).status).toBe(200);
      await until(async () => (await review(id)).calls.every(({ state }) => state === "done"));
      one.process.kill("SIGCONT");
      // Whoever waited at it all the time is told to come again, and then has what was kept.
      const told = [(await model)?.status, (await tool)?.status];
      expect(told).toEqual(signal === "SIGKILL" ? [undefined, undefined] : [429, 429]);
      expect((await post(two, WRITE, { arguments: { text: "a" } })).status).toBe(200);
      expect([upstream.received(), server.ran()]).toEqual([1, 1]);
    },
    60_000,
  );

  test("a gateway frozen while its calls are out leaves them to a person, and sends none again", async () => {
    const { decide, one, pause, post, review, server, two, unknown } = await openScene(
      cluster().url,
    );
    server.set({ latencyMs: 3_000 });
    const id = await pause(one);
    const held = post(one, WRITE, { arguments: { text: "a" } });
    await until(async () => (await review(id)).parked === 1);
    await decide(two, id, resume);
    await until(() => server.ran() === 1);
    one.process.kill("SIGSTOP");
    await until(async () => (await unknown()) !== undefined, FENCED_WITHIN_MS);
    const asked = await post(two, WRITE, { arguments: { text: "a" } });
    expect(asked.status).toBe(429);
    expect(await asked.text()).toContain("not known");
    one.process.kill("SIGCONT");
    // Its client has the answer that came to the frozen one; the row is a person's all the same.
    expect((await held).status).toBe(200);
    const found = (await unknown()) ?? expect.unreachable("it is open");
    const { calls } = await review(found.id);
    expect(calls.map(({ state }) => state)).toEqual(["unknown"]);
    await decide(two, found.id, { decision: "ran", call: calls[0]?.call });
    expect(server.ran()).toBe(1);
  }, 60_000);
});
