/** Policies as code through the gateway: the example of the design, and what it is told. */
import { afterEach, expect, test } from "vitest";
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
