/** Which calls a case has, which of them are the runaway, and from which on it is to be stopped. */
import { describe, expect, test } from "vitest";
import { caseOf, readCase } from "../../../src/config/incident-case.ts";
import { type CaseParts, caseView } from "../../../src/control/incident-case.ts";
import type { StoredEntry } from "../../../src/control/operations.ts";
import type { Event, ToolAsked } from "../../../src/guards/events.ts";
import { entriesOf, settled } from "../telemetry/rows.ts";
import { review } from "./operations.ts";

const TRIPPED = Date.UTC(2026, 0, 2);
const SECOND = 1_000;

interface Call {
  /** Seconds from the trip on. */
  readonly at: number;
  readonly kind?: "call.settled" | "call.refused" | "call.parked";
  /** Null: of a model. */
  readonly tool?: string | null;
  readonly digest?: string;
  readonly task?: string;
  readonly code?: string;
  readonly id?: string;
}

function entries(calls: readonly Call[]): readonly StoredEntry[] {
  return calls.flatMap(({ at, ...of }, no) => {
    const [entry] = entriesOf([eventOf(of, no)]);
    if (entry === undefined) throw new Error("an event is an entry");
    return [{ ...entry, position: no + 1, at: TRIPPED + at * SECOND }];
  });
}

function eventOf(call: Omit<Call, "at">, no: number): Event {
  const { code, digest = "d", id = `c-${no}`, kind = "call.settled", task = "t1" } = call;
  const { tool = "echo" } = call;
  const said = { ...settled(no), call: id, task, charged: 100_000_000, result: "r" };
  const by: ToolAsked["by"] = "mcp";
  const asked = { server: "desk", tool, by, digest, bytes: 12, attempt: 0 };
  const whole = { ...said, kind, ...(tool === null ? {} : { asked }), facts: {}, review: "r-1" };
  // `as`: each kind has its own fields, and the others are not read.
  return { ...whole, code: code ?? "tool.busy" } as Event;
}

const trip = (evidence: object) => {
  return review("r-1", { openedAt: TRIPPED, evidence: JSON.stringify(evidence) });
};
const STUCK = trip({
  ...{ rule: "stuck", server: "desk", tool: "echo", task: "t1" },
  numbers: { identical_calls: 9, limit: 8 },
});

function view(calls: readonly Call[], of = STUCK, parts: Partial<CaseParts> = {}) {
  const [before, since] = [calls.filter(({ at }) => at <= 0), calls.filter(({ at }) => at > 0)];
  return caseView(of, {
    before: { entries: entries(before), whole: true },
    // Positions and names of calls go on.
    since: {
      entries: entries(calls).filter((_, no) => no >= calls.length - since.length),
      whole: true,
    },
    ...{ inputs: [], by: null, withinMs: null },
    ...parts,
  });
}

const numbers = (of: ReturnType<typeof view>) =>
  of.calls.map(({ expect: is, runaway }) => (is === "stopped" ? `${runaway}!` : runaway));

describe("the runaway", () => {
  const calls: readonly Call[] = [
    { at: -9, digest: "other" },
    { at: -8, task: "t2" },
    { at: -7, tool: "save" },
    { at: -6, tool: null },
    { at: -5 },
    { at: -4, kind: "call.refused" },
    { at: 0 },
    { at: 1, kind: "call.parked" },
  ];

  test("of repeats is the one call of its task that was repeated, from what tripped it on", () => {
    expect(numbers(view(calls))).toEqual([null, null, null, null, 1, 2, "3!", "4!"]);
  });

  test("of a tool is all of its calls; of a task, or of the agent, all of theirs", () => {
    const ofTool = trip({ rule: "surge", server: "desk", tool: "echo", task: null, numbers: {} });
    expect(numbers(view(calls, ofTool))).toEqual([1, 2, null, null, 3, 4, "5!", "6!"]);
    const ofTask = trip({ rule: "idle", server: "desk", tool: "echo", task: "t1", numbers: {} });
    expect(numbers(view(calls, ofTask))).toEqual([1, null, 2, 3, 4, 5, "6!", "7!"]);
    const ofAgent = trip({ rule: "spend", server: "", tool: "", task: null, numbers: {} });
    expect(numbers(view(calls, ofAgent))).toEqual([1, 2, 3, 4, 5, 6, "7!", "8!"]);
  });

  test("is to be stopped where a person says so, by number or by time, and nowhere else", () => {
    expect(numbers(view(calls, STUCK, { by: 2 })).slice(4)).toEqual([1, "2!", "3!", "4!"]);
    expect(numbers(view(calls, STUCK, { withinMs: 1_500 })).slice(4)).toEqual([1, 2, "3!", "4!"]);
    expect(numbers(view(calls, STUCK, { withinMs: 5_000 })).slice(4)).toEqual([1, 2, 3, "4!"]);
    for (const wrong of [{ by: 5 }, { withinMs: 6_000 }]) {
      expect(() => view(calls, STUCK, wrong)).toThrow(/^(by|within): the runaway/);
    }
  });

  test("of which the journal knows nothing makes no case", () => {
    expect(() => view(calls.slice(1, 4))).toThrow("The journal has none of the calls");
  });
});

describe("a call", () => {
  test("stands there once: as it ended before the trip, or as it has waited since", () => {
    const told = view([
      { at: -3, id: "approved", kind: "call.parked" },
      { at: -2, id: "approved" },
      { at: 0 },
      { at: 1, id: "waits", kind: "call.parked" },
      { at: 9, id: "waits" },
    ]);
    expect(told.calls.map(({ verdict }) => verdict)).toEqual(["allowed", "allowed", "parked"]);
  });

  test("that came again while it could not go on is no call of its own", () => {
    const again = { kind: "call.refused", code: "clutch.parked" } as const;
    const told = view([{ at: 0 }, { at: 1, ...again }, { at: 2, kind: "call.parked" }]);
    expect(told.calls.map(({ verdict }) => verdict)).toEqual(["allowed", "parked"]);
  });

  test("says whether its arguments are there, and where they are too many they are left out", () => {
    const input = (digest: string, given: object | null) => {
      const said = { kind: "tool", digest, ...(given === null ? {} : { arguments: given }) };
      return { position: 1, at: TRIPPED, decision: "x", said: JSON.stringify(said) };
    };
    const calls = ["a", "b", "c", "d"].map((digest) => ({ at: 0, digest }));
    const inputs = [
      ...[input("a", null), input("a", { n: 1 }), input("none", { n: 9 })],
      ...[input("b", { text: "x".repeat(1_100_000) }), input("c", { n: 3 })],
    ];
    const told = view(calls, STUCK, { inputs });
    const is = (of: ReturnType<typeof view>) =>
      of.calls.map((one) => (one.kind === "tool" ? one.arguments : null));
    expect(is(told)).toEqual(["kept", "left_out", "kept", "not_kept"]);
    expect(told.inputs).toEqual({ a: { n: 1 }, c: { n: 3 } });
    const bare = view(calls, STUCK, { inputs: null });
    expect(is(bare)).toEqual(["left_out", "left_out", "left_out", "left_out"]);
    expect(bare.inputs).toEqual({});
  });
});

test("what is written is read again as it was, in the order of time, by hand too", () => {
  const file = view([{ at: -1 }, { at: 0, tool: null }, { at: 1, kind: "call.parked" }]);
  const text = JSON.stringify(file, null, 2);
  const read = readCase("case.json", text);
  expect(read).toEqual({ kind: "ok", file, read: caseOf(file) });
  const turned = { ...file, calls: file.calls.toReversed() };
  expect(caseOf(turned)).toEqual(caseOf(file));
  for (const [from, to, path] of [
    ['"version": 1', '"version": 2', "version"],
    ['"whole": true', '"whole": true, "more": 1', "more"],
    ['"verdict": "allowed"', '"verdict": "perhaps"', "calls[0].verdict"],
    ['"kind": "tool"', '"kind": "mail"', "calls[0]"],
  ] as const) {
    const wrong = readCase("case.json", text.replace(from, to));
    const issues = wrong.kind === "invalid" ? wrong.issues : [];
    expect(issues.map((issue) => [issue.path.startsWith(path), issue.line !== null])).toEqual([
      [true, true],
    ]);
  }
});
