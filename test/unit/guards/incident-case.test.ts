import { describe, expect, test } from "vitest";
import { type BreakerRule, DEFAULT_RULES } from "../../../src/guards/breaker/rules.ts";
import type { CaseCall } from "../../../src/guards/incident/call.ts";
import { type Rules, testCase, unheldIn } from "../../../src/guards/incident/case.ts";
import {
  type CasePolicies,
  decidedOf,
  momentsOf,
  NO_POLICIES,
} from "../../../src/guards/incident/policies.ts";
import type { PolicySaid, PolicyVerdict } from "../../../src/guards/policy/said.ts";
import type { GrantedTool } from "../../../src/guards/tool/tool.ts";
import { limits, manifest } from "./scenes.ts";
import { granted, grants } from "./tool-scenes.ts";

const START = Date.UTC(2026, 0, 31, 9);
const SECOND = 1_000;

const STUCK: BreakerRule = {
  ...{ signal: "identical_calls", name: "stuck", above: 3, sameResult: true },
  ...{ windowMs: 600_000, action: "trip" },
};
const SURGE: BreakerRule = {
  ...{ signal: "calls_per_tool", name: "surge", above: { kind: "value", value: 10 } },
  ...{ windowMs: 60_000, forMs: 0, atLeast: 1, action: "trip" },
};

function call(no: number, changes: Partial<CaseCall> = {}): CaseCall {
  return {
    at: START + no * SECOND,
    task: "t-1",
    what: tool(),
    ...{ verdict: "allowed", code: null, outcome: "ok", result: "same", charged: 0 },
    ...{ runaway: no, isToStop: false },
    ...changes,
  };
}

function tool(changes: Partial<Extract<CaseCall["what"], { kind: "tool" }>> = {}) {
  const what = { kind: "tool", server: "s", tool: "t", digest: "d", bytes: 10 } as const;
  return { ...what, arguments: { n: 12 }, ...changes };
}

/** So many calls of the runaway, one a second, which is to be stopped by one of them. */
function runaway(calls: number, by: number, changes: Partial<CaseCall> = {}) {
  return Array.from({ length: calls }, (_, index) => {
    return call(index + 1, { isToStop: index + 1 >= by, ...changes });
  });
}

function rules(of: Partial<GrantedTool> = {}, breakers: readonly BreakerRule[] = []): Rules {
  return {
    manifest: manifest({ tools: grants([granted("s", "t", of)]) }),
    breakers,
    policies: NO_POLICIES,
  };
}

const tested = (calls: readonly CaseCall[], by: Rules) => {
  const result = testCase({ agent: "a", calls }, by);
  const stop = result.kind === "empty" ? null : result.first;
  const goesOn = result.kind === "goes-on" ? result.call.runaway : null;
  return { kind: result.kind, goesOn, at: stop?.call.runaway ?? null, by: stop?.by ?? null };
};

describe("a breaker", () => {
  test("stops the calls that come at the trip or after it, and none before", () => {
    const trips = { kind: "tripped", rule: "stuck", says: expect.stringContaining("4 times") };
    expect(tested(runaway(6, 4), rules({}, [STUCK]))).toEqual({
      ...{ kind: "stopped", goesOn: null, at: 4, by: trips },
    });
    expect(tested(runaway(6, 3), rules({}, [STUCK]))).toEqual({
      ...{ kind: "goes-on", goesOn: 3, at: 4, by: trips },
    });
  });

  test("that only alerts stops nobody", () => {
    const alerts = rules({}, [{ ...STUCK, action: "alert" }]);
    expect(tested(runaway(6, 4), alerts)).toMatchObject({ kind: "goes-on", at: null });
  });

  test("is told nothing of what came after the call", () => {
    // All twelve within one second: by its end there were more than ten of them.
    const burst = runaway(12, 8, { at: START });
    expect(tested(burst, rules({}, [SURGE]))).toMatchObject({ kind: "goes-on", goesOn: 8 });
    const later = burst.map((one) => ({ ...one, isToStop: one.runaway === 12 }));
    expect(tested(later, rules({}, [SURGE]))).toMatchObject({ kind: "stopped" });
  });

  test("that trips before anything was wrong has not stopped it", () => {
    const before = runaway(4, 9, { runaway: null, result: "other" });
    const after = runaway(3, 2).map((one) => ({ ...one, at: one.at + 3_600_000 }));
    expect(tested([...before, ...after], rules({}, [STUCK]))).toMatchObject({
      ...{ kind: "goes-on", goesOn: 2, at: null },
    });
  });

  test("goes by what the manifest says of the tool", () => {
    const loose = { ...STUCK, above: 100 } as BreakerRule;
    expect(tested(runaway(6, 3), rules({ repeatsMax: 2 }, [loose]))).toMatchObject({
      ...{ kind: "stopped", at: 3 },
    });
    const usual: BreakerRule = {
      ...{ signal: "calls_per_tool", name: "surge", windowMs: 60_000, forMs: 0, atLeast: 5 },
      ...{ above: { kind: "average", times: 5, overMs: 3_600_000 }, action: "trip" },
    };
    // Where too little is known of what is usual the line is the floor, or the rate limit.
    expect(tested(runaway(9, 7), rules({}, [usual]))).toMatchObject({ kind: "stopped" });
    const rateLimit = { requests: 100, perMs: 60_000 };
    expect(tested(runaway(9, 7), rules({ rateLimit }, [usual]))).toMatchObject({ kind: "goes-on" });
  });

  test("that the case says too little for is named, and stops nothing", () => {
    const spike = DEFAULT_RULES.filter(({ name }) => name === "token-spike");
    const trips = spike.map((rule): BreakerRule => ({ ...rule, action: "trip" }));
    const one = { agent: "a", calls: runaway(6, 4) };
    expect(unheldIn(one, rules({}, trips))).toEqual([
      { rule: "token-spike", because: expect.stringContaining("before the file began") },
    ]);
    expect(unheldIn(one, rules({}, [STUCK]))).toEqual([]);
    expect(testCase(one, rules({}, trips)).kind).toBe("goes-on");
    // Of equal results nothing is known: they may all have been different.
    const unknown = runaway(6, 4, { result: null });
    expect(tested(unknown, rules({}, [STUCK]))).toMatchObject({ kind: "goes-on", at: null });
  });
});

describe("a guard", () => {
  const is = (code: string) => ({ kind: "denied", code });

  test("stops each call by itself: one that it lets go is not stopped by the others", () => {
    const check = (given: unknown) => (JSON.stringify(given).includes("12") ? "too long" : null);
    const some = runaway(4, 2);
    expect(tested(some, rules({ check }))).toMatchObject({
      ...{ kind: "stopped", at: 1, by: is("manifest.arguments") },
    });
    const other = call(3, { isToStop: true, what: tool({ arguments: { n: 1 } }) });
    expect(tested(some.with(2, other), rules({ check }))).toMatchObject({
      ...{ kind: "goes-on", goesOn: 3, at: 1 },
    });
  });

  test("asks nothing of arguments that nobody knows, and of the tool all the same", () => {
    const unknown = runaway(4, 2, { what: tool({ arguments: null }) });
    const resource = [
      { kind: "attributes", type: "db", pointers: new Map([["table", "/arguments/table"]]) },
    ] as const;
    const byArguments = { check: () => "wrong", approval: () => null, resource };
    expect(tested(unknown, rules(byArguments))).toMatchObject({ kind: "goes-on", at: null });
    expect(tested(unknown, rules({ approval: "always" }))).toMatchObject({
      ...{ kind: "stopped", by: { kind: "approval" } },
    });
    expect(tested(unknown, rules({ effect: "write" }))).toMatchObject({
      by: is("manifest.read-only"),
    });
    const none = { ...rules(), manifest: manifest({ tools: grants([]) }) };
    expect(tested(unknown, none)).toMatchObject({ by: is("manifest.unknown-tool") });
  });

  test("of a rate limit counts what was sent, and no more than fits into its time", () => {
    const exceeded = { kind: "stopped", at: 4, by: is("rate-limit.exceeded") };
    const limited = rules({ rateLimit: { requests: 3, perMs: 3_600_000 } });
    expect(tested(runaway(6, 4), limited)).toMatchObject(exceeded);
    const slow = runaway(6, 4).map((one) => ({ ...one, at: START + one.at * 3_600 }));
    expect(tested(slow, limited)).toMatchObject({ kind: "goes-on", at: null });
    // What was refused then has used up nothing, so the first that is one too many is the fifth.
    const refused = runaway(6, 5).with(0, call(1, { verdict: "refused", code: "tool.busy" }));
    expect(tested(refused, limited)).toMatchObject({ ...exceeded, at: 5 });
  });

  test("lets an observed agent go, and refuses a model that is not granted", () => {
    const models = runaway(2, 1, { what: { kind: "model", model: "m" } });
    const few = manifest({ models: new Map([["other", limits()]]) });
    const by = { manifest: few, breakers: [], policies: NO_POLICIES };
    expect(tested(models, by)).toMatchObject({ by: is("model.not-granted") });
    const observed = { ...by, manifest: { ...few, observing: true } };
    expect(tested(models, observed)).toMatchObject({ kind: "goes-on" });
    expect(tested(models, { ...by, manifest: manifest({}) })).toMatchObject({
      kind: "goes-on",
    });
  });
});

test("a case that expects nothing passes nowhere", () => {
  expect(tested(runaway(9, 10), rules({}, [STUCK]))).toMatchObject({ kind: "empty" });
});

test("what only waited is told to no breaker: it is stopped by the trip that was before it", () => {
  const waited = runaway(9, 4).map((one) => {
    return (one.runaway ?? 0) > 3 ? { ...one, verdict: "parked" as const, result: null } : one;
  });
  expect(tested(waited, rules({}, [STUCK]))).toMatchObject({ kind: "goes-on", goesOn: 4 });
  const few: BreakerRule = { ...SURGE, above: { kind: "value", value: 4 } };
  expect(tested(waited, rules({}, [few]))).toMatchObject({ kind: "goes-on", at: null });
  const tight = { ...STUCK, above: 2 } as BreakerRule;
  expect(tested(waited, rules({}, [tight]))).toMatchObject({ kind: "stopped", at: 3 });
});

describe("a policy", () => {
  const verdict = (changes: Partial<PolicyVerdict> = {}): PolicyVerdict => ({
    ...{ policy: "p", verdict: "allow", reasons: [], because: null, about: null },
    ...{ tell: false, outputMax: null },
    ...changes,
  });
  const denies = verdict({ verdict: "deny", reasons: ["too often"] });
  const parks = verdict({ verdict: "park", reasons: ["look", "at it"] });
  const undefinedOne = verdict({ verdict: "deny", because: "it is undefined" });

  /** What is said from this call on. */
  const said = (calls: readonly CaseCall[], from: number, one: PolicyVerdict): CasePolicies => ({
    ...NO_POLICIES,
    said: new Map(calls.map((each, no) => [each, [no + 1 < from ? verdict() : one]])),
  });

  const models = runaway(4, 3, { what: { kind: "model", model: "m" } });

  test.each([
    ["a tool", runaway(4, 3)],
    ["a model", models],
  ])("stops calls of %s by what it said of each, in its words", (_, calls) => {
    const denied = { ...rules(), policies: said(calls, 3, denies) };
    expect(tested(calls, denied)).toEqual({
      ...{ kind: "stopped", goesOn: null, at: 3 },
      by: { kind: "denied", code: "policy.denied", because: "p: too often" },
    });
    expect(tested(calls, { ...rules(), policies: said(calls, 4, denies) })).toMatchObject({
      ...{ kind: "goes-on", goesOn: 3, at: 4 },
    });
    const parked = { ...rules(), policies: said(calls, 1, parks) };
    expect(tested(calls, parked)).toMatchObject({
      ...{ kind: "stopped", at: 1, by: { kind: "approval", because: "look; at it" } },
    });
    const { manifest: own } = rules();
    const observed = { ...denied, manifest: { ...own, observing: true } };
    expect(tested(calls, observed)).toMatchObject({ kind: "goes-on", at: null });
  });

  test("is told of the calls of the task that went out before, and how long it is at work", () => {
    const other = call(2, { task: "t-2" });
    const refused = call(3, { verdict: "refused", code: "tool.busy" });
    const calls = [call(1), other, refused, call(4), call(6)];
    const told = [...momentsOf(calls).values()].map(({ task }) => [
      task.id,
      task.calls,
      task.age_seconds,
    ]);
    expect(told).toEqual([
      ["t-1", 0, 0],
      ["t-2", 0, 0],
      ["t-1", 1, 2],
      ["t-1", 1, 3],
      ["t-1", 2, 5],
    ]);
    expect(momentsOf(calls).get(refused)?.time).toBe("2026-01-31T09:00:03.000Z");
  });

  test("of a model counts where it gave a reason, or knew enough of another call", () => {
    const [first, second, third, fourth] = models;
    if (!first || !second || !third || !fourth) throw new Error("there are four");
    const never = verdict({ ...undefinedOne, policy: "never" });
    const answers = new Map<CaseCall, PolicySaid>([
      [first, [verdict(), never]],
      [second, [undefinedOne]],
      [third, [denies, never]],
      [fourth, [verdict({ ...parks, policy: "never" })]],
    ]);
    const { said: decided, undecided } = decidedOf(answers);
    expect([...decided.values()]).toEqual([
      [verdict()],
      [undefinedOne],
      [denies],
      [verdict({ ...parks, policy: "never" })],
    ]);
    expect(undecided).toBe(2);
  });
});
