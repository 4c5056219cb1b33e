/** Policies as code through the gateway: the example of the design, and what it is told. */
import { afterEach, expect, test } from "vitest";
import { fakeOpa } from "../../src/testing/fake-opa.ts";
import { until } from "./clients-world.ts";
import { PolicyWorld } from "./policies-world.ts";

let world: PolicyWorld;

afterEach(async () => {
  await world.end();
});

const AUTHZ = `package agent.authz

default allow = false

allow {
    input.agent_id == "worker"
    input.resource.type == "database"
    not startswith(input.resource.table_name, "customer_pii_")
}
`;

test.each(["tool", "model"])(
  "a pause while its policy is asked stops a call of a %s",
  async (on) => {
    const opa = await fakeOpa();
    world = await PolicyWorld.open({
      policies: {},
      bound: [{ name: "far", query: "data.t.allow", on }],
      engine: { kind: "opa", url: opa.at },
      more: { parking: { hold_for: "0s" } },
    });
    const call = () => (on === "tool" ? world.tool("echo", { text: "x" }) : world.chat());
    expect((await call()).status).toBe(200);
    const [ran, asked] = [world.desk.ran(), world.model.requests.length];
    const release = opa.hold();
    const outcome = world.outcome(call());
    await until(async () => opa.asked.length === 2);
    const body = { agents: ["worker"], reason: "test" };
    expect((await world.gateway.api("POST", "/api/v1/agents/pause", body)).status).toBe(200);
    release();
    expect(await outcome).toBe("clutch.parked");
    expect([world.desk.ran(), world.model.requests.length]).toEqual([ran, asked]);
    await opa.close();
  },
);

test("an observed agent is let through, and told what it would have been refused", async () => {
  world = await PolicyWorld.open({
    policies: { "t.rego": "package t\n\nallow := false\n" },
    bound: [{ name: "none", query: "data.t.allow", on: "tool" }],
    manifest: { mode: "observe", observe_until: "2999-01-01" },
  });
  const { decision, status } = await world.tool("echo", { text: "x" });
  expect(status).toBe(200);
  const { answers } = await world.explained(decision);
  expect(answers).toContainEqual(
    expect.objectContaining({ guard: "policy", answer: "would-deny: policy.denied" }),
  );
  const journal = await world.gateway.api("GET", "/api/v1/journal?kind=call.spared");
  expect(await journal.json()).toMatchObject({
    entries: [{ event: { code: "policy.denied", facts: { policy: "none" } } }],
  });
});

test("the example of the design decides as it stands, with its traps closed", async () => {
  world = await PolicyWorld.open({
    policies: { "agent/authz.rego": AUTHZ },
    bound: [
      { name: "authz", query: "data.agent.authz.allow", on: "tool", resource_type: "database" },
    ],
  });
  const query = (sql: unknown) => world.outcome(world.tool("query", { sql }));
  expect(await query("select * from orders")).toBe("200");
  expect(await query("select * from customer_pii_cards")).toBe("policy.denied");
  expect(await query("select * from PUBLIC.Customer_PII_Cards")).toBe("policy.denied");
  expect(await query("select * from orders join customer_pii_cards using (id)")).toBe(
    "policy.denied",
  );
  expect(await query(7)).toBe("resource.underivable");
  // It is about databases: of another tool it says nothing.
  expect(await world.outcome(world.tool("echo", { text: "x" }))).toBe("200");
});
