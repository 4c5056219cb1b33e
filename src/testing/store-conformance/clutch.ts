import { describe, expect, test } from "vitest";
import type { Review, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, liveHolder, type Stores, sharedStores } from "./kit.ts";
import { hears } from "./watch.ts";
import {
  claimedCall,
  mustDecide,
  newDecision,
  newReview,
  parkedBehind,
  parkedOf,
  reviewOf,
  tripped,
} from "./work-kit.ts";

/** Clutches: how they trip, and what opens a review. */
export function clutchConformance(open: OpenFixture): void {
  describe("clutches", () => {
    const stores = sharedStores(open);
    tripCases(stores);
    openCases(stores);
    listCases(stores);
    noticeCases(stores);
    lossCase(stores);
  });
}

async function clutchOf(store: Store, agent: string) {
  return (await store.clutch.clutches()).find((row) => row.agent === agent)?.clutch ?? null;
}

/** An agent whose one task is probed. */
async function probing(store: Store) {
  const { agent, review } = await tripped(store);
  const holder = await liveHolder(store);
  await parkedBehind(store, holder, review, { task: "probed" });
  const probe = newDecision(review, "probe", { task: "probed", at: 77 });
  return { agent, holder, review: await mustDecide(store, probe) };
}

function tripCases(stores: () => Stores): void {
  test("a trip disengages the clutch and opens its review, exactly as it was given", async () => {
    const { store, other } = stores();
    const { at, ...asked } = newReview({ kind: "pause", subject: "all", reason: 'Sa "so" \\ ü\n' });
    expect(await clutchOf(other, asked.agent)).toBe(null);
    const review = await store.clutch.trip({ at, ...asked });
    const expected: Review = {
      ...asked,
      ...{ openedAt: at, version: 0, state: "open", parked: 0, decisions: [] },
    };
    expect(review).toEqual(expected);
    expect(await reviewOf(other, asked.id)).toEqual(expected);
    const clutch = { state: "disengaged", review: asked.id, since: at };
    expect(await clutchOf(other, asked.agent)).toEqual(clutch);
  });

  test("a repeated trip changes nothing, also after the resume", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const asked = newReview();
    const review = await store.clutch.trip(asked);
    const seq = await changeSeq(store, holder);
    expect(await other.clutch.trip(asked)).toEqual(review);
    const closed = await mustDecide(store, newDecision(review, "resume"));
    expect(await other.clutch.trip(asked)).toEqual(closed);
    expect(await clutchOf(store, asked.agent)).toBe(null);
    expect(await changeSeq(store, holder)).toBe(seq + 1);
  });

  test("while one stands, a second trip adds its reason and nothing else", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { agent, review } = await tripped(store);
    const seq = await changeSeq(store, holder);
    const second = newReview({ agent, kind: "pause", reason: "Stuck.", at: 99 });
    for (let n = 0; n < 2; n += 1) {
      const stands = await other.clutch.trip(second);
      expect(JSON.parse(stands.evidence)).toEqual({ calls: 20, also: ["Stuck."] });
      expect(stands).toEqual({ ...review, evidence: stands.evidence });
    }
    expect(await store.clutch.reviews({ agent, limit: 9 })).toHaveLength(1);
    expect(await clutchOf(store, agent)).toMatchObject({
      review: review.id,
      since: review.openedAt,
    });
    expect(await changeSeq(store, holder)).toBe(seq);
    await mustDecide(store, newDecision(review, "resume"));
    expect((await other.clutch.trip(second)).state).toBe("closed");
    expect(await clutchOf(store, agent)).toBe(null);
  });

  test("evidence that is no object keeps what it said", async () => {
    const { store } = stores();
    for (const [evidence, before] of [
      ["[1,2]", [1, 2]],
      ["not json", "not json"],
      ["null", null],
    ] as const) {
      const { agent } = await tripped(store, { evidence });
      const review = await store.clutch.trip(newReview({ agent, reason: "Again." }));
      expect(JSON.parse(review.evidence)).toEqual({ evidence: before, also: ["Again."] });
    }
  });

  test("a trip while it is probing disengages it again, under the same review", async () => {
    const { store, other } = stores();
    const { agent, review } = await probing(store);
    expect(await clutchOf(other, agent)).toEqual({
      ...{ state: "probing", review: review.id, since: 77, task: "probed" },
    });
    const again = newReview({ agent, reason: "Again.", at: 88 });
    const stands = await other.clutch.trip(again);
    expect(stands).toMatchObject({ id: review.id, state: "open", decisions: review.decisions });
    const clutch = { state: "disengaged", review: review.id, since: 88 };
    expect(await clutchOf(store, agent)).toEqual(clutch);
    expect(await other.clutch.trip(again)).toEqual(stands);
    // What was seen of the probe is no ground for a decision any more.
    for (const verb of ["calm", "resume"] as const) {
      const answer = await store.clutch.decide(newDecision(review, verb));
      expect(answer).toEqual({ kind: "conflict", review: stands });
    }
    expect(await store.clutch.decide(newDecision(stands, "calm"))).toMatchObject({
      kind: "nothing",
    });
    expect(await clutchOf(store, agent)).toEqual(clutch);
  });

  test("after a resume the agent can trip again, for a review of its own", async () => {
    const { store } = stores();
    const { agent, review } = await tripped(store);
    await mustDecide(store, newDecision(review, "resume"));
    const second = await store.clutch.trip(newReview({ agent }));
    expect(second.id).not.toBe(review.id);
    expect(await clutchOf(store, agent)).toMatchObject({ review: second.id });
  });

  test("trips that race open one review", async () => {
    const { store, other } = stores();
    for (let race = 0; race < 8; race += 1) {
      const agent = fresh("agent");
      const asked = Array.from({ length: 6 }, () => newReview({ agent }));
      const answers = await Promise.all(
        asked.map((review, index) => (index % 2 ? store : other).clutch.trip(review)),
      );
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
      const [review, ...more] = await store.clutch.reviews({ agent, limit: 9 });
      expect(more).toEqual([]);
      expect(JSON.parse(review?.evidence ?? "").also).toHaveLength(5);
    }
  });
}

function openCases(stores: () => Stores): void {
  test("a review that is opened moves no clutch", async () => {
    const { store, other } = stores();
    const asked = newReview({ kind: "approval", subject: "call-1" });
    const review = await store.clutch.open(asked);
    expect(review).toMatchObject({ id: asked.id, state: "open", version: 0 });
    expect(await other.clutch.open(asked)).toEqual(review);
    expect(await clutchOf(store, asked.agent)).toBe(null);
  });

  test("one stands for each open kind, agent and subject", async () => {
    const { store, other } = stores();
    const asked = newReview({ kind: "budget", subject: "daily" });
    const review = await store.clutch.open(asked);
    const second = { ...asked, id: fresh("review"), reason: "Once more." };
    expect(await other.clutch.open(second)).toEqual(review);
    for (const change of [
      { kind: "approval" },
      { subject: "monthly" },
      { agent: fresh("agent") },
    ] as const) {
      const id = fresh("review");
      expect((await other.clutch.open({ ...asked, ...change, id })).id).toBe(id);
    }
    const closed = await mustDecide(store, newDecision(review, "resume"));
    for (const repeated of [asked, second]) {
      expect(await other.clutch.open(repeated)).toEqual(closed);
    }
    const third = { ...asked, id: fresh("review") };
    expect((await other.clutch.open(third)).id).toBe(third.id);
  });

  test("reviews that are opened at once are one", async () => {
    const { store, other } = stores();
    for (let race = 0; race < 8; race += 1) {
      const asked = newReview({ kind: "budget", subject: "daily" });
      const answers = await Promise.all(
        [store, other, store, other].map(({ clutch }) =>
          clutch.open({ ...asked, id: fresh("review") }),
        ),
      );
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    }
  });
}

function listCases(stores: () => Stores): void {
  test("reviews are listed newest first, by agent, state and id", async () => {
    const { store, other } = stores();
    const agent = fresh("agent");
    const made: Review[] = [];
    for (const subject of ["a", "b", "c"]) {
      made.push(await store.clutch.open(newReview({ agent, kind: "approval", subject })));
    }
    const [one, two, three] = made;
    if (!one || !two || !three) throw new Error("three were opened");
    await mustDecide(store, newDecision(two, "approve"));
    const ids = async (filter: Parameters<Store["clutch"]["reviews"]>[0]) =>
      (await other.clutch.reviews(filter)).map(({ id }) => id);
    expect(await ids({ agent, limit: 9 })).toEqual([three.id, two.id, one.id]);
    expect(await ids({ agent, limit: 2 })).toEqual([three.id, two.id]);
    expect(await ids({ agent, state: "open", limit: 9 })).toEqual([three.id, one.id]);
    expect(await ids({ agent, state: "closed", limit: 9 })).toEqual([two.id]);
    expect(await ids({ agent, id: one.id, limit: 9 })).toEqual([one.id]);
    expect(await ids({ agent, id: fresh("none"), limit: 9 })).toEqual([]);
  });

  test("names and texts of any characters come back as they were", async () => {
    const { store, other } = stores();
    const odd = 'NUL \u0000, \u0001, "quote", \\back, 𝄞';
    const { agent, review } = await tripped(store, { subject: odd, reason: odd });
    expect(review).toMatchObject({ subject: odd, reason: odd });
    const holder = await liveHolder(store);
    const parked = await parkedBehind(store, holder, review, { task: odd });
    const denial = newDecision(review, "deny", { call: parked.call, reason: odd, message: odd });
    const { decisions } = await mustDecide(other, { ...denial, task: odd });
    expect(decisions).toMatchObject([{ reason: odd, message: odd, task: odd }]);
    expect(await parkedOf(store, parked.call)).toMatchObject({ agent, task: odd, message: odd });
  });
}

function noticeCases(stores: () => Stores): void {
  test("trips and decisions are heard by others, and raise the number of changes", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const asked = newReview();
    const before = await changeSeq(store, holder);
    await hears(other, "changes", () => store.clutch.trip(asked));
    const tripSeq = await changeSeq(store, holder);
    expect(tripSeq).toBeGreaterThan(before);
    const review = await reviewOf(store, asked.id);
    await parkedBehind(store, holder, review);
    await hears(other, "changes", () => store.clutch.decide(newDecision(review, "resume")));
    expect(await changeSeq(store, holder)).toBeGreaterThan(tripSeq);
  });
}

function lossCase(stores: () => Stores): void {
  test("a review of unknown outcomes is heard of like a trip", async () => {
    const { store, other } = stores();
    const [holder, watcher] = [await liveHolder(store), await liveHolder(store)];
    await claimedCall(store, holder);
    const before = await changeSeq(store, watcher);
    await hears(other, "changes", () => store.holders.fence(holder, null));
    expect(await changeSeq(store, watcher)).toBeGreaterThan(before);
  });
}

async function changeSeq(store: Store, holder: string): Promise<number> {
  const beat = await store.holders.beat(holder);
  return beat.kind === "ok" ? beat.changeSeq : Number.NaN;
}
