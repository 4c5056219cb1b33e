/** Bundles that the real OPA compiles, run by its package for JavaScript. */
import { createRequire } from "node:module";
import { gunzipSync, gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { wasmEngine } from "../../src/adapters/policy-engine/wasm/engine.ts";
import { LIBRARY_BUILTINS, wasmLibrary } from "../../src/adapters/policy-engine/wasm/library.ts";
import type { PolicyDocument } from "../../src/ports/policy-engine.ts";
import { policyEngineConformance } from "../../src/testing/policy-engine-conformance.ts";
import { buildWasm } from "../support/opa.ts";
import { part } from "../support/parts.ts";

const available = part("opa").available;

describe.skipIf(!available)("with opa", () => {
  policyEngineConformance(
    "wasm",
    async ({ dialect, queries, sources }) => {
      const entrypoints = queries.map(({ path }) => path.join("/"));
      const wasm = await buildWasm({ sources, dialect }, entrypoints);
      // The bundle has the data.
      const given = { ...sources, modules: [], data: "{}", wasm };
      return { engine: wasmEngine(systemClock), sources: given, dispose: async () => undefined };
    },
    { strict: false, absent: "refused" },
  );
});

const TEXT = `package a
p := data.limits
size := count(input.text)
echoed := input.number
conflicting := 1 if input.one
conflicting := 2 if input.two
late if time.now_ns() > 0
fetched := http.send({"method": "get", "url": input.url})
told := sprintf("%s", [input.text])
`;
const MS = 10_000;

function build(rules: readonly string[], data = "{}"): Promise<Uint8Array> {
  const sources = { revision: "r", modules: [{ file: "a.rego", text: TEXT }], data };
  return buildWasm(
    { sources, dialect: "v1" },
    rules.map((rule) => `a/${rule}`),
  );
}

interface Given {
  readonly wasm?: Uint8Array;
  readonly data?: string;
  readonly rules?: readonly string[];
}

async function load({ data = "{}", rules = ["p"], wasm }: Given, clock = systemClock) {
  const queries = rules.map((rule) => ({ path: ["a", rule], lenient: true }));
  const sources = { revision: "r", modules: [], data, ...(wasm && { wasm }) };
  const policies = await wasmEngine(clock).load(sources, queries);
  const ask = (rule: string, input: PolicyDocument, timeoutMs = MS) =>
    policies.ask({ path: ["a", rule], lenient: true }, input, { now: 0n, timeoutMs });
  return { ask, policies };
}

describe.skipIf(!available)("a bundle", () => {
  let bundle: Uint8Array;
  beforeAll(async () => {
    bundle = await build(["p", "size", "echoed", "conflicting"], '{"limits": {"small": 1}}');
  });

  test("has its documents beside those of the folder, with every digit", async () => {
    const { ask } = await load({ wasm: bundle, data: '{"limits": {"large": 1e3, "x": {}}}' });
    const value = { small: 1, large: 1000, x: {} };
    expect(await ask("p", {})).toEqual({ kind: "value", value });
  });

  test("refuses a document that is in both", async () => {
    const loaded = load({ wasm: bundle, data: '{"limits": {"small": 2}}' });
    await expect(loaded).rejects.toThrow(
      "data.limits.small is in the bundle and in the data files",
    );
  });

  test("may be its module alone, which has no documents", async () => {
    const unpacked = gunzipSync(bundle);
    const at = unpacked.indexOf(Buffer.from([0x00, 0x61, 0x73, 0x6d]));
    const size = Number.parseInt(unpacked.toString("latin1", at - 512 + 124, at - 512 + 136), 8);
    const wasm = unpacked.subarray(at, at + size);
    const { ask } = await load({ wasm, data: '{"limits": 2}' });
    expect(await ask("p", {})).toEqual({ kind: "value", value: 2 });
  });

  test("says which entrypoints it has", async () => {
    const loaded = load({ wasm: bundle, rules: ["nope"] });
    await expect(loaded).rejects.toThrow(
      "no entrypoint for data.a.nope; it has a/conflicting, a/echoed, a/p, a/size",
    );
  });

  test("that calls a built-in which is missing is refused, naming it", async () => {
    const wasm = await build(["late", "fetched", "told"]);
    const loaded = load({ wasm, rules: ["late", "told"] });
    await expect(loaded).rejects.toMatchObject({
      problems: [
        { code: "wasm_unsupported_error", message: expect.stringContaining("http.send") },
        { code: "wasm_unsupported_error", message: expect.stringContaining("time.now_ns") },
      ],
    });
  });

  test("tells of built-ins that are not OPA's own", async () => {
    const { policies } = await load({ wasm: await build(["told"]), rules: ["told"] });
    expect(policies.notes).toEqual([expect.stringContaining("sprintf")]);
  });

  test("is asked leniently or not at all", async () => {
    const { policies } = await load({ wasm: bundle });
    const strict = { path: ["a", "p"], lenient: false };
    const answer = await policies.ask(strict, {}, { now: 0n, timeoutMs: MS });
    expect(answer).toMatchObject({ kind: "failed", code: "error" });
  });

  test("an answer that comes too late is refused", async () => {
    let now = 0;
    const monotonic = () => {
      now += 51;
      return now;
    };
    const { ask } = await load({ wasm: bundle }, { ...systemClock, monotonic });
    expect(await ask("p", {}, 51)).toMatchObject({ kind: "value" });
    expect(await ask("p", {}, 50)).toEqual({
      ...{ kind: "failed", code: "limit" },
      because: "it took 51 ms, and had 50 ms",
    });
  });

  test("whatever an evaluation fails of, the next has a fresh memory", async () => {
    const { ask } = await load({ wasm: bundle, rules: ["size", "conflicting"] });
    let deep: PolicyDocument = {};
    for (let depth = 0; depth < 1_000; depth += 1) deep = { deep };
    const failures = [
      ["size", { text: "x".repeat(70 * 1024 * 1024) }, "limit"],
      ["size", { text: Array.from({ length: 3_000_000 }, () => 1) }, "limit"],
      ["conflicting", { one: true, two: true }, "error"],
    ] as const;
    for (const [rule, input, code] of failures) {
      expect(await ask(rule, input)).toMatchObject({ kind: "failed", code });
      expect(await ask("size", { text: "é".repeat(100_000) })).toMatchObject({ value: 100_000 });
    }
  });

  test("any number of failures leaves no trace", async () => {
    const { ask } = await load({ wasm: bundle, rules: ["echoed", "conflicting"] });
    const conflict = { kind: "failed", because: expect.stringContaining("conflict") };
    for (let number = 0; number < 1_000; number += 1) {
      expect(await ask("conflicting", { one: true, two: true })).toMatchObject(conflict);
    }
    expect(await ask("echoed", { number: 7 })).toEqual({ kind: "value", value: 7 });
  });

  test("a thousand questions leave its memory as it was", async () => {
    const { ask } = await load({ wasm: bundle, rules: ["size", "echoed"] });
    for (let number = 0; number < 1_000; number += 1) {
      expect(await ask("echoed", { number })).toEqual({ kind: "value", value: number });
      expect(await ask("size", { text: "x".repeat(100_000) })).toMatchObject({ kind: "value" });
    }
  });
});

describe("what is no bundle", () => {
  test("is refused, saying what it should be", async () => {
    await expect(load({})).rejects.toThrow("there is no bundle to load");
    const empty = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const archive = (name: string, content: Uint8Array, size = content.length) => {
      const header = new Uint8Array(512);
      header.set(Buffer.from(name));
      header.set(Buffer.from(size.toString(8).padStart(11, "0")), 124);
      header[156] = 0x30;
      return Buffer.concat([header, content, new Uint8Array(512 - (content.length % 512))]);
    };
    const wrong: readonly (readonly [Uint8Array, string])[] = [
      [new Uint8Array(0), "neither a bundle"],
      [Buffer.from("package a"), "neither a bundle"],
      [empty.subarray(0, 6), "cannot be compiled"],
      [empty, "its module is no policy"],
      [Uint8Array.from([0x1f, 0x8b, 8, 0]), "cannot be unpacked"],
      [gzipSync(new Uint8Array(0)), "no policy.wasm"],
      [gzipSync(new Uint8Array(65 * 1024 * 1024)), "cannot be unpacked"],
      [gzipSync(archive("policy.wasm", empty, 4_096)), "cut off"],
      [gzipSync(archive("policy.wasm", empty, -1)), "cut off"],
      [gzipSync(archive("../policy.rego", empty)), "no policy.wasm"],
      [
        gzipSync(Buffer.concat([archive("/a.wasm", empty), archive("./b.wasm", empty)])),
        "several modules: a.wasm, b.wasm",
      ],
      [
        gzipSync(Buffer.concat([archive("a.wasm", empty), archive("data.json", Buffer.from("["))])),
        "data.json cannot be read",
      ],
    ];
    for (const [wasm, why] of wrong) await expect(load({ wasm })).rejects.toThrow(why);
  });
});

describe("the package", () => {
  test("says what to install where it is missing", async () => {
    const find = createRequire("/nowhere/index.js");
    const engine = wasmEngine(systemClock, () => wasmLibrary(find));
    const loaded = engine.load({ revision: "r", modules: [], data: "{}" }, []);
    await expect(loaded).rejects.toMatchObject({
      problems: [
        {
          code: "wasm_package_missing",
          message: expect.stringContaining("@open-policy-agent/opa-wasm"),
          hint: expect.stringContaining("npm install @open-policy-agent/opa-wasm@1"),
        },
      ],
    });
  });

  test("brings the built-ins that are listed, and no others", () => {
    const find = createRequire(import.meta.url);
    const main = find.resolve("@open-policy-agent/opa-wasm");
    const own: Readonly<Record<string, unknown>> = createRequire(main)("./builtins/index.js");
    expect(new Set(Object.keys(own))).toEqual(LIBRARY_BUILTINS);
  });
});
