/** OpenAPI documents: which of their operations are tools, and what these take. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HttpOperation, HttpServerSettings } from "../../../src/config/configuration.ts";
import { OPERATIONS_MAX, SCHEMA_CHARS_MAX } from "../../../src/config/openapi/operations.ts";
import { misplaced } from "../../../src/guards/tool/places.ts";
import { issuesOf, read, valid } from "./folder.ts";

const BUDGETS = "budgets: [{ name: b, each: agent, limit_usd: 1, window: day }]";

type Json = Record<string, unknown>;

/** A document of one path, or of many. */
function documented(paths: Json, more: Json = {}): Json {
  const info = { title: "Pets", version: "1" };
  const servers = [{ url: "https://pets.example.com/v1" }];
  return { openapi: "3.1.0", info, servers, paths, ...more };
}

function one(operation: Json, more: Json = {}): Json {
  return documented({ "/pets/{id}": { get: { operationId: "get_pet", ...operation } } }, more);
}

const ID = { name: "id", in: "path", required: true, schema: { type: "string" } };

function folder(document: unknown, server: Json = {}, allowed: unknown[] = []) {
  const pets = { kind: "openapi", document: "./pets.json", ...server };
  const text = typeof document === "string" ? document : JSON.stringify(document);
  return {
    "slipclutch.yaml": `version: 1\n${BUDGETS}\ntool_servers: ${JSON.stringify({ pets })}\n`,
    "agents/bot.json": JSON.stringify({ version: 1, agent: "bot", allowed_tools: allowed }),
    "pets.json": text,
  };
}

function pets(document: unknown, server: Json = {}): HttpServerSettings {
  const settings = valid(folder(document, server)).toolServers.get("pets");
  if (settings?.kind !== "openapi") throw new Error("it is of another kind");
  return settings;
}

/** The one tool of a document. */
function tool(document: unknown, server: Json = {}): HttpOperation {
  const { leftOut, operations } = pets(document, server);
  const [only] = operations.values();
  if (only === undefined) throw new Error(JSON.stringify([...leftOut]));
  return only;
}

/** The check of the arguments of `get_pet`, granted. */
function checkOf(document: unknown, name = "get_pet") {
  const grant = { tool_name: name, read_only: false };
  const [granted] = valid(folder(document, {}, [grant])).agents.get("bot")?.tools.allowed ?? [];
  const { takes: check } = granted ?? {};
  if (!check) throw new Error("nothing is checked");
  return check;
}

describe("An operation", () => {
  test("is a tool, with its parameters in their places", () => {
    const parameters = [
      ID,
      { name: "limit", in: "query", schema: { type: "integer", maximum: 9 }, description: "Most." },
      { name: "tags", in: "query", schema: { type: "array", items: { type: "string" } } },
      { name: "ids", in: "query", explode: false, schema: { type: "array" } },
      {
        name: "filter",
        in: "query",
        style: "deepObject",
        explode: true,
        schema: { type: "object" },
      },
      { name: "If-Match", in: "header", required: true, schema: { type: "string" } },
      { name: "theme", in: "cookie", schema: { type: "string" } },
      { name: "Accept", in: "header", required: true, schema: { type: "string" } },
      { name: "Authorization", in: "header", required: true, schema: { type: "string" } },
    ];
    const text = { summary: "One pet.", description: "By its id." };
    expect(tool(one({ parameters, ...text }))).toEqual({
      method: "GET",
      places: {
        path: [{ text: "/pets/" }, { argument: "id" }],
        query: [
          { name: "limit", style: "repeated" },
          { name: "tags", style: "repeated" },
          { name: "ids", style: "commas" },
          { name: "filter", style: "members" },
        ],
        headers: ["If-Match"],
        cookies: ["theme"],
        body: null,
      },
      headers: {},
      credentials: [],
      description: "One pet.\n\nBy its id.",
      inputSchema: {
        type: "object",
        properties: {
          id: { type: "string" },
          limit: { description: "Most.", type: "integer", maximum: 9 },
          tags: { type: "array", items: { type: "string" } },
          ids: { type: "array" },
          filter: { type: "object" },
          "If-Match": { type: "string" },
          theme: { type: "string" },
        },
        required: ["id", "If-Match"],
        additionalProperties: false,
      },
      isRead: true,
    });
  });

  test("has a JSON body as one argument, of the type that the document names", () => {
    const bodies: readonly [string, string][] = [
      ["application/json", "application/json"],
      ["application/json; charset=utf-8", "application/json"],
      ["application/merge-patch+json", "application/merge-patch+json"],
      ["*/*", "application/json"],
    ];
    for (const [written, type] of bodies) {
      const content = { "text/plain": {}, [written]: { schema: { type: "object" } } };
      const post = { operationId: "add_pet", requestBody: { required: true, content } };
      const { inputSchema, isRead, places } = tool(documented({ "/pets": { post } }));
      expect(places.body).toEqual({ kind: "whole", argument: "body", type });
      expect(inputSchema).toMatchObject({ properties: { body: { type: "object" } } });
      expect(inputSchema.required).toEqual(["body"]);
      expect(isRead).toBe(false);
    }
  });

  test("takes what its path says of all, and its own word wins", () => {
    const parameters = [ID, { name: "q", in: "query", schema: { type: "string" } }];
    const own = [{ name: "q", in: "query", required: true, schema: { type: "integer" } }];
    const get = { operationId: "get_pet", parameters: own };
    const { inputSchema } = tool(documented({ "/pets/{id}": { parameters, get } }));
    expect(inputSchema).toMatchObject({
      properties: { id: { type: "string" }, q: { type: "integer" } },
      required: ["id", "q"],
    });
  });

  test("has a header once, however often it is written", () => {
    const twice = ["X-Tag", "x-tag"].map((name) => ({ name, in: "header", schema: {} }));
    expect(tool(one({ parameters: [ID, ...twice] })).places.headers).toEqual(["x-tag"]);
  });

  test("without a name has one that its method and path make", () => {
    const document = documented({
      "/pets/{id}/toys": { get: { parameters: [ID] }, delete: { parameters: [ID] } },
      "/": { post: {} },
    });
    expect([...pets(document).operations.keys()]).toEqual([
      "get_pets_id_toys",
      "delete_pets_id_toys",
      "post",
    ]);
    expect(pets(document).tools.get("get_pets_id_toys")).toBe("read");
    expect(pets(document).tools.get("post")).toBe("write");
  });

  test("is read through references, wherever they stand in the document", () => {
    const components = {
      parameters: { Id: { $ref: "#/components/parameters/Real" }, Real: ID },
      requestBodies: {
        Pet: { content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } } },
      },
      schemas: {
        Pet: {
          type: "object",
          properties: {
            name: { $ref: "#/components/schemas/Name" },
            friends: { type: "array", items: { $ref: "#/components/schemas/Pet" } },
            odd: { $ref: "#/paths/~1pets~1{id}/put/x-odd" },
          },
          required: ["name"],
        },
        Name: { type: "string", maxLength: 4 },
      },
      pathItems: {},
    };
    const put = {
      operationId: "put_pet",
      parameters: [{ $ref: "#/components/parameters/Id" }],
      requestBody: { $ref: "#/components/requestBodies/Pet" },
      "x-odd": { const: 1 },
    };
    const check = checkOf(documented({ "/pets/{id}": { put } }, { components }), "put_pet");
    const pet = (name: string) => ({ id: "1", body: { name, friends: [{ name: "b", odd: 1 }] } });
    expect(check(pet("a"))).toBeNull();
    expect(check(pet("abcde"))).toMatch(/body\/name must NOT have more than 4/);
    expect(check({ id: "1", body: { name: "a", friends: [{}] } })).toMatch(/friends\/0 must have/);
    expect(check({ id: "1", body: { name: "a", odd: 2 } })).toMatch(/odd must be equal/);
    expect(check({ id: "../x", body: { name: "a" } })).toMatch(/id must not have/);
    expect(check({ id: "1", body: {}, more: 1 })).toMatch(/additional properties/);
  });
});

describe("A schema", () => {
  const checking = (schema: Json, openapi: string) => {
    const q = { name: "q", in: "query", schema };
    return checkOf(one({ parameters: [ID, q] }, { openapi }));
  };
  const given = (q: unknown) => ({ id: "1", q });

  test("of 3.0 says in its own words what 2020-12 says", () => {
    const over = checking({ type: "number", minimum: 1, exclusiveMinimum: true }, "3.0.3");
    expect([over(given(1)), over(given(1.5))]).toEqual([expect.stringMatching(/> 1/), null]);
    const from = checking({ type: "number", maximum: 1, exclusiveMaximum: false }, "3.0.3");
    expect([from(given(1)), from(given(2))]).toEqual([null, expect.stringMatching(/<= 1/)]);
    const { inputSchema } = tool(
      one(
        {
          parameters: [ID, { name: "q", in: "query", schema: { type: "string", nullable: true } }],
        },
        { openapi: "3.0.0" },
      ),
    );
    expect(inputSchema.properties).toMatchObject({
      q: { anyOf: [{ type: "string" }, { type: "null" }] },
    });
  });

  test("of 3.1 is taken as it is, and notes are left out of both", () => {
    const schema = { type: ["string", "null"], exclusiveMinimum: 3, example: "a", "x-note": {} };
    const noted = { ...schema, format: "int64", xml: {}, externalDocs: {}, discriminator: {} };
    const { inputSchema } = tool(
      one({ parameters: [ID, { name: "q", in: "query", schema: noted }] }),
    );
    expect(inputSchema.properties).toMatchObject({
      q: { type: ["string", "null"], exclusiveMinimum: 3 },
    });
    expect(JSON.stringify(inputSchema)).not.toMatch(/example|x-note|int64|xml|discriminator/);
  });

  test("beside a reference counts in 3.1, and not in 3.0", () => {
    const components = { schemas: { Q: { type: "string" } } };
    const q = { name: "q", in: "query", schema: { $ref: "#/components/schemas/Q", maxLength: 1 } };
    const check = (openapi: string) =>
      checkOf(one({ parameters: [ID, q] }, { openapi, components }));
    expect(check("3.1.1")(given("ab"))).toMatch(/more than 1/);
    expect(check("3.0.1")(given("ab"))).toBeNull();
  });

  test("that could not be checked is told at the grant, not at the document", () => {
    const grant = [{ tool_name: "get_pet" }];
    const schemas: readonly [Json, RegExp][] = [
      [{ type: "strin" }, /JSON Schema 2020-12/],
      [{ pattern: "(" }, /regular expression/],
      [{ $id: "x" }, /keyword that is checked/],
      [{ $ref: "#/components/schemas/Ring" }, /reference that ends/],
    ];
    const components = { schemas: { Ring: { $ref: "#/components/schemas/Ring" } } };
    for (const [schema, expected] of schemas) {
      const document = one(
        { parameters: [ID, { name: "q", in: "query", schema }] },
        { components },
      );
      valid(folder(document));
      const issues = issuesOf(folder(document, {}, grant));
      expect(issues).not.toEqual([]);
      for (const issue of issues) {
        expect(issue.path).toBe("allowed_tools[0].tool_name");
        expect(issue.expected).toMatch(expected);
        expect(issue.hint).toMatch(/^In its document/);
      }
    }
    const long = one({ parameters: [{ ...ID, schema: { type: "string", pattern: "^a" } }] });
    const loaded = read(folder(long, {}, grant));
    expect(loaded.kind === "ok" && loaded.warnings).toMatchObject([
      { path: "allowed_tools[0].tool_name", expected: "a maxLength beside the pattern" },
    ]);
  });

  test("of unique items has a bound", () => {
    const check = checking({ type: "array", uniqueItems: true }, "3.1.0");
    expect(check(given(["a", "b"]))).toBeNull();
    expect(check(given(["a", "a"]))).toMatch(/duplicate/);
    expect(check(given(Array.from({ length: 1001 }, (_, at) => at)))).toMatch(/more than 1000/);
  });
});

describe("An operation that is left out says why where it is granted, and the others stay:", () => {
  const query = (more: Json) => ({ parameters: [ID, { name: "q", in: "query", ...more }] });
  const content = (type: string) => ({ requestBody: { content: { [type]: {} } } });
  const deep = Object.fromEntries(
    Array.from({ length: 600 }, (_, at) => [
      `S${at}`,
      { items: { $ref: `#/components/schemas/S${at + 1}` } },
    ]),
  );
  const CASES: readonly [string, Json, RegExp][] = [
    ["a form", { ...content("multipart/form-data"), parameters: [ID] }, /body/],
    ["a hole without a parameter", {}, /do not agree on id/],
    ["a parameter without a hole", { parameters: [ID, { ...ID, name: "x" }] }, /do not agree on x/],
    ["two of one name", { parameters: [ID, { ...ID, in: "query" }] }, /two arguments .* id/],
    ["an odd style", query({ style: "pipeDelimited", schema: { type: "array" } }), /style/],
    ["an object in a form", query({ schema: { type: "object" } }), /style/],
    ["reserved characters", query({ allowReserved: true }), /style/],
    ["a list in the path", { parameters: [{ ...ID, schema: { type: "array" } }] }, /style/],
    ["a matrix in the path", { parameters: [{ ...ID, style: "matrix" }] }, /style/],
    ["content", query({ content: {} }), /document of its own/],
    ["no place", { parameters: [ID, { name: "q", in: "nowhere" }] }, /no place that is known/],
    ["no name", { parameters: [ID, { in: "query" }] }, /no plain name/],
    [
      "a name like no other",
      { parameters: [ID, { in: "query", name: "__proto__" }] },
      /no plain name/,
    ],
    ["a connection's header", { parameters: [ID, { in: "header", name: "Host" }] }, /connection/],
    ["a header of two lines", { parameters: [ID, { in: "header", name: "a\r\nb" }] }, /plain name/],
    ["a cookie's odd name", { parameters: [ID, { in: "cookie", name: "a=b" }] }, /no cookie can/],
    ["a reference to elsewhere", query({ schema: { $ref: "other.json#/a" } }), /outside/],
    ["a reference to a server", query({ schema: { $ref: "http://evil/x" } }), /outside/],
    ["a reference to nothing", query({ schema: { $ref: "#/components/none" } }), /no schema/],
    ["a parameter that is nowhere", { parameters: [{ $ref: "#/nowhere" }] }, /leads nowhere/],
    [
      "a ring of parameters",
      { parameters: [{ $ref: "#/components/parameters/Ring" }] },
      /more than 32/,
    ],
    ["no object", { parameters: [7] }, /no object/],
    ["too many schemas", query({ schema: { $ref: "#/components/schemas/S0" } }), /more than 500/],
    [
      "a schema beyond all measure",
      query({ schema: { enum: ["x".repeat(SCHEMA_CHARS_MAX)] } }),
      /characters/,
    ],
    [
      "servers of its own",
      { parameters: [ID], servers: [{ url: "https://b.example" }] },
      /servers/,
    ],
  ];
  test.each(CASES)("%s", (_, operation, why) => {
    const components = {
      parameters: { Ring: { $ref: "#/components/parameters/Ring" } },
      schemas: { ...deep, S600: {} },
    };
    const document = documented(
      {
        "/pets/{id}": { get: { operationId: "get_pet", ...operation } },
        "/pets": { get: { operationId: "list_pets" } },
      },
      { components },
    );
    const { leftOut, operations } = pets(document);
    expect([...operations.keys()]).toEqual(["list_pets"]);
    expect(leftOut.get("get_pet")).toMatch(why);
    const [issue] = issuesOf(folder(document, {}, [{ tool_name: "get_pet" }]));
    expect(issue).toMatchObject({ path: "allowed_tools[0].tool_name" });
    expect(issue?.hint).toMatch(why);
    const declared = folder(document, { tools: { get_pet: { effect: "read" } } });
    expect(issuesOf(declared)[0]?.path).toBe("tool_servers.pets.tools.get_pet");
  });

  test("a body of another type, a GET with a body, a name that two have, a path with dots", () => {
    const json = content("application/json");
    const { leftOut, operations } = pets(
      documented({
        "/upload": { post: { operationId: "upload", ...content("application/octet-stream") } },
        "/get": { get: { operationId: "get", ...json } },
        "/a": { get: { operationId: "twice" } },
        "/b": { get: { operationId: "twice" } },
        "/x/../y": { get: { operationId: "dots" } },
        "/x y": { get: { operationId: "blank" } },
        "/{a}/{a}": { get: { operationId: "holes", parameters: [{ ...ID, name: "a" }] } },
        "/body": {
          post: { operationId: "body", ...json, parameters: [{ in: "query", name: "body" }] },
        },
        "no-path": { get: { operationId: "nowhere" } },
        "x-note": { get: { operationId: "note" } },
        "/ok": { get: { operationId: "ok" }, trace: { operationId: "trace" }, "x-get": {} },
      }),
    );
    expect([...operations.keys()]).toEqual(["ok"]);
    expect([...leftOut.keys()].sort()).toEqual(
      ["blank", "body", "dots", "get", "holes", "twice", "upload"].sort(),
    );
  });
});

describe("The server", () => {
  const servers = (...urls: unknown[]) => ({ servers: urls.map((url) => ({ url })) });
  const document = (more: Json) => one({ parameters: [ID] }, more);

  test("is the document's one, or what the configuration says", () => {
    expect(pets(document({})).url).toBe("https://pets.example.com/v1");
    expect(pets(document({}), { url: "https://b.example" }).url).toBe("https://b.example");
    const own = { parameters: [ID], servers: [{ url: "https://c.example" }] };
    expect([...pets(one(own), { url: "https://b.example" }).operations.keys()]).toEqual([
      "get_pet",
    ]);
  });

  test.each([
    [servers()],
    [servers("https://a.example", "https://b.example")],
    [servers("/v1")],
    [servers("https://{region}.example.com")],
    [servers("ftp://a.example")],
    [servers("https://me:pass@a.example")],
    [servers("http://169.254.169.254/latest")],
    [servers("http://[::1]/")],
    [servers("http://2130706433/")],
    [servers("http://0x7f000001/")],
    [servers("http://localhost:9/")],
    [servers(7)],
    [{ servers: "none" }],
  ])("is asked for where the document has none that is clear: %j", (more) => {
    expect(issuesOf(folder(document(more)))).toMatchObject([{ path: "tool_servers.pets.url" }]);
  });
});

describe("Credentials", () => {
  const securitySchemes = {
    key: { type: "apiKey", in: "query", name: "api_key" },
    head: { type: "apiKey", in: "header", name: "X-Key" },
    sid: { type: "apiKey", in: "cookie", name: "sid" },
    token: { type: "http", scheme: "Bearer" },
    user: { type: "http", scheme: "basic" },
    oauth: { type: "oauth2", flows: {} },
    digest: { type: "http", scheme: "digest" },
    tls: { type: "mutualTLS" },
    odd: { type: "apiKey", in: "header", name: "a b" },
    host: { type: "apiKey", in: "header", name: "Host" },
  };
  const secured = (security: unknown, more: Json = {}) =>
    one({ parameters: [ID], security, ...more }, { components: { securitySchemes } });
  const sent = (security: unknown, server: Json) =>
    tool(secured(security), server).credentials.map(({ in: place, name, value }) =>
      [place, name, value].join(" "),
    );
  const schemes = { key: "k1", head: "h1", sid: "s1", token: "t1", user: "me:p:1", oauth: "o1" };

  test("are sent where the document says that its scheme goes", () => {
    expect(sent([{ key: [] }], { schemes })).toEqual(["query api_key k1"]);
    expect(sent([{ head: [], sid: [] }], { schemes })).toEqual([
      "header X-Key h1",
      "cookie sid s1",
    ]);
    expect(sent([{ token: [] }], { schemes })).toEqual(["header authorization Bearer t1"]);
    expect(sent([{ oauth: ["a"] }], { schemes })).toEqual(["header authorization Bearer o1"]);
    const basic = Buffer.from("me:p:1").toString("base64");
    expect(sent([{ user: [] }], { schemes })).toEqual([`header authorization Basic ${basic}`]);
  });

  test("are those of the first way of which all secrets are there, else the server's", () => {
    const some = { schemes: { key: "k1" }, auth: { bearer: "b1" } };
    const bearer = ["header authorization Bearer b1"];
    expect(sent([{ head: [], key: [] }, {}, { key: [] }], some)).toEqual(["query api_key k1"]);
    expect(sent([{ head: [] }], some)).toEqual(bearer);
    expect(sent([{}], some)).toEqual(bearer);
    expect(sent(undefined, some)).toEqual(bearer);
    expect(sent("nonsense", some)).toEqual(bearer);
    const tools = { get_pet: { auth: { query: { name: "own", value: "w1" } } } };
    expect(sent([{ key: [] }], { ...some, tools })).toEqual(["query own w1"]);
  });

  test("of the document's own word for all operations hold as well", () => {
    const document = one(
      { parameters: [ID] },
      { security: [{ key: [] }], components: { securitySchemes } },
    );
    expect(tool(document, { schemes }).credentials).toMatchObject([{ value: "k1" }]);
  });

  test("are never an argument, also where the document lists them as parameters", () => {
    const parameters = [
      ID,
      { name: "api_key", in: "query", required: true, schema: { type: "string" } },
      { name: "X-Team", in: "header", required: true, schema: { type: "string" } },
    ];
    const server = { schemes, headers: { "x-team": "red" } };
    const { inputSchema, places } = tool(secured([{ key: [] }], { parameters }), server);
    expect(inputSchema).toMatchObject({ required: ["id"] });
    expect([places.query, places.headers]).toEqual([[], []]);
    expect(misplaced(places, { id: "1", api_key: "mine" })).toMatch(/no place/);
  });

  test("in a header of cookies leave no cookie to the agent", () => {
    const cookie = { name: "theme", in: "cookie", schema: { type: "string" } };
    const document = secured([{ sid: [] }], { parameters: [ID, cookie] });
    expect(tool(document, { schemes }).places.cookies).toEqual(["theme"]);
    expect(tool(document, { schemes, headers: { Cookie: "a=b" } }).places.cookies).toEqual([]);
  });

  test.each([
    ["none", "a", /no such security scheme/],
    ["digest", "a", /not sent/],
    ["tls", "a", /not sent/],
    ["odd", "a", /plainly/],
    ["host", "a", /plainly/],
    ["user", "without-a-colon", /user:password/],
    ["token", "two words", /one line/],
    ["head", "a\r\nb", /a header can have/],
    ["sid", "a;b", /a cookie can have/],
  ])("of the scheme %s are refused where they cannot be sent: %j", (scheme, secret, hint) => {
    const [issue, ...others] = issuesOf(folder(secured([]), { schemes: { [scheme]: secret } }));
    expect([issue?.path, others]).toEqual([`tool_servers.pets.schemes.${scheme}`, []]);
    expect(issue?.got).toBe("a value that is not shown");
    expect(issue?.hint).toMatch(hint);
  });
});

describe("A document", () => {
  const PLACE = "tool_servers.pets.document";

  test.each([
    ["https://pets.example.com/openapi.json"],
    ["../pets.json"],
    ["/etc/pets.json"],
    ["a/../../pets.json"],
    [".hidden.json"],
    ["agents/bot.json"],
    ["slipclutch.yaml"],
    ["prices.yaml"],
    ["pets.txt"],
  ])("is a file of the folder: %s is refused", (document) => {
    const [issue, ...others] = issuesOf(folder({}, { document }));
    expect([issue?.path, others]).toEqual([PLACE, []]);
    expect(issue?.hint).toMatch(/commit it/);
  });

  test("that is not there is told once", () => {
    expect(issuesOf(folder({}, { document: "openapi/other.yaml" }))).toMatchObject([
      { path: PLACE, got: '"openapi/other.yaml"' },
    ]);
  });

  test("belongs to the digest", () => {
    const digest = (description: string) =>
      valid(folder(one({ parameters: [ID], description }))).digest;
    expect(digest("a")).toBe(digest("a"));
    expect(digest("a")).not.toBe(digest("b"));
  });

  test("in YAML is read like one in JSON, and what stands in braces is no variable", () => {
    const text =
      "openapi: 3.0.3\nservers: [{ url: 'https://a.example' }]\npaths:\n  /a:\n    get: { operationId: a, description: 'costs ${PRICE}' }\n";
    const files = folder("", { document: "openapi/pets.yaml" });
    const settings = valid({ ...files, "openapi/pets.yaml": text }).toolServers.get("pets");
    expect(settings).toMatchObject({ url: "https://a.example" });
    expect(JSON.stringify([...(settings as HttpServerSettings).operations])).toContain("${PRICE}");
  });

  test.each([
    ["", ""],
    ["[]", "openapi"],
    ["null", "openapi"],
    ['{"swagger":"2.0"}', "swagger"],
    ['{"openapi":3.1}', "openapi"],
    ['{"openapi":"4.0.0"}', "openapi"],
    ['{"openapi":"3.1.0"}', "paths"],
    ['{"openapi":"3.1.0","paths":[]}', "paths"],
    ['{"openapi":"3.1.0","jsonSchemaDialect":"http://x","paths":{}}', "jsonSchemaDialect"],
    ['{"openapi":"3.1.0","openapi":"3.1.0"}', ""],
    ["{", ""],
    [`{"openapi":"3.1.0","paths":${"[".repeat(70)}${"]".repeat(70)}}`, undefined],
  ])("that is none is told of with its file: %s", (text, path) => {
    const [issue, ...others] = issuesOf(folder(text));
    expect(issue?.file).toBe("pets.json");
    if (path !== undefined) expect([issue?.path, others]).toEqual([path, []]);
  });

  test("that cannot be read is told once, not again at every grant", () => {
    for (const text of ["{", '{"openapi":"3.1.0","paths":{}}']) {
      const server = { url: "https://a.example" };
      expect(issuesOf(folder(text, server, [{ tool_name: "get_pet" }]))).toHaveLength(1);
    }
  });

  test("whose schemas stand in too many tools at once is refused", () => {
    const schemas = { Big: { enum: ["x".repeat(60_000)] } };
    const schema = { $ref: "#/components/schemas/Big" };
    const parameters = [{ name: "q", in: "query", schema }];
    const paths = Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [`/p${at}`, { get: { parameters } }]),
    );
    expect(issuesOf(folder(documented(paths, { components: { schemas } })))).toMatchObject([
      { path: PLACE },
    ]);
  });

  test("of more operations than anybody grants, or of none, is refused", () => {
    const server = { url: "https://a.example" };
    expect(issuesOf(folder(documented({}), server))).toMatchObject([{ path: PLACE }]);
    const item = (at: number) => [`/p${at}`, { get: { operationId: `o${at}` } }];
    const paths = Object.fromEntries(
      Array.from({ length: OPERATIONS_MAX + 1 }, (_, at) => item(at)),
    );
    expect(issuesOf(folder(documented(paths)))).toMatchObject([{ path: PLACE }]);
  });
});

describe("Whatever a document says,", () => {
  const path = fc.constantFrom(
    "/a",
    "/{id}",
    "/{id}/{q}",
    "/b/{id}.json",
    "/{id}/{id}",
    "/..",
    "x",
  );
  const word = fc.constantFrom(
    ...["id", "q", "$ref", "#", "#/paths", "#/components/schemas/A", "#/%zz", "%", "query", "path"],
    ...["header", "cookie", "array", "object", "string", "__proto__", "constructor"],
  );
  const keys = fc.constantFrom(
    ...[
      "get",
      "post",
      "parameters",
      "requestBody",
      "content",
      "application/json",
      "schema",
      "type",
    ],
    ...["properties", "items", "allOf", "anyOf", "$ref", "name", "in", "required", "operationId"],
    ...["security", "style", "explode", "nullable", "exclusiveMinimum", "minimum", "uniqueItems"],
    ...["paths", "components", "schemas", "securitySchemes", "A", "key", "servers", "url", "enum"],
    ...["additionalProperties", "description", "scheme", "/a", "/{id}", "constructor", "toString"],
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 8, withCrossShrink: true },
      fc.oneof(word, fc.boolean(), fc.integer(), fc.constant(null)),
      tie("map"),
      tie("map"),
      fc.array(tie("value"), { maxLength: 3 }),
    ),
    map: fc.dictionary(keys, tie("value"), { maxKeys: 5 }),
  }));
  const often = <Value>(usual: Value) => ({
    or: (other: fc.Arbitrary<unknown>) =>
      fc.oneof({ arbitrary: fc.constant(usual), weight: 3 }, { arbitrary: other, weight: 1 }),
  });
  const schemes = often({}).or(fc.dictionary(keys, word, { maxKeys: 2 }));

  test("it gives tools or issues, and never throws", () => {
    const parameter = fc.oneof(
      fc.constant(ID),
      fc.record({ in: word, name: word, schema: value }),
      fc.record({ in: fc.constantFrom("query", "header"), name: word, schema: value }),
      value,
    );
    const operation = fc.record(
      {
        operationId: fc.oneof(word, value),
        parameters: fc.oneof(fc.array(parameter, { maxLength: 3 }), value),
        requestBody: fc.oneof(
          fc.record({ content: fc.record({ "application/json": fc.record({ schema: value }) }) }),
          value,
        ),
        security: value,
      },
      { requiredKeys: [] },
    );
    const item = fc.record({ get: operation, post: operation }, { requiredKeys: [] });
    const document = fc.record({
      openapi: fc.constantFrom("3.0.0", "3.1.0", "3.2.0"),
      paths: fc.dictionary(path, fc.oneof(item, item, value)),
      components: fc.oneof(fc.record({ schemas: fc.record({ A: value }) }), value),
      servers: value,
    });
    let seen = 0;
    fc.assert(
      fc.property(document, schemes, (written, secrets) => {
        const server = { url: "https://b.example", schemes: secrets };
        const loaded = read(folder(written, server));
        if (loaded.kind === "invalid") {
          for (const { expected, hint } of loaded.issues) expect(expected && hint).toMatch(/\S/);
          return;
        }
        const settings = loaded.configuration.toolServers.get("pets") as HttpServerSettings;
        for (const why of settings.leftOut.values()) expect(why).toMatch(/\S/);
        for (const name of settings.operations.keys()) {
          seen += 1;
          const granted = read(folder(written, server, [{ tool_name: name, read_only: false }]));
          if (granted.kind === "invalid") continue;
          const [tool] = granted.configuration.agents.get("bot")?.tools.allowed ?? [];
          for (const given of [{}, { id: ".." }, { body: {} }, { id: "a", q: [1] }]) {
            expect(typeof (tool?.takes?.(given) ?? "")).toBe("string");
          }
        }
      }),
      { numRuns: 300 },
    );
    // Else nothing was tried.
    expect(seen).toBeGreaterThan(20);
  });
});
