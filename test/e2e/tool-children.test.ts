/** Tool servers that a real gateway starts: their life, and public ones as they are. */
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type Folder,
  forget,
  NODE,
  startGateway,
  type TestGateway,
  writeFolder,
} from "../support/gateway.ts";
import { type ChildFixture, childFixture, lives, soon } from "../support/mcp-child.ts";

const BUDGETS = [{ name: "all", each: "agent", limit_usd: 1, window: "lifetime" }];
const SECRET = "secret-of-the-desk";
const ECHO = "/guard/v1/tools/echo/call";

const children: ChildFixture[] = [];
const gateways: TestGateway[] = [];

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop();
    await forget(gateway);
  }
  for (const child of children.splice(0)) child.forget();
});

function folderWith(child: ChildFixture, more: object = {}): Folder {
  const tools = { echo: { effect: "write" } };
  const server = { kind: "mcp", command: child.command, env: { TOKEN: "${DESK}" }, tools, ...more };
  return {
    "slipclutch.yaml": { version: 1, tool_servers: { desk: server }, budgets: BUDGETS },
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [{ tool_name: "echo", read_only: false }],
    },
  };
}

async function open(): Promise<{ child: ChildFixture; gateway: TestGateway }> {
  const child = childFixture({ murmur: `listening, with ${SECRET}\n`, helper: true });
  children.push(child);
  const environment = { DESK: SECRET };
  const gateway = await startGateway({ config: folderWith(child), environment });
  gateways.push(gateway);
  expect(child.arrivals()).toEqual([]);
  const answer = await gateway.call(ECHO, { arguments: { n: 1 } });
  expect(answer.status).toBe(200);
  return { child, gateway };
}

function processesOf(child: ChildFixture): readonly number[] {
  return child.arrivals().flatMap(({ helper, started }) => helper ?? started ?? []);
}

describe("a server that the gateway started", () => {
  test("ends with it, and so does what it started itself", async () => {
    const { child, gateway } = await open();
    expect(processesOf(child).map(lives)).toEqual([true, true]);
    expect(await gateway.stop()).toBe(0);
    await soon(() => !processesOf(child).some(lives));
  });

  test("sees the end of its input when the gateway is killed", async () => {
    const { child, gateway } = await open();
    await gateway.stop("SIGKILL");
    await soon(() => child.arrivals().some((one) => "ended" in one));
    const [server = Number.NaN, helper = Number.NaN] = processesOf(child);
    await soon(() => !lives(server));
    // Nobody is left to end what does not listen: docs/operations.md says so.
    process.kill(helper, "SIGKILL");
  });

  test("is ended by a reload that changes it, and the next one runs", async () => {
    const { child, gateway } = await open();
    const [first = 0] = child.pids();
    await writeFolder(folderWith(child, { connections_max: 2 }), gateway.configFolder);
    expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
    expect((await gateway.call(ECHO, { arguments: {} })).status).toBe(200);
    await soon(() => !lives(first));
    expect(child.pids().map(lives)).toEqual([false, true]);
  });

  test("is not ended by a reload while a call is out, but after it", async () => {
    const { child, gateway } = await open();
    const [first = 0] = child.pids();
    child.set({ latencyMs: 700 });
    const out = gateway.call(ECHO, { arguments: { n: 2 } });
    await soon(() => child.ran() === 2);
    await writeFolder(folderWith(child, { connections_max: 2 }), gateway.configFolder);
    expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
    expect(lives(first)).toBe(true);
    expect((await out).status).toBe(200);
    await soon(() => !lives(first));
  });

  test("that dies in a call may have run it: the agent is told, and the log says why", async () => {
    const { child, gateway } = await open();
    child.set({ call: "killed" });
    const refused = await gateway.call(ECHO, { arguments: {} });
    expect(refused.status).toBe(502);
    const facts = { because: "reset", may_have_run: "true", tool_server: "desk" };
    expect(await refused.json()).toMatchObject({ error: { details: { facts } } });
    child.set({ call: "well" });
    expect((await gateway.call(ECHO, { arguments: {} })).status).toBe(200);

    const log = gateway.log();
    expect(log).toContain("the server was ended by SIGKILL");
    expect(log).toMatch(/"next_start_after_ms":1000/);
    expect(log).toContain('"line":"listening, with …"');
    expect(log).not.toContain(SECRET);
  });
});

describe("public servers, as they are", () => {
  let folder: string;
  let gateway: TestGateway;
  let client: Client;

  const bin = (name: string) => {
    const at = join(import.meta.dirname, "../../node_modules/@modelcontextprotocol", name);
    return [NODE, join(at, "dist/index.js")];
  };
  const granted = (server: string, names: readonly string[]) =>
    names.map((tool_name) => ({ tool_name, server, read_only: false }));

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "slipclutch-files-")));
    await writeFile(join(folder, "notes.txt"), "remember the milk");
    gateway = await startGateway({
      config: {
        "slipclutch.yaml": {
          version: 1,
          tool_servers: {
            files: { kind: "mcp", command: [...bin("server-filesystem"), folder] },
            memory: {
              kind: "mcp",
              command: bin("server-memory"),
              env: { MEMORY_FILE_PATH: join(folder, "memory.jsonl") },
            },
            all: { kind: "mcp", command: [...bin("server-everything"), "stdio"] },
          },
          budgets: BUDGETS,
        },
        "agents/worker.yaml": {
          version: 1,
          agent: "worker",
          allowed_tools: [
            ...granted("files", ["read_text_file", "write_file"]),
            ...granted("memory", ["create_entities", "search_nodes"]),
            ...granted("all", [
              "echo",
              "get-env",
              "trigger-sampling-request",
              "get-resource-links",
            ]),
          ],
          allowed_resources: [{ server: "all", under: "demo://resource/" }],
          allowed_prompts: ["simple-prompt", "args-prompt"].map((name) => ({
            server: "all",
            name,
          })),
        },
      },
      environment: { GATEWAY_SECRET: SECRET },
    });
    client = new Client({ name: "test", version: "1" });
    const headers = { authorization: `Bearer ${gateway.agentKey}` };
    const url = new URL(`${gateway.agentUrl}/mcp`);
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  });

  afterAll(async () => {
    await client.close();
    await gateway.stop();
    await forget(gateway);
    await rm(folder, { recursive: true });
  });

  const call = (name: string, given: Record<string, unknown>) =>
    client.callTool({ name, arguments: given });

  test("list what is granted of them", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).toSorted()).toEqual(
      ["read_text_file", "write_file", "create_entities", "search_nodes", "echo", "get-env"]
        .concat("slipclutch_budget", "get-resource-links")
        .toSorted(),
    );
  });

  test("everything's resources and prompts are listed and read, as far as they are granted", async () => {
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain(
      "demo://resource/static/document/architecture.md",
    );
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      "demo://resource/dynamic/text/{resourceId}",
      "demo://resource/dynamic/blob/{resourceId}",
    ]);
    const uri = "demo://resource/dynamic/text/3";
    expect(await client.readResource({ uri })).toMatchObject({
      contents: [{ uri, text: expect.stringContaining("Resource 3") }],
    });
    await expect(client.readResource({ uri: "demo://resource/nothing" })).rejects.toThrow();
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(["simple-prompt", "args-prompt"]);
    const city = { city: "Bern" };
    expect(await client.getPrompt({ name: "args-prompt", arguments: city })).toMatchObject({
      messages: [{ content: { text: expect.stringContaining("Bern") } }],
    });
    await expect(client.getPrompt({ name: "resource-prompt" })).rejects.toThrow("not granted");
  });

  test("a link to a resource in a tool's result is content, and passes", async () => {
    const { content } = await call("get-resource-links", { count: 1 });
    expect(JSON.stringify(content)).toContain("resource_link");
  });

  test("the file system's reads and writes, and says what it does not do", async () => {
    const path = join(folder, "notes.txt");
    expect(await call("read_text_file", { path })).toMatchObject({
      content: [{ type: "text", text: "remember the milk" }],
    });
    await call("write_file", { path, content: "done" });
    expect(await call("read_text_file", { path })).toMatchObject({ content: [{ text: "done" }] });
    const outside = await call("read_text_file", { path: "/etc/passwd" });
    expect(outside).toMatchObject({ isError: true });
    expect(JSON.stringify(outside)).toContain("Access denied");
    expect(await call("list_directory", { path: folder })).toMatchObject({
      _meta: { "slipclutch/code": "manifest.unknown-tool" },
    });
  });

  test("the memory's remembers", async () => {
    const entity = { name: "Ada", entityType: "person", observations: ["likes engines"] };
    await call("create_entities", { entities: [entity] });
    const found = await call("search_nodes", { query: "engines" });
    expect(found.structuredContent).toMatchObject({ entities: [entity] });
  });

  test("everything's answers, and sees nothing of the gateway's environment", async () => {
    expect(await call("echo", { message: "hello" })).toMatchObject({
      content: [{ type: "text", text: "Echo: hello" }],
    });
    const seen = JSON.stringify(await call("get-env", {}));
    expect(seen).toContain("PATH");
    expect(seen).not.toContain(SECRET);
  });

  test("an error of one is a result or a fault that says so", async () => {
    expect(await call("echo", { message: 7 })).toMatchObject({ isError: true });
    expect(await call("trigger-sampling-request", { prompt: "x" })).toMatchObject({
      isError: true,
    });
  });
});
