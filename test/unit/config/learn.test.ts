/** From values that were seen to schemas that admit them, and little more. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { argumentSchemas } from "../../../src/config/arguments.ts";
import { type Before, draftOf } from "../../../src/config/learn/draft.ts";
import { near } from "../../../src/config/learn/near.ts";
import { callsOf, type Seen, type SeenTool } from "../../../src/config/learn/seen.ts";
import { schemaOf } from "../../../src/config/learn/values.ts";

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
        fc.pre(!JSON.stringify(values).includes("__proto__"));
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
  ...{ agent: "bot", document: null, grants: [], servers: new Map(), schemas: argumentSchemas() },
};

function model(name: string, outputCap: number | null, hosted: readonly string[] = []): Seen {
  return { kind: "model", at: 0, model: name, outputCap, hosted };
}

describe("A draft", () => {
  test("has what was used and nothing else", () => {
    const seen = [
      ran(),
      ran({ tool: "close", writes: true, arguments: { id: 1 } }),
      model("m", 90),
    ];
    expect(draftOf([...seen, model("m", 800), model("n", null, ["web_search"])], BEFORE)).toEqual({
      calls: expect.any(Array),
      remarks: [],
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
      const grants = [entry, gone].map((one) => ({ server: "desk", entry: one as never }));
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
    const grants = [{ server: "desk", entry }];
    const { document, remarks } = draftOf([ran(), ran(), ran()], { ...BEFORE, grants });
    expect(document.allowed_tools).toMatchObject([
      { rate_limit: { requests: 5, per_seconds: 60 } },
    ]);
    expect(remarks).toEqual([expect.stringMatching(/up to 3 times a minute/)]);
  });

  test("leaves out what no server has, unless it is clear whose it is", () => {
    const own = { kind: "agent", name: "own", asks: false, tools: new Map(), sql: new Map() };
    const seen = [ran({ server: "", tool: "shell", by: "answer", writes: true })];
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
