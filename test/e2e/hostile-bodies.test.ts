import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SimulatedUpstream } from "../../src/testing/index.ts";
import {
  billedNano,
  booksOf,
  chat,
  chatBody,
  MODEL,
  rails,
  until,
  upstreamFor,
} from "../faults/gateway-scene.ts";
import { forget, startGateway, type TestGateway } from "../support/gateway.ts";
import { codeOf, exchange, request } from "./hostile-socket.ts";

const CHAT = "/v1/chat/completions";

let upstream: SimulatedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await upstreamFor();
  const config = rails(upstream, {
    limitUsd: 1,
    more: { limits: { max_request_bytes: 4 * 1024 * 1024 } },
  });
  gateway = await startGateway({ config });
});

afterAll(async () => {
  await gateway.stop("SIGKILL");
  await forget(gateway);
  await upstream.close();
});

/** Sends these bytes as a whole body; the answer's code, and that nothing was asked of the provider. */
async function refusal(body: string | Buffer, path = CHAT): Promise<string | null> {
  const received = upstream.received();
  const bytes = Buffer.from(body);
  const lines = [`POST ${path} HTTP/1.1`, "host: gateway", "content-type: application/json"];
  const auth = `authorization: Bearer ${gateway.agentKey}`;
  const head = [...lines, auth, `content-length: ${bytes.length}`];
  const { answers } = await exchange(gateway.agentUrl, request(head, bytes));
  expect(upstream.received()).toBe(received);
  return codeOf(answers[0]);
}

const MESSAGES = '"messages":[{"role":"user","content":"Hi"}]';
const text = (members: string) => `{"model":"${MODEL}",${MESSAGES},${members}}`;
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

describe("a body that cannot be read in one way only is refused", () => {
  const cases: readonly (readonly [what: string, body: string | Buffer])[] = [
    ["nothing", ""],
    ["blanks", "   "],
    ["an array", "[]"],
    ["null", "null"],
    ["a number", "1e999"],
    ["a string", '"x"'],
    ["half of one", '{"model":"m-1","messages":['],
    ["one and a half", '{"model":"m-1"}{"model":"m-1"}'],
    ["a trailing comma", text('"n":1,').replace(",}", ",}")],
    ["a comment", `/* hello */${JSON.stringify(chatBody())}`],
    ["single quotes", "{'model':'m-1'}"],
    ["NaN", text('"temperature":NaN')],
    ["a NUL inside", text('"user":"a\0b"')],
    ["a NUL behind", `${JSON.stringify(chatBody())}\0`],
    ["a byte order mark", `\uFEFF${JSON.stringify(chatBody())}`],
    ["UTF-16", Buffer.from(JSON.stringify(chatBody()), "utf16le")],
    [
      "a lone byte",
      Buffer.concat([Buffer.from('{"model":"m-1","a":"'), Buffer.from([0xff, 0x22, 0x7d])]),
    ],
    [
      "an overlong slash",
      Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    ],
    [
      "a surrogate in UTF-8",
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    ],
    ["a character cut in half", Buffer.from(text('"user":"é"')).subarray(0, -3)],
    ["100,000 arrays in each other", `{"model":"m-1","messages":${nested(100_000)}}`],
    ["100,000 objects in each other", `{"model":"m-1","messages":${objects(100_000)}}`],
    ["1,000,000 open brackets", "[".repeat(1_000_000)],
    ["65 levels", text(`"metadata":${nested(65)}`)],
    ["a model named twice", `{"model":"m-1","model":"m-2",${MESSAGES}}`],
    ["a model named twice, once in escapes", `{"model":"m-1","mod\\u0065l":"m-2",${MESSAGES}}`],
    ["a cap given twice", text('"max_tokens":1,"max_tokens":4000')],
    ["a key twice, deep inside", text('"metadata":{"a":{"b":1,"b":2}}')],
    ["gzip without saying so", gzipSync(JSON.stringify(chatBody()))],
    ["a form", "model=m-1&messages=hello"],
  ];
  test.each(cases)("%s", async (_what, body) => {
    expect(await refusal(body)).toBe("request.malformed");
    expect(await refusal(body, "/v1/messages")).toBe("request.malformed");
  });

  test("one that says it is compressed", async () => {
    const bytes = gzipSync(JSON.stringify(chatBody()));
    for (const encoding of ["gzip", "br", "gzip, gzip", "x"]) {
      const lines = [`POST ${CHAT} HTTP/1.1`, "host: gateway", `content-encoding: ${encoding}`];
      const auth = `authorization: Bearer ${gateway.agentKey}`;
      const head = [...lines, auth, `content-length: ${bytes.length}`];
      const { answers } = await exchange(gateway.agentUrl, request(head, bytes));
      expect(codeOf(answers[0])).toBe("request.malformed");
    }
  });
});

describe("a field of the wrong kind is refused by name", () => {
  const wrong: readonly (readonly [member: string, names: string])[] = [
    ['"max_tokens":"20"', "max_tokens"],
    ['"max_tokens":-1', "max_tokens"],
    ['"max_tokens":0', "max_tokens"],
    ['"max_tokens":1.5', "max_tokens"],
    ['"max_tokens":1e400', "max_tokens"],
    ['"max_tokens":9007199254740993', "max_tokens"],
    ['"max_tokens":true', "max_tokens"],
    ['"max_tokens":[1]', "max_tokens"],
    ['"max_completion_tokens":{}', "max_completion_tokens"],
    ['"n":0', "n"],
    ['"n":"3"', "n"],
    ['"n":-3', "n"],
    ['"stream":"yes"', "stream"],
    ['"stream":1', "stream"],
    ['"stream_options":7', "stream_options"],
    ['"tools":{}', "tools"],
    ['"service_tier":5', "service_tier"],
  ];
  test.each(wrong)("%s", async (member, names) => {
    const received = upstream.received();
    const response = await gateway.call(CHAT, text(member));
    expect(response.status).toBe(400);
    const answer = await response.text();
    expect(answer).toContain("request.malformed");
    expect(answer).toContain(names);
    expect(upstream.received()).toBe(received);
  });

  const roots = [
    `{${MESSAGES}}`,
    `{"model":null,${MESSAGES}}`,
    `{"model":5,${MESSAGES}}`,
    `{"model":"",${MESSAGES}}`,
    `{"model":["m-1"],${MESSAGES}}`,
    `{"model":"${"m".repeat(257)}",${MESSAGES}}`,
    `{"model":"${MODEL}"}`,
    `{"model":"${MODEL}","messages":{}}`,
    `{"model":"${MODEL}","messages":"hello"}`,
    `{"model":"${MODEL}","messages":[]}`,
    `{"model":"${MODEL}","messages":[${'{"role":"user","content":"a"},'.repeat(100_001).slice(0, -1)}]}`,
  ];
  test("a model or messages that are none", async () => {
    for (const root of roots)
      expect(await refusal(root), root.slice(0, 60)).toBe("request.malformed");
  });
});

describe("names that mean something to the language mean nothing here", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "then"];
  test.each(names)("%s as a field, a model, a tier and a tool", async (name) => {
    expect(await refusal(text(`"${name}":{"model":"x","limit_usd":5}`))).toBe(
      "request.unknown-field",
    );
    const models = ["model.unknown", "model.unpriced"];
    expect(models).toContain(await refusal(`{"model":"${name}",${MESSAGES}}`));
    expect(await refusal(text(`"service_tier":"${name}"`))).toBe("model.unbounded");
    const tools = `"tools":[{"type":"${name}","name":"${name}","max_uses":1}]`;
    expect(await refusal(text(tools))).not.toBe(null);
  });

  test("they change nothing for the calls of others", async () => {
    expect((await chat(gateway, gateway.agentKey)).status).toBe(200);
  });
});

describe("what costs more than it seems is bounded before it is sent", () => {
  test("numbers beyond all budgets", async () => {
    const codes = ["model.unbounded", "budget.exhausted", "call.cap"];
    expect(codes).toContain(await refusal(text('"n":1000000000,"max_tokens":4000')));
    expect(codes).toContain(await refusal(text('"n":9007199254740991,"max_tokens":4000')));
  });

  test("a cap above the model's own is sent as the model's own", async () => {
    const { status } = await chat(gateway, gateway.agentKey, { max_tokens: 999_999_999 });
    expect(status).toBe(200);
    const sent = JSON.parse(Buffer.from(upstream.recorded().at(-1)?.body ?? []).toString());
    expect(Math.max(sent.max_tokens ?? 0, sent.max_completion_tokens ?? 0)).toBeLessThanOrEqual(
      4_096,
    );
  });

  test("two caps that differ are not left to the provider", async () => {
    const received = upstream.received();
    const response = await gateway.call(CHAT, text('"max_tokens":5,"max_completion_tokens":4000'));
    const answer = await response.text();
    if (response.status === 200) {
      const sent = JSON.parse(Buffer.from(upstream.recorded().at(-1)?.body ?? []).toString());
      const caps = [sent.max_tokens, sent.max_completion_tokens].filter((cap) => cap !== undefined);
      expect(new Set(caps).size).toBe(1);
    } else {
      expect(answer).toContain("request.malformed");
      expect(upstream.received()).toBe(received);
    }
  });

  test("unknown fields, unknown models, unknown headers of billing", async () => {
    expect(await refusal(text('"surprise":1'))).toBe("request.unknown-field");
    expect(await refusal(text(`"${"x".repeat(5_000)}":1`))).toBe("request.unknown-field");
    expect(await refusal(`{"model":"gpt-imaginary",${MESSAGES}}`)).toMatch(/^model\./);
    expect(await refusal(`{"model":"M-1",${MESSAGES}}`)).toMatch(/^model\./);
    expect(await refusal(`{"model":" m-1",${MESSAGES}}`)).toMatch(/^model\./);
    expect(await refusal(`{"model":"m-1\\u0000",${MESSAGES}}`)).toMatch(/^model\./);
    expect(await refusal(`{"model":"m\\ud800",${MESSAGES}}`)).toMatch(/^model\./);
    const billed = { "openai-organization": "org-of-somebody-else" };
    const response = await gateway.call(CHAT, chatBody(), billed);
    expect(response.status).toBe(403);
    await response.arrayBuffer();
  });
});

test("odd text that is valid is passed on byte for byte, and bounded by its bytes", async () => {
  const odd = [
    "\\ud800",
    "\\udc00\\ud800",
    "\\u0000",
    "👩‍👩‍👧‍👦",
    "‮",
    "\\u2028",
    "a".repeat(10_000),
    '\\"}{\\"',
  ];
  for (const content of odd) {
    const body = `{"model":"${MODEL}","max_completion_tokens":5,"messages":[{"role":"user","content":"${content}"}]}`;
    const response = await gateway.call(CHAT, body);
    expect(response.status, content.slice(0, 20)).toBe(200);
    await response.arrayBuffer();
    expect(Buffer.from(upstream.recorded().at(-1)?.body ?? []).toString()).toBe(body);
  }
});

test("tasks are opened and ended by strict bodies too", async () => {
  const cases: readonly (readonly [body: string, code: string])[] = [
    ["[]", "request.malformed"],
    ['{"name":5}', "request.malformed"],
    ['{"name":"a b"}', "request.malformed"],
    ['{"name":".."}', "request.malformed"],
    ['{"name":"unnamed:x"}', "request.malformed"],
    ['{"name":"a","name":"b"}', "request.malformed"],
    ['{"__proto__":{"name":"a"}}', "request.unknown-field"],
    ['{"parent":"nobody"}', "task.ended"],
  ];
  for (const [body, code] of cases) {
    expect(await refusal(body, "/guard/v1/tasks"), body).toBe(code);
  }
  expect(await refusal('{"outcome":"great"}', "/guard/v1/tasks/x/end")).toBe("request.malformed");
  expect(await refusal('{"outcome":"ok"}', "/guard/v1/tasks/nobody/end")).toBe("task.ended");
});

test("after all of it: alive, nothing reserved, every call accounted for to the last digit", async () => {
  expect((await chat(gateway, gateway.agentKey)).status).toBe(200);
  const books = await until(
    () => booksOf(gateway),
    ({ reserved }) => reserved === 0n,
  );
  expect(books).toMatchObject({ forfeited: 0n, spent: billedNano(upstream) });
  expect(
    gateway
      .log()
      .split("\n")
      .filter((line) => line.includes('"level":"error"')),
  ).toEqual([]);
  expect(await gateway.stop("SIGTERM")).toBe(0);
});
