/** Against agents that are observed: what is let through must not be more, or longer, than said. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
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

/** As a person does it, in the folder as it stands. */
async function learn(agent: string, ...more: readonly string[]) {
  const said = ["manifest", "learn", "--agent", agent, "--config", gateway.configFolder, ...more];
  return gateway.cli(...said);
}

const as = (agent: string) => ({ authorization: `Bearer ${keys[agent]}` });
const chat = { model: "m", max_tokens: 900, messages: [{ role: "user", content: "x" }] };
const callsIn = ({ choices }: Json): readonly string[] => {
  return (choices[0].message.tool_calls ?? []).map((one: Json) => one.function.name);
};

test("The end is the end also for a call in an answer that had been asked for before it", async () => {
  // Time enough for a reload and a call.
  const until = Date.now() + 4_000;
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

test("A task that began while its agent was observed goes on under the manifest that was learned", async () => {
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
  // The one before let everything through but its blacklist: the strictest of both is this one.
  const strictest = { ...learned, on_change: "strictest" };
  await reload({ ending: {}, changing: strictest });
  expect([await call("echo"), await call("fail")]).toEqual(["allow", "manifest.unknown-tool"]);
});

test("Arguments that were kept before the time that is asked for are learned from", async () => {
  await reload({ ending: {}, changing: {} });
  const find = async () => {
    const body = { arguments: { query: "often" } };
    const path = "/guard/v1/tools/echo/call";
    return (await gateway.call(path, body, as("changing"))).status;
  };
  const instants = async (): Promise<readonly number[]> => {
    const answer = await gateway.api("GET", "/api/v1/inputs?agent=changing&limit=1000");
    const { inputs } = (await answer.json()) as Json;
    return inputs.map(({ at }: Json) => Date.parse(at));
  };
  expect(await find()).toBe(200);
  const kept = (await instants()).at(-1) ?? 0;
  // Once more, and later than that by the clock that says when.
  await expect
    .poll(async () => {
      expect(await find()).toBe(200);
      return (await instants()).at(-1);
    })
    .toBeGreaterThan(kept);
  const since = new Date(kept + 1).toISOString();
  const { code, err, out } = await learn("changing", "--since", since);
  expect([code, err]).toEqual([0, expect.not.stringContaining("not kept")]);
  expect(out).toContain("query:");
});

test("A place that a draft cannot have is told before anything is asked", async () => {
  const places = [
    ["no/such/folder/draft.yaml", /no folder that is there/],
    [`${gateway.configFolder}/slipclutch.yaml/draft.yaml`, /no folder that is there/],
    [gateway.configFolder, /is a folder/],
  ] as const;
  for (const [place, says] of places) {
    const { code, err } = await learn("changing", "--out", place, "--force");
    expect([code, err]).toEqual([2, expect.stringMatching(says)]);
  }
});

test("What no file can say does not stop learning, and stays refused", async () => {
  await reload({ ending: {}, changing: {} });
  const shell = (given: string): Call => ({ name: "shell", arguments: given });
  const calls = ['{"<<":1}', '{"__proto__":1}', '{"\\ud800":"\\udc00"}', '{"ok":"${HOME}"}'].map(
    shell,
  );
  model.plays({ calls });
  await gateway.call("/v1/chat/completions", chat, as("changing"));
  const { code, err, out } = await learn("changing");
  expect([code, err]).toEqual([1, expect.stringContaining("own__shell: manifest.arguments")]);
  expect(out).toContain("ok:");
});

test("A tool whose name can be read in two ways is no tool that is let through", async () => {
  await reload({ ending: {}, changing: { blacklisted_tools: ["delete_ticket"] } });
  const twice = { id: "c1", type: "function", name: "notes", arguments: "{}" };
  const named = { ...twice, function: { name: "delete_ticket", arguments: "{}" } };
  const long = {
    ...twice,
    function: { name: `${"x".repeat(600)}__delete_ticket`, arguments: "{}" },
  };
  const plain = { id: "c2", type: "function", function: { name: "notes", arguments: "{}" } };
  model.plays((_body, response) => {
    const answer = chatAnswer({ calls: [{ name: "notes", arguments: "{}" }] });
    answer.choices[0].message.tool_calls = [named, { ...long, name: undefined }, plain];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  });
  const tool = (more: object) => ({ type: "function", ...more });
  const tools = [
    tool({ name: "notes", function: { name: "delete_ticket", parameters: {} } }),
    tool({ function: { name: "notes", parameters: {} } }),
  ];
  const answer = await gateway.call("/v1/chat/completions", { ...chat, tools }, as("changing"));
  expect(model.requests.at(-1).tools).toEqual(tools.slice(1));
  expect(callsIn(await answer.json())).toEqual(["notes"]);
});
