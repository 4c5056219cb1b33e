import { describe, expect, test } from "vitest";
import type { HolderId, ReportedOutcome, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, freshId, liveHolder, type Stores, sharedStores } from "./kit.ts";
import { hears } from "./watch.ts";
import { bytes, pass } from "./work-kit.ts";

/** Outcomes on their way from the gateway that was told to the one that decided. */
export function outcomeConformance(open: OpenFixture): void {
  describe("outcomes", () => {
    const stores = sharedStores(open);
    roadCases(stores);
    goneCases(stores);
    pruneCases(stores);
  });
}

const MANY = 100;
/** More than a clock's smallest step. */
const STEP_MS = 5;

function reported(...body: number[]): ReportedOutcome {
  return { id: fresh("outcome"), body: bytes(...body) };
}

async function waits(store: Store, holder: HolderId): Promise<boolean> {
  const beat = await store.holders.beat(holder);
  if (beat.kind !== "ok") throw new Error(`${holder} is fenced`);
  return beat.outcomesWait;
}

function roadCases(stores: () => Stores): void {
  test("one is for its holder alone, answered by it once, and then forgotten", async () => {
    const { store, other } = stores();
    const [maker, bystander] = [await liveHolder(store), await liveHolder(store)];
    const outcome = reported(1, 2, 3);
    expect(await waits(store, maker)).toBe(false);
    for (let n = 0; n < 2; n += 1) expect(await other.outcomes.put(maker, outcome)).toBe(true);
    expect(await store.outcomes.waiting(maker, MANY)).toEqual([outcome]);
    expect(await store.outcomes.waiting(bystander, MANY)).toEqual([]);
    expect([await waits(store, maker), await waits(store, bystander)]).toEqual([true, false]);
    const { id } = outcome;
    expect(await other.outcomes.answers([id])).toEqual([]);
    await store.outcomes.answer(bystander, [{ id, answer: "ended" }]);
    expect(await other.outcomes.answers([id])).toEqual([]);
    await store.outcomes.answer(maker, [{ id, answer: "taken" }]);
    await store.outcomes.answer(maker, [{ id, answer: "ended" }]);
    // A copy that comes late is not one more.
    await other.outcomes.put(maker, outcome);
    expect(await waits(store, maker)).toBe(false);
    expect(await store.outcomes.waiting(maker, MANY)).toEqual([]);
    expect(await other.outcomes.answers([id])).toEqual([{ id, answer: "taken" }]);
    for (let n = 0; n < 2; n += 1) await other.outcomes.forget([id]);
    expect(await other.outcomes.answers([id])).toEqual([]);
  });

  test("they come in their order, so many at a time", async () => {
    const { store, other } = stores();
    const maker = await liveHolder(store);
    const all = [reported(1), reported(2), reported(3)];
    for (const outcome of all) await other.outcomes.put(maker, outcome);
    expect(await store.outcomes.waiting(maker, 2)).toEqual(all.slice(0, 2));
    const ids = all.map(({ id }) => id);
    const [first, second] = ids.map((id) => ({ id, answer: "ended" as const }));
    if (!first || !second) throw new Error("there are three");
    await store.outcomes.answer(maker, [first, second]);
    expect(await store.outcomes.waiting(maker, 2)).toEqual(all.slice(2));
    const answers = await other.outcomes.answers([...ids, fresh("outcome")]);
    expect(new Set(answers)).toEqual(new Set([first, second]));
  });

  test("the beginning of an id is enough, and a live holder must have it", async () => {
    const { store } = stores();
    const maker = await liveHolder(store);
    // Ids of these suites differ at their end.
    expect(await store.outcomes.put(maker.slice(0, -1), reported())).toBe(true);
    expect(await store.outcomes.put(freshId(), reported())).toBe(false);
    expect(await store.outcomes.put(`${maker}0`, reported())).toBe(false);
  });

  test("both ends hear at once", async () => {
    const { store, other } = stores();
    const maker = await liveHolder(store);
    const outcome = reported(1);
    await hears(store, "outcomes", () => other.outcomes.put(maker, outcome));
    const answered = [{ id: outcome.id, answer: "taken" as const }];
    await hears(other, "outcomes", () => store.outcomes.answer(maker, answered));
  });
}

function goneCases(stores: () => Stores): void {
  test("of a holder that is gone the answer is that, unless it had given one", async () => {
    const { store, other } = stores();
    const [fenced, closed] = [await liveHolder(store), await liveHolder(store)];
    const [had, left, late] = [reported(1), reported(2), reported(3)];
    for (const outcome of [had, left]) await other.outcomes.put(fenced, outcome);
    await other.outcomes.put(closed, late);
    await store.outcomes.answer(fenced, [{ id: had.id, answer: "taken" }]);
    await store.holders.fence(fenced, null);
    await store.holders.close(closed);
    const answers = await other.outcomes.answers([had.id, left.id, late.id]);
    expect(new Map(answers.map(({ answer, id }) => [id, answer]))).toEqual(
      new Map([
        [had.id, "taken"],
        [left.id, "gone"],
        [late.id, "gone"],
      ]),
    );
    for (const holder of [fenced, closed]) {
      expect(await other.outcomes.put(holder, reported())).toBe(false);
    }
  });
}

function pruneCases(stores: () => Stores): void {
  test("what was put before is forgotten, answered or not", async () => {
    const { store, other } = stores();
    const maker = await liveHolder(store);
    const [answered, waiting, kept] = [reported(1), reported(2), reported(3)];
    for (const outcome of [answered, waiting]) await other.outcomes.put(maker, outcome);
    await store.outcomes.answer(maker, [{ id: answered.id, answer: "taken" }]);
    await pass(stores(), STEP_MS);
    const beat = await store.holders.beat(maker);
    await pass(stores(), STEP_MS);
    await other.outcomes.put(maker, kept);
    await other.outcomes.prune(beat.kind === "ok" ? beat.now : Number.NaN);
    expect(await store.outcomes.waiting(maker, MANY)).toEqual([kept]);
    expect(await other.outcomes.answers([answered.id, waiting.id])).toEqual([]);
  });
}
