import { describe, expect, test } from "vitest";
import type { Answered, Parked } from "../../ports/store.ts";
import { claimRaces } from "./claim-races.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, freshId, liveHolder, type Stores, sharedStores } from "./kit.ts";
import {
  bytes,
  callClaim,
  claimedCall,
  flushAnswers,
  mustDecide,
  mustPark,
  newDecision,
  newParked,
  newReview,
  parkedBehind,
  parkedOf,
  pass,
  tripped,
} from "./work-kit.ts";

/** Who may send a call: one claimant, and once for each attempt. */
export function claimConformance(open: OpenFixture): void {
  describe("claims", () => {
    const stores = sharedStores(open);
    claimCases(stores);
    unclaimCases(stores);
    answerCases(stores);
    namedCases(stores);
    claimRaces(stores);
  });
}

function claimCases(stores: () => Stores): void {
  test("a claim gives the request as the next attempt; asked again, it is the same", async () => {
    const { store, other } = stores();
    const [holder, next] = [await liveHolder(store), await liveHolder(other)];
    const asked = newParked({ request: bytes(0, 255, 1, 128) });
    const parked = await mustPark(store, holder, asked);
    expect(parked.state).toBe("let_go");
    const expected = {
      kind: "claimed",
      parked: { ...parked, state: "claimed", claimedBy: next, attempt: 1 },
      request: asked.request,
    };
    expect(await other.parking.claim(next, asked.call)).toEqual(expected);
    expect(await store.parking.claim(next, asked.call)).toEqual(expected);
    const waits = { kind: "waits", parked: expected.parked };
    expect(await store.parking.claim(holder, asked.call)).toEqual(waits);
    expect(await store.parking.claim(holder, fresh("none"))).toEqual({ kind: "none" });
  });

  test("a parked call waits, and one that was let go for its turn and its clutch", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { agent, review } = await tripped(store);
    const calls: Parked[] = [];
    for (let n = 0; n < 3; n += 1) calls.push(await parkedBehind(store, holder, review));
    const claim = async (index: number) =>
      (await store.parking.claim(holder, calls[index]?.call ?? "")).kind;
    expect(await claim(0)).toBe("waits");
    await mustDecide(store, newDecision(review, "resume", { paceMs: 120 }));
    expect(await claim(2)).toBe("waits");
    await pass(stores(), 130);
    expect(await claim(1)).toBe("claimed");
    const second = await store.clutch.trip(newReview({ agent }));
    await pass(stores(), 130);
    expect(await claim(2)).toBe("waits");
    // Who has claimed before keeps what it has.
    expect(await claim(1)).toBe("claimed");
    await mustDecide(store, newDecision(second, "resume"));
    expect(await claim(2)).toBe("claimed");
  });

  test("any bytes of any length come back as they were, none too", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const long = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
    for (const request of [new Uint8Array(0), long, long.subarray(7, 19)]) {
      const { call } = await mustPark(store, holder, newParked({ request }));
      const claimed = await other.parking.claim(holder, call);
      if (claimed.kind !== "claimed") throw new Error(`claim answered ${claimed.kind}`);
      expect(Buffer.compare(claimed.request, request)).toBe(0);
      await flushAnswers(store, holder, { kind: "parked", call, attempt: 1, answer: request });
      const done = await other.parking.claim(holder, call);
      if (done.kind !== "done") throw new Error(`claim answered ${done.kind}`);
      expect(Buffer.compare(done.answer ?? bytes(1), request)).toBe(0);
    }
  });
}

function unclaimCases(stores: () => Stores): void {
  test("an unclaimed call can be claimed again, as the next attempt", async () => {
    const { store, other } = stores();
    const [holder, next] = [await liveHolder(store), await liveHolder(other)];
    const { call } = await claimedCall(store, holder);
    await store.parking.unclaim(holder, call, 1);
    expect(await parkedOf(other, call)).toMatchObject({
      ...{ state: "let_go", claimedBy: null, attempt: 1 },
    });
    const again = await other.parking.claim(next, call);
    expect(again).toMatchObject({ kind: "claimed", parked: { attempt: 2, claimedBy: next } });
  });

  test("a late copy of an unclaim, or a stranger's, changes nothing", async () => {
    const { store, other } = stores();
    const [holder, next] = [await liveHolder(store), await liveHolder(other)];
    const { call } = await claimedCall(store, holder);
    for (const [who, attempt] of [
      [next, 1],
      [holder, 0],
      [holder, 2],
    ] as const) {
      await store.parking.unclaim(who, call, attempt);
    }
    expect((await parkedOf(store, call)).state).toBe("claimed");
    await store.parking.unclaim(holder, call, 1);
    await store.parking.claim(holder, call);
    await other.parking.unclaim(holder, call, 1);
    expect(await parkedOf(store, call)).toMatchObject({ state: "claimed", attempt: 2 });
    await store.parking.unclaim(holder, fresh("none"), 1);
  });

  test("unclaimed while its clutch stops it, a call is parked for its review", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const stopped = await claimedCall(store, holder, { task: "one" });
    const { agent } = stopped;
    const probed = await claimedCall(store, holder, { agent, task: "probed" });
    const { review } = await tripped(store, { agent });
    await store.parking.unclaim(holder, stopped.call, 1);
    expect(await parkedOf(store, stopped.call)).toMatchObject({
      ...{ state: "parked", review: review.id, letGoAt: null, claimedBy: null },
    });
    await parkedBehind(store, holder, review, { task: "probed" });
    await mustDecide(store, newDecision(review, "probe", { task: "probed" }));
    await store.parking.unclaim(holder, probed.call, 1);
    expect((await parkedOf(store, probed.call)).state).toBe("let_go");
  });

  test("what cannot go on yet is parked again for another review, while that is open", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { agent, call } = await claimedCall(store, holder);
    const { id: review } = await store.clutch.open(newReview({ agent, kind: "budget" }));
    for (let n = 0; n < 2; n += 1) {
      await store.parking.unclaim(holder, call, 1, { cause: "budget", review });
    }
    expect(await parkedOf(other, call)).toMatchObject({
      ...{ state: "parked", cause: "budget", review, letGoAt: null, claimedBy: null, attempt: 1 },
    });
    const [open] = await other.clutch.reviews({ id: review, limit: 1 });
    if (!open) throw new Error("a review that was opened is there");
    expect(open.parked).toBe(1);
    await mustDecide(other, newDecision(open, "resume"));
    expect(await store.parking.claim(holder, call)).toMatchObject({
      ...{ kind: "claimed", parked: { attempt: 2 } },
    });
    // That review is closed by now: nobody would let it go.
    await store.parking.unclaim(holder, call, 2, { cause: "budget", review });
    expect((await parkedOf(other, call)).state).toBe("let_go");
    const again = await store.parking.claim(holder, call);
    expect(again).toMatchObject({ kind: "claimed", parked: { attempt: 3 } });
    const { review: trip } = await tripped(store, { agent });
    const another = await store.clutch.open(newReview({ agent, kind: "budget" }));
    await store.parking.unclaim(holder, call, 3, { cause: "budget", review: another.id });
    expect(await parkedOf(other, call)).toMatchObject({
      ...{ state: "parked", cause: "clutch", review: trip.id },
    });
  });
}

function answerCases(stores: () => Stores): void {
  const answered = (call: string, attempt: number, answer: Uint8Array | null): Answered => {
    return { kind: "parked", call, attempt, answer };
  };

  test("a flush brings the answer of a claimed call, once", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const [one, two] = [await claimedCall(store, holder), await claimedCall(store, holder)];
    await flushAnswers(
      store,
      holder,
      answered(one.call, 1, bytes(7, 7)),
      answered(two.call, 1, null),
    );
    const parked = { ...one, state: "done" };
    const done = { kind: "done", parked, answer: bytes(7, 7) };
    expect(await other.parking.claim(holder, one.call)).toEqual(done);
    expect(await other.parking.claim(holder, two.call)).toMatchObject({
      ...{ kind: "done", answer: null },
    });
    await flushAnswers(other, holder, answered(one.call, 1, bytes(8)));
    expect(await other.parking.claim(holder, one.call)).toEqual(done);
  });

  test("the answer of another holder, attempt or state changes nothing", async () => {
    const { store, other } = stores();
    const [holder, next] = [await liveHolder(store), await liveHolder(other)];
    const { call } = await claimedCall(store, holder);
    await flushAnswers(other, next, answered(call, 1, bytes(1)));
    for (const attempt of [0, 2]) await flushAnswers(store, holder, answered(call, attempt, null));
    await flushAnswers(store, holder, answered(fresh("none"), 1, null));
    expect((await parkedOf(store, call)).state).toBe("claimed");
    await store.parking.unclaim(holder, call, 1);
    await flushAnswers(store, holder, answered(call, 1, bytes(1)));
    expect((await parkedOf(store, call)).state).toBe("let_go");
    const { review } = await tripped(store);
    const parked = await parkedBehind(store, holder, review);
    await flushAnswers(store, holder, answered(parked.call, 0, bytes(1)));
    expect((await parkedOf(store, parked.call)).state).toBe("parked");
  });
}

function namedCases(stores: () => Stores): void {
  test("one request may run a call of a name, and no other meanwhile", async () => {
    const { store, other } = stores();
    const [holder, next] = [await liveHolder(store), await liveHolder(other)];
    const claim = callClaim();
    for (const handle of [store, other]) {
      expect(await handle.parking.claimCall(holder, claim)).toEqual({ kind: "claimed" });
    }
    const running = { kind: "running" };
    expect(await other.parking.claimCall(next, claim)).toEqual(running);
    // A second request at the same gateway.
    const later = { ...claim, at: claim.at + 1 };
    expect(await store.parking.claimCall(holder, later)).toEqual(running);
    const changed = { ...claim, digest: "digest-2" };
    for (const who of [holder, next]) {
      expect(await store.parking.claimCall(who, changed)).toEqual({ kind: "other-digest" });
    }
    for (const change of [{ key: fresh("key") }, { task: "t" }, { callId: fresh("id") }]) {
      const own = await store.parking.claimCall(next, { ...claim, ...change });
      expect(own).toEqual({ kind: "claimed" });
    }
  });

  test("a call that was not sent can be claimed again, and a late copy frees nothing", async () => {
    const { store, other } = stores();
    const [holder, next] = [await liveHolder(store), await liveHolder(other)];
    const claim = callClaim();
    await store.parking.claimCall(holder, claim);
    await other.parking.unclaimCall(next, claim);
    await store.parking.unclaimCall(holder, { ...claim, at: claim.at + 1 });
    expect(await other.parking.claimCall(next, claim)).toEqual({ kind: "running" });
    await store.parking.unclaimCall(holder, claim);
    const again = { ...claim, at: claim.at + 5 };
    expect(await store.parking.claimCall(holder, again)).toEqual({ kind: "claimed" });
    await store.parking.unclaimCall(holder, claim);
    expect(await other.parking.claimCall(next, claim)).toEqual({ kind: "running" });
  });

  test("the answer of its claimant is everybody's, and of nobody else", async () => {
    const { store, other } = stores();
    const [holder, next] = [await liveHolder(store), await liveHolder(other)];
    const claim = callClaim();
    await store.parking.claimCall(holder, claim);
    const answer = (of: typeof claim, value: Uint8Array | null): Answered => {
      return { kind: "claim", claim: of, answer: value };
    };
    await flushAnswers(other, next, answer(claim, bytes(1)));
    await flushAnswers(store, holder, answer({ ...claim, at: claim.at + 1 }, bytes(1)));
    await flushAnswers(store, holder, answer({ ...claim, digest: "digest-2" }, bytes(1)));
    expect(await other.parking.claimCall(next, claim)).toEqual({ kind: "running" });
    const silent = callClaim();
    await store.parking.claimCall(holder, silent);
    await flushAnswers(store, holder, answer(claim, bytes(5)), answer(silent, null));
    await flushAnswers(store, holder, answer(claim, bytes(6)));
    await store.parking.unclaimCall(holder, claim);
    for (const who of [holder, next]) {
      const done = { kind: "done", answer: bytes(5) };
      expect(await other.parking.claimCall(who, { ...claim, at: 1 })).toEqual(done);
    }
    expect(await other.parking.claimCall(next, silent)).toEqual({ kind: "done", answer: null });
  });

  test("a holder that is not live claims nothing", async () => {
    const { store } = stores();
    const fenced = await liveHolder(store);
    await store.holders.fence(fenced, null);
    const claim = callClaim();
    for (const holder of [fenced, freshId()]) {
      expect(await store.parking.claimCall(holder, claim)).toEqual({ kind: "fenced" });
    }
    const live = await liveHolder(store);
    expect(await store.parking.claimCall(live, claim)).toEqual({ kind: "claimed" });
  });

  test("names of any characters are names", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const claim = callClaim({ callId: 'a\u0000b"\u0001\\', task: "ü\u0000" });
    await store.parking.claimCall(holder, claim);
    await flushAnswers(store, holder, { kind: "claim", claim, answer: bytes(1) });
    const done = { kind: "done", answer: bytes(1) };
    expect(await other.parking.claimCall(holder, claim)).toEqual(done);
  });
}
