/** What tasks say is kept where that is configured, once, and read by those who may. */
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client as McpClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../faults/gateway-scene.ts";
import {
  CLIENTS,
  type Client,
  stopClients,
  TOOL_RESULT,
  WEATHER_PARAMETERS,
} from "./official-clients.ts";
import { type Json, TranscriptWorld } from "./transcripts-world.ts";

let world: TranscriptWorld;

beforeAll(async () => {
  world = await TranscriptWorld.open();
}, 60_000);

afterAll(async () => {
  stopClients();
  await world.close();
});

const SYSTEM = "You are terse.";
const MODES = ["whole", "frames"] as const;

/** A conversation as each format writes it. */
function bodyOf({ family }: Client, messages: readonly Json[]): Json {
  if (family === "anthropic") return { model: "c", max_tokens: 100, system: SYSTEM, messages };
  return { model: "m", messages: [{ role: "system", content: SYSTEM }, ...messages] };
}

function toolsOf({ family }: Client): Json {
  const parameters = WEATHER_PARAMETERS;
  if (family === "anthropic") return [{ name: "weather", input_schema: parameters }];
  return [{ type: "function", function: { name: "weather", parameters } }];
}

function asking(client: Client, task: string) {
  const baseUrl = world.base(task, client.family);
  return { baseUrl, key: world.gateway.agentKey, retries: 0 };
}

describe.each(CLIENTS.map((client) => [client.name, client] as const))("%s", (_, client) => {
  test.each(MODES)("%s: each message of a conversation is kept once", async (mode) => {
    const task = world.newTask();
    world.model.plays({ text: "Hello, you." }, { text: "Two." });
    const hi = { role: "user", content: "hi there" };
    const first = await client.ask({ ...asking(client, task), mode, body: bodyOf(client, [hi]) });
    expect(first.kind).toBe("answer");
    const said = { role: "assistant", content: "Hello, you." };
    const again = { role: "user", content: "hi there" };
    const body = bodyOf(client, [hi, said, again]);
    await client.ask({ ...asking(client, task), mode, body });
    expect(await world.lines(task)).toEqual([
      `system: ${SYSTEM}`,
      "user: hi there",
      "assistant: Hello, you.",
      "user: hi there",
      "assistant: Two.",
    ]);
  });

  test("a loop over tools is kept in its order, with arguments and results", async () => {
    const task = world.newTask();
    const calls = [{ name: "weather", arguments: '{"city": "Oslo"}' }];
    world.model.plays({ text: "Let me see.", calls }, { text: "It is cold." });
    const messages = [{ role: "user", content: "How is Oslo?" }];
    const body = { ...bodyOf(client, messages), tools: toolsOf(client) };
    const asked = await client.ask({ ...asking(client, task), mode: "loop", body });
    expect(asked).toMatchObject({ kind: "answer", ran: [{ city: "Oslo" }] });
    const role = client.family === "openai" ? "tool" : "user";
    const lines = await world.lines(task);
    // What one of the clients tries first is refused, and it asks again without that.
    expect(lines.filter((line) => line !== "(refused model.unbounded)")).toEqual([
      `system: ${SYSTEM}`,
      "user: How is Oslo?",
      'assistant: Let me see. | weather {"city":"Oslo"}',
      `${role}: = ${TOOL_RESULT}`,
      "assistant: It is cold.",
    ]);
  });
});

describe("a transcript", () => {
  test("has the tool calls at the gateway, those that were refused too", async () => {
    const task = world.newTask();
    await world.tool(task, "echo", { n: 3 });
    await world.tool(task, "echo", { n: 10 });
    await world.tool(task, "rm_rf", { path: "/" });
    const lines = await world.lines(task);
    expect(lines[0]).toBe('(echo {"n":3} allowed )');
    expect(lines[1]).toContain("(echo ok ");
    expect(lines[1]).toContain("3");
    expect(lines.slice(2)).toEqual([
      '(echo {"n":10} refused manifest.arguments)',
      '(rm_rf {"path":"/"} refused manifest.unknown-tool)',
    ]);
  });

  test("has what a refused call of a model asked, and an answer that broke off", async () => {
    const task = world.newTask();
    const user = { role: "user", content: "now" };
    await world.chat(task, [user], { model: "unheard-of" });
    world.model.plays((_, response) => {
      response.writeHead(400, { "content-type": "application/json" });
      response.end('{"error":{"type":"invalid_request_error","message":"too long"}}');
    });
    await world.chat(task, [user, { role: "user", content: "again" }]);
    const frame = { choices: [{ index: 0, delta: { content: "half an ans" } }] };
    world.model.plays((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`data: ${JSON.stringify(frame)}\n\n`);
    });
    await (await world.chat(task, [user], { stream: true })).text();
    expect(await world.lines(task)).toEqual([
      "user: now",
      "(refused model.unpriced)",
      "user: again",
      "(broken status 400: too long)",
      "assistant: half an ans",
      "(broken half)",
    ]);
  });

  test("has the calls of an answer that were refused and never reached its client", async () => {
    const task = world.newTask();
    const calls = [{ name: "rm_rf", arguments: '{"path":"/"}' }];
    world.model.plays({ calls }, { text: "Then not." });
    const tools = [{ type: "function", function: { name: "weather", parameters: {} } }];
    await world.chat(task, [{ role: "user", content: "tidy up" }], { tools });
    const lines = await world.lines(task);
    expect(lines).toContain('(rm_rf {"path":"/"} refused manifest.unknown-tool)');
    expect(lines[0]).toBe("user: tidy up");
    expect(lines.at(-1)).toBe("assistant: Then not.");
  });

  test("has a parked call once, and its answer when it was let go", async () => {
    const task = world.newTask();
    world.model.plays({ text: "at last" });
    await world.gateway.api("POST", "/api/v1/agents/pause", { agents: ["worker"], reason: "look" });
    const call = world.chat(task, [{ role: "user", content: "still there?" }]);
    await until(
      async () => (await world.lines(task).catch(() => [])).length,
      (count) => count === 2,
    );
    expect(await world.lines(task)).toEqual(["user: still there?", "(parked clutch)"]);
    const reviews = await world.gateway.api("GET", "/api/v1/reviews?state=open");
    const [{ id }] = (await reviews.json()) as Json;
    const resume = ["resume", id, "--reason", "fine", "--message", "Be brief."];
    expect((await world.gateway.cli("reviews", ...resume)).code).toBe(0);
    expect((await call).status).toBe(200);
    expect(await world.lines(task)).toEqual([
      ...["user: still there?", "(parked clutch)", "reviewer: Be brief.", "assistant: at last"],
    ]);
  });

  test("has what its agent reports of a tool that it runs itself", async () => {
    const task = world.newTask();
    const headers = { "x-slipclutch-task": task };
    const body = { tool: "search", arguments: { q: "snow" }, call_id: "c-1" };
    const asked = await world.call("/guard/v1/decisions", body, headers);
    const { decision } = (await asked.json()) as Json;
    const outcome = { ok: true, result: { found: 3 } };
    await world.call(`/guard/v1/decisions/${decision}/outcome`, outcome, headers);
    expect(await world.lines(task)).toEqual([
      '(search {"q":"snow"} allowed )',
      '(search ok {"found":3})',
    ]);
  });

  test("has what an agent calls over MCP, and not what it is shown", async () => {
    const client = new McpClient({ name: "test", version: "1" });
    const task = world.newTask();
    const headers = {
      authorization: `Bearer ${world.gateway.agentKey}`,
      "x-slipclutch-task": task,
    };
    const at = new URL(`${world.gateway.agentUrl}/mcp`);
    await client.connect(new StreamableHTTPClientTransport(at, { requestInit: { headers } }));
    await client.listTools();
    await client.callTool({ name: "echo", arguments: { n: 4 } });
    await client.close();
    const [call, result, ...more] = await world.lines(task);
    expect([call, more]).toEqual(['(echo {"n":4} allowed )', []]);
    expect(result).toContain("(echo ok ");
  });

  test("is there after the gateway was killed, and goes on where it was", async () => {
    const task = world.newTask();
    world.model.plays({ text: "one" }, { text: "two" });
    const [first, second] = ["first", "second"].map((content) => ({ role: "user", content }));
    await world.chat(task, [first]);
    expect(await world.lines(task)).toHaveLength(2);
    await world.kill();
    await world.chat(task, [first, { role: "assistant", content: "one" }, second]);
    expect(await world.lines(task)).toEqual([
      ...["user: first", "assistant: one"],
      ...["user: second", "assistant: two"],
    ]);
  });

  test("is of no agent whose manifest says so", async () => {
    const made = await world.gateway.api("POST", "/api/v1/keys", { agent: "zoe" });
    const { key } = (await made.json()) as Json;
    const task = world.newTask();
    const headers = { authorization: `Bearer ${key}`, "x-slipclutch-task": task };
    const messages = [{ role: "user", content: "a secret" }];
    const asked = await world.call("/v1/chat/completions", { model: "m", messages }, headers);
    expect(asked.status).toBe(200);
    expect(await world.transcript(task, "zoe")).toMatchObject({ keeps: false, entries: [] });
  });

  test("holds neither keys nor headers", async () => {
    const task = world.newTask();
    await world.chat(task, [{ role: "user", content: "hello" }]);
    const text = JSON.stringify(await world.transcript(task));
    expect(text).toContain("hello");
    expect(text).not.toContain(world.gateway.agentKey);
    expect(text).not.toContain("provider-secret");
    expect(text).not.toContain("authorization");
  });
});

describe("content that means no good", () => {
  test("is harmless on a terminal, and whole in JSON", async () => {
    const task = world.newTask();
    const evil = "\u001b]0;owned\u0007\u001b[2Jred\u202egnp.exe\u0000\r\nsecond line";
    world.model.plays({ text: evil });
    await world.chat(task, [{ role: "user", content: evil }]);
    const shown = await world.gateway.cli("tasks", "transcript", task);
    expect(shown.code).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(shown.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(shown.out).toContain("second line");
    const json = await world.gateway.cli("tasks", "transcript", task, "--json");
    expect(JSON.parse(json.out).entries.map(({ parts }: Json) => parts[0].text)).toEqual([
      evil,
      evil,
    ]);
  });

  test("is cut where it is long, and told by its size where it is no text", async () => {
    const task = world.newTask();
    const long = `begin${"x".repeat(500_000)}end`;
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${LARGE}` } };
    world.model.plays({ text: "\u0001".repeat(300_000) });
    const content = [{ type: "text", text: "look" }, image];
    await world.chat(task, [
      { role: "user", content: long },
      { role: "user", content },
    ]);
    const { entries } = await world.transcript(task);
    const [cut, looked, escapes] = entries.map(({ parts }: Json) => {
      return parts.map(({ text }: Json) => text).join(" ");
    });
    expect(cut).toMatch(/^begin[x]+\n\[… 4\d\d kB left out …\]\n[x]+end$/);
    expect(looked).toBe("look [image, 12 kB]");
    expect(JSON.stringify(escapes).length).toBeLessThan(66_000);
  });

  test("is kept as far as it can be read, and harms no other", async () => {
    const task = world.newTask();
    const deep = "[".repeat(3_000) + "]".repeat(3_000);
    const broken = 'data: {"choices":[{"index":0,"delta":{"content":"so far"}}]}\n\ndata: {"cho';
    world.model.plays(
      (_, response) => void response.end("{"),
      (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(broken);
      },
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(`{"choices":[{"index":0,"message":{"role":"assistant","content":${deep}}}]}`);
      },
      { text: "well" },
    );
    const parts = [{ type: "odd" }, { type: "text" }, { type: "refusal", refusal: "no" }];
    await (await world.chat(task, [{ role: "user", content: parts }])).text();
    const user = { role: "user", content: "go" };
    await (await world.chat(task, [user], { stream: true })).text();
    await (await world.chat(task, [user])).text();
    await (await world.chat(task, [user, user])).text();
    const lines = await world.lines(task);
    expect(lines[0]).toBe("user: [odd] | [text] | no");
    expect(lines).toContain("assistant: so far");
    expect(lines.filter((line) => line === "user: go")).toHaveLength(2);
    expect(lines.at(-1)).toBe("assistant: well");
  });

  test("of a request with names of tasks and messages by the thousand is bounded", async () => {
    const task = world.newTask();
    world.model.plays({ text: "much" });
    const messages = Array.from({ length: 5_000 }, (_, no) => {
      return { role: no % 2 === 0 ? "user" : "assistant", content: `message ${no}` };
    });
    await world.chat(task, messages);
    const { entries, dropped } = await wholeOf(task);
    expect(entries.length).toBeLessThanOrEqual(1_001);
    expect(dropped).toBe(0);
    expect(entries.at(-2).parts[0].text).toBe("message 4999");
  });
});

/** Bytes of an image, in base64. */
const LARGE = Buffer.alloc(12_000, 7).toString("base64");

async function wholeOf(task: string): Promise<Json> {
  const { out } = await world.gateway.cli("tasks", "transcript", task, "--json");
  return JSON.parse(out);
}

test("A task that was never opened has no transcript, however many names are made up", async () => {
  const made = await world.gateway.api("POST", "/api/v1/keys", { agent: "ycrowd" });
  const { key } = (await made.json()) as Json;
  const codes: string[] = [];
  for (const task of ["first", "second", "third"]) {
    const headers = { authorization: `Bearer ${key}`, "x-slipclutch-task": task };
    const body = { model: "m", messages: [{ role: "user", content: "hello" }] };
    const answer = await world.call("/v1/chat/completions", body, headers);
    codes.push(answer.headers.get("x-slipclutch-decision")?.split("code=")[1] ?? "allowed");
  }
  expect(codes).toEqual(["allowed", "task.too-many", "task.too-many"]);
  expect((await world.transcript("first", "ycrowd")).entries).toHaveLength(2);
  for (const task of ["second", "third"]) {
    expect(await world.transcript(task, "ycrowd")).toMatchObject({
      error: { code: "task.unknown" },
    });
  }
});

describe("who reads and erases", () => {
  const kinds = async (task: string) => {
    const answer = await world.gateway.api("GET", `/api/v1/journal?task=${task}&limit=100`);
    const { entries } = (await answer.json()) as Json;
    return entries.filter(({ kind }: Json) => kind.startsWith("transcript."));
  };

  test("is in the journal, whose chain is whole after it", async () => {
    const task = world.newTask();
    world.model.plays({ text: "mine" });
    await world.chat(task, [{ role: "user", content: "my name is Jo" }]);
    const read = await world.gateway.cli("tasks", "transcript", task, "--agent", "worker");
    expect(read.out).toContain("my name is Jo");
    const erase = ["tasks", "erase", task, "--reason", "Jo asked for it"];
    const erased = await world.gateway.cli(...erase);
    expect([erased.code, erased.out]).toEqual([0, expect.stringContaining("Erased 2 entries")]);
    const told = (await kinds(task)).map(({ event, kind }: Json) => [kind, event.reason]);
    expect(told).toEqual([
      ["transcript.read", undefined],
      ["transcript.erased", "Jo asked for it"],
    ]);
    // The same conversation goes on, and brings all of it again.
    await world.chat(task, [{ role: "user", content: "my name is Jo" }]);
    const { entries, erased_at, keeps } = await world.transcript(task);
    expect([entries, keeps]).toEqual([[], false]);
    expect(Date.parse(erased_at)).toBeGreaterThan(0);
    const verified = await world.gateway.cli("journal", "verify");
    expect([verified.code, verified.out]).toEqual([0, expect.any(String)]);
    await world.kill();
    expect((await world.transcript(task)).entries).toEqual([]);
  });

  test("is who has the role", async () => {
    const task = world.newTask();
    await world.chat(task, [{ role: "user", content: "hello" }]);
    const { controlUrl } = world.gateway;
    const statuses: number[] = [];
    for (const role of ["viewer", "operator"]) {
      const made = await world.gateway.api("POST", "/api/v1/keys", { operator: "jo", role });
      const { key } = (await made.json()) as Json;
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const at = `${controlUrl}/api/v1/tasks/worker/${task}/transcript`;
      statuses.push((await fetch(at, { headers })).status);
      const body = JSON.stringify({ reason: "why not" });
      statuses.push((await fetch(at, { method: "DELETE", headers, body })).status);
    }
    expect(statuses).toEqual([403, 403, 200, 403]);
  });

  test("writes it into a file of its own, and over no other", async () => {
    const task = world.newTask();
    world.model.plays({ text: "kept" });
    await world.chat(task, [{ role: "user", content: "keep this" }]);
    const file = join(world.gateway.dataFolder, "out.txt");
    const asked = ["tasks", "transcript", task, "--out", file];
    expect((await world.gateway.cli(...asked)).code).toBe(0);
    expect(await readFile(file, "utf8")).toContain("keep this");
    expect((await stat(file)).mode & 0o077).toBe(0);
    await writeFile(file, "mine");
    const again = await world.gateway.cli(...asked);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining("there already")]);
    expect(await readFile(file, "utf8")).toBe("mine");
  });

  test("hears that there is no such task", async () => {
    for (const command of [["transcript"], ["erase", "--reason", "x"]]) {
      const [verb = "", ...rest] = command;
      const found = await world.gateway.cli("tasks", verb, "nobody", ...rest);
      expect([found.code, found.err]).toEqual([1, expect.stringContaining("nobody")]);
      const named = await world.gateway.cli("tasks", verb, "nobody", "--agent", "worker", ...rest);
      expect([named.code, named.err]).toEqual([1, expect.stringContaining("no task nobody")]);
    }
  });
});
