/** Commands that review a folder know its policies: explain, lint, incidents and tests. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CaseFile } from "../../../src/config/incident-case.ts";
import { type FakeOpa, fakeOpa } from "../../../src/testing/fake-opa.ts";
import { writeFolder } from "../../support/gateway.ts";
import { slipclutch } from "./harness.ts";

const WORDS = `package words

decision := {"allow": true, "deny": deny, "park": park}

deny contains "no secrets" if contains(input.call.arguments.text, "secret")

deny contains "more than three calls" if input.task.calls >= 3

deny contains "it is late" if time.clock(time.now_ns())[0] >= 18

deny contains "another agent" if input.agent_id != "worker"

deny contains "another team" if input.labels != {"team": "care"}

deny contains "a budget is known" if count(input.budgets) > 0

park contains "it writes" if input.call.effect == "write"
`;
const TABLES = `package tables

default allow := false

allow if not startswith(input.resource.table_name, "customer_pii_")
`;
const BOUND = [
  { name: "words", query: "data.words.decision", on: "tool" },
  { name: "tables", query: "data.tables.allow", on: "tool", resource_type: "database" },
];

interface Made {
  readonly bound?: readonly object[];
  readonly engine?: object;
  readonly files?: Readonly<Record<string, string | object>>;
}

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipclutch-review-"));
});

afterEach(() => rm(root, { recursive: true }));

async function made({ bound = BOUND, engine, files = {} }: Made = {}): Promise<void> {
  await rm(join(root, "guardrails"), { recursive: true, force: true });
  const folder = {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: {
        desk: {
          ...{ kind: "mcp", url: "http://127.0.0.1:1/" },
          tools: {
            echo: { effect: "read" },
            close: { effect: "write" },
            query: { sql: "/arguments/sql" },
          },
        },
      },
      budgets: [{ name: "all", each: "agent", limit_usd: 1, window: "day" }],
      policies: bound,
      ...(engine && { policy_engine: engine }),
    },
    "agents/worker.yaml": {
      ...{ version: 1, agent: "worker", labels: { team: "care" } },
      allowed_tools: [
        { tool_name: "echo" },
        { tool_name: "close", read_only: false },
        { tool_name: "query", read_only: false, resource: { sql_tables: "/arguments/sql" } },
      ],
    },
    "policies/words.rego": WORDS,
    "policies/tables.rego": TABLES,
    ...files,
  };
  await writeFolder(folder, join(root, "guardrails"));
}

const run = (...args: string[]) => slipclutch(args, { folder: root });

function explain(tool: string, args: object, ...flags: string[]) {
  const given = ["--agent", "worker", "--args", JSON.stringify(args)];
  return run("manifest", "explain", tool, ...given, ...flags);
}

/** Not late, wherever and whenever this runs. */
const EARLY = { "policies/words.rego": WORDS.replace(/deny contains "it is late".*\n/, "") };

test("explain tells of an agent which policies decide its calls, and which it may ask", async () => {
  const bound = [
    ...BOUND,
    { name: "quotas", query: "data.tables.allow", expose: true },
    { name: "others", query: "data.tables.allow", on: "model", agents: ["idle"] },
  ];
  await made({ bound, files: { "agents/idle.yaml": { version: 1, agent: "idle" } } });
  const { code, out, err } = await run("manifest", "explain", "--agent", "worker");
  expect(code, err).toBe(0);
  expect(out).toContain(`  of all that, only what these policies allow:
    words: calls of tools, by data.words.decision
    tables: calls of tools about a database, by data.tables.allow
  may ask these policies itself:
    data.tables.allow
`);
  await made({ bound: [] });
  expect((await run("manifest", "explain", "--agent", "worker")).out).not.toContain("policies");
});

describe("explain asks the policies", () => {
  test("of a call that they allow, in a task that has just begun", async () => {
    await made({ files: EARLY });
    const { code, out } = await explain("echo", { text: "hello" });
    expect(code).toBe(0);
    expect(out).toContain("policy      allow\n            words allows it\napproval");
    expect(out).toContain("The manifest and the policies let it through.");
    const [, last] = out.trimEnd().split("\n").slice(-2);
    expect(last).toBe(
      "Policies were told of a task that has just begun, and of no budgets and no metrics.",
    );
  });

  test("and tells why one denies it, of which resource", async () => {
    await made({ files: EARLY });
    const secret = await explain("echo", { text: "my secret" });
    expect(secret.code).toBe(1);
    expect(secret.out).toContain(
      "policy      policy.denied\n            words denies it: no secrets",
    );
    expect(secret.out).toContain("Refused with policy.denied.");
    const sql = "select * from orders, customer_pii_cards";
    const { policies, verdict } = JSON.parse((await explain("query", { sql }, "--json")).out);
    expect(verdict).toBe("deny");
    expect(policies).toContainEqual({
      ...{ policy: "tables", verdict: "deny", reasons: [], because: "it is false" },
      about: "database table_name=customer_pii_cards",
    });
  });

  test("and says what waits for a person, in its words", async () => {
    await made({ files: EARLY });
    const { code, out } = await explain("close", {});
    expect(code).toBe(1);
    expect(out).toContain("words waits until a person approves: it writes");
    expect(out).toContain("It waits until a person approves it.");
  });

  test("but not of a call that the manifest refuses, nor where none is bound", async () => {
    await made({ files: EARLY });
    const unknown = await explain("drop", {});
    expect(unknown.out).not.toContain("policy");
    expect(JSON.parse((await explain("drop", {}, "--json")).out).policies).toEqual([]);
    await made({ bound: [], files: EARLY });
    const { out } = await explain("echo", {});
    expect(out).toContain("The manifest lets it through.");
    expect(out).not.toContain("Policies were told");
  });

  test("and names what is wrong with one that fails, or cannot be loaded", async () => {
    const failing = `${EARLY["policies/words.rego"]}\ndeny contains "x" if 1 / count(input.metrics) > 0\n`;
    await made({ files: { "policies/words.rego": failing } });
    expect((await explain("echo", {})).out).toContain(
      "words denies it: it failed (error): policies/words.rego:18: eval_builtin_error",
    );
    await made({ files: { "policies/words.rego": "package words\n\ndecision := nope\n" } });
    const { code, err } = await explain("echo", {});
    expect(code).toBe(1);
    expect(err).toContain("policies/words.rego:3");
  });
});

describe("explain with an OPA", () => {
  let opa: FakeOpa;

  beforeEach(async () => {
    opa = await fakeOpa();
    await made({ engine: { kind: "opa", url: opa.at } });
  });

  afterEach(() => opa.close());

  test("really asks it", async () => {
    opa.set({ allow: true, deny: ["not on a Monday"] });
    const { code, out } = await explain("echo", { text: "hello" });
    expect([code, out]).toEqual([1, expect.stringContaining("words denies it: not on a Monday")]);
    expect(opa.asked).toMatchObject([
      {
        path: "/v1/data/words/decision",
        input: {
          agent_id: "worker",
          task: { id: "explain", parent: null, age_seconds: 0, calls: 0 },
          call: { kind: "tool", server: "desk", tool: "echo", arguments: { text: "hello" } },
          ...{ budgets: [], metrics: {}, labels: { team: "care" } },
        },
      },
    ]);
  });

  test("shows that it cannot be asked, and asks nothing about an agent alone", async () => {
    await opa.close();
    const { code, err } = await explain("echo", {});
    expect([code, err]).toEqual([1, expect.stringContaining("cannot be asked")]);
    expect((await run("manifest", "explain", "--agent", "worker")).code).toBe(0);
  });
});

describe("lint", () => {
  test("shows what the loader warns of, and what does not load as an error", async () => {
    const elsewhere = [...BOUND, { ...BOUND[1], name: "files", resource_type: "file" }];
    await made({ bound: elsewhere });
    const warned = await run("manifest", "lint", "--json");
    const { findings } = JSON.parse(warned.out);
    expect(findings).toContainEqual(
      expect.objectContaining({
        ...{ rule: "folder.warning", level: "warning", path: "policies[2].resource_type" },
        hint: expect.stringContaining("It is never asked"),
      }),
    );
    expect(warned.code).toBe(0);
    await made({ files: { "policies/tables.rego": TABLES.replace("if not", "not") } });
    const broken = await run("manifest", "lint");
    expect(broken.code).toBe(1);
    expect(broken.out).toContain("error folder.invalid  policies/tables.rego:5");
  });

  test("asks no OPA, and does not mind incidents that are kept", async () => {
    await made({
      engine: { kind: "opa", url: "http://127.0.0.1:1" },
      files: { "incidents/one.json": "{}" },
    });
    const { code, out } = await run("manifest", "lint");
    expect(code).toBe(0);
    expect(out).not.toContain("incidents");
  });
});

const AT = "2026-01-31T09:00:0";

/** Six calls of the same, the last two of which are to be stopped. */
function runaway(call: (no: number) => object, inputs: object = {}): CaseFile {
  const calls = Array.from({ length: 6 }, (_, index) => ({
    ...{ at: `${AT}${index}.000Z`, decision: null, task: "t-1", verdict: "allowed", code: null },
    ...{ outcome: "ok", cost_usd: "0", runaway: index + 1 },
    expect: index >= 4 ? "stopped" : null,
    ...call(index),
  }));
  return {
    version: 1,
    incident: {
      ...{ id: "i-1", agent: "worker", rule: "stuck", server: null, tool: null, task: "t-1" },
      ...{ opened_at: `${AT}5.000Z`, closed_at: null, decisions: [] },
    },
    ...{ revision: null, whole: true, calls, inputs },
    // biome-ignore lint/suspicious/noExplicitAny: what is written is read by its schema
  } as any;
}

const ECHOES = runaway(
  () => ({
    ...{ kind: "tool", server: "desk", tool: "echo", digest: "d", bytes: 10 },
    ...{ arguments: "kept", result: null },
  }),
  { d: { text: "hello" } },
);
const MODELS = runaway(() => ({ kind: "model", model: "m" }));

async function incidents(file: CaseFile, ...flags: string[]) {
  await writeFolder({ "one.json": JSON.stringify(file) }, join(root, "cases"));
  const { code, err, out } = await run("incidents", "test", "cases/one.json", ...flags);
  return { code, says: out + err };
}

describe("incidents test asks the policies", () => {
  test("of each call, at its time, with the calls of its task before it", async () => {
    await made();
    expect(await incidents(ECHOES)).toEqual({
      code: 0,
      says: `ok      cases/one.json  i-1: stopped at call 4 of 6: refused with policy.denied (words: more than three calls).
        stuck is not held against it: the file does not say which results were the same.
Policies were told of no budgets and no metrics.
`,
    });
    const late = { ...ECHOES, calls: ECHOES.calls.map((one) => ({ ...one })) };
    for (const one of late.calls) one.at = one.at.replace("T09", "T19");
    expect((await incidents(late)).says).toContain("stopped at call 1 of 6");
    const told = JSON.parse((await incidents(ECHOES, "--json")).says);
    expect(told).toMatchObject({
      stopped_by: { kind: "denied", code: "policy.denied" },
      policies: { asked: 6, not_asked: 0, not_known: 0 },
    });
  });

  test("and one that has a person asked stops it too", async () => {
    const parks = 'package words\n\ndecision := {"allow": true, "park": ["look at it"]}\n';
    await made({ files: { "policies/words.rego": parks } });
    expect((await incidents(ECHOES)).says).toContain(
      "stopped at call 1 of 6: a person has to approve it (look at it).",
    );
  });

  test("but not of arguments that nobody knows, and says so", async () => {
    await made();
    const calls = ECHOES.calls.map((one) => ({ ...one, arguments: "not_kept" as const }));
    const unknown = { ...ECHOES, calls } as CaseFile;
    expect(await incidents(unknown)).toEqual({
      code: 1,
      says: expect.stringContaining(
        "of 6 calls nobody knows the arguments: these are not looked at, and no policy was asked of them.",
      ),
    });
  });

  const onModels = (policy: string): Made => ({
    bound: [{ name: "models", query: "data.models.decision", on: "model" }],
    files: { "policies/models.rego": `package models\n\n${policy}` },
  });

  test("of models what the case knows: a reason counts, and so does a refusal after an answer", async () => {
    await made(onModels('decision := {"deny": [r | r := "not m"; input.call.model == "m"]}\n'));
    expect((await incidents(MODELS)).says).toContain("call 1 of 6: refused with policy.denied");
    await made(onModels("default decision := false\n\ndecision if input.task.calls < 4\n"));
    expect((await incidents(MODELS)).says).toContain("stopped at call 5 of 6");
  });

  test("and a refusal that may hang on what the case has not counts for nothing", async () => {
    await made(onModels("decision if input.call.max_output_tokens < 100\n"));
    expect(await incidents(MODELS)).toEqual({
      code: 1,
      says: expect.stringContaining("of 6 calls of models policies need more than the case has"),
    });
  });

  test("and passes by none that cannot be asked", async () => {
    const opa = await fakeOpa();
    await made({ engine: { kind: "opa", url: opa.at } });
    expect((await incidents(ECHOES)).code).toBe(1);
    opa.set(undefined);
    expect((await incidents(ECHOES)).says).toContain("words: it is undefined");
    await opa.close();
    expect(await incidents(ECHOES)).toEqual({
      code: 1,
      says: expect.stringContaining("cannot be asked"),
    });
  });
});

describe("policy test", () => {
  const TESTS = { "policies/words_test.rego": "package w_test\n\ntest_it if true\n" };
  const tested = (...flags: string[]) => run("policy", "test", "guardrails", ...flags);

  test("runs every incident of the folder, and counts it among the tests", async () => {
    await made({ files: { ...TESTS, "incidents/one.json": JSON.stringify(ECHOES) } });
    const passed = await tested("--verbose");
    expect(passed).toMatchObject({ code: 0, err: "" });
    expect(passed.out).toBe(
      `ok      guardrails/incidents/one.json  the runaway is stopped (i-1, worker)
        stuck is not held against it: the file does not say which results were the same.
        Policies were told of no budgets and no metrics.
ok      policies/words_test.rego:3  data.w_test.test_it
guardrails: 2 passed, 0 failed, 0 ended with an error, 0 skipped.
`,
    );
    const loose = WORDS.replace(/deny contains "more than.*\n/, "");
    await made({
      files: {
        ...TESTS,
        "policies/words.rego": loose,
        "incidents/one.json": JSON.stringify(ECHOES),
      },
    });
    const failed = await tested();
    expect(failed.code).toBe(1);
    expect(failed.out).toContain(
      "FAILED  guardrails/incidents/one.json  the runaway is stopped (i-1, worker): call 5 of 6 would still go out. Nothing stops the runaway",
    );
    expect((await tested("--run", "words_test")).code).toBe(0);
  });

  test("finds them elsewhere where that is said, and never passes by what it cannot read", async () => {
    await made({ files: TESTS });
    await writeFolder(
      { "one.json": JSON.stringify(ECHOES), "two.json": "[]", "note.md": "x" },
      join(root, "kept"),
    );
    const { code, out } = await tested("--incidents", "kept");
    expect(code).toBe(1);
    expect(out).toContain("kept/two.json  the runaway is stopped: incident.untested");
    expect(out).toContain("2 passed, 0 failed, 1 ended with an error");
    const missing = await tested("--incidents", "nowhere");
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining("no folder nowhere")]);
    const alone = await run("policy", "test", "guardrails/policies", "--incidents", "kept");
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining("no guardrails folder")]);
  });

  test("of policies alone asks for no guardrails, and incidents want ones that load", async () => {
    await made({
      files: { ...TESTS, "incidents/one.json": JSON.stringify(ECHOES), "agents/bad.yaml": "x: 1" },
    });
    expect((await run("policy", "test", "guardrails/policies")).code).toBe(0);
    const { code, err } = await tested();
    expect([code, err]).toEqual([1, expect.stringContaining("agents/bad.yaml")]);
  });
});
