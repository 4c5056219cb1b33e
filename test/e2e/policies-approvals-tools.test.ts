/** Calls of tools that a policy wants a person to approve, on each road that they come by. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterEach, describe, expect, test, vi } from "vitest";
import { MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
import { type ApprovalsFolder, ApprovalsWorld, BOUND, ENGINE, GATE } from "./approvals-world.ts";
import { until } from "./clients-world.ts";
import { META, stateless } from "./mcp-scene.ts";
import { READ, WRITE } from "./parking-world.ts";
import { PolicyWorld } from "./policies-world.ts";
import type { Json } from "./wiring-world.ts";

/** Each has a gateway of its own. */
vi.setConfig({ testTimeout: 60_000 });

const pay = (amount: number) => ({ arguments: { amount } });

describe("a tool of a server", () => {
  let at: ApprovalsWorld;
  const open = async (folder: ApprovalsFolder = {}) => {
    at = await ApprovalsWorld.open(folder);
  };
  const ran = () => at.world.server.ran();
  afterEach(() => at.world.end());

  test("by the dispatcher: waits with the policy's reasons, and runs once", async () => {
    await open();
    expect((await at.world.post(WRITE, pay(99))).status).toBe(200);
    const waiting = at.world.post(WRITE, pay(100));
    const review = await at.asked();
    expect(review.reason).toBe("A call of save asks for an approval: it is dear; nobody knows it.");
    expect(review.evidence).toMatchObject({
      ...{ server: "desk", tool: "save", arguments: { amount: 100 } },
      reasons: ["it is dear", "nobody knows it"],
    });
    expect(ran()).toBe(1);
    await at.approve(review);
    expect((await waiting).status).toBe(200);
    const again = at.world.post(WRITE, pay(100));
    const second = await at.asked();
    expect(ran()).toBe(2);
    expect((await at.decide("deny", second, { message: "Enough." })).status).toBe(200);
    const denied = await again;
    expect(denied.status).toBe(403);
    expect(await denied.text()).toContain("Enough.");
    expect(ran()).toBe(2);
  });

  test("with other arguments by a person: it is asked about as if its agent had asked them", async () => {
    const never = 'tool := {"deny": ["no"]} if input.call.arguments.amount > 1000\n\nelse :=';
    await open({ gate: GATE.replace("tool :=", never) });
    const waiting = at.world.post(WRITE, pay(100));
    const review = await at.asked();
    const refused = await at.decide("change", review, pay(2_000));
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain("would be refused: A policy does not allow this call.");
    const edited = await at.decide("change", review, pay(150));
    expect(edited.status).toBe(200);
    expect(((await edited.json()) as Json).evidence).toMatchObject({
      ...{ arguments: { amount: 150 }, arguments_before: { amount: 100 } },
      reasons: ["it is dear", "nobody knows it"],
    });
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("150");
    expect(ran()).toBe(1);
  });

  test("what its grant wants approved too is approved once, for both", async () => {
    const save = { tool_name: "save", read_only: false, requires_approval: true };
    await open({ manifest: { allowed_tools: [save] } });
    const waiting = at.world.post(WRITE, pay(100));
    const review = await at.asked();
    await at.approve(review);
    expect((await waiting).status).toBe(200);
    const plain = at.world.post(WRITE, pay(1));
    const second = await at.asked();
    expect(second.reason).toBe("A call of save asks for an approval.");
    expect(second.evidence).not.toHaveProperty("reasons");
    await at.approve(second);
    expect((await plain).status).toBe(200);
  });

  test("a read waits as well, and runs while nobody waits for it", async () => {
    await open({ parking: { hold_for: "0s" } });
    expect((await at.world.post(READ, pay(100))).status).toBe(429);
    await at.approve(await at.asked());
    await until(async () => ran() === 1);
    expect((await at.world.post(READ, pay(100))).status).toBe(200);
    expect(ran()).toBe(1);
  });

  test("beyond the limits of parking nobody is asked", async () => {
    await open({ parking: { max_calls_per_agent: 1, hold_for: "0s" } });
    await at.world.post(WRITE, pay(100));
    const full = await at.world.post(WRITE, pay(101));
    expect((await full.json()) as Json).toMatchObject({ code: "parking.full" });
    expect(await at.approvals()).toHaveLength(1);
  });

  test("over MCP with a handshake: the call is held, and answered once it is approved", async () => {
    await open();
    const client = new Client({ name: "agent", version: "1" });
    const { agentKey, agentUrl } = at.world.gateway;
    const requestInit = { headers: { authorization: `Bearer ${agentKey}` } };
    const transport = new StreamableHTTPClientTransport(new URL(`${agentUrl}/mcp`), {
      requestInit,
    });
    // Its own types differ in one optional field.
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    const called = client.callTool({ name: "save", arguments: { amount: 100 } });
    const review = await at.asked();
    expect(ran()).toBe(0);
    await at.approve(review);
    expect((await called).isError ?? false).toBe(false);
    expect(ran()).toBe(1);
    const refused = client.callTool({ name: "save", arguments: { amount: 100 } });
    await at.decide("deny", await at.asked(), { message: "Enough." });
    expect(await refused).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("Enough.") }],
    });
    await client.close();
  });

  test("over MCP 2026-07-28: a task to follow, or a call that is held", async () => {
    await open();
    const extensions = { "io.modelcontextprotocol/tasks": {} };
    const knows = { "io.modelcontextprotocol/clientCapabilities": { extensions } };
    const ask = async (method: string, params: Json, meta: Json): Promise<Json> => {
      const sent = stateless({ method, params: { ...params, _meta: { ...META, ...meta } } });
      const headers = { ...sent.headers, "mcp-name": params.taskId ?? params.name };
      return ((await (await at.world.post("/mcp", sent.body, { headers })).json()) as Json).result;
    };
    const call = { name: "save", arguments: { amount: 100 } };
    const { status, taskId } = await ask("tools/call", call, knows);
    expect(status).toBe("working");
    await at.approve(await at.asked());
    await until(async () => (await ask("tasks/get", { taskId }, knows)).status === "completed");
    expect(ran()).toBe(1);
    const held = ask("tools/call", { ...call, arguments: { amount: 101 } }, {});
    const review = await at.asked();
    expect(ran()).toBe(1);
    await at.approve(review);
    expect(await held).toMatchObject({ isError: false });
    expect(ran()).toBe(2);
  });
});

describe("on other roads", () => {
  let world: PolicyWorld;
  afterEach(() => world.end());

  const open = async (asks: boolean, gate = GATE) => {
    world = await PolicyWorld.open({
      policies: { "gate.rego": gate },
      bound: BOUND,
      engine: ENGINE,
      more: { tool_servers: { own: { kind: "agent", asks, tools: { pay: { effect: "write" } } } } },
      manifest: { allowed_tools: [{ tool_name: "pay", read_only: false }] },
    });
  };
  const approvals = async (): Promise<Json[]> => {
    return (await world.gateway.api("GET", "/api/v1/reviews?state=open")).json() as Promise<Json[]>;
  };
  const decide = async (decision: string): Promise<void> => {
    const [{ id, version }] = (await approvals()) as [Json];
    const body = { decision, version, reason: "looked" };
    const at = `/api/v1/reviews/${id}/decision`;
    expect((await world.gateway.api("POST", at, body)).status).toBe(200);
  };

  test("a tool whose agent asks: in an answer it is let through, at the decision it waits", async () => {
    await open(true);
    world.model.plays({ calls: [{ name: "pay", arguments: '{"amount":100}' }] });
    const answer = await world.chat({ max_tokens: 50 });
    expect(answer.json.choices[0].message.tool_calls).toHaveLength(1);
    expect(await approvals()).toEqual([]);
    const ask = async () => {
      const body = { tool: "pay", ...pay(100) };
      return (await world.post("/guard/v1/decisions", body)).json;
    };
    const parked = await ask();
    expect(parked).toMatchObject({ verdict: "park", code: "approval.pending" });
    // Its reasons are for people.
    expect(JSON.stringify(parked)).not.toContain("dear");
    expect((await ask()).parked.id).toBe(parked.parked.id);
    expect(await approvals()).toMatchObject([
      { reason: "A call of pay asks for an approval: it is dear; nobody knows it." },
    ]);
    await decide("approve");
    await until(async () => (await ask()).verdict === "allow");
    expect(await ask()).toMatchObject({ verdict: "park" });
    await decide("deny");
    await until(async () => (await ask()).code === "review.denied");
  });

  test.each([false, true])(
    "a tool whose agent never asks waits in the model's answer (stream: %s)",
    async (stream) => {
      await open(false);
      const calls = async (amount = 100): Promise<string> => {
        world.model.plays({ calls: [{ name: "pay", arguments: JSON.stringify({ amount }) }] });
        const answer = await fetch(`${world.gateway.agentUrl}/v1/chat/completions`, {
          method: "POST",
          headers: {
            authorization: `Bearer ${world.gateway.agentKey}`,
            "content-type": "application/json",
          },
          body: JSON.stringify({
            ...{ model: "m", max_tokens: 50, stream, messages: [{ role: "user", content: "x" }] },
          }),
        });
        return answer.text();
      };
      expect(await calls(99)).toContain('"name":"pay"');
      const told = await calls();
      expect(told).not.toContain('"name":"pay"');
      expect(told).toContain("waits for a person");
      expect(told).not.toContain("dear");
      expect(await calls()).not.toContain('"name":"pay"');
      expect(await approvals()).toHaveLength(1);
      await decide("approve");
      await until(async () => (await calls()).includes('"name":"pay"'));
      expect(await calls()).not.toContain('"name":"pay"');
      expect(await approvals()).toHaveLength(1);
    },
  );
});

test("what the gateway asks a model on its own does not wait: the answer before stands", async () => {
  const gate = `${GATE.split("model :=")[0]}model := {"park": ["a long talk"]} if input.call.messages > 1

else := true

tool := true
`;
  const world = await PolicyWorld.open({
    policies: { "gate.rego": gate },
    bound: BOUND,
    engine: ENGINE,
    manifest: { refusal_rounds: 3 },
  });
  try {
    world.model.plays({ text: "I will.", calls: [{ name: "rm", arguments: "{}" }] });
    const { json, status } = await world.chat();
    expect(status).toBe(200);
    expect(json.choices[0].message.content).toContain("The call to rm was refused");
    expect(world.model.requests).toHaveLength(1);
    const open = await (await world.gateway.api("GET", "/api/v1/reviews?state=open")).json();
    expect(open).toEqual([]);
  } finally {
    await world.end();
  }
});

test("what is read does not wait: it is refused, and nobody is asked", async () => {
  const gate = `${GATE.split("tool :=")[0]}tool := {"park": ["a secret"]}\n`;
  const world = await PolicyWorld.open({
    policies: { "gate.rego": gate },
    bound: BOUND,
    engine: ENGINE,
    manifest: { allowed_resources: [{ server: "desk", under: "file:///data/" }] },
  });
  try {
    const uri = "file:///data/a.txt";
    const library = { resources: [{ uri, name: uri }], resourceTemplates: [], prompts: [] };
    world.desk.set({ ...MCP_SCRIPT, library });
    const sent = stateless({ method: "resources/read", params: { uri } });
    const headers = { ...sent.headers, "mcp-name": uri };
    const { json } = await world.post("/mcp", sent.body, headers);
    expect(json.error.message).toContain("what is read does not wait");
    expect(json.error.data).toMatchObject({ "slipclutch/code": "policy.denied" });
    const open = await (await world.gateway.api("GET", "/api/v1/reviews?state=open")).json();
    expect(open).toEqual([]);
  } finally {
    await world.end();
  }
});
