/** In a process of its own, for the sizes of a heap are those of its whole process. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";
import { YOUNG_BYTES_MAX } from "../../../src/compose/young-generation.ts";

const SOURCE = path.join(import.meta.dirname, "../../../src/compose/young-generation.ts");

/** Much that lives for a while and then dies, with turns of the event loop in between. */
const PROGRAM = `
  import { setImmediate as turn } from "node:timers/promises";
  import { getHeapSpaceStatistics } from "node:v8";
  const { boundYoungGeneration } = await import(process.argv[1]);
  if (process.argv[2] === "bounded") boundYoungGeneration();
  const young = () =>
    getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size;
  const kept = [];
  let most = 0;
  for (let round = 0; round < 2_000; round += 1) {
    kept[round % 200] = Array.from({ length: 500 }, (_, index) => ({ index, text: "x" + index }));
    most = Math.max(most, young());
    await turn();
  }
  console.log(most);
`;

function most(how: "bounded" | "unbounded"): number {
  const args = ["--input-type=module", "--eval", PROGRAM, SOURCE, how];
  const { stderr, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stderr).toBe("");
  return Number(stdout);
}

test("the young generation grows to its size and no further", () => {
  expect(most("bounded")).toBeGreaterThanOrEqual(YOUNG_BYTES_MAX);
  expect(most("bounded")).toBeLessThan(1.5 * YOUNG_BYTES_MAX);
});

test("which it would pass by itself", () => {
  expect(most("unbounded")).toBeGreaterThan(1.5 * YOUNG_BYTES_MAX);
});
