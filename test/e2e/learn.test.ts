/** From an agent that is observed to a manifest that admits what it did, and little more. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { MCP_SCRIPT } from "../../src/testing/mcp-script.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { type ScriptedModel, scriptedModel } from "../support/scripted-model.ts";

let desk: McpFixture;
let model: ScriptedModel;
let gateway: TestGateway;
let folder: string;

// biome-ignore lint/suspicious/noExplicitAny: answers are data here
type Json = any;

const PRICE = { input: 1, output: 1, context_window: 100_000, max_output: 1_000 };
const OBSERVED = {
  version: 1,
  agent: "worker",
  labels: { team: "red" },
  mode: "observe",
  observe_until: "2999-01-01",
  blacklisted_tools: ["fail_hard"],
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "slipclutch-learn-"));
  const tools = ["find", "close", "never"].map((name) => ({
    name,
    inputSchema: { type: "object" },
  }));
  desk = await mcpFixture({ tools: [...MCP_SCRIPT.tools, ...tools] });
  model = await scriptedModel();
  gateway = await startGateway({
    config: {
      "slipclutch.yaml": {
        version: 1,
        providers: {
          openai: { kind: "openai", api_key: "k", base_url: model.url, models: ["m", "m2"] },
        },
        tool_servers: {
          desk: {
            kind: "mcp",
            url: desk.url,
            tools: { find: { effect: "read" }, close: { effect: "write" } },
          },
          own: { kind: "agent" },
        },
        breakers: [
          { name: "stuck", enabled: false },
          { name: "tool-surge", enabled: false },
        ],
        budgets: [{ name: "all", agent: "worker", limit_usd: 50, window: "lifetime" }],
      },
      "prices.yaml": { version: 1, openai: { m: PRICE, m2: PRICE } },
      "agents/worker.yaml": OBSERVED,
      "agents/zoe.yaml": { ...OBSERVED, agent: "zoe", uncapped: true },
    },
  });
}, 60_000);

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await model.close();
  await desk.close();
  await rm(folder, { recursive: true });
});

async function dispatch(tool: string, given: object): Promise<string> {
  const answer = await gateway.call(`/guard/v1/tools/${tool}/call`, { arguments: given });
  const { code = "ok" } = (await answer.json()) as Json;
  return code;
}

async function mcp(tool: string, given: object): Promise<string> {
  const body = {
    ...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
    params: { name: tool, arguments: given },
  };
  const { result } = (await (await gateway.call("/mcp", body)).json()) as Json;
  return result._meta?.["slipclutch/code"] ?? "ok";
}

/** The names of the calls that are left in an answer that asks for this one. */
async function asks(tool: string, given: object): Promise<readonly string[]> {
  model.plays({ calls: [{ name: tool, arguments: JSON.stringify(given) }] });
  const answer = await gateway.call("/v1/chat/completions", {
    ...{ model: "m", max_tokens: 700, messages: [{ role: "user", content: "x" }] },
  });
  const { choices } = (await answer.json()) as Json;
  return (choices[0].message.tool_calls ?? []).map((one: Json) => one.function.name);
}

const FOUND = Array.from({ length: 30 }, (_, no) => ({
  state: ["open", "closed", "pending"][no % 3],
  query: `subject ${no}`,
  limit: no + 1,
}));
const CLOSED = [4711, 4712, 4890].map((no) => ({ id: `TICKET-${no}`, note: "done" }));

async function learn(...more: readonly string[]) {
  const cwd = gateway.configFolder;
  return gateway.cli("manifest", "learn", "--agent", "worker", "--config", cwd, ...more);
}

describe("manifest learn", () => {
  test("knows nothing of an agent that nobody has seen, and says what to do", async () => {
    const answer = await gateway.cli("manifest", "learn", "--agent", "zoe");
    expect(answer.code).toBe(1);
    expect(answer.err).toMatch(/no call of zoe was kept.*\n.*mode: observe/);
  });

  test("drafts what was done, on every road, with the schemas of its arguments", async () => {
    for (const [no, given] of FOUND.entries()) {
      expect(await (no % 2 === 0 ? dispatch : mcp)("find", given)).toBe("ok");
    }
    for (const given of CLOSED) expect(await dispatch("close", given)).toBe("ok");
    expect(await asks("run_tests", { suite: "unit" })).toEqual(["run_tests"]);
    expect(await dispatch("fail_hard", {})).toBe("manifest.blacklisted");

    const file = path.join(folder, "worker.yaml");
    const answer = await learn("--out", file);
    expect(answer.out).toMatch(/desk__find {2}reads, 30 calls/);
    expect(answer.out).toMatch(/desk__close {2}writes, 3 calls, at most 3 a minute/);
    expect([answer.code, answer.err]).toEqual([0, ""]);
    const draft = parse(await readFile(file, "utf8"));
    expect(draft).toMatchObject({
      ...{ version: 1, agent: "worker", labels: { team: "red" } },
      models: [{ model: "m", max_output_tokens: 1000 }],
      blacklisted_tools: ["fail_hard"],
    });
    for (const key of ["mode", "observe_until"]) expect(draft).not.toHaveProperty(key);
    const names = draft.allowed_tools.map(
      ({ server, tool_name }: Json) => `${server} ${tool_name}`,
    );
    expect(names).toEqual(["own run_tests", "desk close", "desk find"]);
  });

  test("what it drafted admits what was done, and little more", async () => {
    const draft = await readFile(path.join(folder, "worker.yaml"), "utf8");
    await writeFile(path.join(gateway.configFolder, "agents/worker.yaml"), draft);
    expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
    for (const given of FOUND) expect(await dispatch("find", given)).toBe("ok");
    for (const given of CLOSED) expect(await dispatch("close", given)).toBe("ok");
    expect(await asks("run_tests", { suite: "unit" })).toEqual(["run_tests"]);
    const [found] = FOUND;
    const others: [string, object, string][] = [
      ["find", { ...found, state: "deleted" }, "manifest.arguments"],
      ["find", { ...found, sql: "drop" }, "manifest.arguments"],
      ["find", { ...found, limit: 51 }, "manifest.arguments"],
      ["close", { id: "4711", note: "done" }, "manifest.arguments"],
      ["close", { id: "TICKET-4711;x", note: "done" }, "manifest.arguments"],
      ["never", {}, "manifest.unknown-tool"],
      ["echo", {}, "manifest.unknown-tool"],
    ];
    for (const [tool, given, code] of others) expect(await dispatch(tool, given)).toBe(code);
    expect(await asks("run_tests", { suite: "unit", more: 1 })).toEqual([]);
    const model2 = await gateway.call("/v1/chat/completions", {
      ...{ model: "m2", messages: [{ role: "user", content: "x" }] },
    });
    expect(((await model2.json()) as Json).code).toBe("model.not-granted");
  });

  test("prints JSON for programs, and writes over nothing by itself", async () => {
    const file = path.join(folder, "worker.yaml");
    const before = await readFile(file, "utf8");
    const again = await learn("--out", file);
    expect([again.code, again.err]).toEqual([2, expect.stringMatching(/is there already/)]);
    expect(await readFile(file, "utf8")).toBe(before);
    const { code, out } = await learn("--json", "--since", "1h");
    const told = JSON.parse(out);
    expect(code).toBe(0);
    expect(told).toMatchObject({ agent: "worker", seen: 35, wrong: [] });
    expect(told.tools.map(({ tool }: Json) => tool)).toEqual(["run_tests", "close", "find"]);
    const json = path.join(folder, "worker.json");
    expect((await learn("--out", json)).code).toBe(0);
    expect(JSON.parse(await readFile(json, "utf8"))).toEqual(told.manifest);
  });

  test("what was asked just before a stop is known after it", async () => {
    await writeFile(
      path.join(gateway.configFolder, "agents/worker.yaml"),
      JSON.stringify(OBSERVED),
    );
    expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
    expect(await dispatch("close", { id: "LAST-1", note: "done" })).toBe("ok");
    await gateway.stop("SIGTERM");
    const flags = ["--config", gateway.configFolder];
    gateway = await startGateway({ config: null, flags, data: gateway.dataFolder });
    const answer = await gateway.api("GET", "/api/v1/inputs?agent=worker&limit=1000");
    expect(await answer.text()).toContain("LAST-1");
  });

  test("arguments are on the disk only encrypted, and shown to operators alone", async () => {
    const made = await gateway.api("POST", "/api/v1/keys", { operator: "eve", role: "viewer" });
    const { key } = (await made.json()) as Json;
    const at = `${gateway.controlUrl}/api/v1/inputs?agent=worker`;
    const headers = { authorization: `Bearer ${key}` };
    expect((await fetch(at, { headers })).status).toBe(403);
    const shown = await (await gateway.api("GET", "/api/v1/inputs?agent=worker&limit=1000")).text();
    expect(shown).toContain("TICKET-4890");
    const store = await readFile(path.join(gateway.dataFolder, "store.db"), "latin1");
    const wal = await readFile(path.join(gateway.dataFolder, "store.db-wal"), "latin1");
    expect(store + wal).not.toContain("TICKET-4890");
  });
});
