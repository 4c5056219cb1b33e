/** The built-ins that need a host, on the host of Node: what OPA 1.22.2 answers is what they do. */

import { createHmac, createSign, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeHost } from "../../../src/adapters/policy-engine/embedded/host.ts";
import { type BuiltinCall, BuiltinError } from "../../../src/rego/builtins/builtin.ts";
import { CRYPTO } from "../../../src/rego/builtins/crypto.ts";
import { ENCODINGS } from "../../../src/rego/builtins/encodings.ts";
import { GLOB } from "../../../src/rego/builtins/glob.ts";
import { JSON_SCHEMA } from "../../../src/rego/builtins/json-schema.ts";
import { NET } from "../../../src/rego/builtins/net.ts";
import { REGEX } from "../../../src/rego/builtins/regex.ts";
import { TIME } from "../../../src/rego/builtins/time.ts";
import { TOKENS } from "../../../src/rego/builtins/tokens.ts";
import { URI } from "../../../src/rego/builtins/uri.ts";
import { UUID } from "../../../src/rego/builtins/uuid.ts";
import { YAML } from "../../../src/rego/builtins/yaml.ts";
import { EvaluationError } from "../../../src/rego/errors.ts";
import { Memories } from "../../../src/rego/evaluate/memory.ts";
import type { Host } from "../../../src/rego/host.ts";
import { jsonText, parseJson } from "../../../src/rego/values/json.ts";
import { objectOf, RegoObject, type Value } from "../../../src/rego/values/value.ts";

const BUILTINS = {
  ...CRYPTO,
  ...ENCODINGS,
  ...GLOB,
  ...JSON_SCHEMA,
  ...NET,
  ...REGEX,
  ...TIME,
  ...TOKENS,
  ...URI,
  ...UUID,
  ...YAML,
};

const NOW = 1_700_000_000_000_000_000n;
const BUDGET = 200_000;

const HOST = nodeHost(() => NOW);

function run(
  name: string,
  operands: readonly Value[],
  host: Host = HOST,
  memories = new Memories(),
) {
  let left = BUDGET;
  const call: BuiltinCall = {
    host,
    charge: (units) => {
      left -= units;
      if (left < 0) throw new EvaluationError("eval_limit_error", "over the budget");
    },
    memory: (each) => memories.of(each),
    print: () => undefined,
  };
  const builtin = BUILTINS[name];
  if (builtin === undefined) throw new Error(`no built-in ${name}`);
  return builtin(operands, call);
}

/** The answer as JSON, or the error: its code and its message. */
function answer(name: string, operands: readonly Value[]): string {
  try {
    const value = run(name, operands);
    return value === undefined ? "undefined" : comparable(value);
  } catch (error) {
    if (!(error instanceof BuiltinError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

/** As JSON, with the digits of doubles. OPA prints every byte that is no text as U+FFFD. */
function comparable(value: Value): string {
  const text = JSON.stringify(JSON.parse(jsonText(value)));
  return text.replace(/\\udc[89a-f][0-9a-f]/g, "\ufffd");
}

const TABLE = readFileSync(new URL("answers/outward.jsonl", import.meta.url), "utf8");

interface Row {
  readonly call: string;
  readonly operands: readonly Value[];
  readonly want: string;
  readonly text: string;
}

function rowOf(line: string): Row {
  const row = parseJson(line);
  if (!(row instanceof RegoObject)) throw new Error(line);
  const operands = row.get("operands");
  const [code, message] = [row.get("error")].flat();
  const want = row.get("want");
  const error = message === undefined ? `${String(code)}: ` : `${String(code)}: ${String(message)}`;
  return {
    call: String(row.get("call")),
    operands: Array.isArray(operands) ? operands : [],
    want: code !== undefined ? error : want === undefined ? "undefined" : comparable(want),
    text: line,
  };
}

const ROWS = TABLE.trim().split("\n").map(rowOf);

describe("answers and errors are those that OPA gave", () => {
  for (const name of new Set(ROWS.map(({ call }) => call))) {
    const rows = ROWS.filter(({ call }) => call === name);
    test(`${name}, ${rows.length} calls`, () => {
      const different = rows.flatMap(({ call, operands, want, text }) => {
        const got = answer(call, operands);
        // The words of YAML's errors are the parser's own.
        const isSame = want.endsWith(": ") ? got.startsWith(want) : got === want;
        return isSame ? [] : [{ text, got }];
      });
      expect(different).toEqual([]);
    });
  }

  test("every built-in that needs a host or text formats has calls in the table or below", () => {
    const called = new Set(ROWS.map(({ call }) => call));
    const missing = Object.keys(BUILTINS).filter((name) => !called.has(name));
    expect(missing.filter((name) => !name.startsWith("io.jwt.")).sort()).toEqual([
      "net.cidr_overlap",
      "re_match",
      "time.now_ns",
    ]);
  });
});

test("the old names answer as the new ones, and the time is the host's", () => {
  expect(run("re_match", ["^a", "ab"])).toBe(true);
  expect(run("net.cidr_overlap", ["10.0.0.0/8", "10.1.0.0/16"])).toBe(true);
  expect(jsonText(run("time.now_ns", []) ?? null)).toBe(String(NOW));
});

describe("nothing hangs, and what would be too much is refused before it is done", () => {
  test.each([
    ["net.cidr_expand", ["10.0.0.0/8"]],
    ["net.cidr_expand", ["::/0"]],
    ["regex.match", [`${"(a{100})".repeat(100)}`, "a".repeat(100_000)]],
    ["regex.find_n", [".*?,|.", "x".repeat(100_000), -1]],
    ["regex.replace", ["a".repeat(5_000), "a", "$0".repeat(1_000)]],
    ["regex.globs_match", ["[ab]*c".repeat(500), "[abc]*".repeat(500)]],
  ] as const)("%s", (name, operands) => {
    expect(() => run(name, operands)).toThrow(EvaluationError);
  });

  test("a glob of many stars is decided in no time", () => {
    expect(run("glob.match", [`${"*a".repeat(30)}b`, null, "a".repeat(300)])).toBe(false);
  });

  test("aliases of YAML that would make a million values are refused", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 7; i += 1) lines.push(`a${i}: &a${i} [${`*a${i - 1}, `.repeat(10)}]`);
    for (const name of ["yaml.unmarshal", "yaml.is_valid"]) {
      expect(() => run(name, [lines.join("\n")])).toThrow(EvaluationError);
    }
  });

  test("a schema that refers to itself without end is refused", () => {
    const loop = parseJson(
      '{"definitions":{"a":{"$ref":"#/definitions/a"}},"$ref":"#/definitions/a"}',
    );
    expect(() => run("json.match_schema", [objectOf([]), loop])).toThrow("without end");
  });
});

describe("what OPA answers and this engine cannot is refused, not answered otherwise", () => {
  test.each([
    ["time.format", [[-1.5e18, "America/New_York", "RFC1123"]], "abbreviation"],
    ["json.match_schema", [{ a: 1 }, { $ref: "http://example.com/schema" }], "another document"],
    ["json.match_schema", [{ a: 1 }, { properties: { a: { $id: "x" } } }], "id below the root"],
    [
      "json.match_schema",
      ['{"a":"A <a@b.c>"}', { properties: { a: { format: "email" } } }],
      "plain",
    ],
    ["regex.match", ["(?<a>b)(?<a>c)", "bc"], "duplicate capture group"],
    ["regex.is_valid", ["(?<a>b)(?<a>c)"], "duplicate capture group"],
    ["net.cidr_merge", [["::ffff:10.0.0.0/104"]], "within IPv6"],
    ["yaml.marshal", [{ ["k".repeat(200)]: 1 }], "128 bytes"],
  ])("%s %j", (name, operands, message) => {
    const values = parseJson(JSON.stringify(operands));
    const call = () => run(name, Array.isArray(values) ? values : []);
    expect(call).toThrow(EvaluationError);
    expect(call).toThrow(message);
  });
});

test("bytes that are no text stay what they are", () => {
  const bytes = run("base64.decode", ["/+8AgP8="]);
  expect(run("hex.encode", [bytes ?? ""])).toBe("ffef0080ff");
  expect(run("base64.encode", [bytes ?? ""])).toBe("/+8AgP8=");
  const key = Buffer.from("ffef0080ff", "hex");
  const code = createHmac("sha256", key).update("x").digest("hex");
  expect(run("crypto.hmac.sha256", ["x", bytes ?? ""])).toBe(code);
});

test("a pattern is compiled once, however often it is used", () => {
  const real = nodeHost(() => NOW);
  const patterns: string[] = [];
  const host = {
    ...real,
    regex: (pattern: string) => {
      patterns.push(pattern);
      return real.regex(pattern);
    },
  };
  const memories = new Memories();
  for (let i = 0; i < 3; i += 1) {
    expect(run("regex.match", ["a+", "caat"], host, memories)).toBe(true);
    expect(run("glob.match", ["{a,x}*", [], "ab"], host, memories)).toBe(true);
  }
  expect(patterns).toEqual(["a+", "^(?:\\x{61}|\\x{78})[^\\x{2e}]*$"]);
});

test("a glob of one star or none matches what its expression does", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "/", "𝒳", "\n"), maxLength: 4 });
  const delimiters = fc.constantFrom(null, [], ["/"], [".", "/"], ["𝒳"]);
  const star = fc.constantFrom("*", "**", "");
  fc.assert(
    fc.property(text, star, text, delimiters, text, (before, stars, after, stops, between) => {
      const glob = before + stars + after;
      for (const subject of [before + between + after, between, before + after]) {
        // Braces are said as an expression.
        const same = run("glob.match", [`{${glob}}`, stops, subject]);
        expect(run("glob.match", [glob, stops, subject])).toBe(same);
      }
    }),
    { seed: 11, numRuns: 500 },
  );
});

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

interface Making {
  readonly header?: object;
  readonly payload?: object;
}

function token(alg: string, making: Making, signer: (text: string) => Buffer): string {
  const text = `${part({ alg, ...making.header })}.${part(making.payload ?? { sub: "a" })}`;
  return `${text}.${signer(text).toString("base64url")}`;
}

const secret = (making: Making = {}) =>
  token("HS256", making, (text) => createHmac("sha256", "s").update(text).digest());

const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const weak = generateKeyPairSync("rsa", { modulusLength: 512 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");

function pem(key: KeyObject): string {
  return key.export({ type: "spki", format: "pem" }).toString().trim();
}

function jwk(key: KeyObject, more: object = {}): object {
  return { ...key.export({ format: "jwk" }), ...more };
}

function rsaToken(alg: string, making: Making = {}, key = rsa.privateKey): string {
  return token(alg, making, (text) =>
    createSign(`RSA-SHA${alg.slice(2)}`)
      .update(text)
      .sign(key),
  );
}

function pssToken(saltLength: number): string {
  return token("PS256", {}, (text) =>
    sign("sha256", Buffer.from(text), { key: rsa.privateKey, padding: 6, saltLength }),
  );
}

const ecToken = token("ES256", {}, (text) =>
  sign("sha256", Buffer.from(text), { key: ec.privateKey, dsaEncoding: "ieee-p1363" }),
);
const edToken = token("EdDSA", {}, (text) => sign(null, Buffer.from(text), ed.privateKey));

describe("signatures of tokens", () => {
  const set = JSON.stringify({
    keys: [jwk(ec.publicKey, { kid: "e" }), jwk(rsa.publicKey, { kid: "r", alg: "RS256" })],
  });
  test.each<[string, string, string, boolean]>([
    ["rs256", rsaToken("RS256"), pem(rsa.publicKey), true],
    ["rs384", rsaToken("RS384"), pem(rsa.publicKey), true],
    ["rs512", rsaToken("RS512"), JSON.stringify(jwk(rsa.publicKey)), true],
    ["rs256", rsaToken("RS384"), pem(rsa.publicKey), false],
    ["rs256", rsaToken("RS256"), pem(ec.publicKey), false],
    ["rs256", rsaToken("RS256", {}, weak.privateKey), pem(weak.publicKey), false],
    ["rs256", rsaToken("RS256"), set, true],
    ["rs256", rsaToken("RS256", { header: { kid: "r" } }), set, true],
    ["rs256", rsaToken("RS256", { header: { kid: "e" } }), set, false],
    ["rs256", rsaToken("RS256"), JSON.stringify(jwk(rsa.publicKey, { alg: "PS256" })), false],
    ["rs256", rsaToken("RS256"), JSON.stringify(jwk(rsa.privateKey)), false],
    ["ps256", pssToken(32), pem(rsa.publicKey), true],
    ["ps256", pssToken(20), pem(rsa.publicKey), true],
    ["es256", ecToken, pem(ec.publicKey), true],
    ["es256", ecToken, JSON.stringify(jwk(ec.publicKey)), true],
    ["eddsa", edToken, pem(ed.publicKey), true],
    ["eddsa", edToken, pem(ec.publicKey), false],
    ["hs256", secret(), "s", true],
    ["hs256", secret(), "t", false],
  ])("io.jwt.verify_%s (%#)", (algorithm, jwt, key, holds) => {
    expect(run(`io.jwt.verify_${algorithm}`, [jwt, key])).toBe(holds);
  });

  test.each([
    ["x", "encoded JWT had no period separators"],
    ["a.b", "encoded JWT must have 3 sections, found 2"],
    ["a.b.c.d", "encoded JWT must have 3 sections, found 4"],
    ["^.e30.e30", "JWT header had invalid encoding: illegal base64url string: ^"],
    ["W10.e30.e30", "bad JWT header: decoded JSON type was not an Object"],
    [`${part({ enc: 1 })}.e30.e30`, "JWT is a JWE object, which is not supported"],
  ])("what is no token is an error: %s", (jwt, message) => {
    expect(answer("io.jwt.decode", [jwt])).toBe(`eval_builtin_error: ${message}`);
  });

  test.each([
    [`${pem(rsa.publicKey)}\n\n`, "extra data after a PEM certificate block"],
    [pem(rsa.publicKey).replaceAll("PUBLIC", "FOREIGN"), "failed to extract a Key"],
    ["nonsense", "failed to parse a JWK key (set)"],
    ['{"kty":"RSA"}', "failed to parse a JWK key (set)"],
  ])("what is no key is an error (%#)", (key, message) => {
    expect(answer("io.jwt.verify_rs256", [rsaToken("RS256"), key])).toContain(message);
  });
});

describe("io.jwt.decode_verify holds a token to its constraints", () => {
  const nested = secret({ header: { cty: "JWT" } }).split(".");
  nested[1] = Buffer.from(secret({ payload: { iss: "i" } })).toString("base64url");
  const inner = nested.slice(0, 2).join(".");
  nested[2] = createHmac("sha256", "s").update(inner).digest("base64url");

  test.each<[string, object, boolean]>([
    [secret(), {}, true],
    [secret(), { secret: "t" }, false],
    [secret(), { alg: "HS512" }, false],
    [secret({ payload: { iss: "i" } }), { iss: "i" }, true],
    [secret({ payload: { iss: "i" } }), { iss: "j" }, false],
    [secret(), { iss: "i" }, false],
    [secret({ payload: { aud: "a" } }), {}, false],
    [secret({ payload: { aud: ["b", "a"] } }), { aud: "a" }, true],
    [secret(), { aud: "a" }, false],
    [secret({ payload: { exp: 1_700_000_001 } }), {}, true],
    [secret({ payload: { exp: 1_700_000_000 } }), {}, false],
    [secret({ payload: { nbf: 1_700_000_000 } }), {}, true],
    [secret({ payload: { nbf: 1_700_000_001 } }), {}, false],
    [secret({ payload: { exp: 5 } }), { time: 4_000_000_000 }, true],
    [secret({ header: { crit: ["x"], x: 1 } }), {}, false],
    [nested.join("."), { iss: "i" }, true],
    [rsaToken("RS256"), { cert: pem(rsa.publicKey), secret: undefined }, true],
    [rsaToken("RS256"), {}, false],
    [pssToken(20), { cert: pem(rsa.publicKey), secret: undefined }, false],
    [secret(), { cert: '{"kty":"oct","k":"cw"}', secret: undefined }, true],
  ])("%#", (jwt, constraints, holds) => {
    const wanted = parseJson(JSON.stringify({ secret: "s", ...constraints }));
    const result = run("io.jwt.decode_verify", [jwt, wanted]);
    expect(jsonText(result ?? null).startsWith(`[${holds},`)).toBe(true);
  });

  test.each([
    [{}, "no key constraint"],
    [{ secret: "s", cert: pem(rsa.publicKey) }, "duplicate key constraints"],
    [{ secret: "s", foo: 1 }, "unknown token validation constraint: foo"],
    [{ secret: "s", time: -1 }, "token time constraint: must not be negative"],
    [{ secret: 1 }, "secret constraint: must be a string"],
  ])("%j is no constraint", (constraints, message) => {
    const wanted = parseJson(JSON.stringify(constraints));
    const got = answer("io.jwt.decode_verify", [secret(), wanted]);
    expect(got).toBe(`eval_builtin_error: ${message}`);
  });
});
