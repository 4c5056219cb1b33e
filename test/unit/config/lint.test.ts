/** Each rule of `manifest lint`, where it finds something and where it does not. */
import { describe, expect, test } from "vitest";
import { lint, type Offer } from "../../../src/config/review/lint.ts";
import { LINT_RULES } from "../../../src/config/review/lint-rules.ts";
import { readForReview } from "../../../src/config/review/reading.ts";

// Folders are data here: each case changes what it likes.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Json = any;

const SCHEMA = {
  type: "object",
  properties: { ticket: { type: "integer" }, note: { type: "string", maxLength: 80 } },
};

function folder() {
  const main: Json = {
    version: 1,
    tool_servers: {
      desk: {
        kind: "mcp",
        url: "http://127.0.0.1:7000/mcp",
        tools: { find: { effect: "read" }, close: { effect: "write" } },
      },
    },
    budgets: [{ name: "all", each: "agent", limit_usd: 10, window: "day" }],
  };
  const bot: Json = {
    version: 1,
    agent: "bot",
    models: ["simulated-small"],
    allowed_tools: [
      { tool_name: "find" },
      { tool_name: "close", read_only: false, arguments: SCHEMA },
    ],
    blacklisted_tools: ["delete"],
  };
  return { main, bot };
}

type Change = (folder: { main: Json; bot: Json }) => void;

function found(change: Change, offers: ReadonlyMap<string, Offer> = new Map()) {
  const made = folder();
  change(made);
  const files = new Map([
    ["slipclutch.yaml", JSON.stringify(made.main)],
    ["agents/bot.json", JSON.stringify(made.bot, null, 1)],
  ]);
  const read = readForReview(files, {});
  if (read.kind === "invalid") throw new Error(JSON.stringify(read.issues, null, 1));
  return lint(read.reading, offers);
}

function told(change: Change, offers?: ReadonlyMap<string, Offer>) {
  return found(change, offers).map(({ path, rule }) => `${rule} ${path}`);
}

const tool =
  (more: object): Change =>
  ({ bot }) => {
    bot.allowed_tools.push({
      tool_name: "more",
      server: "desk",
      read_only: false,
      arguments: SCHEMA,
      ...more,
    });
  };
const named =
  (name: string, more: object = {}): Change =>
  (made) => {
    made.main.tool_servers.desk.tools[name] = { effect: "write" };
    tool({ tool_name: name, ...more })(made);
  };
const having = (properties: object, more: object = {}) => ({
  arguments: { type: "object", properties, ...more },
});
const at = "allowed_tools[2]";
const inside = `${at}.arguments`;

test("a folder that says what it means has nothing to find", () => {
  expect(found(() => {})).toEqual([]);
});

describe("found:", () => {
  test.each<[string, Change, string[]]>([
    ["a tool that is not declared", tool({}), [`tool.undeclared ${at}.tool_name`]],
    [
      "a tool that is blacklisted",
      ({ bot }) => bot.blacklisted_tools.push("Close"),
      ["tool.blacklisted allowed_tools[1].tool_name"],
    ],
    [
      "an entry that is nearly a tool",
      ({ bot }) => bot.blacklisted_tools.push("closse"),
      ["blacklist.unmatched blacklisted_tools[1]"],
    ],
    [
      "a rate limit behind a budget of calls",
      ({ bot, main }) => {
        main.budgets.push({ name: "few", agent: "bot", limit_calls: 5, window: "lifetime" });
        bot.allowed_tools[0].rate_limit = { requests: 6, per_seconds: 60 };
      },
      ["rate-limit.never-binds allowed_tools[0].rate_limit"],
    ],
    [
      "one behind a budget of money",
      ({ bot }) => {
        Object.assign(bot.allowed_tools[0], {
          cost: { usd: 1 },
          rate_limit: { requests: 21, per_seconds: 60 },
        });
      },
      ["rate-limit.never-binds allowed_tools[0].rate_limit"],
    ],
    [
      "a tool that writes whatever it is given",
      named("note", { arguments: undefined }),
      [`tool.any-arguments ${at}.tool_name`],
    ],
    ["a shell", named("run_command", { arguments: undefined }), [`tool.powerful ${at}.tool_name`]],
    [
      "a shell by another name",
      named("Bash", { arguments: undefined }),
      [`tool.powerful ${at}.tool_name`],
    ],
    [
      "a tool for other tools",
      named("call_tool", having({ name: { type: "string", maxLength: 9 } })),
      [`tool.powerful ${inside}.properties.name`],
    ],
    [
      "a query in a harmless tool",
      named("report", having({ sql: { type: "string", maxLength: 9 } })),
      [`tool.powerful ${inside}.properties.sql`],
    ],
    [
      "an address",
      named("load", having({ url: { type: "string", maxLength: 9 } })),
      [`tool.powerful ${inside}.properties.url`],
    ],
    [
      "commands in a list",
      named("do", having({ command: { type: "array", items: { type: "string", maxLength: 9 } } })),
      [
        `tool.powerful ${inside}.properties.command`,
        `tool.powerful ${inside}.properties.command.items`,
      ],
    ],
    [
      "a text without an end",
      named("note", having({ text: { type: "string" } })),
      [`arguments.unbounded-text ${inside}.properties.text`],
    ],
    [
      "one in a branch",
      named("note", having({ text: { anyOf: [{ type: "string" }, { type: "null" }] } })),
      [`arguments.unbounded-text ${inside}.properties.text.anyOf[0]`],
    ],
    [
      "arguments left open",
      named("note", having({ a: { type: "null" } }, { additionalProperties: true })),
      [`arguments.open ${inside}.additionalProperties`],
    ],
    [
      "a schema of nothing",
      named("note", { arguments: { type: "object" } }),
      [`arguments.open ${inside}`],
    ],
    [
      "any value",
      named("note", having({ a: true, b: {} })),
      [`arguments.open ${inside}.properties.a`, `arguments.open ${inside}.properties.b`],
    ],
    [
      "an open object inside",
      named("note", having({ a: { type: "object", properties: { b: { type: "null" } } } })),
      [`arguments.open ${inside}.properties.a`],
    ],
    [
      "a list of anything",
      named("note", having({ a: { type: "array" } })),
      [`arguments.open ${inside}.properties.a`],
    ],
    ["what sounds dear", named("transcribe_audio"), [`tool.no-limit ${at}.tool_name`]],
    ["what sounds dear in other words", named("create_server"), [`tool.no-limit ${at}.tool_name`]],
    [
      "no cap",
      ({ bot }) => {
        bot.uncapped = true;
      },
      ["agent.uncapped uncapped"],
    ],
    [
      "any model",
      ({ bot }) => {
        delete bot.models;
      },
      ["agent.any-model "],
    ],
    [
      "what check warns of",
      named("note", having({ a: { type: "string", pattern: "^a+$" } })),
      [`folder.warning ${inside}.properties.a.pattern`],
    ],
  ])("%s", (_, change, findings) => {
    expect(told(change)).toEqual(findings);
  });
});

describe("not found:", () => {
  test.each<[string, Change]>([
    ["a query that is listed", named("query", having({ sql: { enum: ["SELECT 1"] } }))],
    [
      "a command that has a pattern",
      named("bash", having({ command: { type: "string", maxLength: 9, pattern: "^ls$" } })),
    ],
    [
      "a name in a harmless tool",
      named("note", having({ name: { type: "string", maxLength: 9 } })),
    ],
    [
      "a text of a checked format",
      named("note", having({ a: { type: "string", format: "date" } })),
    ],
    [
      "arguments that must be none",
      named("note", { arguments: { type: "object", additionalProperties: false } }),
    ],
    [
      "what is dear and has a limit",
      named("transcribe", { rate_limit: { requests: 1, per_seconds: 1 } }),
    ],
    ["a search", named("research")],
    [
      "what is dear and the agent runs itself",
      ({ bot, main }) => {
        main.tool_servers.own = { kind: "agent" };
        bot.allowed_tools.push({
          tool_name: "transcribe",
          server: "own",
          read_only: false,
          arguments: SCHEMA,
        });
      },
    ],
    [
      "a rate limit that binds",
      ({ bot }) => {
        Object.assign(bot.allowed_tools[0], {
          cost: { usd: 1 },
          rate_limit: { requests: 20, per_seconds: 60 },
        });
      },
    ],
    [
      "an entry for what is declared elsewhere",
      ({ bot }) => bot.blacklisted_tools.push("desk__delete_all"),
    ],
  ])("%s", (_, change) => {
    expect(told(change)).toEqual([]);
  });
});

describe("with what servers offer now", () => {
  const pin = `sha256:${"a".repeat(64)}`;
  const offering = (pins: Record<string, string | null>): ReadonlyMap<string, Offer> =>
    new Map([["desk", { kind: "offered", pins: new Map(Object.entries(pins)) }]]);

  test("all is well where they offer it as it was pinned", () => {
    const pinned: Change = ({ bot }) => {
      bot.allowed_tools[0].pin = pin;
    };
    expect(told(pinned, offering({ find: pin, close: null }))).toEqual([]);
    expect(told(pinned, offering({ find: null, close: null }))).toEqual([
      "tool.changed allowed_tools[0].pin",
    ]);
  });

  test("a tool that nobody offers is an error, with the name that was meant", () => {
    const [finding] = found(() => {}, offering({ find: pin, closed: pin }));
    expect(finding).toEqual({
      rule: "tool.not-offered",
      level: "error",
      file: "agents/bot.json",
      line: 12,
      path: "allowed_tools[1].tool_name",
      says: "desk does not offer close",
      hint: 'Did you mean "closed"?',
    });
  });

  test("a server that is away is told once", () => {
    const away = new Map([["desk", { kind: "away", because: "connect ECONNREFUSED" } as const]]);
    expect(told(() => {}, away)).toEqual(["server.unreachable tool_servers.desk"]);
  });
});

describe("what may be read", () => {
  test("a grant of everything that a host has is too broad, one of a folder is not", () => {
    const grants = ["file:///", "notes://work/", "memo://work/a/", "memo:/"].map((under) => ({
      server: "desk",
      under,
    }));
    const change: Change = ({ bot }) => {
      bot.allowed_resources = [...grants, { server: "desk", uri: "a:b" }];
    };
    expect(told(change)).toEqual([
      "resource.any allowed_resources[0].under",
      "resource.any allowed_resources[1].under",
      "resource.any allowed_resources[3].under",
    ]);
  });
});

test("every rule has a reason, a test above, and its place in the documentation", async () => {
  const { readFile } = await import("node:fs/promises");
  const own = await readFile(import.meta.filename, "utf8");
  const page = await readFile("docs/manifest.md", "utf8");
  for (const [id, { why }] of Object.entries(LINT_RULES)) {
    expect(why).toMatch(/^[A-Z].*\.$/);
    // What the gateway itself refuses is not asked of a folder that was read.
    if (id !== "folder.invalid") expect(own).toContain(`${id} `.trimEnd());
    expect(page).toContain(`#### \`${id}\`\n`);
  }
});
