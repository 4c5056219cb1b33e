/** Policies that agents ask themselves: which they may, and what of several answers holds. */
import { describe, expect, test } from "vitest";
import type { PolicyAnswer } from "../../../src/guards/policy/answer.ts";
import { askedAbout, exposedAt, saidOf, worstOf } from "../../../src/guards/policy/asked.ts";
import type { Binding, PolicyRules } from "../../../src/guards/policy/rules.ts";
import type { AskedVerdict } from "../../../src/guards/policy/said.ts";

function binding(name: string, more: Partial<Binding> = {}): Binding {
  return {
    ...{ name, path: ["a", "p"], on: "ask", resourceType: null, tell: false },
    ...{ expose: true, lenient: false, ...more },
  };
}

function rules(revision: string, bindings: readonly Binding[]): PolicyRules {
  const ask = async (): Promise<PolicyAnswer> => ({ kind: "undefined" });
  const digest = revision;
  return { digest, revision, bindings, timeoutMs: 50, ask, askOfRecords: null };
}

const TABLE = { type: "database", attributes: { table_name: "orders" } };

function names(policies: readonly PolicyRules[], resource: typeof TABLE | null = null) {
  const asked = askedAbout(resource, exposedAt(["a", "p"], policies));
  return "kind" in asked ? asked : asked.map(({ binding: { name } }) => name);
}

describe("what may be asked", () => {
  test("is what is exposed at exactly that path", () => {
    const all = rules("r", [
      binding("hidden", { expose: false }),
      binding("above", { path: ["a"] }),
      binding("below", { path: ["a", "p", "q"] }),
      binding("beside", { path: ["a", "P"] }),
      binding("joined", { path: ["a/p"] }),
    ]);
    expect(exposedAt(["a", "p"], [all])).toEqual([]);
    expect(names([rules("r", [...all.bindings, binding("it")])])).toEqual(["it"]);
    expect(exposedAt([], [all])).toEqual([]);
  });

  test("of each of the rules is one, and of two the one that errors stop", () => {
    const old = rules("old", [binding("lax", { lenient: true }), binding("strict")]);
    const now = rules("now", [binding("lax", { lenient: true })]);
    const silent = rules("silent", [binding("hidden", { expose: false })]);
    expect(names([now, silent, old])).toEqual(["lax", "strict"]);
  });

  test("about resources of one type is not asked without one", () => {
    const database = binding("tables", { resourceType: "database" });
    const one = rules("r", [database]);
    expect(names([one], TABLE)).toEqual(["tables"]);
    const no = { kind: "deny", code: "resource.underivable" };
    expect(names([one])).toMatchObject({
      ...no,
      facts: { at: "/input/resource", expected: "a resource of type database" },
    });
    expect(names([one], { ...TABLE, type: "file" })).toMatchObject(no);
    const either = rules("r", [database, binding("files", { resourceType: "file" })]);
    expect(names([either], { ...TABLE, type: "file" })).toEqual(["files"]);
    // What the newest rules would answer does not help what the older ones do not.
    expect(names([rules("now", [binding("any")]), one])).toMatchObject(no);
  });
});

describe("an answer is written down", () => {
  const said: readonly (readonly [PolicyAnswer, AskedVerdict, string | null])[] = [
    [{ kind: "value", value: true }, "allow", null],
    [{ kind: "value", value: false }, "deny", "it is false"],
    [{ kind: "value", value: { deny: ["one", "two"] } }, "deny", "one; two"],
    [{ kind: "value", value: { allow: true, park: ["ask ann"] } }, "park", "ask ann"],
    [{ kind: "value", value: ["a"] }, "deny", "it is a list, and neither a boolean nor an object"],
    [{ kind: "undefined" }, "undefined", null],
    [{ kind: "failed", code: "limit", because: "too long" }, "failed", "limit: too long"],
  ];
  test.each(said)("%j as %s, %j", (answer, verdict, because) => {
    expect(saidOf(answer, binding("b"))).toEqual({ verdict, because });
  });

  test("with no more words than a record holds", () => {
    const because = "x".repeat(5_000);
    const failed = saidOf({ kind: "failed", code: "error", because }, binding("b"));
    expect(failed.because).toHaveLength(1_000);
  });
});

describe("of several answers", () => {
  const worst = (...verdicts: readonly AskedVerdict[]) => {
    const answers = verdicts.map((verdict, no) => ({ no, said: { verdict, because: null } }));
    return worstOf(answers)?.no ?? null;
  };

  test("the worst holds, and of equal ones that of the newest rules", () => {
    expect(worst()).toBeNull();
    expect(worst("allow", "allow")).toBe(0);
    expect(worst("allow", "park")).toBe(1);
    expect(worst("park", "deny")).toBe(1);
    expect(worst("allow", "undefined")).toBe(1);
    expect(worst("deny", "undefined")).toBe(0);
    expect(worst("undefined", "deny")).toBe(0);
    expect(worst("deny", "failed")).toBe(1);
    expect(worst("failed", "deny")).toBe(0);
    expect(worst("failed", "failed")).toBe(0);
  });
});
