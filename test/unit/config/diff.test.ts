/** What a change of the folder means, in words: wider, narrower, or neither. */
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { isWidening } from "../../../src/config/review/change.ts";
import { changesBetween } from "../../../src/config/review/diff.ts";
import { type Reading, readForReview } from "../../../src/config/review/reading.ts";
import { sqlReaderFor } from "../../../src/config/sql-parser.ts";

const sql = await sqlReaderFor(new Map([["slipclutch.yaml", "sql"]]));

// Folders are data here: each case changes what it likes.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Json = any;

interface Folder {
  main: Json;
  bot: Json;
}

function base(): Folder {
  return {
    main: {
      version: 1,
      providers: {
        openai: { kind: "openai", api_key: "${KEY}", models: ["gpt-5"], allow_fields: ["seed"] },
      },
      tool_servers: {
        desk: {
          kind: "mcp",
          url: "http://127.0.0.1:7000/mcp",
          auth: { bearer: "${DESK}" },
          tools: { find: { effect: "read" }, close: { effect: "write" } },
        },
      },
      budgets: [
        { name: "bots", agent: "bot", limit_usd: 10, window: "day", on_exhausted: "deny" },
        { name: "all", limit_usd: 100, window: "month" },
        { name: "red", team: "red", limit_usd: 5, window: "day" },
      ],
      limits: { max_output_tokens: 1000, max_request_bytes: 2048 },
    },
    bot: {
      version: 1,
      agent: "bot",
      labels: { team: "red", owner: "jo" },
      models: ["gpt-5"],
      allowed_tools: [
        { tool_name: "find" },
        {
          tool_name: "close",
          read_only: false,
          rate_limit: { requests: 10, per_seconds: 60 },
          cost: { usd: 0.1 },
          timeout: "30s",
          empty_result: "error",
          pin: `sha256:${"a".repeat(64)}`,
          arguments: {
            type: "object",
            properties: {
              ticket: { type: "integer", minimum: 1 },
              why: { enum: ["done", "spam"] },
            },
          },
        },
      ],
      blacklisted_tools: ["delete"],
      limits: { max_input_tokens: 500, min_useful_output: 100 },
      strict: true,
    },
  };
}

function readingOf({ bot, main }: Folder): Reading {
  const files = new Map([
    ["slipclutch.yaml", stringify(main)],
    ...(bot === null ? [] : [["agents/bot.yaml", stringify(bot)] as const]),
    ["agents/red.yaml", stringify({ version: 1, agent: "red", labels: { team: "red" } })],
  ]);
  const read = readForReview(files, {}, sql);
  if (read.kind === "invalid") throw new Error(JSON.stringify(read.issues, null, 1));
  return read.reading;
}

/** `wider bot desk__close: says`, one a line. */
function told(change: (folder: Folder) => void, from: (folder: Folder) => void = () => {}) {
  const [before, after] = [base(), base()];
  from(before);
  from(after);
  change(after);
  return linesOf(before, after);
}

function linesOf(before: Folder, after: Folder) {
  return changesBetween(readingOf(before), readingOf(after)).map(
    ({ about, agent, details, direction, says }) =>
      `${direction} ${agent ?? "*"} ${about}: ${says}${details.length > 0 ? ` [${details.join("; ")}]` : ""}`,
  );
}

const close = ({ bot }: Folder): Json => bot.allowed_tools[1];
const find = ({ bot }: Folder): Json => bot.allowed_tools[0];
const desk = ({ main }: Folder): Json => main.tool_servers.desk;
const own = ({ main }: Folder): Json => main.budgets[0];

describe("nothing", () => {
  test("is told of what is the same, also where it is written in another way", () => {
    expect(
      told((folder) => {
        close(folder).timeout = "30000ms";
        folder.bot.blacklisted_tools = ["Delete"];
        close(folder).arguments.description = "Closes a ticket.";
        close(folder).arguments.additionalProperties = false;
        folder.bot.limits.max_output_tokens = 1000;
      }),
    ).toEqual([]);
  });
});

describe("a tool", () => {
  test.each<[string, (folder: Folder) => void, string[]]>([
    [
      "new",
      ({ bot }) => bot.allowed_tools.push({ tool_name: "other", read_only: false }),
      ["wider bot desk__other: a new tool, which may write, with any arguments"],
    ],
    [
      "gone",
      ({ bot }) => bot.allowed_tools.pop(),
      ["narrower bot desk__close: can no longer be called; it was one which may write"],
    ],
    [
      "blacklisted",
      ({ bot }) => bot.blacklisted_tools.push("close"),
      [
        "narrower bot desk__close: can no longer be called; it was one which may write",
        "narrower bot blacklisted_tools: close is blacklisted",
      ],
    ],
    [
      "off the blacklist",
      ({ bot }) => {
        bot.blacklisted_tools = [];
      },
      ["wider bot blacklisted_tools: delete is not blacklisted any more"],
    ],
    [
      "more often",
      (folder) => {
        close(folder).rate_limit.requests = 11;
      },
      ["wider bot desk__close: rate limit 10 in 60 s → 11 in 60 s"],
    ],
    [
      "less often",
      (folder) => {
        close(folder).rate_limit.per_seconds = 61;
      },
      ["narrower bot desk__close: rate limit 10 in 60 s → 10 in 61 s"],
    ],
    [
      "in a shorter window, and fewer",
      (folder) => {
        close(folder).rate_limit = { requests: 5, per_seconds: 30 };
      },
      ["narrower bot desk__close: rate limit 10 in 60 s → 5 in 30 s"],
    ],
    [
      "in a shorter window that does not fit",
      (folder) => {
        close(folder).rate_limit = { requests: 5, per_seconds: 29 };
      },
      ["may-be-wider bot desk__close: rate limit 10 in 60 s → 5 in 29 s"],
    ],
    [
      "without a rate limit",
      (folder) => {
        delete close(folder).rate_limit;
      },
      ["wider bot desk__close: rate limit 10 in 60 s → none"],
    ],
    [
      "with one",
      (folder) => {
        find(folder).rate_limit = { requests: 1, per_seconds: 1 };
      },
      ["narrower bot desk__find: rate limit none → 1 in 1 s"],
    ],
    [
      "that a person approves",
      (folder) => {
        close(folder).requires_approval = true;
      },
      ["narrower bot desk__close: its calls wait for a person: none → all"],
    ],
    [
      "that a person approves at times",
      (folder) => {
        close(folder).requires_approval = { properties: { why: { const: "spam" } } };
      },
      ["narrower bot desk__close: its calls wait for a person: none → some of them"],
    ],
    [
      "without a pin",
      (folder) => {
        delete close(folder).pin;
      },
      ["wider bot desk__close: is not pinned any more"],
    ],
    [
      "with a pin",
      (folder) => {
        find(folder).pin = `sha256:${"b".repeat(64)}`;
      },
      ["narrower bot desk__find: is pinned to sha256:bbbbbbbbbbbb"],
    ],
    [
      "with another pin",
      (folder) => {
        close(folder).pin = `sha256:${"b".repeat(64)}`;
      },
      [
        "may-be-wider bot desk__close: is pinned to another description, sha256:aaaaaaaaaaaa → sha256:bbbbbbbbbbbb",
      ],
    ],
    [
      "for nothing",
      (folder) => {
        delete close(folder).cost;
      },
      ["wider bot desk__close: its calls are not charged any more"],
    ],
    [
      "for less",
      (folder) => {
        close(folder).cost.usd = 0.05;
      },
      ["wider bot desk__close: cost $0.1 → $0.05"],
    ],
    [
      "for more",
      (folder) => {
        close(folder).cost.usd = 0.2;
      },
      ["narrower bot desk__close: cost $0.1 → $0.2"],
    ],
    [
      "for each of something",
      (folder) => {
        close(folder).cost = {
          usd: 0.2,
          per: "minute",
          quantity: { pointer: "/result/m" },
          max: 2,
        };
      },
      ["may-be-wider bot desk__close: cost $0.1 → $0.2 for each of at most 2, /result/m"],
    ],
    [
      "with more time",
      (folder) => {
        close(folder).timeout = "60s";
      },
      ["wider bot desk__close: timeout 30 s → 60 s"],
    ],
    [
      "that may be empty",
      (folder) => {
        delete close(folder).empty_result;
      },
      ["wider bot desk__close: an empty result is no error any more"],
    ],
    [
      "with any arguments",
      (folder) => {
        delete close(folder).arguments;
      },
      ["wider bot desk__close: its arguments are not checked any more"],
    ],
    [
      "with checked arguments",
      (folder) => {
        find(folder).arguments = { type: "object" };
      },
      ["narrower bot desk__find: its arguments are checked now"],
    ],
    [
      "with a value more",
      (folder) => {
        close(folder).arguments.properties.why.enum.push("dull");
      },
      ['wider bot desk__close: takes more arguments [/why: takes "dull"]'],
    ],
    [
      "with a value less",
      (folder) => {
        close(folder).arguments.properties.why.enum.pop();
      },
      ['narrower bot desk__close: takes fewer arguments [/why: no longer takes "spam"]'],
    ],
    [
      "with another argument",
      (folder) => {
        close(folder).arguments.properties.force = { type: "boolean" };
      },
      ['wider bot desk__close: takes more arguments [/force: a new argument, {"type":"boolean"}]'],
    ],
    [
      "with a pattern for a list",
      (folder) => {
        close(folder).arguments.properties.why = { type: "string", pattern: "^d", maxLength: 9 };
      },
      [
        'may-be-wider bot desk__close: takes other arguments [/why: enum ["done","spam"] removed; /why: type "string" added; /why: pattern "^d" added; /why: maxLength 9 added]',
      ],
    ],
    [
      "with arguments it must have",
      (folder) => {
        close(folder).arguments.required = ["ticket"];
      },
      ['narrower bot desk__close: takes fewer arguments [the arguments: must have "ticket"]'],
    ],
    [
      "with arguments left open",
      (folder) => {
        close(folder).arguments.additionalProperties = true;
      },
      [
        "wider bot desk__close: takes more arguments [the arguments: additionalProperties false → true]",
      ],
    ],
  ])("%s", (_, change, lines) => {
    expect(told(change)).toEqual(lines);
  });

  test("that may write", () => {
    const reads = (folder: Folder) => {
      desk(folder).tools.close.effect = "read";
      delete close(folder).read_only;
    };
    const [reading, writing] = [base(), base()];
    reads(reading);
    expect(linesOf(reading, writing)).toEqual([
      "wider bot desk__close: may write now; it could only read",
      "narrower * desk__close: is said to write, or not said to only read any more",
    ]);
    expect(linesOf(writing, reading)).toEqual([
      "narrower bot desk__close: may only read now; it could write",
      "wider * desk__close: is said to only read: agents that may only read may have it",
    ]);
  });

  test.each([
    ["a write", { effect: "write" }, "wider"],
    ["a read", { effect: "read" }, "narrower"],
    ["of other SQL", { sql: "/arguments/b" }, "may-be-wider"],
  ])("that does as its SQL does, and was %s", (_, was, kind) => {
    const [before, after] = [base(), base()];
    desk(before).tools.other = was;
    desk(after).tools.other = { sql: "/arguments/a" };
    const says = "reads or writes as the SQL at /arguments/a does, call by call";
    expect(linesOf(before, after)).toEqual([`${kind} * desk__other: ${says}`]);
  });
});

describe("an agent", () => {
  test.each<[string, (folder: Folder) => void, string[]]>([
    [
      "with any model",
      ({ bot }) => {
        delete bot.models;
      },
      ["wider bot models: any model that has a price; they were listed"],
    ],
    [
      "with a model more",
      ({ bot, main }) => {
        main.providers.openai.models.push("gpt-4o");
        bot.models.push("gpt-4o");
      },
      [
        "wider bot gpt-4o: a new model",
        'may-be-wider * providers.openai.models: ["gpt-5"] → ["gpt-5","gpt-4o"]',
      ],
    ],
    [
      "with longer answers, by its own word",
      ({ bot }) => {
        bot.limits.max_output_tokens = 2000;
      },
      [
        "wider bot gpt-5: max output tokens 1000 → 2000",
        "wider bot limits: max output tokens 1000 → 2000",
      ],
    ],
    [
      "without a limit",
      ({ bot }) => {
        delete bot.limits.max_input_tokens;
      },
      [
        "wider bot gpt-5: max input tokens 500 → none",
        "wider bot limits: max input tokens 500 → none",
      ],
    ],
    [
      "with a lower floor",
      ({ bot }) => {
        bot.limits.min_useful_output = 50;
      },
      [
        "wider bot gpt-5: min useful output 100 → 50",
        "wider bot limits: min useful output 100 → 50",
      ],
    ],
    [
      "with more tasks",
      ({ bot }) => {
        bot.limits.new_tasks_per_hour = 61;
      },
      ["wider bot limits: new per hour 60 → 61"],
    ],
    [
      "not strict",
      ({ bot }) => {
        bot.strict = false;
      },
      ["wider bot strict: strict true → false"],
    ],
    [
      "uncapped",
      ({ bot }) => {
        bot.uncapped = true;
      },
      ["wider bot uncapped: no money budget need draw on it"],
    ],
    [
      "of another team",
      ({ bot }) => {
        bot.labels.team = "blue";
      },
      ["wider bot red: no longer draws on this budget"],
    ],
    [
      "of another owner",
      ({ bot }) => {
        bot.labels.owner = "al";
      },
      ['other bot labels.owner: "jo" → "al"'],
    ],
    [
      "that is asked again less often",
      ({ bot }) => {
        bot.refusal_rounds = 0;
      },
      ["other bot refusal_rounds: 0, which was not said before"],
    ],
    [
      "that is told its budget",
      ({ bot }) => {
        bot.tell_agent = true;
      },
      ["other bot tell_agent: true, which was not said before"],
    ],
  ])("%s", (_, change, lines) => {
    expect(told(change)).toEqual(lines);
  });

  test("that is new or gone", () => {
    const without = { ...base(), bot: null };
    delete without.main.budgets[0].agent;
    const having = { ...base(), main: without.main };
    expect(linesOf(without, having)).toEqual([
      "wider bot agent: a new agent, with gpt-5 and desk__find, desk__close",
    ]);
    expect(linesOf(having, without)).toEqual(["narrower bot agent: has no manifest any more"]);
  });
});

describe("the gateway", () => {
  test.each<[string, (folder: Folder) => void, string[]]>([
    [
      "with a budget raised",
      (folder) => {
        own(folder).limit_usd = 11;
      },
      ["wider * budget bots: limit $10 → $11"],
    ],
    [
      "lowered",
      (folder) => {
        own(folder).limit_usd = 0.5;
      },
      ["narrower * budget bots: limit $10 → $0.5"],
    ],
    [
      "gone",
      ({ main }) => {
        main.budgets.shift();
      },
      ["wider * budget bots: the budget of $10 a day is gone"],
    ],
    [
      "new",
      ({ main }) => {
        main.budgets.push({ name: "more", limit_calls: 5, window: "lifetime" });
      },
      ["narrower * budget more: a new budget of 5 calls a lifetime"],
    ],
    [
      "of a longer window",
      (folder) => {
        own(folder).window = "month";
      },
      ["narrower * budget bots: window day → month"],
    ],
    [
      "of a shorter one",
      ({ main }) => {
        main.budgets[1].window = "day";
      },
      ["wider * budget all: window month → day"],
    ],
    [
      "for each agent",
      ({ main }) => {
        main.budgets[1].each = "agent";
      },
      ["may-be-wider * budget all: each (one for all) → agent"],
    ],
    [
      "of fewer calls",
      ({ main }) => {
        main.budgets[1].team = "red";
      },
      ["wider * budget all: only (every call) → team red"],
    ],
    [
      "of all calls",
      (folder) => {
        delete own(folder).agent;
      },
      ["narrower * budget bots: only agent bot → (every call)"],
    ],
    [
      "that waits",
      (folder) => {
        own(folder).on_exhausted = "park";
      },
      ["may-be-wider * budget bots: on_exhausted deny → park"],
    ],
    [
      "of another unit",
      (folder) => {
        delete own(folder).limit_usd;
        own(folder).limit_calls = 5;
        folder.bot.uncapped = true;
      },
      [
        "wider bot uncapped: no money budget need draw on it",
        "may-be-wider * budget bots: $10 a day → 5 calls a day",
      ],
    ],
    [
      "with a breaker off",
      ({ main }) => {
        main.breakers = [{ name: "stuck", enabled: false }];
      },
      ["wider * breaker stuck: is turned off"],
    ],
    [
      "that only tells",
      ({ main }) => {
        main.breakers = [{ name: "stuck", action: "alert" }];
      },
      ["wider * breaker stuck: changed [action trip → alert]"],
    ],
    [
      "with a nearer line",
      ({ main }) => {
        main.breakers = [{ name: "stuck", above: { value: 3 } }];
      },
      ["narrower * breaker stuck: changed [above 8 → 3]"],
    ],
    [
      "with another one",
      ({ main }) => {
        main.breakers = [
          { name: "mine", signal: "identical_calls", above: { value: 3 }, action: "trip" },
        ];
      },
      ["narrower * breaker mine: is on"],
    ],
    [
      "with a tool server elsewhere",
      (folder) => {
        desk(folder).url = "http://127.0.0.1:7001/mcp";
      },
      [
        'may-be-wider * tool server desk: url: "http://127.0.0.1:7000/mcp" → "http://127.0.0.1:7001/mcp"',
      ],
    ],
    [
      "with another token",
      (folder) => {
        desk(folder).auth.bearer = "${OTHER}";
      },
      ["may-be-wider * tool server desk: auth.bearer: changed; it is not shown"],
    ],
    [
      "without a token",
      (folder) => {
        delete desk(folder).auth;
      },
      ["may-be-wider * tool server desk: auth: was a map, and is not said any more"],
    ],
    [
      "with more connections",
      (folder) => {
        desk(folder).connections_max = 2;
      },
      ["other * tool server desk: connections_max: 2, which was not said before"],
    ],
    [
      "with a tool server more",
      ({ main }) => {
        main.tool_servers.other = { kind: "agent", tools: { x: { effect: "read" } } };
      },
      [
        "wider * tool server other: a new tool server",
        "wider * other__x: is said to only read: agents that may only read may have it",
      ],
    ],
    [
      "with a provider more",
      ({ main }) => {
        main.providers.claude = { kind: "anthropic", api_key: "sk-secret" };
      },
      ["wider * providers.claude: a map, which was not said before"],
    ],
    [
      "with another key",
      ({ main }) => {
        main.providers.openai.api_key = "sk-secret";
      },
      ["may-be-wider * providers.openai.api_key: changed; it is not shown"],
    ],
    [
      "with fields let through",
      ({ main }) => {
        main.providers.openai.allow_fields = [];
      },
      ['narrower * providers.openai.allow_fields: ["seed"] → []'],
    ],
    [
      "with larger requests",
      ({ main }) => {
        main.limits.max_request_bytes = 4096;
      },
      ["wider * limits.max_request_bytes: 2048 → 4096"],
    ],
    [
      "open to the network",
      ({ main }) => {
        main.listeners = { agent: "0.0.0.0:4141" };
      },
      ["may-be-wider * listeners: a map, which was not said before"],
    ],
    [
      "with any model of a provider",
      ({ main }) => {
        delete main.providers.openai.models;
      },
      ['may-be-wider * providers.openai.models: was ["gpt-5"], and is not said any more'],
    ],
    [
      "with approvals that last",
      ({ main }) => {
        main.approvals = { expire_after: "2h" };
      },
      ["may-be-wider * approvals: a map, which was not said before"],
    ],
    [
      "with other parking",
      ({ main }) => {
        main.parking = { hold_for: "5s" };
      },
      ["other * parking: a map, which was not said before"],
    ],
  ])("%s", (_, change, lines) => {
    const from = ({ main }: Folder) => {
      // The tool server's agent must be told apart once there are two.
      main.tool_servers.desk.tools.other ??= { effect: "write" };
    };
    expect(told(change, from)).toEqual(lines);
    expect(JSON.stringify(lines)).not.toContain("sk-secret");
  });
});

test("a price that changed may be wider", () => {
  const files = (usd: number) =>
    new Map([
      ["slipclutch.yaml", "version: 1\n"],
      [
        "prices.yaml",
        stringify({
          openai: { mine: { input: usd, output: 2, context_window: 9, max_output: 9 } },
        }),
      ],
    ]);
  const [before, after] = [files(1), files(2)].map((each) => readForReview(each, {}));
  if (before?.kind !== "ok" || after?.kind !== "ok")
    throw new Error(JSON.stringify([before, after]));
  const changes = changesBetween(before.reading, after.reading);
  expect(changes.filter(isWidening)).toEqual(changes);
  expect(changes).toHaveLength(1);
});

test("fewer approvals are wider, and providers in another order may be", () => {
  const [all, some] = [base(), base()];
  close(all).requires_approval = true;
  close(some).requires_approval = { properties: { why: { const: "spam" } } };
  expect(linesOf(all, some)).toEqual([
    "wider bot desk__close: its calls wait for a person: all → some of them",
  ]);
  const [first, last] = [base(), base()];
  const other = { other: { kind: "openai", api_key: "x" } };
  first.main.providers = { ...first.main.providers, ...other };
  last.main.providers = { ...other, ...last.main.providers };
  expect(linesOf(first, last)).toEqual([
    "may-be-wider * providers: in another order: other, openai",
  ]);
  expect(linesOf(first, base())).toEqual([
    "may-be-wider * providers.other: was a map, and is not said any more",
  ]);
});
