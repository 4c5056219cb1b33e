/** Agents that ask policies themselves, as they would ask an OPA beside them. */
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OpaServer } from "../support/opa-server.ts";
import { part } from "../support/parts.ts";
import { type Asked, type PolicyFolder, PolicyWorld } from "./policies-world.ts";

// biome-ignore lint/suspicious/noExplicitAny: inputs and answers are data here
type Json = any;

const AUTHZ = `package agent.authz

default allow := false

allow if {
	input.agent_id == "worker"
	input.resource.type == "database"
	not startswith(input.resource.table_name, "customer_pii_")
}
`;

const ASKED = `package asked

told := input
hidden := true
others := true
wrong := to_number(input.secret)
loose := to_number(input.secret)
only if input.x == 1
odd["a/b"] := 7
rows := [1, null, {"a": {"b"}}]
nothing := null
decision := {"allow": true, "deny": [], "park": ["ask ann"]}
slow := count([1 | some i in numbers.range(1, 100000); some j in numbers.range(1, 100000)])
`;

const asked = (name: string, more: Json = {}) => {
  return { name, query: `data.asked.${name}`, expose: true, ...more };
};

const FOLDER: PolicyFolder = {
  policies: { "agent/authz.rego": AUTHZ, "asked.rego": ASKED },
  bound: [
    {
      ...{ name: "authz", query: "data.agent.authz.allow", on: "tool", expose: true },
      resource_type: "database",
    },
    ...["told", "only", "rows", "nothing", "decision", "wrong", "slow"].map((name) => asked(name)),
    asked("hidden", { on: "tool", agents: ["y*", "zoe"] }),
    asked("others", { agents: ["zoe"] }),
    asked("loose", { lenient_errors: true }),
    { name: "odd", query: 'data.asked.odd["a/b"]', expose: true },
    { name: "unexposed", query: "data.asked.hidden", on: "tool", agents: ["worker"] },
  ],
  engine: { timeout: "5s" },
  // The key that the gateway makes is that of the first by name: `worker`.
  others: { yan: { uncapped: true }, zoe: { uncapped: true } },
};

describe("a policy that is exposed", () => {
  let world: PolicyWorld;

  beforeAll(async () => {
    world = await PolicyWorld.open(FOLDER);
  });

  afterAll(() => world.end());

  const ask = (path: string, input: Json = {}, headers: Record<string, string> = {}) => {
    return world.post(`/v1/data/${path}`, { input }, headers);
  };

  /** What a policy is told of this input. */
  const told = async (input: Json, headers: Record<string, string> = {}): Promise<Json> => {
    return (await ask("asked/told", input, headers)).json.result;
  };

  async function journal(decision: string): Promise<Json[]> {
    const answer = await world.gateway.api("GET", `/api/v1/journal?decision=${decision}`);
    return ((await answer.json()) as Json).entries.map(({ event }: Json) => event);
  }

  async function remaining(): Promise<string> {
    const answer = await fetch(`${world.gateway.agentUrl}/guard/v1/budgets`, {
      headers: { "x-api-key": world.gateway.agentKey },
    });
    return ((await answer.json()) as Json).budgets[0].remaining_usd;
  }

  test("answers an agent that was written for OPA, which changes its URL and its key", async () => {
    const answer = await fetch(`${world.gateway.agentUrl}/v1/data/agent/authz/allow`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${world.gateway.agentKey}`,
        "content-type": "application/json; charset=utf-8",
      },
      body: JSON.stringify({ input: { resource: { type: "database", table_name: "orders" } } }),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    const decision = answer.headers.get("x-slipclutch-decision");
    expect(await answer.json()).toEqual({ result: true, decision_id: decision });
    expect(decision).toMatch(/^d-/);
  });

  test("is told what the gateway knows, whatever its agent says of it", async () => {
    const lies = {
      ...{ version: 9, agent_id: "boss", time: "1970-01-01T00:00:00Z" },
      task: { id: "another", parent: null, age_seconds: 0, calls: 0 },
      budgets: [{ name: "all", unit: "usd", limit: 1e9, remaining: 1e9, window_ends_at: null }],
      metrics: { surge: { signal: "calls", value: 0, line: 1 } },
      labels: { team: "root", org: "root", owner: "root" },
      commits: { guardrails: "f00", policies: "f00" },
    };
    const own = { call: { kind: "tool", tool: "drop" }, user: { name: "eve" }, list: [1, 2.5] };
    const seen = await told({ ...lies, ...own }, { "x-slipclutch-task": "fix-1" });
    expect(seen).toEqual({
      ...own,
      ...{ version: 1, agent_id: "worker" },
      task: { id: "fix-1", parent: null, age_seconds: expect.any(Number), calls: 0 },
      budgets: [{ name: "all", unit: "usd", limit: 50, remaining: 50, window_ends_at: null }],
      metrics: expect.any(Object),
      time: expect.stringMatching(/^20\d\d-.*Z$/),
      labels: { team: "care", owner: "ann" },
      commits: { guardrails: null, policies: expect.stringMatching(/^sha256:/) },
    });
    expect(seen.metrics).not.toHaveProperty("surge");
    const hidden = '{"input": {"__proto__": {"agent_id": "boss"}, "agent_id": "boss"}}';
    const other = (await world.post("/v1/data/asked/told", hidden)).json.result;
    expect(other.agent_id).toBe("worker");
    expect(Object.keys(other)).toContain("__proto__");
  });

  test("is asked of a task by its header, its path, or the day", async () => {
    const inPath = await world.post("/t/fix-2/v1/data/asked/told", { input: {} });
    expect(inPath.json.result.task.id).toBe("fix-2");
    expect(inPath.headers.get("x-slipclutch-task")).toBe("fix-2");
    expect((await told({})).task.id).toMatch(/^unnamed:/);
  });

  test("is told of resources as ours are: folded, and of the types that rules can hold", async () => {
    const allowed = async (resource: Json) => {
      const { json } = await ask("agent/authz/allow", { resource });
      return json.result ?? json.code;
    };
    expect(await allowed({ type: "database", table_name: "Public.Orders" })).toBe(true);
    expect(await allowed({ type: "database", table_name: "PUBLIC.Customer_PII_Cards" })).toBe(
      false,
    );
    expect(await allowed({ type: "database", table_name: 5 })).toBe("resource.underivable");
    expect(await allowed({ type: "database", table_name: null })).toBe("resource.underivable");
    expect(await allowed({ type: "database", table_name: ["a"] })).toBe("resource.underivable");
    expect(await allowed({ type: "file", path: "/a" })).toBe("resource.underivable");
    expect(await allowed("orders")).toBe("resource.underivable");
    const none = await ask("agent/authz/allow", {});
    expect([none.status, none.json.code]).toEqual([403, "resource.underivable"]);
    expect(none.json.error.details.facts.expected).toBe("a resource of type database");
    const resource = { type: "database", name: '"A"."Orders"', rows: 5, hot: true };
    expect((await told({ resource })).resource).toEqual({ ...resource, name: "orders" });
    expect(await told({})).not.toHaveProperty("resource");
  });

  test("is found at exactly its path, and everything else is an answer without a result", async () => {
    expect((await ask("asked/odd/a%2Fb")).json.result).toBe(7);
    const nowhere = [
      ...[
        "asked",
        "asked/told/agent_id",
        "asked/Told",
        "asked%2Ftold",
        "asked/told/",
        "asked//told",
      ],
      ...[
        "asked/hidden",
        "asked/others",
        "asked/odd/a/b",
        "nope",
        "system/log/mask",
        "",
        "asked/..",
      ],
    ];
    for (const path of nowhere) {
      const { decision, json, status } = await ask(path, { resource: 7 });
      expect([path, status, json]).toEqual([path, 200, { decision_id: decision }]);
    }
    const root = await world.post("/v1/data", { input: {} });
    expect([root.status, root.json]).toEqual([200, { decision_id: root.decision }]);
  });

  test("of another agent is nothing to this one", async () => {
    const made = await world.gateway.api("POST", "/api/v1/keys", { agent: "zoe" });
    const authorization = `Bearer ${((await made.json()) as Json).key}`;
    expect((await ask("asked/others", {}, { authorization })).json.result).toBe(true);
    expect((await ask("asked/hidden", {}, { authorization })).json.result).toBe(true);
    expect((await ask("asked/told", {}, { authorization })).json.result.agent_id).toBe("zoe");
    expect((await ask("asked/others")).json).not.toHaveProperty("result");
  });

  test("gives any value, and undefined is no result", async () => {
    expect((await ask("asked/rows")).json.result).toEqual([1, null, { a: ["b"] }]);
    expect((await ask("asked/nothing")).json).toHaveProperty("result", null);
    expect((await ask("asked/only", { x: 1 })).json.result).toBe(true);
    const { decision, json, status } = await ask("asked/only", { x: 2 });
    expect([status, json]).toEqual([200, { decision_id: decision }]);
  });

  test("that fails refuses, and only the operator learns why", async () => {
    const failed = await ask("asked/wrong", { secret: "s3cret" });
    expect([failed.status, failed.json.code]).toEqual([503, "gateway.unsure"]);
    expect(failed.json.error.details.facts).toEqual({
      policy: "wrong",
      because: "the policy failed",
    });
    expect(JSON.stringify([failed.json, ...failed.headers])).not.toMatch(/to_number|s3cret/);
    const explained = await world.explained(failed.decision);
    expect(explained).toMatchObject({
      ...{ state: "refused", denial: { code: "gateway.unsure" } },
      answers: [{ guard: "policy", answer: "gateway.unsure" }],
    });
    expect(explained.answers[0].numbers.why).toMatch(/^error: .*to_number/);
    expect(await journal(failed.decision)).toMatchObject([
      { kind: "policy.asked", policy: "wrong", verdict: "failed" },
      { kind: "call.refused", code: "gateway.unsure" },
    ]);
    // As its binding says, and not as the question does.
    expect((await ask("asked/loose", { secret: "s3cret" })).json).not.toHaveProperty("code");
    const lax = "asked/wrong?strict-builtin-errors=false";
    expect((await ask(lax, { secret: "s3cret" })).status).toBe(503);
  });

  test("that takes too long is stopped, and refuses", async () => {
    const slow = await ask("asked/slow");
    expect([slow.status, slow.json.code]).toEqual([503, "gateway.unsure"]);
    expect(await journal(slow.decision)).toMatchObject([
      { verdict: "failed", because: expect.stringMatching(/^limit: /) },
      {},
    ]);
  });

  test("tells what clients of OPA ask for beside it", async () => {
    const all = "pretty=true&metrics=true&instrument&explain=full&provenance=true&x=y";
    const { decision, json } = await ask(`asked/only?${all}`, { x: 1 });
    const revision = (await told({})).commits.policies;
    expect(json).toEqual({
      ...{ result: true, decision_id: decision },
      provenance: { version: expect.any(String), bundles: { guardrails: { revision } } },
      metrics: { timer_server_handler_ns: expect.any(Number) },
    });
    expect(json.metrics.timer_server_handler_ns).toBeGreaterThan(0);
    const shown = async (query: string) => Object.keys((await ask(`asked/only?${query}`)).json);
    expect(await shown("provenance")).toEqual(["decision_id", "provenance"]);
    expect(await shown("provenance=false&metrics=1")).toEqual(["decision_id"]);
    expect(await shown("provenance=TRUE&provenance=no")).toEqual(["decision_id", "provenance"]);
    const nowhere = (await ask("nope?provenance=true")).json;
    expect(nowhere.provenance.bundles).toEqual({ guardrails: { revision } });
  });

  test("is written down, explained and counted, and takes nothing", async () => {
    const [before, { calls }] = [await remaining(), (await told({})).task];
    const { decision } = await ask("asked/decision", {}, { "x-slipclutch-task": "fix-3" });
    const nowhere = await ask("no%20where/a%2Fb%0A");
    expect(await journal(decision)).toEqual([
      expect.objectContaining({
        ...{ kind: "policy.asked", policy: "decision", path: "asked/decision" },
        ...{ verdict: "park", because: "ask ann", agent: "worker", task: "fix-3", decision },
      }),
    ]);
    expect(await journal(nowhere.decision)).toMatchObject([
      { policy: null, path: "no%20where/a%2Fb%0A", verdict: "none", because: null },
    ]);
    const explained = await world.gateway.cli("explain", decision);
    expect(explained.out).toContain("was a question to a policy");
    expect(explained.out).toMatch(/policy +park +\(policy decision, path asked\/decision/);
    expect(await world.explained(nowhere.decision)).toMatchObject({
      ...{ state: "asked", answers: [{ guard: "policy", answer: "none" }] },
    });
    const shown = await world.gateway.cli("journal", "--kind", "policy.asked");
    expect(shown.out).toMatch(/policy\.asked {2}worker {2}fix-3 {2}asked\/decision {2}d-/);
    const metrics = await (await world.gateway.api("GET", "/metrics")).text();
    const counted = 'slipclutch_policies_asked_total{agent="worker",policy="decision"';
    expect(metrics).toContain(`${counted},verdict="park"} 1\n`);
    expect(metrics).toMatch(
      /policies_asked_total\{agent="worker",policy="none",verdict="none"\} \d/,
    );
    expect(await remaining()).toBe(before);
    expect((await told({})).task.calls).toBe(calls);
  });

  test("is refused where a request cannot be read, as everywhere", async () => {
    const post = async (body: string, headers: Record<string, string> = {}) => {
      const { json, status } = await world.post("/v1/data/asked/told", body, headers);
      return `${status} ${json.code ?? "told"}`;
    };
    const malformed = "400 request.malformed";
    const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    expect(await post("")).toBe("200 told");
    expect(await post("{}")).toBe("200 told");
    expect(await post('{"input": {}, "unknown": 1}')).toBe("200 told");
    expect(await post(`{"input": ${deep(64)}}`)).toBe("200 told");
    const bad = [
      ...[
        "[]",
        "{",
        "null",
        '"x"',
        "\uFEFF{}",
        "input: {x: 1}",
        '{"input": null}',
        '{"input": []}',
      ],
      ...[
        '{"input": "x"}',
        '{"input": 1}',
        '{"input": {"a": 1, "a": 2}}',
        '{"input": {}, "input": {}}',
      ],
      ...['{"input": {"agent_id": 1, "agent\\u005fid": 2}}', `{"input": ${deep(65)}}`],
      ...['{"input": {"n": 9007199254740993}}', '{"input": {"n": 1e400}}'],
    ];
    for (const body of bad) expect([body, await post(body)]).toEqual([body, malformed]);
    expect(await post("{}", { "content-encoding": "gzip" })).toBe(malformed);
    const large = `{"input": {"a": "${"x".repeat(2_000_000)}"}}`;
    expect(await post(large)).toBe("413 request.too-large");
    expect(await raw(Buffer.from('{"input": {"a": "\xff"}}', "latin1"))).toBe(400);
    expect(await post("{}", { authorization: "Bearer sck_0" })).toBe("401 key.invalid");
    expect(await post("{}", { "x-slipclutch-task": "a b" })).toBe(malformed);
    for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
      const answer = await fetch(`${world.gateway.agentUrl}/v1/data/asked/told`, {
        ...{ method, headers: { authorization: `Bearer ${world.gateway.agentKey}` } },
      });
      const { code } = (await answer.json()) as Json;
      expect([method, answer.status, code]).toEqual([method, 404, "request.unknown-path"]);
    }
  });

  function raw(body: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${world.gateway.agentKey}` };
      const url = `${world.gateway.agentUrl}/v1/data/asked/told`;
      request(url, { method: "POST", headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on("error", reject)
        .end(body);
    });
  }

  test("answers many at once, each for itself", async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, no) =>
        told({ no }, { "x-slipclutch-task": `many-${no % 7}` }),
      ),
    );
    for (const [no, seen] of answers.entries()) {
      expect(seen).toMatchObject({ no, agent_id: "worker", task: { id: `many-${no % 7}` } });
    }
  });

  test("counts the calls that were let through, and no questions", async () => {
    const headers = { "x-slipclutch-task": "counted" };
    expect((await told({}, headers)).task.calls).toBe(0);
    expect((await told({}, headers)).task.calls).toBe(0);
    expect((await world.tool("echo", { text: "x" }, headers)).status).toBe(200);
    expect((await told({}, headers)).task.calls).toBe(1);
  });

  test("is not asked for a task that has ended", async () => {
    const headers = { "x-slipclutch-task": "over" };
    expect((await ask("asked/told", {}, headers)).status).toBe(200);
    await world.post("/guard/v1/tasks/over/end", { outcome: "ok" });
    const { json, status } = await ask("asked/told", {}, headers);
    expect([status, json.code]).toEqual([403, "task.ended"]);
  });
});

describe("a task that began under older rules", () => {
  let world: PolicyWorld;

  afterAll(() => world.end());

  const NAMES = ["loosened", "tightened", "appeared", "gone", "broken", "rows", "withdrawn"];

  function folder(text: string, more: Readonly<Record<string, Json>> = {}): PolicyFolder {
    const bound = NAMES.map((name) =>
      asked(name, { on: "model", agents: ["worker"], ...more[name] }),
    );
    const manifest = { on_change: "strictest" };
    return { policies: { "asked.rego": `package asked\n\n${text}` }, bound, manifest };
  }

  test("has the worse answer of both, of equal ones that of now", async () => {
    const before = `loosened := false
tightened := true
gone := true
appeared := 1 if false
broken := to_number("x")
rows := ["old"]
withdrawn := true
`;
    const now = `loosened := true
tightened := false
gone := true if input.nobody
appeared := true
broken := true
rows := ["new"]
withdrawn := true
`;
    world = await PolicyWorld.open(folder(before));
    const ask = (name: string, task: string): Promise<Asked> => {
      return world.post(
        `/v1/data/asked/${name}?provenance`,
        { input: {} },
        { "x-slipclutch-task": task },
      );
    };
    const answers = async (task: string) => {
      const all = NAMES.map(async (name) => {
        const { json, status } = await ask(name, task);
        return [name, status === 200 ? (json.result ?? null) : json.code];
      });
      return Object.fromEntries(await Promise.all(all));
    };
    const old = await answers("old");
    expect(old).toMatchObject({ tightened: true, broken: "gateway.unsure", appeared: null });
    const { revision } = (await ask("rows", "old")).json.provenance.bundles.guardrails;
    expect((await world.load(folder(now, { withdrawn: { expose: false } }))).error).toBeUndefined();
    expect(await answers("new")).toEqual({
      ...{ loosened: true, tightened: false, gone: null, appeared: true, broken: true },
      ...{ rows: ["new"], withdrawn: null },
    });
    expect(await answers("old")).toEqual({
      ...{ loosened: false, tightened: false, gone: null, appeared: null },
      ...{ broken: "gateway.unsure", rows: ["new"], withdrawn: true },
    });
    const { provenance } = (await ask("loosened", "old")).json;
    expect(provenance.bundles.guardrails.revision).toBe(revision);
    expect((await ask("rows", "old")).json.provenance.bundles.guardrails.revision).not.toBe(
      revision,
    );
  });
});

/** Each is a rule of its own, and asked with every input. */
const RULES: Readonly<Record<string, string>> = {
  truth: "true if input.x == 1",
  name: 'concat("/", ["a", input.user.name])',
  members: "{x | some x in input.list}",
  sorted: "sort(input.list)",
  total: "sum(input.list) / 3",
  whole: "input.x * 1000",
  missing: "input.nope.deeper",
  all: "true if every x in input.list { x > 0 }",
  errs: "to_number(input.user.name)",
  table: 'startswith(input.resource.table_name, "customer_")',
  owner: 'sprintf("%v of %v", [input.agent_id, input.labels.team])',
  budget: "[b.remaining | some b in input.budgets]",
  merged: 'object.union(input.user, {"seen": {1, 2}, "none": null})',
  text: 'upper(replace(input.user.name, "e", "é"))',
};

const INPUTS: readonly Json[] = [
  {},
  { x: 1, list: [3, 1, 2], user: { name: "eve" } },
  { x: 0.1, list: [], user: { name: "12" } },
  { x: -7, list: [0.1, 0.2, 3], user: { name: "\u{1F600} e\u0301" } },
  { x: 1e21, list: ["b", "a", 1, null, true], user: { name: "" } },
  { x: "1", list: "no list", user: { name: 5 } },
  { resource: { type: "database", table_name: "customer_pii" }, user: {} },
  { resource: { type: "ticket", table_name: "orders" }, list: [{ a: 1 }, [2]], x: null },
  { list: [1, 1.0, 2, 2.0], user: { name: "\u2028</script>\u0000", "": [] } },
];

describe.skipIf(!part("opa").available)("beside a real opa", () => {
  let world: PolicyWorld;
  let opa: OpaServer;
  const names = Object.keys(RULES);
  const text = `package c\n\ntold := input\n${names
    .map((name) => {
      const [value, body] = (RULES[name] ?? "").split(" if ");
      return `${name} := ${value}${body === undefined ? "" : ` if ${body}`}\n`;
    })
    .join("")}`;

  beforeAll(async () => {
    const bound = ["told", ...names].map((name) => {
      return { name, query: `data.c.${name}`, expose: true };
    });
    world = await PolicyWorld.open({ policies: { "c.rego": text }, bound });
    opa = await OpaServer.start("v1");
    expect(await opa.putModule(text)).toMatchObject({ status: 200 });
  });

  afterAll(async () => {
    await opa.stop();
    await world.end();
  });

  test("the same policy and input have the same result", async () => {
    const kinds = { result: 0, undefined: 0, failed: 0 };
    for (const input of INPUTS) {
      const ask = (name: string) => world.post(`/v1/data/c/${name}`, { input });
      // What the gateway knows is put into OPA's question as its policies are told it.
      const whole = (await ask("told")).json.result;
      for (const name of names) {
        const ours = await ask(name);
        const theirs = await opa.ask([name], JSON.stringify(whole), true);
        const { result } = JSON.parse(theirs.text) as Json;
        const at = `${name} of ${JSON.stringify(input)}`;
        expect([at, ours.status]).toEqual([at, theirs.status === 500 ? 503 : theirs.status]);
        expect([at, "result" in ours.json, ours.json.result]).toEqual([
          ...[at, theirs.status === 200 && result !== undefined, result],
        ]);
        if (ours.status !== 200) kinds.failed += 1;
        else kinds[result === undefined ? "undefined" : "result"] += 1;
      }
    }
    for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(9);
  });
});
