/** What a change of the folder means, in words: wider, narrower, or neither. */
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { isWidening } from "../../../src/config/review/change.ts";
import { changesBetween } from "../../../src/config/review/diff.ts";
import { readForReview } from "../../../src/config/review/reading.ts";
import { type Folder, type Json, linesOf } from "./diff-folder.ts";

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

/** `wider bot desk__close: says`, one a line. */
function told(change: (folder: Folder) => void, from: (folder: Folder) => void = () => {}) {
  const [before, after] = [base(), base()];
  from(before);
  from(after);
  change(after);
  return linesOf(before, after);
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
      ["wider bot desk__close: may be called 11 times in 60 s instead of 10 times in 60 s"],
    ],
    [
      "less often",
      (folder) => {
        close(folder).rate_limit.per_seconds = 61;
      },
      ["narrower bot desk__close: may be called 10 times in 61 s instead of 10 times in 60 s"],
    ],
    [
      "in a shorter window, and fewer",
      (folder) => {
        close(folder).rate_limit = { requests: 5, per_seconds: 30 };
      },
      ["narrower bot desk__close: may be called 5 times in 30 s instead of 10 times in 60 s"],
    ],
    [
      "in a shorter window that does not fit",
      (folder) => {
        close(folder).rate_limit = { requests: 5, per_seconds: 29 };
      },
      ["may-be-wider bot desk__close: may be called 5 times in 29 s instead of 10 times in 60 s"],
    ],
    [
      "without a rate limit",
      (folder) => {
        delete close(folder).rate_limit;
      },
      ["wider bot desk__close: may be called as often as it likes instead of 10 times in 60 s"],
    ],
    [
      "with one",
      (folder) => {
        find(folder).rate_limit = { requests: 1, per_seconds: 1 };
      },
      ["narrower bot desk__find: may be called once in 1 s instead of as often as it likes"],
    ],
    [
      "that a person approves",
      (folder) => {
        close(folder).requires_approval = true;
      },
      ["narrower bot desk__close: every call waits for a person instead of no calls"],
    ],
    [
      "that a person approves at times",
      (folder) => {
        close(folder).requires_approval = { properties: { why: { const: "spam" } } };
      },
      ["narrower bot desk__close: calls that fit a schema wait for a person instead of no calls"],
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
      ["wider bot desk__close: a call is charged less: $0.05 [it was $0.1]"],
    ],
    [
      "for more",
      (folder) => {
        close(folder).cost.usd = 0.2;
      },
      ["narrower bot desk__close: a call is charged more: $0.2 [it was $0.1]"],
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
      [
        "may-be-wider bot desk__close: a call is charged otherwise: $0.2 for each minute, at most 2, by /result/m [it was $0.1]",
      ],
    ],
    [
      "with more time",
      (folder) => {
        close(folder).timeout = "60s";
      },
      ["wider bot desk__close: a call may take 1m instead of 30s"],
    ],
    [
      "that may be empty",
      (folder) => {
        delete close(folder).empty_result;
      },
      ["wider bot desk__close: an empty result does not count as an error any more"],
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
      ["wider bot limits: an answer may have 2000 tokens instead of 1000"],
    ],
    [
      "without a limit",
      ({ bot }) => {
        delete bot.limits.max_input_tokens;
      },
      ["wider bot limits: a call may have any number of tokens of input instead of 500"],
    ],
    [
      "with a lower floor",
      ({ bot }) => {
        bot.limits.min_useful_output = 50;
      },
      ["wider bot limits: to fit a budget an answer may be cut down to 50 tokens instead of 100"],
    ],
    [
      "with more tasks",
      ({ bot }) => {
        bot.limits.new_tasks_per_hour = 61;
      },
      ["wider bot limits: may begin 61 tasks in an hour instead of 60"],
    ],
    [
      "not strict",
      ({ bot }) => {
        bot.strict = false;
      },
      [
        "wider bot strict: what is above a limit, or offers a tool that is not granted, is cut down instead of refused",
      ],
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
      [
        "may-be-wider bot labels.owner: al answers for it, and may not approve its calls; jo, who did, may now",
      ],
    ],
    [
      "that is asked again less often",
      ({ bot }) => {
        bot.refusal_rounds = 0;
      },
      [
        "other bot refusal_rounds: a model whose calls were all refused is asked again 0 times instead of once",
      ],
    ],
    [
      "that is told its budget",
      ({ bot }) => {
        bot.tell_agent = true;
      },
      ["other bot tell_agent: is told its budget"],
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
    Object.assign(having.bot, { mode: "observe", observe_until: "2030-01-01" });
    expect(linesOf(without, having)).toEqual([
      "wider bot agent: a new agent, with gpt-5 and desk__find, desk__close",
      "wider bot mode: what it is not granted is let through until 2030-01-01T00:00:00.000Z, of all tool servers",
    ]);
  });
});

describe("what is there on one side alone", () => {
  const COMMITMENT = {
    usd_per_hour: 0.5,
    id: "/result/id",
    ends_with: { tool: "end", id: "/arguments/id" },
    max_active: 5,
  };
  const RESOURCE = {
    type: "ticket",
    attributes: { number: { pointer: "/arguments/ticket" }, why: { pointer: "/arguments/why" } },
  };
  const ONLY_SPAM = { properties: { why: { const: "spam" } } };

  test.each<[string, unknown, unknown, string]>([
    [
      "commitment",
      undefined,
      COMMITMENT,
      "narrower: what it begins is charged until it ends, at most 5 at once, $0.5 an hour",
    ],
    [
      "commitment",
      COMMITMENT,
      undefined,
      "wider: what it begins goes on without being charged, counted or ended",
    ],
    [
      "resource",
      undefined,
      RESOURCE,
      "narrower: a call must show what it is about: a ticket, by number at /arguments/ticket and why at /arguments/why",
    ],
    ["resource", RESOURCE, undefined, "wider: a call need not show any more what it is about"],
    [
      "resource",
      RESOURCE,
      { ...RESOURCE, attributes: { number: { pointer: "/arguments/ticket" } } },
      "wider: a call need not show the why of the ticket that it is about any more",
    ],
    [
      "resource",
      { ...RESOURCE, attributes: { number: { pointer: "/arguments/ticket" } } },
      RESOURCE,
      "narrower: a call must show the why of the ticket that it is about, at /arguments/why",
    ],
    ["output", undefined, {}, "narrower: a result that does not fit a schema counts as an error"],
    ["output", {}, undefined, "wider: its results are held to no schema any more"],
    [
      "output",
      { type: "string", pattern: "^a" },
      { type: "string", pattern: "^b" },
      'may-be-wider: other results count as errors [the result: pattern "^a" → "^b"]',
    ],
    [
      "output",
      { properties: {} },
      { properties: { id: { type: "string" } } },
      'narrower: more results count as errors [/id: named now, {"type":"string"}]',
    ],
    [
      "requires_approval",
      ONLY_SPAM,
      { properties: { ticket: { const: 1 } } },
      'may-be-wider: other calls wait for a person [/why: not named any more; /ticket: a new argument, {"const":1}]',
    ],
    ["requires_approval", true, false, "wider: no calls wait for a person instead of every call"],
    [
      "max_concurrent",
      undefined,
      3,
      "narrower: may have 3 calls out at once instead of any number",
    ],
    ["cost", { usd: 0.1 }, undefined, "wider: its calls are not charged any more"],
    ["cost", undefined, { usd: 0.1 }, "narrower: a call is charged $0.1"],
  ])("%s: %j → %j", (field, old, now, line) => {
    const [before, after] = [base(), base()];
    for (const [folder, value] of [
      [before, old],
      [after, now],
    ] as const) {
      folder.bot.allowed_tools.push({ tool_name: "end", read_only: false });
      desk(folder).tools.end = { effect: "write" };
      delete close(folder).cost;
      if (value !== undefined) close(folder)[field] = value;
    }
    const [direction, ...says] = line.split(": ");
    expect(linesOf(before, after)).toEqual([`${direction} bot desk__close: ${says.join(": ")}`]);
  });

  // A breaker has a line of its own where `repeats` says none: 8, unless it says otherwise.
  test.each([
    [undefined, 9, [], "wider", "beyond 9 instead of what a breaker says"],
    [undefined, 7, [], "narrower", "beyond 7 instead of what a breaker says"],
    [9, undefined, [], "narrower", "beyond what a breaker says instead of 9"],
    [undefined, 8, [], "other", "beyond 8 instead of what a breaker says"],
    [
      undefined,
      9,
      [{ name: "mine", signal: "identical_calls", above: { value: 10 }, action: "trip" }],
      "may-be-wider",
      "beyond 9 instead of what a breaker says",
    ],
    [5, 9, [{ name: "stuck", enabled: false }], "other", "beyond 9 instead of 5"],
  ])("repeats: %j → %j where breakers say %j", (old, now, breakers, direction, says) => {
    const [before, after] = [base(), base()];
    for (const folder of [before, after]) folder.main.breakers = breakers;
    if (old !== undefined) close(before).repeats = { max: old };
    if (now !== undefined) close(after).repeats = { max: now };
    expect(linesOf(before, after)).toEqual([
      `${direction} bot desk__close: identical calls of a task are an alarm ${says}`,
    ]);
  });

  test("a team on which no budget depends", () => {
    const noTeams = ({ main }: Folder) => {
      main.budgets = main.budgets.filter(({ name }: Json) => name !== "red");
    };
    expect(
      told(({ bot }) => {
        bot.labels.team = "blue";
      }, noTeams),
    ).toEqual([
      "other bot labels.team: its team is blue instead of red; it draws on the same budgets",
    ]);
  });
});

test.each([
  [undefined, ["desk"], "narrower", "desk", "all tool servers"],
  [["desk"], undefined, "wider", "all tool servers", "desk"],
  [["desk"], ["web"], "may-be-wider", "web", "desk"],
  [["desk"], [], "narrower", "no tool server", "desk"],
])("an agent that is observed at the servers %j → %j", (old, now, direction, is, was) => {
  const observed = (observe_servers: unknown) => {
    const folder = base();
    const web = { kind: "http", url: "https://web.example" };
    folder.main.tool_servers.web = { ...web, tools: { look: { method: "GET", path: "/" } } };
    for (const tool of folder.bot.allowed_tools) tool.server = "desk";
    Object.assign(folder.bot, { mode: "observe", observe_until: "2030-01-01T00:00:00Z" });
    if (observe_servers !== undefined) folder.bot.observe_servers = observe_servers;
    return folder;
  };
  expect(linesOf(observed(old), observed(now))).toEqual([
    `${direction} bot observe_servers: tools of ${is} need no grant, instead of those of ${was}`,
  ]);
});

describe("a tool over plain HTTP", () => {
  const operation = (more: object) => ({ operationId: "list_notes", ...more });
  const DOCUMENT = {
    openapi: "3.1.0",
    info: { title: "Notes", version: "1" },
    servers: [{ url: "https://notes.example" }],
    paths: { "/notes": { get: operation({ description: "Lists." }) } },
    components: { securitySchemes: { key: { type: "apiKey", in: "header", name: "x-key" } } },
  };
  const withDocument = (document: object): Folder => {
    const folder = base();
    const notes = { kind: "openapi", document: "notes.yaml", schemes: { key: "${NOTES}" } };
    folder.main.tool_servers.notes = notes;
    for (const tool of folder.bot.allowed_tools) tool.server = "desk";
    return { ...folder, documents: { "notes.yaml": document } };
  };
  const before = withDocument(DOCUMENT);

  test.each([
    [
      "another method",
      { paths: { "/notes": { delete: operation({ description: "Lists." }) } } },
      [
        "narrower * notes__list_notes: is said to write, or not said to only read any more",
        "may-be-wider * notes__list_notes: a call is DELETE /notes instead of GET /notes",
      ],
    ],
    [
      "other words for models",
      { paths: { "/notes": { get: operation({ description: "Lists. Call it often." }) } } },
      [
        "may-be-wider * notes__list_notes: is described to models in other words [it was: Lists.; it is: Lists. Call it often.]",
      ],
    ],
    [
      "a credential",
      {
        paths: { "/notes": { get: operation({ description: "Lists.", security: [{ key: [] }] }) } },
      },
      [
        "may-be-wider * notes__list_notes: a call carries the header x-key instead of no credential",
      ],
    ],
    [
      "another place",
      { servers: [{ url: "https://other.example" }] },
      [
        "may-be-wider * tool server notes: its calls go to https://other.example instead of https://notes.example",
      ],
    ],
    ["another title", { info: { title: "My notes", version: "2" } }, []],
  ])("that a document gives %s", (_, change, lines) => {
    expect(linesOf(before, withDocument({ ...DOCUMENT, ...change }))).toEqual(lines);
  });

  // Whoever is observed may call what no manifest grants.
  test.each([
    [null, "other", "has more tools, for manifests to grant"],
    [["desk"], "other", "has more tools, for manifests to grant"],
    [["notes"], "wider", "has more tools, which observed agents may call at once"],
    [undefined, "wider", "has more tools, which observed agents may call at once"],
  ])("that is new is %s", (observe_servers, direction, says) => {
    const more = { ...DOCUMENT.paths, "/all": { delete: { operationId: "forget_all" } } };
    const after = { ...DOCUMENT, paths: more };
    const [one, other] = [withDocument(DOCUMENT), withDocument(after)];
    for (const { bot } of observe_servers === null ? [] : [one, other]) {
      Object.assign(bot, { mode: "observe", observe_until: "2030-01-01T00:00:00Z" });
      if (observe_servers !== undefined) bot.observe_servers = observe_servers;
    }
    expect(linesOf(one, other)).toEqual([`${direction} * tool server notes: ${says} [forget_all]`]);
  });

  test.each([
    [undefined, ["10.0.0.0/8"], ["wider: may be connected to in 10.0.0.0/8"]],
    [["10.0.0.0/8"], ["10.0.0.0/8", "10.1.0.0/16"], []],
    [
      ["10.0.0.0/8"],
      ["10.1.0.0/16"],
      ["narrower: may not be connected to any more in all of 10.0.0.0/8"],
    ],
    [
      ["10.0.0.0/8"],
      ["::a00:0/104"],
      [
        "wider: may be connected to in ::a00:0/104",
        "narrower: may not be connected to any more in all of 10.0.0.0/8",
      ],
    ],
    [["::1"], ["::1/128"], []],
    [["127.0.0.1"], ["127.0.0.0/31"], ["wider: may be connected to in 127.0.0.0/31"]],
  ])("that may be in the networks %j → %j", (old, now, lines) => {
    const inNetworks = (networks: unknown) => {
      const folder = base();
      folder.main.tool_servers.web = {
        kind: "http",
        url: "https://web.example",
        tools: { look: { method: "GET", path: "/" } },
      };
      for (const tool of folder.bot.allowed_tools) tool.server = "desk";
      if (networks !== undefined) folder.main.tool_servers.web.allow_addresses = networks;
      return folder;
    };
    const told = linesOf(inNetworks(old), inNetworks(now));
    expect(told).toEqual(lines.map((line) => line.replace(": ", " * tool server web: ")));
  });
});

test("what comes from outside is told by its name, also where it is there", () => {
  const started = (args: string[]) => {
    const folder = base();
    const tools = { go: { effect: "write" } };
    folder.main.tool_servers.box = { kind: "mcp", command: "node", args, tools };
    for (const tool of folder.bot.allowed_tools) tool.server = "desk";
    return folder;
  };
  const environment = { ONE: "sk-secret", OTHER: "sk-secret" };
  expect(linesOf(started(["${ONE}"]), started(["${OTHER}"]), environment)).toEqual([
    'may-be-wider * tool server box: its calls go to a program that is started here, ["node","${OTHER}"] instead of a program that is started here, ["node","${ONE}"]',
  ]);
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
      ["wider * breaker stuck: only alerts instead of tripping"],
    ],
    [
      "with a nearer line",
      ({ main }) => {
        main.breakers = [{ name: "stuck", above: { value: 3 } }];
      },
      ["narrower * breaker stuck: its line is 3 instead of 8"],
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
        "may-be-wider * tool server desk: its calls go to http://127.0.0.1:7001/mcp instead of http://127.0.0.1:7000/mcp",
      ],
    ],
    [
      "with another token",
      (folder) => {
        desk(folder).auth.bearer = "${OTHER}";
      },
      ["may-be-wider * tool server desk: auth.bearer: ${OTHER} instead of ${DESK}"],
    ],
    [
      "without a token",
      (folder) => {
        delete desk(folder).auth;
      },
      ["may-be-wider * tool server desk: auth.bearer: nothing any more; it was ${DESK}"],
    ],
    [
      "with more connections",
      (folder) => {
        desk(folder).connections_max = 2;
      },
      ["other * tool server desk: the gateway has 2 connections to it instead of 64"],
    ],
    [
      "with a tool server more",
      ({ main }) => {
        main.tool_servers.other = { kind: "agent", tools: { x: { effect: "read" } } };
      },
      [
        "wider * tool server other: a new tool server, whose calls go to the agent itself",
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
    "wider bot desk__close: calls that fit a schema wait for a person instead of every call",
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
