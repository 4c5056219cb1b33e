/** Limits, of the gateway and of agents, and the rest of a manifest. */
import { connect } from "node:net";
import { expect } from "vitest";
import { until } from "./clients-world.ts";
import { differs, fromTo, isRefused, type WiringCase } from "./wiring-case.ts";
import { CHAT, type Json, MODEL, type Settings, type WiringWorld } from "./wiring-world.ts";

/** The three places where a limit on calls can stand, from the farthest to the nearest. */
const PLACES: readonly (readonly [
  field: string,
  put: (settings: Settings, limit: Json) => void,
])[] = [
  [
    "slipclutch.yaml limits.",
    ({ slipclutch }, limit) => {
      Object.assign(slipclutch.limits, limit);
    },
  ],
  [
    "agents/*.yaml limits.",
    ({ agents }, limit) => {
      agents.worker.limits = limit;
    },
  ],
  [
    "agents/*.yaml models[].",
    ({ agents }, limit) => {
      agents.worker.models = [{ model: MODEL, ...limit }];
    },
  ],
];

function inAll<Seen>(name: string, value: Json, see: See<Seen>, of: Expecting<Seen>): WiringCase[] {
  return PLACES.map(([field, put]) =>
    differs(`${field}${name}`, {
      set: (settings) => put(settings, { [name]: value }),
      see,
      expect: of,
    }),
  );
}

/** Limits on tasks stand in two places. */
function inTwo<Seen>(name: string, value: Json, see: See<Seen>, of: Expecting<Seen>): WiringCase[] {
  return PLACES.slice(0, 2).map(([field, put]) =>
    differs(`${field}${name}`, {
      set: (settings) => put(settings, { [name]: value }),
      see,
      expect: of,
    }),
  );
}

type See<Seen> = (world: WiringWorld) => Promise<Seen>;
type Expecting<Seen> = (before: Seen, after: Seen) => void;

async function capSent(world: WiringWorld): Promise<unknown> {
  return (await world.sentFor()).body.max_completion_tokens;
}

/** A new task; its name, or which limit stood in the way. */
async function opens(world: WiringWorld, parent?: string): Promise<string> {
  const name = world.name("task");
  const body = { name, ...(parent === undefined ? {} : { parent }) };
  const { code, json } = await world.guard("POST", "/guard/v1/tasks", body);
  return code === null ? "opened" : `${code} ${json.error.details.facts.limit}`;
}

/** The parent is opened by an agent of the same name that no limit binds: here, before them. */
async function opensChild(world: WiringWorld): Promise<string> {
  const parent = world.name("parent");
  await world.guard("POST", "/guard/v1/tasks", { name: parent });
  return opens(world, parent);
}

async function narrowsTo(world: WiringWorld): Promise<string> {
  const headers = { "x-slipclutch-task": world.name("narrow") };
  const { code } = await world.ask({ max_completion_tokens: 1000 }, { headers });
  return code ?? "narrowed";
}

async function outcomeOfTask(world: WiringWorld, task: string): Promise<string | null> {
  const answer = await world.gateway.api(
    "GET",
    "/api/v1/tasks?agent=worker&alive=false&limit=1000",
  );
  const rows = (await answer.json()) as Json[];
  return rows.find((row) => row.task === task)?.outcome ?? null;
}

/** A body whose second half comes late. */
async function slowBody(world: WiringWorld): Promise<string> {
  const { key } = await world.key("worker");
  const { hostname, port } = new URL(world.gateway.agentUrl);
  const body = JSON.stringify({ model: MODEL, messages: [{ role: "user", content: "hello" }] });
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  const head = [
    `POST ${CHAT} HTTP/1.1`,
    "host: gateway",
    `authorization: Bearer ${key}`,
    "content-type: application/json",
    `content-length: ${body.length}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${body.slice(0, 10)}`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  socket.write(body.slice(10));
  await until(() => answer.includes("\r\n\r\n"));
  socket.destroy();
  return answer.split(" ")[1] ?? "";
}

async function whileOneIsHeld(world: WiringWorld): Promise<string> {
  world.held.hold();
  const first = world.ask({ model: "held-model" });
  await until(() => world.held.waiting() === 1);
  const second = await world.outcome();
  world.held.release();
  await first;
  return second;
}

const manifest = (change: Json) => (settings: Settings) => {
  Object.assign(settings.agents.worker, change);
};

function ofTeam(label: "team" | "org"): WiringCase {
  return differs(`agents/*.yaml labels.${label}`, {
    base: ({ agents, slipclutch }) => {
      agents.other.labels[label] = "mine";
      slipclutch.budgets.push({
        name: `nothing-for-${label}`,
        [label]: "mine",
        limit_usd: 0,
        window: "day",
      });
    },
    set: ({ agents }) => {
      agents.worker.labels[label] = "mine";
    },
    see: (world) => world.outcome(),
    expect: fromTo("200", "budget.exhausted"),
  });
}

/** Alerts are routed by it. */
const OWNER = differs("agents/*.yaml labels.owner", {
  set: ({ agents }) => {
    agents.worker.labels.owner = "ana";
  },
  see: async (world) => {
    const text = await (await world.gateway.api("GET", "/metrics")).text();
    return /^slipclutch_agent_info\{agent="worker",.*owner="([^"]*)"\} 1$/m.exec(text)?.[1];
  },
  expect: fromTo<string | undefined>("", "ana"),
});

export const LIMIT_CASES: readonly WiringCase[] = [
  OWNER,
  ...inAll("max_output_tokens", 44, capSent, fromTo<unknown>(undefined, 44)),
  ...inAll("max_input_tokens", 50, (world) => world.outcome(), fromTo("200", "call.cap")),
  ...inAll("max_n", 1, (world) => world.outcome({ n: 2 }), fromTo("200", "call.cap")),
  // Without it a call waits ten minutes for an answer that does not come.
  ...PLACES.map(([field, put]) => ({
    fields: [`${field}timeout`],
    async run(world: WiringWorld) {
      const settings = world.base();
      put(settings, { timeout: "1s" });
      await world.load(settings);
      world.upstream.control(() => ({ kind: "script", fault: "never", faultEvery: 1 }));
      expect(await world.outcome()).toBe("provider.timeout");
    },
  })),
  ...PLACES.map(([field, put]) =>
    differs(`${field}min_useful_output`, {
      base: ({ slipclutch }) => {
        // Of a thousand tokens about ninety fit.
        slipclutch.budgets = [{ name: "tiny-b", each: "task", limit_usd: 0.0012, window: "task" }];
      },
      set: (settings) => put(settings, { min_useful_output: 20 }),
      see: narrowsTo,
      expect: fromTo("budget.exhausted", "narrowed"),
    }),
  ),
  ...inTwo("new_tasks_per_hour", 0, opens, fromTo("opened", "task.too-many new_tasks_per_hour")),
  ...inTwo("max_active_tasks", 1, opens, fromTo("opened", "task.too-many max_active_tasks")),
  ...inTwo("max_depth", 0, opensChild, fromTo("opened", "task.too-many max_depth")),
  ...inTwo("max_children", 0, opensChild, fromTo("opened", "task.too-many max_children")),
  ...PLACES.slice(0, 2).map(([field, put]) => ({
    fields: [`${field}task_idle`],
    async run(world: WiringWorld) {
      const settings = world.base();
      put(settings, { task_idle: "1s" });
      await world.load(settings);
      const task = world.name("idle");
      await world.guard("POST", "/guard/v1/tasks", { name: task });
      await until(async () => (await outcomeOfTask(world, task)) !== null);
      expect(await outcomeOfTask(world, task)).toBe("unknown");
    },
  })),
  differs("slipclutch.yaml limits.max_request_bytes", {
    set: ({ slipclutch }) => {
      slipclutch.limits.max_request_bytes = 1024;
    },
    see: (world) => world.outcome({ user: "x".repeat(1024) }),
    expect: fromTo("200", "request.too-large"),
  }),
  differs("slipclutch.yaml limits.calls_in_flight_max", {
    set: ({ slipclutch }) => {
      slipclutch.limits.calls_in_flight_max = 1;
    },
    see: whileOneIsHeld,
    expect: fromTo("200", "gateway.overloaded"),
  }),
  differs("slipclutch.yaml limits.request_timeout", {
    set: ({ slipclutch }) => {
      slipclutch.limits.request_timeout = "100ms";
    },
    see: slowBody,
    expect: fromTo("200", "400"),
  }),
  differs("agents/*.yaml models[].model", {
    set: manifest({ models: [{ model: "simulated-large" }] }),
    see: async (world) => [
      await world.outcome(),
      await world.outcome({ model: "simulated-large" }),
    ],
    expect: fromTo(["200", "200"], ["model.not-granted", "200"]),
  }),
  ofTeam("team"),
  ofTeam("org"),
  differs("agents/*.yaml strict", {
    base: manifest({ limits: { max_output_tokens: 10 } }),
    set: manifest({ strict: true }),
    see: (world) => world.outcome({ max_completion_tokens: 20 }),
    expect: fromTo("200", "call.cap"),
  }),
  {
    fields: ["agents/*.yaml uncapped"],
    async run(world) {
      const settings = world.base();
      settings.slipclutch.budgets = [];
      settings.agents.other.uncapped = true;
      expect((await world.load(settings)).status).not.toBe(200);
      settings.agents.worker.uncapped = true;
      expect((await world.load(settings)).status).toBe(200);
      const { headers, status } = await world.ask();
      expect(status).toBe(200);
      expect(headers.get("x-slipclutch-budget-remaining-usd")).toBe(null);
    },
  },
  differs("agents/*.yaml tell_agent", {
    set: manifest({ tell_agent: true }),
    see: async (world) => (await world.sentFor()).body.messages.map((one: Json) => one.role),
    expect: fromTo(["user"], ["system", "user"]),
  }),
  differs("agents/*.yaml hosted_tools", {
    base: (settings) => {
      const fees = { web_search: 0.01 };
      const price = { input: 1, output: 1, context_window: 10_000, max_output: 1_000 };
      settings.prices = { version: 1, simulated: { [MODEL]: { ...price, server_tools: fees } } };
    },
    set: manifest({ hosted_tools: ["web_search"] }),
    see: (world) => {
      const search = { type: "web_search_20250305", name: "web_search", max_uses: 1 };
      return world.outcome({ max_tokens: 10, tools: [search] }, { path: "/v1/messages" });
    },
    expect: fromTo("manifest.unknown-tool", "200"),
  }),
  differs("agents/*.yaml refusal_rounds", {
    base: manifest({
      allowed_tools: [{ tool_name: "echo", arguments: { properties: { x: { const: 1 } } } }],
    }),
    set: manifest({ refusal_rounds: 0 }),
    see: async (world) => {
      world.upstream.setScript({ toolCalls: [{ name: "echo", arguments: { x: 2 } }] });
      const before = world.upstream.recorded().length;
      const tools = [{ type: "function", function: { name: "echo" } }];
      expect(await world.outcome({ tools })).toBe("200");
      world.upstream.setScript({ toolCalls: [] });
      return world.upstream.recorded().length - before;
    },
    // The model is told what was refused, and asked once more; or it is not.
    expect: fromTo(2, 1),
  }),
  isRefused(
    "slipclutch.yaml version",
    (s) => Object.assign(s.slipclutch, { version: 2 }),
    "version",
  ),
  isRefused(
    "slipclutch.yaml schema_version",
    (s) => Object.assign(s.slipclutch, { schema_version: "v2" }),
    "schema_version",
  ),
  isRefused("agents/*.yaml version", manifest({ version: 2 }), "version"),
  isRefused("agents/*.yaml schema_version", manifest({ schema_version: "v2" }), "schema_version"),
  isRefused("agents/*.yaml agent", manifest({ agent: "somebody" }), "agent"),
  isRefused("agents/*.yaml agent_id", manifest({ agent_id: "somebody" }), "agent"),
];
