/** Budgets that park: what does not fit waits for more, and is refused by nobody. */
import { afterEach, expect, test } from "vitest";
import { until } from "./clients-world.ts";
import { type ParkingWorld, parkAndLeave, parkingWorld, WRITE } from "./parking-world.ts";

let world: ParkingWorld;

afterEach(async () => {
  await world.end();
});

const budget = (limit_usd: number) => [
  { name: "small", each: "agent", limit_usd, window: "lifetime", on_exhausted: "park" },
];
/** Of one tool call. */
const PRICED = {
  allowed_tools: [{ tool_name: "save", read_only: false, cost: { usd: 1 } }],
};

async function detached(id: string): Promise<boolean> {
  return (await world.review(id)).calls.every(({ attached }) => !attached);
}

async function open(): Promise<{ id: string; kind: string; version: number }[]> {
  const answer = await world.gateway.api("GET", "/api/v1/reviews?state=open");
  return (await answer.json()) as { id: string; kind: string; version: number }[];
}

test("what a spent budget does not cover waits until its limit is raised, as far as that goes", async () => {
  world = await parkingWorld({}, PRICED, { budgets: budget(1) });
  expect((await world.post(WRITE, { arguments: { n: 0 } })).status).toBe(200);
  const held = world.post(WRITE, { arguments: { n: 1 } });
  await world.parked(1);
  await parkAndLeave(world, WRITE, { arguments: { n: 2 } }, 2);
  const [review] = await open();
  expect(review?.kind).toBe("budget");
  await until(async () => (await world.review(review?.id ?? "")).calls.some((c) => !c.attached));
  expect(world.server.ran()).toBe(1);
  await world.reload({ budgets: budget(2) });
  expect((await held).status).toBe(200);
  expect(world.server.ran()).toBe(2);
  // There was enough for one: the other waits for more again.
  await until(async () => (await open()).some(({ id }) => id !== review?.id));
  const [next] = await open();
  await until(async () => (await world.review(next?.id ?? "")).parked > 0);
  expect(world.server.ran()).toBe(2);
  await world.reload({ budgets: budget(10) });
  await until(() => world.server.ran() === 3);
  await until(async () => (await open()).length === 0);
}, 40_000);

test("at the end of its hold it is told to come again, and the same call takes its place", async () => {
  world = await parkingWorld({ hold_for: "0s" }, PRICED, { budgets: budget(1) });
  expect((await world.post(WRITE, { arguments: { n: 0 } })).status).toBe(200);
  for (let n = 0; n < 2; n += 1) {
    const refused = await world.post(WRITE, { arguments: { n: 1 } });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("x-slipclutch-decision")).toContain("budget.parked");
  }
  const [review] = await open();
  expect((await world.review(review?.id ?? "")).parked).toBe(1);
});

test("a person may deny one of them, or let all go: then what is not covered waits again", async () => {
  world = await parkingWorld({}, PRICED, { budgets: budget(1) });
  expect((await world.post(WRITE, { arguments: { n: 0 } })).status).toBe(200);
  const one = world.post(WRITE, { arguments: { n: 1 } });
  await world.parked(1);
  const two = world.post(WRITE, { arguments: { n: 2 } });
  await world.parked(2);
  const [review] = await open();
  const { calls, version } = await world.review(review?.id ?? "");
  const first = calls.at(-1)?.call;
  const denial = { version, decision: "deny", call: first, message: "no more today" };
  expect((await world.decide(review?.id ?? "", denial)).status).toBe(200);
  expect((await one).status).toBe(403);
  const resume = { version: version + 1, decision: "resume" };
  expect((await world.decide(review?.id ?? "", resume)).status).toBe(200);
  await until(async () => (await open()).some(({ id }) => id !== review?.id));
  expect(world.server.ran()).toBe(1);
  await world.reload({ budgets: budget(5) });
  expect((await two).status).toBe(200);
  expect(world.server.ran()).toBe(2);
}, 40_000);

test("paused while it waits for money, it waits for both", async () => {
  world = await parkingWorld({}, PRICED, { budgets: budget(1) });
  expect((await world.post(WRITE, { arguments: { n: 0 } })).status).toBe(200);
  await parkAndLeave(world, WRITE, { arguments: { n: 1 } }, 1);
  const [spent] = await open();
  await until(() => detached(spent?.id ?? ""));
  await world.pause();
  await world.reload({ budgets: budget(5) });
  await until(async () => (await open()).every(({ kind }) => kind !== "budget"));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(world.server.ran()).toBe(1);
  await world.resume();
  await until(() => world.server.ran() === 2);
}, 40_000);

test("a budget of calls that parks goes on when it has more of them", async () => {
  const calls = (limit_calls: number) => [
    { name: "money", limit_usd: 100, window: "lifetime" },
    { name: "few", each: "agent", limit_calls, window: "lifetime", on_exhausted: "park" },
  ];
  world = await parkingWorld({}, {}, { budgets: calls(1) });
  expect((await world.post(WRITE, { arguments: { n: 0 } })).status).toBe(200);
  const held = world.post(WRITE, { arguments: { n: 1 } });
  await world.parked(1);
  // As much as it has is not more than it has.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(world.server.ran()).toBe(1);
  await world.reload({ budgets: calls(2) });
  expect((await held).status).toBe(200);
  expect(world.server.ran()).toBe(2);
}, 30_000);
