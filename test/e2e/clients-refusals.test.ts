/** Every refusal, as the programmer sees it who uses an official client, and how often it is sent. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DENIALS, type DenialCode } from "../../src/guards/verdict.ts";
import { expectRefusal, raised } from "./client-errors.ts";
import {
  DEAD_MODEL,
  HELD_MODEL,
  MAX_REQUEST_BYTES,
  openWorld,
  until,
  type World,
} from "./clients-world.ts";
import { type Ask, CLIENTS, type Client, type Outcome, stopClients } from "./official-clients.ts";

/** One for each client. */
const BUSY = CLIENTS.map((_, index) => `busy-${index}`);

let world: World;
/** Lists its models, and takes one call at a time. */
let tight: World;

beforeAll(async () => {
  [world, tight] = await Promise.all([
    openWorld({
      agents: {
        worker: { hosted_tools: ["web_search"] },
        unhosted: {},
        granted: { models: ["simulated-large"] },
        strict: {
          strict: true,
          limits: { max_output_tokens: 50, max_n: 2, max_input_tokens: 3000 },
        },
        thinker: { limits: { max_output_tokens: 1000 } },
        poor: {},
        ...Object.fromEntries(BUSY.map((agent) => [agent, {}])),
        crowded: { limits: { new_tasks_per_hour: 0 } },
        hasty: { limits: { timeout: "1s" } },
        watched: {},
      },
      budgets: [
        { name: "pocket", agent: "poor", limit_usd: 0.000001, window: "day" },
        // Room for one call of these tests at a time, and for many one after the other.
        ...BUSY.map((agent) => ({ name: agent, agent, limit_usd: 0.002, window: "day" })),
      ],
      limits: { max_request_bytes: MAX_REQUEST_BYTES },
      more: {
        policies: [{ name: "none", query: "data.t.no", on: "model", agents: ["watched"] }],
        policy_engine: { timeout: "20s" },
      },
      files: { "policies/t.rego": "package t\n\nno := false\n" },
    }),
    openWorld({ agents: { worker: {} }, limits: { calls_in_flight_max: 1 }, open: false }),
  ]);
});

afterAll(async () => {
  stopClients();
  await Promise.all([world.close(), tight.close()]);
});

beforeEach(() => {
  world.upstream.control(null);
  world.held.hold();
  tight.held.hold();
});

/** Asks, expects this refusal in full, and gives how often the client sent its request. */
async function refused(client: Client, code: DenialCode, ask: Ask, at: World): Promise<number> {
  const before = (await at.journal("call.refused")).length;
  const error = raised(await client.ask(ask));
  const entries = (await at.journal("call.refused")).slice(before);
  expectRefusal(client, error, code);
  expect(error.requestId).toBe(entries.at(-1)?.decision);
  expect(entries.map((entry) => entry.code)).toEqual(entries.map(() => code));
  return entries.length;
}

/** All clients at once, where each has to wait; expects the refusal of each, and how often all sent. */
async function allRefused(
  code: DenialCode,
  ask: (client: Client) => Ask,
  at: World,
): Promise<number> {
  const before = (await at.journal("call.refused")).length;
  const errors = await Promise.all(CLIENTS.map(async (client) => client.ask(ask(client))));
  const entries = (await at.journal("call.refused")).slice(before);
  for (const [index, client] of CLIENTS.entries()) {
    const error = raised(errors[index] as Outcome);
    expectRefusal(client, error, code);
    expect(entries.map(({ decision }) => decision)).toContain(error.requestId);
  }
  expect(entries.map((entry) => entry.code)).toEqual(entries.map(() => code));
  return entries.length;
}

const capOf = ({ family }: Client) =>
  family === "openai" ? "max_completion_tokens" : "max_tokens";

/** Refusals that are final: what provokes each. */
const FINAL: readonly (readonly [
  code: DenialCode,
  how: string,
  changes: (client: Client) => Partial<Ask>,
  body?: (client: Client) => Record<string, unknown>,
])[] = [
  ["request.malformed", "tools that are text", () => ({ extra: { tools: "hammer" } })],
  [
    "request.malformed",
    "a task without a name",
    () => ({ headers: { "x-slipclutch-task": "a b" } }),
  ],
  ["key.invalid", "an unknown key", () => ({ key: "sck_nobody" })],
  [
    "key.invalid",
    "an unknown key and a huge body",
    () => ({ key: "sck_nobody" }),
    () => ({ messages: long(8_000_000) }),
  ],
  ["key.invalid", "an operator's token", () => ({ key: world.gateway.operatorToken })],
  ["key.invalid", "two keys", () => ({ headers: { "x-api-key": world.key("poor") } })],
  ["budget.exhausted", "an empty pocket", () => ({ key: world.key("poor") })],
  [
    "budget.exhausted",
    "an empty pocket, streamed",
    () => ({ key: world.key("poor"), mode: "frames" }),
  ],
  [
    "budget.exhausted",
    "an empty pocket, helped",
    () => ({ key: world.key("poor"), mode: "helper" }),
  ],
  ["policy.denied", "a policy", () => ({ key: world.key("watched") })],
  ["policy.denied", "a policy, streamed", () => ({ key: world.key("watched"), mode: "frames" })],
  ["request.unknown-field", "a field", () => ({ extra: { surprise: 1 } })],
  [
    "request.unknown-field",
    "a header that names the payer",
    ({ family }) => ({
      headers: { [family === "openai" ? "openai-organization" : "anthropic-workspace-id"]: "x" },
    }),
  ],
  ["model.unpriced", "an invented model", () => ({}), () => ({ model: "nobody-1" })],
  [
    "model.unbounded",
    "a search without a bound",
    ({ family }) => ({
      extra:
        family === "openai"
          ? { web_search_options: {} }
          : { tools: [{ type: "web_search_20250305", name: "web_search" }] },
    }),
  ],
  [
    "manifest.unknown-tool",
    "a tool of the provider",
    ({ family }) => ({
      key: world.key("unhosted"),
      extra:
        family === "openai"
          ? { web_search_options: {} }
          : { tools: [{ type: "web_search_20250305", name: "web_search", max_uses: 1 }] },
    }),
  ],
  ["model.not-granted", "a model of others", () => ({ key: world.key("granted") })],
  ["call.cap", "a long answer", () => ({ key: world.key("strict") })],
  [
    "call.cap",
    "a long question",
    () => ({ key: world.key("strict") }),
    (client) => ({
      [capOf(client)]: 50,
      messages: [{ role: "user", content: "long ".repeat(1000) }],
    }),
  ],
  ["task.too-many", "a task too many", () => ({ key: world.key("crowded"), ...named("new-one") })],
  ["request.unknown-path", "a path", ({ family }) => ({ baseUrl: `${world.base(family)}/v7` })],
  ["request.too-large", "a large body", () => ({}), () => ({ messages: long(MAX_REQUEST_BYTES) })],
  ["request.too-large", "a huge body", () => ({}), () => ({ messages: long(8_000_000) })],
];

function named(task: string): Partial<Ask> {
  return { headers: { "x-slipclutch-task": task } };
}

function long(characters: number): object[] {
  return [{ role: "user", content: "x".repeat(characters) }];
}

describe.each(CLIENTS)("$name", (client) => {
  const ask = (changes: Partial<Ask> = {}, body: Record<string, unknown> = {}) =>
    world.ask(client, changes, body);

  test.for(FINAL)("is refused once with %s for %s", async ([code, _, changes, body]) => {
    const upstream = world.upstream.bytesReceived();
    const sent = await refused(client, code, ask(changes(client), body?.(client)), world);
    expect(sent).toBe(1);
    expect(world.upstream.bytesReceived()).toBe(upstream);
  });

  test("is refused once for a model that no provider lists", async () => {
    const question = tight.ask(client, {}, { model: "nobody-1" });
    expect(await refused(client, "model.unknown", question, tight)).toBe(1);
  });

  test("is refused once in a task that has ended", async () => {
    const task = `ended-${client.language}-${client.family}`;
    const key = { authorization: `Bearer ${world.key("worker")}` };
    await world.gateway.call("/guard/v1/tasks", { name: task }, key);
    await world.gateway.call(`/guard/v1/tasks/${task}/end`, { outcome: "ok" }, key);
    expect(await refused(client, "task.ended", ask(named(task)), world)).toBe(1);
  });

  test("is refused once with a key that was revoked a moment ago", async () => {
    const made = await world.gateway.api("POST", "/api/v1/keys", { agent: "worker" });
    const { id, key } = (await made.json()) as { id: string; key: string };
    expect((await client.ask(ask({ key }))).kind).toBe("answer");
    await world.gateway.api("DELETE", `/api/v1/keys/${id}`);
    expect(await refused(client, "key.invalid", ask({ key }), world)).toBe(1);
  });
});

describe("every client", () => {
  const busy = (client: Client, retries: number) => {
    const key = world.key(`busy-${CLIENTS.indexOf(client)}`);
    return world.ask(client, { key, retries }, { model: HELD_MODEL });
  };

  test.each([
    ["comes back by itself after 429, and is answered", 2, "answer"],
    ["sees 429 in full where it may not come back", 0, "raised"],
  ])("%s", async (_, retries, kind) => {
    const before = (await world.journal("call.refused")).length;
    const first = CLIENTS.map((client) => client.ask(busy(client, 0)));
    await until(() => world.held.waiting() === CLIENTS.length);
    const second = CLIENTS.map((client) => client.ask(busy(client, retries)));
    const refusals = async () => (await world.journal("call.refused")).slice(before);
    await until(async () => (await refusals()).length === CLIENTS.length);
    world.held.release();
    for (const outcome of await Promise.all(first)) expect(outcome.kind).toBe("answer");
    for (const [index, outcome] of (await Promise.all(second)).entries()) {
      expect(outcome.kind).toBe(kind);
      const client = CLIENTS[index];
      if (outcome.kind === "raised" && client) expectRefusal(client, outcome, "budget.contended");
    }
    const codes = (await refusals()).map(({ code }) => code);
    expect(codes).toEqual(CLIENTS.map(() => "budget.contended"));
  });

  test("tries again, and then sees 502, where the provider cannot be reached", async () => {
    const dead = (client: Client) => world.ask(client, { retries: 1 }, { model: DEAD_MODEL });
    expect(await allRefused("provider.unreachable", dead, world)).toBe(2 * CLIENTS.length);
  });

  test("tries again, and then sees 503, where the gateway has too much to do", async () => {
    const [client] = CLIENTS;
    if (client === undefined) throw new Error("no clients");
    const first = client.ask(tight.ask(client, {}, { model: HELD_MODEL }));
    await until(() => tight.held.waiting() === 1);
    const ask = (each: Client) => tight.ask(each, { retries: 1 });
    expect(await allRefused("gateway.overloaded", ask, tight)).toBe(2 * CLIENTS.length);
    tight.held.release();
    expect((await first).kind).toBe("answer");
  });

  test("does not try again where the provider is too slow: the call may be billed", async () => {
    world.upstream.control(() => ({ kind: "script", fault: "never", faultEvery: 1 }));
    const before = world.upstream.received();
    const hasty = (client: Client) => world.ask(client, { key: world.key("hasty") });
    expect(await allRefused("provider.timeout", hasty, world)).toBe(CLIENTS.length);
    expect(world.upstream.received()).toBe(before + CLIENTS.length);
  });
});

describe.each(CLIENTS.filter(({ family }) => family === "openai"))("$name", (client) => {
  test("is refused once for more choices than it may have", async () => {
    const body = { n: 3, max_completion_tokens: 50 };
    const ask = world.ask(client, { key: world.key("strict") }, body);
    expect(await refused(client, "call.cap", ask, world)).toBe(1);
  });
});

describe.each(CLIENTS.filter(({ family }) => family === "anthropic"))("$name", (client) => {
  test("is refused once where its cap leaves no room to think", async () => {
    const thinking = { type: "enabled", budget_tokens: 2000 };
    const ask = world.ask(client, { key: world.key("thinker") }, { max_tokens: 4000, thinking });
    expect(await refused(client, "call.cap", ask, world)).toBe(1);
  });
});

test("every code that a caller can provoke is provoked above", () => {
  const provoked = new Set<DenialCode>(FINAL.map(([code]) => code));
  for (const code of ["model.unknown", "task.ended", "budget.contended"] as const)
    provoked.add(code);
  for (const code of ["provider.unreachable", "provider.timeout"] as const) provoked.add(code);
  provoked.add("gateway.overloaded");
  // Of tasks with a limit: task-limits.test.ts.
  provoked.add("task.exhausted");
  // What only a store in trouble brings about is in clients-store.test.ts.
  const ofTheStore = ["gateway.unsure", "gateway.fenced", "store.unreachable"];
  // No call of a model ends in these: they are for calls of tools, and for what is parked.
  const ofTools = [
    "call.key-reused",
    "manifest.blacklisted",
    "manifest.read-only",
    "manifest.changed",
    "manifest.arguments",
    "resource.underivable",
    "commitment.full",
    "review.denied",
    "rate-limit.exceeded",
    "clutch.parked",
    "budget.parked",
    "approval.pending",
    "parking.full",
    "tool.busy",
  ];
  expect(Object.keys(DENIALS).filter((code) => !provoked.has(code as DenialCode))).toEqual([
    ...ofTools,
    ...ofTheStore,
  ]);
});
