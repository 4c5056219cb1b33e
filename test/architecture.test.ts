/** The shape of the house, read from its sources. Every rule is shown to fail on a tiny example. */
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { cycles, dashboardImports, importRules, ZONES } from "./support/architecture/imports.ts";
import * as limits from "./support/architecture/limits.ts";
import { type Finding, read, type Source } from "./support/architecture/source.ts";

const ROOT = path.dirname(import.meta.dirname);
const SRC = sourcesIn("src");
/** Runs in browsers, with their clock and their chance. */
const PAGES = sourcesIn("dashboard");
const TOOLS = [...sourcesIn("scripts"), ...sourcesIn("bench")];
/**
 * Suites and fakes that are published: bodies of `describe` are as long as their cases are many.
 */
const CODE = SRC.filter(({ path: each }) => !each.startsWith("src/testing/"));

function sourcesIn(folder: string): readonly Source[] {
  return fs
    .readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((name) => path.posix.join(folder, name.split(path.sep).join("/")))
    .filter((file) => /\.(tsx?|mjs)$/.test(file))
    .sort()
    .map((file) => read(file, fs.readFileSync(path.join(ROOT, file), "utf8")));
}

function sentences(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ path: file, line, what }) => `${file}:${line}: ${what}`);
}

const all = (sources: readonly Source[], rule: limits.Rule) => sentences(sources.flatMap(rule));

describe("every source", () => {
  test("is found", () => {
    const zones = new Set(SRC.map(({ path: each }) => each.split("/")[1]?.replace(/\.ts$/, "")));
    expect([...zones].filter((zone) => ZONES[zone ?? ""] === undefined)).toEqual([]);
    expect(SRC.length).toBeGreaterThan(20);
  });

  test.each([
    ["imports only what the table lets it", importRules, SRC],
    ["has at most 300 lines", limits.fileLength, [...CODE, ...TOOLS, ...PAGES]],
    ["has functions of at most 50 lines", limits.functionLength, [...CODE, ...TOOLS, ...PAGES]],
    ["has functions of at most 4 parameters", limits.parameterCount, [...SRC, ...TOOLS, ...PAGES]],
    ["has at most 100 columns", limits.columns, [...SRC, ...TOOLS, ...PAGES]],
    ["has no any", limits.noAny, [...SRC, ...TOOLS, ...PAGES]],
    ["gives the reason of every cast", limits.castsHaveReasons, [...SRC, ...PAGES]],
    ["leaves the environment to main.ts", limits.environmentOnlyInMain, SRC],
    ["leaves clock and chance to adapters", limits.clockAndChanceInAdapters, SRC],
    ["is synchronous where it is pure", limits.noAsyncInPureZones, SRC],
    ["has no enum", limits.noEnums, [...SRC, ...TOOLS, ...PAGES]],
    ["has names that mean something", limits.names, [...SRC, ...TOOLS, ...PAGES]],
    ["is finished", limits.nothingLeftUndone, [...SRC, ...TOOLS, ...PAGES]],
    ["looks at every error that it catches", limits.noEmptyCatch, [...SRC, ...TOOLS, ...PAGES]],
    ["does nothing when it is imported", limits.nothingHappensAtImport, CODE],
  ] as const)("%s", (_, rule, sources) => {
    expect(all(sources, rule)).toEqual([]);
  });

  test("is in no cycle", () => {
    expect(cycles(SRC)).toEqual([]);
    expect(cycles(PAGES)).toEqual([]);
  });

  test("of the dashboard takes nothing of the gateway but the types of its API", () => {
    expect(all(PAGES, dashboardImports)).toEqual([]);
    const bad = [
      'import { z } from "../src/control/schemas/parts.ts";',
      'import type { Gateway } from "../src/gateway/gateway.ts";',
      'import { z } from "zod";',
    ];
    for (const text of bad) {
      expect(dashboardImports(read("dashboard/a.ts", text)), text).not.toEqual([]);
    }
  });
});

describe("a rule notices", () => {
  const long = (count: number) => "const x = 1;\n".repeat(count);
  const cases: readonly (readonly [string, limits.Rule, string, string, string?])[] = [
    ["a long file", limits.fileLength, long(301), long(300)],
    [
      "a long function",
      limits.functionLength,
      `function f() {\n${long(49)}}`,
      `function f() {\n${long(48)}}`,
    ],
    [
      "five parameters",
      limits.parameterCount,
      "const f = (a, b, c, d, e) => a;",
      "f(1, 2, 3, 4, 5);",
    ],
    ["five of a method", limits.parameterCount, "class A { f(a, b, c, d, e) {} }", "class A {}"],
    ["a wide comment", limits.columns, `// ${"x".repeat(98)}`, `// ${"x".repeat(97)}`],
    ["wide code", limits.columns, `f(${"x, ".repeat(40)}1);`, `f("${"x".repeat(200)}");`],
    ["any", limits.noAny, "let a: any;", 'let a = "any";'],
    ["a silenced compiler", limits.noAny, "// @ts-ignore\nf();", "// f\nf();"],
    ["a bare cast", limits.castsHaveReasons, "f(a as B);", "// because\nf(a as B);"],
    ["a cast's far reason", limits.castsHaveReasons, "// b\n\nf(a as B);", "f(a as const);"],
    ["process.env", limits.environmentOnlyInMain, "f(process.env);", "f(process.argv);"],
    ["Date.now", limits.clockAndChanceInAdapters, "f(Date.now());", "f(clock.wall());"],
    ["a new Date", limits.clockAndChanceInAdapters, "f(new Date());", "f(new Date(0));"],
    ["chance", limits.clockAndChanceInAdapters, "crypto.randomUUID();", "chance.hex(8);"],
    ["imported chance", limits.clockAndChanceInAdapters, "randomBytes(8);", "bytes(8);"],
    ["a timer", limits.clockAndChanceInAdapters, "setTimeout(f, 1);", "clock.after(1, f);"],
    ["async", limits.noAsyncInPureZones, "async function f() {}", "function f() {}"],
    ["an enum", limits.noEnums, "enum A { B }", 'type A = "b";'],
    ["an empty name", limits.names, "class CallManager {}", "class Cashier {}"],
    ["an I", limits.names, "interface IStore {}", "interface Identity {}"],
    ["an empty file name", limits.names, "f();", "f();", "src/guards/money-utils.ts"],
    ["something left to do", limits.nothingLeftUndone, "// TODO: f", 'f("TODO");'],
    ["an empty catch", limits.noEmptyCatch, "try { f(); } catch {}", "try { f(); } catch { g(); }"],
    ["a deaf promise", limits.noEmptyCatch, "f().catch(() => {});", "f().catch((e) => g(e));"],
    ["a side effect", limits.nothingHappensAtImport, "f();", "export const a = f();"],
    ["a global", limits.nothingHappensAtImport, "export let a = 1;", "function f() { let a = 1; }"],
    ["wire in guards", importRules, 'import "../wire/a.ts";', 'import "./a.ts";'],
    ["a lazy import", importRules, 'import("../wire/a.ts");', 'import("./a.ts");'],
    ["a type", importRules, 'type A = import("../wire/a.ts").A;', 'type A = import("./a.ts").A;'],
    ["Node in guards", importRules, 'import fs from "node:fs";', "const fs = 1;"],
    ["a package in guards", importRules, 'import { z } from "zod";', "const z = 1;"],
  ];

  for (const [name, rule, bad, good, badPath = "src/guards/a.ts"] of cases) {
    test(name, () => {
      expect(rule(read(badPath, bad))).not.toEqual([]);
      expect(rule(read("src/guards/a.ts", good))).toEqual([]);
    });
  }

  const imports: readonly (readonly [string, string, boolean])[] = [
    ["src/ports/a.ts", 'import type { A } from "../guards/a.ts";', true],
    ["src/ports/a.ts", 'import { type A } from "../guards/a.ts";', true],
    ["src/ports/a.ts", 'import { A } from "../guards/a.ts";', false],
    ["src/adapters/store/sqlite/a.ts", 'import "./b.ts";', true],
    ["src/adapters/store/sqlite/a.ts", 'import "../memory/b.ts";', false],
    ["src/adapters/store/sqlite/a.ts", 'new URL("../memory/b.ts", import.meta.url);', false],
    ["src/adapters/store/postgres/a.ts", 'import pg from "pg";', true],
    ["src/adapters/store/sqlite/a.ts", 'import pg from "pg";', false],
    ["src/adapters/clock/system.ts", 'import "../../gateway/a.ts";', false],
    ["src/adapters/policy-engine/embedded/a.ts", 'import "../../../rego/a.ts";', true],
    ["src/adapters/policy-engine/embedded/a.ts", 'import { RE2JS } from "re2js";', true],
    ["src/adapters/store/sqlite/a.ts", 'import "../../../rego/a.ts";', false],
    ["src/adapters/tool-server/mcp/a.ts", 'import "../over-http/a.ts";', true],
    ["src/adapters/tool-server/mcp/a.ts", 'import "../http/a.ts";', false],
    ["src/adapters/tool-server/over-http/a.ts", 'import "../mcp/a.ts";', false],
    ["src/adapters/tool-server/over-http/a.ts", 'import { Pool } from "undici";', true],
    ["src/adapters/provider/http/a.ts", 'import "../../tool-server/over-http/a.ts";', false],
    ["src/adapters/decision-sink/otel/a.ts", 'import "../over-http/a.ts";', true],
    ["src/adapters/decision-sink/otel/a.ts", 'import "../../spans/otlp/a.ts";', false],
    ["src/testing/a.ts", 'import "../adapters/store/memory/a.ts";', true],
    ["src/testing/a.ts", 'import "../adapters/store/sqlite/a.ts";', false],
    ["src/demo/agent.ts", 'import "openai";', true],
    ["src/demo/a.ts", 'import "openai";', false],
    ["src/demo/a.ts", 'import "../adapters/clock/system.ts";', true],
    ["src/demo/a.ts", 'import "../adapters/store/sqlite/a.ts";', false],
    ["src/demo/a.ts", 'import "../compose.ts";', false],
    ["src/cli/a.ts", 'import "../control/client.ts";', true],
    ["src/cli/a.ts", 'import "../control/server.ts";', false],
    ["src/cli/a.ts", 'export * from "../gateway/a.ts";', false],
    ["src/compose.ts", 'import "./adapters/store/sqlite/a.ts";', true],
    ["src/compose.ts", 'import "./main.ts";', false],
    ["src/main.ts", 'import "./cli/a.ts";', true],
    ["src/main.ts", 'import "./compose.ts";', false],
    ["src/unheard-of/a.ts", "const a = 1;", false],
  ];

  test.each(imports)("in %s: %s", (file, text, allowed) => {
    expect(importRules(read(file, text)).length === 0).toBe(allowed);
  });

  test("a cycle", () => {
    const a = read("src/guards/a.ts", 'import type { B } from "./b.ts";');
    const b = read("src/guards/b.ts", 'import { a } from "./a.ts";');
    expect(cycles([a, b])).toEqual(["src/guards/a.ts → src/guards/b.ts → src/guards/a.ts"]);
    expect(cycles([a, read("src/guards/b.ts", "const b = 1;")])).toEqual([]);
  });
});
