/** The adapter of tools over plain HTTP: what every tool server must do, and what only it does. */
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { Addresses, type Resolve } from "../../src/adapters/tool-server/http/addresses.ts";
import { FAILURE_BYTES_MAX } from "../../src/adapters/tool-server/http/http-call.ts";
import type {
  HttpOperationSettings,
  HttpSettings,
} from "../../src/adapters/tool-server/http/http-settings.ts";
import { httpToolServer } from "../../src/adapters/tool-server/http/http-tool-server.ts";
import { CONNECTION_WAIT_MAX_MS } from "../../src/adapters/tool-server/over-http/pool.ts";
import type { HttpPlaces } from "../../src/guards/tool/places.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ToolServer } from "../../src/ports/tool-server.ts";
import { testClock } from "../../src/testing/test-clock.ts";
import { toolServerConformance } from "../../src/testing/tool-server-conformance.ts";
import {
  faultOf,
  recordCall,
  SILENCE_MS,
  type ToolScript,
  toolRequest,
  until,
} from "../../src/testing/tool-server-fixture.ts";
import { type Answering, type HttpDesk, httpDesk, json } from "../support/http-desk.ts";

const NOTHING: HttpPlaces = { path: [], query: [], headers: [], cookies: [], body: null };
const TYPE = "application/json";

function operation(
  path: HttpPlaces["path"],
  changes: Partial<HttpOperationSettings> = {},
  places: Partial<HttpPlaces> = {},
): HttpOperationSettings {
  return {
    method: "POST",
    places: { ...NOTHING, path, ...places },
    headers: {},
    credentials: [],
    description: "does something",
    inputSchema: { type: "object" },
    isRead: false,
    ...changes,
  };
}

const ECHOED = { kind: "members", arguments: ["text", "list", "", "at"], type: TYPE } as const;
const OPERATIONS = new Map([
  ["echo", operation([{ text: "/echo" }], {}, { body: ECHOED })],
  ["fail", operation([{ text: "/fail" }])],
]);

function settingsAt(url: string, changes: Partial<HttpSettings> = {}): HttpSettings {
  const rest = { name: "plain", connectionsMax: 256, allowAddresses: ["127.0.0.1"] };
  return { ...rest, url, operations: OPERATIONS, ...changes };
}

/** What the script says, on a server that has the tools of the fixture. */
function scripted(script: ToolScript, ran: () => void): Answering {
  return ({ body, target }, response) => {
    ran();
    if (target === "/fail") return json(response, { error: "it failed" }, 500);
    const raw = RAW[script.call];
    if (raw !== undefined) return raw(response, script);
    const answer = () => response.writeHead(200, { "content-type": TYPE }).end(body);
    if (script.latencyMs > 0) setTimeout(answer, script.latencyMs);
    else answer();
  };
}

const HEAD = { "content-type": TYPE };

const RAW: Partial<
  Record<ToolScript["call"], (response: ServerResponse, script: ToolScript) => void>
> = {
  half: (response) => {
    response.writeHead(200, { ...HEAD, "content-length": 100 });
    response.write("{", () => response.socket?.destroy());
  },
  reset: (response) => response.socket?.destroy(),
  never: () => undefined,
  garbage: (response) => response.writeHead(200, HEAD).end("{"),
  empty: (response) => response.writeHead(200, HEAD).end(),
  "http-500": (response) => response.writeHead(500, HEAD).end('{"error":"broken"}'),
  redirect: (response) => response.writeHead(307, { location: "/elsewhere" }).end(),
  gzip: (response) =>
    response.writeHead(200, { ...HEAD, "content-encoding": "gzip" }).end(gzipSync("{}")),
  huge: (response, { hugeBytes }) => response.writeHead(200, HEAD).end("x".repeat(hugeBytes)),
};

toolServerConformance(
  "http",
  async (script) => {
    let ran = 0;
    const whole: ToolScript = { call: "well", latencyMs: 0, hugeBytes: 0, ...script };
    const desk = await httpDesk(
      scripted(whole, () => {
        ran += 1;
      }),
    );
    const server = httpToolServer(settingsAt(desk.url), systemClock);
    return {
      server,
      ran: () => ran,
      dispose: async () => {
        await server.close();
        await desk.close();
      },
    };
  },
  { plainHttp: true },
);

const open: { readonly desk: HttpDesk; readonly server: ToolServer }[] = [];

afterEach(async () => {
  for (const { desk, server } of open.splice(0)) {
    await server.close();
    await desk.close();
  }
});

interface Options {
  readonly settings?: Partial<HttpSettings>;
  readonly clock?: Clock;
  readonly resolve?: Resolve;
  /** Instead of the address that the server listens at. */
  readonly host?: string;
}

async function start(answering?: Answering, options: Options = {}) {
  const { clock = systemClock, host = "127.0.0.1", resolve, settings = {} } = options;
  const desk = await httpDesk(answering);
  const url = `http://${host}:${desk.port}/v1/`;
  const server = httpToolServer(settingsAt(url, settings), clock, resolve);
  open.push({ desk, server });
  return { desk, server };
}

/** One tool, called `one`. */
function one(settings: HttpOperationSettings): Partial<HttpSettings> {
  return { operations: new Map([["one", settings]]) };
}

const call = (given: Readonly<Record<string, unknown>> = {}) =>
  toolRequest({ tool: "one", arguments: given });

describe("a request", () => {
  test("has every argument in its place, encoded, and nothing else", async () => {
    const places: HttpPlaces = {
      path: [{ text: "/a%20b/" }, { argument: "id" }, { text: ".json" }],
      query: [
        { name: "q", style: "repeated" },
        { name: "tag", style: "repeated" },
        { name: "ids", style: "commas" },
        { name: "filter", style: "members" },
        { name: "absent", style: "repeated" },
      ],
      headers: ["If-Match"],
      cookies: ["theme"],
      body: { kind: "whole", argument: "body", type: "application/merge-patch+json" },
    };
    const credentials = [
      { in: "query", name: "key", value: "k&y", secrets: ["k&y"] },
      { in: "cookie", name: "sid", value: "secret", secrets: ["secret"] },
      { in: "header", name: "X-Key", value: "header-secret", secrets: ["header-secret"] },
    ] as const;
    const headers = { "X-Team": "red", host: "evil", "accept-encoding": "gzip" };
    const settings = operation(places.path, { method: "PATCH", credentials, headers }, places);
    const { desk, server } = await start(undefined, { settings: one(settings) });
    const given = {
      id: "x y;é#?(1)",
      q: "a&b=c d+'\n",
      tag: ["t1", "t,2"],
      ids: [1, 2, "3,4"],
      filter: { "a b": true },
      "If-Match": '"v1"',
      theme: "dark; x=y",
      body: { deep: [null, 1.5], "\u{1f600}": "ä" },
    };
    expect(await recordCall(server, call(given)).over).toMatchObject({ kind: "result" });
    const [arrival] = desk.arrivals();
    expect(arrival?.method).toBe("PATCH");
    expect(arrival?.target).toBe(
      "/v1/a%20b/x%20y%3B%C3%A9%23%3F%281%29.json?key=k%26y&q=a%26b%3Dc%20d%2B%27%0A" +
        "&tag=t1&tag=t%2C2&ids=1,2,3%2C4&filter%5Ba%20b%5D=true",
    );
    expect(JSON.parse(arrival?.body ?? "")).toEqual(given.body);
    expect(arrival?.headers).toMatchObject({
      "if-match": '"v1"',
      cookie: "sid=secret; theme=dark%3B%20x%3Dy",
      "x-key": "header-secret",
      "x-team": "red",
      "content-type": "application/merge-patch+json",
      "accept-encoding": "identity",
      host: `127.0.0.1:${desk.port}`,
    });
    // A parser that reads it back finds what was given.
    const { searchParams } = new URL(arrival?.target ?? "", desk.url);
    expect(searchParams.getAll("q")).toEqual([given.q]);
    expect(searchParams.getAll("tag")).toEqual(given.tag);
  });

  test("has the cookies that are set beside those that say who asks", async () => {
    const credentials = [{ in: "cookie", name: "sid", value: "s3cret", secrets: [] }] as const;
    const headers = { Cookie: "a=b", Host: "evil" };
    const settings = operation([{ text: "/x" }], { credentials, headers });
    const { desk, server } = await start(undefined, { settings: one(settings) });
    await recordCall(server, call()).over;
    expect(desk.arrivals()[0]?.headers).toMatchObject({
      cookie: "a=b; sid=s3cret",
      host: `127.0.0.1:${desk.port}`,
    });
  });

  test("of names that every object has carries them as its own", async () => {
    const names = ["constructor", "__proto__", "toString"];
    const body = { kind: "members", arguments: names, type: TYPE } as const;
    const settings = operation([{ text: "/x" }], {}, { body });
    const { desk, server } = await start(undefined, { settings: one(settings) });
    const given = JSON.parse('{"__proto__":{"admin":true},"constructor":1}');
    await recordCall(server, call(given)).over;
    expect(desk.arrivals()[0]?.body).toBe('{"__proto__":{"admin":true},"constructor":1}');
    await recordCall(server, call()).over;
    expect(desk.arrivals()[1]?.body).toBe("{}");
  });

  test("that cannot be written is a fault before anything is asked or sent", async () => {
    const settings = operation([{ text: "/x/" }, { argument: "id" }]);
    const { desk, server } = await start(undefined, { settings: one(settings) });
    for (const given of [{}, { id: ".." }, { id: "a/b" }, { id: "a", more: 1 }]) {
      const recording = recordCall(server, call(given));
      expect(await faultOf(recording)).toMatchObject({ kind: "protocol", written: false });
      expect(recording.asked).toBe(0);
    }
    const unknown = recordCall(server, toolRequest({ tool: "other" }));
    expect(await faultOf(unknown)).toMatchObject({ kind: "protocol", written: false });
    expect(desk.arrivals()).toEqual([]);
    expect(desk.connections()).toBe(0);
  });
});

describe("an answer", () => {
  const answered = async (
    body: string | Buffer,
    type: string | null = TYPE,
    status = 200,
    changes: Partial<HttpOperationSettings> = {},
  ) => {
    const settings = one(operation([{ text: "/x" }], changes));
    const { server } = await start(
      (_, response) =>
        response.writeHead(status, type === null ? {} : { "content-type": type }).end(body),
      { settings },
    );
    return recordCall(server, call()).over;
  };
  const result = (text: string, structuredContent?: unknown) => ({
    kind: "result",
    result: {
      content: [{ type: "text", text }],
      structuredContent,
      isError: false,
      bytes: expect.any(Number),
    },
  });

  test("of JSON is its text, and an object is structured content as well", async () => {
    expect(await answered('{ "a": 1 }')).toEqual(result('{ "a": 1 }', { a: 1 }));
    expect(await answered("{}", "application/problem+json; charset=UTF-8")).toEqual(
      result("{}", {}),
    );
    expect(await answered("[1]")).toEqual(result("[1]"));
    expect(await answered("null")).toEqual(result("null"));
  });

  test("of text is its text", async () => {
    expect(await answered("<a>ä</a>", "application/xml")).toEqual(result("<a>ä</a>"));
    expect(await answered("plain", null)).toEqual(result("plain"));
    expect(await answered('{"a":1}', "text/plain")).toEqual(result('{"a":1}'));
  });

  test.each([
    [Buffer.from([0xff, 0xfe]), "text/plain", /no UTF-8/],
    [Buffer.from([0xff, 0xfe]), null, /no UTF-8/],
    ["PDF", "application/pdf", /no text/],
    ["GIF", "image/gif", /no text/],
    ["a", "text/plain; charset=utf-16", /charset utf-16/],
    ["{", TYPE, /no JSON/],
    [`${"[".repeat(5000)}${"]".repeat(5000)}`, TYPE, /more than 200 levels/],
  ])("that a model could not read is a fault: %j as %s", async (body, type, message) => {
    expect(await answered(body, type)).toMatchObject({
      kind: "fault",
      fault: { kind: "protocol", written: true, message: expect.stringMatching(message) },
    });
  });

  test("of a failure is a result that says so, with a bounded body", async () => {
    const text = "HTTP 404: no such ticket";
    expect(await answered("no such ticket", "text/plain", 404)).toMatchObject({
      kind: "result",
      result: { isError: true, structuredContent: undefined, content: [{ type: "text", text }] },
    });
    const long = await answered("x".repeat(4 * FAILURE_BYTES_MAX), "text/plain", 503);
    const told = JSON.stringify(long);
    expect(long.kind).toBe("result");
    expect(told.length).toBeLessThan(20_000);
    const binary = await answered("PDF", "application/pdf", 500);
    expect(binary).toMatchObject({ result: { content: [{ text: "HTTP 500" }], isError: true } });
  });

  test("of a failure that never ends is one as soon as enough of it is read", async () => {
    const { server } = await start(
      (_, response) => {
        response.writeHead(500, { "content-type": "text/plain" });
        response.write("x".repeat(2 * FAILURE_BYTES_MAX));
      },
      { settings: one(operation([{ text: "/x" }])) },
    );
    const end = await recordCall(server, call()).over;
    expect(end).toMatchObject({ kind: "result", result: { isError: true } });
  });

  test("that says that it is compressed is not read, whatever is in it", async () => {
    for (const [encoding, kind] of [
      ["gzip", "fault"],
      ["br, identity", "fault"],
      ["Identity", "result"],
    ]) {
      const { server } = await start(
        (_, response) =>
          response.writeHead(200, { ...HEAD, "content-encoding": encoding }).end("{}"),
        { settings: one(operation([{ text: "/x" }])) },
      );
      expect((await recordCall(server, call()).over).kind).toBe(kind);
    }
  });

  test("of HEAD and of 204 is a result of nothing", async () => {
    expect(await answered("{}", TYPE, 200, { method: "HEAD" })).toMatchObject({
      kind: "result",
      result: { content: [], isError: false },
    });
    expect(await answered("", null, 204)).toMatchObject({
      result: { content: [], isError: false },
    });
  });

  test("that points elsewhere is not followed, and its query is told to nobody", async () => {
    const { server } = await start(
      (_, response) =>
        response.writeHead(302, { location: "https://elsewhere.example/x?token=t0ken" }).end(),
      { settings: one(operation([{ text: "/x" }])) },
    );
    const fault = await faultOf(recordCall(server, call()));
    expect(fault.message).toContain("https://elsewhere.example");
    expect(fault.message).not.toContain("t0ken");
  });

  test("never has the credentials in it, in whatever form they come back", async () => {
    const secret = 'tok"en/ä-5678';
    const basic = Buffer.from("me:pass-1234").toString("base64");
    const changes = {
      headers: { "x-api-key": "from-headers", cookie: "s=Bearer schemeless" },
      credentials: [
        { in: "query", name: "key", value: secret, secrets: [secret] },
        {
          in: "header",
          name: "authorization",
          value: `Basic ${basic}`,
          secrets: ["pass-1234", basic, "99887766"],
        },
      ],
    } as const;
    const forms = [
      ...[secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")],
      ...["pass-1234", basic, "from-headers", "schemeless", "99887766"],
    ];
    const holds = (end: unknown) =>
      forms.filter((form) => JSON.stringify(end).includes(JSON.stringify(form).slice(1, -1)));
    const said = forms.join(" and ");
    for (const [body, type, status] of [
      [JSON.stringify({ said, [said]: [said], pin: 99887766 }), TYPE, 200],
      [JSON.stringify({ said }).replace("from", "\\u0066rom"), TYPE, 200],
      [JSON.stringify(said), TYPE, 200],
      [said, "text/html", 200],
      [said, "text/plain", 401],
      [JSON.stringify({ said }), TYPE, 500],
    ] as const) {
      const end = await answered(body, type, status, changes);
      expect(end.kind).toBe("result");
      expect(holds(end)).toEqual([]);
      expect(JSON.stringify(end)).toContain("[redacted]");
    }
    const fault = await answered("x", `application/${"from-headers"}`, 200, changes);
    expect([fault.kind, holds(fault)]).toEqual(["fault", []]);
  });
});

describe("an address", () => {
  const settings = one(operation([{ text: "/x" }]));

  test("is looked at where it is connected to, and a name that changes gains nothing", async () => {
    const asked: string[] = [];
    const resolve: Resolve = (host, done) => {
      asked.push(host);
      // Public when it is looked at for the first time, this machine for whoever looks again.
      const address = asked.length === 1 ? "127.0.0.1" : "203.0.113.9";
      done(null, [{ address, family: 4 }]);
    };
    const allowed = { ...settings, allowAddresses: ["127.0.0.0/8"] };
    const good = await start(undefined, { settings: allowed, resolve, host: "api.test" });
    expect((await recordCall(good.server, call()).over).kind).toBe("result");
    expect(asked).toEqual(["api.test"]);
    expect(good.desk.arrivals()[0]?.headers.host).toBe(`api.test:${good.desk.port}`);
  });

  test.each([
    [["127.0.0.1"]],
    [["93.184.215.14", "127.0.0.1"]],
    [["127.0.0.1", "93.184.215.14"]],
    [["::1"]],
    [["::ffff:127.0.0.1"]],
    [["169.254.169.254"]],
    [[]],
  ])("behind a name that is not public is never connected to: %j", async (addresses) => {
    const resolve: Resolve = (_, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      );
    const closed = { ...settings, allowAddresses: [] };
    const { desk, server } = await start(undefined, {
      settings: closed,
      resolve,
      host: "api.test",
    });
    const recording = recordCall(server, call());
    expect(await faultOf(recording)).toMatchObject({ kind: "unreachable", written: false });
    expect([recording.asked, desk.connections()]).toEqual([0, 0]);
  });

  test("is looked at for https as well", async () => {
    const resolve: Resolve = (_, done) => done(null, [{ address: "127.0.0.1", family: 4 }]);
    const desk = await httpDesk();
    const url = `https://api.test:${desk.port}`;
    for (const [allowAddresses, connections] of [
      [[], 0],
      // Reached, and it speaks no TLS.
      [["127.0.0.1"], 1],
    ] as const) {
      const changes = { ...settings, allowAddresses };
      const server = httpToolServer(settingsAt(url, changes), systemClock, resolve);
      const recording = recordCall(server, call());
      expect(await faultOf(recording)).toMatchObject({ kind: "unreachable", written: false });
      expect([recording.asked, desk.connections()]).toEqual([0, connections]);
      await server.close();
    }
    await desk.close();
  });

  test("of this machine is refused by its real name as well", async () => {
    const closed = { ...settings, allowAddresses: [] };
    const { desk, server } = await start(undefined, { settings: closed, host: "localhost" });
    const fault = await faultOf(recordCall(server, call()));
    expect(fault).toMatchObject({ kind: "unreachable", written: false });
    expect(fault.message).toContain("allow_addresses");
    expect(desk.connections()).toBe(0);
  });

  test("that is written out must be allowed too", () => {
    for (const url of [
      "http://10.0.0.1",
      "http://[::1]:80",
      "http://2130706433",
      "http://0x7f.1",
    ]) {
      expect(() => httpToolServer(settingsAt(url, { allowAddresses: [] }), systemClock)).toThrow(
        /not public/,
      );
    }
    for (const url of ["ftp://example.com", "http://me:pass@example.com"]) {
      expect(() => httpToolServer(settingsAt(url), systemClock)).toThrow(/url must/);
    }
  });

  const PRIVATE = [
    ...["0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.255"],
    ...["169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1"],
    ...["192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "255.255.255.255"],
    ...["168.63.129.16", "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe"],
    ...[
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "2001:0:1::",
      "2001:db8::1",
      "fc00::1",
      "fd00:ec2::254",
    ],
    ...["fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "not an address", ""],
  ];
  test.each(PRIVATE)("%s is not public", (address) => {
    expect(new Addresses([]).mayReach(address)).toBe(false);
  });

  test("that is public may be reached, and a listed network as well", () => {
    for (const address of ["1.1.1.1", "93.184.215.14", "172.32.0.1", "2606:4700::1111"]) {
      expect(new Addresses([]).mayReach(address)).toBe(true);
    }
    const listed = new Addresses(["10.0.0.0/8", "fd12::/16", "192.168.1.1"]);
    expect(listed.mayReach("10.9.9.9")).toBe(true);
    expect(listed.mayReach("::ffff:10.9.9.9")).toBe(true);
    expect(listed.mayReach("fd12::9")).toBe(true);
    expect(listed.mayReach("192.168.1.1")).toBe(true);
    for (const address of ["11.0.0.1", "fd13::9", "192.168.1.2"]) {
      expect(listed.mayReach(address)).toBe(address === "11.0.0.1");
    }
  });
});

describe("the road", () => {
  test("nothing is sent before the first call, by a list neither", async () => {
    const { desk, server } = await start();
    expect(await server.list()).toHaveLength(2);
    await sleep(SILENCE_MS);
    expect(desk.connections()).toBe(0);
  });

  test("a tool is shown with what it takes and whether it reads", async () => {
    const inputSchema = { type: "object", properties: { id: { type: "string" } } };
    const settings = one(operation([{ text: "/x" }], { inputSchema, isRead: true }));
    const { server } = await start(undefined, { settings });
    const annotations = { readOnlyHint: true };
    const description = "does something";
    const raw = { name: "one", description, inputSchema, annotations };
    expect(await server.list()).toEqual([{ name: "one", raw }]);
  });

  test("a call that finds no free connection is given up unwritten", async () => {
    const clock = testClock();
    const { desk, server } = await start(() => undefined, {
      clock,
      settings: { connectionsMax: 1, operations: OPERATIONS },
    });
    const busy = recordCall(server, toolRequest({ timeoutMs: 10 * CONNECTION_WAIT_MAX_MS }));
    await until(() => desk.arrivals().length === 1);
    const waiting = recordCall(server, toolRequest());
    clock.advance(CONNECTION_WAIT_MAX_MS);
    expect(await faultOf(waiting)).toMatchObject({ kind: "unreachable", written: false });
    expect(waiting.asked).toBe(0);
    expect(busy.ends).toEqual([]);
  });

  test("leaves no timer behind, however a call ended", async () => {
    const clock = testClock();
    const { desk, server } = await start(undefined, { clock });
    await recordCall(server, toolRequest()).over;
    for (const raw of [RAW.garbage, RAW.redirect, RAW.half, RAW.reset, RAW["http-500"]]) {
      desk.set((_, response) => raw?.(response, { call: "well", latencyMs: 0, hugeBytes: 0 }));
      await recordCall(server, toolRequest()).over;
    }
    await recordCall(server, toolRequest(), () => false).over;
    recordCall(server, toolRequest()).exchange.abort();
    await until(() => clock.waiting === 0);
  });

  test("a server that is not there is out of reach, and nothing was written", async () => {
    const server = httpToolServer(settingsAt("http://127.0.0.1:1"), systemClock);
    const recording = recordCall(server, toolRequest());
    expect(await faultOf(recording)).toMatchObject({ kind: "unreachable", written: false });
    expect(recording.asked).toBe(0);
    await server.close();
  });
});
