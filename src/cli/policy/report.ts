/** What the tests of policies came to, for people. */
import { clean, cleanLines, type Paint } from "../paint.ts";
import { type Coverage, rowsText } from "./coverage.ts";
import { placeOf } from "./problems.ts";
import type { Ended, Outcome, TestCase } from "./test-rules.ts";

export type Tested = Pick<TestCase, "file" | "row"> & Ended;

export interface Told {
  readonly where: string;
  readonly tested: readonly Tested[];
  readonly coverage: Coverage | null;
  readonly threshold: number | null;
}

export interface How {
  readonly paint: Paint;
  /** Also those that passed. */
  readonly verbose: boolean;
}

export function reportLines(told: Told, how: How): readonly string[] {
  const { coverage, tested, threshold, where } = told;
  const tests = tested.flatMap((one) => testLines(one, how));
  const covered = coverage === null ? [] : coverageLines(coverage, threshold);
  if (tested.length === 0) {
    return [...covered, `${where}: no test was found: that is no answer.`];
  }
  const count = (kind: Outcome["kind"]) =>
    tested.filter(({ outcome }) => outcome.kind === kind).length;
  const counts = [
    `${count("pass")} passed`,
    `${count("fail")} failed`,
    `${count("error")} ended with an error`,
    `${count("skip")} skipped`,
  ];
  return [...tests, ...covered, `${where}: ${counts.join(", ")}.`];
}

function testLines({ file, name, outcome, output, row }: Tested, how: How): readonly string[] {
  const { paint, verbose } = how;
  const place = placeOf({ file, row, col: null });
  const line = (mark: string, says: string) => `${mark}  ${clean(`${place}  ${name}${says}`)}`;
  const printed = output.flatMap(cleanLines).map((text) => `        ${paint("dim", text)}`);
  switch (outcome.kind) {
    case "pass":
      return verbose ? [line(paint("green", "ok    "), ""), ...printed] : [];
    case "skip":
      return [line(paint("yellow", "skip  "), "")];
    case "fail":
      return [line(paint("red", "FAILED"), `: ${outcome.because}`), ...printed];
    case "error": {
      const at = outcome.at === undefined ? "" : ` at ${placeOf(outcome.at)}`;
      const says = `: ${outcome.code}${at}: ${outcome.message}`;
      return [line(paint("red", "ERROR "), says), ...printed];
    }
  }
}

function coverageLines({ files, percent }: Coverage, threshold: number | null): readonly string[] {
  const lines = files.map(({ file, not_covered: missed, percent: own }) => {
    const rest = missed.length === 0 ? "" : `  not covered: ${rowsText(missed)}`;
    return clean(`${`${own} %`.padStart(7)}  ${file}${rest}`);
  });
  const isBelow = threshold !== null && percent < threshold;
  const verdict = isBelow ? `, which is below ${threshold} %` : "";
  return [...lines, `${percent} % of the lines of policies are covered${verdict}.`];
}
