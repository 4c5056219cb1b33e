/** A parked call is sent once, whenever its client leaves and whenever it comes back. */
import { afterEach, expect, test } from "vitest";
import { until } from "./clients-world.ts";
import {
  ask,
  CHAT,
  type ParkingWorld,
  parkAndLeave,
  parkingWorld,
  READ,
  WRITE,
} from "./parking-world.ts";

/** Longer than everything that a client does meanwhile. */
const SLOW_MS = 3_000;

let world: ParkingWorld;

afterEach(async () => {
  await world.end();
});

const allOf = async (id: string, state: string) =>
  (await world.review(id)).calls.every((call) => call.state === state);
const isDetached = async (id: string) =>
  (await world.review(id)).calls.every(({ attached }) => !attached);

test("a client that comes back while its tool call runs without it gets that call's answer", async () => {
  world = await parkingWorld();
  world.server.set({ latencyMs: SLOW_MS });
  const { id } = await world.pause();
  await parkAndLeave(world, WRITE, { arguments: { text: "a" } }, 1);
  await until(() => isDetached(id));
  await world.resume();
  await until(() => world.server.ran() === 1);
  const back = await world.post(WRITE, { arguments: { text: "a" } });
  expect(back.status).toBe(200);
  expect(world.server.ran()).toBe(1);
});

test.each([
  ["a model call", CHAT, ask(1)],
  ["a stream", CHAT, ask(1, { stream: true })],
  ["a tool call that reads", READ, { arguments: { n: 1 } }],
  ["a tool call that writes", WRITE, { arguments: { text: "a" } }],
])("%s whose client leaves while it runs is answered when it comes back", async (_, path, body) => {
  world = await parkingWorld();
  world.server.set({ latencyMs: SLOW_MS });
  world.upstream.setScript({ latencyMs: SLOW_MS });
  const { id } = await world.pause();
  const leaving = new AbortController();
  const first = world.post(path, body, { signal: leaving.signal }).catch(() => "left");
  await world.parked(1);
  await world.resume();
  const sent = () => world.server.ran() + world.upstream.received();
  await until(() => sent() === 1);
  leaving.abort();
  expect(await first).toBe("left");
  await until(() => isDetached(id));
  const back = await world.post(path, body);
  expect(back.status).toBe(200);
  expect(sent()).toBe(1);
  await until(() => allOf(id, "done"));
});

test("an answer that its client had is no answer to the next call", async () => {
  world = await parkingWorld();
  const { id } = await world.pause();
  const held = world.post(WRITE, { arguments: { text: "a" } });
  await world.parked(1);
  await world.resume();
  expect((await held).status).toBe(200);
  await until(() => allOf(id, "done"));
  expect((await world.post(WRITE, { arguments: { text: "a" } })).status).toBe(200);
  expect(world.server.ran()).toBe(2);
});

test("a model call that ended unspent is one more call when its client comes after all", async () => {
  world = await parkingWorld({ keep_answers_for: "1s" });
  const { id } = await world.pause();
  await parkAndLeave(world, CHAT, ask(1), 1);
  await until(() => isDetached(id));
  await world.resume();
  await until(() => allOf(id, "done"));
  expect(world.upstream.received()).toBe(0);
  expect((await world.post(CHAT, ask(1))).status).toBe(200);
  expect(world.upstream.received()).toBe(1);
});

test("a call of which a person says that it ran is told so, and does not run once more", async () => {
  world = await parkingWorld();
  world.server.set({ latencyMs: 20_000 });
  const { id } = await world.pause();
  await parkAndLeave(world, WRITE, { arguments: { text: "a" } }, 1);
  await until(() => isDetached(id));
  await world.resume();
  await until(() => world.server.ran() === 1);
  await world.restart("SIGKILL");
  world.server.set({ latencyMs: 0 });
  const answer = await world.gateway.api("GET", "/api/v1/reviews?state=open");
  const [review] = (await answer.json()) as { id: string; version: number }[];
  const { id: unknown = "", version = 0 } = review ?? {};
  const call = (await world.review(unknown)).calls[0]?.call;
  expect((await world.decide(unknown, { version, decision: "ran", call })).status).toBe(200);
  const told = await world.post(WRITE, { arguments: { text: "a" } });
  expect(told.status).toBe(403);
  expect(await told.text()).toContain("says that it ran");
  expect(world.server.ran()).toBe(1);
});
