import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { numbersAreExact } from "../../../src/wire/exact-numbers.ts";
import { readMessage } from "../../../src/wire/json-rpc.ts";
import {
  readCallResult,
  readInitialized,
  readToolCall,
  readToolPage,
} from "../../../src/wire/mcp.ts";

function call(params: string) {
  const text = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":${params}}`;
  const request = readMessage(text);
  if (request.kind !== "request") throw new Error(JSON.stringify(request));
  return readToolCall(request);
}

describe("an agent's call", () => {
  test("is read with the bytes of its arguments as they came", () => {
    expect(
      call('{"_meta":{"traceparent":"00"},"arguments": {"ä" : [1.5, "\\u00e4"]} ,"name":"a"}'),
    ).toEqual({
      name: "a",
      arguments: { ä: [1.5, "ä"] },
      argumentsBytes: Buffer.byteLength('{"ä" : [1.5, "\\u00e4"]}'),
      meta: { traceparent: "00" },
    });
    expect(call('{"name":"a"}')).toEqual({ name: "a", arguments: {}, argumentsBytes: 0, meta: {} });
  });

  const WRONG: readonly (readonly [string, RegExp])[] = [
    ["{}", /params.name/],
    ['{"name":""}', /params.name/],
    ['{"name":["a"]}', /params.name/],
    [`{"name":"${"x".repeat(257)}"}`, /params.name/],
    ['{"name":"a","arguments":null}', /params.arguments must be an object, got null/],
    ['{"name":"a","arguments":"{}"}', /params.arguments must be an object, got a string/],
    ['{"name":"a","_meta":[]}', /params._meta must be an object/],
    ['{"name":"a","arguments":{"id":9007199254740993}}', /past 2\^53/],
    ['{"name":"a","arguments":{"a":[{"b":-9007199254740992}]}}', /past 2\^53/],
    ['{"name":"a","arguments":{"a":1e400}}', /past 2\^53/],
  ];
  test.each(WRONG)("%s is refused with the id that asked", (params, message) => {
    const read = call(params);
    expect(read).toMatchObject({ kind: "unreadable", code: -32_602, id: 7 });
    expect("message" in read ? read.message : "").toMatch(message);
  });

  test("numbers that pass are written as the number they were read as", () => {
    fc.assert(
      fc.property(fc.double(), (number) => {
        if (!numbersAreExact([{ number }])) return;
        expect(Object.is(JSON.parse(JSON.stringify(number)), number === 0 ? 0 : number)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 60n), 2n ** 60n), (whole) => {
        const number = JSON.parse(String(whole));
        if (numbersAreExact(number)) expect(JSON.stringify(number)).toBe(String(whole));
        else expect(whole > 2n ** 53n - 1n || whole < 1n - 2n ** 53n).toBe(true);
      }),
    );
  });
});

describe("a result", () => {
  const text = { type: "text", text: "a" };

  test("has its blocks as they came", () => {
    const content = [text, { type: "new-kind", data: { a: [1] } }];
    expect(readCallResult({ content, _meta: {} })).toEqual({
      content,
      structuredContent: undefined,
      isError: false,
    });
    expect(readCallResult({ content: [], isError: true, structuredContent: { a: 1 } })).toEqual({
      content: [],
      structuredContent: { a: 1 },
      isError: true,
    });
    expect(readCallResult({ structuredContent: {} })).toMatchObject({ content: [] });
  });

  test.each([
    [{}, /without content/],
    [{ task: { taskId: "1" } }, /without content/],
    [{ content: null }, /content that is null/],
    [{ content: "text" }, /content that is a string/],
    [{ content: [text, null] }, /block of content that is null/],
    [{ content: ["text"] }, /block of content that is a string/],
    [{ content: [{ text: "a" }] }, /without a type/],
    [{ content: [], isError: "no" }, /isError that is a string/],
    [{ content: [], isError: null }, /isError that is null/],
  ])("%j is none", (result, message) => {
    expect(readCallResult(result)).toMatch(message);
  });
});

describe("a page of tools", () => {
  test("has each tool as it came, and where the list goes on", () => {
    const raw = { name: "a", inputSchema: {}, unknown: 1 };
    expect(readToolPage({ tools: [raw], nextCursor: "b" })).toEqual({
      items: [{ name: "a", raw }],
      nextCursor: "b",
    });
    expect(readToolPage({ tools: [] })).toEqual({ items: [], nextCursor: null });
  });

  test.each([
    [{}, /tools that are nothing/],
    [{ tools: {} }, /tools that are an object/],
    [{ tools: ["a"] }, /a tool that is a string/],
    [{ tools: [{ name: "" }] }, /a tool without a name/],
    [{ tools: [], nextCursor: 7 }, /a cursor that is the number 7/],
  ])("%j is none", (result, message) => {
    expect(readToolPage(result)).toMatch(message);
  });
});

test("versions that are spoken are agreed to, others are not", () => {
  expect(readInitialized({ protocolVersion: "2025-11-25" })).toEqual({ version: "2025-11-25" });
  expect(readInitialized({ protocolVersion: "2025-03-26" })).toEqual({ version: "2025-03-26" });
  expect(readInitialized({ protocolVersion: "2026-07-28" })).toMatch(/not spoken/);
  expect(readInitialized({ protocolVersion: "2025-11-25\r\nx: y" })).toMatch(/not spoken/);
  expect(readInitialized({})).toMatch(/no protocolVersion/);
});

test("garbage in the place of any result is a value", () => {
  const key = fc.constantFrom(
    "content",
    "isError",
    "structuredContent",
    "tools",
    "nextCursor",
    "protocolVersion",
  );
  fc.assert(
    fc.property(fc.dictionary(key, fc.jsonValue()), (result) => {
      for (const read of [readCallResult(result), readToolPage(result), readInitialized(result)]) {
        expect(["string", "object"]).toContain(typeof read);
      }
    }),
    { numRuns: 2_000 },
  );
});
