/** The guards of a tool call: is it granted, may it write, do its arguments fit. */
import { describe, expect, test } from "vitest";
import { admitTool } from "../../../src/guards/decide.ts";
import { checkArguments } from "../../../src/guards/tool/arguments.ts";
import { effect } from "../../../src/guards/tool/effect.ts";
import { grantTool } from "../../../src/guards/tool/grant.ts";
import { offeredNow, pinText } from "../../../src/guards/tool/pin.ts";
import { granted, toolAsk, toolFacts } from "./tool-scenes.ts";

describe("a tool", () => {
  test("that is granted passes", () => {
    const numbers = { tool: "t", server: "s" };
    expect(grantTool(toolFacts())).toEqual({ kind: "allow", numbers });
  });

  test.each([
    ["unknown", "manifest.unknown-tool"],
    ["blacklisted", "manifest.blacklisted"],
  ] as const)("that is %s is refused with %s", (resolved, code) => {
    const refusal = { kind: "deny", code, facts: { tool: "t", agent: "a" } };
    expect(grantTool(toolFacts({ resolved }))).toEqual(refusal);
  });

  test("that is none but a resource or a prompt is told as such", () => {
    const reading = { kind: "resource", name: "a:b", isUnclear: false } as const;
    const ask = toolAsk({ reading });
    expect(grantTool(toolFacts({ ask }))).toEqual({
      kind: "allow",
      numbers: { resource: "a:b", server: "s" },
    });
    expect(grantTool(toolFacts({ ask, resolved: "unknown" }))).toEqual({
      ...{ kind: "deny", code: "manifest.unknown-tool", facts: { resource: "a:b", agent: "a" } },
      says: "The resource is not granted to this agent.",
    });
    const unclear = toolAsk({ reading: { ...reading, isUnclear: true } });
    expect(grantTool(toolFacts({ ask: unclear, resolved: "unknown" }))).toMatchObject({
      facts: { because: expect.stringContaining("/mcp/SERVER") },
    });
  });

  test.each([
    ["read", true, true],
    ["read", false, true],
    ["write", false, true],
    ["write", true, false],
  ] as const)("that does a %s, where read_only is %s, passes: %s", (does, readOnly, passes) => {
    const resolved = granted("s", "t", { effect: does, readOnly });
    expect(effect(toolFacts({ resolved }))).toEqual(
      passes
        ? { kind: "allow", numbers: { effect: does } }
        : { kind: "deny", code: "manifest.read-only", facts: { tool: "t", agent: "a" } },
    );
  });

  test.each(["unknown", "blacklisted"] as const)(
    "that is %s passes no later guard, were the first one left out",
    (resolved) => {
      for (const guard of [effect, checkArguments]) {
        const answer = guard(toolFacts({ resolved }));
        expect(answer).toMatchObject({ kind: "deny", code: "gateway.unsure" });
      }
    },
  );
});

describe("arguments", () => {
  const checked = (says: string | null) => {
    const asked: unknown[] = [];
    const resolved = granted("s", "t", {
      check: (value) => {
        asked.push(value);
        return says;
      },
    });
    return { asked, answer: checkArguments(toolFacts({ resolved })) };
  };

  test("without a schema pass, whatever they are", () => {
    expect(checkArguments(toolFacts())).toEqual({ kind: "allow", numbers: { bytes: 10 } });
  });

  test("that fit their schema pass, and are what it was asked about", () => {
    const { answer, asked } = checked(null);
    expect(answer).toEqual({ kind: "allow", numbers: { bytes: 10, schema: "fits" } });
    expect(asked).toEqual([{}]);
  });

  test.each([
    ["/arguments/table must be one of a, b.", "/arguments/table", "must be one of a, b."],
    ["/arguments must have table.", "/arguments", "must have table."],
    ["/arguments/a/0 must\nbe short.", "/arguments/a/0", "must\nbe short."],
    ["they are too many.", "/arguments", "they are too many."],
  ])("that do not fit are refused, with where and what: %j", (says, at, wrong) => {
    const facts = { tool: "t", at, wrong };
    expect(checked(says).answer).toEqual({ kind: "deny", code: "manifest.arguments", facts });
  });

  test("are not quoted at any length", () => {
    const long = `/arguments/${"p".repeat(5_000)} must be ${"x".repeat(5_000)}`;
    const { answer } = checked(long);
    if (answer.kind !== "deny") throw new Error("passed");
    for (const fact of Object.values(answer.facts)) {
      expect(String(fact).length).toBeLessThanOrEqual(200);
    }
    expect(answer.facts.at).toMatch(/^\/arguments\/p+…$/);
    expect(answer.facts.wrong).toMatch(/^must be x+…$/);
  });

  test.each([100, 101, Number.NaN])(
    "of %d bytes pass only up to the limit, before the schema",
    (bytes) => {
      let asked = 0;
      const check = () => {
        asked += 1;
        return null;
      };
      const answer = checkArguments(
        toolFacts({ ask: toolAsk({ bytes }), resolved: granted("s", "t", { check }) }),
      );
      if (bytes === 100) expect([answer.kind, asked]).toEqual(["allow", 1]);
      else {
        const facts = { limit: "max_arguments_bytes", max: 100, got: bytes };
        expect(answer).toEqual({ kind: "deny", code: "request.too-large", facts });
        expect(asked).toBe(0);
      }
    },
  );
});

describe("a tool that is pinned", () => {
  const PIN = `sha256:${"a".repeat(64)}`;
  const OTHER = `sha256:${"b".repeat(64)}`;
  const resolved = granted("s", "t", { pin: PIN });

  test("passes as it was reviewed", () => {
    const facts = toolFacts({ resolved, offered: { kind: "known", pin: PIN } });
    expect(grantTool(facts).kind).toBe("allow");
    expect(offeredNow(facts)).toEqual({ kind: "allow", numbers: { pin: "sha256:aaaaaaaaaaaa" } });
  });

  test.each([
    [OTHER, "sha256:bbbbbbbbbbbb"],
    [null, "not offered"],
  ])("is refused when its server offers %s", (pin, now) => {
    const facts = toolFacts({ resolved, offered: { kind: "known", pin } });
    expect(grantTool(facts)).toEqual({
      kind: "deny",
      code: "manifest.changed",
      facts: { tool: "t", tool_server: "s", pin: "sha256:aaaaaaaaaaaa", now },
    });
  });

  test.each([{ kind: "unknown" } as const, null])(
    "waits with a paused agent, and is else refused, when nobody knows (%j)",
    (offered) => {
      const facts = toolFacts({ resolved, offered });
      expect(grantTool(facts).kind).toBe("allow");
      expect(offeredNow(facts)).toMatchObject({ kind: "deny", code: "provider.unreachable" });
      expect(admitTool(facts, { purses: [] }).verdict).toMatchObject({
        code: "provider.unreachable",
      });
      const clutch = { state: "disengaged", review: "r-1", since: 0 } as const;
      expect(admitTool({ ...facts, clutch }, { purses: [] }).verdict.kind).toBe("park");
    },
  );

  test("that is not pinned is not asked about", () => {
    expect(offeredNow(toolFacts())).toEqual({ kind: "allow", numbers: {} });
  });
});

describe("what a pin is the hash of", () => {
  const RAW = { name: "t", description: "Does.", inputSchema: { type: "object", a: 1 } };
  const text = pinText({ server: "s", tool: "t" }, RAW);

  test("is the same in another order of keys, and whatever else a server tells", () => {
    const told = { ...RAW, inputSchema: { a: 1, type: "object" }, title: "T" };
    expect(pinText({ tool: "t", server: "s" }, told)).toBe(text);
  });

  test.each([
    [{ server: "s2", tool: "t" }, RAW],
    [{ server: "s", tool: "t2" }, RAW],
    [
      { server: "s", tool: "t" },
      { ...RAW, description: "Does " },
    ],
    [
      { server: "s", tool: "t" },
      { name: "t", inputSchema: RAW.inputSchema },
    ],
    [
      { server: "s", tool: "t" },
      { ...RAW, inputSchema: { type: "object", a: "1" } },
    ],
  ])("is another one for %j, %j", (id, raw) => {
    expect(pinText(id, raw)).not.toBe(text);
  });

  test("is nothing where the schema is nested without end", () => {
    let inputSchema = {};
    for (let depth = 0; depth < 100; depth += 1) inputSchema = { not: inputSchema };
    expect(pinText({ server: "s", tool: "t" }, { inputSchema })).toBeNull();
  });
});
