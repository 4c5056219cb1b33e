/** What is kept of very many agents as numbers is what the rules gave and will be given. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as cells from "../../../src/gateway/signals/cells.ts";
import { fingerprintOf } from "../../../src/gateway/signals/fingerprint.ts";
import { pack, unpack } from "../../../src/gateway/signals/packed.ts";
import { Runs, resultOf } from "../../../src/gateway/signals/runs.ts";
import { type Level, UNSEEN } from "../../../src/guards/breaker/level.ts";
import { DEFAULT_RULES, type StuckRule } from "../../../src/guards/breaker/rules.ts";
import { observe, type Run } from "../../../src/guards/breaker/stuck.ts";

const AT = 1_700_000_000_000;
const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 1e15 });
const numbers = fc.array(number, { maxLength: 60 });
const phase = fc.oneof(
  fc.constant({ kind: "calm" as const }),
  fc.record({
    kind: fc.constantFrom("rising" as const, "alarmed" as const),
    since: number,
    line: fc.record({ at: number, usual: fc.option(number) }),
  }),
);
const level: fc.Arbitrary<Level> = fc.record({
  seenAt: number,
  history: fc.record({
    last: number,
    counts: numbers,
    besides: fc.option(numbers),
    suspects: numbers,
  }),
  recent: fc.array(fc.record({ start: number, count: number, beside: number }), { maxLength: 61 }),
  phase,
});

describe("a level", () => {
  test("comes back as it was packed, also into the numbers of another", () => {
    fc.assert(
      fc.property(level, level, (one, other) => {
        const first = pack(one, null);
        expect(unpack(first)).toEqual(one);
        expect(unpack(pack(other, first))).toEqual(other);
      }),
    );
  });

  test("that changes little stays where it is", () => {
    const first = pack({ ...UNSEEN, seenAt: AT }, null);
    expect(pack({ ...UNSEEN, seenAt: AT + 1 }, first)).toBe(first);
  });
});

describe("cells", () => {
  test("of two pieces are kept; with a third the one that was begun first goes", () => {
    const all: cells.Cells = [];
    for (const minute of [0, 1, 0, 2]) {
      for (const what of ["calls", "errors"] as const) {
        const row = cells.cellOf(all, minute, what);
        cells.write(all, row, cells.OWN, cells.read(all, row, cells.OWN) + 1);
      }
    }
    const seen = [...cells.rowsIn(all)].map((row) => [
      cells.startOf(all, row),
      cells.whatOf(all, row),
      cells.read(all, row, cells.OWN),
    ]);
    expect(seen).toEqual([
      [1, "calls", 1],
      [1, "errors", 1],
      [2, "calls", 1],
      [2, "errors", 1],
    ]);
    expect(cells.findCell(all, 0, "calls")).toBeNull();
  });
});

const STUCK = DEFAULT_RULES.find(({ signal }) => signal === "identical_calls") as StuckRule;
const CALL = { agent: "a", task: "t", server: "s", tool: "x", repeatsMax: null, elsewhere: [] };

describe("runs", () => {
  test("are to the rule what they would be if all of each were kept", () => {
    const call = fc.record({
      digest: fc.constantFrom("one", "two", "three"),
      result: fc.constantFrom("r", "q", null),
      sameResult: fc.boolean(),
      waitMs: fc.constantFrom(0, 1, 1_000, 11_000, 500_000, 700_000),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), fc.boolean(), (calls, sameResult) => {
        const rule = { ...STUCK, above: 3, sameResult };
        const [runs, plain] = [new Runs(), new Map<string, Run>()];
        let now = AT;
        for (const { digest, result, waitMs } of calls) {
          now += waitMs;
          const event = { ...CALL, digest, result: resultOf(result) };
          const expected = observe(plain.get(digest) ?? null, rule, event, now);
          const found = observe(runs.get(digest, rule), rule, event, now);
          expect(found).toEqual(expected);
          const [[run], [kept]] = [expected, found];
          if (run !== null) plain.set(digest, run);
          if (kept !== null) runs.set(digest, kept);
          if (waitMs > 10_000) runs.prune(now - rule.windowMs);
          for (const [name, one] of plain)
            if (one.lastAt <= now - rule.windowMs) plain.delete(name);
          for (const [name, one] of plain) expect(runs.get(name, rule)).toEqual(one);
        }
      }),
    );
  });

  test("are the newest 128, whether of one call or of more", () => {
    const runs = new Runs();
    const seen = (no: number, lastAt: number, calls: number) => {
      runs.set(`run ${no}`, { result: "1", lastAt, calls: [{ start: lastAt, calls }] });
    };
    for (let no = 0; no < 200; no += 1) seen(no, no, 1 + (no % 2));
    seen(72, 200, 1);
    seen(201, 201, 1);
    const known = (no: number) => runs.get(`run ${no}`, STUCK) !== null;
    const missing = Array.from({ length: 202 }, (_, no) => no).filter((no) => !known(no));
    const until72 = Array.from({ length: 72 }, (_, no) => no);
    expect(missing).toEqual([...until72, 73, 200]);
  });

  test("give everything back with the window, and not before", () => {
    const runs = new Runs();
    for (const calls of [1, 2])
      runs.set(`${calls}`, { result: null, lastAt: 5, calls: [{ start: 0, calls }] });
    expect([runs.prune(4), [...runs.names()]]).toEqual([true, ["2"]]);
    expect([runs.prune(5), [...runs.names()], runs.get("1", STUCK)]).toEqual([false, [], null]);
  });

  test("know results apart by numbers that are whole, and the same for the same text", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        expect(fingerprintOf(one) === fingerprintOf(other)).toBe(one === other);
        expect(Number.isSafeInteger(fingerprintOf(one))).toBe(true);
      }),
    );
    const many = Array.from({ length: 200_000 }, (_, no) => fingerprintOf(`t\0desk\0echo\0${no}`));
    expect(new Set(many).size).toBe(many.length);
  });
});
