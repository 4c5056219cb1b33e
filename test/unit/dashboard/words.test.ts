import { describe, expect, test } from "vitest";
import { decisionName, KINDS, lineOf, WAITS } from "../../../dashboard/words/entries.ts";
import { fold } from "../../../dashboard/words/fold.ts";
import { about, amount, cap, larger, share, sum, usd } from "../../../dashboard/words/money.ts";
import { bytes, count, counted, percent } from "../../../dashboard/words/numbers.ts";
import { clock, day, duration, moment } from "../../../dashboard/words/time.ts";
import { isAgain } from "../../../src/guards/clutch/waits.ts";
import { DENIALS, type DenialCode } from "../../../src/guards/verdict.ts";
import { EVENT_KINDS } from "../../support/event-kinds.ts";

const NOW = Date.parse("2026-11-17T03:11:20Z");

describe("money", () => {
  test("of an estimate has no cents from $20 on, and is never less", () => {
    expect(about("usd", "7157.21")).toBe("$7,158");
    expect(about("usd", "16.391")).toBe("$16.40");
    expect(about("usd", "0.3472")).toBe("$0.348");
    expect(about("tokens", "1240")).toBe("1,240 tokens");
  });

  test("is larger by its value, not by its text", () => {
    expect(larger("9.5", "12")).toBe("12");
    expect(larger("0.3", "0.3")).toBe("0.3");
  });

  test.each([
    ["0", "$0.00"],
    ["0.0021", "$0.0021"],
    ["0.348", "$0.348"],
    ["0.35", "$0.35"],
    ["34.8", "$34.80"],
    ["1240", "$1,240.00"],
    ["9999.99", "$9,999.99"],
    ["106800.5", "$106,801"],
    ["0.0000025", "$0.0000025"],
    ["0.000000001", "$0.000000001"],
  ])("%s is shown as %s", (text, shown) => {
    expect(usd(text)).toBe(shown);
  });

  test("that was spent is rounded up, and that is left is rounded down", () => {
    expect(usd("3.132", "up")).toBe("$3.14");
    expect(usd("3.139", "down")).toBe("$3.13");
    expect(usd("0.3481", "up")).toBe("$0.349");
    expect(usd("-0.005", "down")).toBe("-$0.0050");
    expect(usd("-1.001", "down")).toBe("-$1.01");
  });

  test("of a limit has no cents that nobody wrote", () => {
    expect(cap("8000")).toBe("$8,000");
    expect(cap("0.5")).toBe("$0.50");
  });

  test("stays exact: a sum of a thousand thirds of a cent is right to the last place", () => {
    expect(sum(new Array(1_000).fill("0.003333333"))).toBe("3.333333");
    expect(sum(["9007199254740993", "0.000000001"])).toBe("9007199254740993.000000001");
  });

  test("that is none is shown as it came", () => {
    expect(usd("NaN")).toBe("$NaN");
    expect(share("1", "0")).toBe(0);
  });

  test("is only one of the units", () => {
    expect(amount("tokens", "1240000")).toBe("1,240,000 tokens");
    expect(amount("usd", "5", "down")).toBe("$5.00");
  });
});

describe("times", () => {
  test.each([
    [0, "0 s"],
    [52_900, "52 s"],
    [218_000, "3 min 38 s"],
    [180_000, "3 min"],
    [17_580_000, "4 h 53 min"],
    [90_000_000, "1 day 1 h"],
    [1_130_000_000, "13 days 1 h"],
    [-5, "0 s"],
  ])("%i ms are %s", (ms, shown) => {
    expect(duration(ms)).toBe(shown);
  });

  test("of another day have their date, of another year that too", () => {
    expect(moment("2026-11-17T03:07:42.911Z", NOW)).toBe("03:07:42 UTC");
    expect(moment("2026-11-16T22:17:41.000Z", NOW)).toBe("16 Nov 22:17:41 UTC");
    expect(day("2025-12-01T00:00:00.000Z", NOW)).toBe("1 Dec 2025");
    expect(clock("2026-11-17T00:00:00.000Z")).toBe("00:00:00");
  });
});

test("numbers have units, and shares are of something", () => {
  expect(count(1_000_000)).toBe("1,000,000");
  expect(counted(1, "call")).toBe("1 call");
  expect(counted(2, "entry", "entries")).toBe("2 entries");
  expect(bytes(4_100)).toBe("4.1 kB");
  expect(bytes(212)).toBe("212 bytes");
  expect(percent(8, 9)).toBe("88.9 %");
  expect(percent(0, 0)).toBe("none");
});

describe("the journal", () => {
  test("is read in words for every kind of event there is", () => {
    expect([...KINDS].sort()).toEqual([...EVENT_KINDS].sort());
  });

  test("shows a kind of a later version by its own name", () => {
    const line = lineOf({ kind: "clutch.polished", event: { agent: "support" } });
    expect(line).toMatchObject({ verdict: "note", word: "clutch.polished", about: "support" });
  });

  test("knows which refusals only wait, as the gateway does", () => {
    const codes = Object.keys(DENIALS) as DenialCode[]; // its own table
    expect([...WAITS].sort()).toEqual(codes.filter(isAgain).sort());
  });

  test("says what a refusal was refused with, and what a settled call has cost", () => {
    const asked = { tool: "echo", server: "desk" };
    expect(lineOf({ kind: "call.refused", event: { asked, code: "budget.exhausted" } })).toEqual({
      ...{ verdict: "deny", word: "Denied", about: "echo", detail: "budget.exhausted" },
      costUsd: null,
    });
    expect(lineOf({ kind: "call.refused", event: { asked, code: "clutch.parked" } })).toEqual({
      ...{ verdict: "park", word: "Waits", about: "echo", detail: "told clutch.parked" },
      costUsd: null,
    });
    const event = { asked, outcome: "fault", fault: "timeout", charged_usd: "0.348" };
    expect(lineOf({ kind: "call.settled", event })).toEqual({
      ...{
        verdict: "allow",
        word: "Allowed, failed:",
        about: "echo",
        detail: "no answer, timeout",
      },
      costUsd: "0.348",
    });
  });

  test("knows a decision by the name of what it did", () => {
    expect(decisionName("did_not_run")).toBe("it did not run");
    expect(decisionName("sing")).toBe("sing");
  });
});

describe("calls that follow each other", () => {
  const call = (position: number, digest: string, outcome = "ok") => ({
    ...{ position, decision: `d-${position}`, agent: "support", task: "t" },
    at: `2026-11-17T03:07:0${position}.000Z`,
    kind: "call.settled",
    event: { asked: { tool: "echo", digest }, outcome, charged_usd: "0.1" },
  });

  test("fold into one row when they are the same, with the sum of what they cost", () => {
    const [row, ...more] = fold([call(3, "a"), call(2, "a"), call(1, "a")]);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ times: 3, costUsd: "0.3", first: "2026-11-17T03:07:01.000Z" });
    expect(row?.entry.position).toBe(3);
  });

  test("stay apart when anything of them differs", () => {
    const rows = fold([call(4, "a"), call(3, "b"), call(2, "a"), call(1, "a", "fault")]);
    expect(rows.map(({ times }) => times)).toEqual([1, 1, 1, 1]);
  });
});
