import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Format } from "../../../src/guards/call.ts";
import type { Edits } from "../../../src/wire/format.ts";
import { FORMATS } from "../../../src/wire/formats.ts";
import { RULES, readText } from "./reading.ts";

function rewrite(format: Format, text: string, edits: Edits, rules = RULES): string {
  return FORMATS[format].rewrite(readText(format, text), edits, rules);
}

const chat = (text: string, edits: Edits, rules = RULES) =>
  rewrite("openai-chat", text, edits, rules);
const messages = (text: string, edits: Edits) => rewrite("anthropic-messages", text, edits);

describe("openai chat: only the characters of an edit change", () => {
  const m = '"messages":[{"role":"user","content":"hi"}]';
  const table: readonly (readonly [string, Edits, string])[] = [
    [`{ "model": "a",\n ${m} }`, {}, `{ "model": "a",\n ${m} }`],
    [`{"model":"a",${m}}`, { model: "a" }, `{"model":"a",${m}}`],
    [`{"model": "a" ,${m}}`, { model: 'b"' }, `{"model": "b\\"" ,${m}}`],
    [`{"m\\u006fdel":"a",${m}}`, { model: "b" }, `{"m\\u006fdel":"b",${m}}`],
    [`{"model":"a",${m}}`, { outputCap: 9 }, `{"max_completion_tokens":9,"model":"a",${m}}`],
    [
      `{"model":"a","max_completion_tokens": 10, ${m}}`,
      { outputCap: 9 },
      `{"model":"a","max_completion_tokens": 9, ${m}}`,
    ],
    [
      `{"model":"a","max_tokens" : 10,${m}}`,
      { outputCap: 9 },
      `{"model":"a","max_completion_tokens":9,${m}}`,
    ],
    [
      `{"max_completion_tokens":null,"model":"a",${m}, "max_tokens":10}`,
      { outputCap: 9 },
      `{"max_completion_tokens":9,"model":"a",${m}}`,
    ],
    [
      `{"max_tokens":10 , "model":"a",${m},"max_completion_tokens":20}`,
      { outputCap: 10 },
      `{"model":"a",${m},"max_completion_tokens":10}`,
    ],
    [
      `{"model":"a",${m},"stream":true}`,
      { includeUsage: true },
      `{"stream_options":{"include_usage":true},"model":"a",${m},"stream":true}`,
    ],
    [
      `{"model":"a",${m},"stream":true,"stream_options":null}`,
      { includeUsage: true },
      `{"model":"a",${m},"stream":true,"stream_options":{"include_usage":true}}`,
    ],
    [
      `{"model":"a",${m},"stream":true,"stream_options": { }}`,
      { includeUsage: true },
      `{"model":"a",${m},"stream":true,"stream_options": {"include_usage":true }}`,
    ],
    [
      `{"model":"a",${m},"stream":true,"stream_options":{"include_obfuscation": false}}`,
      { includeUsage: true },
      `{"model":"a",${m},"stream":true,"stream_options":{"include_usage":true,"include_obfuscation": false}}`,
    ],
    [
      `{"model":"a",${m},"stream":true,"stream_options":{"include_usage":false,"x":1}}`,
      { includeUsage: true },
      `{"model":"a",${m},"stream":true,"stream_options":{"include_usage":true,"x":1}}`,
    ],
    [`{"model":"a",${m}}`, { includeUsage: true }, `{"model":"a",${m}}`],
    [
      `{"model":"a",${m}}`,
      { systemLine: 'left: "5"\n' },
      `{"model":"a","messages":[{"role":"system","content":"left: \\"5\\"\\n"},{"role":"user","content":"hi"}]}`,
    ],
  ];
  test.each(table)("%s with %j", (text, edits, expected) => {
    expect(chat(text, edits)).toBe(expected);
  });

  test("the client's own cap goes out in the spelling that the provider honours, the smaller of two", () => {
    const both = `{"model":"a",${m},"max_tokens":5,"max_completion_tokens":50}`;
    expect(chat(both, {})).toBe(`{"model":"a",${m},"max_completion_tokens":5}`);
    const rules = { ...RULES, capField: "max_tokens" } as const;
    expect(chat(both, {}, rules)).toBe(`{"model":"a",${m},"max_tokens":5}`);
    const one = `{"model":"a",${m},"max_tokens":5}`;
    expect(chat(one, {}, rules)).toBe(one);
  });

  test("no stream options for a provider that does not take them", () => {
    const text = `{"model":"a",${m},"stream":true}`;
    expect(chat(text, { includeUsage: true }, { ...RULES, streamOptions: false })).toBe(text);
  });

  test("a client that asked for usage is told from one that did not", () => {
    const wants = (more: string) =>
      FORMATS["openai-chat"].wantsUsage(readText("openai-chat", `{"model":"a",${m}${more}}`));
    expect(wants("")).toBe(false);
    expect(wants(',"stream_options":null')).toBe(false);
    expect(wants(',"stream_options":{"include_usage":false}')).toBe(false);
    expect(wants(',"stream_options":{"include_usage":true}')).toBe(true);
  });
});

describe("anthropic messages: only the characters of an edit change", () => {
  const m = '"messages":[{"role":"user","content":"hi"}]';
  const thinking = '"thinking": {"type": "enabled", "budget_tokens": 9000}';
  const table: readonly (readonly [string, Edits, string])[] = [
    [`{"model":"a",${m}}`, {}, `{"model":"a",${m}}`],
    [`{"model":"a",${m}}`, { outputCap: 9 }, `{"max_tokens":9,"model":"a",${m}}`],
    [`{"model":"a",${m},"max_tokens":null}`, { outputCap: 9 }, `{"model":"a",${m},"max_tokens":9}`],
    [`{"model":"a","max_tokens":9,${m}}`, { outputCap: 9 }, `{"model":"a","max_tokens":9,${m}}`],
    [
      `{"model":"a",${m},${thinking}}`,
      { thinkingBudget: 2000 },
      `{"model":"a",${m},${thinking.replace("9000", "2000")}}`,
    ],
    [
      `{"model":"a",${m},${thinking}}`,
      { thinkingBudget: 10 },
      `{"model":"a",${m},${thinking.replace("9000", "1024")}}`,
    ],
    [
      `{"model":"a",${m},${thinking}}`,
      { thinkingBudget: 99_999 },
      `{"model":"a",${m},${thinking}}`,
    ],
    [`{"model":"a",${m}}`, { thinkingBudget: 2000 }, `{"model":"a",${m}}`],
    [`{"model":"a",${m}}`, { systemLine: "l" }, `{"system":"l","model":"a",${m}}`],
    [`{"model":"a","system":null,${m}}`, { systemLine: "l" }, `{"model":"a","system":"l",${m}}`],
    [`{"model":"a","system":"",${m}}`, { systemLine: "l" }, `{"model":"a","system":"l",${m}}`],
    [
      `{"model":"a","system": "be \\u0062rief",${m}}`,
      { systemLine: 'l"' },
      `{"model":"a","system": "l\\"\\n\\nbe \\u0062rief",${m}}`,
    ],
    [
      `{"model":"a","system":[ {"type":"text","text":"x"}],${m}}`,
      { systemLine: "l" },
      `{"model":"a","system":[{"type":"text","text":"l"}, {"type":"text","text":"x"}],${m}}`,
    ],
    [
      `{"model":"a","system":[],${m}}`,
      { systemLine: "l" },
      `{"model":"a","system":[{"type":"text","text":"l"}],${m}}`,
    ],
    [
      `{"model":"a",${m},"stream":true}`,
      { includeUsage: true },
      `{"model":"a",${m},"stream":true}`,
    ],
  ];
  test.each(table)("%s with %j", (text, edits, expected) => {
    expect(messages(text, edits)).toBe(expected);
  });
});

test("any request with any edits parses to what was meant, its other members byte-identical", () => {
  const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
  const cap = fc.integer({ min: 1, max: 1e6 });
  const body = fc.record(
    {
      max_tokens: fc.option(cap),
      max_completion_tokens: fc.option(cap),
      stream: fc.boolean(),
      stream_options: fc.option(fc.dictionary(fc.constantFrom("include_usage", "x"), fc.boolean())),
      metadata: fc.jsonValue(),
      user: fc.string(),
    },
    { requiredKeys: [] },
  );
  const edit = fc.record({ model: maybe(fc.string()), outputCap: maybe(cap), usage: fc.boolean() });
  const layout = fc.tuple(fc.constantFrom(undefined, 1, "\t"), fc.nat());
  fc.assert(
    fc.property(body, edit, layout, (more, { model, outputCap, usage }, [indent, turn]) => {
      const entries = Object.entries({ model: "m", messages: [{ content: "{,}" }], ...more });
      const turned = [
        ...entries.slice(turn % entries.length),
        ...entries.slice(0, turn % entries.length),
      ];
      const text = JSON.stringify(Object.fromEntries(turned), null, indent);
      const edits: Edits = {
        includeUsage: usage,
        ...(model !== undefined && { model }),
        ...(outputCap !== undefined && { outputCap }),
      };
      const result = chat(text, edits);
      const caps = [more.max_tokens ?? null, more.max_completion_tokens ?? null];
      const sent = outputCap ?? Math.min(...caps.map((value) => value ?? Number.POSITIVE_INFINITY));
      const expected: Record<string, unknown> = { ...JSON.parse(text), model: model ?? "m" };
      if (Number.isFinite(sent)) {
        delete expected.max_tokens;
        expected.max_completion_tokens = sent;
      }
      if (usage && more.stream) {
        expected.stream_options = { ...more.stream_options, include_usage: true };
      }
      expect(JSON.parse(result)).toEqual(expected);
      for (const name of ["messages", "metadata", "user"] as const) {
        const value = JSON.stringify({ [name]: JSON.parse(text)[name] }, null, indent);
        const bare = value.slice(1, -1).trim();
        if (name in JSON.parse(text)) expect(result).toContain(bare);
      }
      if (result === text) expect(chat(text, edits)).toBe(text);
    }),
  );
});
