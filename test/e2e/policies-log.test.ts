/** The decision log through the gateway: what it says, and what policies keep out of it. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fakeOpa } from "../../src/testing/fake-opa.ts";
import { until } from "./clients-world.ts";
import { type PolicyFolder, PolicyWorld } from "./policies-world.ts";

// biome-ignore lint/suspicious/noExplicitAny: entries are data here
type Json = any;

let world: PolicyWorld;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "slipclutch-decisions-"));
});

afterEach(async () => {
  await world.end();
  await rm(folder, { recursive: true });
});

const entries = async (): Promise<Json[]> => {
  const text = await readFile(path.join(folder, "log.jsonl"), "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
};

async function entriesOf(decision: string, count: number): Promise<Json[]> {
  const own = async () => (await entries()).filter((one) => one.decision_id.startsWith(decision));
  await until(async () => (await own()).length >= count);
  return own();
}

const BASE: PolicyFolder = {
  policies: {
    "t.rego": `package t

deny contains sprintf("closed: %s", [input.resource.table_name]) if {
	input.resource.table_name in data.closed
}

allow := count(deny) == 0
`,
    "data.json": '{"closed": ["cards"]}',
  },
  bound: [{ name: "tables", query: "data.t", on: "tool" }],
};

const logged = () => ({ more: { decision_log: { file: path.join(folder, "log.jsonl") } } });

const MASKS = `package system.log

mask contains "/input/call/arguments/sql"

mask contains {"op": "upsert", "path": "/input/labels/owner", "value": "***"} if {
	input.input.labels.owner
}

drop if input.input.call.tool == "echo"
`;

test("each question has an entry, in the order of a call's resources", async () => {
  world = await PolicyWorld.open({ ...BASE, ...logged() });
  const { decision, status } = await world.tool("query", { sql: "select * from a, b" });
  expect(status).toBe(200);
  const [first, second] = await entriesOf(decision, 2);
  expect(first).toMatchObject({
    decision_id: `${decision}.1`,
    path: "t",
    requested_by: "worker",
    result: { allow: true, deny: [] },
    bundles: { guardrails: { revision: expect.stringMatching(/^sha256:/) } },
    input: {
      ...{ version: 1, agent_id: "worker", labels: { team: "care", owner: "ann" } },
      resource: { type: "database", table_name: "a" },
      call: { kind: "tool", tool: "query", arguments: { sql: "select * from a, b" } },
    },
  });
  expect(second).toMatchObject({ input: { resource: { table_name: "b" } } });
  const refused = await world.tool("query", { sql: "select * from cards" });
  const [last] = await entriesOf(refused.decision, 1);
  expect(last.result).toEqual({ allow: false, deny: ["closed: cards"] });
  const metrics = await (await world.gateway.api("GET", "/metrics")).text();
  expect(metrics).toContain('slipclutch_decision_log_entries_total{fate="written"} 3');
  expect(metrics).toContain('slipclutch_policy_answers_total{policy="tables",answer="allow"} 2');
  expect(metrics).toContain('slipclutch_policy_answers_total{policy="tables",answer="deny"} 1');
});

test("policies in the folder mask and drop, from the reload on", async () => {
  world = await PolicyWorld.open({ ...BASE, ...logged() });
  const policies = { ...BASE.policies, "system/log.rego": MASKS };
  expect((await world.load({ ...BASE, ...logged(), policies })).error).toBeUndefined();
  await world.tool("echo", { text: "x" });
  const { decision } = await world.tool("query", { sql: "select secret from a" });
  const [entry] = await entriesOf(decision, 1);
  expect(entry).toMatchObject({
    erased: ["/input/call/arguments/sql"],
    masked: ["/input/labels/owner"],
    input: { labels: { team: "care", owner: "***" }, call: { arguments: {} } },
  });
  expect(JSON.stringify(await entries())).not.toContain("secret");
  expect(await entries()).toHaveLength(1);
});

test("what an OPA decides is logged here too", async () => {
  const opa = await fakeOpa();
  const engine = { kind: "opa", url: opa.at };
  world = await PolicyWorld.open({ ...BASE, policies: {}, engine, ...logged() });
  const { decision } = await world.tool("echo", { text: "x" });
  const [entry] = await entriesOf(decision, 1);
  expect(entry).toMatchObject({ path: "t", result: true, input: { agent_id: "worker" } });
  await opa.close();
});
