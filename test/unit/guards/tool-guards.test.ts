/** The guards of a tool call: is it granted, may it write, do its arguments fit. */
import { describe, expect, test } from "vitest";
import { checkArguments } from "../../../src/guards/tool/arguments.ts";
import { effect } from "../../../src/guards/tool/effect.ts";
import { grantTool } from "../../../src/guards/tool/grant.ts";
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
