/** Decisions and outcomes as agents that mean ill, or gateways that die, would have them. */
import { request } from "node:http";
import { afterEach, expect, test } from "vitest";
import { booksOf, until } from "../faults/gateway-scene.ts";
import { type ParkingWorld, parkingWorld } from "./parking-world.ts";
import type { Json } from "./wiring-world.ts";

let world: ParkingWorld;

afterEach(async () => {
  await world.end();
});

async function open(more: Json = {}): Promise<void> {
  world = await parkingWorld(
    {},
    {
      allowed_tools: [
        { tool_name: "save", server: "own", read_only: false, cost: { usd: 1 } },
        { tool_name: "look", server: "own" },
      ],
    },
    {
      tool_servers: {
        own: {
          kind: "agent",
          asks: true,
          tools: { save: { effect: "write" }, look: { effect: "read" } },
        },
      },
      breakers: [
        { name: "stuck", enabled: false },
        { name: "tool-surge", enabled: false },
      ],
      ...more,
    },
  );
}

const post = (body: unknown) => world.post("/guard/v1/decisions", body);
const decide = async (tool: string, given: Json = {}, more: Json = {}): Promise<Json> => {
  const answer = await post({ tool, arguments: given, ...more });
  expect(answer.status).toBe(200);
  return answer.json();
};
const report = (id: string, body: unknown = { ok: true }) =>
  world.post(`/guard/v1/decisions/${id}/outcome`, body);
const ONE_USD = 1_000_000_000n;

test("decisions that are open are as many as calls may be in flight", async () => {
  await open({ limits: { calls_in_flight_max: 5 } });
  const opened: string[] = [];
  for (let n = 0; n < 5; n += 1) opened.push((await decide("look", { n })).decision);
  const one = await post({ tool: "look", arguments: { n: 5 } });
  expect(one.status).toBe(503);
  expect(await one.json()).toMatchObject({ code: "gateway.overloaded" });
  // Nothing else is held up by that, and each outcome makes room.
  expect((await report(opened[0] ?? "")).status).toBe(200);
  expect((await decide("look", { n: 6 })).verdict).toBe("allow");
});

test("of many outcomes at once one counts: the same again is fine, another is refused", async () => {
  await open();
  const { decision } = await decide("save");
  const said = (n: number) => ({ ok: true, result: { n: n % 2 } });
  const all = await Promise.all(Array.from({ length: 8 }, (_, n) => report(decision, said(n))));
  const statuses = [0, 1].map((half) => all.filter((_, n) => n % 2 === half).map((a) => a.status));
  expect(statuses.sort()).toEqual([Array(4).fill(200), Array(4).fill(404)]);
  await until(
    () => booksOf(world.gateway),
    ({ reserved, spent }) => spent === ONE_USD && reserved === 0n,
  );
});

test("an outcome that cannot be read ends nothing", async () => {
  await open();
  const { decision } = await decide("save");
  const deep = `{"ok":true,"result":${"[".repeat(9_000)}${"]".repeat(9_000)}}`;
  const bodies = [
    '{"ok":false,"ok":true}',
    deep,
    "[]",
    "",
    '{"ok":true,"result":9007199254740993}',
  ];
  for (const body of bodies) expect((await report(decision, body)).status).toBe(400);
  for (const id of ["__proto__", "constructor", `${decision}0`, "..%2f..", "%00"]) {
    expect([400, 404]).toContain((await report(id)).status);
  }
  expect((await report(decision)).status).toBe(200);
});

test("an outcome is as large as a tool server's answer may be, and one that is larger ends nothing", async () => {
  await open();
  const { decision } = await decide("save");
  const of = (bytes: number) => ({ ok: true, result: { text: "x".repeat(bytes) } });
  const large = await report(decision, of(8 * 1024 * 1024));
  expect(large.status).toBe(413);
  expect(await large.json()).toMatchObject({ code: "request.too-large" });
  expect((await report(decision, of(8 * 1024 * 1024 - 100))).status).toBe(200);
});

test("a body that cannot be read in one way only asks for nothing", async () => {
  await open();
  const deep = `{"tool":"save","arguments":{"x":${"[".repeat(9_000)}${"]".repeat(9_000)}}}`;
  for (const body of ['{"tool":"look","tool":"save"}', deep, "{}", '{"tool":"save"}{}']) {
    expect((await post(body)).status).toBe(400);
  }
  const { decision } = await decide("save");
  expect((await report(decision)).status).toBe(200);
  await until(
    () => booksOf(world.gateway),
    ({ reserved, spent }) => spent === ONE_USD && reserved === 0n,
  );
});

test("whoever hangs up once it was told may still report", async () => {
  await open();
  const { agentKey, agentUrl } = world.gateway;
  const decision = await new Promise<string>((resolve, reject) => {
    const headers = { authorization: `Bearer ${agentKey}`, connection: "close" };
    const asked = request(`${agentUrl}/guard/v1/decisions`, { method: "POST", headers });
    asked.once("error", reject);
    asked.once("response", (response) => {
      response.resume();
      response.once("close", () => resolve(String(response.headers["x-slipclutch-decision"])));
    });
    asked.end('{"tool":"save"}');
  });
  expect((await report(decision, { ok: true })).status).toBe(200);
});

test("a pause between a decision and its outcome changes nothing about it", async () => {
  await open();
  const { decision } = await decide("save");
  await world.gateway.api("POST", "/api/v1/agents/pause", { all: true, reason: "test" });
  expect((await report(decision)).status).toBe(200);
  expect((await decide("save", { n: 2 })).verdict).toBe("park");
});

test("a gateway killed between the two: its money stays charged, and a person says whether it ran", async () => {
  await open();
  const { decision } = await decide("save", {}, { call_id: "c-1" });
  await until(
    () => booksOf(world.gateway),
    ({ leased }) => leased > 0n,
  );
  await world.restart("SIGKILL");
  expect((await report(decision)).status).toBe(404);
  const again = await decide("save", {}, { call_id: "c-1" });
  expect(again).toMatchObject({ verdict: "deny", code: "clutch.parked" });
  const { forfeited, spent } = await booksOf(world.gateway);
  expect(forfeited + spent).toBeGreaterThanOrEqual(ONE_USD);
});
