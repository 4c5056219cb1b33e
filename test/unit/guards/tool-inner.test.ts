/** Tools whose arguments are a call of another tool: both have to be allowed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lookAtTool } from "../../../src/guards/decide.ts";
import { callsInside } from "../../../src/guards/tool/inner.ts";
import { innerArguments } from "../../../src/guards/tool/inner-arguments.ts";
import type { GrantedTool, Unwraps } from "../../../src/guards/tool/tool.ts";
import { deny } from "../../../src/guards/verdict.ts";
import { numbersAreExact } from "../../../src/wire/exact-numbers.ts";
import { parseObject } from "../../../src/wire/json.ts";
import { granted, grants, toolAsk } from "./tool-scenes.ts";

const UNWRAPS: Unwraps = { tool: "/arguments/name", arguments: "/arguments/with", server: null };
const WRAPPER = granted("hub", "call_tool", { unwraps: UNWRAPS });
const MARKED = granted("hub", "marked", {
  check: (given) => (JSON.stringify(given) === '{"ok":true}' ? null : "/arguments/ok must be true"),
});

const ALLOWED = [
  WRAPPER,
  MARKED,
  granted("hub", "echo"),
  granted("hub", "writes", { effect: "write" }),
  granted("far", "elsewhere"),
  granted("hub", "Gr\u00f6\u00dfe"),
];

function look(given: Readonly<Record<string, unknown>>, by: GrantedTool = WRAPPER) {
  const allowed = [...ALLOWED.filter(({ tool }) => tool !== by.tool), by];
  const ask = toolAsk({ server: by.server, tool: by.tool, arguments: given });
  const manifest = { agent: "ann", observing: false };
  return {
    ask,
    manifest,
    grants: grants(allowed, ["wipe"]),
    resolved: by,
    offered: null,
    policy: [],
  };
}

const codeOf = (given: Readonly<Record<string, unknown>>, by?: GrantedTool) =>
  lookAtTool(look(given, by)).denial?.code ?? "allow";

describe("a call inside a call", () => {
  test.each([
    ["granted", { name: "echo", with: {} }, "allow"],
    ["with arguments as a text", { name: "echo", with: '{"a":1}' }, "allow"],
    ["with arguments that fit", { name: "marked", with: { ok: true } }, "allow"],
    ["with a text of arguments that fit", { name: "marked", with: '{"ok":true}' }, "allow"],
    ["unknown", { name: "rm", with: {} }, "manifest.unknown-tool"],
    ["in another case", { name: "Echo", with: {} }, "manifest.unknown-tool"],
    ["with its server's name", { name: "hub__echo", with: {} }, "manifest.unknown-tool"],
    ["with a client's prefix", { name: "mcp__us__echo", with: {} }, "manifest.unknown-tool"],
    ["in another form of Unicode", { name: "Gro\u0308\u00dfe", with: {} }, "manifest.unknown-tool"],
    ["of another server", { name: "elsewhere", with: {} }, "manifest.unknown-tool"],
    ["the gateway's own tool", { name: "slipclutch_budget", with: {} }, "manifest.unknown-tool"],
    ["blacklisted", { name: "wipe", with: {} }, "manifest.blacklisted"],
    ["blacklisted, dressed up", { name: "Wір\u0435", with: {} }, "manifest.blacklisted"],
    ["blacklisted, prefixed", { name: "x__WIPE", with: {} }, "manifest.blacklisted"],
    ["that writes", { name: "writes", with: {} }, "manifest.read-only"],
    ["with arguments that do not fit", { name: "marked", with: { ok: 1 } }, "manifest.arguments"],
    ["without a name", { with: {} }, "manifest.arguments"],
    ["with an empty name", { name: "", with: {} }, "manifest.arguments"],
    ["with a name that is none", { name: ["echo"], with: {} }, "manifest.arguments"],
    ["with too long a name", { name: "n".repeat(513), with: {} }, "manifest.arguments"],
    ["without arguments", { name: "echo" }, "manifest.arguments"],
    ["with null for arguments", { name: "echo", with: null }, "manifest.arguments"],
    ["with a list of arguments", { name: "echo", with: [] }, "manifest.arguments"],
    ["with a text that is no JSON", { name: "echo", with: "a=1" }, "manifest.arguments"],
    ["with a text of a text", { name: "echo", with: '"{}"' }, "manifest.arguments"],
    ["with a key twice", { name: "echo", with: '{"a":1,"a":2}' }, "manifest.arguments"],
    ["past 2^53", { name: "echo", with: '{"a":9007199254740993}' }, "manifest.arguments"],
  ])("%s: %j is %s", (_, given, code) => {
    expect(codeOf(given)).toBe(code);
  });

  test("is told with the call around it, and where what is wrong stands", () => {
    expect(lookAtTool(look({ name: "rm", with: {} })).denial).toEqual({
      ...deny("manifest.unknown-tool", { tool: "rm", agent: "ann", inside: "call_tool" }),
      rule: "inner",
    });
    expect(lookAtTool(look({ name: "echo" })).denial?.facts).toEqual({
      tool: "call_tool",
      at: "/arguments/with",
      wrong: "it is no object, and no text of JSON that can be read in only one way",
    });
    const { answers } = lookAtTool(look({ name: "echo", with: {} }));
    expect(answers.at(-2)).toEqual({
      guard: "inner",
      answer: "allow",
      numbers: { calls: "hub__echo" },
    });
  });

  test("does not help where the call around it is refused", () => {
    const readOnly = { ...WRAPPER, effect: "write" as const };
    expect(codeOf({ name: "echo", with: {} }, readOnly)).toBe("manifest.read-only");
    const strict = { ...WRAPPER, check: () => "/arguments no" };
    expect(codeOf({ name: "echo", with: {} }, strict)).toBe("manifest.arguments");
  });

  test("is one of the server that the call names, where it names one", () => {
    const far = { ...WRAPPER, unwraps: { ...UNWRAPS, server: "/arguments/on" } };
    expect(codeOf({ name: "elsewhere", on: "far", with: {} }, far)).toBe("allow");
    expect(codeOf({ name: "elsewhere", on: "hub", with: {} }, far)).toBe("manifest.unknown-tool");
    expect(codeOf({ name: "echo", on: "far", with: {} }, far)).toBe("manifest.unknown-tool");
    expect(codeOf({ name: "elsewhere", with: {} }, far)).toBe("manifest.arguments");
    expect(codeOf({ name: "elsewhere", on: 1, with: {} }, far)).toBe("manifest.arguments");
  });

  test("may be one around another, four deep", () => {
    const nested = (levels: number): Readonly<Record<string, unknown>> =>
      levels === 1 ? { name: "echo", with: {} } : { name: "call_tool", with: nested(levels - 1) };
    expect([1, 2, 3, 4, 5, 6].map((levels) => codeOf(nested(levels)))).toEqual([
      ...Array(4).fill("allow"),
      ...Array(2).fill("manifest.arguments"),
    ]);
    const calls = callsInside(look(nested(3)));
    if ("kind" in calls) throw new Error("was refused");
    expect(calls.map(({ ask }) => ask.tool)).toEqual(["call_tool", "call_tool", "echo"]);
    const deepest = {
      name: "call_tool",
      with: { name: "call_tool", with: { name: "rm", with: {} } },
    };
    expect(codeOf(deepest)).toBe("manifest.unknown-tool");
  });

  test.each<[string, Partial<GrantedTool>]>([
    ["rate_limit", { rateLimit: { requests: 1, perMs: 1_000 } }],
    ["cost", { cost: { nanoUsd: 1, quantity: null } }],
    ["max_concurrent", { concurrentMax: 1 }],
    ["requires_approval", { approval: "always" }],
    ["requires_approval", { approval: () => null }],
    ["pin", { pin: "sha256:ab" }],
    ["the end of a commitment", { ends: [{ server: "hub", tool: "begin", id: "/arguments/id" }] }],
    [
      "commitment",
      {
        commitment: {
          ...{ nanoUsdPerHour: 1, id: "/result/id", activeMax: 1, horizonMs: 1_000 },
          ...{ endsWith: { server: "hub", tool: "end", id: "/arguments/id" } },
          onUnrenewable: "trip",
        },
      },
    ],
  ])("of a tool with state, %s, is refused: nothing would hold it to that", (what, more) => {
    const stateful = granted("hub", "stateful", more);
    const { ask, ...rest } = look({ name: "stateful", with: {} });
    const facts = { ...rest, ask, grants: grants([...ALLOWED, stateful]) };
    expect(lookAtTool(facts).denial).toEqual({
      ...deny("manifest.arguments", {
        tool: "stateful",
        wrong: `${what} cannot be held to inside another call: it is to be called by itself`,
        inside: "call_tool",
      }),
      rule: "inner",
      firm: true,
    });
  });

  test("that no person has to approve goes through", () => {
    const asked = granted("hub", "asked", { approval: () => "does not fit" });
    const { ask, ...rest } = look({ name: "asked", with: {} });
    expect(lookAtTool({ ...rest, ask, grants: grants([...ALLOWED, asked]) }).denial).toBeNull();
  });
});

describe("of an agent that is observed", () => {
  const observed = (given: Readonly<Record<string, unknown>>, more: GrantedTool[] = []) => {
    const { grants: own, ...rest } = look(given);
    const manifest = { agent: "ann", observing: true };
    const facts = { ...rest, manifest, grants: { ...own, allowed: [...own.allowed, ...more] } };
    const { answers, denial } = lookAtTool(facts);
    return denial?.code ?? answers.find(({ guard }) => guard === "inner")?.answer;
  };

  test("what its manifest would refuse is let through and told", () => {
    expect(observed({ name: "rm", with: {} })).toBe("would-deny: manifest.unknown-tool");
    expect(observed({ name: "writes", with: {} })).toBe("would-deny: manifest.read-only");
    expect(observed({ name: "echo", with: {} })).toBe("allow");
  });

  test("what is blacklisted, cannot be made out, or would cost unseen is refused all the same", () => {
    expect(observed({ name: "wipe", with: {} })).toBe("manifest.blacklisted");
    expect(observed({ name: "echo" })).toBe("manifest.arguments");
    const dear = granted("hub", "dear", { effect: "write", cost: { nanoUsd: 1, quantity: null } });
    expect(observed({ name: "dear", with: {} }, [dear])).toBe("manifest.arguments");
    const cautious = { ...WRAPPER, tool: "cautious", check: () => "/arguments no" };
    const nested = { name: "cautious", with: { name: "wipe", with: {} } };
    expect(observed(nested, [cautious])).toBe("manifest.blacklisted");
  });
});

describe("a text of arguments", () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("1", "-0.5", "1e400", "9007199254740993", "true", "null", '""', '"a:\\"b"'),
      fc.array(tie("any")).map((items) => `[${items.join()}]`),
      tie("object"),
    ),
    object: fc
      .array(fc.tuple(fc.constantFrom('"a"', '"\\u0061"', '"b:"', '"__proto__"'), tie("any")))
      .map((members) => `{${members.map(([key, one]) => `${key} : ${one}`).join(" ,")}}`),
  }));

  test("is read as strictly as every other body", () => {
    const run = fc.property(fc.oneof(value.object, value.any, fc.json()), (text) => {
      const given = String(text);
      const parsed = parseObject(given, 64);
      const expected = "root" in parsed && numbersAreExact(parsed.root) ? parsed.root : null;
      expect(innerArguments(given)).toEqual(expected);
    });
    fc.assert(run, { numRuns: 500 });
  });

  test("that is hostile is refused, whatever its depth", () => {
    const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    expect(innerArguments(deep(64))).not.toBeNull();
    for (const levels of [65, 1_000, 200_000]) expect(innerArguments(deep(levels))).toBeNull();
    expect(innerArguments(`{"a":"${'\\"'.repeat(500_000)}"}`)).not.toBeNull();
  });
});
