import { describe, expect, test } from "vitest";
import type { HolderId, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, liveHolder, type Stores, sharedStores } from "./kit.ts";
import { keyRecord } from "./registry.ts";
import {
  bytes,
  callClaim,
  claimedCall,
  flushAnswers,
  mustDecide,
  mustPark,
  newDecision,
  newParked,
  parkedBehind,
  parkedOf,
  pass,
  ROOMY,
  reviewOf,
  tripped,
} from "./work-kit.ts";

/** What becomes of the calls of a holder that is gone, and who says what became of them. */
export function goneConformance(open: OpenFixture): void {
  describe("calls of a holder that is gone", () => {
    const stores = sharedStores(open);
    fenceCases(stores);
    silenceCases(stores);
    closeCases(stores);
    verdictCases(stores);
    namedCases(stores);
  });
}

/** More than a clock's smallest step. */
const STEP_MS = 5;

async function beat(store: Store, holder: HolderId): Promise<void> {
  expect((await store.holders.beat(holder)).kind).toBe("ok");
}

async function outcomeOf(store: Store, agent: string) {
  const reviews = await store.clutch.reviews({ agent, limit: 9 });
  return reviews.filter(({ kind }) => kind === "outcome_unknown");
}

function fenceCases(stores: () => Stores): void {
  test("what it had claimed is unknown, in one review for each agent", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const one = await claimedCall(store, holder);
    const two = await claimedCall(store, holder, { agent: one.agent });
    const elsewhere = await claimedCall(store, holder);
    for (let n = 0; n < 2; n += 1) await other.holders.fence(holder, null);
    const [review, ...more] = await outcomeOf(other, one.agent);
    expect(more).toEqual([]);
    expect(review).toMatchObject({ subject: holder, state: "open", version: 0, parked: 0 });
    const { calls, ...evidence } = JSON.parse(review?.evidence ?? "");
    expect(evidence).toEqual({ holder });
    expect(new Set(calls)).toEqual(new Set([one, two].map(({ call, task }) => ({ task, call }))));
    for (const row of [one, two]) {
      const unknown = { ...row, state: "unknown", review: review?.id, attached: null };
      expect(await parkedOf(store, row.call)).toEqual(unknown);
    }
    expect(await outcomeOf(other, elsewhere.agent)).toHaveLength(1);
    const next = await liveHolder(store);
    expect(await store.parking.claim(next, one.call)).toMatchObject({ kind: "unknown" });
  });

  test("its late answers change nothing: unknown leaves only by a person", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { call } = await claimedCall(store, holder);
    const claim = callClaim();
    await store.parking.claimCall(holder, claim);
    await store.holders.fence(holder, null);
    await store.parking.unclaim(holder, call, 1);
    await store.parking.unclaimCall(holder, claim);
    await flushAnswers(
      store,
      holder,
      { kind: "parked", call, attempt: 1, answer: bytes(1) },
      { kind: "claim", claim, answer: bytes(1) },
    );
    expect((await parkedOf(store, call)).state).toBe("unknown");
    const next = await liveHolder(store);
    expect(await store.parking.claimCall(next, claim)).toEqual({ kind: "unknown" });
  });

  test("what others have, or nobody, is left alone; no review is opened for nothing", async () => {
    const { store, other } = stores();
    const [holder, next] = [await liveHolder(store), await liveHolder(other)];
    const claimed = await claimedCall(other, next);
    const attached = await mustPark(other, next, newParked());
    await store.holders.fence(holder, null);
    expect(await parkedOf(store, claimed.call)).toEqual(claimed);
    expect(await parkedOf(store, attached.call)).toEqual(attached);
    expect(await outcomeOf(store, claimed.agent)).toEqual([]);
  });
}

function silenceCases(stores: () => Stores): void {
  test("what it parked itself is detached, and waits on, however late it came", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { review } = await tripped(store);
    const early = await parkedBehind(store, holder, review);
    await pass(stores(), STEP_MS);
    await beat(store, holder);
    await pass(stores(), STEP_MS);
    const late = await parkedBehind(store, holder, review);
    await other.holders.fence(holder, null);
    expect(await parkedOf(store, early.call)).toEqual({ ...early, attached: null });
    expect(await parkedOf(store, late.call)).toEqual({ ...late, attached: null });
    expect(await outcomeOf(store, review.agent)).toEqual([]);
    await mustDecide(store, newDecision(review, "resume"));
    expect((await parkedOf(store, early.call)).state).toBe("let_go");
    expect((await parkedOf(store, late.call)).state).toBe("let_go");
  });

  test("detached calls of others that came in its silence may be what it sent", async () => {
    const { store, other } = stores();
    const [silent, holder] = [await liveHolder(store), await liveHolder(other)];
    const { review } = await tripped(store);
    const before = await parkedBehind(other, holder, review);
    await other.parking.detach(holder, [before.call]);
    await pass(stores(), STEP_MS);
    await beat(store, silent);
    await pass(stores(), STEP_MS);
    const detached = await parkedBehind(other, holder, review);
    const attached = await parkedBehind(other, holder, review);
    const free = await mustPark(other, holder, newParked());
    await other.parking.detach(holder, [detached.call, free.call]);
    await other.holders.fence(silent, null);
    const doubted = { state: "parked", maybeSent: true, letGoAt: null };
    expect(await parkedOf(store, detached.call)).toMatchObject(doubted);
    expect(await parkedOf(store, free.call)).toMatchObject(doubted);
    expect(await parkedOf(store, attached.call)).toEqual(attached);
    expect(await parkedOf(store, before.call)).toEqual({ ...before, attached: null });
  });

  test("an answer that its client had before is nobody else's; a last one may be", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const same = { key: fresh("key"), task: "task-1", digest: fresh("digest") };
    const answered = async () => {
      const { call } = await claimedCall(store, holder, same);
      await flushAnswers(store, holder, { kind: "parked", call, attempt: 1, answer: bytes(1) });
      return call;
    };
    const had = await answered();
    await pass(stores(), STEP_MS);
    await beat(store, holder);
    await pass(stores(), STEP_MS);
    const last = await answered();
    await other.holders.fence(holder, null);
    expect((await parkedOf(store, had)).attached).toBe(holder);
    const next = await liveHolder(other);
    expect(await other.parking.attach(next, same)).toMatchObject({ call: last, state: "done" });
    expect(await other.parking.attach(next, same)).toBe(null);
  });
}

function closeCases(stores: () => Stores): void {
  test("a holder that closes with work left leaves it as a fence does", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { review } = await tripped(store);
    const parked = await parkedBehind(store, holder, review);
    const claimed = await claimedCall(store, holder);
    for (let n = 0; n < 2; n += 1) {
      expect(await store.holders.close(holder)).toEqual({ kind: "closed" });
    }
    expect(await parkedOf(store, parked.call)).toEqual({ ...parked, attached: null });
    expect((await parkedOf(store, claimed.call)).state).toBe("unknown");
    expect(await outcomeOf(store, claimed.agent)).toHaveLength(1);
  });
}

function verdictCases(stores: () => Stores): void {
  /** Two calls of one agent whose outcome is unknown, and one that may have been sent. */
  const doubts = async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const one = await claimedCall(store, holder);
    const two = await claimedCall(store, holder, { agent: one.agent });
    const next = await liveHolder(other);
    const three = await mustPark(other, next, newParked({ agent: one.agent }));
    await other.parking.detach(next, [three.call]);
    await other.holders.fence(holder, null);
    const [review] = await outcomeOf(store, one.agent);
    if (!review) throw new Error("a review was opened");
    return { store, one, two, three, review, next };
  };

  test("what ran is done, what did not goes again; the last closes the review", async () => {
    const { store, one, two, three, review, next } = await doubts();
    const ran = newDecision(review, "ran", { call: one.call, message: "It is in the log." });
    const first = await mustDecide(store, ran);
    expect(await mustDecide(store, ran)).toEqual(first);
    expect(first).toMatchObject({ state: "open", parked: 1 });
    const done = await store.parking.claim(next, one.call);
    expect(done).toMatchObject({
      ...{ kind: "done", answer: null },
      parked: { state: "done", claimedBy: null, message: "It is in the log." },
    });
    const again = await store.clutch.decide(newDecision(first, "ran", { call: one.call }));
    expect(again).toMatchObject({ kind: "nothing" });
    const second = await mustDecide(store, newDecision(first, "did_not_run", { call: two.call }));
    expect(second.state).toBe("open");
    expect(await store.parking.claim(next, two.call)).toMatchObject({
      ...{ kind: "claimed", parked: { attempt: 2, claimedBy: next } },
    });
    const third = newDecision(second, "did_not_run", { call: three.call });
    expect(await mustDecide(store, third)).toMatchObject({ state: "closed", parked: 0 });
    expect(await store.parking.claim(next, three.call)).toMatchObject({
      ...{ kind: "claimed", parked: { attempt: 1, maybeSent: false } },
    });
  });

  test("of unknown outcome a call does not count; one that goes again does", async () => {
    const { store, two, three, review, next } = await doubts();
    const asked = () => newParked({ agent: three.agent });
    const park = (max: number) =>
      store.parking.park(next, asked(), { ...ROOMY, callsPerAgent: max });
    expect((await park(2)).kind).toBe("ok");
    await mustDecide(store, newDecision(review, "did_not_run", { call: two.call }));
    expect((await park(3)).kind).toBe("full");
  });

  test("no resume lets them go; one that may have been sent can be denied", async () => {
    const { store, one, two, three, review } = await doubts();
    const resume = await store.clutch.decide(newDecision(review, "resume"));
    expect(resume).toMatchObject({ kind: "nothing" });
    const denyUnknown = newDecision(review, "deny", { call: one.call });
    expect(await store.clutch.decide(denyUnknown)).toMatchObject({ kind: "nothing" });
    let now = await mustDecide(store, newDecision(review, "deny", { call: three.call }));
    expect((await parkedOf(store, three.call)).state).toBe("denied");
    for (const { call } of [one, two]) {
      expect(now.state).toBe("open");
      now = await mustDecide(store, newDecision(now, "ran", { call }));
    }
    expect(now.state).toBe("closed");
  });
}

function namedCases(stores: () => Stores): void {
  const claimedBy = async (store: Store, holder: HolderId, task: string, callId: string) => {
    const agent = fresh("agent");
    const key = keyRecord({ holder: { kind: "agent", agent } });
    await store.registry.createKey(key);
    const claim = callClaim({ key: key.id, task, callId });
    await store.parking.claimCall(holder, claim);
    return { agent, claim };
  };

  test("a named call of a lost holder is unknown, in the review of its key's agent", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const callId = fresh("id");
    const { agent, claim } = await claimedBy(store, holder, "task-1", callId);
    const second = { ...claim, callId: fresh("id") };
    await store.parking.claimCall(holder, second);
    await other.holders.fence(holder, null);
    const [review] = await outcomeOf(store, agent);
    if (!review) throw new Error("a review was opened");
    expect(new Set(JSON.parse(review.evidence).calls)).toEqual(
      new Set([claim, second].map((each) => ({ task: "task-1", call: each.callId }))),
    );
    const next = await liveHolder(other);
    expect(await store.parking.claimCall(next, claim)).toEqual({ kind: "unknown" });
    const ran = await mustDecide(store, newDecision(review, "ran", { call: callId }));
    expect(await other.parking.claimCall(next, claim)).toEqual({ kind: "done", answer: null });
    const call = second.callId;
    const closed = await mustDecide(store, newDecision(ran, "did_not_run", { call }));
    expect(closed.state).toBe("closed");
    expect(await other.parking.claimCall(next, second)).toEqual({ kind: "claimed" });
  });

  test("of two tasks with one name, the one that is named is meant", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { agent, claim } = await claimedBy(store, holder, "task-1", "same");
    const twin = { ...claim, task: "task-2" };
    await store.parking.claimCall(holder, twin);
    await other.holders.fence(holder, null);
    const [review] = await outcomeOf(store, agent);
    if (!review) throw new Error("a review was opened");
    const ran = (task: string | null) => newDecision(review, "ran", { call: "same", task });
    expect(await store.clutch.decide(ran(null))).toMatchObject({ kind: "nothing" });
    expect(await store.clutch.decide(ran("task-3"))).toMatchObject({ kind: "nothing" });
    await mustDecide(store, ran("task-2"));
    const next = await liveHolder(other);
    expect((await store.parking.claimCall(next, twin)).kind).toBe("done");
    expect((await store.parking.claimCall(next, claim)).kind).toBe("unknown");
    expect((await reviewOf(store, review.id)).state).toBe("open");
  });
}
