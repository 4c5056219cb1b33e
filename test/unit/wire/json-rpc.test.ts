import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DEPTH_MAX,
  type Message,
  RPC_CODES,
  readMessage,
  renderError,
  renderNotification,
  renderRequest,
  renderResult,
} from "../../../src/wire/json-rpc.ts";

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

describe("what is no message is a value that says why", () => {
  const { parse, invalidRequest, invalidParams } = RPC_CODES;
  const head = '"jsonrpc":"2.0"';
  const table: readonly (readonly [string, number, string | number | null, RegExp])[] = [
    ["", parse, null, /is not JSON/],
    ["{", parse, null, /is not JSON/],
    [`\uFEFF{${head},"id":1,"method":"ping"}`, parse, null, /is not JSON/],
    ["null", invalidRequest, null, /got null/],
    ["7", invalidRequest, null, /the number 7/],
    ["[]", invalidRequest, null, /batches are not taken/],
    [`[{${head},"id":1,"method":"ping"}]`, invalidRequest, null, /batches are not taken/],
    ["{}", invalidRequest, null, /jsonrpc must be/],
    ['{"id":1,"method":"ping"}', invalidRequest, 1, /jsonrpc must be/],
    ['{"jsonrpc":2.0,"id":1,"method":"ping"}', invalidRequest, 1, /jsonrpc must be/],
    [`{${head},"id":1}`, invalidRequest, 1, /one of method, result and error/],
    [`{${head},"id":1,"method":"a","result":{}}`, invalidRequest, 1, /one of method/],
    [`{${head},"id":1,"method":"a","method":"b"}`, invalidRequest, 1, /method: got this key twice/],
    [`{${head},"id":1,"id":2,"method":"a"}`, invalidRequest, 2, /id: got this key twice/],
    [
      `{${head},"id":1,"method":"a","params":{"name":"x","arguments":{"a":1,"\\u0061":2}}}`,
      invalidRequest,
      1,
      /a key twice inside it/,
    ],
    [
      `{${head},"id":1,"method":"a","params":{"a":${nested(DEPTH_MAX)}}}`,
      invalidRequest,
      1,
      /deep/,
    ],
    [`{${head},"id":null,"method":"a"}`, invalidRequest, null, /id must be .* got null/],
    [`{${head},"id":1.5,"method":"a"}`, invalidRequest, null, /id must be/],
    [`{${head},"id":9007199254740993,"method":"a"}`, invalidRequest, null, /id must be/],
    [`{${head},"id":{},"method":"a"}`, invalidRequest, null, /id must be/],
    [`{${head},"id":"${"x".repeat(257)}","method":"a"}`, invalidRequest, null, /not too long/],
    [`{${head},"id":1,"method":""}`, invalidRequest, 1, /method must be/],
    [`{${head},"id":1,"method":7}`, invalidRequest, 1, /method must be/],
    [`{${head},"id":1,"method":"${"x".repeat(257)}"}`, invalidRequest, 1, /method must be/],
    [`{${head},"id":1,"method":"a","params":[]}`, invalidParams, 1, /params must be an object/],
    [`{${head},"id":1,"method":"a","params":null}`, invalidParams, 1, /got null/],
    [`{${head},"result":{}}`, invalidRequest, null, /a result must have an id/],
    [`{${head},"id":1,"result":[]}`, invalidRequest, 1, /result must be an object/],
    [`{${head},"id":1,"error":"no"}`, invalidRequest, 1, /error must be an object/],
    [`{${head},"id":1,"error":{"code":"x"}}`, invalidRequest, 1, /error.code/],
    [`{${head},"id":null,"result":{}}`, invalidRequest, null, /id must be/],
  ];
  test.each(table)("%j", (text, code, id, message) => {
    const read = readMessage(text);
    expect(read).toMatchObject({ kind: "unreadable", code, id });
    expect("message" in read ? read.message : "").toMatch(message);
  });
});

describe("messages", () => {
  const table: readonly (readonly [string, Message])[] = [
    [
      '{"jsonrpc":"2.0","id":0,"method":"tools/call","params": {"a": 1} }',
      { kind: "request", id: 0, method: "tools/call", params: { a: 1 }, paramsText: '{"a": 1}' },
    ],
    [
      '{"jsonrpc":"2.0","id":"","method":"ping"}',
      { kind: "request", id: "", method: "ping", params: {}, paramsText: "" },
    ],
    [
      '{"jsonrpc":"2.0","method":"notifications/initialized"}',
      { kind: "notification", method: "notifications/initialized", params: {} },
    ],
    ['{"jsonrpc":"2.0","id":-1,"result":{}}', { kind: "result", id: -1, result: {} }],
    [
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}',
      { kind: "error", id: null, code: -32_700, message: "no" },
    ],
    ['{"jsonrpc":"2.0","error":{"code":-1}}', { kind: "error", id: null, code: -1, message: "" }],
  ];
  test.each(table)("%s", (text, message) => {
    expect(readMessage(text)).toEqual(message);
  });

  const id = fc.oneof(fc.string({ maxLength: 256 }), fc.maxSafeInteger());
  const method = fc.string({ minLength: 1, maxLength: 256 });
  const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }));
  /** Zero has no sign in JSON. */
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

  test("what is rendered is read as what it was", () => {
    fc.assert(
      fc.property(id, method, object, fc.integer(), (anId, aMethod, params, code) => {
        const written = { id: plain(anId), params: plain(params) };
        const request = readMessage(renderRequest(anId, aMethod, params));
        expect(request).toMatchObject({ kind: "request", id: written.id, method: aMethod });
        if (request.kind !== "request") throw new Error("no request");
        expect(request.params).toEqual(written.params);
        expect(JSON.parse(request.paramsText)).toEqual(written.params);
        const notification = readMessage(renderNotification(aMethod, params));
        expect(notification).toEqual({
          kind: "notification",
          method: aMethod,
          params: written.params,
        });
        const result = readMessage(renderResult(anId, params));
        expect(result).toEqual({ kind: "result", id: written.id, result: written.params });
        const error = readMessage(renderError(anId, { code, message: aMethod, data: params }));
        const said = { code, message: aMethod, data: written.params };
        expect(error).toEqual({ kind: "error", id: written.id, ...said });
      }),
    );
  });
});

describe("garbage", () => {
  const KINDS = ["request", "notification", "result", "error", "unreadable"];

  test("of any text is a value", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
        expect(KINDS).toContain(readMessage(text).kind);
      }),
      { numRuns: 2_000 },
    );
  });

  test("with the shape of a message is a value, and only what is whole is taken", () => {
    const strange = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom("2.0", 1, "tools/call", {}, { code: 1 }, null, -0),
    );
    const shape = fc.record(
      {
        jsonrpc: strange,
        id: strange,
        method: strange,
        params: strange,
        result: strange,
        error: strange,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(shape, fc.boolean(), (root, isRight) => {
        const text = JSON.stringify(isRight ? { ...root, jsonrpc: "2.0" } : root);
        const read = readMessage(text);
        expect(KINDS).toContain(read.kind);
        if (read.kind === "unreadable") return;
        expect(JSON.parse(text).jsonrpc).toBe("2.0");
        if (read.kind === "request") expect(JSON.parse(text).id).toEqual(read.id);
      }),
      { numRuns: 3_000 },
    );
  });

  test("made of a message by one changed byte is a value", () => {
    const whole = renderRequest(1, "tools/call", { name: "a", arguments: { b: ["c", 1, null] } });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(127), (at, code) => {
        const text = whole.slice(0, at) + String.fromCharCode(code) + whole.slice(at + 1);
        expect(KINDS).toContain(readMessage(text).kind);
      }),
      { numRuns: 2_000 },
    );
  });
});
