/** Lists of resources and prompts that no real server makes: long ones, and one of a server that is away. */
import { afterEach, expect, test } from "vitest";
import { PAGE_ITEMS_MAX } from "../../src/gateway/library/list.ts";
import {
  type Library,
  type ToolServer,
  ToolServerUnreachable,
} from "../../src/ports/tool-server.ts";
import { type Station, station } from "../support/station.ts";
import { handshake, madeUp, WELL } from "./mcp-scene.ts";
import type { Json } from "./wiring-world.ts";

const open: Station[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

type Listing = () => readonly string[];

/** A server whose resources are these, and whose reading says what was read. */
function shelf(name: string, uris: Listing): ToolServer {
  const server = madeUp(
    name,
    () => [],
    () => WELL,
  );
  const library: Library = {
    list: async () => uris().map((uri) => ({ key: uri, raw: { uri, name: uri } })),
    read: ({ name: uri, ...request }, run) =>
      server.call(
        { ...request, tool: "read" },
        {
          ...run,
          mayWrite: () => run.mayWrite(),
          end: () =>
            run.end({
              kind: "result",
              result: {
                content: [],
                structuredContent: { contents: [{ uri }] },
                isError: false,
                bytes: 9,
              },
            }),
        },
      ),
  };
  return { ...server, library };
}

async function granting(servers: readonly ToolServer[], manifest: object = {}): Promise<Station> {
  const names = servers.map(({ name }) => name);
  const gateway = await station({
    toolServers: servers,
    tools: Object.fromEntries(names.map((name) => [name, []])),
    manifest: {
      allowed_resources: names.map((server) => ({ server, under: `${server}://all/` })),
      ...manifest,
    },
  });
  open.push(gateway);
  return gateway;
}

async function ask(gateway: Station, method: string, params: Json = {}): Promise<Json> {
  return JSON.parse((await gateway.post("/mcp", handshake({ method, params }))).text);
}

const many = (server: string, count: number) =>
  Array.from({ length: count }, (_, no) => `${server}://all/${no}`);

test.each([
  [PAGE_ITEMS_MAX, [PAGE_ITEMS_MAX]],
  [PAGE_ITEMS_MAX + 1, [PAGE_ITEMS_MAX, 1]],
  [2 * PAGE_ITEMS_MAX + 7, [PAGE_ITEMS_MAX, PAGE_ITEMS_MAX, 7]],
])("of %i resources there are pages of %j", async (count, sizes) => {
  const uris = many("desk", count);
  const gateway = await granting([shelf("desk", () => uris)]);
  const seen: Json[] = [];
  const pages: number[] = [];
  for (let cursor: unknown; ; ) {
    const { result } = await ask(gateway, "resources/list", cursor === undefined ? {} : { cursor });
    pages.push(result.resources.length);
    seen.push(...result.resources);
    cursor = result.nextCursor;
    if (cursor === undefined) break;
  }
  expect(pages).toEqual(sizes);
  expect(seen.map(({ uri }) => uri)).toEqual(uris);
});

test("one server that is away hides its own alone", async () => {
  const away = shelf("wall", () => {
    throw new ToolServerUnreachable("away");
  });
  const gateway = await granting([shelf("desk", () => many("desk", 2)), away]);
  const { result } = await ask(gateway, "resources/list");
  expect(result.resources).toHaveLength(2);
  const { result: found } = await ask(gateway, "resources/read", { uri: "wall://all/1" });
  expect(found.contents).toEqual([{ uri: "wall://all/1" }]);
});

test("what an observed agent reads takes a grant, and is not learned as a tool", async () => {
  const observe = { mode: "observe", observe_until: "2999-01-01" };
  const gateway = await granting([shelf("desk", () => [])], observe);
  const { result: found } = await ask(gateway, "resources/read", { uri: "desk://all/1" });
  expect(found.contents).toEqual([{ uri: "desk://all/1" }]);
  expect((await ask(gateway, "resources/read", { uri: "desk://other" })).error.code).toBe(-32_002);
  await gateway.gateway.inputs.write();
  const kept = await gateway.gateway.store.inputs.read({
    ...{ agent: "worker", from: 0, after: 0, limit: 10 },
  });
  expect(kept).toEqual([]);
});
