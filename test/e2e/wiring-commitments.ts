/** The fields of what a tool goes on costing. */
import { expect } from "vitest";
import { until } from "./clients-world.ts";
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

const field = (name: string) => `agents/*.yaml allowed_tools[].commitment.${name}`;

const TOOLS = ["echo", "done", "stop"].map((name) => ({ name, inputSchema: { type: "object" } }));

/** `echo` begins what its arguments name, for ten dollars an hour; `done` ends it. */
function base(settings: Settings): void {
  const { agents, slipclutch } = settings;
  const { desk } = slipclutch.tool_servers;
  slipclutch.tool_servers.desk2 = { ...desk };
  const commitment = {
    ...{ usd_per_hour: 10, id: "/result/given/id", max_active: 100 },
    ends_with: { tool: "done", id: "/arguments/id" },
  };
  const ends = ["done", "stop"].map((name) => ({ tool_name: name, read_only: false }));
  agents.worker.allowed_tools = [
    { tool_name: "echo", server: "desk", commitment },
    ...ends.map((tool) => ({ ...tool, server: "desk" })),
    ...ends.map((tool) => ({ ...tool, server: "desk2" })),
  ];
}

function set(change: (commitment: Json) => void) {
  return ({ agents }: Settings) => change(agents.worker.allowed_tools[0].commitment);
}

/** What goes on, newest first; of all cases before, nothing. */
async function rows(world: WiringWorld, query = ""): Promise<Json[]> {
  return (await (await world.gateway.api("GET", `/api/v1/commitments${query}`)).json()) as Json[];
}

async function clear(world: WiringWorld): Promise<void> {
  world.desk.set({ tools: TOOLS });
  for (const { id } of await rows(world)) {
    await world.gateway.api("POST", `/api/v1/commitments/${id}/end`, { reason: "the next case" });
  }
}

/** Begins one, and what is said of it then. */
async function begun(world: WiringWorld): Promise<Json> {
  await clear(world);
  const [id, other] = [world.name("svc"), "other"];
  expect(await world.toolOutcome("echo", { id, other })).toBe("200");
  const [row] = await rows(world);
  return { ...row, made: id };
}

/** What a call of `done` on `desk` makes of it. */
async function afterDone(world: WiringWorld): Promise<string> {
  const { id, made } = await begun(world);
  expect(await world.toolOutcome("desk__done", { id: made, other: "nothing" })).toBe("200");
  const all = await rows(world, "?all=true");
  return all.find((row) => row.id === id)?.state;
}

/** What comes of one that its budget does not cover for long: a pause, or a call that ends it. */
async function unrenewed(world: WiringWorld): Promise<string> {
  const { id } = await begun(world);
  const clutch = async () => {
    const agents = (await (await world.gateway.api("GET", "/api/v1/agents")).json()) as Json[];
    return agents.find(({ agent }) => agent === "worker");
  };
  const isOver = async () => !(await rows(world)).some((row) => row.id === id);
  await until(async () => (await isOver()) || (await clutch()).clutch !== "engaged");
  if (await isOver()) return "ended";
  const { review } = await clutch();
  const decision = { version: 0, decision: "resume", reason: "the next case" };
  await world.gateway.api("POST", `/api/v1/reviews/${review}/decision`, decision);
  await until(async () => (await clutch()).clutch === "engaged");
  return "paused";
}

/** A dollar a second, a second ahead, and not money for two. */
function tight(world: string, onUnrenewable: string) {
  return (settings: Settings) => {
    base(settings);
    const { agents, slipclutch } = settings;
    const budget = { name: world, agent: "worker", limit_usd: 1.2, window: "lifetime" };
    slipclutch.budgets.push(budget);
    agents.worker.allowed_tools[0].timeout = "1s";
    const how = { usd_per_hour: 3600, horizon: "1s", on_unrenewable: onUnrenewable };
    Object.assign(agents.worker.allowed_tools[0].commitment, how);
  };
}

export const COMMITMENT_CASES: readonly WiringCase[] = [
  differs(field("usd_per_hour"), {
    base,
    set: set((of) => Object.assign(of, { usd_per_hour: "2.5" })),
    see: async (world) => (await begun(world)).usd_per_hour,
    expect: fromTo("10", "2.5"),
  }),
  differs(field("id"), {
    base,
    set: set((of) => Object.assign(of, { id: "/arguments/other" })),
    see: async (world) => {
      const { made, service } = await begun(world);
      return service === made ? "its id" : service;
    },
    expect: fromTo("its id", "other"),
  }),
  differs(field("ends_with.tool"), {
    base,
    set: set((of) => Object.assign(of.ends_with, { tool: "stop" })),
    see: afterDone,
    expect: fromTo("ended", "active"),
  }),
  differs(field("ends_with.server"), {
    base,
    set: set((of) => Object.assign(of.ends_with, { server: "desk2" })),
    see: afterDone,
    expect: fromTo("ended", "active"),
  }),
  differs(field("ends_with.id"), {
    base,
    set: set((of) => Object.assign(of.ends_with, { id: "/arguments/other" })),
    see: afterDone,
    expect: fromTo("ended", "active"),
  }),
  differs(field("max_active"), {
    base: (settings) => {
      base(settings);
      set((of) => Object.assign(of, { max_active: 1 }))(settings);
    },
    set: set((of) => Object.assign(of, { max_active: 2 })),
    see: async (world) => {
      await begun(world);
      return world.toolOutcome("echo", { id: world.name("svc") });
    },
    expect: fromTo("commitment.full", "200"),
  }),
  differs(field("horizon"), {
    base,
    set: set((of) => Object.assign(of, { horizon: "3h" })),
    see: async (world) => Math.round(Number((await begun(world)).holds[0].held_usd)),
    expect: fromTo(10, 30),
  }),
  {
    fields: [field("on_unrenewable = trip"), field("on_unrenewable = end")],
    async run(world) {
      const seen: string[] = [];
      for (const how of ["trip", "end"]) {
        const settings = world.base();
        tight(world.name("tight"), how)(settings);
        expect((await world.load(settings)).json.error).toBeUndefined();
        seen.push(await unrenewed(world));
        await clear(world);
      }
      expect(seen).toEqual(["paused", "ended"]);
    },
  },
];
