import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDenial } from "../../../src/guards/verdict.ts";
import { FORMATS } from "../../../src/wire/formats.ts";
import { membersOf } from "../../../src/wire/json.ts";
import { optionsFor, readText, refusalOf } from "./reading.ts";

const MESSAGES = [{ role: "user", content: "hi" }];
const PLAIN = { model: "gpt-4o-mini", messages: MESSAGES };

function ask(more: object, options = {}) {
  return readText("openai-chat", JSON.stringify({ ...PLAIN, ...more }), options).ask;
}

test("the smallest request is read whole", () => {
  const text = JSON.stringify(PLAIN);
  const read = readText("openai-chat", text);
  expect(read).toEqual({
    text,
    root: PLAIN,
    members: membersOf(text, 0),
    ask: {
      format: "openai-chat",
      model: "gpt-4o-mini",
      stream: false,
      outputCap: null,
      choices: 1,
      input: {
        textBytes: text.length,
        messages: 1,
        tools: 0,
        images: 0,
        fileBytes: 0,
        audioBytes: 0,
        unmeasured: null,
        cacheWrite: "5m",
      },
      serverTools: [],
      offeredTools: [],
      audioOutput: false,
      thinkingBudget: null,
      mayThink: true,
      serviceTier: null,
      unknownFields: [],
      unbounded: [],
    },
  });
});

describe("a wrong field is named with what it was and what it should be", () => {
  const cap = "a whole number of at least 1";
  const filled = "an array with at least one item";
  const id = "a model id of at most 256 characters";
  const table: readonly (readonly [object, string, string, string])[] = [
    [{ model: undefined }, "model", "nothing", id],
    [{ model: null }, "model", "null", id],
    [{ model: 4 }, "model", "the number 4", id],
    [{ model: "" }, "model", "an empty string", id],
    [{ model: ["m"] }, "model", "an array", id],
    [{ model: "m".repeat(257) }, "model", "a longer string", id],
    [{ messages: undefined }, "messages", "nothing", filled],
    [{ messages: [] }, "messages", "an empty array", filled],
    [{ messages: "hi" }, "messages", "a string", "an array of at most 100000 items"],
    [{ messages: { 0: 1 } }, "messages", "an object", "an array of at most 100000 items"],
    [{ messages: [...MESSAGES, "hi"] }, "messages[1]", "a string", "an object"],
    [{ messages: [null] }, "messages[0]", "null", "an object"],
    [{ messages: [{ content: 5 }] }, "messages[0].content", "the number 5", "a string or an array"],
    [{ messages: [{ content: ["x"] }] }, "messages[0].content[]", "a string", "an object"],
    [{ stream: "true" }, "stream", "a string", "true or false"],
    [{ stream: 1 }, "stream", "the number 1", "true or false"],
    [{ n: 0 }, "n", "the number 0", cap],
    [{ n: 1.5 }, "n", "the number 1.5", cap],
    [{ n: "2" }, "n", "a string", cap],
    [{ max_tokens: -5 }, "max_tokens", "the number -5", cap],
    [{ max_tokens: 0 }, "max_tokens", "the number 0", cap],
    [{ max_tokens: "100" }, "max_tokens", "a string", cap],
    [{ max_tokens: 10.5 }, "max_tokens", "the number 10.5", cap],
    [{ max_tokens: 2 ** 53 }, "max_tokens", "the number 9007199254740992", cap],
    [{ max_tokens: [10] }, "max_tokens", "an array", cap],
    [{ max_completion_tokens: true }, "max_completion_tokens", "true", cap],
    [{ tools: {} }, "tools", "an object", "an array of at most 100000 items"],
    [{ tools: [7] }, "tools[]", "the number 7", "an object"],
    [{ stream_options: true }, "stream_options", "true", "an object"],
    [
      { stream_options: { include_usage: "yes" } },
      "stream_options.include_usage",
      "a string",
      "true or false",
    ],
    [{ service_tier: 1 }, "service_tier", "the number 1", "a string"],
    [{ modalities: "audio" }, "modalities", "a string", "an array of at most 100000 items"],
  ];
  test.each(table)("%j", (more, at, got, expected) => {
    expect(refusalOf("openai-chat", { ...PLAIN, ...more })).toEqual({ at, got, expected });
  });

  test("numbers that JSON can write and a cap cannot be", () => {
    const body = (number: string) => `{"model":"m","messages":[{}],"max_tokens":${number}}`;
    for (const number of ["1e400", "-1e400", "9007199254740993", "1e-3", "-0"]) {
      expect(refusalOf("openai-chat", body(number))).toMatchObject({ at: "max_tokens" });
    }
    expect(readText("openai-chat", body("1e2")).ask.outputCap).toBe(100);
  });
});

describe("caps", () => {
  test.each([
    [{}, null],
    [{ max_tokens: null, max_completion_tokens: null }, null],
    [{ max_tokens: 5 }, 5],
    [{ max_completion_tokens: 7 }, 7],
    [{ max_tokens: 5, max_completion_tokens: 5 }, 5],
    [{ max_tokens: 5, max_completion_tokens: 500 }, 5],
    [{ max_tokens: 500, max_completion_tokens: 5 }, 5],
    [{ max_tokens: null, max_completion_tokens: 9 }, 9],
    [{ max_tokens: 999_999_999 }, 999_999_999],
  ])("of %j the cap is %s", (more, cap) => {
    expect(ask(more).outputCap).toBe(cap);
  });

  test("a cap of another endpoint is an unknown field", () => {
    expect(ask({ max_output_tokens: 5 })).toMatchObject({
      outputCap: null,
      unknownFields: ["body max_output_tokens"],
    });
  });
});

test("null stands for a field that was not given", () => {
  const nulls = { n: null, stream: null, stream_options: null, tools: null, service_tier: null };
  const more = { audio: null, prediction: null, moderation: null, web_search_options: null };
  expect(ask({ ...nulls, ...more })).toMatchObject({
    choices: 1,
    stream: false,
    audioOutput: false,
    serverTools: [],
    unbounded: [],
  });
});

test("every known field is known, and there are 37", () => {
  const names =
    "messages model audio frequency_penalty function_call functions logit_bias logprobs " +
    "max_completion_tokens max_tokens metadata modalities moderation n parallel_tool_calls " +
    "prediction presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention " +
    "reasoning_effort response_format safety_identifier seed service_tier stop store stream " +
    "stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options";
  expect(names.split(" ")).toHaveLength(37);
  const nulls = Object.fromEntries(names.split(" ").map((name) => [name, null]));
  expect(ask({ ...nulls, ...PLAIN }).unknownFields).toEqual([]);
});

describe("what is not known is named, and passes only where it is vouched for", () => {
  const body = { best_of: 3, Model: "x", constructor: 1 };
  const headers = {
    "openai-organization": "org",
    "openai-project": undefined,
    "x-goog-user-project": "p",
    "user-agent": "x",
  };
  const all = [
    "body best_of",
    "body Model",
    "body constructor",
    "header openai-organization",
    "header x-goog-user-project",
  ];
  test("fields and billing headers", () => {
    expect(ask(body, { headers }).unknownFields).toEqual(all);
  });
  test("allowed by bare name or by place and name", () => {
    const allowFields = ["best_of", "body Model", "constructor", "openai-organization"];
    const unknown = ask(body, { headers, allowFields }).unknownFields;
    expect(unknown).toEqual(["header x-goog-user-project"]);
  });
  test("an own field named __proto__ is one too", () => {
    const text = '{"model":"m","messages":[{}],"__proto__":{"n":9}}';
    const { unknownFields, choices } = readText("openai-chat", text).ask;
    expect([unknownFields, choices]).toEqual([["body __proto__"], 1]);
  });
  test("a thousand of them make a short list", () => {
    const many = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`x${i}`.repeat(40), 1]),
    );
    const { unknownFields } = ask(many);
    expect(unknownFields).toHaveLength(21);
    expect(unknownFields.at(-1)).toBe("body and 980 more");
    expect(Math.max(...unknownFields.map((name) => name.length))).toBeLessThan(70);
  });
  test("nested keys pass, as frameworks add their own", () => {
    const content = [{ role: "assistant", refusal: null, tool_calls: [], text: "x" }];
    const input = ask({ messages: [{ role: "assistant", content, extra: 1 }] });
    expect([input.unknownFields, input.input.unmeasured]).toEqual([[], null]);
  });
});

describe("what can cost money beside tokens is told", () => {
  test("search, prediction, moderation and tools of unknown types", () => {
    const tools = [{ type: "function" }, { type: "custom" }, { type: "web_search_preview" }, {}];
    const body = { web_search_options: {}, prediction: {}, moderation: { model: "m" }, tools };
    expect(ask({ ...body, functions: [{ name: "f" }] })).toMatchObject({
      serverTools: [{ type: "web_search", maxUses: null }],
      unbounded: ["body prediction", "body moderation", "tool web_search_preview"],
      input: { tools: 5 },
    });
    expect(ask(body, { allowFields: ["moderation"] }).unbounded).not.toContain("body moderation");
  });
  test.each([
    ["none", false],
    ["minimal", true],
    ["high", true],
    [null, true],
    [undefined, true],
    [["none"], true],
  ])("with reasoning_effort %j the model may think out of sight: %s", (reasoning_effort, may) => {
    expect(ask({ reasoning_effort }).mayThink).toBe(may);
  });

  test("spoken answers, choices and the tier", () => {
    expect(ask({ modalities: ["text", "audio"] }).audioOutput).toBe(true);
    expect(ask({ modalities: ["text"] }).audioOutput).toBe(false);
    expect(ask({ audio: { voice: "v" } }).audioOutput).toBe(true);
    expect(ask({ n: 3, service_tier: "priority", stream: true })).toMatchObject({
      choices: 3,
      serviceTier: "priority",
      stream: true,
    });
  });
});

describe("input that is not text", () => {
  const part = (...content: unknown[]) => ask({ messages: [{ role: "user", content }] }).input;
  test("images count one by one, inline or by address", () => {
    const image = { type: "image_url", image_url: { url: "https://x/y.png" } };
    expect(part(image, image, { type: "text", image_url: "data:image/png;base64,AA" }).images).toBe(
      3,
    );
  });
  test("audio and files count by their decoded size", () => {
    const audio = { type: "input_audio", input_audio: { data: "A".repeat(400), format: "wav" } };
    const file = {
      type: "file",
      file: { file_data: `data:application/pdf;base64,${"A".repeat(800)}` },
    };
    const input = part(audio, file);
    expect(input.audioBytes).toBe(300);
    expect(input.fileBytes).toBeGreaterThanOrEqual(600);
    expect(input.fileBytes).toBeLessThan(640);
    expect(input.unmeasured).toBeNull();
  });
  test.each([
    [{ type: "file", file: { file_id: "file-1" } }, "file_id"],
    [{ type: "file", file: { file_id: "file-1", file_data: "AAAA" } }, "file_id"],
    [{ type: "file", file: { file_data: "https://x/huge.pdf" } }, "file_id"],
    [{ type: "file" }, "file_id"],
    [{ type: "input_audio", input_audio: { data: "https://x/long.mp3" } }, "input_audio"],
    [{ type: "video_url", video_url: { url: "https://x" } }, "content part video_url"],
    [{ type: 7 }, "content part the number 7"],
  ])("%j cannot be measured", (content, what) => {
    expect(part(content).unmeasured).toBe(what);
  });
  test("an earlier spoken answer comes back by its id", () => {
    const messages = [{ role: "assistant", audio: { id: "audio_1" } }, ...MESSAGES];
    expect(ask({ messages }).input.unmeasured).toBe("audio id");
  });
});

describe("bytes of text", () => {
  const bytesOf = (text: string) => readText("openai-chat", text).ask.input.textBytes;
  const body = (content: string) => `{"model":"m","messages":[{"content":"${content}"}]}`;
  test("plain ASCII is its own size", () => {
    expect(bytesOf(body("hello\\n"))).toBe(body("hello\\n").length);
  });
  test("other letters count as UTF-8, or as their NFKC form where that is longer", () => {
    expect(bytesOf(body("é"))).toBe(body("").length + 2);
    expect(bytesOf(body("\uFDFA"))).toBe(body("").length + 33);
  });
  test("an escape is measured by what it stands for", () => {
    expect(bytesOf(body("\\uFDFA".repeat(10)))).toBe(body("").length + 330);
    expect(bytesOf(body("\\ud800"))).toBe(body("\\ud800").length);
  });
  test("never less than the bytes that came, nor than NFKC of any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.boolean(), (content, escaped) => {
        const plain = JSON.stringify({ model: "m", messages: [{ content }] });
        const hex = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
        const text = escaped ? plain.replace(/[^\x20-\x7e]/g, hex) : plain;
        const measured = bytesOf(text);
        expect(measured).toBeGreaterThanOrEqual(optionsFor(text).bytes);
        const normal = optionsFor(content.normalize("NFKC")).bytes;
        expect(measured).toBeGreaterThanOrEqual(normal);
      }),
    );
  });
});

test("whatever JSON is put into any field, reading answers and never throws", () => {
  const field = fc.constantFrom(
    "model messages tools n stream max_tokens max_completion_tokens stream_options modalities audio".split(
      " ",
    ),
  );
  const names = field.chain((all) => fc.constantFrom(...all));
  fc.assert(
    fc.property(fc.dictionary(names, fc.jsonValue()), fc.jsonValue(), (fields, part) => {
      const messages = [{ role: "user", content: [part, { type: "file", file: part }] }];
      for (const body of [fields, { ...PLAIN, ...fields }, { ...PLAIN, messages, ...fields }]) {
        const text = JSON.stringify(body);
        for (const format of ["openai-chat", "anthropic-messages"] as const) {
          const result = FORMATS[format].read(text, optionsFor(text));
          if (isDenial(result)) expect(result.code).toBe("request.malformed");
          else expect(result.ask.outputCap ?? 1).toBeGreaterThanOrEqual(1);
        }
      }
    }),
    { numRuns: 300 },
  );
});
