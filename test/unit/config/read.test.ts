import { describe, expect, test } from "vitest";
import { explain } from "../../../src/config/explain.ts";
import { readOf } from "../../../src/guards/library/reading.ts";
import { issuesOf, read, valid, withLine } from "./folder.ts";

const KEY = "ab".repeat(32);

describe("The smallest useful folder", () => {
  const files = {
    "slipclutch.yaml": `
version: 1
providers:
  openai:
    kind: openai
    api_key: \${OPENAI_API_KEY}
budgets:
  - name: support-monthly
    agent: support-transcriber-prod
    limit_usd: 500
    window: month
    on_exhausted: deny     # or park
`,
    "agents/support-transcriber-prod.json": `{
      "schema_version": "v1",
      "agent_id": "support-transcriber-prod"
    }`,
  };

  test("is valid as it stands", () => {
    const configuration = valid(files, { OPENAI_API_KEY: "sk-1" });
    expect(configuration.providers[0]?.apiKey).toBe("sk-1");
    expect(configuration.budgets).toEqual([
      {
        name: "support-monthly",
        only: { agent: "support-transcriber-prod" },
        each: null,
        unit: "usd",
        limit: 500_000_000_000n,
        window: "month",
        onExhausted: "deny",
      },
    ]);
    expect([...configuration.agents.keys()]).toEqual(["support-transcriber-prod"]);
  });

  test("has the documented defaults", () => {
    const { listeners, store, limits, agents, encryptionKey } = valid(files, {
      OPENAI_API_KEY: "sk-1",
    });
    expect(listeners).toEqual({
      agent: { host: "127.0.0.1", port: 4141 },
      control: { host: "127.0.0.1", port: 4142 },
      controlUrl: null,
      agentHosts: [],
    });
    expect(store).toEqual({ url: null, graceMs: 10_000, expiryMs: 12_000 });
    expect(limits).toEqual({
      maxRequestBytes: 16_777_216,
      callsInFlightMax: 1000,
      requestMs: 30_000,
    });
    expect(encryptionKey).toBeNull();
    expect(agents.get("support-transcriber-prod")?.tasks).toEqual({
      newPerHour: 60,
      aliveMax: 1000,
      depthMax: 8,
      childrenMax: 100,
      idleMs: 3_600_000,
      ...{ callsMax: null, toolCallsMax: null, durationMaxMs: null },
    });
  });

  test("has a digest that changes with a file and not with a secret", () => {
    const digest = valid(files, { OPENAI_API_KEY: "sk-1" }).digest;
    expect(digest).toMatch(/^dir:[0-9a-f]{64}$/);
    expect(valid(files, { OPENAI_API_KEY: "sk-2" }).digest).toBe(digest);
    const other = { ...files, "prices.yaml": "# nothing" };
    expect(valid(other, { OPENAI_API_KEY: "sk-1" }).digest).not.toBe(digest);
  });
});

describe("Every field lands in the configuration", () => {
  const configuration = valid(
    {
      "slipclutch.yaml": `
schema_version: v1
listeners:
  agent: "0.0.0.0:1"
  control: "[::1]:65535"
  agent_hosts: [Gateway.Internal, slip_clutch]
store: { url: "postgres://u@h/d?sslmode=verify-full", grace: 20s, expiry: 22s }
encryption_key: ${KEY}
providers:
  one:
    kind: openai
    api_key: a-$\${x}-\${B}
    base_url: http://127.0.0.1:9/v1
    headers: { x-team: "\${B}" }
    models: { fast: gpt-4o-mini }
    prices_of: openai
    allow_fields: [foo]
    input_bound: context_window
    overhead: { base: 1, per_message: 2, per_tool: 3, tools: 4, per_image: 5 }
    cap_field: max_tokens
    output_cap_min: 16
    stream_options: false
    errors_are_free: false
    on_abort: cancel
    frames_are_tokens: false
    shows_all_output: true
    connections_max: 7
  two:
    kind: simulated
    models: [simulated-small]
    simulated:
      latency: 5ms
      chunk_delay: 1ms
      chunks: 3
      output_tokens: 9
      tool_calls: [{ name: t, arguments: { a: [1, null, "x"] } }]
      overbill: 2.5
      fault: reset
      fault_every: 4
budgets:
  - { name: a, agent: bot, limit_usd: "0.000000001", window: day }
  - { name: b, team: T, org: O, key: k, model: fast, limit_usd: 1.5, window: lifetime }
  - { name: c, each: task, limit_usd: 0, window: task }
  - { name: d, limit_tokens: 100000000000000, window: day }
  - { name: e, each: task, limit_calls: "3", window: task }
tool_servers:
  desk:
    kind: mcp
    url: http://127.0.0.1:9/mcp
    auth: { bearer: "\${B}" }
    headers: { x-team: "\${B}" }
    connections_max: 8
    tools: { look: { effect: read }, change: { effect: write } }
  own: { kind: agent, tools: { think: { effect: read } } }
limits:
  max_output_tokens: 10
  max_input_tokens: 20
  max_n: 2
  timeout: 2s
  min_useful_output: 3
  new_tasks_per_hour: 4
  max_active_tasks: 5
  max_depth: 6
  max_children: 7
  max_arguments_bytes: 4096
  max_calls: 11
  max_duration: 2h
  task_idle: 8m
  max_request_bytes: 2048
  calls_in_flight_max: 9
  request_timeout: 10s
`,
      "agents/bot.yml": `
version: 1
agent: bot
labels: { team: T, org: O, owner: P }
models: [simulated-small, { model: fast, max_output_tokens: 99, timeout: 7s }]
limits: { max_n: 3, max_depth: 1, max_tool_calls: 12, max_calls: 13 }
strict: true
uncapped: true
tell_agent: true
on_change: finish
refusal_rounds: 3
mode: observe
observe_until: 2030-01-02T04:04:05+01:00
observe_servers: [desk]
hosted_tools: [web_search]
allowed_resources:
  - { server: desk, uri: "file:///data/a.txt" }
  - { server: desk, under: "file:///data/sub/" }
allowed_prompts: [{ server: desk, name: review }]
allowed_tools:
  - { tool_name: look, server: desk, timeout: 9s, empty_result: error, cost: { usd: 0.5 } }
  - tool_name: change
    server: desk
    read_only: false
    rate_limit: { requests: 100, per_seconds: 60 }
    cost: { usd: 0.006, per: minute, max: 60, quantity: { pointer: /result/s, divide_by: 60 } }
  - { tool_name: think }
blacklisted_tools: [Delete-Ticket]
denied_tools: [drop]
`,
    },
    { B: "bee" },
  );

  test("of slipclutch.yaml", () => {
    const { listeners, store, encryptionKey, providers, budgets, limits } = configuration;
    expect(listeners).toEqual({
      agent: { host: "0.0.0.0", port: 1 },
      control: { host: "::1", port: 65_535 },
      controlUrl: null,
      agentHosts: ["gateway.internal", "slip_clutch"],
    });
    expect(store).toEqual({
      url: "postgres://u@h/d?sslmode=verify-full",
      graceMs: 20_000,
      expiryMs: 22_000,
    });
    expect(encryptionKey).toBe(KEY);
    expect(limits).toEqual({ maxRequestBytes: 2048, callsInFlightMax: 9, requestMs: 10_000 });
    expect(providers).toEqual([
      {
        rules: {
          name: "one",
          formats: ["openai-chat"],
          inputBound: "context_window",
          overhead: { base: 1, perMessage: 2, perTool: 3, tools: 4, perImage: 5 },
          capField: "max_tokens",
          streamOptions: false,
          errorsAreFree: false,
          onAbort: "cancel",
          framesAreTokens: false,
          showsAllOutput: true,
          outputCapMin: 16,
          allowFields: ["foo"],
        },
        kind: "openai",
        baseUrl: "http://127.0.0.1:9/v1",
        apiKey: "a-${x}-bee",
        headers: { "x-team": "bee" },
        models: new Map([["fast", "gpt-4o-mini"]]),
        pricesOf: "openai",
        connectionsMax: 7,
        simulated: null,
      },
      expect.objectContaining({
        kind: "simulated",
        baseUrl: null,
        apiKey: null,
        models: new Map([["simulated-small", "simulated-small"]]),
        pricesOf: "simulated",
        simulated: {
          latencyMs: 5,
          chunkMs: 1,
          chunks: 3,
          outputTokens: 9,
          toolCalls: [{ name: "t", arguments: { a: [1, null, "x"] } }],
          overbill: 2.5,
          fault: "reset",
          faultEvery: 4,
        },
      }),
    ]);
    expect([...configuration.toolServers.values()]).toEqual([
      {
        kind: "mcp",
        name: "desk",
        url: "http://127.0.0.1:9/mcp",
        bearer: "bee",
        headers: { "x-team": "bee" },
        connectionsMax: 8,
        tools: new Map([
          ["look", "read"],
          ["change", "write"],
        ]),
        sql: new Map(),
        unwraps: new Map(),
      },
      {
        kind: "agent",
        name: "own",
        asks: false,
        tools: new Map([["think", "read"]]),
        sql: new Map(),
        unwraps: new Map(),
      },
    ]);
    const four = { team: "T", org: "O", key: "k", model: "fast" };
    const ofTasks = { only: { agent: "bot" }, each: "task", unit: "calls", window: "task" };
    expect(budgets.every(({ onExhausted }) => onExhausted === "deny")).toBe(true);
    expect(budgets.map(({ onExhausted, ...rest }) => rest)).toEqual([
      { name: "a", only: { agent: "bot" }, each: null, unit: "usd", limit: 1n, window: "day" },
      { name: "b", only: four, each: null, unit: "usd", limit: 1_500_000_000n, window: "lifetime" },
      { name: "c", only: {}, each: "task", unit: "usd", limit: 0n, window: "task" },
      { name: "d", only: {}, each: null, unit: "tokens", limit: 10n ** 14n, window: "day" },
      { name: "e", only: {}, each: "task", unit: "calls", limit: 3n, window: "task" },
      { ...ofTasks, name: "limits.max_calls of bot", limit: 13n },
      { ...ofTasks, name: "limits.max_tool_calls of bot", limit: 12n },
    ]);
  });

  test("of a manifest, whose limits are over those of slipclutch.yaml, and a model's over both", () => {
    const limits = {
      maxOutputTokens: 10,
      maxInputTokens: 20,
      maxN: 3,
      timeoutMs: 2000,
      minUsefulOutput: 3,
    };
    const tool = {
      server: "desk",
      effect: "read",
      readOnly: true,
      rateLimit: null,
      sql: null,
      unwraps: null,
      check: null,
      resource: [],
      pin: null,
      cost: null,
      approval: "never",
      emptyIsError: false,
      timeoutMs: 60_000,
      commitment: null,
      ends: [],
      resultBytesMax: 8_388_608,
      concurrentMax: null,
      isGranted: true,
      takes: null,
      repeatsMax: null,
      output: null,
    };
    const look = { ...tool, emptyIsError: true, timeoutMs: 9_000 };
    expect(configuration.agents.get("bot")).toEqual({
      agent: "bot",
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      labels: { team: "T", org: "O", owner: "P" },
      models: new Map([
        ["simulated-small", limits],
        ["fast", { ...limits, maxOutputTokens: 99, timeoutMs: 7000 }],
      ]),
      limits,
      observe: { until: Date.UTC(2030, 0, 2, 3, 4, 5), servers: new Set(["desk"]) },
      observing: false,
      strict: true,
      uncapped: true,
      tellAgent: true,
      transcripts: true,
      onChange: "finish",
      refusalRounds: 3,
      tasks: {
        ...{ newPerHour: 4, aliveMax: 5, depthMax: 1, childrenMax: 7, idleMs: 480_000 },
        ...{ callsMax: 13, toolCallsMax: 12, durationMaxMs: 7_200_000 },
      },
      tools: {
        allowed: [
          { ...look, tool: "look", cost: { nanoUsd: 500_000_000, quantity: null } },
          {
            ...tool,
            tool: "change",
            effect: "write",
            readOnly: false,
            rateLimit: { requests: 100, perMs: 60_000 },
            cost: {
              nanoUsd: 6_000_000,
              quantity: { pointer: "/result/s", divideBy: 60, max: 60 },
            },
          },
          { ...tool, server: "own", tool: "think" },
        ],
        hosted: new Set(["web_search"]),
        observed: [],
        blacklisted: new Set(["delete_ticket", "drop"]),
        argumentsBytesMax: 4096,
      },
      policies: [],
      library: {
        resources: [
          { server: "desk", uri: "file:///data/a.txt" },
          { server: "desk", under: "file:///data/sub/" },
        ],
        prompts: {
          allowed: [readOf({ server: "desk", tool: "review" }, null)],
          observed: [],
          blacklisted: new Set(),
        },
      },
    });
  });
});

test("Without a provider the simulated one serves both formats", () => {
  for (const line of ["", "providers: {}"]) {
    const [provider, ...rest] = valid(withLine(line)).providers;
    expect(rest).toEqual([]);
    expect(provider?.rules.name).toBe("simulated");
    expect(provider?.rules.formats).toEqual(["openai-chat", "anthropic-messages"]);
  }
});

test("A limit from the environment changes the digest: two gateways must not believe they agree", () => {
  const files = withLine('budgets: [{ name: b, limit_usd: "${L}", window: day }]');
  const one = valid(files, { L: "1" });
  const two = valid(files, { L: "2" });
  expect(one.budgets[0]?.limit).toBe(1_000_000_000n);
  expect(one.digest).not.toBe(two.digest);
});

test("What the environment puts in is not substituted again", () => {
  const files = withLine("providers: { p: { kind: openai, api_key: '${A}' } }");
  expect(valid(files, { A: "${B}", B: "no" }).providers[0]?.apiKey).toBe("${B}");
});

describe("Everything that is wrong is said at once", () => {
  test("over all files, in order, each with a way forward", () => {
    const issues = issuesOf({
      "slipclutch.yaml": `version: 2
listner: {}
listeners: {agent: "foo"}
providers:
  openai:
    kind: opnai
    api_key: [sk-secret]
    headers: { "a b": c }
budgets:
  - name: "x\\u0007"
    limit_usd: -5
    window: hour
    on_exhausted: wait
    alert_at: [0.5]
  - {}
  - 7
limits: {timeout: 5, max_output_tokens: 1.5}
`,
      "agents/b.json": `{"agent":"c","models":[{"modell":"x"}, 5],\t"allowed_tools":[], "strict":"yes"}`,
      "agents/d.json": `{"agent":"d",}`,
      "agents/e.yaml": "agent: e\nagent: f\n",
    });
    expect(`\n${explain(issues)}\n`).toMatchSnapshot();
  });

  // A secret, wherever it stands and whatever is wrong with it, is in no message.
  test("and never a secret", () => {
    const secret = "hunter2secret";
    const lines = [
      `providers: { p: { kind: openai, api_key: ["${secret}"] } }`,
      `providers: { p: { kind: openai, headers: { x-a: ["${secret}"] } } }`,
      `providers: { p: { kind: openai, base_url: "${"https"}://u:pw@h" } }`,
      `store: "mysql://u:${secret}@h"`,
      `store: { url: "mysql://u:${secret}@h" }`,
      `encryption_key: ${secret}`,
      "budgets: [{ name: '${S}\\u0007', limit_usd: '${S}', window: day }]",
    ];
    for (const line of lines) {
      const issues = issuesOf(withLine(line), { S: secret });
      expect(issues.length).toBeGreaterThan(0);
      expect(JSON.stringify(issues)).not.toContain(secret);
    }
    const broken = issuesOf({ "slipclutch.yaml": "", "agents/a.json": `{"key": ${secret}}` });
    expect(JSON.stringify(broken)).not.toContain(secret);
  });
});

const BUDGET = "name: b, limit_usd: 1, window: month";
const BOT = { "agents/bot.yaml": "version: 1\nagent: bot\n" };

// One line of slipclutch.yaml (and other files) → the one issue: path, got, expected, hint.
type Refused = [name: string, files: Record<string, string>, issue: object];
const REFUSED: readonly Refused[] = [
  ["no version", { "slipclutch.yaml": "budgets: []" }, { path: "version", got: "nothing" }],
  [
    "a later window",
    withLine("budgets: [{ name: b, limit_usd: 1, window: week }]"),
    { path: "budgets[0].window", hint: expect.stringContaining("not in this version") },
  ],
  ...[
    ["none", "", "limit_usd", "nothing"],
    ["of money and tokens", "limit_usd: 1, limit_tokens: 2,", "limit_tokens", "2"],
    ["of money and calls", "limit_usd: 1, limit_calls: 0,", "limit_calls", "0"],
    ["of tokens and calls", "limit_tokens: 1, limit_calls: 3,", "limit_calls", "3"],
  ].map(
    ([which, limits, at, got]): Refused => [
      `a budget with limits ${which}`,
      withLine(`budgets: [{ name: b, ${limits} window: day }]`),
      {
        ...{ path: `budgets[0].${at}`, got },
        expected: "exactly one of limit_usd, limit_tokens and limit_calls",
      },
    ],
  ),
  ...["limit_tokens: 1.5", "limit_tokens: -1", "limit_calls: 100000000000001"].map(
    (limit): Refused => [
      `a budget of ${limit}`,
      withLine(`budgets: [{ name: b, ${limit}, window: day }]`),
      { path: `budgets[0].${limit.split(":")[0]}` },
    ],
  ),
  ...["limit_tokens", "limit_calls"].map(
    (limit): Refused => [
      `an agent with ${limit} alone, which is no cap on money`,
      { ...withLine(`budgets: [{ name: b, ${limit}: 5, window: day }]`), ...BOT },
      { file: "agents/bot.yaml", got: "none", hint: expect.stringContaining("uncapped: true") },
    ],
  ),
  [
    "a task window for all tasks together",
    withLine("budgets: [{ name: b, limit_usd: 1, window: task }]"),
    { path: "budgets[0].each", expected: '"task"' },
  ],
  [
    "two budgets of one name",
    withLine(`budgets: [{ ${BUDGET} }, { ${BUDGET} }]`),
    { path: "budgets[1].name", expected: "a name of its own" },
  ],
  [
    "a budget for nobody",
    withLine(`budgets: [{ ${BUDGET}, agent: bot }]`),
    { path: "budgets[0].agent", got: '"bot"', hint: expect.stringContaining("agents/bot.yaml") },
  ],
  [
    "a slip in an agent's name",
    {
      ...withLine(`budgets: [{ ${BUDGET}, agent: bto }, { ${BUDGET.replace("b,", "c,")} }]`),
      ...BOT,
    },
    { path: "budgets[0].agent", hint: 'Did you mean "bot"?' },
  ],
  [
    "a budget for no team",
    withLine(`budgets: [{ ${BUDGET}, team: t }]`),
    { path: "budgets[0].team" },
  ],
  [
    "a budget for a model that nobody serves",
    withLine(`budgets: [{ ${BUDGET}, model: gpt-4o }]`),
    { path: "budgets[0].model", expected: "a model that a provider serves" },
  ],
  [
    "an agent without a budget",
    { ...withLine(""), ...BOT },
    { file: "agents/bot.yaml", got: "none", hint: expect.stringContaining("uncapped: true") },
  ],
  [
    "an agent with a budget for one key only",
    { ...withLine(`budgets: [{ ${BUDGET}, key: k }]`), ...BOT },
    { file: "agents/bot.yaml", got: "none" },
  ],
  [
    "an agent with a budget for one model of many",
    { ...withLine(`budgets: [{ ${BUDGET}, model: simulated-small }]`), ...BOT },
    { file: "agents/bot.yaml", got: "none" },
  ],
  ...[
    ["each model", "each: model"],
    ["its one model", "model: simulated-small"],
  ].map(
    ([what, scope]): Refused => [
      `an agent whose tool costs, on a budget for ${what}`,
      {
        ...withLine(
          `tool_servers: { desk: { kind: mcp, url: "http://127.0.0.1:7000/mcp" } }\n` +
            `budgets: [{ ${BUDGET}, ${scope} }]`,
        ),
        "agents/bot.yaml":
          "version: 1\nagent: bot\nmodels: [simulated-small]\n" +
          "allowed_tools: [{ tool_name: search, read_only: false, cost: { usd: 1 } }]\n",
      },
      { file: "agents/bot.yaml", got: "none" },
    ],
  ),
  ...["max_concurrent: 1", "repeats: { max: 9 }", "empty_result: error", "timeout: 1s"].map(
    (limit): Refused => [
      `a tool that the agent runs itself, with ${limit}`,
      {
        ...withLine(
          "tool_servers: { own: { kind: agent, tools: { search: { effect: read } } } }\n" +
            `budgets: [{ ${BUDGET} }]`,
        ),
        "agents/bot.yaml": `version: 1\nagent: bot\nallowed_tools: [{ tool_name: search, ${limit} }]\n`,
      },
      {
        path: `allowed_tools[0].${limit.split(":", 1)[0]}`,
        expected: "nothing",
        hint: expect.stringContaining("kind: mcp"),
      },
    ],
  ),
  [
    "an agent without a team, on budgets for each team",
    { ...withLine(`budgets: [{ ${BUDGET}, each: team }]`), ...BOT },
    { file: "agents/bot.yaml", got: "none" },
  ],
  [
    "an agent under another name than its file",
    { ...withLine(`budgets: [{ ${BUDGET} }]`), "agents/bot.yaml": "version: 1\nagent: tob\n" },
    { file: "agents/bot.yaml", path: "agent", line: 2, got: '"tob"', expected: '"bot"' },
  ],
  [
    "two names for one agent",
    {
      ...withLine(`budgets: [{ ${BUDGET} }]`),
      "agents/bot.yaml": "version: 1\nagent: bot\nagent_id: x\n",
    },
    { file: "agents/bot.yaml", path: "agent" },
  ],
  [
    "two agents that look the same",
    {
      ...withLine(`budgets: [{ ${BUDGET} }]`),
      "agents/Bot.yaml": "version: 1\nagent: Bot\n",
      ...BOT,
    },
    { path: "agent", expected: "an agent's id of its own" },
  ],
  [
    "a grant of a model that nobody has",
    {
      ...withLine(`budgets: [{ ${BUDGET} }]`),
      "agents/bot.yaml": "version: 1\nagent: bot\nmodels: [simulated-smal]\n",
    },
    {
      path: "models[0]",
      line: 3,
      hint: expect.stringMatching(
        /"simulated-small".*"simulated": \{ "simulated-smal": \{ input: USD, output: USD \} \}/,
      ),
    },
  ],
  [
    "a grant twice",
    {
      ...withLine(`budgets: [{ ${BUDGET} }]`),
      "agents/bot.yaml":
        "version: 1\nagent: bot\nmodels: [simulated-small, { model: simulated-small }]\n",
    },
    { path: "models[1].model", expected: "each model once" },
  ],
  [
    "a provider's model without a price",
    withLine("providers: { o: { kind: openai, api_key: k, models: [gpt-nine] } }"),
    { path: "providers.o.models[0]", hint: expect.stringContaining('"openai": { "gpt-nine"') },
  ],
  [
    "a provider without a key",
    withLine("providers: { o: { kind: openai } }"),
    { path: "providers.o.api_key", got: "nothing" },
  ],
  [
    "a key for the simulated provider",
    withLine("providers: { o: { kind: simulated, api_key: k } }"),
    { path: "providers.o.api_key" },
  ],
  [
    "a script for a real provider",
    withLine("providers: { o: { kind: openai, api_key: k, simulated: {} } }"),
    { path: "providers.o.simulated" },
  ],
  [
    "a price list that is not there",
    withLine("providers: { o: { kind: openai, api_key: k, prices_of: opnai } }"),
    { path: "providers.o.prices_of", hint: expect.stringContaining('Did you mean "openai"') },
  ],
  [
    "a password in a base URL",
    withLine("providers: { o: { kind: openai, base_url: 'http://a:b@h/v1' } }"),
    { path: "providers.o.base_url" },
  ],
  [
    "PostgreSQL without a key",
    withLine("store: postgres://h/d"),
    { path: "encryption_key", got: "nothing" },
  ],
  [
    "a key that is too short",
    withLine("encryption_key: abcd"),
    { path: "encryption_key", got: "a value that is not shown" },
  ],
  [
    "an expiry too close to the grace",
    withLine("store: { grace: 11s, expiry: 12s }"),
    { path: "store.expiry", expected: expect.stringContaining("12022 ms") },
  ],
  [
    "a variable that is not set",
    withLine("providers: { o: { kind: openai, api_key: '${NOPE}' } }"),
    { path: "providers.o.api_key", got: "${NOPE}, which is not set" },
  ],
  [
    "a variable with a default, which is another tool's syntax",
    withLine("encryption_key: '${NOPE:-x}'"),
    { path: "encryption_key" },
  ],
  ["a port that is none", withLine("listeners: { agent: 'h:65536' }"), { path: "listeners.agent" }],
  [
    "a name with a port",
    withLine("listeners: { agent_hosts: ['gateway:4141'] }"),
    {
      path: "listeners.agent_hosts[0]",
      got: '"gateway:4141"',
      expected: 'a name like "gateway.internal", without scheme, port or path',
      hint: "Leave out what is around the name.",
    },
  ],
  [
    "an amount finer than nano-USD",
    withLine("budgets: [{ name: b, limit_usd: '0.0000000001', window: day }]"),
    { path: "budgets[0].limit_usd" },
  ],
  [
    "an amount beyond the store's integers",
    withLine("budgets: [{ name: b, limit_usd: 9200000001, window: day }]"),
    { path: "budgets[0].limit_usd" },
  ],
  [
    "a number whose digits are lost",
    withLine("budgets: [{ name: b, limit_usd: 1234567.123456789, window: day }]"),
    { path: "budgets[0].limit_usd" },
  ],
  ["an alias", withLine("limits: &a { max_n: 1 }\nproviders: *a"), { expected: "a plain value" }],
  [
    "a key that would be a prototype",
    withLine("providers: { __proto__: { kind: simulated } }"),
    { expected: "keys that are plain names" },
  ],
  [
    "a key with half a character",
    withLine('providers: { "\\ud800": { kind: simulated } }'),
    { expected: "keys that are plain names" },
  ],
  [
    "a text with half a character",
    withLine('providers: { local: { kind: simulated, models: ["\\udc00"] } }'),
    { path: "providers.local.models[0]", expected: "whole characters" },
  ],
  [
    "deep nesting",
    withLine(`limits: ${"[".repeat(40)}${"]".repeat(40)}`),
    { expected: "at most 32 levels of nesting" },
  ],
  [
    "a negative price",
    { ...withLine(""), "prices.yaml": "openai: { m: { input: -1, output: 2 } }" },
    { path: "openai.m.input", got: "-1" },
  ],
  [
    "half a price",
    { ...withLine(""), "prices.yaml": "openai: { m: { input: 1 } }" },
    { path: "openai.m", expected: "both input and output" },
  ],
  [
    "a price that is null",
    { ...withLine(""), "prices.yaml": "openai: { gpt-4o: { input: null } }" },
    { path: "openai.gpt-4o.input" },
  ],
  [
    "a limit alone for a model without a price",
    { ...withLine(""), "prices.yaml": "openai: { m: { max_output: 1 } }" },
    { path: "openai.m" },
  ],
  [
    "an unknown field of a price",
    { ...withLine(""), "prices.yaml": "openai: { gpt-4o: { inptu: 1 } }" },
    { path: "openai.gpt-4o.inptu", hint: 'Did you mean "input"?' },
  ],
];

test.each(REFUSED)("Refused: %s", (_, files, issue) => {
  const issues = issuesOf(files);
  expect(issues).toHaveLength(1);
  expect(issues[0]).toMatchObject(issue);
  for (const text of [issues[0]?.got, issues[0]?.expected, issues[0]?.hint])
    expect(text).toMatch(/\S/);
});

test("An agent is capped by budgets for each of its models, when it is granted no others", () => {
  const files = {
    ...withLine(`budgets: [{ ${BUDGET}, model: simulated-small }]`),
    "agents/bot.yaml": "version: 1\nagent: bot\nmodels: [simulated-small]\n",
  };
  expect(read(files).kind).toBe("ok");
});

test("JSON is strict: comments, trailing commas and unquoted keys are refused, tabs are not", () => {
  const manifest = (text: string) => ({
    ...withLine(`budgets: [{ ${BUDGET} }]`),
    "agents/a.json": text,
  });
  expect(read(manifest('{\n\t"version":\t1,\n\t"agent": "\\u0061"\n}')).kind).toBe("ok");
  for (const text of [
    '{"version":1,"agent":"a",}',
    '{"version":1,agent:"a"}',
    '{"version":1,"agent":"a"} # x',
  ]) {
    expect(issuesOf(manifest(text))[0]).toMatchObject({ expected: "strict JSON" });
  }
  const twice = issuesOf(manifest('{"version":1,\n"agent":"a",\n"\\u0061gent":"a"}'));
  expect(twice[0]).toMatchObject({ expected: "each key once", line: 3 });
});

test("Nesting that no parser's stack holds is an issue, not a crash", () => {
  const depth = 20_000;
  for (const text of [`${"[".repeat(depth)}${"]".repeat(depth)}`, `\n  ${"- ".repeat(depth)}x`]) {
    const issues = issuesOf(withLine(`limits: ${text}`));
    expect(issues).toMatchObject([{ expected: "at most 32 levels of nesting" }]);
  }
});
