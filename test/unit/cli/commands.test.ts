import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { NotifierState } from "../../../src/control/notifier-operations.ts";
import {
  BUDGET,
  commitment,
  forfeit,
  parkedRow,
  review,
  TOKENS,
  task,
} from "../control/operations.ts";
import { type Gateway, gateway, slipclutch } from "./harness.ts";

let running: Gateway;
const folder = mkdtempSync(join(tmpdir(), "slipclutch-cli-"));
const opened: Gateway[] = [];

beforeEach(async () => {
  running = await gateway();
  opened.push(running);
});

afterAll(async () => {
  for (const { listener } of opened) await listener.close();
  rmSync(folder, { recursive: true });
});

const ON_CALL: NotifierState = {
  ...{ notifier: "on-call", kind: "slack", to: "https://hooks.slack.com" },
  route: { agents: ["support*"], labels: { team: "care" }, on: ["trip", "alert"] },
  ...{ sent: 3, pending: 2, givenUp: 1, lastSentAt: null },
  lastError: { at: Date.UTC(2026, 0, 1), error: "status 500: \u001b[2Jsorry" },
};

describe("shapes for programs", () => {
  test("of a new key", async () => {
    const { code, out } = await running.ask("keys", "create", "--agent", "support", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      key: expect.stringMatching(/^sck_/),
      id: "key_3",
      agent: "support",
      expires_at: null,
    });
  });

  test("of budgets", async () => {
    const { code, out } = await running.ask("budgets", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual([
      {
        name: "support-monthly",
        scope: "support",
        unit: "usd",
        limit_usd: "500",
        spent_usd: "12.5",
        reserved_usd: "0.001",
        leased_usd: "0.002",
        forfeited_usd: "0",
        committed_usd: "0",
        remaining_usd: "487.499",
        window: "month",
        window_starts_at: "2026-01-01T00:00:00.000Z",
        window_ends_at: "2026-02-01T00:00:00.000Z",
        forecast: { by: "last_24h", spent_usd: "625" },
        no_forecast: null,
        passes_at: "2026-01-25T00:00:00.000Z",
      },
    ]);
  });

  test("of the journal: one entry a line, the newest by default, all in order with --all", async () => {
    const newest = await running.ask("journal", "--json", "--limit", "2");
    const entries = newest.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries.map(({ position }) => position)).toEqual([39, 40]);
    expect(entries[0]).toMatchObject({ kind: "call.settled", event: { charged_usd: "0.0004" } });
    const all = await running.ask("journal", "--json", "--all");
    const positions = all.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).position);
    expect(positions).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    const none = await running.ask("journal", "--json", "--agent", "nobody");
    expect(none).toEqual({ code: 0, out: "", err: "" });
  });

  test("of an explanation", async () => {
    const { code, out } = await running.ask("explain", "dec_7", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ decision: "dec_7", state: "settled" });
  });

  test("of a verified journal, and of one that was tampered with", async () => {
    const good = await running.ask("journal", "verify", "--json");
    expect(good.code).toBe(0);
    expect(JSON.parse(good.out)).toMatchObject({ ok: true, entries: 40 });
    running.operations.rows.entries.splice(3, 1);
    const bad = await running.ask("journal", "verify", "--json");
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out)).toMatchObject({ ok: false, bad: { writer: "aa", no: 4 } });
  });

  test("of a failure: on the other stream, with the exit code", async () => {
    const { code, out, err } = await running.ask("explain", "nothing", "--json");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(JSON.parse(err)).toMatchObject({
      error: { code: "decision.unknown", hint: expect.stringContaining("1 s") },
    });
  });

  test.each([
    ["status"],
    ["reload"],
    ["keys", "list"],
    ["keys", "revoke", "key_viewer"],
    ["tasks", "list"],
    ["tasks", "end", "support", "t1"],
    ["tasks", "transcript", "t1"],
    ["tasks", "erase", "t1", "--reason", "asked for"],
    ["agents"],
    ["agents", "pause", "support", "--reason", "odd"],
    ["agents", "pause", "--all", "--reason", "odd"],
    ["agents", "resume", "support", "--reason", "fine"],
    ["reviews"],
    ["reviews", "show", "r-a"],
    ["reviews", "resume", "r-a", "--reason", "fine"],
    ["reviews", "probe", "r-a", "--task", "t1", "--reason", "look"],
    ["reviews", "end", "r-a", "--task", "t1", "--reason", "hopeless"],
    ["forfeits"],
    ["forfeits", "release", "--holder", "aa", "--billed-usd", "0.5", "--reason", "bill"],
    ["commitments"],
    ["notifiers"],
    ["notifiers", "test", "on-call"],
    ["commitments", "end", "d-1", "--reason", "gone"],
    ["model-flags", "list"],
    ["model-flags", "clear", "openai", "gpt-5", "--reason", "fixed"],
  ])("of %s %s are JSON", async (...args) => {
    running.operations.taskRecords.push(task("t1"));
    running.operations.forfeitStates.push(forfeit("aa"));
    running.operations.reviewRows.push(review("r-a"));
    running.operations.notifierStates.push(ON_CALL);
    running.operations.commitmentRows.push(commitment("d-1"));
    const flag = {
      provider: "openai",
      model: "gpt-5",
      what: "output",
      since: 0,
      call: "c",
    } as const;
    running.operations.modelFlags.push(flag);
    const { code, out, err } = await running.ask(...args, "--json");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out)).toBeTypeOf("object");
  });
});

describe("for people", () => {
  test("budgets are a table, or blocks on a narrow screen", async () => {
    const wide = await running.ask("budgets");
    expect(wide.out).toBe(
      "budget           scope    limit $  spent $  reserved $  leased $  remaining $  used                forecast  until\n" +
        "support-monthly  support      500     12.5       0.001     0.002      487.499    2%  over 2026-01-25T00:00Z  2026-02-01T00:00:00.000Z\n",
    );
    const { environment } = running;
    const narrow = await slipclutch(["budgets"], { environment, columns: 40 });
    expect(narrow.out.split("\n")[0]).toBe("budget       support-monthly");
    expect(Math.max(...narrow.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  test("budgets of other units say what they count, and show no dollars", async () => {
    const { budgetStates } = running.operations;
    const some = {
      ...BUDGET,
      budget: "some",
      unit: "tokens",
      limit: 100n,
      remaining: 20n,
    } as const;
    const forecast = { kind: "reckoned", spent: 99n, passesAt: null, by: "window" } as const;
    budgetStates.push({ ...some, forecast });
    const [head, money, tokens] = (await running.ask("budgets")).out.split("\n");
    expect(head).toMatch(/^budget +scope +unit +limit +spent +reserved +leased +remaining +used/);
    expect(money).toMatch(/^support-monthly +support +USD +500 +12\.5 /);
    expect(tokens).toMatch(/^some +support +tokens +100 .* 20 +80% +99 /);
  });

  test("colours are for terminals only", async () => {
    const { environment } = running;
    const colour = "\u001b[";
    const terminal = await slipclutch(["budgets"], { environment, terminal: true });
    expect(terminal.out).toContain(colour);
    const quiet = { ...environment, NO_COLOR: "1" };
    const plain = await slipclutch(["budgets"], { environment: quiet, terminal: true });
    expect(plain.out).not.toContain(colour);
    expect((await running.ask("budgets")).out).not.toContain(colour);
  });

  test("a decision is explained line by line", async () => {
    const { out } = await running.ask("explain", "dec_7");
    expect(out).toMatchInlineSnapshot(`
      "dec_7 was let through and has ended
      when      2027-01-15T08:00:05.000Z
      who       agent support, task ticket-1, key key_1
      rules     git:0123456789ab
      asked     format openai-chat, model gpt-5-mini, provider openai, output_cap 512, bytes 1834, attempt 0
      guards    identity  allow
                manifest  allow  (model gpt-5-mini)
                budget    allow  (reserved 1200000, remaining 499.9)
      budgets   monthly of support: reserved $0.0012, charged $0.0004
                each-task of t: reserved $0.0012, charged $0.0004
      ended     outcome ok, status 200, reserved_usd 0.0012, charged_usd 0.0004, usage (input 400, cached_input 10, output 100, reasoning 40, service_tier default), sent_cap 512, decided_ms 0.2, first_byte_ms 300, ended_ms 900
      "
    `);
  });

  test("a new key stands alone on its stream", async () => {
    const { out, err } = await running.ask(
      "keys",
      "create",
      "--agent",
      "support",
      "--expires-in",
      "1d",
    );
    expect(out).toMatch(/^sck_[0-9a-f]{32}\n$/);
    expect(err).toMatch(/^key_3 for agent support; expires .*not shown again/);
  });

  test("an operator's token carries its role", async () => {
    const { code, err } = await running.ask(
      "keys",
      "create",
      "--operator",
      "jo",
      "--role",
      "viewer",
    );
    expect(code).toBe(0);
    expect(err).toContain("operator jo (viewer)");
    expect((await running.ask("keys", "list")).out).toContain("operator jo (viewer)");
  });

  test("status says where everything is, and exit code 1 says that no call is admitted", async () => {
    const ready = await running.ask("status");
    expect(ready.code).toBe(0);
    expect(ready.out).toContain("is ready\n");
    expect(ready.out).toContain("http://127.0.0.1:4141  (support)");
    running.operations.notReady = "the store is out of reach";
    const not = await running.ask("status");
    expect(not.code).toBe(1);
    expect(not.out).toContain("not ready: the store is out of reach");
  });

  test("a reload that does not validate shows the issues", async () => {
    const issue = {
      file: "slipclutch.yaml",
      line: 3,
      path: "budgets",
      got: "1",
      expected: "2",
      hint: "H.",
    };
    running.operations.reloaded = { kind: "invalid", issues: [issue] };
    const { code, err } = await running.ask("reload");
    expect(code).toBe(1);
    const sentence = "slipclutch.yaml:3 at budgets: got 1, expected 2. H.";
    expect(err).toContain(`  ${sentence}\n`);
    const { err: json } = await running.ask("reload", "--json");
    expect(JSON.parse(json).error.more).toEqual([sentence]);
  });

  test("notifiers are listed with how they stand, and tested", async () => {
    expect((await running.ask("notifiers")).out).toBe(
      "Nobody is told: slipclutch.yaml has no notifiers.\n",
    );
    running.operations.notifierStates.push(ON_CALL);
    const { out } = await running.ask("notifiers");
    expect(out).toMatch(/on-call +slack +trip, alert of support\*, team care +3 +2 +1 +status 500/);
    expect(out).not.toContain("\u001b");
    expect(JSON.parse((await running.ask("notifiers", "--json")).out)).toEqual([
      {
        ...{ name: "on-call", kind: "slack", to: "https://hooks.slack.com" },
        ...{ on: ["trip", "alert"], agents: ["support*"], labels: { team: "care" } },
        ...{ sent: 3, given_up: 1, pending: 2, last_sent_at: null },
        last_error: { at: "2026-01-01T00:00:00.000Z", error: "status 500: \u001b[2Jsorry" },
      },
    ]);
    expect(await running.ask("notifiers", "test", "on-call")).toMatchObject({
      ...{ code: 0, out: "on-call took it: status 200: ok\n" },
    });
    running.operations.delivery = { kind: "refused", because: "status 404: no_service" };
    expect(await running.ask("notifiers", "test", "on-call")).toMatchObject({
      ...{ code: 1, out: "on-call did not take it: status 404: no_service\n" },
    });
    expect(await running.ask("notifiers", "test", "nobody")).toMatchObject({ code: 1, out: "" });
    expect(running.operations.done).toEqual(
      Array.from({ length: 2 }, () => "test on-call by the-admin"),
    );
  });

  test("commitments are shown with what they cost together, and ended for a reason", async () => {
    expect((await running.ask("commitments")).out).toBe("Nothing goes on costing.\n");
    expect((await running.ask("commitments", "--all")).out).toBe("No tool has begun anything.\n");
    running.operations.commitmentRows.push(
      commitment("d-1"),
      commitment("d-2", { service: null, state: "unknown", unrenewable: true }),
      commitment("d-3", { agent: "other", nanoUsdPerHour: 500_000_000n }),
    );
    const { out } = await running.ask("commitments");
    const [head, active, unknown, , total] = out.split("\n");
    expect(head).toMatch(
      /^commitment +agent +tool +made +state +\$\/hour +\$\/day +so far \$ +since$/,
    );
    expect(active).toMatch(/^d-1 +support +cloud__create +svc-1 +active +1 +24 +0\.5 +2026/);
    expect(unknown).toMatch(/^d-2 .* – +unknown, not renewed +1 +24/);
    expect(total).toBe("3 at $2.5 an hour, $60 a day");
    expect((await running.ask("commitments", "--agent", "other")).out).toContain("d-3");
    const json = await running.ask("commitments", "--json");
    expect(JSON.parse(json.out)).toMatchObject([{ id: "d-1" }, { id: "d-2" }, { id: "d-3" }]);
    expect((await running.ask("commitments", "end", "d-1")).code).toBe(2);
    const ended = await running.ask("commitments", "end", "d-1", "--reason", "gone");
    expect(ended.out).toBe("Ended d-1, which has cost $0.5.\n");
    const again = await running.ask("commitments", "end", "d-1", "--reason", "gone");
    expect(again).toMatchObject({ code: 1, out: "" });
    expect(again.err).toContain("slipclutch commitments");
    const left = await running.ask("commitments", "--all", "--json");
    expect(JSON.parse(left.out)[0]).toMatchObject({ state: "ended", reason: "gone" });
  });

  test("forfeits are shown with what is missing, and what was released", async () => {
    expect((await running.ask("forfeits")).out).toBe("Nothing is forfeited.\n");
    expect((await running.ask("forfeits", "--released")).out).toBe("Nothing was released.\n");
    const { forfeitStates } = running.operations;
    forfeitStates.push(forfeit("aa"), forfeit("bb", { proof: { kind: "may-run" } }));
    const [head, gone, missing] = (await running.ask("forfeits")).out.split("\n");
    expect(head).toMatch(/^holder +process +fenced +budget +scope +until +forfeited \$ +evidence$/);
    expect(gone).toMatch(/^aa +box 42 .* all +support .* 1\.5 +gone$/);
    expect(missing).toMatch(/missing: nothing here proves that its process is gone/);
    const how = ["forfeits", "release", "--reason", "bill", "--holder"];
    const done = await running.ask(...how, "aa", "--billed-usd", "0.5", "--budget", "all");
    expect(done.out).toBe("all of support: $1 released, still charged: $0.5.\n");
    const refused = await running.ask(...how, "bb", "--billed-usd", "0.5");
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("may be spent twice") });
    const forced = await running.ask(...how, "bb", "--without-evidence");
    expect(forced.out).toBe(
      "all of support: $1.5 released, still charged: $0. It may be overspent by $1.5.\n",
    );
    const { out } = await running.ask("forfeits", "--released");
    expect(out.split("\n")[1]).toMatch(/ bb +all +support +1\.5 +0 +none +the-admin +bill$/);
  });

  test("forfeits of tokens are released in tokens", async () => {
    const tokens = forfeit("aa", { budget: "some", unit: "tokens", amount: 70n });
    running.operations.forfeitStates.push(tokens, forfeit("bb"));
    const [head, row] = (await running.ask("forfeits")).out.split("\n");
    expect(head).toMatch(/ until +unit +forfeited +evidence$/);
    expect(row).toMatch(/ tokens +70 +gone$/);
    const how = ["forfeits", "release", "--reason", "bill", "--holder", "aa"];
    const done = await running.ask(...how, "--billed-tokens", "20");
    expect(done.out).toBe("some of support: 50 tokens released, still charged: 20 tokens.\n");
    const other = await running.ask(...how, "--billed-calls", "1");
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining("no such forfeit") });
  });

  test("the first bad entry of a journal is named", async () => {
    running.operations.rows.entries.splice(3, 1);
    const { code, out } = await running.ask("journal", "verify");
    expect(code).toBe(1);
    expect(out).toContain("number 4 of writer aa");
  });

  test("nothing that a gateway sends can move the cursor", async () => {
    running.operations.taskRecords.push(task("a\u001b[2Jb"));
    const { out } = await running.ask("tasks", "list");
    expect(out).toContain("a�[2Jb");
  });
});

describe("which gateway", () => {
  test("is told by options before the environment", async () => {
    const { url } = running.listener;
    const environment = { SLIPCLUTCH_URL: "http://127.0.0.1:1", SLIPCLUTCH_TOKEN: "no" };
    const args = ["status", "--url", url, "--token", TOKENS.viewer];
    expect((await slipclutch(args, { environment })).code).toBe(0);
  });

  test("is told by the data folder, named or the default one", async () => {
    const text = JSON.stringify({ url: running.listener.url, token: TOKENS.viewer });
    const data = mkdtempSync(join(folder, "data-"));
    writeFileSync(join(data, "control.json"), text);
    expect((await slipclutch(["status", "--data", data])).code).toBe(0);
    const place = mkdtempSync(join(folder, "place-"));
    const missing = await slipclutch(["status"], { folder: place });
    expect(missing.code).toBe(3);
    expect(missing.err).toContain(join(place, ".slipclutch", "control.json"));
  });

  test("never gets the local token unasked", async () => {
    const { code, err } = await slipclutch(["status", "--url", running.listener.url]);
    expect(code).toBe(2);
    expect(err).toContain("No token");
  });

  test.each([
    ["{", "not what a gateway writes"],
    ['{"url":1}', "not what a gateway writes"],
    ["null", "not what a gateway writes"],
  ])("is not found in a file with %s", async (text, why) => {
    const data = mkdtempSync(join(folder, "bad-"));
    writeFileSync(join(data, "control.json"), text);
    const { code, err } = await slipclutch(["status", "--data", data]);
    expect(code).toBe(3);
    expect(err).toContain(why);
  });

  test("that does not answer, or does not know the token, is exit code 3", async () => {
    const dead = { SLIPCLUTCH_URL: "http://127.0.0.1:1", SLIPCLUTCH_TOKEN: "x" };
    const unreachable = await slipclutch(["status"], { environment: dead });
    expect(unreachable.code).toBe(3);
    expect(unreachable.err).toContain("No gateway answers");
    const environment = { ...running.environment, SLIPCLUTCH_TOKEN: "sco_wrong" };
    const refused = await slipclutch(["status"], { environment });
    expect(refused.code).toBe(3);
    const agent = { ...running.environment, SLIPCLUTCH_TOKEN: "sck_key" };
    const agents = await slipclutch(["status"], { environment: agent });
    expect(agents.code).toBe(3);
    expect(agents.err).toContain("agent key");
  });
});

describe("usage", () => {
  test.each([
    [["nonsense"]],
    [["explain"]],
    [["status", "--nonsense"]],
    [["start", "--agent-port", "70000"]],
    [["start", "--agent-port", "-1"]],
    [["keys", "create"]],
    [["keys", "create", "--operator", "jo"]],
    [["keys", "create", "--agent", "a", "--operator", "jo", "--role", "viewer"]],
    [["keys", "create", "--operator", "jo", "--role", "root"]],
    [["model-flags", "clear", "openai", "gpt-5"]],
    [["forfeits", "release", "--billed-usd", "1", "--reason", "r"]],
    [["forfeits", "release", "--holder", "aa", "--billed-usd", "1"]],
    [["forfeits", "release", "--holder", "aa", "--reason", "r"]],
    [["forfeits", "release", "--holder", "aa", "--reason", "r", "--billed-usd", "all"]],
    [["journal", "--limit", "0"]],
    [["status", "--url", "nonsense", "--token", "x"]],
  ])("that is wrong is exit code 2: %j", async (args) => {
    const { code, out, err } = await running.ask(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).not.toBe("");
  });

  test("a slip is answered with what was meant", async () => {
    expect((await slipclutch(["budgest"])).err).toContain("Did you mean budgets?");
  });

  test("every command has help with an example", async () => {
    const { code, out } = await slipclutch(["--help"]);
    expect(code).toBe(0);
    const names = ["start", "check", "init", "status", "budgets", "explain", "reload", "journal"];
    for (const name of names) {
      expect(out).toContain(`  ${name} `);
      expect((await slipclutch([name, "--help"])).out).toContain("Example:\n  slipclutch ");
    }
    for (const args of [
      ["keys", "create"],
      ["keys", "revoke"],
      ["tasks", "end"],
      ["tasks", "transcript"],
      ["tasks", "erase"],
      ["forfeits", "release"],
      ["journal", "verify"],
    ]) {
      expect((await slipclutch([...args, "--help"])).out).toContain("Example:\n  slipclutch ");
    }
  });

  test("the version is told", async () => {
    expect(await slipclutch(["--version"])).toEqual({ code: 0, out: "1.2.3\n", err: "" });
  });
});

describe("a guardrails folder", () => {
  test("is made by init and passes check", async () => {
    const place = mkdtempSync(join(folder, "rails-"));
    expect((await slipclutch(["init"], { folder: place })).code).toBe(0);
    const checked = await slipclutch(["check"], { folder: place });
    expect(checked.code, checked.err).toBe(0);
    expect((await slipclutch(["init"], { folder: place })).code).toBe(1);
    writeFileSync(join(place, "guardrails", "slipclutch.yaml"), "nonsense: 1\n");
    expect((await slipclutch(["check", "--json"], { folder: place })).code).toBe(1);
  });

  test("is shown with the tools of its agents", async () => {
    const place = mkdtempSync(join(folder, "tools-"));
    expect((await slipclutch(["init"], { folder: place })).code).toBe(0);
    const rails = join(place, "guardrails");
    const quantity = 'quantity: { pointer: "/result/s" }, max: 2.5';
    writeFileSync(
      join(rails, "slipclutch.yaml"),
      `version: 1
budgets: [{ name: b, each: agent, limit_usd: 1, window: day }]
tool_servers:
  files: { kind: mcp, url: "http://127.0.0.1:1/mcp", tools: { find: { effect: read } } }
`,
    );
    writeFileSync(
      join(rails, "agents", "example.yaml"),
      `version: 1
agent: example
allowed_tools:
  - tool_name: find
    rate_limit: { requests: 3, per_seconds: 60 }
    arguments: { properties: { name: { type: string } } }
    cost: { usd: 0.5, per: second, ${quantity} }
  - { tool_name: drop, read_only: false, empty_result: error, timeout: 2s }
`,
    );
    const { code, out, err } = await slipclutch(["check"], { folder: place });
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(
      [
        "agent    tool  server  effect  rate limit  max $/call  arguments",
        "example  find  files   read    3 in 60s    1.25        checked",
        "example  drop  files   write   -           0           any",
      ].join("\n"),
    );
    const json = JSON.parse((await slipclutch(["check", "--json"], { folder: place })).out);
    const rest = { agent: "example", server: "files" };
    expect(json.tools).toEqual([
      {
        ...{ ...rest, tool: "find", effect: "read", read_only: true },
        ...{ rate_limit: { requests: 3, per_seconds: 60 }, cost_max_usd: "1.25" },
        ...{ arguments_checked: true, empty_result: "ok", timeout_ms: 60_000 },
        ...{
          max_result_bytes: 8_388_608,
          max_concurrent: null,
          repeats_max: null,
          output_checked: false,
        },
      },
      {
        ...{ ...rest, tool: "drop", effect: "write", read_only: false },
        ...{ rate_limit: null, cost_max_usd: "0" },
        ...{ arguments_checked: false, empty_result: "error", timeout_ms: 2000 },
        ...{
          max_result_bytes: 8_388_608,
          max_concurrent: null,
          repeats_max: null,
          output_checked: false,
        },
      },
    ]);
  });
});

describe("agents and reviews", () => {
  const shape = { agent: "support", clutch: "engaged", since: null, review: null, task: null };

  test("for programs", async () => {
    const engaged = await running.ask("agents", "--json");
    expect(JSON.parse(engaged.out)).toEqual([{ ...shape, held: 0 }]);
    running.operations.reviewRows.push(review("r-a"), review("r-b", { state: "closed" }));
    const { out } = await running.ask("reviews", "--json");
    expect(JSON.parse(out)).toEqual([
      {
        ...{ id: "r-a", agent: "support", kind: "trip", reason: "the same call 9 times" },
        ...{ opened_at: "2026-01-02T00:00:00.000Z", parked: 0, version: 0, state: "open" },
      },
    ]);
    const all = await running.ask("reviews", "--all", "--json");
    expect(JSON.parse(all.out)).toHaveLength(2);
  });

  test("an agent is paused, seen to be, and resumed for a reason", async () => {
    const before = await running.ask("status");
    expect(before.out).not.toContain("agents paused");
    const paused = await running.ask("agents", "pause", "support", "--reason", "odd");
    expect(paused).toMatchObject({ code: 0, err: "" });
    expect(paused.out).toMatch(/support +disengaged/);
    expect((await running.ask("status")).out).toMatch(/agents paused +support/);
    const resumed = await running.ask("agents", "resume", "support", "--reason", "fine");
    expect(resumed.out).toMatch(/support +engaged/);
    expect(running.operations.done).toEqual([
      "pause support by the-admin: odd",
      "resume r-0 by the-admin: fine",
    ]);
    // Of one that is engaged there is nothing to resume.
    expect((await running.ask("agents", "resume", "support", "--reason", "x")).code).toBe(0);
    expect(running.operations.done).toHaveLength(2);
  });

  test("a review shows its evidence and decisions, and no control character", async () => {
    const evidence = JSON.stringify({ rule: "stuck", numbers: { calls: 9 }, last: "\u001b[2J" });
    running.operations.reviewRows.push(review("r-a", { evidence }));
    running.operations.taskRecords.push(task("t1"));
    const asked = ["reviews", "probe", "r-a", "--task", "t1", "--seen", "0", "--reason", "look"];
    expect((await running.ask(...asked)).code).toBe(0);
    const { out } = await running.ask("reviews", "show", "r-a");
    for (const text of ["rule stuck", "numbers.calls 9", "probe t1, by the-admin: look"]) {
      expect(out).toContain(text);
    }
    expect(out).not.toContain("\u001b");
    expect((await running.ask("reviews")).out).toMatch(/r-a +support +trip/);
  });

  test("an approval of a model's call shows why, and its request, and nothing that moves a cursor", async () => {
    const messages = [{ role: "user", content: "hello\u001b[2J" }];
    const asked = { model: "m", max_tokens: 900, messages, tools: [] };
    const known = { model: "m", task: "t1", arguments_bytes: 90, binding: "b" };
    const reasons = ["it is long\u001b[1A", "it is dear"];
    const evidence = JSON.stringify({ ...known, reasons, arguments: asked });
    running.operations.reviewRows.push(review("a-a", { kind: "approval", evidence }));
    const { out } = await running.ask("reviews", "show", "a-a");
    expect(out).toMatch(/^because +it is long.*\n +it is dear\nevidence +model m$/m);
    for (const text of [
      ...["request_bytes 90", "request.model m", "request.max_tokens 900", "request.tools []"],
      "request.messages.0.content hello",
    ]) {
      expect(out).toContain(text);
    }
    for (const text of ["\u001b", "undefined", "arguments"]) expect(out).not.toContain(text);
  });

  test("a review tells of each call whether somebody waits for it, was told, or has gone", async () => {
    running.operations.reviewRows.push(review("r-a"));
    const states = [
      ["parked", "holder", "parked, its client waits"],
      ["parked", null, "parked, its client has gone"],
      ["denied", "holder", "denied, its client was told"],
      ["done", null, "done, its client has gone"],
    ] as const;
    for (const [no, [state, attached]] of states.entries()) {
      running.operations.parkedRows.push(parkedRow({ call: `d-${no}`, state, attached }));
    }
    const { out } = await running.ask("reviews", "show", "r-a");
    for (const [no, [, , says]] of states.entries()) {
      expect(out).toMatch(
        new RegExp(`d-${no} tool of t1 .desk/echo, at most .0.25., .*: ${says}\n`),
      );
    }
  });

  test("what was looked at has changed: exit code 1, and nothing is decided", async () => {
    running.operations.reviewRows.push(review("r-a", { version: 2 }));
    const asked = ["reviews", "resume", "r-a", "--seen", "1", "--reason", "x", "--json"];
    const { code, err } = await running.ask(...asked);
    expect(code).toBe(1);
    expect(JSON.parse(err).error.code).toBe("review.conflict");
    expect(running.operations.done).toEqual([]);
  });

  test("a pause that only this gateway knows ends with the code of one unreachable", async () => {
    running.operations.unstored = true;
    const { code, err } = await running.ask("agents", "pause", "--all", "--reason", "x");
    expect(code).toBe(3);
    expect(err).toContain("Paused at this gateway, and at no other yet: support.");
  });

  test.each([
    [["agents", "pause", "support"]],
    [["agents", "pause", "--reason", "x"]],
    [["agents", "pause", "support", "--all", "--reason", "x"]],
    [["agents", "resume", "--reason", "x"]],
    [["reviews", "resume", "r-a"]],
    [["reviews", "probe", "r-a", "--reason", "x"]],
    [["reviews", "resume", "r-a", "--seen", "-1", "--reason", "x"]],
  ])("%j is written wrongly", async (args) => {
    running.operations.reviewRows.push(review("r-a"));
    expect((await running.ask(...args)).code).toBe(2);
    expect(running.operations.done).toEqual([]);
  });

  test("an agent that does not exist cannot be resumed", async () => {
    const { code, err } = await running.ask("agents", "resume", "nobody", "--reason", "x");
    expect(code).toBe(1);
    expect(err).toContain("There are: support.");
  });
});
