/** What the demo shows of its figures: on a terminal, in a file, and to programs. */
import { expect, test } from "vitest";
import { figuresJson, Meter, summary } from "../../../src/cli/demo-meter.ts";
import { type Bill, NOTHING } from "../../../src/demo/bills.ts";
import type { Figures } from "../../../src/demo/figures.ts";
import type { Moment } from "../../../src/demo/watch.ts";

const plain = (_style: string, text: string) => text;

function output(isTerminal: boolean) {
  const written: string[] = [];
  const write = (text: string) => {
    written.push(text);
  };
  return { written, meter: new Meter({ write, isTerminal, columns: 100 }, plain) };
}

function moment(elapsedMs: number, unguarded: Partial<Bill>, parked = 0): Moment {
  const standing = { clutch: "engaged", review: null, parked } as const;
  return { elapsedMs, unguarded: { ...NOTHING, ...unguarded }, guarded: NOTHING, standing };
}

const FIGURES: Figures = {
  unguarded: {
    ...NOTHING,
    calls: 802,
    nanoUsd: 18_898_400_000,
    nanoUsdPerDay: 64_786_834_200_000,
    solved: 2,
    agentErrors: 0,
  },
  guarded: {
    ...NOTHING,
    calls: 194,
    nanoUsd: 3_890_000_000,
    solved: 10,
    trippedAfterMs: 4_232,
    parked: 8,
    resumed: 8,
    lost: 0,
    agentErrors: 0,
  },
};

test("in a file it is a line a second, and none that says the same again", () => {
  const { meter, written } = output(false);
  const second = 1_000_000_000;
  for (let ms = 0; ms <= 2_000; ms += 250) meter.show(moment(ms, { calls: 1, nanoUsd: ms * 1e6 }));
  expect(written).toHaveLength(3);
  expect(written[2]).toMatch(/^ {2}2 s {2}unguarded calls 1, spent \$2\.00, a day \$86,400, /);
  meter.show(moment(60_000, { calls: 1, nanoUsd: 2 * second }, 8));
  meter.show(moment(62_000, { calls: 1, nanoUsd: 2 * second }, 8));
  meter.show(moment(64_000, { calls: 1, nanoUsd: 2 * second }, 8));
  expect(written.slice(3).map((line) => line.slice(0, 5))).toEqual([" 60 s", " 62 s"]);
});

test("on a terminal it is drawn anew in its place, and what is said stays above it", () => {
  const { meter, written } = output(true);
  meter.show(moment(0, { calls: 5 }));
  const block = written.join("");
  const lines = block.split("\n").length - 1;
  written.length = 0;
  meter.say("It trips.");
  const erased = "\u001b[1A\u001b[2K".repeat(lines);
  expect(written.join("")).toBe(`${erased}It trips.\n${block}`);
  written.length = 0;
  meter.show(moment(250, { calls: 6 }));
  expect(written.join("").startsWith(erased)).toBe(true);
});

test("for programs it is one line of numbers, as documented", () => {
  expect(JSON.parse(figuresJson(FIGURES))).toEqual({
    unguarded: { calls: 802, usd: 18.898, usd_per_day: 64_786.834 },
    guarded: {
      calls: 194,
      usd: 3.89,
      tripped_after_s: 4.23,
      parked: 8,
      resumed: 8,
      lost: 0,
      agent_errors: 0,
    },
  });
});

test("at the end it is a table", () => {
  expect(summary(FIGURES, { paint: plain, columns: 100 })).toBe(`
                              unguarded               guarded
calls made                          802                   194
dollars spent                    $18.90                 $3.89
dollars a day at that rate      $64,787  none: it stood still
tickets solved                  2 of 10              10 of 10
time to trip                          –                4.23 s
calls parked                          –                     8
calls resumed                         –                     8
calls lost                            –                     0
errors of the model's client          0                     0

`);
});
