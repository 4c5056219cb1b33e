/** The fields of tool servers over plain HTTP, and of their tools. */
import { expect } from "vitest";
import { type Arrival, type HttpDesk, httpDesk } from "../support/http-desk.ts";
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

const server = (name: string) => `slipclutch.yaml tool_servers.*.${name}`;
const tool = (name: string) => server(`tools.*.${name}`);

/** What an API of plain HTTP has at `/v1/things/{id}`; `see` looks at what arrived there. */
interface Plain {
  readonly fields: readonly string[];
  /** Holds before and after. */
  readonly base?: (plain: Json, settings: Settings) => void;
  readonly set: (plain: Json, settings: Settings) => void;
  /** Arguments of the call. */
  readonly given?: Json;
  readonly see: (arrival: Arrival | undefined, code: string, world: WiringWorld) => unknown;
  readonly from: unknown;
  readonly to: unknown;
}

/** Calls `get_thing` of the server `plain`, without the field and with it. */
function plainly({ base, fields, from, given = { id: "7" }, see, set, to }: Plain): WiringCase {
  return {
    fields,
    async run(world) {
      const desk = await httpDesk();
      const change = (by: Plain["set"] | undefined) => (settings: Settings) =>
        by?.(settings.slipclutch.tool_servers.plain, settings);
      try {
        await differs(fields, {
          base: (settings) => {
            offer(settings, desk);
            change(base)(settings);
          },
          set: change(set),
          see: async (at) => {
            const before = desk.arrivals().length;
            const code = await at.toolOutcome("get_thing", given);
            return see(desk.arrivals().slice(before).at(-1), code, at);
          },
          expect: fromTo<unknown>(from, to),
        }).run(world);
      } finally {
        await desk.close();
      }
    },
  };
}

function offer(settings: Settings, desk: HttpDesk): void {
  settings.slipclutch.tool_servers.plain = {
    kind: "http",
    url: `${desk.url}/v1`,
    tools: { get_thing: { method: "GET", path: "/things/{id}" } },
  };
  settings.agents.worker.allowed_tools.push({ tool_name: "get_thing", server: "plain" });
}

const thing =
  (more: Json): Plain["set"] =>
  (plain) => {
    Object.assign(plain.tools.get_thing, more);
  };

const on =
  (more: Json): Plain["set"] =>
  (plain) => {
    Object.assign(plain, more);
  };

const both =
  (...changes: Plain["set"][]): Plain["set"] =>
  (plain, settings) => {
    for (const change of changes) change(plain, settings);
  };

const header = (name: string) => (arrival: Arrival | undefined) => arrival?.headers[name] ?? null;
const target = (arrival: Arrival | undefined) => arrival?.target;
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

/** The forms of `auth`, at a server or at one tool. */
function authCases(field: (name: string) => string, put: (auth: Json) => Plain["set"]) {
  const differ = (name: string, one: Json, other: Json, rest: Omit<Plain, "fields" | "set">) =>
    plainly({ ...rest, fields: [field(`auth.${name}`)], base: put(one), set: put(other) });
  const key = (name: string, value: string) => ({ name, value });
  const user = (username: string, password: string) => ({ basic: { username, password } });
  const see = header("authorization");
  return [
    differ(
      "header.name",
      { header: key("x-one", "s3cret") },
      { header: key("x-two", "s3cret") },
      {
        see: (arrival) => [header("x-one")(arrival), header("x-two")(arrival)],
        from: ["s3cret", null],
        to: [null, "s3cret"],
      },
    ),
    differ(
      "header.value",
      { header: key("x-one", "s3cret") },
      { header: key("x-one", "other") },
      {
        see: header("x-one"),
        from: "s3cret",
        to: "other",
      },
    ),
    differ(
      "query.name",
      { query: key("k1", "s3cret") },
      { query: key("k2", "s3cret") },
      {
        see: target,
        from: "/v1/things/7?k1=s3cret",
        to: "/v1/things/7?k2=s3cret",
      },
    ),
    differ(
      "query.value",
      { query: key("k1", "s3cret") },
      { query: key("k1", "a&b") },
      {
        see: target,
        from: "/v1/things/7?k1=s3cret",
        to: "/v1/things/7?k1=a%26b",
      },
    ),
    differ("basic.username", user("me", "s3cret"), user("you", "s3cret"), {
      see,
      from: basic("me", "s3cret"),
      to: basic("you", "s3cret"),
    }),
    differ("basic.password", user("me", "s3cret"), user("me", "other"), {
      see,
      from: basic("me", "s3cret"),
      to: basic("me", "other"),
    }),
  ];
}

const DOCUMENT = {
  openapi: "3.1.0",
  paths: {
    "/things/{id}": {
      get: {
        operationId: "get_thing",
        parameters: [{ name: "id", in: "path", required: true, schema: { maxLength: 3 } }],
        security: [{ key: [] }],
      },
    },
  },
  components: { securitySchemes: { key: { type: "apiKey", in: "header", name: "x-key" } } },
};

function described(document: Json): Plain["set"] {
  return (plain, settings) => {
    Object.assign(plain, { kind: "openapi", document: "openapi/things.yaml", tools: {} });
    settings.files = { "openapi/things.yaml": document };
  };
}

/** The same tool, at another path. */
const MOVED = { ...DOCUMENT, paths: { "/moved/{id}": DOCUMENT.paths["/things/{id}"] } };

async function shownOf(world: WiringWorld): Promise<string> {
  const { key } = await world.key("worker");
  const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  const { json } = await world.guard("POST", "/mcp/plain", list, key);
  return json.result.tools[0].description;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

export const HTTP_CASES: readonly WiringCase[] = [
  plainly({
    fields: [server("kind = http"), server("kind = openapi")],
    set: described(DOCUMENT),
    // What the document says of the argument holds.
    given: { id: "1234" },
    see: (arrival, code) => [arrival?.target ?? null, code],
    from: ["/v1/things/1234", "200"],
    to: [null, "manifest.arguments"],
  }),
  plainly({
    fields: [server("document")],
    base: described(DOCUMENT),
    set: described(MOVED),
    see: target,
    from: "/v1/things/7",
    to: "/v1/moved/7",
  }),
  plainly({
    fields: [server("schemes")],
    base: described(DOCUMENT),
    set: on({ schemes: { key: "s3cret" } }),
    see: header("x-key"),
    from: null,
    to: "s3cret",
  }),
  plainly({
    fields: [server("allow_addresses")],
    base: (plain) => {
      // A network that has no part in it, so that the folder is valid.
      plain.url = plain.url.replace("127.0.0.1", "localhost");
      plain.allow_addresses = ["10.0.0.0/8"];
    },
    set: on({ allow_addresses: ["127.0.0.0/8", "::1"] }),
    see: (arrival, code) => [arrival?.target ?? null, code],
    from: [null, "provider.unreachable"],
    to: ["/v1/things/7", "200"],
  }),
  ...authCases(server, (auth) => on({ auth })),
  ...authCases(tool, (auth) => both(on({ auth: { bearer: "for-others" } }), thing({ auth }))),
  plainly({
    fields: [tool("auth.bearer")],
    base: on({ auth: { bearer: "for-others" } }),
    set: thing({ auth: { bearer: "for-this" } }),
    see: header("authorization"),
    from: "Bearer for-others",
    to: "Bearer for-this",
  }),
  plainly({
    fields: [tool("headers")],
    base: on({ headers: { "x-team": "red" } }),
    set: thing({ headers: { "X-Team": "blue" } }),
    see: header("x-team"),
    from: "red",
    to: "blue",
  }),
  {
    fields: METHODS.map((method) => tool(`method = ${method}`)),
    async run(world) {
      const desk = await httpDesk();
      for (const method of METHODS) {
        const settings = world.base();
        offer(settings, desk);
        const read = { method, effect: "read" };
        Object.assign(settings.slipclutch.tool_servers.plain.tools.get_thing, read);
        expect((await world.load(settings)).status).toBe(200);
        expect(await world.toolOutcome("get_thing", { id: "7" })).toBe("200");
      }
      expect(desk.arrivals().map(({ method }) => method)).toEqual(METHODS);
      await desk.close();
    },
  },
  plainly({
    fields: [tool("path")],
    set: thing({ path: "/others/{id}/all" }),
    see: target,
    from: "/v1/things/7",
    to: "/v1/others/7/all",
  }),
  plainly({
    fields: [tool("in_query")],
    set: thing({ in_query: ["q"] }),
    given: { id: "7", q: "a b" },
    see: (arrival, code) => [arrival?.target ?? null, code],
    from: [null, "manifest.arguments"],
    to: ["/v1/things/7?q=a%20b", "200"],
  }),
  plainly({
    fields: [tool("in_headers")],
    set: thing({ in_headers: ["x-tag"] }),
    given: { id: "7", "x-tag": "red" },
    see: (arrival, code) => [arrival?.headers["x-tag"] ?? null, code],
    from: [null, "manifest.arguments"],
    to: ["red", "200"],
  }),
  plainly({
    fields: [tool("in_body")],
    base: thing({ method: "POST", effect: "read", in_body: ["note"] }),
    set: thing({ in_body: "note" }),
    given: { id: "7", note: { a: 1 } },
    see: (arrival) => arrival?.body,
    from: '{"note":{"a":1}}',
    to: '{"a":1}',
  }),
  plainly({
    fields: [tool("description")],
    set: thing({ description: "One thing." }),
    see: (_, __, world) => shownOf(world),
    from: "GET /things/{id}",
    to: "One thing.",
  }),
  plainly({
    fields: [tool("arguments")],
    set: thing({ arguments: { properties: { id: { type: "integer" } } } }),
    see: (_, code) => code,
    from: "200",
    to: "manifest.arguments",
  }),
];
