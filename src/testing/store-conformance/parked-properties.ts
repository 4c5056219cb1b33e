import fc from "fast-check";
import { test } from "vitest";
import type { Stores } from "./kit.ts";
import { beginParking, type ParkingStep } from "./parked-model.ts";

const RUNS = 40;
const STEPS_MAX = 35;

const index = fc.nat({ max: 7 });
const off = fc.constantFrom(0, 0, 0, 0, -1, 1);

function kind<Kind extends string>(...names: readonly Kind[]) {
  return fc.constantFrom(...names);
}

const step: fc.Arbitrary<ParkingStep> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: kind("park"), holder: index, call: index }) },
  { weight: 5, arbitrary: fc.record({ kind: kind("claim"), holder: index, call: index }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: kind("unclaim", "answer"), holder: index, call: index, off }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kind("detach", "attach"), holder: index, call: index }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind("trip"), holder: index }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("fence"), holder: index }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kind("catch-up"),
      holder: index,
      call: fc.option(index),
      behind: fc.constantFrom(0, 0, 1),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind("decide"),
      decision: kind("resume", "probe", "approve", "deny", "end", "calm", "ran", "did_not_run"),
      call: index,
    }),
  },
);

/** Everything that moves parked calls, in any order, and each message twice. */
export function parkedProperties(stores: () => Stores): void {
  test("whatever happens in whatever order, each call is where its road leads", async () => {
    const steps = fc.array(step, { minLength: 5, maxLength: STEPS_MAX });
    const property = fc.asyncProperty(steps, async (taken) => {
      const run = await beginParking(stores());
      try {
        for (const next of taken) await run.take(next);
      } finally {
        await run.end();
      }
    });
    await fc.assert(property, { numRuns: RUNS });
  });
}
