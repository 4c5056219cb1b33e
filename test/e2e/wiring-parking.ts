/** The fields of how calls wait while their agent is paused. */
import { expect } from "vitest";
import { until } from "./clients-world.ts";
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

/** The agent of one case: a pause is not over with the case. */
let agent = "";

/** A fresh agent, and calls that are not held. */
function waiting(parking: Json) {
  return (settings: Settings) => {
    agent = `waiting-${Math.random().toString(36).slice(2)}`;
    settings.slipclutch.parking = { hold_for: "0s", ...parking };
    settings.agents[agent] = { version: 1, agent, allowed_tools: [{ tool_name: "echo" }] };
  };
}

async function pause(world: WiringWorld): Promise<void> {
  const body = { agents: [agent], reason: "test" };
  expect((await world.gateway.api("POST", "/api/v1/agents/pause", body)).status).toBe(200);
}

async function resume(world: WiringWorld): Promise<void> {
  const done = await world.gateway.cli("agents", "resume", agent, "--reason", "test");
  expect(done).toMatchObject({ code: 0 });
}

/** The first of these calls that there is no room for; null: all of them may wait. */
async function fullAt(world: WiringWorld, given: readonly Json[], tasks: readonly string[]) {
  await pause(world);
  const { key } = await world.key(agent);
  for (const [no, of] of given.entries()) {
    const task = tasks[no % tasks.length] ?? "one";
    const at = `/t/${task}/guard/v1/tools/echo/call`;
    const { code } = await world.guard("POST", at, { arguments: of }, key);
    if (code === "parking.full") return no;
    expect(code).toBe("clutch.parked");
  }
  return null;
}

const THREE = [{ n: 1 }, { n: 2 }, { n: 3 }];

/** A fresh agent whose calls of `echo` need an approval, and are not held. */
function approving(requires_approval: Json, more: Json = {}) {
  return (settings: Settings) => {
    waiting({})(settings);
    settings.agents[agent].allowed_tools = [{ tool_name: "echo", requires_approval }];
    Object.assign(settings.slipclutch, more);
  };
}

async function echoed(world: WiringWorld, given: Json): Promise<string> {
  const { key } = await world.key(agent);
  const at = "/guard/v1/tools/echo/call";
  const { code, status } = await world.guard("POST", at, { arguments: given }, key);
  return code ?? String(status);
}

export const PARKING_CASES: readonly WiringCase[] = [
  differs("agents/*.yaml allowed_tools[].requires_approval", {
    base: approving(false),
    set: approving({ properties: { n: { minimum: 5 } }, required: ["n"] }),
    see: async (world) => [await echoed(world, { n: 4 }), await echoed(world, { n: 5 })],
    expect: fromTo(["200", "200"], ["200", "approval.pending"]),
  }),
  differs("slipclutch.yaml approvals.expire_after", {
    base: approving(true),
    set: approving(true, { approvals: { expire_after: "1s" } }),
    see: async (world) => {
      expect(await echoed(world, {})).toBe("approval.pending");
      const begun = performance.now();
      const isDenied = async () => (await echoed(world, {})) === "review.denied";
      let denied = false;
      await until(async () => {
        denied ||= await isDenied();
        return denied || performance.now() - begun > 3_000;
      });
      return denied;
    },
    expect: fromTo(false, true),
  }),
  differs("slipclutch.yaml reviews.two_people", {
    base: approving(true),
    set: approving(true, { reviews: { two_people: ["approve", "change"] } }),
    see: async (world) => {
      expect(await echoed(world, {})).toBe("approval.pending");
      const rows = await world.gateway.api("GET", `/api/v1/reviews?state=open&agent=${agent}`);
      const [{ id, version }] = (await rows.json()) as [{ id: string; version: number }];
      const body = { version, decision: "approve", reason: "looked" };
      const done = await world.gateway.api("POST", `/api/v1/reviews/${id}/decision`, body);
      return ((await done.json()) as { state: string }).state;
    },
    expect: fromTo("closed", "open"),
  }),
  differs("slipclutch.yaml parking.max_calls_per_agent", {
    base: waiting({}),
    set: waiting({ max_calls_per_agent: 2 }),
    see: (world) => fullAt(world, THREE, ["one", "two", "three"]),
    expect: fromTo<number | null>(null, 2),
  }),
  differs("slipclutch.yaml parking.max_calls_per_task", {
    base: waiting({}),
    set: waiting({ max_calls_per_task: 1 }),
    see: (world) => fullAt(world, THREE, ["one", "two", "one"]),
    expect: fromTo<number | null>(null, 2),
  }),
  differs("slipclutch.yaml parking.max_bytes_per_agent", {
    base: waiting({}),
    set: waiting({ max_bytes_per_agent: 2_000 }),
    see: (world) => fullAt(world, [{ n: 1 }, { text: "x".repeat(3_000) }], ["one"]),
    expect: fromTo<number | null>(null, 1),
  }),
  differs("slipclutch.yaml parking.keep_answers_for", {
    base: waiting({}),
    set: waiting({ keep_answers_for: "1s" }),
    see: async (world) => {
      await pause(world);
      expect(await world.outcome({}, { agent })).toBe("clutch.parked");
      const reviews = await world.gateway.api("GET", `/api/v1/reviews?state=open&agent=${agent}`);
      const [{ id }] = (await reviews.json()) as [{ id: string }];
      await resume(world);
      const begun = performance.now();
      const stands = async () => {
        const review = (await (
          await world.gateway.api("GET", `/api/v1/reviews/${id}`)
        ).json()) as Json;
        return String(review.calls[0]?.state ?? "forgotten");
      };
      await until(async () => (await stands()) === "done" || performance.now() - begun > 4_000);
      return stands();
    },
    expect: fromTo("let_go", "done"),
  }),
];
