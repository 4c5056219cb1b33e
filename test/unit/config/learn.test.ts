/** From values that were seen to schemas that admit them, and little more. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { argumentSchemas } from "../../../src/config/arguments.ts";
import { substitute } from "../../../src/config/environment.ts";
import { renderDraft } from "../../../src/config/learn/check.ts";
import { type Before, draftOf } from "../../../src/config/learn/draft.ts";
import { near } from "../../../src/config/learn/near.ts";
import { callsOf, type Seen, type SeenTool } from "../../../src/config/learn/seen.ts";
import { textKeywords } from "../../../src/config/learn/texts.ts";
import { schemaOf } from "../../../src/config/learn/values.ts";
import { parseSource } from "../../../src/config/source.ts";

/** Whether a gateway would let these arguments through by the schema. */
function admits(schema: ReturnType<typeof schemaOf>) {
  const schemas = argumentSchemas();
  expect(schemas.problems(schema)).toEqual([]);
  return schemas.check(schema);
}

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>;
const objects = fc.dictionary(fc.string(), json, { maxKeys: 6, noNullPrototype: true });
const alike = fc.record(
  {
    id: fc.oneof(fc.uuid(), fc.integer(), fc.constant("TICKET-1")),
    path: fc.webPath(),
    at: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    kind: fc.constantFrom("open", "closed", null),
    nested: fc.record({ n: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    many: fc.array(fc.oneof(fc.ipV4(), fc.emailAddress()), { maxLength: 5 }),
  },
  { requiredKeys: ["id"] },
);

describe("A schema that was learned", () => {
  test("admits everything that it was learned from", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(objects, alike), { minLength: 1, maxLength: 40 }), (values) => {
        // Names that no file can have.
        fc.pre(!/"(__proto__|<<)"/.test(JSON.stringify(values)));
        const plain = JSON.parse(JSON.stringify(values)) as unknown[];
        const check = admits(schemaOf(plain));
        for (const value of plain) expect(check(value)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  test("admits no argument, and no type, that was not seen", () => {
    const check = admits(schemaOf([{ id: 1 }, { id: 2, note: "a b" }]));
    expect(check({ id: 2 })).toBeNull();
    for (const other of [{ id: 1, x: 1 }, { note: "a" }, { id: "1" }, { id: 1.5 }, { id: null }]) {
      expect(check(other)).not.toBeNull();
    }
  });

  test("holds numbers to the next round ones", () => {
    const check = admits(schemaOf([{ n: 4711 }, { n: 42 }]));
    expect([20, 42, 5000].map((n) => check({ n }))).toEqual([null, null, null]);
    for (const n of [19, 5001, -1]) expect(check({ n })).not.toBeNull();
  });

  test("knows few values that come again and again as all that there are", () => {
    const state = (no: number) => ["open", "closed", "pending"][no % 3];
    const many = Array.from({ length: 60 }, (_, no) => ({ state: state(no), by: `user-${no}` }));
    const check = admits(schemaOf(many));
    expect(check({ state: "open", by: "user-7" })).toBeNull();
    expect(check({ state: "deleted", by: "user-7" })).not.toBeNull();
    const few = admits(schemaOf(many.slice(0, 12)));
    expect(few({ state: "opened", by: "user-7" })).toBeNull();
  });

  test.each<[seen: readonly string[], fits: readonly string[], others: readonly string[]]>([
    [
      ["TICKET-17", "TICKET-4711"],
      ["TICKET-1", "TICKET-999"],
      ["TICKET-", "ticket-1", "TICKET-1;drop", "X-1"].slice(1),
    ],
    [
      ["https://api.example.com/v1/a", "https://api.example.com/v1/b-c"],
      ["https://api.example.com/v1/zz"],
      ["https://evil.example/v1/a", "https://api.example.com/v1/../x", "http://api.example.com/"],
    ],
    [
      ["/data/a.txt", "/data/b/c.txt"],
      ["/data/x.txt"],
      ["/etc/passwd", "/data/../etc/passwd", "/data/a\n"],
    ],
    [
      ["/data/ä", "/data/ö b"],
      ["/data/ü"],
      ["/etc", "/data/../etc", "/data/a\n/../../etc", "/data/a\u2028/../../etc"],
    ],
    [["C:\\data\\ä", "C:\\data\\ö"], ["C:\\data\\ü"], ["C:\\data\\..\\x", "D:\\data\\ä"]],
    [
      ["https://a.example/v1/a?x=%20", "https://a.example/v1/b"],
      ["https://a.example/v1/c?x=%2e1"],
      ["https://a.example/v1/%2e%2e/x", "https://a.example/v1/.%2E/x"],
    ],
    [["see 😀x", "see 😁y"], ["see 😂"], ["see", "hello"]],
    [
      ["9c5b94b1-35ad-49bb-b118-8e8fc24abf80", "123e4567-e89b-42d3-a456-426614174000"],
      ["aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"],
      ["aaaaaaaa", ""],
    ],
    [["2026-01-02", "2025-12-31"], ["2024-02-29"], ["2024", "yesterday"]],
    [["hello world", "a b", "ünï"], ["anything at all"], ["x".repeat(21), ""]],
  ])("of texts like %j admits %j and not %j", (seen, fits, others) => {
    const check = admits(schemaOf(seen.map((text) => ({ text }))));
    for (const text of [...seen, ...fits]) expect([text, check({ text })]).toEqual([text, null]);
    for (const text of others) expect([text, check({ text })]).not.toEqual([text, null]);
  });

  test("says nothing that no file could hold, and admits the rest", () => {
    const many = Array.from({ length: 30 }, () => ({ half: "\ud800", ok: 1 }));
    const [named] = [{ ok: 1, "<<": 2, "\udc00": { "\ud800": 3 } }];
    const check = admits(schemaOf([...many, JSON.parse('{"ok":1,"__proto__":2}'), named]));
    expect(check({ half: "\ud800", ok: 1 })).toBeNull();
    for (const name of ["<<", "\udc00", "other"])
      expect(check({ ok: 1, [name]: 2 })).not.toBeNull();
    expect(JSON.stringify(schemaOf(many))).not.toMatch(/\\ud[89a-f]/);
  });

  test("begins with no more than a person would read", () => {
    const long = "word ".repeat(2_000);
    const { pattern } = textKeywords([`${long}a`, `${long}b`]);
    expect(String(pattern).length).toBeLessThan(150);
  });

  test("takes no time on a long text, whatever its pattern is", () => {
    const seen = [
      ["/data/ä", "/data/ö"],
      ["a/b", "c/d"],
      ["x@y.example", "z@y.example"],
      ["https://a.example/v1/a?x=%20", "https://a.example/v1/b"],
    ];
    for (const texts of seen) {
      const pattern = new RegExp(String(textKeywords(texts).pattern), "u");
      for (const part of [".", "/", "%2e", ".%", "a", "a/", "\n."]) {
        const text = `${texts[0]}${part.repeat(200_000)}\u0000`;
        const from = performance.now();
        pattern.test(text);
        expect(performance.now() - from).toBeLessThan(250);
      }
    }
  });

  test("takes an object with many names for a map", () => {
    const map = Object.fromEntries(Array.from({ length: 50 }, (_, no) => [`key_${no}`, no]));
    const check = admits(schemaOf([{ map }]));
    expect(check({ map: { key_99: 3 } })).toBeNull();
    expect(check({ map: { "other key": 3 } })).not.toBeNull();
    expect(check({ map: { key_99: "3" } })).not.toBeNull();
  });

  test("is made of a hundred thousand values in a moment", () => {
    const many = Array.from({ length: 100_000 }, (_, no) => ({ id: no, list: [no, `x${no}`] }));
    const check = admits(schemaOf(many));
    expect(check(many.at(-1))).toBeNull();
  });
});

test("Round numbers are no nearer than what was seen", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(near(value, "above")).toBeGreaterThanOrEqual(value);
      expect(near(value, "below")).toBeLessThanOrEqual(value);
    }),
  );
  expect([7, 10, 11, 0.3, -7].map((value) => near(value, "above"))).toEqual([10, 10, 20, 0.5, -5]);
  expect([7, 10, 11, 0.3, -7].map((value) => near(value, "below"))).toEqual([5, 10, 10, 0.2, -10]);
});

let digests = 0;
function ran(changes: Partial<SeenTool> = {}): SeenTool {
  digests += 1;
  return {
    ...{ kind: "tool", at: 0, server: "desk", tool: "find", by: "mcp", writes: false },
    ...{ digest: `d${digests}`, arguments: { q: "x" } },
    ...changes,
  };
}

describe("Calls that were seen", () => {
  test("count in any minute, wherever it begins", () => {
    const at = [0, 30_000, 59_999, 60_000, 61_000, 200_000];
    expect(callsOf(at.map((one) => ran({ at: one })))[0]).toMatchObject({ calls: 6, peak: 4 });
  });

  test("that a model asked for and that ran are one call each", () => {
    const digest = "same";
    const seen = [ran({ by: "answer", digest }), ran({ by: "mcp", digest })];
    expect(callsOf(seen)[0]).toMatchObject({ calls: 1, peak: 1, arguments: [{ q: "x" }] });
    expect(callsOf([ran({ by: "answer" })])[0]).toMatchObject({ calls: 1 });
  });

  test("whose arguments nobody has are told", () => {
    const { arguments: _, ...bare } = ran({ digest: "large" });
    const again = { ...ran({ digest: "kept" }), arguments: undefined } as unknown as SeenTool;
    const [calls] = callsOf([ran({ digest: "kept" }), again, bare]);
    expect(calls).toMatchObject({ calls: 3, unknown: 1, arguments: [{ q: "x" }] });
  });
});

const BEFORE: Before = {
  ...{
    agent: "bot",
    document: { schema_version: "v1", agent_id: "bot" },
    grants: [],
    servers: new Map(),
    schemas: argumentSchemas(),
  },
};

function model(name: string, outputCap: number | null, hosted: readonly string[] = []): Seen {
  return { kind: "model", at: 0, model: name, outputCap, hosted };
}

describe.each(["draft.yaml", "draft.json"])("A draft in %s", (file) => {
  const said = [
    ...["no", "yes", "1e3", "0x10", "007", "~", "null", "12:30:45", "2026-01-01", ".inf", "=", ""],
    ...["a\nb", "  lead", "trail ", "#c", "- x", "a: b", "&a", "*a", "!t", "|", "%", "\t", "\r\n"],
    ...[
      "😀",
      "\u0085",
      "\u2028",
      "\ufeff",
      "\u0000",
      "\u001b[31m",
      "\u202e",
      "\u{e0001}",
      "\\u202e",
    ],
    ...["${HOME}", "$${x", "long ".repeat(100), "k".repeat(1_100), "---", "'", '"'],
  ];
  const text = fc.oneof(fc.constantFrom(...said), fc.string({ unit: "grapheme" }));
  const value = fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
  const given = fc.dictionary(
    text.filter((name) => !["__proto__", "<<"].includes(name)),
    fc.oneof(value, fc.array(value, { maxLength: 3 })),
    { maxKeys: 5, noNullPrototype: true },
  );

  test("is read as what was learned, whatever agents write, and hides nothing", () => {
    fc.assert(
      fc.property(fc.array(given, { minLength: 1, maxLength: 25 }), (values) => {
        const seen = values.map((one) => ran({ arguments: JSON.parse(JSON.stringify(one)) }));
        const { document } = draftOf(seen, BEFORE);
        const written = renderDraft(document, file);
        expect(written).not.toMatch(/[\p{Cf}\u2028\u2029]/u);
        const { issues, source } = parseSource(file, Buffer.from(written).toString("utf8"));
        expect([issues, source.raw]).toEqual([[], JSON.parse(JSON.stringify(document))]);
        const { issues: unset, value: read } = substitute(source, {});
        expect(unset).toEqual([]);
        const learned = schemaOf(seen.map((one) => one.arguments));
        expect(read).toMatchObject({ allowed_tools: [{ arguments: learned }] });
      }),
      { numRuns: 200 },
    );
  });

  test("says to older readers of YAML what it says to ours", () => {
    const seen = [ran({ tool: "no" }), ran({ tool: "on" })];
    const written = renderDraft(draftOf(seen, BEFORE).document, file);
    expect(written.match(/"tool_name": "(no|on)"|tool_name: "(no|on)"/g)).toHaveLength(2);
  });
});

describe("A draft", () => {
  test("has what was used and nothing else", () => {
    const seen = [
      ran(),
      ran({ tool: "close", writes: true, arguments: { id: 1 } }),
      model("m", 90),
    ];
    expect(draftOf([...seen, model("m", 800), model("n", null, ["web_search"])], BEFORE)).toEqual({
      calls: expect.any(Array),
      remarks: ["hosted_tools: web_search was added."],
      document: {
        schema_version: "v1",
        agent_id: "bot",
        models: [{ model: "m", max_output_tokens: 1000 }, "n"],
        hosted_tools: ["web_search"],
        allowed_tools: [
          {
            ...{ tool_name: "close", server: "desk", read_only: false },
            rate_limit: { requests: 1, per_seconds: 60 },
            arguments: expect.objectContaining({ required: ["id"] }),
          },
          {
            ...{ tool_name: "find", server: "desk" },
            rate_limit: { requests: 1, per_seconds: 60 },
            arguments: expect.objectContaining({ required: ["q"] }),
          },
        ],
      },
    });
  });

  test("keeps what a person has written, where it lets through what was seen", () => {
    const find = {
      tool_name: "find",
      cost: { usd: 1 },
      rate_limit: { requests: 9, per_seconds: 1 },
    };
    const narrow = { ...find, arguments: { properties: { q: { enum: ["y"] } } } };
    const wide = { ...find, arguments: { properties: { q: {}, r: {} } } };
    const gone = { tool_name: "gone" };
    const of = (entry: object) => {
      const document = {
        ...{ version: 1, agent: "bot", mode: "observe", observe_until: "2030-01-01" },
        ...{
          labels: { team: "t" },
          models: [{ model: "m", max_n: 1 }],
          allowed_tools: [entry, gone],
        },
      };
      const grants = [entry, gone].map((one) => {
        return { server: "desk", tool: one === gone ? "gone" : "find", entry: one as never };
      });
      return draftOf([ran(), model("m", 5)], { ...BEFORE, document, grants });
    };
    const kept = of(wide);
    expect(kept.document).toEqual({
      ...{ version: 1, agent: "bot", labels: { team: "t" }, models: [{ model: "m", max_n: 1 }] },
      allowed_tools: [wide],
    });
    expect(kept.remarks).toEqual(["desk__gone: never called, so it was left out."]);
    const widened = of(narrow);
    expect(widened.document.allowed_tools).toEqual([
      { ...find, arguments: expect.objectContaining({ required: ["q"] }) },
    ]);
    expect(widened.remarks[0]).toMatch(/desk__find: 1 of 1 kinds of arguments did not fit/);
  });

  test("raises a rate limit that was passed, and says so", () => {
    const entry = { tool_name: "find", rate_limit: { requests: 1, per_seconds: 60 } };
    const grants = [{ server: "desk", tool: "find", entry }];
    const seen = [ran(), ran(), ran(), model("m", 1)];
    const { document, remarks } = draftOf(seen, { ...BEFORE, grants });
    expect(document.allowed_tools).toMatchObject([
      { rate_limit: { requests: 5, per_seconds: 60 } },
    ]);
    expect(remarks).toEqual([expect.stringMatching(/up to 3 times in 60 s/)]);
  });

  test.each([
    [{ requests: 5, per_seconds: 1 }, 1, 10],
    [{ requests: 100, per_seconds: 3600 }, 30_000, 200],
    [{ requests: 200, per_seconds: 3600 }, 30_000, 200],
  ])("holds a rate limit of %j to its own window", (rate_limit, everyMs, requests) => {
    const grants = [{ server: "desk", tool: "find", entry: { tool_name: "find", rate_limit } }];
    const seen = Array.from({ length: everyMs === 1 ? 10 : 240 }, (_, no) => {
      return ran({ at: no * everyMs });
    });
    const { document, remarks } = draftOf([...seen, model("m", 1)], { ...BEFORE, grants });
    expect(document.allowed_tools).toMatchObject([{ rate_limit: { ...rate_limit, requests } }]);
    expect(remarks).toHaveLength(requests === rate_limit.requests ? 0 : 1);
  });

  test("knows a grant by the tool that it is of, however its name is written", () => {
    const entry = { tool_name: "cafe\u0301", requires_approval: true, arguments: {} };
    const grants = [{ server: "desk", tool: "café", entry }];
    const { document } = draftOf([ran({ tool: "café" }), model("m", 1)], { ...BEFORE, grants });
    expect(document.allowed_tools).toEqual([entry]);
  });

  test("says whatever it grants beyond what was granted, and what it grants no more", () => {
    const entry = { tool_name: "find", arguments: { properties: { q: {} } } };
    const document = {
      ...{ version: 1, agent: "bot", models: ["old", { model: "m", max_n: 1 }] },
      ...{ hosted_tools: ["web_search"], allowed_tools: [entry] },
    };
    const grants = [{ server: "desk", tool: "find", entry }];
    const seen = [ran({ writes: true }), model("m", 5), model("new", null, ["code_interpreter"])];
    const draft = draftOf(seen, { ...BEFORE, document, grants });
    expect(draft.document).toEqual({
      ...{ version: 1, agent: "bot", models: [{ model: "m", max_n: 1 }, "new"] },
      ...{ hosted_tools: ["code_interpreter"], allowed_tools: [{ ...entry, read_only: false }] },
    });
    expect(draft.remarks).toEqual([
      expect.stringMatching(/desk__find: it wrote/),
      "models: new was added.",
      "models: old was never asked for, so it was left out.",
      "hosted_tools: code_interpreter was added.",
      "hosted_tools: web_search was never asked for, so it was left out.",
    ]);
  });

  test("says where nothing was known of what is written", () => {
    const seen = [ran(), model("m", 1)];
    const nothing = { ...BEFORE, document: null };
    expect(draftOf(seen, nothing).remarks).toEqual([expect.stringMatching(/^no manifest of bot/)]);
    const { document, remarks } = draftOf(seen, { ...nothing, servers: null });
    expect(remarks).toEqual([expect.stringMatching(/^no guardrails folder.*blacklist/)]);
    expect(document).toMatchObject({ schema_version: "v1", agent_id: "bot" });
  });

  test("grants no model where none was asked for, and says so", () => {
    const { document, remarks } = draftOf([ran()], BEFORE);
    expect([document.models, remarks]).toEqual([
      [],
      ["models: none was asked for, so none is granted."],
    ]);
  });

  test("says where arguments are nested too deep to be held to anything", () => {
    const deep = JSON.parse(`${'{"a":'.repeat(12)}1${"}".repeat(12)}`);
    const { remarks } = draftOf([ran({ arguments: deep }), model("m", 1)], BEFORE);
    expect(remarks).toEqual([expect.stringMatching(/desk__find: arguments nested more than ten/)]);
  });

  test("means names that look like variables as they were seen", () => {
    const seen = [ran({ tool: "${TOKEN}" }), model("${MODEL}", null)];
    const { document } = draftOf(seen, BEFORE);
    expect(document).toMatchObject({
      models: ["$${MODEL}"],
      allowed_tools: [{ tool_name: "$${TOKEN}" }],
    });
  });

  test("leaves out what no server has, unless it is clear whose it is", () => {
    const own = { kind: "agent", name: "own", asks: false, tools: new Map(), sql: new Map() };
    const shell = ran({ server: "", tool: "shell", by: "answer", writes: true });
    const seen = [shell, model("m", 1)];
    const nobody = draftOf(seen, BEFORE);
    expect(nobody.document.allowed_tools).toEqual([]);
    expect(nobody.remarks).toEqual([expect.stringMatching(/shell: no tool server has it/)]);
    const servers = new Map([["own", own]]) as never;
    expect(draftOf(seen, { ...BEFORE, servers }).document.allowed_tools).toMatchObject([
      { tool_name: "shell", server: "own", read_only: false },
    ]);
  });

  test("means a text that looks like a variable as it was seen", () => {
    const value = { q: "${HOME}" };
    const seen = Array.from({ length: 30 }, () => ran({ arguments: value }));
    const { document } = draftOf(seen, BEFORE);
    expect(JSON.stringify(document)).toContain('{"enum":["$${HOME}"]}');
  });
});
