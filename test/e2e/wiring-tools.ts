/** The fields of tools and of the servers that have them. */
import { expect } from "vitest";
import { differs, fromTo, isRefused, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

const ONE_A_MINUTE = { requests: 1, per_seconds: 60 };
const server = (name: string) => `slipclutch.yaml tool_servers.*.${name}`;
const tool = (name: string) => `agents/*.yaml allowed_tools[].${name}`;

/** Changes the tool server `desk`. */
function desk(more: Json) {
  return ({ slipclutch }: Settings) => {
    Object.assign(slipclutch.tool_servers.desk, more);
  };
}

/** Changes the grant of `echo`. */
function echo(more: Json) {
  return ({ agents }: Settings) => {
    Object.assign(agents.worker.allowed_tools[0], more);
  };
}

function both(...changes: ((settings: Settings) => void)[]) {
  return (settings: Settings) => {
    for (const change of changes) change(settings);
  };
}

/** A header that comes with a call at the tool server. */
async function headerSent(world: WiringWorld, name: string): Promise<string | undefined> {
  expect(await world.toolOutcome("echo")).toBe("200");
  return String(world.desk.arrivals().at(-1)?.headers[name]);
}

/** Connections that so many calls at once make. */
async function connectionsMade(world: WiringWorld): Promise<string> {
  world.desk.set({ latencyMs: 100 });
  const before = world.desk.connections();
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => world.toolOutcome("echo")));
  expect(new Set(outcomes)).toEqual(new Set(["200"]));
  // One is for what is said beside the calls.
  return world.desk.connections() - before <= 2 ? "one" : "many";
}

/** What became of a call that was answered with nothing, in the journal and in the metrics. */
async function outcomeOfNothing(world: WiringWorld): Promise<readonly string[]> {
  const count = async () => {
    const text = await (await world.gateway.api("GET", "/metrics")).text();
    const line =
      /^slipclutch_tool_calls_total\{agent="worker",server="desk",tool="echo",outcome="error"\} (\d+)$/m;
    return Number(line.exec(text)?.[1] ?? 0);
  };
  const before = await count();
  world.desk.set({ call: "nothing" });
  const { decision, status } = await world.tool("echo");
  expect(status).toBe(200);
  const { outcome } = await world.settled(decision);
  return [outcome, `${(await count()) - before} more`];
}

/** `echo` on two servers, told apart by a header. */
function twoDesks({ slipclutch, agents }: Settings): void {
  const { desk: one } = slipclutch.tool_servers;
  slipclutch.tool_servers.desk = { ...one, headers: { "x-desk": "one" } };
  slipclutch.tool_servers.desk2 = { ...one, headers: { "x-desk": "two" } };
  agents.worker.allowed_tools[0].server = "desk";
}

const PER_UNIT = {
  usd: 0.5,
  per: "second",
  max: 10,
  quantity: { pointer: "/result/given/seconds" },
};
const GIVEN = { seconds: 4, hours: 2 };

function cost(field: string, change: (cost: Json) => void, seen: readonly Json[]): WiringCase {
  return differs(tool(`cost.${field}`), {
    base: echo({ cost: { ...PER_UNIT, quantity: { ...PER_UNIT.quantity } } }),
    set: ({ agents }) => change(agents.worker.allowed_tools[0].cost),
    see: (world) => world.toolMoney("echo", GIVEN),
    expect: fromTo(seen[0], seen[1]),
  });
}

const usd = (reserved: number, charged: number) => ({
  reserved: reserved * 1e9,
  charged: charged * 1e9,
});

function blacklist(field: string): WiringCase {
  return differs(`agents/*.yaml ${field}`, {
    set: ({ agents }) => {
      agents.worker[field] = ["Echo"];
    },
    see: (world) => world.toolOutcome("echo"),
    expect: fromTo("200", "manifest.blacklisted"),
  });
}

/** What the smaller of two places says holds on both roads. */
function argumentsBytes(field: string, set: (settings: Settings, max: number) => void): WiringCase {
  const given = { text: "x".repeat(200) };
  return differs(field, {
    base: (settings) => set(settings, 1024),
    set: (settings) => set(settings, 100),
    see: (world) => world.toolOutcome("echo", given),
    expect: fromTo("200", "request.too-large"),
  });
}

export const TOOL_CASES: readonly WiringCase[] = [
  {
    fields: [server("asks")],
    async run(world) {
      const settings = world.base();
      const limits = { rate_limit: ONE_A_MINUTE, timeout: "1m" };
      const weather = { tool_name: "weather", server: "own", ...limits };
      settings.agents.worker.allowed_tools = [weather];
      const refused = await world.load(settings);
      expect(refused.json.error.issues[0].path).toBe("allowed_tools[0].timeout");
      settings.slipclutch.tool_servers.own.asks = true;
      expect((await world.load(settings)).status).toBe(200);
      const { key } = await world.key("worker");
      const ask = () => world.guard("POST", "/guard/v1/decisions", { tool: "weather" }, key);
      const verdicts = [(await ask()).json.verdict, (await ask()).json.code];
      expect(verdicts).toEqual(["allow", "rate-limit.exceeded"]);
    },
  },
  {
    fields: [server("kind = mcp"), server("kind = agent")],
    async run(world) {
      const settings = world.base();
      expect((await world.load(settings)).status).toBe(200);
      expect(await world.toolOutcome("echo")).toBe("200");
      const { tools } = settings.slipclutch.tool_servers.desk;
      settings.slipclutch.tool_servers.desk = { kind: "agent", tools };
      expect((await world.load(settings)).status).toBe(200);
      expect(await world.toolOutcome("echo")).toBe("manifest.unknown-tool");
      // One is reached somewhere, the other nowhere.
      for (const changes of [{ kind: "agent" }, { url: undefined }]) {
        const wrong = world.base();
        desk(changes)(wrong);
        const { json } = await world.load(wrong);
        expect(json.error.issues).toMatchObject([{ path: "tool_servers.desk.url" }]);
      }
    },
  },
  differs(server("url"), {
    set: desk({ url: "http://127.0.0.1:1/mcp" }),
    see: (world) => world.toolOutcome("echo"),
    expect: fromTo("200", "provider.unreachable"),
  }),
  differs(server("auth.bearer"), {
    set: desk({ auth: { bearer: "desk-secret" } }),
    see: (world) => headerSent(world, "authorization"),
    expect: fromTo<string | undefined>("undefined", "Bearer desk-secret"),
  }),
  differs(server("headers"), {
    set: desk({ headers: { "x-team": "red" } }),
    see: (world) => headerSent(world, "x-team"),
    expect: fromTo<string | undefined>("undefined", "red"),
  }),
  differs(server("connections_max"), {
    // Both times a server that there are no connections to yet.
    base: desk({ headers: { "x-case": "many connections" } }),
    set: desk({ headers: { "x-case": "one connection" }, connections_max: 1 }),
    see: connectionsMade,
    expect: fromTo("many", "one"),
  }),
  {
    fields: [server("tools.*.effect = read"), server("tools.*.effect = write"), tool("read_only")],
    async run(world) {
      const seen: string[] = [];
      for (const [does, grant] of [
        ["read", {}],
        ["write", {}],
        ["read", { read_only: true }],
        ["write", { read_only: true }],
        ["write", { read_only: false }],
      ] as const) {
        const settings = world.base();
        both(desk({ tools: { echo: { effect: does } } }), echo(grant))(settings);
        const { json, status } = await world.load(settings);
        const places = json.error?.issues.map(({ path }: { path: string }) => path) ?? [];
        seen.push(status === 200 ? await world.toolOutcome("echo") : String(places));
      }
      const refused = "allowed_tools[0].read_only";
      expect(seen).toEqual(["200", refused, "200", refused, "200"]);
    },
  },
  differs(tool("tool_name"), {
    set: both(echo({ tool_name: "fail" }), desk({ tools: { fail: { effect: "read" } } })),
    see: async (world) => [await world.toolOutcome("echo"), await world.toolOutcome("fail")],
    expect: fromTo(["200", "manifest.unknown-tool"], ["manifest.unknown-tool", "200"]),
  }),
  differs(tool("server"), {
    base: twoDesks,
    set: echo({ server: "desk2" }),
    see: (world) => headerSent(world, "x-desk"),
    expect: fromTo<string | undefined>("one", "two"),
  }),
  differs(tool("arguments"), {
    set: echo({ arguments: { type: "object", properties: { n: { maximum: 9 } } } }),
    see: async (world) => [
      await world.toolOutcome("echo", { n: 9 }),
      await world.toolOutcome("echo", { n: 10 }),
      await world.toolOutcome("echo", { m: 1 }),
    ],
    expect: fromTo(["200", "200", "200"], ["200", "manifest.arguments", "manifest.arguments"]),
  }),
  cost("usd", (of) => Object.assign(of, { usd: 0.25 }), [usd(5, 2), usd(2.5, 1)]),
  isRefused(
    tool("cost.per"),
    ({ agents }) => {
      const { per: _, ...rest } = PER_UNIT;
      agents.worker.allowed_tools[0].cost = rest;
    },
    "allowed_tools[0].cost.per",
  ),
  cost("quantity.pointer", (of) => Object.assign(of.quantity, { pointer: "/arguments/hours" }), [
    usd(5, 2),
    usd(5, 1),
  ]),
  cost("quantity.divide_by", (of) => Object.assign(of.quantity, { divide_by: 2 }), [
    usd(5, 2),
    usd(5, 1),
  ]),
  cost("max", (of) => Object.assign(of, { max: 20 }), [usd(5, 2), usd(10, 2)]),
  differs([tool("empty_result = ok"), tool("empty_result = error")], {
    base: echo({ empty_result: "ok" }),
    set: echo({ empty_result: "error" }),
    see: outcomeOfNothing,
    expect: fromTo<readonly string[]>(["ok", "0 more"], ["error", "1 more"]),
  }),
  {
    // Without it a call waits a minute for an answer that does not come.
    fields: [tool("timeout")],
    async run(world) {
      const settings = world.base();
      echo({ timeout: "100ms" })(settings);
      await world.load(settings);
      world.desk.set({ call: "never" });
      expect(await world.toolOutcome("echo")).toBe("provider.timeout");
    },
  },
  blacklist("blacklisted_tools"),
  blacklist("denied_tools"),
  argumentsBytes("slipclutch.yaml limits.max_arguments_bytes", ({ slipclutch }, max) => {
    slipclutch.limits.max_arguments_bytes = max;
  }),
  argumentsBytes("agents/*.yaml limits.max_arguments_bytes", ({ agents }, max) => {
    agents.worker.limits = { max_arguments_bytes: max };
  }),
];
