/** `tools/list`: its order, its pages, and that whatever it shows can be called and nothing else. */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { PAGE_TOOLS_MAX } from "../../src/gateway/tools/list.ts";
import { type OfferedTool, ToolServerUnreachable } from "../../src/ports/tool-server.ts";
import { type Station, station } from "../support/station.ts";
import { handshake, type MadeUp, madeUp, tool, WELL } from "./mcp-scene.ts";
import type { Json } from "./wiring-world.ts";

const open: Station[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

interface Grant {
  readonly server: string;
  readonly name: string;
}

/** A gateway whose agent is granted these, in this order, on servers that offer those. */
async function granting(
  grants: readonly Grant[],
  offered: Readonly<Record<string, readonly OfferedTool[]>>,
  blacklisted: readonly string[] = [],
): Promise<{ gateway: Station; servers: readonly MadeUp[] }> {
  const servers = Object.entries(offered).map(([name, tools]) =>
    madeUp(
      name,
      () => tools,
      () => WELL,
    ),
  );
  const tools = Object.fromEntries(
    Object.keys(offered).map((server) => [
      server,
      grants.filter((one) => one.server === server).map(({ name }) => name),
    ]),
  );
  const allowed_tools = grants.map(({ name, server }) => ({ tool_name: name, server }));
  const manifest = { allowed_tools, blacklisted_tools: blacklisted };
  const gateway = await station({ toolServers: servers, tools, manifest });
  open.push(gateway);
  return { gateway, servers };
}

async function list(gateway: Station, cursor?: unknown, path = "/mcp"): Promise<Json> {
  const params = cursor === undefined ? {} : { cursor };
  const { text } = await gateway.post(path, handshake({ method: "tools/list", params }));
  return JSON.parse(text);
}

async function all(gateway: Station, path = "/mcp"): Promise<Json[]> {
  const tools: Json[] = [];
  for (let cursor: unknown; ; ) {
    const { result } = await list(gateway, cursor, path);
    tools.push(...result.tools);
    if (result.nextCursor === undefined) return tools;
    cursor = result.nextCursor;
  }
}

const names = (tools: readonly Json[]) => tools.map(({ name }) => name);
const call = (gateway: Station, name: string) =>
  gateway.post("/mcp", handshake({ method: "tools/call", params: { name, arguments: {} } }));

describe("the order", () => {
  test("is the manifest's, whatever a server's is, and the same each time", async () => {
    const order = ["c", "a", "b"];
    const { gateway } = await granting(
      order.map((name) => ({ server: "desk", name })),
      { desk: ["b", "c", "a", "d"].map((name) => tool(name)) },
    );
    for (const _ of [1, 2, 3]) {
      expect(names((await list(gateway)).result.tools)).toEqual([...order, "slipclutch_budget"]);
    }
    expect(names(await all(gateway, "/mcp/desk"))).toEqual(order);
  });
});

test("a tool that runs as a task of its server alone is not shown", async () => {
  const needs = (taskSupport: string) => ({ execution: { taskSupport } });
  const { gateway } = await granting(
    ["a", "b", "c"].map((name) => ({ server: "desk", name })),
    { desk: [tool("a", needs("required")), tool("b", needs("optional")), tool("c")] },
  );
  expect(names(await all(gateway, "/mcp/desk"))).toEqual(["b", "c"]);
});

describe("pages", () => {
  const many = (count: number) => Array.from({ length: count }, (_, no) => `tool_${no}`);
  const grantsOf = (tools: readonly string[]) => tools.map((name) => ({ server: "desk", name }));

  test.each([
    [PAGE_TOOLS_MAX - 1, [PAGE_TOOLS_MAX]],
    [PAGE_TOOLS_MAX, [PAGE_TOOLS_MAX + 1]],
    [PAGE_TOOLS_MAX + 1, [PAGE_TOOLS_MAX, 2]],
    [2 * PAGE_TOOLS_MAX + 7, [PAGE_TOOLS_MAX, PAGE_TOOLS_MAX, 8]],
  ])("of %i tools have %j, with the gateway's own on the last", async (count, sizes) => {
    const tools = many(count);
    const { gateway } = await granting(grantsOf(tools), { desk: tools.map((name) => tool(name)) });
    const seen: number[] = [];
    for (let cursor: unknown; ; ) {
      const { result } = await list(gateway, cursor);
      seen.push(result.tools.length);
      cursor = result.nextCursor;
      if (cursor === undefined) break;
    }
    expect(seen).toEqual(sizes);
    expect(names(await all(gateway))).toEqual([...tools, "slipclutch_budget"]);
  });

  test("go on where they stood, though what a server offers has changed meanwhile", async () => {
    const tools = many(PAGE_TOOLS_MAX + 3);
    const offered = tools.map((name) => tool(name));
    const { gateway } = await granting(grantsOf(tools), { desk: offered });
    const { result } = await list(gateway);
    offered.splice(0, PAGE_TOOLS_MAX + 1);
    const rest = await list(gateway, result.nextCursor);
    expect(names(rest.result.tools)).toEqual([...tools.slice(-2), "slipclutch_budget"]);
  });

  test("are asked for by what was told, and by nothing else", async () => {
    const tools = many(PAGE_TOOLS_MAX + 1);
    const { gateway } = await granting(grantsOf(tools), { desk: tools.map((name) => tool(name)) });
    const at = (name: string) => Buffer.from(JSON.stringify(["desk", name])).toString("base64url");
    expect(await list(gateway, at("tool_0"))).toMatchObject({ result: {} });
    for (const cursor of [
      "",
      "x",
      7,
      null,
      {},
      at("other"),
      `${at("tool_0")}=`,
      `${at("tool_0")}A`,
    ]) {
      expect(await list(gateway, cursor)).toMatchObject({ error: { code: -32_602 } });
    }
  });
});

describe("what is shown", () => {
  test("names nothing that is denied: no name, no word of its description", async () => {
    const offered = ["read", "drop_table", "secret"].map((name) =>
      tool(name, { description: `words of ${name}` }),
    );
    const granted = ["read", "drop_table"].map((name) => ({ server: "desk", name }));
    const { gateway } = await granting(granted, { desk: offered }, ["drop_table"]);
    const text = JSON.stringify(await all(gateway));
    expect(text).toContain("words of read");
    expect(text).not.toMatch(/drop_table|secret/);
  });

  test("asks no client to repeat arguments in headers, and is else as the server has it", async () => {
    const inputSchema = {
      type: "object",
      "x-mcp-header": "All",
      properties: {
        region: { type: "string", "x-mcp-header": "Region" },
        deep: { properties: { inner: { type: "integer", "x-mcp-header": "Inner" } } },
        "x-mcp-header": { type: "string" },
        ["__proto__"]: { type: "string" },
        odd: true,
      },
      required: ["region"],
    };
    const described = { description: "d", title: "t", annotations: { readOnlyHint: true } };
    const shown = tool("where", { ...described, inputSchema });
    const { gateway } = await granting([{ server: "desk", name: "where" }], { desk: [shown] });
    const [where] = await all(gateway);
    expect(where).toEqual({
      name: "where",
      ...described,
      inputSchema: {
        type: "object",
        properties: {
          region: { type: "string" },
          deep: { properties: { inner: { type: "integer" } } },
          "x-mcp-header": { type: "string" },
          ["__proto__"]: { type: "string" },
          odd: true,
        },
        required: ["region"],
      },
    });
  });

  test("lacks the tools of a server that is away, and no others", async () => {
    const { gateway } = await granting(
      [
        { server: "away", name: "gone" },
        { server: "desk", name: "echo" },
      ],
      { away: [], desk: [tool("echo")] },
    );
    const away = gateway.gateway.rules.toolServer("away");
    if (away === null) throw new Error("it is configured");
    Object.assign(away, { list: () => Promise.reject(new ToolServerUnreachable("away")) });
    expect(names(await all(gateway))).toEqual(["echo", "slipclutch_budget"]);
  });
});

describe("list and call agree", () => {
  const word = fc.constantFrom(
    "a",
    "b",
    "s__a",
    "s__t__a",
    "mcp__x__a",
    "A",
    "é",
    "e\u0301",
    "x".repeat(70),
  );
  const grant = fc.record({ server: fc.constantFrom("s", "t", "s__t"), name: word });
  const folder = fc.record({
    grants: fc.uniqueArray(grant, {
      minLength: 1,
      maxLength: 8,
      // Two spellings that are one name to a reader are refused at load.
      selector: ({ name, server }) => `${server}/${name.normalize("NFC").toLowerCase()}`,
    }),
    blacklisted: fc.uniqueArray(fc.constantFrom("a", "b", "t__a"), { maxLength: 1 }),
    missing: fc.subarray(["a", "b", "A"]),
  });

  test("whatever is granted, blacklisted and offered", async () => {
    await fc.assert(
      fc.asyncProperty(folder, async ({ blacklisted, grants, missing }) => {
        const offered = Object.fromEntries(
          [...new Set(grants.map(({ server }) => server))].map((server) => {
            const own = grants.filter(
              (one) => one.server === server && !missing.includes(one.name),
            );
            return [server, [...own.map(({ name }) => tool(name)), tool("never_granted")]];
          }),
        );
        const made = await granting(grants, offered, blacklisted).catch(() => null);
        // A folder that is refused at load shows nothing.
        fc.pre(made !== null);
        const { gateway, servers } = made;
        const shown = names(await all(gateway)).filter((name) => name !== "slipclutch_budget");
        expect(new Set(shown).size).toBe(shown.length);
        const ran = () =>
          servers.flatMap(({ name, running }) => running.map((one) => [name, one.request.tool]));
        for (const name of shown) {
          const before = ran().length;
          const { text } = await call(gateway, name);
          expect(JSON.parse(text).result.isError, name).toBe(false);
          expect(ran().length).toBe(before + 1);
        }
        // Each ran once, and what is shown is all that is usable and offered.
        const each = new Set(ran().map((one) => JSON.stringify(one)));
        expect(each.size).toBe(shown.length);
        for (const [server, name] of ran()) {
          expect(grants).toContainEqual({ server, name });
          expect(missing).not.toContain(name);
        }
        const { text } = await call(gateway, "never_granted");
        expect(JSON.parse(text).result._meta["slipclutch/code"]).toBe("manifest.unknown-tool");
        await open.pop()?.stop();
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
