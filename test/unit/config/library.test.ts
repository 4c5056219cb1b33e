/** Grants of resources and prompts: what can be written, what is wrong with it, what a change means. */
import { describe, expect, test } from "vitest";
import { changesBetween } from "../../../src/config/review/diff.ts";
import { readForReview } from "../../../src/config/review/reading.ts";
import { sqlReaderFor } from "../../../src/config/sql-parser.ts";
import { issuesOf, read, valid } from "./folder.ts";

const sql = await sqlReaderFor(new Map([["slipclutch.yaml", "sql"]]));

const SERVERS = {
  desk: { kind: "mcp", url: "http://127.0.0.1:7000/mcp" },
  wall: { kind: "mcp", command: ["wall"] },
  own: { kind: "agent", tools: { weather: { effect: "read" } } },
};

function folder(manifest: object): Record<string, string> {
  const budgets = [{ name: "b", each: "agent", limit_usd: 1, window: "day" }];
  return {
    "slipclutch.yaml": JSON.stringify({ version: 1, budgets, tool_servers: SERVERS }),
    "agents/bot.json": JSON.stringify({ version: 1, agent: "bot", ...manifest }),
  };
}

function granting(...allowed_resources: object[]) {
  return folder({ allowed_resources });
}

function libraryOf(manifest: object) {
  const library = valid(folder(manifest)).agents.get("bot")?.library;
  if (library === undefined) throw new Error("the agent is missing");
  return library;
}

function warningsOf(...resources: object[]) {
  const loaded = read(granting(...resources));
  if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues, null, 1));
  return loaded.warnings;
}

test("a manifest that says nothing grants nothing", () => {
  expect(libraryOf({})).toEqual({
    resources: [],
    prompts: { allowed: [], observed: [], blacklisted: new Set() },
  });
});

test("resources are granted as they are written, prompts by name", () => {
  const resources = [
    { server: "desk", uri: "urn:isbn:0451450523" },
    { server: "wall", under: "notes://work/" },
  ];
  const { prompts, resources: granted } = libraryOf({
    allowed_resources: resources,
    allowed_prompts: [
      { server: "desk", name: "review", arguments: { properties: { a: { maxLength: 3 } } } },
      { server: "wall", name: "review" },
    ],
  });
  expect(granted).toEqual(resources);
  const [first, second] = prompts.allowed;
  expect([first?.server, first?.tool]).toEqual(["desk", "review"]);
  expect(first?.check?.({ a: "four" })).toMatch(/^\/arguments\/a /);
  expect(first?.check?.({ b: "x" })).toMatch(/must NOT have additional properties/);
  expect(first?.check?.({ a: "abc" })).toBeNull();
  expect(second?.check).toBeNull();
  expect(first).toMatchObject({ effect: "read", timeoutMs: 60_000, resultBytesMax: 8_388_608 });
});

describe("a folder of resources", () => {
  test.each([
    "file:///data/",
    "file:///",
    "https://docs.example/pub/",
    "https://docs.example:8443/pub/",
    "notes://work/",
    "memo:/x/",
    "git+ssh://host/a%20b/",
  ])("may be %s", (under) => {
    expect(libraryOf({ allowed_resources: [{ server: "desk", under }] }).resources).toHaveLength(1);
  });

  test.each([
    ["file:///data", /ends in \//],
    ["file:///data/?a=b/", /ends in \//],
    ["file:///data/#a/", /ends in \//],
    ["urn:isbn:/", /ends in \//],
    ["notes://", /ends in \//],
    ["https://docs.example", /plain form/],
    ["FILE:///data/", /plain form/],
    ["file:/data/", /plain form/],
    ["file:///data/../x/", /plain form/],
    ["file:///data/%2e%2e/", /plain form/],
    ["https://docs.example:443/", /plain form/],
    ["file:///caf\u00e9/", /plain form/],
    ["https://me@docs.example/", /without a user/],
    ["https://me:secret@docs.example/", /without a user/],
    ["file:///data//x/", /takes for the same/],
    ["notes://work//", /takes for the same/],
    ["notes://work/..%2fx/", /takes for the same/],
    ["notes://work/a\\b/", /takes for the same/],
    ["file:///data/*/x/?", /ends in \//],
    ["no uri", /a URI/],
    ["", /a URI/],
  ])("is not %s", (under, expected) => {
    const [issue] = issuesOf(granting({ server: "desk", under }));
    expect(issue).toMatchObject({
      file: "agents/bot.json",
      path: "allowed_resources[0].under",
      expected: expect.stringMatching(expected),
      hint: expect.stringMatching(/./),
    });
  });
});

describe("a grant is refused that", () => {
  test.each([
    ["is nothing", { server: "desk" }, "allowed_resources[0].uri"],
    [
      "is both",
      { server: "desk", uri: "file:///a", under: "file:///a/" },
      "allowed_resources[0].uri",
    ],
    ["is of no server", { uri: "file:///a" }, "allowed_resources[0].server"],
    ["is of no server that is there", { server: "dsk", uri: "a:b" }, "allowed_resources[0].server"],
    ["is of an agent's own tools", { server: "own", uri: "a:b" }, "allowed_resources[0].server"],
    ["has a pattern", { server: "desk", pattern: "file:///*" }, "allowed_resources[0].pattern"],
    ["is no URI", { server: "desk", uri: "a.txt" }, "allowed_resources[0].uri"],
    ["has blanks in its URI", { server: "desk", uri: "file:///a b" }, "allowed_resources[0].uri"],
  ])("%s", (_, resource, path) => {
    expect(issuesOf(granting(resource)).map((issue) => issue.path)).toContain(path);
  });

  test("is a prompt that is there twice, of no server, or with a schema that checks nothing", () => {
    const prompt = { server: "desk", name: "review" };
    const issues = issuesOf(
      folder({
        allowed_prompts: [
          prompt,
          prompt,
          { server: "own", name: "x" },
          { server: "desk", name: "y", arguments: { propertise: {} } },
        ],
      }),
    );
    expect(issues.map(({ path }) => path)).toEqual([
      "allowed_prompts[1].name",
      "allowed_prompts[2].server",
      "allowed_prompts[3].arguments.propertise",
    ]);
  });

  test("names a server nearly: the hint says which", () => {
    expect(issuesOf(granting({ server: "dsk", uri: "a:b" }))[0]?.hint).toBe('Did you mean "desk"?');
  });
});

describe("a warning is", () => {
  test("what is granted twice", () => {
    const twice = warningsOf(
      { server: "desk", under: "file:///data/" },
      { server: "desk", uri: "file:///data/a.txt" },
    );
    expect(twice).toMatchObject([
      { path: "allowed_resources[1]", expected: "what is not granted already" },
    ]);
  });

  test("what two servers are granted, as it means neither where all are", () => {
    const both = warningsOf(
      { server: "desk", under: "file:///data/" },
      { server: "wall", under: "file:///data/sub/" },
    );
    expect(both).toMatchObject([{ hint: expect.stringContaining("/mcp/SERVER") }]);
    expect(
      warningsOf(
        { server: "desk", under: "file:///data/" },
        { server: "wall", under: "file:///other/" },
      ),
    ).toEqual([]);
  });
});

function readingOf(manifest: object) {
  const result = readForReview(new Map(Object.entries(folder(manifest))), {}, sql);
  if (result.kind === "invalid") throw new Error(JSON.stringify(result.issues, null, 1));
  return result.reading;
}

describe("in a change", () => {
  const words = (before: object, after: object) =>
    changesBetween(readingOf(before), readingOf(after)).map(
      ({ about, direction, says }) => `${direction}: ${about}: ${says}`,
    );
  const data = { server: "desk", under: "file:///data/" };
  const one = { server: "desk", uri: "file:///data/a.txt" };
  const prompt = { server: "desk", name: "review" };

  test("more to read is wider, less is narrower", () => {
    expect(words({}, { allowed_resources: [one] })).toEqual([
      "wider: desk, file:///data/a.txt: may be read",
    ]);
    expect(words({ allowed_resources: [one] }, { allowed_resources: [data] })).toEqual([
      "wider: desk, all below file:///data/: may be read",
    ]);
    expect(words({ allowed_resources: [data] }, { allowed_resources: [one] })).toEqual([
      "narrower: desk, all below file:///data/: can no longer be read",
    ]);
    expect(words({ allowed_resources: [data] }, { allowed_resources: [data, one] })).toEqual([]);
  });

  test("a prompt is told by its name and its arguments", () => {
    const schema = (maxLength: number) => ({ properties: { a: { type: "string", maxLength } } });
    const granted = (more: object = {}) => ({ allowed_prompts: [{ ...prompt, ...more }] });
    expect(words({}, granted())).toEqual(["wider: desk, prompt review: a new prompt"]);
    expect(words(granted(), {})).toEqual(["narrower: desk, prompt review: can no longer be got"]);
    expect(words(granted(), granted({ arguments: schema(3) }))).toEqual([
      "narrower: desk, prompt review: its arguments are checked now",
    ]);
    expect(words(granted({ arguments: schema(3) }), granted({ arguments: schema(9) }))).toEqual([
      "wider: desk, prompt review: takes more arguments",
    ]);
  });
});
