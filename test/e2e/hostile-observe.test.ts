/** Against agents that are observed: what is let through must not be more, or longer, than said. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { MCP_SCRIPT, type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { forget, startGateway, type TestGateway, writeFolder } from "../support/gateway.ts";
import {
  type Call,
  chatAnswer,
  type ScriptedModel,
  scriptedModel,
} from "../support/scripted-model.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers are data here
type Json = any;

const PRICE = { input: 1, output: 1, context_window: 100_000, max_output: 1_000 };
const OBSERVED = { version: 1, refusal_rounds: 0, mode: "observe", observe_until: "2999-01-01" };

let desk: McpFixture;
let model: ScriptedModel;
let gateway: TestGateway;
const keys: Record<string, string> = {};

function folder(agents: Readonly<Record<string, object>>) {
  const manifests = Object.entries(agents).map(([agent, manifest]) => {
    return [`agents/${agent}.yaml`, { ...OBSERVED, agent, ...manifest }] as const;
  });
  return {
    "slipclutch.yaml": {
      version: 1,
      providers: {
        openai: { kind: "openai", api_key: "k", base_url: model.url, models: ["m"] },
      },
      tool_servers: { desk: { kind: "mcp", url: desk.url }, own: { kind: "agent" } },
      breakers: [
        { name: "stuck", enabled: false },
        { name: "tool-surge", enabled: false },
      ],
      budgets: [{ name: "all", each: "agent", limit_usd: 50, window: "lifetime" }],
    },
    "prices.yaml": { version: 1, openai: { m: PRICE } },
    ...Object.fromEntries(manifests),
  };
}

beforeAll(async () => {
  desk = await mcpFixture({ tools: MCP_SCRIPT.tools });
  model = await scriptedModel();
  gateway = await startGateway({ config: folder({ ending: {}, changing: {} }) });
  for (const agent of ["ending", "changing"]) {
    const made = await gateway.api("POST", "/api/v1/keys", { agent });
    keys[agent] = ((await made.json()) as Json).key;
  }
}, 60_000);

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await model.close();
  await desk.close();
});

async function reload(agents: Readonly<Record<string, object>>): Promise<void> {
  await writeFolder(folder(agents), gateway.configFolder);
  const answer = await gateway.api("POST", "/api/v1/reload");
  expect(answer.status, await answer.text()).toBe(200);
}

const as = (agent: string) => ({ authorization: `Bearer ${keys[agent]}` });
const chat = { model: "m", max_tokens: 900, messages: [{ role: "user", content: "x" }] };
const callsIn = ({ choices }: Json): readonly string[] => {
  return (choices[0].message.tool_calls ?? []).map((one: Json) => one.function.name);
};

test("The end is the end also for a call in an answer that had been asked for before it", async () => {
  const until = Date.now() + 1_500;
  await reload({ ending: { observe_until: new Date(until).toISOString() }, changing: {} });
  const calls: readonly Call[] = [{ name: "shell", arguments: "{}" }];
  model.plays({ calls }, async (_body, response) => {
    await new Promise((resolve) => setTimeout(resolve, until + 50 - Date.now()));
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(chatAnswer({ calls })));
  });
  const ask = async () => (await gateway.call("/v1/chat/completions", chat, as("ending"))).json();
  expect(callsIn(await ask())).toEqual(["shell"]);
  expect(callsIn(await ask())).toEqual([]);
});

test("A task that began while its agent was observed goes on under another that says on_change: apply", async () => {
  const inTask = { ...as("changing"), "x-slipclutch-task": "long" };
  const call = async (tool: string) => {
    const answer = await gateway.call(`/guard/v1/tools/${tool}/call`, { arguments: {} }, inTask);
    return answer.ok ? "allow" : ((await answer.json()) as Json).code;
  };
  await reload({ ending: {}, changing: {} });
  expect([await call("echo"), await call("fail")]).toEqual(["allow", "allow"]);
  const learned = {
    allowed_tools: [{ tool_name: "echo", server: "desk", read_only: false }],
    ...{ mode: "enforce", observe_until: undefined, on_change: "apply" },
  };
  await reload({ ending: {}, changing: learned });
  expect([await call("echo"), await call("fail")]).toEqual(["allow", "manifest.unknown-tool"]);
  // Without it: only what both grant, and the one before granted nothing.
  await reload({ ending: {}, changing: { ...learned, on_change: "strictest" } });
  expect(await call("echo")).toBe("manifest.unknown-tool");
});
