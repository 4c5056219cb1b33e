/** How the MCP adapter lists and reads resources and prompts, over HTTP and over pipes. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { mcpToolServer } from "../../src/adapters/tool-server/mcp/mcp-tool-server.ts";
import {
  ITEMS_MAX,
  LIST_KEPT_MS,
  PAGES_MAX,
} from "../../src/adapters/tool-server/mcp/server-list.ts";
import {
  type Library,
  type ReadRequest,
  type ToolEnd,
  type ToolServer,
  ToolServerUnreachable,
} from "../../src/ports/tool-server.ts";
import { noticeEvent } from "../../src/testing/mcp-answers.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import type { CallAnswer, McpScript, McpShelves } from "../../src/testing/mcp-script.ts";
import { type TestClock, testClock } from "../../src/testing/test-clock.ts";
import { SILENCE_MS } from "../../src/testing/tool-server-fixture.ts";

const SHELVES: McpShelves = {
  resources: ["file:///a", "file:///b", "file:///c"].map((uri) => ({ uri, name: uri })),
  resourceTemplates: [{ uriTemplate: "file:///{x}", name: "x" }],
  prompts: [{ name: "review" }],
};
const BEARER = "secret-of-the-desk";

const open: { fixture: McpFixture; server: ToolServer }[] = [];

afterEach(async () => {
  for (const { fixture, server } of open.splice(0)) {
    await server.close();
    await fixture.close();
  }
});

interface Opened {
  readonly fixture: McpFixture;
  readonly server: ToolServer;
  readonly library: Library;
}

async function start(script: Partial<McpScript> = {}, clock?: TestClock): Promise<Opened> {
  const fixture = await mcpFixture({ library: SHELVES, ...script });
  const settings = { name: "desk", url: fixture.url, bearer: BEARER, headers: {} };
  const server = mcpToolServer({ ...settings, connectionsMax: 4 }, clock ?? systemClock);
  open.push({ fixture, server });
  const { library } = server;
  if (library === undefined) throw new Error("a server of MCP without a library");
  return { fixture, server, library };
}

const RESOURCE = {
  ...{ kind: "resource", name: "file:///a", arguments: {}, timeoutMs: 10_000 },
  ...{ resultBytesMax: 100_000, meta: {}, progress: null },
} as const satisfies ReadRequest;
const PROMPT: ReadRequest = { ...RESOURCE, kind: "prompt", name: "review" };

async function reading(library: Library, request: ReadRequest, may = true): Promise<ToolEnd> {
  const ends: ToolEnd[] = [];
  await new Promise<void>((resolve) => {
    library.read(request, {
      mayWrite: () => may,
      end: (end) => {
        ends.push(end);
        resolve();
      },
    });
  });
  await sleep(SILENCE_MS);
  expect(ends).toHaveLength(1);
  // What was just counted.
  return ends[0] as ToolEnd;
}

describe.each([
  ["with a handshake", {}],
  ["in 2026-07-28", { stateless: true }],
  ["as events", { answers: "sse" }],
] as const)("%s", (_, script) => {
  test("all pages of a list are one list, as the server describes it", async () => {
    const { fixture, library } = await start({ ...script, pageSize: 2 });
    const resources = await library.list("resources");
    expect(resources).toEqual(SHELVES.resources.map((raw) => ({ key: raw.uri, raw })));
    expect(fixture.count("resources/list")).toBe(2);
    expect((await library.list("templates")).map(({ key }) => key)).toEqual(["file:///{x}"]);
    expect((await library.list("prompts")).map(({ key }) => key)).toEqual(["review"]);
  });

  test("a server that knows no such list has nothing on it, and its session stays", async () => {
    const { fixture, library, server } = await start({ ...script, library: null });
    await server.list();
    expect(await library.list("resources")).toEqual([]);
    expect(await library.list("prompts")).toEqual([]);
    await server.list();
    expect(fixture.count("tools/list")).toBe(1);
    expect(fixture.count("initialize") + fixture.count("server/discover")).toBeLessThanOrEqual(2);
  });

  test("what was read is the structured content, and nothing beside it", async () => {
    const { fixture, library } = await start(script);
    const meta = { traceparent: "00-1-2-00" };
    const read = await reading(library, { ...RESOURCE, meta });
    const contents = [{ uri: "file:///a", mimeType: "text/plain", text: "what is at file:///a" }];
    expect(read).toEqual({
      kind: "result",
      result: {
        ...{ content: [], structuredContent: { contents }, isError: false },
        bytes: expect.any(Number),
      },
    });
    const sent = fixture.arrivals().flatMap(({ message }) => {
      return "method" in message && message.method === "resources/read" ? [message.params] : [];
    });
    expect(sent).toMatchObject([{ uri: "file:///a", _meta: meta }]);
    expect(await reading(library, { ...PROMPT, arguments: { a: "b" } })).toMatchObject({
      result: {
        structuredContent: {
          description: "about review",
          messages: [{ role: "user", content: { text: '{"a":"b"}' } }],
        },
      },
    });
  });

  test("a server that refuses has answered, in its own words", async () => {
    const { library } = await start(script);
    const name = "file:///missing";
    const structuredContent = { code: -32_002, message: "Resource not found" };
    expect(await reading(library, { ...RESOURCE, name })).toMatchObject({
      kind: "result",
      result: { isError: true, structuredContent },
    });
    expect(await reading(library, { ...PROMPT, name: "other" })).toMatchObject({
      result: { isError: true, structuredContent: { code: -32_602 } },
    });
  });
});

test("its words do not quote our credentials", async () => {
  const { library } = await start({ call: "http-401" });
  const end = await reading(library, RESOURCE);
  expect(end).toMatchObject({ kind: "result", result: { isError: true } });
  expect(JSON.stringify(end)).not.toContain(BEARER);
});

test("a reading that may not be written is held, and does not arrive", async () => {
  const { fixture, library } = await start();
  const end = await reading(library, RESOURCE, false);
  expect(end).toMatchObject({ kind: "fault", fault: { kind: "held", written: false } });
  expect(fixture.count("resources/read")).toBe(0);
});

test("a reading can be cut, and the server is told", async () => {
  const { fixture, library } = await start({ call: "never" });
  const end = new Promise<ToolEnd>((resolve) => {
    const exchange = library.read(RESOURCE, { mayWrite: () => true, end: resolve });
    void expect
      .poll(() => fixture.count("resources/read"), { timeout: 5_000, interval: 2 })
      .toBe(1)
      .then(() => exchange.abort());
  });
  expect(await end).toMatchObject({ kind: "fault", fault: { kind: "aborted", written: true } });
  await expect
    .poll(() => fixture.count("notifications/cancelled"), { timeout: 5_000, interval: 2 })
    .toBe(1);
});

describe("a reading is a fault", () => {
  const cases: readonly (readonly [CallAnswer, string])[] = [
    ["half", "reset"],
    ["reset", "reset"],
    ["garbage", "protocol"],
    ["no-content", "protocol"],
    ["nothing", "protocol"],
    ["input-required", "protocol"],
    ["unknown-result", "protocol"],
    ["http-500", "protocol"],
    ["redirect", "protocol"],
    ["gzip", "protocol"],
    ["huge", "too-large"],
    ["flood", "too-large"],
  ];
  test.each(cases)("when it is answered with %s: %s", async (call, kind) => {
    const { library } = await start({ call });
    for (const request of [RESOURCE, PROMPT]) {
      const fault = { kind, written: true, message: expect.stringMatching(/.{5}/) };
      expect(await reading(library, request)).toEqual({ kind: "fault", fault });
    }
  });

  test("when nobody answers in time", async () => {
    const { library } = await start({ call: "never" });
    const end = await reading(library, { ...RESOURCE, timeoutMs: 60 });
    expect(end).toMatchObject({ kind: "fault", fault: { kind: "timeout", written: true } });
  });
});

describe("a list", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ uri: `file:///${at}`, name: "x" }));

  test.each([
    ["has no end", { pagesForEver: true }, new RegExp(`more than ${PAGES_MAX} pages`)],
    ["names one twice", { library: { ...SHELVES, resources: [...many(1), ...many(1)] } }, /twice/],
    ["has one without a URI", { library: { ...SHELVES, resources: [{ name: "x" }] } }, /uri/],
    [
      "has too many",
      { library: { ...SHELVES, resources: many(ITEMS_MAX + 1) }, pageSize: 9_000 },
      /too many/,
    ],
  ] as const)("that %s is none", async (_, script, message) => {
    const { library } = await start(script);
    const listed = library.list("resources");
    await expect(listed).rejects.toBeInstanceOf(ToolServerUnreachable);
    await expect(listed).rejects.toThrow(message);
  });

  test("is kept for a while, and asked for once by all who want it", async () => {
    const clock = testClock();
    const { fixture, library } = await start({}, clock);
    await Promise.all([library.list("resources"), library.list("resources")]);
    clock.advance(LIST_KEPT_MS - 1);
    await library.list("resources");
    expect(fixture.count("resources/list")).toBe(1);
    clock.advance(1);
    await library.list("resources");
    expect(fixture.count("resources/list")).toBe(2);
  });

  test.each(["resources", "prompts", "tools"])(
    "is asked for anew when the server says that its %s changed",
    async (what) => {
      const { fixture, library, server } = await start({ answers: "sse" });
      await library.list("resources");
      const before = [noticeEvent(`notifications/${what}/list_changed`)];
      fixture.set({ before });
      await server.list();
      fixture.set({ before: [] });
      await library.list("resources");
      expect(fixture.count("resources/list")).toBe(2);
    },
  );
});
