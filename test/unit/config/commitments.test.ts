/** What a manifest says of tools that go on costing, held against the tools that end it. */
import { describe, expect, test } from "vitest";
import { issuesOf, read, valid } from "./folder.ts";

const URL_ = "http://127.0.0.1:7000/mcp";
const SERVERS = {
  cloud: { kind: "mcp", url: URL_ },
  other: { kind: "mcp", url: URL_ },
  own: { kind: "agent", tools: { forget: { effect: "read" } } },
  asking: { kind: "agent", asks: true, tools: { drop: { effect: "write" } } },
};
const ENDS = { tool: "stop", id: "/arguments/id" };
const COMMITMENT = { usd_per_hour: 2.5, id: "/result/id", ends_with: ENDS, max_active: 10 };
const STOP = { tool_name: "stop", server: "cloud", read_only: false };

interface Said {
  readonly commitment?: object;
  readonly tool?: object;
  readonly ending?: object | null;
  readonly manifest?: object;
  readonly budgets?: string;
}

function folder({
  commitment,
  tool,
  ending = STOP,
  manifest,
  budgets,
}: Said): Record<string, string> {
  const start = { tool_name: "start", server: "cloud", read_only: false, ...tool };
  const tools = [{ ...start, commitment: { ...COMMITMENT, ...commitment } }];
  const allowed_tools = ending === null ? tools : [...tools, ending];
  const servers = JSON.stringify(SERVERS);
  const budget = budgets ?? "{ name: b, each: agent, limit_usd: 1, window: month }";
  return {
    "slipclutch.yaml": `version: 1\nbudgets: [${budget}]\ntool_servers: ${servers}\n`,
    "agents/bot.json": JSON.stringify({ version: 1, agent: "bot", allowed_tools, ...manifest }),
  };
}

function granted(said: Said) {
  const tools = valid(folder(said)).agents.get("bot")?.tools.allowed ?? [];
  return new Map(tools.map((tool) => [`${tool.server}.${tool.tool}`, tool]));
}

describe("A commitment", () => {
  test("lands in its grant with what nobody had to say, and in that of its ending tool", () => {
    const tools = granted({});
    expect(tools.get("cloud.start")?.commitment).toEqual({
      nanoUsdPerHour: 2_500_000_000,
      id: "/result/id",
      endsWith: { server: "cloud", tool: "stop", id: "/arguments/id" },
      activeMax: 10,
      horizonMs: 3_600_000,
      onUnrenewable: "trip",
    });
    expect(tools.get("cloud.start")?.ends).toEqual([]);
    const ending = { server: "cloud", tool: "start", id: "/arguments/id" };
    expect(tools.get("cloud.stop")).toMatchObject({ commitment: null, ends: [ending] });
  });

  test("says for how long, what then, and on which server it is ended", () => {
    const ends_with = { ...ENDS, server: "other" };
    const commitment = { horizon: "90m", on_unrenewable: "end", ends_with };
    const tools = granted({ commitment, ending: { ...STOP, server: "other" } });
    expect(tools.get("cloud.start")?.commitment).toMatchObject({
      horizonMs: 5_400_000,
      onUnrenewable: "end",
      endsWith: { server: "other", tool: "stop" },
    });
    expect(tools.get("other.stop")?.ends).toHaveLength(1);
  });

  const at = (path: string) => `allowed_tools[0].commitment.${path}`;
  test.each<[name: string, said: Said, path: string, hint: RegExp]>([
    [
      "for nothing",
      { commitment: { usd_per_hour: 0 } },
      at("usd_per_hour"),
      /leave commitment out/,
    ],
    [
      "with a horizon beyond all counting",
      { commitment: { usd_per_hour: 1_000_000, horizon: "1d" } },
      at("horizon"),
      /Lower usd_per_hour or horizon/,
    ],
    [
      "with a horizon that its own call may outlast",
      { commitment: { horizon: "30s" } },
      at("horizon"),
      /60000 ms.*raise horizon/,
    ],
    [
      "that ends with a tool nobody granted",
      { ending: null },
      at("ends_with.tool"),
      /add stop of cloud to allowed_tools/,
    ],
    [
      "that ends with a tool that is spelled otherwise",
      { ending: { ...STOP, tool_name: "stopp" } },
      at("ends_with.tool"),
      /Did you mean "stopp"\?/,
    ],
    [
      "that ends with a tool of another server",
      { ending: { ...STOP, server: "other" } },
      at("ends_with.tool"),
      /or name its server/,
    ],
    [
      "that ends with itself",
      { commitment: { ends_with: { ...ENDS, tool: "start" } } },
      at("ends_with.tool"),
      /ends what this one begins/,
    ],
    [
      "that ends with a tool that the agent runs itself",
      {
        commitment: { ends_with: { tool: "forget", server: "own", id: "/arguments/id" } },
        ending: { tool_name: "forget", server: "own" },
      },
      at("ends_with.tool"),
      /nobody would see/,
    ],
    [
      "that ends with a blacklisted tool",
      { manifest: { blacklisted_tools: ["cloud__stop"] } },
      at("ends_with.tool"),
      /take it off the blacklist/,
    ],
    [
      "that the gateway is to end, and cannot name",
      { commitment: { on_unrenewable: "end", ends_with: { ...ENDS, id: "/result/id" } } },
      at("on_unrenewable"),
      /must know where the id goes/,
    ],
    [
      "that the gateway is to end by a tool that the agent runs",
      {
        commitment: {
          ends_with: { tool: "drop", server: "asking", id: "/arguments/id" },
          on_unrenewable: "end",
        },
        ending: { tool_name: "drop", server: "asking", read_only: false },
      },
      at("on_unrenewable"),
      /cannot call it/,
    ],
    [
      "of a tool that the agent runs itself",
      { tool: { tool_name: "forget", server: "own" } },
      "allowed_tools[0].commitment",
      /runs this tool itself/,
    ],
    ["whose id is nowhere", { commitment: { id: "service_id" } }, at("id"), /^/],
  ])("%s is refused", (_name, said, path, hint) => {
    const issue = issuesOf(folder(said)).find((one) => one.path === path);
    expect(issue).toMatchObject({ file: "agents/bot.json", hint: expect.stringMatching(hint) });
  });

  test("may end with a tool that the agent runs, where it asks before each call", () => {
    const ends_with = { tool: "drop", server: "asking", id: "/arguments/id" };
    const ending = { tool_name: "drop", server: "asking", read_only: false };
    expect(granted({ commitment: { ends_with }, ending }).get("asking.drop")?.ends).toHaveLength(1);
  });

  test("is money, so that an agent which has some needs a budget for it", () => {
    const models = "{ name: m, each: model, limit_usd: 1, window: month }";
    const [issue] = issuesOf(folder({ budgets: models }));
    expect(issue).toMatchObject({ got: "none", file: "agents/bot.json" });
  });

  test("that outlives the window of a budget which pays for it gets a warning", () => {
    const warnings = (budgets: string) => {
      const loaded = read(folder({ budgets, commitment: { horizon: "2d" } }));
      if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues));
      return loaded.warnings.map(({ path }) => path);
    };
    const month = "{ name: m, each: agent, limit_usd: 900, window: month }";
    const day = "{ name: d, agent: bot, limit_usd: 900, window: day }";
    expect(warnings(month)).toEqual([]);
    expect(warnings(`${month}, ${day}`)).toEqual(["budgets[1].window"]);
    const calls = "{ name: c, each: agent, limit_calls: 900, window: day }";
    expect(warnings(`${month}, ${calls}`)).toEqual([]);
  });
});
