/** What a person changes before an agent goes on: its limit, its arguments, what it is told. */
import Anthropic from "@anthropic-ai/sdk";
import { afterEach, describe, expect, test } from "vitest";
import { MODEL, until } from "./clients-world.ts";
import {
  ask,
  CHAT,
  type ParkingWorld,
  parkAndLeave,
  parkingWorld,
  READ,
  WRITE,
} from "./parking-world.ts";
import type { Json } from "./wiring-world.ts";

let world: ParkingWorld;

afterEach(async () => {
  await world.end();
});

const SMALL = [
  { name: "small", each: "agent", limit_usd: 1, window: "month", on_exhausted: "park" },
];
const PRICED = { allowed_tools: [{ tool_name: "save", read_only: false, cost: { usd: 1 } }] };

async function openReview(): Promise<Json> {
  const answer = await world.gateway.api("GET", "/api/v1/reviews?state=open");
  const [row] = (await answer.json()) as Json[];
  return (await world.gateway.api("GET", `/api/v1/reviews/${row.id}`)).json();
}

async function change(review: Json, more: Json): Promise<Json> {
  const { version } = review;
  const answer = await world.decide(review.id, { version, decision: "change", ...more });
  return { status: answer.status, body: await answer.json() };
}

async function budgetLimit(name: string): Promise<string> {
  const rows = (await (await world.gateway.api("GET", "/api/v1/budgets")).json()) as Json[];
  return rows.find((row) => row.name === name).limit_usd;
}

async function journal(kind: string): Promise<Json[]> {
  const answer = await world.gateway.api("GET", `/api/v1/journal?kind=${kind}`);
  return ((await answer.json()) as Json).entries.map(({ event }: Json) => event);
}

describe("a raised limit", () => {
  test("lets what waits go on, survives a reload and a kill, and is shown", async () => {
    world = await parkingWorld({}, PRICED, { budgets: SMALL });
    expect((await world.post(WRITE, { arguments: { n: 0 } })).status).toBe(200);
    const held = world.post(WRITE, { arguments: { n: 1 } });
    await world.parked(1);
    const review = await openReview();
    const low = await change(review, { limit: "1" });
    expect(low).toMatchObject({ status: 409, body: { error: { code: "review.nothing" } } });
    expect(low.body.error.message).toContain("can only be raised");
    expect(world.server.ran()).toBe(1);
    const done = await change(review, { limit: "2.5" });
    expect(done.body).toMatchObject({ state: "closed", parked: 0 });
    expect((await held).status).toBe(200);
    expect(await budgetLimit("small")).toBe("2.5");
    // Whatever is configured from here on, until the month is over.
    await world.reload({ budgets: [{ ...SMALL[0], limit_usd: 0.5 }] });
    expect(await budgetLimit("small")).toBe("2.5");
    await world.restart("SIGKILL");
    expect(await budgetLimit("small")).toBe("2.5");
    const [raised] = (await (await world.gateway.api("GET", "/api/v1/overrides")).json()) as Json[];
    expect(raised).toMatchObject({
      ...{ budget: "small", scope: "worker", unit: "usd", window: "month" },
      ...{ limit_usd: "2.5", reason: "test", review: review.id },
    });
    const [event] = await journal("budget.raised");
    expect(event).toMatchObject({
      budget: "small",
      limit: "2.5",
      review: review.id,
      reason: "test",
    });
  });

  test("is raised by hand and withdrawn, and exported as it would be configured", async () => {
    world = await parkingWorld({ hold_for: "0s" }, PRICED, { budgets: SMALL });
    expect((await world.post(WRITE, { arguments: { n: 0 } })).status).toBe(200);
    const of = ["small", "--scope", "worker", "--reason", "a batch: of refunds"];
    const { cli } = world.gateway;
    const raised = await cli("budgets", "raise", ...of, "--limit", "3");
    expect(raised).toMatchObject({ code: 0 });
    expect(raised.out).toMatch(/^small worker: 3 usd until \d{4}-/);
    for (const n of [1, 2]) {
      expect((await world.post(WRITE, { arguments: { n } })).status).toBe(200);
    }
    expect((await cli("budgets", "raised")).out).toContain("a batch: of refunds");
    const { out } = await cli("budgets", "raised", "--export");
    expect(out).toContain("  - name: small\n    limit_usd: 3\n");
    expect(await cli("budgets", "withdraw", ...of)).toMatchObject({ code: 0 });
    expect(await budgetLimit("small")).toBe("1");
    expect((await cli("budgets", "raised")).out).toBe("Nobody has raised a limit.\n");
    expect((await world.post(WRITE, { arguments: { n: 3 } })).status).toBe(429);
    for (const [args, says] of [
      [["none", "--limit", "3", "--reason", "r"], "There is no budget none"],
      [["small", "--limit", "3", "--reason", "r"], "nothing has drawn on small"],
      [["small", "--scope", "worker", "--limit", "0.1", "--reason", "r"], "only be raised"],
      [["small", "--scope", "worker", "--limit", "much", "--reason", "r"], "a decimal"],
    ] as const) {
      const refused = await cli("budgets", "raise", ...args);
      expect(refused.code).not.toBe(0);
      expect(refused.err).toContain(says);
    }
  });
});

describe("edited arguments", () => {
  const DEAR = { properties: { amount: { type: "number", minimum: 100 } } };
  const PAYS = {
    allowed_tools: [
      { tool_name: "echo" },
      {
        tool_name: "save",
        read_only: false,
        requires_approval: DEAR,
        arguments: {
          type: "object",
          properties: { amount: { type: "number", maximum: 1000 }, to: { type: "string" } },
          required: ["amount"],
          additionalProperties: false,
        },
      },
    ],
  };

  test("are what an approval lets go, and are shown beside what was asked", async () => {
    world = await parkingWorld({}, PAYS);
    const asked = { arguments: { amount: 900, to: "bob" }, call_id: "pay-1" };
    const held = world.post(WRITE, asked);
    await world.parked(1);
    const review = await openReview();
    const wrong = await change(review, { arguments: { amount: "much" } });
    expect(wrong.status).toBe(409);
    expect(wrong.body.error.message).toContain("/arguments/amount");
    expect(world.server.ran()).toBe(0);
    const { body } = await change(review, { arguments: { amount: 150, to: "bob" } });
    expect(body).toMatchObject({ state: "closed", parked: 0 });
    expect(body.evidence).toMatchObject({
      arguments: { amount: 150, to: "bob" },
      arguments_before: { amount: 900, to: "bob" },
    });
    expect(body.calls).toMatchObject([{ edited: true }]);
    const answer = await held;
    expect(answer.status).toBe(200);
    expect(JSON.stringify(await answer.json())).toContain("150");
    expect(world.server.ran()).toBe(1);
    // By its name it is the same call still: it is not made again, nor refused.
    const again = await world.post(WRITE, asked);
    expect(again.status).toBe(200);
    expect(JSON.stringify(await again.json())).toContain("150");
    expect(world.server.ran()).toBe(1);
  });

  test("of a call that nobody waits for run too, after a kill -9, and are still its answer", async () => {
    world = await parkingWorld({});
    await world.pause();
    const asked = { arguments: { text: "all rows" } };
    await parkAndLeave(world, WRITE, asked, 1);
    await world.restart("SIGKILL");
    const review = await openReview();
    const [{ call }] = review.calls;
    const done = await change(review, { call, arguments: { text: "one row" } });
    expect(done.status).toBe(200);
    await until(async () => world.server.ran() === 1);
    await until(async () => (await world.review(review.id)).calls[0]?.state === "done");
    const answer = await world.post(WRITE, asked);
    expect(answer.status).toBe(200);
    expect(JSON.stringify(await answer.json())).toContain("one row");
    expect(world.server.ran()).toBe(1);
  });

  test("of a model's call there are none", async () => {
    world = await parkingWorld();
    await world.pause();
    await parkAndLeave(world, CHAT, ask(1), 1);
    const review = await openReview();
    const [{ call }] = review.calls;
    const refused = await change(review, { call, arguments: { n: 1 } });
    expect(refused.body.error.message).toContain("its request cannot be edited");
    for (const more of [{}, { call }, { limit: 3 }, { limit: "-3" }, { arguments: [] }]) {
      expect((await change(review, more)).status).toBe(400);
    }
    const about = { limit: "9" };
    expect((await change(review, about)).body.error.message).toContain("it is about no budget");
  });
});

const lastBody = () =>
  JSON.parse(String(Buffer.from(world.upstream.recorded().at(-1)?.body ?? [])));

describe("a message", () => {
  test("is told once, in one block, to the task that waited, and to no other", async () => {
    world = await parkingWorld();
    await world.pause();
    const held = world.post(`/t/first${CHAT}`, ask(1));
    await world.parked(1);
    const review = await openReview();
    const message = "Stop asking for refunds: the ledger is closed.";
    const { version } = review;
    const resumed = await world.decide(review.id, { version, decision: "resume", message });
    expect(resumed.status).toBe(200);
    expect((await held).status).toBe(200);
    expect(lastBody().messages).toEqual([
      { role: "system", content: `From the person who reviewed this work: ${message}` },
      { role: "user", content: "question 1" },
    ]);
    expect((await world.post(`/t/first${CHAT}`, ask(2))).status).toBe(200);
    expect(lastBody().messages).toHaveLength(1);
    expect((await world.post(`/t/other${CHAT}`, ask(3))).status).toBe(200);
    expect(lastBody().messages).toHaveLength(1);
    const [told] = await journal("agent.told");
    expect(told).toMatchObject({ agent: "worker", task: "first", by: "local" });
  });

  test("is kept over a kill -9 for a task that is named, and told in Anthropic's format", async () => {
    world = await parkingWorld();
    const baseURL = `${world.gateway.agentUrl}/t/mine`;
    expect((await world.post(`/t/mine${CHAT}`, ask(0))).status).toBe(200);
    await world.pause();
    const review = await openReview();
    const nobody = await change(review, { message: "Hello?" });
    expect(nobody.body.error.message).toContain("name the one to tell");
    const done = await change(review, { message: "Be brief.", task: "mine" });
    expect(done.body).toMatchObject({ state: "closed" });
    await world.restart("SIGKILL");
    const client = new Anthropic({
      apiKey: world.key(),
      baseURL: baseURL.replace(/^http:..[^/]+/, world.gateway.agentUrl),
    });
    const messages = [{ role: "user" as const, content: "Hi" }];
    await client.messages.create({ model: MODEL, max_tokens: 16, system: "You sell.", messages });
    expect(lastBody().system).toBe(
      "From the person who reviewed this work: Be brief.\n\nYou sell.",
    );
  });

  test("is paid for, and not held against what the agent itself may say", async () => {
    world = await parkingWorld({}, { limits: { max_input_tokens: 500 } });
    expect((await world.post(`/t/mine${CHAT}`, ask(0))).status).toBe(200);
    await world.pause();
    const review = await openReview();
    const message = "x".repeat(600);
    expect((await change(review, { message, task: "mine" })).status).toBe(200);
    expect((await world.post(`/t/mine${CHAT}`, ask(1))).status).toBe(200);
    expect(lastBody().messages[0].content).toContain(message);
    const settled = await journal("call.settled");
    const bounds = settled.map(({ answers }) => {
      return answers.find(({ guard }: Json) => guard === "cap").numbers.input_tokens_max;
    });
    expect(Math.abs(bounds[0] - bounds[1])).toBeGreaterThanOrEqual(600);
  });

  test("goes with a probe, and a tool call's task hears it with its next question", async () => {
    world = await parkingWorld();
    await world.pause();
    const held = world.post(`/t/one${READ}`, { arguments: { n: 1 } });
    await world.parked(1);
    const { id, version } = await openReview();
    const about = { decision: "probe", task: "one", message: "You first." };
    expect((await world.decide(id, { version, ...about })).status).toBe(200);
    expect((await held).status).toBe(200);
    expect((await world.post(`/t/one${CHAT}`, ask(1))).status).toBe(200);
    expect(lastBody().messages[0].content).toContain("You first.");
  });
});
