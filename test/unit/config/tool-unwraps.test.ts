/** Tools whose arguments are calls of other tools, in the guardrails folder. */
import { describe, expect, test } from "vitest";
import { agentWords } from "../../../src/cli/manifest/agent-words.ts";
import { readFiles } from "../../../src/config/read.ts";
import { changesBetween } from "../../../src/config/review/diff.ts";
import { lint } from "../../../src/config/review/lint.ts";
import { readForReview } from "../../../src/config/review/reading.ts";

const MCP = { kind: "mcp", url: "http://127.0.0.1:7000/mcp" };
const UNWRAPS = { tool: "/arguments/name", arguments: "/arguments/with" };
const DOCUMENT = {
  openapi: "3.1.0",
  servers: [{ url: "https://hub.example.com" }],
  paths: {
    "/call": {
      get: {
        operationId: "call_tool",
        parameters: ["name", "with"].map((name) => {
          return { name, in: "query", schema: { type: "string" } };
        }),
      },
    },
  },
};

function files(server: object, grant: object = {}) {
  const bot = {
    ...{ version: 1, agent: "bot", uncapped: true },
    allowed_tools: [{ tool_name: "call_tool", ...grant }],
  };
  return new Map([
    ["slipclutch.yaml", JSON.stringify({ version: 1, tool_servers: { hub: server } })],
    ["doc.yaml", JSON.stringify(DOCUMENT)],
    ["agents/bot.json", JSON.stringify(bot)],
  ]);
}

const load = (server: object, grant?: object) =>
  readFiles(files(server, grant), { environment: {}, today: null });

const hub = (unwraps: object | undefined, effect = "read") => ({
  ...MCP,
  tools: { call_tool: { effect, unwraps } },
});

describe("a tool that calls others", () => {
  const http = { method: "GET", path: "/call", in_query: ["name", "with"] };
  test.each([
    ["of MCP", hub(UNWRAPS)],
    ["of a program", { ...hub(UNWRAPS), url: undefined, command: ["hub"] }],
    ["of the agent", { kind: "agent", tools: hub(UNWRAPS).tools }],
    [
      "over HTTP",
      {
        kind: "http",
        url: "https://hub.example.com",
        tools: { call_tool: { ...http, unwraps: UNWRAPS } },
      },
    ],
    [
      "of a document",
      { kind: "openapi", document: "doc.yaml", tools: { call_tool: { unwraps: UNWRAPS } } },
    ],
  ])("%s says where the other call is", (_, server) => {
    const loaded = load(server);
    if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues, null, 1));
    const [tool] = loaded.configuration.agents.get("bot")?.tools.allowed ?? [];
    expect(tool?.unwraps).toEqual({ ...UNWRAPS, server: null });
  });

  test.each([
    ["without its name", { arguments: "/arguments/with" }, "tool"],
    ["without its arguments", { tool: "/arguments/name" }, "arguments"],
    ["elsewhere", { ...UNWRAPS, tool: "/result/name" }, "tool"],
    ["by a word", { ...UNWRAPS, arguments: "with" }, "arguments"],
    ["in all of it", { ...UNWRAPS, arguments: "/arguments" }, "arguments"],
    ["on a server of some name", { ...UNWRAPS, server: "hub" }, "server"],
    ["with more", { ...UNWRAPS, depth: 3 }, "depth"],
  ])("cannot say it %s", (_, unwraps, field) => {
    const loaded = load(hub(unwraps));
    const path = `tool_servers.hub.tools.call_tool.unwraps.${field}`;
    expect(loaded.kind === "invalid" ? loaded.issues : []).toMatchObject([{ path }]);
  });

  test("cannot have two of them in one place", () => {
    for (const twice of [{ arguments: UNWRAPS.tool }, { server: UNWRAPS.arguments }]) {
      const loaded = load(hub({ ...UNWRAPS, ...twice }));
      expect(loaded.kind === "invalid" ? loaded.issues : []).toMatchObject([
        {
          path: "tool_servers.hub.tools.call_tool.unwraps",
          expected: "a different pointer for each",
        },
      ]);
    }
  });
});

/** What cannot be unwrapped is decided as the powerful thing it is. */
test.each(["bash", "http_request", "call_tool"])(
  "%s is a write, unless its owner says that it only reads",
  (name) => {
    const loaded = load({ ...MCP, tools: {} }, { tool_name: name });
    expect(loaded.kind === "invalid" ? loaded.issues : []).toMatchObject([
      { path: "allowed_tools[0].read_only", expected: "false, or a tool that only reads" },
    ]);
    const [tool] = grantsOf(load({ ...MCP, tools: {} }, { tool_name: name, read_only: false }));
    expect(tool?.effect).toBe("write");
  },
);

function grantsOf(loaded: ReturnType<typeof load>) {
  if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues, null, 1));
  return loaded.configuration.agents.get("bot")?.tools.allowed ?? [];
}

function reading(server: object, grant?: object) {
  const read = readForReview(files(server, grant), {});
  if (read.kind === "invalid") throw new Error(JSON.stringify(read.issues, null, 1));
  return read.reading;
}

describe("a review", () => {
  const other = { ...UNWRAPS, tool: "/arguments/tool" };
  test.each([
    [
      "more",
      undefined,
      UNWRAPS,
      "narrower",
      "its calls are also decided as those of the tools that /arguments/name names",
    ],
    [
      "less",
      UNWRAPS,
      undefined,
      "wider",
      "the tools that its arguments name are not looked at any more",
    ],
    [
      "elsewhere",
      UNWRAPS,
      other,
      "may-be-wider",
      "its calls are also decided as those of the tools that /arguments/tool names",
    ],
    ["nothing else", UNWRAPS, UNWRAPS, null, null],
  ] as const)("tells that %s is unwrapped", (_, before, after, kind, says) => {
    const changes = changesBetween(reading(hub(before)), reading(hub(after)));
    expect(changes.map((one) => [one.direction, one.about, one.says])).toEqual(
      kind === null ? [] : [[kind, "hub__call_tool", says]],
    );
  });

  test("tells it beside another effect", () => {
    const grant = { read_only: false };
    const [before, after] = [hub(UNWRAPS), hub(undefined, "write")];
    const changes = changesBetween(reading(before, grant), reading(after, grant)).filter(
      ({ agent }) => agent === null,
    );
    expect(changes.map(({ direction, says }) => [direction, says])).toEqual([
      ["narrower", "is said to write, or not said to only read any more"],
      ["wider", "the tools that its arguments name are not looked at any more"],
    ]);
  });

  const rulesOf = (server: object, grant?: object) =>
    lint(reading(server, grant), new Map()).map(({ rule }) => rule);
  const schema = {
    type: "object",
    properties: { name: { type: "string", maxLength: 64 }, with: { type: "object" } },
  };

  test("finds a tool that calls others powerful where nobody looks inside", () => {
    expect(rulesOf(hub(undefined))).toContain("tool.powerful");
    expect(rulesOf(hub(UNWRAPS))).not.toContain("tool.powerful");
    const found = rulesOf(hub(undefined), { arguments: schema });
    expect(found.filter((rule) => rule !== "agent.uncapped" && rule !== "agent.any-model")).toEqual(
      ["tool.powerful", "arguments.open"],
    );
    expect(rulesOf(hub(UNWRAPS), { arguments: schema })).not.toContain("arguments.open");
    expect(rulesOf(hub(UNWRAPS), { arguments: schema })).not.toContain("tool.powerful");
  });

  test("points to arguments, and to what would look inside", () => {
    const [finding] = lint(reading(hub(undefined)), new Map()).filter(
      ({ rule }) => rule === "tool.powerful",
    );
    expect(finding?.hint).toMatch(/^Add arguments .*unwraps at its server\.$/);
  });

  test("does not miss tools behind one that calls them, as its server lists only that one", () => {
    const offers = new Map([["hub", { kind: "offered", pins: new Map() } as const]]);
    const rules = (server: object) => lint(reading(server), offers).map(({ rule }) => rule);
    expect(rules(hub(undefined))).toContain("tool.not-offered");
    expect(rules(hub(UNWRAPS))).not.toContain("tool.not-offered");
  });

  test("says it of an agent's tools in words", () => {
    const read = reading(hub(UNWRAPS));
    const bot = read.configuration.agents.get("bot");
    if (bot === undefined) throw new Error("the agent is missing");
    expect(agentWords(read, bot).join("\n")).toContain(
      "only as what /arguments/name names may be called",
    );
  });
});
