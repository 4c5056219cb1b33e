/** Tools over plain HTTP through a real gateway: the official MCP client and the dispatcher. */
import { gzipSync } from "node:zlib";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { booksOf, until } from "../faults/gateway-scene.ts";
import {
  type Folder,
  forget,
  startGateway,
  type TestGateway,
  writeFolder,
} from "../support/gateway.ts";
import { type Answering, ECHO, type HttpDesk, httpDesk, json } from "../support/http-desk.ts";
import type { Json } from "./wiring-world.ts";

const BEARER = "desk-token-that-stays-here";
const KEY = "pet-key-that-stays-here";
const PASSWORD = "pass-word-that-stays-here";
const TIMEOUT_MS = 400;
const COST = { usd: 0.5, per: "unit", max: 4, quantity: { pointer: "/result/units" } };

let desk: HttpDesk;
/** Where nothing is ever to arrive. */
let elsewhere: HttpDesk;
let gateway: TestGateway;

const PETS = {
  openapi: "3.0.3",
  info: { title: "Pets", version: "1" },
  servers: [{ url: "https://pets.example.com" }],
  security: [{ key: [] }],
  paths: {
    "/pets/{id}": {
      parameters: [{ $ref: "#/components/parameters/Id" }],
      get: { operationId: "get_pet", summary: "One pet." },
      put: {
        operationId: "put_pet",
        requestBody: {
          required: true,
          content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } },
        },
      },
      delete: { operationId: "delete_pet" },
    },
    "/pets": {
      get: {
        operationId: "list_pets",
        parameters: [
          { name: "tag", in: "query", schema: { type: "array", items: { type: "string" } } },
        ],
      },
      post: { operationId: "upload", requestBody: { content: { "multipart/form-data": {} } } },
    },
  },
  components: {
    securitySchemes: { key: { type: "apiKey", in: "query", name: "api_key" } },
    parameters: {
      Id: { name: "id", in: "path", required: true, schema: { type: "integer", minimum: 1 } },
    },
    schemas: {
      Pet: {
        type: "object",
        required: ["name"],
        properties: {
          name: { type: "string", nullable: true },
          parent: { $ref: "#/components/schemas/Pet" },
        },
        additionalProperties: false,
      },
    },
  },
};

function folder(more: Json = {}): Folder {
  return {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: {
        desk: {
          kind: "http",
          url: `${desk.url}/v1`,
          auth: { bearer: "${DESK_TOKEN}" },
          connections_max: 4,
          tools: {
            get_ticket: { method: "GET", path: "/tickets/{id}", in_query: ["expand"] },
            impatient: { method: "GET", path: "/tickets/{id}" },
            search: {
              method: "POST",
              path: "/search",
              effect: "read",
              in_body: ["q"],
              in_headers: ["x-tag"],
              auth: { basic: { username: "me", password: "${PASSWORD}" } },
            },
            close_ticket: { method: "DELETE", path: "/tickets/{id}" },
          },
        },
        pets: {
          kind: "openapi",
          document: "openapi/pets.json",
          url: desk.url,
          schemes: { key: "${PET_KEY}" },
        },
        near: {
          kind: "http",
          url: desk.url.replace("127.0.0.1", "localhost"),
          allow_addresses: ["10.0.0.0/8"],
          tools: { near: { method: "GET", path: "/" } },
        },
      },
      budgets: [{ name: "all", agent: "worker", limit_usd: 1000, window: "lifetime" }],
      breakers: [{ name: "stuck", enabled: false }],
      ...more,
    },
    "openapi/pets.json": JSON.stringify(PETS),
    "agents/worker.yaml": {
      version: 1,
      agent: "worker",
      allowed_tools: [
        { tool_name: "get_ticket", cost: COST },
        { tool_name: "impatient", cost: COST, timeout: `${TIMEOUT_MS}ms` },
        { tool_name: "search" },
        { tool_name: "close_ticket", read_only: false },
        { tool_name: "get_pet", server: "pets" },
        { tool_name: "list_pets", server: "pets" },
        { tool_name: "put_pet", server: "pets", read_only: false },
        { tool_name: "near" },
      ],
      blacklisted_tools: ["delete_pet"],
    },
  };
}

const environment = { DESK_TOKEN: BEARER, PET_KEY: KEY, PASSWORD };
const SECRETS = [
  ...[BEARER, KEY, PASSWORD],
  ...[`me:${PASSWORD}`, PASSWORD, BEARER].map((text) => Buffer.from(text).toString("base64")),
];

beforeAll(async () => {
  desk = await httpDesk();
  elsewhere = await httpDesk();
  gateway = await startGateway({ config: folder(), environment });
});

afterAll(async () => {
  await gateway.stop();
  await forget(gateway);
  await desk.close();
  await elsewhere.close();
});

beforeEach(() => desk.set(ECHO));

interface Told {
  readonly status: number;
  readonly code: string | null;
  readonly json: Json;
  readonly text: string;
  readonly decision: string;
}

async function dispatch(name: string, given: Json = {}, headers: Json = {}): Promise<Told> {
  const path = `/guard/v1/tools/${encodeURIComponent(name)}/call`;
  const answer = await gateway.call(path, { arguments: given }, headers);
  const text = await answer.text();
  const [decision = "", code = null] = (answer.headers.get("x-slipclutch-decision") ?? "").split(
    "; code=",
  );
  return { status: answer.status, code, json: JSON.parse(text), text, decision };
}

async function connect(): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  const headers = { authorization: `Bearer ${gateway.agentKey}` };
  const url = new URL(`${gateway.agentUrl}/mcp`);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  return client;
}

/** What arrives while something is done. */
async function arriving(act: () => Promise<unknown>) {
  const before = desk.arrivals().length;
  await act();
  return desk.arrivals().slice(before);
}

describe("the official MCP client", () => {
  test("lists what is granted, as it was written or documented", async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      [
        "get_ticket",
        "impatient",
        "search",
        "close_ticket",
        "get_pet",
        "list_pets",
        "put_pet",
        "near",
      ].concat("slipclutch_budget"),
    );
    expect(tools.find(({ name }) => name === "put_pet")).toEqual({
      name: "put_pet",
      description: "PUT /pets/{id}",
      annotations: { readOnlyHint: false },
      inputSchema: {
        type: "object",
        properties: { id: { type: "integer", minimum: 1 }, body: { $ref: "#/$defs/Pet" } },
        required: ["id", "body"],
        additionalProperties: false,
        $defs: {
          Pet: {
            type: "object",
            required: ["name"],
            properties: {
              name: { anyOf: [{ type: "string" }, { type: "null" }] },
              parent: { $ref: "#/$defs/Pet" },
            },
            additionalProperties: false,
          },
        },
      },
    });
    expect(JSON.stringify(tools)).not.toContain("api_key");
    await client.close();
  });

  test("calls them, and the server sees the gateway's credentials and not the agent's", async () => {
    const client = await connect();
    const [ticket, pet] = await arriving(async () => {
      const given = { id: "47/11".replace("/", ""), expand: "all" };
      const answer = await client.callTool({ name: "get_ticket", arguments: given });
      expect(answer).toMatchObject({ isError: false });
      expect(answer.structuredContent).toMatchObject({ target: "/v1/tickets/4711?expand=all" });
      const body = { name: null, parent: { name: "Rex" } };
      await client.callTool({ name: "put_pet", arguments: { id: 7, body } });
    });
    expect(ticket).toMatchObject({ method: "GET", target: "/v1/tickets/4711?expand=all" });
    expect(ticket?.headers.authorization).toBe(`Bearer ${BEARER}`);
    expect(pet).toMatchObject({ method: "PUT", target: `/pets/7?api_key=${KEY}` });
    expect(JSON.parse(pet?.body ?? "")).toEqual({ name: null, parent: { name: "Rex" } });
    for (const { headers } of [ticket, pet].flatMap((one) => one ?? [])) {
      expect(JSON.stringify(headers)).not.toContain(gateway.agentKey);
      expect(Object.keys(headers).some((name) => name.startsWith("x-slipclutch"))).toBe(false);
      expect(headers["mcp-protocol-version"]).toBeUndefined();
    }
    await client.close();
  });

  test("reads why a call is refused, and nothing is sent", async () => {
    const client = await connect();
    const sent = await arriving(async () => {
      for (const [name, given, code] of [
        ["get_pet", { id: "x" }, "manifest.arguments"],
        ["get_pet", { id: 0 }, "manifest.arguments"],
        ["get_pet", {}, "manifest.arguments"],
        ["put_pet", { id: 1, body: { name: "a", parent: {} } }, "manifest.arguments"],
        ["get_ticket", { id: "../admin" }, "manifest.arguments"],
        ["delete_pet", { id: 1 }, "manifest.blacklisted"],
        ["upload", {}, "manifest.unknown-tool"],
      ] as const) {
        const refused = await client.callTool({ name, arguments: given });
        expect(refused).toMatchObject({ isError: true, _meta: { "slipclutch/code": code } });
      }
    });
    expect(sent).toEqual([]);
    await client.close();
  });
});

describe("what an agent gives", () => {
  const HOSTILE: readonly (readonly [string, Json])[] = [
    ...["..", ".", "", "a/b", "a\\b", "%2e%2e", "%2F", "..%2f..", "..;/", "a\0b", "a\r\nb"].map(
      (id) => ["get_ticket", { id }] as const,
    ),
    ["get_ticket", { id: ["a"] }],
    ["get_ticket", { id: null }],
    ["get_ticket", {}],
    ["get_ticket", { id: "1", host: "evil.example" }],
    ["get_ticket", { id: "1", authorization: "Bearer mine" }],
    ["get_ticket", { id: "1", expand: { a: 1 } }],
    ["search", { "x-tag": "a\r\nx-admin: 1" }],
    ["search", { "x-tag": "a\nb" }],
    ["search", { "X-Tag": "a" }],
    ["search", JSON.parse('{"__proto__":{"q":1}}')],
    ["search", { constructor: 1 }],
    ["get_pet", { id: 1, api_key: "mine" }],
    ["get_pet", { id: 1.5 }],
    ["list_pets", { tag: "one" }],
    ["list_pets", { tag: [1] }],
  ];
  test.each(HOSTILE)("to %s is refused before anything is sent: %j", async (name, given) => {
    const sent = await arriving(async () => {
      const { code, status } = await dispatch(name, given);
      expect([status, code]).toEqual([403, "manifest.arguments"]);
    });
    expect(sent).toEqual([]);
  });

  test("stays in its place however it is spelled", async () => {
    const given = { id: "a?b=c#d&e;f %41@evil.example:80", expand: "x&api_key=1#" };
    const [sent] = await arriving(() => dispatch("get_ticket", given));
    const { hash, pathname, searchParams } = new URL(sent?.target ?? "", desk.url);
    expect(decodeURIComponent(pathname)).toBe(`/v1/tickets/${given.id}`);
    expect([[...searchParams], hash]).toEqual([[["expand", given.expand]], ""]);
    expect(sent?.headers.host).toBe(`127.0.0.1:${desk.port}`);
  });

  test("of the headers of its own request goes nowhere", async () => {
    const headers = { "x-forwarded-for": "1.2.3.4", cookie: "a=b", "x-tag": "mine" };
    const [sent] = await arriving(() => dispatch("search", { q: "a" }, headers));
    for (const name of Object.keys(headers)) expect(sent?.headers[name]).toBeUndefined();
    expect(sent?.headers.authorization).toBe(
      `Basic ${Buffer.from(`me:${PASSWORD}`).toString("base64")}`,
    );
  });
});

describe("what a server answers", () => {
  const WELL = { "content-type": "application/json" };
  const bomb = gzipSync(Buffer.alloc(1024 * 1024));
  const CASES: readonly (readonly [string, Answering, string, string])[] = [
    [
      "a redirect",
      (_, response) => response.writeHead(302, { location: `${elsewhere.url}/?k=${KEY}` }).end(),
      "provider.unreachable",
      "protocol",
    ],
    [
      "a bomb",
      (_, response) => response.writeHead(200, { ...WELL, "content-encoding": "gzip" }).end(bomb),
      "provider.unreachable",
      "protocol",
    ],
    [
      "what is no JSON",
      (_, response) => response.writeHead(200, WELL).end("<html>"),
      "provider.unreachable",
      "protocol",
    ],
    [
      "a picture",
      (_, response) => response.writeHead(200, { "content-type": "image/png" }).end("PNG"),
      "provider.unreachable",
      "protocol",
    ],
    [
      "half of it",
      (_, response) => {
        response.writeHead(200, { ...WELL, "content-length": "99" });
        response.write("{", () => response.socket?.destroy());
      },
      "provider.unreachable",
      "reset",
    ],
    ["nothing, ever", () => undefined, "provider.timeout", "timeout"],
    [
      "a byte now and then",
      (_, response) => {
        response.writeHead(200, WELL);
        const timer = setInterval(() => response.write(" "), 50);
        response.on("close", () => clearInterval(timer));
      },
      "provider.timeout",
      "timeout",
    ],
    [
      "more than there is room for",
      (_, response) => response.writeHead(200, WELL).end(`"${"x".repeat(9 * 1024 * 1024)}"`),
      "provider.unreachable",
      "too-large",
    ],
  ];
  test.each(CASES)(
    "%s is told as a fault, and charged in full",
    async (_, answering, code, why) => {
      desk.set(answering);
      const before = (await booksOf(gateway)).spent;
      const told = await dispatch(why === "timeout" ? "impatient" : "get_ticket", { id: "1" });
      expect(told.code).toBe(code);
      const facts = { because: why, may_have_run: "true", tool_server: "desk" };
      expect(told.json.error.details.facts).toMatchObject(facts);
      // What it could cost at most: nobody knows what it did.
      await until(
        () => booksOf(gateway),
        (books) => books.reserved === 0n && books.spent - before === 2_000_000_000n,
      );
      expect(elsewhere.connections()).toBe(0);
    },
  );

  test("a status that says that it failed is a result, which the model reads", async () => {
    desk.set((_, response) => json(response, { error: "no such ticket" }, 404));
    const client = await connect();
    expect(await client.callTool({ name: "get_ticket", arguments: { id: "1" } })).toEqual({
      content: [{ type: "text", text: 'HTTP 404: {"error":"no such ticket"}' }],
      isError: true,
    });
    await client.close();
  });

  test("an object has its cost in it", async () => {
    desk.set((_, response) => json(response, { units: 3 }));
    const before = (await booksOf(gateway)).spent;
    const { json: told } = await dispatch("get_ticket", { id: "1" });
    expect(told.result).toEqual({
      content: [{ type: "text", text: '{"units":3}' }],
      structuredContent: { units: 3 },
      isError: false,
    });
    await until(
      () => booksOf(gateway),
      (books) => books.spent - before === 1_500_000_000n,
    );
  });

  test("with a credential in it has it no more when the agent gets it", async () => {
    const holds = (text: string) => SECRETS.filter((secret) => text.includes(secret));
    const said = `${SECRETS.join(" ")} ${encodeURIComponent(`me:${PASSWORD}`)}`;
    for (const status of [200, 401, 500]) {
      for (const type of ["application/json", "text/html"]) {
        desk.set(({ headers, target }, response) => {
          const body = JSON.stringify({ said, [said]: 1, headers, target });
          const echoed = { "content-type": type, "x-echo": BEARER, "set-cookie": `s=${BEARER}` };
          response.writeHead(status, echoed).end(body);
        });
        for (const [name, given, own] of [
          ["get_ticket", { id: "1" }, BEARER],
          ["get_pet", { id: 1 }, KEY],
          ["search", {}, PASSWORD],
        ] as const) {
          const { text } = await dispatch(name, given);
          // Those of other tools were never sent with this one, so nobody can echo them.
          expect(holds(text)).not.toContain(own);
          expect(text).toContain("[redacted]");
        }
      }
    }
  });
});

describe("an address", () => {
  test("behind a name that is not public is not connected to", async () => {
    const sent = await arriving(async () => {
      const { code, json: told } = await dispatch("near");
      expect(code).toBe("provider.unreachable");
      expect(told.error.details.facts).toMatchObject({ may_have_run: "false" });
    });
    expect(sent).toEqual([]);
  });
});

describe("a folder", () => {
  test("whose document is changed is another one, and broken ones change nothing", async () => {
    const reload = async (document: unknown) => {
      await writeFolder({ "openapi/pets.json": document }, gateway.configFolder);
      return gateway.api("POST", "/api/v1/reload");
    };
    const moved = JSON.stringify(PETS).replace('"/pets/{id}"', '"/animals/{id}"');
    const broken = await reload("{");
    expect(broken.status).not.toBe(200);
    const told = (await broken.json()) as Json;
    expect(told.error.issues).toMatchObject([{ file: "openapi/pets.json" }]);
    const [before] = await arriving(() => dispatch("get_pet", { id: 1 }));
    expect((await reload(moved)).status).toBe(200);
    const [after] = await arriving(() => dispatch("get_pet", { id: 1 }));
    expect([before?.target, after?.target].map((one) => one?.split("?")[0])).toEqual([
      "/pets/1",
      "/animals/1",
    ]);
    expect((await reload(JSON.stringify(PETS))).status).toBe(200);
  });

  test("and the log, the journal and the metrics have no credentials in them", async () => {
    desk.set((_, response) => response.writeHead(302, { location: `/?k=${KEY}${BEARER}` }).end());
    await dispatch("get_pet", { id: 1 });
    await dispatch("search", {});
    const journal = await (await gateway.api("GET", "/api/v1/journal?limit=1000")).text();
    const metrics = await (await gateway.api("GET", "/metrics")).text();
    const all = gateway.log() + journal + metrics;
    expect(journal).toContain("redirects are not followed");
    for (const secret of SECRETS) expect(all).not.toContain(secret);
  });
});
