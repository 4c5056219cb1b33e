import { describe, expect, test } from "vitest";
import type { HolderId, LetThrough, Parked, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, liveHolder, type Stores, sharedStores } from "./kit.ts";
import {
  claimedCall,
  flushAnswers,
  mustDecide,
  mustPark,
  newDecision,
  newParked,
  newReview,
  parkedBehind,
  parkedOf,
  reviewOf,
  tripped,
} from "./work-kit.ts";

const RACES = 10;
const DOUBTED = { state: "parked", maybeSent: true, letGoAt: null };

/** Calls that were parked at one gateway while another let the same request through. */
export function copiesConformance(open: OpenFixture): void {
  describe("copies of parked calls", () => {
    const stores = sharedStores(open);
    doubtCases(stores);
    claimedCases(stores);
    verdictCases(stores);
    awaitedCases(stores);
    raceCases(stores);
  });
}

/** What the last change was, and what time it is. */
async function standing(store: Store): Promise<{ readonly seq: number; readonly now: number }> {
  const watcher = await liveHolder(store);
  const beat = await store.holders.beat(watcher);
  await store.holders.close(watcher);
  if (beat.kind !== "ok") throw new Error("a holder that was just registered lives");
  return { seq: beat.changeSeq, now: beat.now };
}

/** The holder says that it let a copy of each through, and knows of every change. */
async function letThrough(
  store: Store,
  holder: HolderId,
  ...calls: readonly Parked[]
): Promise<readonly LetThrough[]> {
  const { now, seq } = await standing(store);
  const copies = calls.map(({ agent, digest, key, task }) => {
    return { agent, digest, key, task, at: now };
  });
  await store.parking.catchUp(holder, seq, copies);
  return copies;
}

async function copiesOf(store: Store, agent: string) {
  const reviews = await store.clutch.reviews({ agent, limit: 9 });
  return reviews.filter(({ kind }) => kind === "outcome_unknown");
}

/** A paused agent, the gateway that parks its calls and one that has not heard of the pause. */
async function scene(stores: () => Stores) {
  const { store, other } = stores();
  const [parker, late] = [await liveHolder(store), await liveHolder(other)];
  const { agent, review } = await tripped(store);
  const same = { agent, key: fresh("key"), digest: fresh("digest") };
  const left = async (changes: Partial<Parked> = {}) => {
    const row = await parkedBehind(store, parker, review, { ...same, ...changes });
    await store.parking.detach(parker, [row.call]);
    return { ...row, attached: null };
  };
  const over = async () => {
    for (const holder of [parker, late]) await store.holders.fence(holder, null);
  };
  return { store, other, parker, late, agent, review, same, left, over };
}

function doubtCases(stores: () => Stores): void {
  test("a call whose client has gone goes to one review of its agent, to stay", async () => {
    const { store, other, late, agent, review, left, over } = await scene(stores);
    const rows = [await left(), await left({ task: "task-2" })];
    const copies = await letThrough(other, late, ...rows);
    const [unknown, ...more] = await copiesOf(store, agent);
    expect(more).toEqual([]);
    expect(unknown).toMatchObject({ subject: "copies", state: "open", parked: 2 });
    const calls = rows.map(({ call, task }) => ({ task, call }));
    const { calls: shown } = JSON.parse(unknown?.evidence ?? "");
    expect(new Set(shown)).toEqual(new Set(calls));
    for (const row of rows) {
      expect(await parkedOf(store, row.call)).toEqual({
        ...{ ...row, ...DOUBTED, review: unknown?.id },
      });
    }
    const before = await standing(store);
    await store.parking.catchUp(late, before.seq, copies);
    expect((await standing(store)).seq).toBe(before.seq);
    expect(await copiesOf(store, agent)).toEqual([unknown]);
    await mustDecide(store, newDecision(review, "resume"));
    expect(await parkedOf(store, rows[0]?.call ?? "")).toMatchObject(DOUBTED);
    await over();
  });

  test("while its first client waits a call goes on; when that goes, it is doubted", async () => {
    const { store, other, parker, late, agent, review, same, over } = await scene(stores);
    const waits = await parkedBehind(store, parker, review, same);
    const goes = await parkedBehind(store, parker, review, same);
    await letThrough(other, late, waits, goes);
    expect(await parkedOf(store, waits.call)).toEqual(waits);
    expect(await copiesOf(store, agent)).toEqual([]);
    await mustDecide(store, newDecision(review, "resume"));
    await store.parking.detach(parker, [goes.call]);
    expect(await parkedOf(store, goes.call)).toMatchObject({ ...DOUBTED, attached: null });
    const [unknown] = await copiesOf(store, agent);
    expect(unknown).toMatchObject({ state: "open", parked: 1 });
    expect(await store.parking.claim(parker, waits.call)).toMatchObject({ kind: "claimed" });
    await over();
  });

  test("a call that was taken over since is doubted too: its first client has gone", async () => {
    const { store, other, parker, late, agent, left, over } = await scene(stores);
    const row = await left();
    await store.parking.attach(parker, row);
    await letThrough(other, late, row);
    const [unknown] = await copiesOf(store, agent);
    const attached = { ...row, ...DOUBTED, attached: parker, review: unknown?.id };
    expect(await parkedOf(store, row.call)).toEqual(attached);
    await over();
  });

  test("calls of others, and those that came long after, are left alone", async () => {
    const { store, other, parker, late, agent, left, over } = await scene(stores);
    const row = await left();
    const { now, seq } = await standing(store);
    const { digest, key, task } = row;
    const copy = { agent, digest, key, task, at: now };
    const before = now - 60_000;
    const others = [{ agent: "a" }, { digest: "d" }, { key: "k" }, { task: "t" }, { at: before }];
    for (const change of others) await other.parking.catchUp(late, seq, [{ ...copy, ...change }]);
    // Who parked it knows that its agent is paused.
    await store.parking.catchUp(parker, seq, [copy]);
    const gone = await liveHolder(store);
    await store.holders.close(gone);
    await store.parking.catchUp(gone, seq, [copy]);
    expect(await parkedOf(store, row.call)).toEqual(row);
    expect(await copiesOf(store, agent)).toEqual([]);
    await over();
  });

  test("a call whose gateway is lost is doubted in the review of that", async () => {
    const { store, other, parker, late, agent, review, same, over } = await scene(stores);
    const row = await parkedBehind(store, parker, review, same);
    await letThrough(other, late, row);
    await other.holders.close(parker);
    expect(await parkedOf(store, row.call)).toMatchObject({ ...DOUBTED, attached: null });
    expect(await copiesOf(store, agent)).toMatchObject([{ subject: parker, parked: 1 }]);
    await over();
  });
}

function claimedCases(stores: () => Stores): void {
  const claimedCopy = async () => {
    const world = await scene(stores);
    const { store, other, parker, late } = world;
    const row = await claimedCall(store, parker, { agent: fresh("agent") });
    await store.parking.detach(parker, [row.call]);
    await letThrough(other, late, row);
    return { ...world, row };
  };

  test("a claim under way stands, and its answer is kept", async () => {
    const { store, parker, row, over } = await claimedCopy();
    expect(await parkedOf(store, row.call)).toEqual({ ...row, attached: null });
    const answer = { kind: "parked", call: row.call, attempt: 1, answer: null } as const;
    await flushAnswers(store, parker, answer);
    expect((await parkedOf(store, row.call)).state).toBe("done");
    expect(await copiesOf(store, row.agent)).toEqual([]);
    await over();
  });

  test("a claim that is taken back leaves a call that is doubted", async () => {
    const { store, parker, row, over } = await claimedCopy();
    await store.parking.unclaim(parker, row.call, 2);
    expect((await parkedOf(store, row.call)).state).toBe("claimed");
    await store.parking.unclaim(parker, row.call, 1);
    expect(await parkedOf(store, row.call)).toMatchObject({ ...DOUBTED, claimedBy: null });
    expect(await copiesOf(store, row.agent)).toMatchObject([{ subject: "copies", parked: 1 }]);
    await over();
  });

  test("a claim that is taken back while its first client waits is not", async () => {
    const { store, other, parker, late, over } = await scene(stores);
    const row = await claimedCall(store, parker);
    await letThrough(other, late, row);
    await store.parking.unclaim(parker, row.call, 1);
    expect((await parkedOf(store, row.call)).state).toBe("let_go");
    await over();
  });
}

function verdictCases(stores: () => Stores): void {
  test("what a person said of a call holds, whoever tells of its copy again", async () => {
    const { store, other, parker, late, agent, review, left, over } = await scene(stores);
    const row = await left();
    const copies = await letThrough(other, late, row);
    const [unknown] = await copiesOf(store, agent);
    if (!unknown) throw new Error("a review was opened");
    await mustDecide(store, newDecision(review, "resume"));
    const word = newDecision(unknown, "did_not_run", { call: row.call });
    expect((await mustDecide(store, word)).state).toBe("closed");
    await other.parking.catchUp(late, (await standing(store)).seq, copies);
    const free = { state: "let_go", maybeSent: false };
    expect(await parkedOf(store, row.call)).toMatchObject(free);
    expect((await store.parking.claim(parker, row.call)).kind).toBe("claimed");
    await store.parking.unclaim(parker, row.call, 1);
    expect(await parkedOf(store, row.call)).toMatchObject(free);
    await over();
  });

  test("once it is closed, the next copy opens another review; until then it joins", async () => {
    const { store, other, late, agent, left, over } = await scene(stores);
    const [one, two] = [await left(), await left({ digest: fresh("digest") })];
    await letThrough(other, late, one);
    await letThrough(other, late, two);
    const [first, ...none] = await copiesOf(store, agent);
    expect(none).toEqual([]);
    if (!first) throw new Error("a review was opened");
    expect((await parkedOf(store, two.call)).review).toBe(first.id);
    const ran = await mustDecide(store, newDecision(first, "ran", { call: one.call }));
    await mustDecide(store, newDecision(ran, "deny", { call: two.call }));
    expect((await reviewOf(store, first.id)).state).toBe("closed");
    const three = await left({ digest: fresh("digest") });
    await letThrough(other, late, three);
    const [second] = await copiesOf(store, agent);
    expect(second).toMatchObject({ state: "open", parked: 1 });
    expect(second?.id).not.toBe(first.id);
    await over();
  });
}

function awaitedCases(stores: () => Stores): void {
  test("a call that was left waits until all other gateways know it was let go", async () => {
    const { store, other, parker, late, review, left, over } = await scene(stores);
    const { seq: paused } = await standing(store);
    await other.parking.catchUp(late, paused, []);
    const rows = [await left(), await left()];
    await mustDecide(store, newDecision(review, "resume"));
    const [row, second] = rows.map(({ call }) => call);
    await other.parking.attach(late, rows[1] ?? newParked());
    for (const call of [row, second]) {
      expect((await store.parking.claim(parker, call ?? "")).kind).toBe("waits");
    }
    const { seq } = await standing(store);
    await other.parking.catchUp(late, seq, []);
    await other.parking.catchUp(late, paused, []);
    for (const call of [row, second]) {
      expect((await store.parking.claim(parker, call ?? "")).kind).toBe("claimed");
    }
    await over();
  });

  test("a probe, a person's word and a late park let go by a number of their own", async () => {
    const { store, other, parker, late, agent, review, same, left, over } = await scene(stores);
    const [probed, unknown] = [await left(), await left({ task: "task-2" })];
    await letThrough(other, late, unknown);
    await mustDecide(store, newDecision(review, "probe", { task: probed.task }));
    expect((await store.parking.claim(parker, probed.call)).kind).toBe("waits");
    await letThrough(other, late);
    expect((await store.parking.claim(parker, probed.call)).kind).toBe("claimed");
    await mustDecide(store, newDecision(await reviewOf(store, review.id), "resume"));
    const [doubt] = await copiesOf(store, agent);
    if (!doubt) throw new Error("a review was opened");
    await letThrough(other, late);
    await mustDecide(store, newDecision(doubt, "did_not_run", { call: unknown.call }));
    expect((await store.parking.claim(parker, unknown.call)).kind).toBe("waits");
    const lifted = await mustPark(store, parker, newParked(same));
    await store.parking.detach(parker, [lifted.call]);
    expect((await store.parking.claim(parker, lifted.call)).kind).toBe("waits");
    await letThrough(other, late);
    for (const { call } of [unknown, lifted]) {
      expect((await store.parking.claim(parker, call)).kind).toBe("claimed");
    }
    await over();
  });

  test("who parked it, or serves nobody yet, is not waited for", async () => {
    const { store, other, parker, late, review, same, left, over } = await scene(stores);
    await store.parking.catchUp(parker, (await standing(store)).seq, []);
    const row = await left();
    const attached = await parkedBehind(store, parker, review, same);
    await mustDecide(store, newDecision(review, "resume"));
    expect((await other.parking.claim(late, row.call)).kind).toBe("claimed");
    await other.parking.catchUp(late, 0, []);
    expect((await store.parking.claim(parker, attached.call)).kind).toBe("claimed");
    await over();
  });

  test("a gateway that is lost before it has caught up may have sent it", async () => {
    const { store, other, parker, late, agent, review, left, over } = await scene(stores);
    const row = await left();
    const { seq } = await standing(store);
    expect((await other.holders.beat(late)).kind).toBe("ok");
    await other.parking.catchUp(late, seq, []);
    const before = await left();
    await mustDecide(store, newDecision(review, "resume"));
    await other.holders.beat(late);
    expect((await store.parking.claim(parker, row.call)).kind).toBe("waits");
    await store.holders.fence(late, null);
    for (const { call } of [row, before]) {
      expect(await parkedOf(store, call)).toMatchObject(DOUBTED);
    }
    expect(await copiesOf(store, agent)).toMatchObject([{ subject: late, parked: 2 }]);
    await over();
  });
}

function raceCases(stores: () => Stores): void {
  /** Neither let go nor run: whatever was first, a person is asked. */
  const mustBeDoubted = async (store: Store, { agent, call }: Parked) => {
    expect(await parkedOf(store, call)).toMatchObject(DOUBTED);
    expect(await copiesOf(store, agent)).toMatchObject([{ state: "open", parked: 1 }]);
  };

  test("a client that goes while a copy is told of leaves a call that is doubted", async () => {
    const { store, other, parker, late, over } = await scene(stores);
    for (let race = 0; race < RACES; race += 1) {
      const row = await mustPark(store, parker, newParked());
      await Promise.all([
        store.parking.detach(parker, [row.call]),
        letThrough(other, late, row),
        store.clutch.trip(newReview({ agent: row.agent })),
      ]);
      await mustBeDoubted(store, row);
    }
    await over();
  });

  test("a claim that races with the word of a copy is before it, or is not made", async () => {
    const { store, other, parker, late, over } = await scene(stores);
    for (let race = 0; race < RACES; race += 1) {
      const row = await mustPark(store, parker, newParked());
      await store.parking.detach(parker, [row.call]);
      const [claim] = await Promise.all([
        store.parking.claim(parker, row.call),
        letThrough(other, late, row),
      ]);
      if (claim.kind === "claimed") {
        expect((await parkedOf(store, row.call)).state).toBe("claimed");
        await store.parking.unclaim(parker, row.call, 1);
      }
      await mustBeDoubted(store, row);
    }
    await over();
  });

  test("a claim taken back while a copy is told of leaves a call that is doubted", async () => {
    const { store, other, parker, late, over } = await scene(stores);
    for (let race = 0; race < RACES; race += 1) {
      const row = await claimedCall(store, parker);
      await store.parking.detach(parker, [row.call]);
      await Promise.all([store.parking.unclaim(parker, row.call, 1), letThrough(other, late, row)]);
      await mustBeDoubted(store, row);
    }
    await over();
  });
}
