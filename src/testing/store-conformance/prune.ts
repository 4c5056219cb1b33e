import { describe, expect, test } from "vitest";
import type { Forgotten, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, liveHolder, type Stores, sharedStores } from "./kit.ts";
import { keyRecord } from "./registry.ts";
import {
  callClaim,
  claimedCall,
  flushAnswers,
  mustDecide,
  mustPark,
  newDecision,
  newParked,
  newReview,
  parkedBehind,
  pass,
  tripped,
} from "./work-kit.ts";

/** What is finished is forgotten after a while, and nothing else. */
export function pruneConformance(open: OpenFixture): void {
  describe("forgetting", () => {
    const stores = sharedStores(open);
    parkedCases(stores);
    reviewCases(stores);
    tripCases(stores);
    approvalCases(stores);
    claimCases(stores);
  });
}

const STEP_MS = 5;

/** The store's clock, a moment from now: everything before is over. */
async function later(stores: Stores): Promise<number> {
  await pass(stores, STEP_MS);
  const holder = await liveHolder(stores.store);
  const beat = await stores.store.holders.beat(holder);
  await pass(stores, STEP_MS);
  return beat.kind === "ok" ? beat.now : Number.NaN;
}

function parkedCases(stores: () => Stores): void {
  test("done and denied calls that ended before go; all others stay", async () => {
    const { store, other } = stores();
    const [holder, lost] = [await liveHolder(store), await liveHolder(store)];
    const { agent, review } = await tripped(store);
    const done = async () => {
      const { call } = await claimedCall(store, holder);
      await flushAnswers(store, holder, { kind: "parked", call, attempt: 1, answer: null });
      return call;
    };
    const denied = await parkedBehind(store, holder, review);
    const waits = await parkedBehind(store, holder, review);
    await mustDecide(store, newDecision(review, "deny", { call: denied.call }));
    const old = await done();
    const unknown = await claimedCall(store, lost);
    await other.holders.fence(lost, null);
    const kept = [
      ...[waits.call, unknown.call, (await claimedCall(store, holder)).call],
      (await mustPark(store, holder, newParked({ agent: fresh("agent") }))).call,
    ];
    const before = await later(stores());
    kept.push(await done());
    await other.parking.prune(allOf(before));
    const there = async (call: string) =>
      (await store.parking.list({ call, limit: 1 })).length === 1;
    for (const call of [old, denied.call]) expect(await there(call)).toBe(false);
    for (const call of kept) expect(await there(call)).toBe(true);
    expect((await store.parking.claim(holder, old)).kind).toBe("none");
    expect((await store.clutch.reviews({ agent, limit: 1 }))[0]?.parked).toBe(1);
  });
}

function reviewCases(stores: () => Stores): void {
  test("reviews that closed before go with their decisions, unless a call is left", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const asked = newReview();
    const gone = await store.clutch.trip(asked);
    const merged = newReview({ agent: gone.agent });
    await store.clutch.trip(merged);
    const decision = newDecision(gone, "resume");
    await mustDecide(store, decision);
    const left = await tripped(store);
    await parkedBehind(store, holder, left.review);
    await mustDecide(store, newDecision(left.review, "resume"));
    const open = await tripped(store);
    const before = await later(stores());
    const late = await tripped(store);
    await mustDecide(store, newDecision(late.review, "resume"));
    await other.parking.prune(allOf(before));
    const there = async (id: string) => (await store.clutch.reviews({ id, limit: 1 })).length === 1;
    expect(await there(gone.id)).toBe(false);
    for (const { review } of [left, open, late]) expect(await there(review.id)).toBe(true);
    expect(await store.clutch.decide(decision)).toMatchObject({ kind: "nothing" });
    expect(await store.clutch.trip(merged)).toMatchObject({ id: merged.id, decisions: [] });
  });
}

function approvalCases(stores: () => Stores): void {
  test("an approval that closed is kept as long as approvals are", async () => {
    const { store, other } = stores();
    const review = await store.clutch.open(newReview({ kind: "approval", subject: fresh("call") }));
    await mustDecide(store, newDecision(review, "approve"));
    const before = await later(stores());
    const there = async () =>
      (await store.clutch.reviews({ id: review.id, limit: 1 })).length === 1;
    await other.parking.prune({ ...allOf(before), approvals: 0 });
    expect(await there()).toBe(true);
    await other.parking.prune({ calls: 0, trips: 0, approvals: before });
    expect(await there()).toBe(false);
  });
}

/** Whatever was finished before. */
function allOf(before: number): Forgotten {
  return { calls: before, trips: before, approvals: before };
}

function tripCases(stores: () => Stores): void {
  test("a trip that closed is kept as long as trips are, and then goes like the rest", async () => {
    const { store, other } = stores();
    const { review } = await tripped(store);
    await mustDecide(store, newDecision(review, "resume"));
    const noted = { id: fresh("note"), review: review.id, text: "A bug of the agent.", by: "ada" };
    await store.clutch.note({ ...noted, at: 1 });
    const before = await later(stores());
    await other.parking.prune({ ...allOf(before), trips: 0 });
    const [kept] = await store.clutch.reviews({ id: review.id, limit: 1 });
    expect(kept?.decisions.map(({ decision }) => decision)).toEqual(["resume", "note"]);
    await other.parking.prune(allOf(before));
    expect(await store.clutch.reviews({ id: review.id, limit: 1 })).toEqual([]);
    expect(await store.clutch.note({ ...noted, at: 1 })).toBeNull();
  });
}

function claimCases(stores: () => Stores): void {
  const openTask = (store: Store, agent: string, id: string) =>
    store.tasks.open({
      ...{ id, agent, parent: null, at: 1000, bundle: "dir:1", unnamed: false },
      limits: { newPerHour: 9, aliveMax: 9, depthMax: 9, childrenMax: 9 },
    });

  test("a done claim goes once its task has ended, for then a copy is refused", async () => {
    const { store, other } = stores();
    const [holder, lost] = [await liveHolder(store), await liveHolder(store)];
    const agent = fresh("agent");
    const key = keyRecord({ holder: { kind: "agent", agent } });
    await store.registry.createKey(key);
    await openTask(store, agent, "alive");
    await openTask(store, agent, "ended");
    await store.tasks.end(agent, "ended", "ok", 2000);
    const claims = ["alive", "ended", "running"].map((task) => callClaim({ key: key.id, task }));
    const [alive, ended, running] = claims;
    if (!alive || !ended || !running) throw new Error("there are three");
    for (const claim of claims) await store.parking.claimCall(holder, claim);
    for (const claim of [alive, ended]) {
      await flushAnswers(store, holder, { kind: "claim", claim, answer: null });
    }
    const unknown = callClaim();
    await store.parking.claimCall(lost, unknown);
    await other.holders.fence(lost, null);
    const now = await later(stores());
    await other.parking.prune(allOf(now));
    const next = await liveHolder(other);
    const kinds = await Promise.all(
      [alive, running, unknown, ended].map(
        async (claim) => (await store.parking.claimCall(next, claim)).kind,
      ),
    );
    expect(kinds).toEqual(["done", "running", "unknown", "claimed"]);
  });
}
