/** Results that agents send to their models, of tool calls that were never allowed. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type Call, type ScriptedModel, scriptedModel } from "../support/scripted-model.ts";
import { CLIENTS, type Json, stopClients } from "./official-clients.ts";

let model: ScriptedModel;
let gateway: TestGateway;

const PRICE = { input: 1, output: 1, context_window: 100_000, max_output: 1_000 };

beforeAll(async () => {
  model = await scriptedModel();
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: {
          openai: { kind: "openai", api_key: "k", base_url: model.url, models: ["m"] },
          anthropic: { kind: "anthropic", api_key: "k", base_url: model.url, models: ["m"] },
        },
        tool_servers: {
          own: { kind: "agent", tools: { weather: { effect: "read" }, wipe: { effect: "write" } } },
        },
        parking: { hold_for: "1s" },
        budgets: [{ name: "all", agent: "worker", limit_usd: 50, window: "lifetime" }],
      },
      "prices.yaml": { version: 1, openai: { m: PRICE }, anthropic: { m: PRICE } },
      "agents/worker.yaml": {
        version: 1,
        agent: "worker",
        allowed_tools: [
          { tool_name: "weather", arguments: { properties: { city: { enum: ["Oslo"] } } } },
        ],
      },
    },
  });
}, 60_000);

afterAll(async () => {
  stopClients();
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await model.close();
});

const OSLO: Call = { name: "weather", arguments: '{"city":"Oslo"}', id: "call_0123456789_oslo" };
const PARIS: Call = { name: "weather", arguments: '{"city":"Paris"}', id: "call_012345678_paris" };
const WIPE: Call = { name: "wipe", arguments: "{}", id: "call_0123456789_wipe" };
const USER = { role: "user", content: "How is the weather?" };

/** A request in one format: the model's calls, and the results of these ids. */
interface Spelling {
  readonly path: string;
  history(calls: readonly Call[], results: readonly string[]): readonly Json[];
}

const CHAT: Spelling = {
  path: "/v1/chat/completions",
  history: (calls, results) => {
    const tool_calls = calls.map(({ arguments: given, id, name }) => {
      return { id, type: "function", function: { name, arguments: given } };
    });
    const turn = calls.length === 0 ? [] : [{ role: "assistant", content: null, tool_calls }];
    return [
      USER,
      ...turn,
      ...results.map((id) => ({ role: "tool", tool_call_id: id, content: "x" })),
    ];
  },
};

const MESSAGES: Spelling = {
  path: "/v1/messages",
  history: (calls, results) => {
    const content = calls.map(({ arguments: given, id, name }) => {
      return { type: "tool_use", id, name, input: JSON.parse(given) };
    });
    const turn = calls.length === 0 ? [] : [{ role: "assistant", content }];
    const back = results.map((id) => ({ type: "tool_result", tool_use_id: id, content: "x" }));
    return [USER, ...turn, { role: "user", content: back }];
  },
};

const bodyOf = (messages: readonly Json[]) => ({ model: "m", max_tokens: 900, messages });

let tasks = 0;
/** The entries of a task of its own, once its call has been answered. */
async function sent(path: string, messages: readonly Json[], headers = {}) {
  tasks += 1;
  const task = `results-${tasks}`;
  const answer = await gateway.call(path, bodyOf(messages), {
    "x-slipclutch-task": task,
    ...headers,
  });
  await answer.text();
  expect(answer.status).toBe(200);
  return { decision: answer.headers.get("x-slipclutch-decision"), entries: await unallowed(task) };
}

/** What a task's journal says of results, once the call that brought them is in it. */
async function unallowed(task: string, calls = 1): Promise<readonly Json[]> {
  const entries = await until(
    async () => {
      const journal: Json = await (await gateway.api("GET", `/api/v1/journal?task=${task}`)).json();
      return journal.entries as readonly Json[];
    },
    (all) => all.filter(({ kind }) => kind === "call.settled").length >= calls,
  );
  const of = entries.filter(({ kind }: Json) => kind === "result.unallowed");
  return of.map(({ event }: Json) => event);
}

async function counted(code: string): Promise<number> {
  const text = await (await gateway.api("GET", "/metrics")).text();
  const name = `slipclutch_tool_results_unallowed_total{agent="worker",code="${code}"} `;
  const line = text.split("\n").find((one) => one.startsWith(name));
  return Number(line?.slice(name.length) ?? 0);
}

describe.each([
  ["chat completions", CHAT],
  ["messages", MESSAGES],
])("in a request of %s", (_, { history, path }) => {
  test("results of calls that are allowed leave no trace, and none does the request", async () => {
    model.plays({ text: "so" });
    const messages = history([OSLO, { ...OSLO, id: "two" }], ["call_0123456789_oslo", "two"]);
    const { entries } = await sent(path, messages);
    expect(entries).toEqual([]);
    expect(model.requests[0].messages).toEqual(messages);
  });

  test("a result of a call that is refused is written down with its code, and goes on", async () => {
    model.plays({ text: "so" });
    const messages = history(
      [OSLO, PARIS, WIPE],
      [OSLO, PARIS, WIPE].map(({ id = "" }) => id),
    );
    const before = await counted("manifest.unknown-tool");
    const { decision, entries } = await sent(path, messages);
    expect(entries).toMatchObject([
      { tool: "weather", code: "manifest.arguments", beyond: 0, agent: "worker", decision },
      { tool: "wipe", code: "manifest.unknown-tool", beyond: 0, agent: "worker", decision },
    ]);
    expect(entries[0].facts).toMatchObject({ at: "/arguments/city" });
    expect(model.requests[0].messages).toEqual(messages);
    expect((await counted("manifest.unknown-tool")) - before).toBe(1);
  });

  test("a result without a call is written down without a code", async () => {
    model.plays({ text: "so" });
    const before = await counted("none");
    const { entries } = await sent(path, history([OSLO], ["call_0123456789_oslo", "invented"]));
    expect(entries).toMatchObject([{ tool: null, code: null }]);
    expect((await counted("none")) - before).toBe(1);
  });

  test("past twenty of one request the last one tells how many there are", async () => {
    model.plays({ text: "so" });
    const before = await counted("other");
    const ids = Array.from({ length: 27 }, (_ignored, at) => `invented-${at}`);
    const { entries } = await sent(path, history([], ids));
    expect(entries.map(({ beyond }) => beyond).toSorted((a, b) => a - b)).toEqual([
      ...Array(19).fill(0),
      7,
    ]);
    expect((await counted("other")) - before).toBe(7);
  });

  test("what was taken out of an answer counts, however the history tells it", async () => {
    const headers = { "x-slipclutch-task": `taken-${path.length}` };
    const ask = async (messages: readonly Json[]) => {
      const answer = await gateway.call(path, bodyOf(messages), headers);
      await answer.text();
      expect(answer.status).toBe(200);
    };
    model.plays({ text: "Let me see.", calls: [OSLO, WIPE] }, { text: "so" });
    await ask([USER]);
    const id = WIPE.id ?? "";
    await ask(history([{ ...OSLO, id }], [id]));
    const task = headers["x-slipclutch-task"];
    expect(await unallowed(task, 2)).toMatchObject([
      { tool: "wipe", code: "manifest.unknown-tool" },
    ]);
    // The same id for a call that gets through is another call.
    model.plays({ calls: [{ ...OSLO, id }] }, { text: "so" });
    await ask([USER]);
    await ask(history([{ ...OSLO, id }], [id]));
    expect(await unallowed(task, 4)).toHaveLength(1);
  });

  test("what the gateway itself tells the model is not looked at", async () => {
    model.plays({ calls: [WIPE] }, { text: "Then I shall not." });
    const task = `asked-again-${path.length}`;
    const headers = { "x-slipclutch-task": task };
    await (await gateway.call(path, bodyOf([USER]), headers)).text();
    expect(model.requests).toHaveLength(2);
    expect(JSON.stringify(model.requests[1])).toContain(WIPE.id);
    expect(await unallowed(task, 2)).toEqual([]);
  });
});

test("the gateway's own tool needs no grant here either", async () => {
  model.plays({ text: "so" });
  const call = { name: "mcp__us__slipclutch_budget", arguments: "{}", id: "b" };
  expect((await sent(CHAT.path, CHAT.history([call], ["b"]))).entries).toEqual([]);
});

test("people read of it in the journal, and where the call is explained", async () => {
  model.plays({ text: "so" });
  const { decision } = await sent(CHAT.path, CHAT.history([WIPE], [WIPE.id ?? "", "invented"]));
  const journal = await gateway.cli("journal", "--decision", String(decision));
  expect(journal.out).toMatch(/result\.unallowed manifest\.unknown-tool {2}worker.* {2}wipe {2}/);
  const { out } = await gateway.cli("explain", String(decision));
  expect(out).toContain(
    "It brought the model the result of a call of wipe that is refused (manifest.unknown-tool).",
  );
  expect(out).toContain("the result of a call that the model has not asked for.");
});

test("a request that waits is looked at once, whoever comes for it how often", async () => {
  const task = "waits";
  const messages = CHAT.history([WIPE], [WIPE.id ?? ""]);
  const pause = { all: true, reason: "look" };
  expect((await gateway.api("POST", "/api/v1/agents/pause", pause)).status).toBe(200);
  model.plays({ text: "so" });
  const ask = () => gateway.call(CHAT.path, bodyOf(messages), { "x-slipclutch-task": task });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const held = await ask();
    const refusal: Json = await held.json();
    expect([held.status, refusal.code]).toEqual([429, "clutch.parked"]);
  }
  expect((await gateway.cli("agents", "resume", "worker", "--reason", "fine")).code).toBe(0);
  expect((await ask()).status).toBe(200);
  expect(await unallowed(task)).toHaveLength(1);
});

test.each(CLIENTS)("$name: its loop over tools raises no alarm", async (client) => {
  const baseUrl = client.family === "openai" ? `${gateway.agentUrl}/v1` : gateway.agentUrl;
  const task = `loop-${client.name.replaceAll(/\W/g, "-")}`;
  model.plays({ calls: [OSLO, { ...OSLO, id: "call_2" }] }, { text: "Fine weather." });
  const outcome = await client.ask({
    ...{ baseUrl, key: gateway.agentKey, mode: "loop", retries: 0 },
    headers: { "x-slipclutch-task": task },
    body: { ...bodyOf([USER]), tools: [] },
  });
  expect(outcome).toMatchObject({ kind: "answer", ran: [{ city: "Oslo" }, { city: "Oslo" }] });
  expect(JSON.stringify(model.requests[1])).toContain("call_2");
  expect(await unallowed(task, 2)).toEqual([]);
});
