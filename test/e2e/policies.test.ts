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
