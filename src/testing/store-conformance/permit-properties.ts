import fc from "fast-check";
import { expect, test } from "vitest";
import type { HolderId, PermitKey } from "../../ports/store.ts";
import { liveHolder, type Stores } from "./kit.ts";
import { permitKey, taken } from "./work-kit.ts";

const RUNS = 20;
const STEPS_MAX = 30;
const HOLDERS = 3;
const REQUESTS_MAX = 6;

type Step =
  | { readonly kind: "take"; readonly holder: number; readonly most: number }
  | {
      readonly kind: "give";
      readonly holder: number;
      readonly no: number;
      /** How far the number is off: 0 is the right one. */
      readonly off: number;
      readonly idleMs: number | null;
    }
  | { readonly kind: "fence" | "close"; readonly holder: number };

const holder = fc.nat({ max: HOLDERS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("take" as const),
      holder,
      most: fc.nat({ max: REQUESTS_MAX }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("give" as const),
      holder,
      no: fc.nat({ max: REQUESTS_MAX - 1 }),
      off: fc.constantFrom(0, 0, 0, -1, 1),
      idleMs: fc.constantFrom(null, 100_000, 200_000, 300_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("fence" as const, "close" as const), holder }),
  },
);

/** What one permit must be: how long unused, in steps that no test takes as long as. */
interface Model {
  owner: number | null;
  number: number;
  /** Null: never used. */
  idleMs: number | null;
}

/** Takes and gives of three holders in any order: owner, number and last use are the model's. */
export function permitProperties(stores: () => Stores): void {
  test("whatever holders take and give, each permit has one owner, number and age", async () => {
    const requests = fc.integer({ min: 1, max: REQUESTS_MAX });
    const steps = fc.array(step, { minLength: 4, maxLength: STEPS_MAX });
    const property = fc.asyncProperty(requests, steps, async (count, taken) => {
      const run = await begin(stores(), count);
      for (const next of taken) await run.take(next);
      await run.check();
    });
    await fc.assert(property, { numRuns: RUNS });
  });
}

async function begin({ store, other }: Stores, requests: number) {
  const key: PermitKey = permitKey();
  const ids: HolderId[] = [];
  for (let n = 0; n < HOLDERS; n += 1) ids.push(await liveHolder(store));
  const model: Model[] = Array.from({ length: requests }, () => {
    return { owner: null, number: 0, idleMs: null };
  });
  const wants = new Set<number>();
  const idOf = (index: number): HolderId => ids[index] ?? "";

  const wanting = async (): Promise<Set<number>> => {
    const seen = new Set<number>();
    for (const id of ids) {
      const beat = await other.holders.beat(id);
      if (beat.kind !== "ok") throw new Error(`${id} is fenced`);
      for (const { agent, holder: of } of beat.permitWants) {
        if (agent === key.agent) seen.add(ids.indexOf(of));
      }
    }
    return seen;
  };

  /** A look ends what its holder wants, so one that wants is not looked at before the end. */
  const check = async (all: boolean): Promise<void> => {
    expect(await wanting()).toEqual(wants);
    for (const [index, id] of ids.entries()) {
      if (wants.has(index) && !all) continue;
      const { owned, unowned } = await taken(other, id, { ...key, requests, most: 0 });
      expect(unowned).toBe(model.filter(({ owner }) => owner === null).length);
      const expected = model.flatMap((permit, no) =>
        permit.owner === index ? [{ no, number: permit.number }] : [],
      );
      expect(owned.map(({ no, number }) => ({ no, number }))).toEqual(expected);
      for (const { ageMs, no } of owned) expectAge(ageMs, model[no]?.idleMs ?? null);
    }
  };

  const take = async ({ holder: index, most }: Extract<Step, { kind: "take" }>) => {
    const free = [...model.entries()].filter(([, { owner }]) => owner === null);
    // Longest unused first; ages of a test's own length are as good as none.
    const order = (idle: number | null): number => idle ?? Number.POSITIVE_INFINITY;
    free.sort(([, one], [, two]) => (order(one.idleMs) < order(two.idleMs) ? 1 : -1));
    const others =
      model.some(({ owner }) => owner !== null && owner !== index) ||
      [...wants].some((want) => want !== index);
    const own = model.filter(({ owner }) => owner === index).length;
    const share = (others ? Math.ceil(requests / 2) : requests) - own;
    const gifts = Math.max(0, Math.min(most, share, free.length));
    const { owned } = await taken(store, idOf(index), { ...key, requests, most });
    expect(owned).toHaveLength(own + gifts);
    const got = owned.filter(({ no }) => model[no]?.owner !== index);
    // Which ones: of equal age any, else the oldest.
    const oldest = free.slice(0, gifts).map(([, { idleMs }]) => order(idleMs));
    expect(got.map(({ no }) => order(model[no]?.idleMs ?? null)).sort()).toEqual(oldest.sort());
    for (const { no } of got) {
      const permit = model[no];
      expect(permit?.owner).toBe(null);
      if (permit) [permit.owner, permit.number] = [index, permit.number + 1];
    }
    if (most > gifts) wants.add(index);
    else wants.delete(index);
  };

  const give = async ({ holder: index, idleMs, no, off }: Extract<Step, { kind: "give" }>) => {
    const permit = model[no];
    const number = (permit?.number ?? 0) + off;
    await other.permits.give(idOf(index), [{ ...key, no, number, idleMs }]);
    if (permit?.owner !== index || off !== 0) return;
    permit.owner = null;
    if (idleMs !== null) permit.idleMs = idleMs;
    wants.delete(index);
  };

  const end = async ({ holder: index, kind }: Extract<Step, { kind: "fence" | "close" }>) => {
    if (kind === "fence") await other.holders.fence(idOf(index), null);
    else await store.holders.close(idOf(index));
    wants.delete(index);
    for (const permit of model) {
      if (permit.owner !== index) continue;
      [permit.owner, permit.number, permit.idleMs] = [null, permit.number + 1, 0];
    }
    ids[index] = await liveHolder(store);
  };

  return {
    async take(next: Step): Promise<void> {
      if (next.kind === "take") await take(next);
      else if (next.kind === "give") await give(next);
      else await end(next);
      await check(false);
    },
    check: () => check(true),
  };
}

/** At least as long as it was unused, and no longer than a test can take beside that. */
function expectAge(ageMs: number | null, idleMs: number | null): void {
  if (idleMs === null) return expect(ageMs).toBe(null);
  expect(ageMs).toBeGreaterThanOrEqual(idleMs);
  expect(ageMs).toBeLessThan(idleMs + 60_000);
}
