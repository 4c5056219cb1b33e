/** A policy about calls of tools is asked on every road, before anything of a call is out. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { handshake } from "./mcp-scene.ts";
import { PolicyWorld } from "./policies-world.ts";

let world: PolicyWorld;

const TEXT = `package t

default allow := false

allow if input.call.arguments.text == "allowed"
`;

beforeEach(async () => {
  world = await PolicyWorld.open({
    policies: { "t.rego": TEXT },
    bound: [{ name: "texts", query: "data.t.allow", on: "tool" }],
  });
});

afterEach(async () => {
  await world.end();
});

const ALLOWED = { text: "allowed" };
const REFUSED = { text: "secret" };
const offered = ["echo", "pay"].map((name) => ({
  type: "function",
  function: { name, parameters: { type: "object" } },
}));

test("where a call is made: the dispatcher, MCP, and a decision of an agent", async () => {
  const mcp = async (given: object) => {
    const params = { name: "echo", arguments: given };
    const { json } = await world.post("/mcp", handshake({ method: "tools/call", params }));
    return json.result._meta?.["slipclutch/code"] ?? "200";
  };
  const decided = async (given: object) => {
    const asked = { tool: "pay", arguments: given };
    const { json } = await world.post("/guard/v1/decisions", asked);
    return json.code ?? json.verdict;
  };
  const roads = [(given: object) => world.outcome(world.tool("echo", given)), mcp, decided];
  for (const road of roads) expect(await road(REFUSED)).toBe("policy.denied");
  expect(await Promise.all(roads.map((road) => road(ALLOWED)))).toEqual(["200", "200", "allow"]);
  expect(world.desk.ran()).toBe(2);
});

describe("in a model's answer", () => {
  const calls = [REFUSED, ALLOWED].map((given, at) => ({
    ...{ id: `call_${at}`, name: "pay", arguments: JSON.stringify(given) },
  }));

  test("what it refuses does not reach the agent, and what it allows does", async () => {
    world.model.plays({ calls });
    const { json } = await world.chat({ tools: offered });
    const [{ message }] = json.choices;
    expect(message.tool_calls.map(({ id }: { id: string }) => id)).toEqual(["call_1"]);
    expect(message.content).toContain("A policy does not allow this call.");
    expect(JSON.stringify(json)).not.toContain("secret");
  });

  test("nor in a stream", async () => {
    world.model.plays({ calls });
    const messages = [{ role: "user", content: "hello" }];
    const answer = await fetch(`${world.gateway.agentUrl}/v1/chat/completions`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${world.gateway.agentKey}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ model: "m", messages, tools: offered, stream: true }),
    });
    const text = await answer.text();
    // Arguments come in pieces; what a call is known by comes whole.
    expect(text).not.toContain("call_0");
    expect(text).toContain("call_1");
    expect(text).toContain("A policy does not allow this call.");
  });
});

test("of a tool that is only offered nothing is asked, for it has no arguments yet", async () => {
  world.model.plays({ text: "so" });
  expect((await world.chat({ tools: offered })).status).toBe(200);
  const [request] = world.model.requests;
  const names = request.tools.map((one: { function: { name: string } }) => one.function.name);
  expect(names).toEqual(["echo", "pay"]);
});
