/** One folder of policies, and the same verdicts from every engine that can evaluate it. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { buildWasm, type Opa, startOpa } from "../support/opa.ts";
import { part } from "../support/parts.ts";
import { type Asked, type PolicyFolder, PolicyWorld } from "./policies-world.ts";

let world: PolicyWorld;
let opa: Opa | null = null;

afterEach(async () => {
  await world.end();
  await opa?.close();
  opa = null;
});

const TEXT = `package agent

authz := {"allow": count(deny) == 0, "deny": deny, "park": park}

deny contains sprintf("no %s of %s", [input.call.tool, input.resource.table_name]) if {
	input.resource.table_name in data.tables.closed
}

deny contains "too many calls" if input.task.calls > 100

deny contains "not you" if input.labels.team != "care"

park contains "a person looks at refunds" if input.call.arguments.sql == "select refund from orders"

models := {"allow": true, "obligations": {"max_output_tokens": 7}} if input.call.kind == "model"
`;
const DATA = '{"closed": ["cards", "salaries"]}';
const FOLDER: PolicyFolder = {
  policies: { "agent.rego": TEXT, "tables/data.json": DATA },
  bound: [
    ...[{ name: "authz", query: "data.agent.authz", on: "tool", lenient_errors: true, tell: true }],
    ...[{ name: "models", query: "data.agent.models", on: "model", lenient_errors: true }],
  ],
};
const SOURCES = {
  revision: "r",
  modules: [{ file: "agent.rego", text: TEXT }],
  data: `{"tables": ${DATA}}`,
};

const said = ({ json, status }: Asked) => [json.code ?? status, json.message ?? ""] as const;

async function verdicts(): Promise<readonly unknown[]> {
  const query = async (sql: string) => said(await world.tool("query", { sql }));
  const seen = [
    await query("select * from orders"),
    await query("select * from cards"),
    await query("select * from orders, PUBLIC.Salaries"),
    await query("select refund from orders"),
  ];
  world.model.plays({ text: "so" });
  const asked = await world.chat({ max_tokens: 50 });
  return [
    ...seen.map(([code, message]) => [code, message.replace(/r?[adr]-[0-9a-f-]+\S*/g, "ID")]),
    [asked.status, world.model.requests.at(-1)?.max_completion_tokens ?? null],
  ];
}

const HELD = { parking: { hold_for: "0s" } };

async function byEmbedded(): Promise<readonly unknown[]> {
  world = await PolicyWorld.open({ ...FOLDER, more: HELD });
  return verdicts();
}

test("the embedded engine: what is denied, parked and narrowed", async () => {
  const [allowed, denied, joined, parked, model] = await byEmbedded();
  expect(allowed).toEqual([200, ""]);
  expect(denied).toMatchObject(["policy.denied", expect.stringContaining("no query of cards.")]);
  expect(joined).toMatchObject(["policy.denied", expect.stringContaining("no query of salaries.")]);
  expect(parked).toMatchObject(["approval.pending", expect.anything()]);
  expect(model).toEqual([200, 7]);
});

describe.skipIf(!part("opa").available)("beside it, with the real opa", () => {
  test("an OPA on a unix socket says the same", async () => {
    const embedded = await byEmbedded();
    await world.end();
    opa = await startOpa({ sources: SOURCES, dialect: "v1" });
    const engine = { kind: "opa", socket: opa.socket, timeout: "30s" };
    world = await PolicyWorld.open({ ...FOLDER, engine, more: HELD });
    expect(await verdicts()).toEqual(embedded);
    // It goes away: nothing is allowed that nobody decides, and the gateway says so.
    await opa.kill();
    expect(await world.outcome(world.tool("query", { sql: "select * from orders" }))).toBe(
      "policy.denied",
    );
    expect(await world.load({ ...FOLDER, engine, more: HELD })).toMatchObject({
      error: { issues: [{ got: expect.stringContaining("opa_unreachable") }] },
    });
  });

  test("a bundle that it compiled to WebAssembly says the same", async () => {
    const embedded = await byEmbedded();
    const bundle = await buildWasm({ sources: SOURCES, dialect: "v1" }, [
      "agent/authz",
      "agent/models",
    ]);
    const engine = { kind: "wasm", bundle: "policies/bundle.tar.gz", timeout: "30s" };
    await writeFile(path.join(world.gateway.configFolder, "policies", "bundle.tar.gz"), bundle);
    // Its bundle has the data: it is not given twice.
    const policies = { "agent.rego": TEXT, "tables/data.json": "{}" };
    const loaded = await world.load({ ...FOLDER, policies, engine, more: HELD });
    expect(loaded.error).toBeUndefined();
    expect(await verdicts()).toEqual(embedded);
  });

  test("a bundle of another policy decides otherwise", async () => {
    await byEmbedded();
    const modules = [
      { file: "agent.rego", text: "package agent\nauthz := false\nmodels := true\n" },
    ];
    const bundle = await buildWasm({ sources: { ...SOURCES, modules }, dialect: "v1" }, [
      "agent/authz",
      "agent/models",
    ]);
    await writeFile(path.join(world.gateway.configFolder, "policies", "other.tar.gz"), bundle);
    const engine = { kind: "wasm", bundle: "policies/other.tar.gz", timeout: "30s" };
    const policies = { "agent.rego": TEXT, "tables/data.json": "{}" };
    const loaded = await world.load({ ...FOLDER, policies, engine, more: HELD });
    expect(loaded.error).toBeUndefined();
    expect(await world.outcome(world.tool("query", { sql: "select 1 from orders" }))).toBe(
      "policy.denied",
    );
  });
});
