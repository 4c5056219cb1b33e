/** What the reference says of the input of policies is what the gateway asks with. */
import { afterEach, expect, test } from "vitest";
import { documentedPaths } from "../../scripts/reference/policy-input.ts";
import { MODEL_CALL, TOOL_CALL } from "../../scripts/reference/policy-input-examples.ts";
import { type FakeOpa, fakeOpa } from "../../src/testing/fake-opa.ts";
import { MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
import { placesOf } from "../support/policy-input.ts";
import { handshake } from "./mcp-scene.ts";
import { PolicyWorld } from "./policies-world.ts";

const URI = "file:///data/a.txt";

let world: PolicyWorld;
let opa: FakeOpa;

afterEach(async () => {
  await world.end();
  await opa.close();
});

test("each field of the input is documented, and each that is documented is there", async () => {
  opa = await fakeOpa();
  world = await PolicyWorld.open({
    policies: {},
    bound: [
      { name: "tools", query: "data.tools.allow", on: "tool" },
      { name: "models", query: "data.models.allow", on: "model" },
    ],
    engine: { kind: "opa", url: opa.at, timeout: "5s" },
    manifest: {
      labels: { team: "finance", org: "acme", owner: "ann" },
      allowed_tools: [
        { tool_name: "query", resource: { sql_tables: "/arguments/sql" }, cost: { usd: 0.01 } },
      ],
      allowed_resources: [{ server: "desk", uri: URI }],
    },
  });
  const shelves = { resources: [{ uri: URI, name: "a" }], resourceTemplates: [], prompts: [] };
  const query = { name: "query", inputSchema: { type: "object" } };
  world.desk.set({ ...MCP_SCRIPT, tools: [query], library: shelves });
  world.model.plays({ text: "so" });

  const sql = "select sum(total) from Sales.Invoices";
  expect((await world.tool("query", { sql })).status).toBe(200);
  const model = await world.chat({ max_tokens: 50 });
  expect(model.status).toBe(200);
  await world.post("/mcp", handshake({ method: "resources/read", params: { uri: URI } }));

  const [tool, chat, reading, ...others] = opa.asked.map(({ input }) => input);
  expect(others).toEqual([]);
  expect(tool).toMatchObject({
    resource: TOOL_CALL.resource,
    call: { kind: "tool", tool: "query" },
  });
  expect(reading).toMatchObject({ call: { reading: { kind: "resource", name: URI } } });
  expect(placesOf(tool)).toEqual(placesOf(TOOL_CALL));
  expect(placesOf(chat)).toEqual(placesOf(MODEL_CALL));
  expect(placesOf(tool, chat, reading)).toEqual(documentedPaths());
});
