/** The fields by which an agent is granted to read resources and prompts. */
import type { McpShelves } from "../../src/testing/mcp-script.ts";
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, WiringWorld } from "./wiring-world.ts";

const LIBRARY: McpShelves = { resources: [], resourceTemplates: [], prompts: [{ name: "review" }] };
const IN_DATA = "file:///data/a.txt";
const ELSEWHERE = "file:///other/a.txt";

async function asked(world: WiringWorld, method: string, params: Json, path = "/mcp") {
  world.desk.set({ library: LIBRARY });
  const { key } = await world.key("worker");
  const message = { jsonrpc: "2.0", id: 1, method, params };
  const { json } = await world.guard("POST", path, message, key);
  return json.error?.code ?? "read";
}

const read = (world: WiringWorld, path?: string) =>
  asked(world, "resources/read", { uri: IN_DATA }, path);
const get = (world: WiringWorld, given: Json = {}, path?: string) =>
  asked(world, "prompts/get", { name: "review", arguments: given }, path);

/** Another server than the one that is asked. */
function withWall({ slipclutch }: Json): void {
  slipclutch.tool_servers.wall = { ...slipclutch.tool_servers.desk, tools: {} };
}

export const LIBRARY_CASES: readonly WiringCase[] = [
  differs("agents/*.yaml allowed_resources[].uri", {
    base: ({ agents }) => {
      agents.worker.allowed_resources = [{ server: "desk", uri: ELSEWHERE }];
    },
    set: ({ agents }) => {
      agents.worker.allowed_resources[0].uri = IN_DATA;
    },
    see: (world) => read(world),
    expect: fromTo<Json>(-32_002, "read"),
  }),
  differs("agents/*.yaml allowed_resources[].under", {
    base: ({ agents }) => {
      agents.worker.allowed_resources = [{ server: "desk", uri: ELSEWHERE }];
    },
    set: ({ agents }) => {
      agents.worker.allowed_resources = [{ server: "desk", under: "file:///data/" }];
    },
    see: (world) => read(world),
    expect: fromTo<Json>(-32_002, "read"),
  }),
  differs("agents/*.yaml allowed_resources[].server", {
    base: (settings) => {
      withWall(settings);
      settings.agents.worker.allowed_resources = [
        { server: "wall", uri: IN_DATA },
        { server: "desk", uri: ELSEWHERE },
      ];
    },
    set: ({ agents }) => {
      agents.worker.allowed_resources[0].server = "desk";
    },
    see: (world) => read(world, "/mcp/desk"),
    expect: fromTo<Json>(-32_002, "read"),
  }),
  differs("agents/*.yaml allowed_prompts[].name", {
    base: ({ agents }) => {
      agents.worker.allowed_prompts = [{ server: "desk", name: "another" }];
    },
    set: ({ agents }) => {
      agents.worker.allowed_prompts[0].name = "review";
    },
    see: (world) => get(world),
    expect: fromTo<Json>(-32_602, "read"),
  }),
  differs("agents/*.yaml allowed_prompts[].server", {
    base: (settings) => {
      withWall(settings);
      settings.agents.worker.allowed_prompts = [
        { server: "wall", name: "review" },
        { server: "desk", name: "another" },
      ];
    },
    set: ({ agents }) => {
      agents.worker.allowed_prompts[0].server = "desk";
    },
    see: (world) => get(world, {}, "/mcp/desk"),
    expect: fromTo<Json>(-32_602, "read"),
  }),
  differs("agents/*.yaml allowed_prompts[].arguments", {
    base: ({ agents }) => {
      agents.worker.allowed_prompts = [{ server: "desk", name: "review" }];
    },
    set: ({ agents }) => {
      agents.worker.allowed_prompts[0].arguments = { properties: { text: { maxLength: 3 } } };
    },
    see: (world) => get(world, { text: "four" }),
    expect: fromTo<Json>("read", -32_602),
  }),
];
