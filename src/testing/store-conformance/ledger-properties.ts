import fc from "fast-check";
import { expect, test } from "vitest";
import { fresh, type Stores } from "./kit.ts";
import { beyondOf, committedOf, modelState } from "./ledger-model.ts";
import { beginRun, type Run, type Step, takeStep } from "./ledger-steps.ts";

/** Runs and steps a run: what finds a removed rule within a few seconds on the slowest adapter. */
const RUNS = 25;
const STEPS_MAX = 40;
/** One unit is this many nano-USD: small, and beyond what a double can count. */
const SCALES = [1n, 1_000_000_000_000_007n];

const index = fc.nat({ max: 11 });
const amount = fc.nat({ max: 30 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: lease() },
  { weight: 6, arbitrary: settle() },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("giveBack"), holder: index, amount }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("again"), message: index }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("beat"), holder: index }) },
  { weight: 2, arbitrary: fence() },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("close"), holder: index }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("release"), holder: index, amount }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("limit"), account: index, amount }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("raise"), account: index, amount }) },
  { weight: 1, arbitrary: window() },
);

function lease() {
  const wants = fc.array(fc.record({ account: index, least: amount, more: amount }), {
    minLength: 1,
    maxLength: 3,
  });
  return fc.record({ kind: fc.constant("lease"), holder: index, wants });
}

function settle() {
  const leg = fc.record({ account: index, part: fc.nat({ max: 8 }) });
  const call = fc.record({
    legs: fc.array(leg, { minLength: 1, maxLength: 3 }),
    overbill: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: amount }),
  });
  const calls = fc.array(call, { minLength: 1, maxLength: 4 });
  return fc.record({ kind: fc.constant("settle"), holder: index, calls, late: fc.boolean() });
}

function window() {
  const of = fc.constantFrom("day", "day", "month");
  const unit = fc.constantFrom("usd", "usd", "tokens");
  return fc.record({ kind: fc.constant("window"), account: index, amount, of, unit });
}

function fence() {
  const seen = fc.constantFrom("current", "stale", "gone");
  return fc.record({ kind: fc.constant("fence"), holder: index, seen });
}

/** Any interleaving of everything that moves money, with late and repeated messages. */
export function ledgerProperties(stores: () => Stores): void {
  test("whatever happens in whatever order, the books and the cap hold", async () => {
    const steps = fc.array(step, { minLength: 5, maxLength: STEPS_MAX });
    const property = fc.asyncProperty(fc.constantFrom(...SCALES), steps, async (scale, taken) => {
      const run = await beginRun(stores(), { scale, budget: fresh("property") });
      for (const next of taken) await checkedStep(run, next);
    });
    await fc.assert(property, { numRuns: RUNS });
  });

  test("the same holds when the two handles are used at once", async () => {
    const steps = fc.array(step, { minLength: 10, maxLength: STEPS_MAX });
    const property = fc.asyncProperty(steps, async (taken) => {
      const run = await beginRun(stores(), { scale: 1n, budget: fresh("property") });
      for (const next of taken) {
        const twice = await Promise.all([takeStep(run, next), probe(run)]);
        expect(twice[1]).toBe(true);
        await expectAgreement(run);
      }
    });
    await fc.assert(property, { numRuns: 5 });
  });
}

/** One step, then: the store says what the model says, and nothing grew that may not. */
async function checkedStep(run: Run, next: Step): Promise<void> {
  const look = (id: number) => ({
    state: modelState(run.model, id),
    beyond: beyondOf(run.model, id),
  });
  const before = [...run.model.accounts.keys()].map(look);
  await takeStep(run, next);
  await expectAgreement(run);
  for (const was of before) {
    const now = look(was.state.id);
    expect(now.state.leased >= 0n && now.state.forfeited >= 0n).toBe(true);
    const committed = committedOf(was.state);
    const bound = committed > now.state.limit ? committed : now.state.limit;
    const grown = committedOf(now.state) - (now.beyond - was.beyond);
    expect(grown <= bound).toBe(true);
  }
}

async function expectAgreement(run: Run): Promise<void> {
  const ids = [...run.model.accounts.keys()].sort((a, b) => b - a);
  const actual = await run.stores.other.ledger.accounts({ ids, open: false, limit: ids.length });
  expect(actual).toEqual(ids.map((id) => modelState(run.model, id)));
}

/** A reader in the middle of a step sees whole transactions. */
async function probe(run: Run): Promise<boolean> {
  const ids = [...run.model.accounts.keys()];
  const seen = await run.stores.other.ledger.accounts({ ids, open: false, limit: ids.length });
  return seen.every((state) => state.leased >= 0n && state.forfeited >= 0n);
}
