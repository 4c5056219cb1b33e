import { describe, expect, test } from "vitest";
import type { Parked, ParkLimits } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, freshId, liveHolder, type Stores, sharedStores } from "./kit.ts";
import { parkedProperties } from "./parked-properties.ts";
import {
  bytes,
  mustDecide,
  mustPark,
  newDecision,
  newParked,
  newReview,
  parkedBehind,
  parkedOf,
  ROOMY,
  tripped,
} from "./work-kit.ts";

/** Calls that wait, durably: how they park, and who has their client. */
export function parkingConformance(open: OpenFixture): void {
  describe("parking", () => {
    const stores = sharedStores(open);
    parkCases(stores);
    limitCases(stores);
    attachCases(stores);
    listCases(stores);
    parkedProperties(stores);
  });
}

function parkCases(stores: () => Stores): void {
  test("a call behind a tripped clutch is parked for the review that stands", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { agent, review } = await tripped(store);
    const { request, ...asked } = newParked({ agent, review: fresh("not-that-one") });
    const parked = await mustPark(store, holder, { request, ...asked });
    const expected: Parked = {
      ...asked,
      ...{ review: review.id, state: "parked", letGoAt: null, attached: holder, claimedBy: null },
      ...{ attempt: 0, message: null, maybeSent: false, edited: false },
    };
    expect(parked).toEqual(expected);
    expect(await parkedOf(other, asked.call)).toEqual(expected);
  });

  test("what it waits for may be over by now: then it is let go at once", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { agent, review } = await tripped(store);
    await mustDecide(store, newDecision(review, "resume"));
    const budget = await store.clutch.open(newReview({ agent, kind: "budget" }));
    const ofBudget = { agent, cause: "budget", review: budget.id } as const;
    const waits = await mustPark(store, holder, newParked(ofBudget));
    await mustDecide(store, newDecision(budget, "resume"));
    const calls = [
      await mustPark(store, holder, newParked({ agent, review: review.id })),
      await mustPark(store, holder, newParked(ofBudget)),
    ];
    for (const { call, letGoAt, state } of calls) {
      expect({ letGoAt, state }).toEqual({ letGoAt: expect.any(Number), state: "let_go" });
      expect(await store.parking.claim(holder, call)).toMatchObject({ kind: "claimed" });
    }
    expect(waits.state).toBe("parked");
  });

  test("a call for a review that is not there waits", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const asked = newParked({ cause: "approval" });
    expect((await mustPark(store, holder, asked)).state).toBe("parked");
  });

  test("parking a call again changes nothing, whatever became of it", async () => {
    const { store, other } = stores();
    const [holder, second] = [await liveHolder(store), await liveHolder(other)];
    const { review } = await tripped(store);
    const asked = newParked({ agent: review.agent });
    const first = await mustPark(store, holder, asked);
    const changed = { ...asked, request: bytes(9), task: "other", digest: "other", about: "" };
    expect(await mustPark(other, second, changed)).toEqual(first);
    await mustDecide(store, newDecision(review, "deny", { call: asked.call, message: "No." }));
    const full = { callsPerAgent: 0, callsPerTask: 0, bytesPerAgent: 0 };
    const again = await store.parking.park(holder, asked, full);
    expect(again).toEqual({ kind: "ok", parked: { ...first, state: "denied", message: "No." } });
  });

  test("a holder that is not live parks, attaches and claims nothing", async () => {
    const { store } = stores();
    const [fenced, closed] = [await liveHolder(store), await liveHolder(store)];
    await store.holders.fence(fenced, null);
    await store.holders.close(closed);
    const asked = newParked();
    for (const holder of [fenced, closed, freshId()]) {
      const gone = { kind: "fenced" };
      expect(await store.parking.park(holder, asked, ROOMY)).toEqual(gone);
      expect(await store.parking.attach(holder, asked)).toEqual(gone);
      expect(await store.parking.claim(holder, asked.call)).toEqual(gone);
      await store.parking.detach(holder, [asked.call]);
      await store.parking.unclaim(holder, asked.call, 1);
    }
    expect(await store.parking.list({ call: asked.call, limit: 1 })).toEqual([]);
  });
}

function limitCases(stores: () => Stores): void {
  const limited = async (limits: Partial<ParkLimits>) => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const { agent, review } = await tripped(store);
    const park = (changes: Partial<ReturnType<typeof newParked>>) =>
      store.parking.park(holder, newParked({ agent, ...changes }), { ...ROOMY, ...limits });
    return { store, holder, agent, review, park };
  };

  test("an agent has so many calls waiting at once, and those of others do not count", async () => {
    const { store, holder, park } = await limited({ callsPerAgent: 2 });
    await park({ task: "one" });
    await park({ task: "two" });
    const full = { kind: "full", limit: "callsPerAgent", max: 2 };
    expect(await park({ task: "three" })).toEqual(full);
    const stranger = await store.parking.park(holder, newParked(), { ...ROOMY, callsPerAgent: 1 });
    expect(stranger.kind).toBe("ok");
  });

  test("a task has so many calls waiting at once", async () => {
    const { park } = await limited({ callsPerTask: 1 });
    await park({ task: "one" });
    expect(await park({ task: "one" })).toEqual({ kind: "full", limit: "callsPerTask", max: 1 });
    expect((await park({ task: "two" })).kind).toBe("ok");
  });

  test("an agent has so many bytes waiting, to the byte", async () => {
    const { park } = await limited({ bytesPerAgent: 10 });
    expect((await park({ request: new Uint8Array(6) })).kind).toBe("ok");
    const full = { kind: "full", limit: "bytesPerAgent", max: 10 };
    expect(await park({ request: new Uint8Array(5) })).toEqual(full);
    expect((await park({ request: new Uint8Array(4) })).kind).toBe("ok");
  });

  test("claimed calls count, finished ones do not; a full one leaves no trace", async () => {
    const { store, holder, agent, review, park } = await limited({ callsPerAgent: 2 });
    const first = await parkedBehind(store, holder, review);
    const second = await parkedBehind(store, holder, review);
    const probe = newDecision(review, "probe", { task: first.task });
    const probed = await mustDecide(store, probe);
    expect(await store.parking.claim(holder, first.call)).toMatchObject({ kind: "claimed" });
    const refused = newParked({ agent });
    const limits = { ...ROOMY, callsPerAgent: 2 };
    expect((await store.parking.park(holder, refused, limits)).kind).toBe("full");
    expect(await store.parking.list({ call: refused.call, limit: 1 })).toEqual([]);
    const answers = [{ kind: "parked", call: first.call, attempt: 1, answer: null }] as const;
    const batch = { settlements: [], entries: [], anchor: null, answers };
    await store.ledger.flush(holder, batch);
    await store.clutch.trip(newReview({ agent }));
    const third = await park({});
    expect(third.kind).toBe("ok");
    expect((await park({})).kind).toBe("full");
    if (third.kind !== "ok") throw new Error("there was room");
    const { version } = await store.clutch.trip(newReview({ agent }));
    const denial = newDecision(probed, "deny", { call: third.parked.call });
    await mustDecide(store, { ...denial, version });
    expect((await park({})).kind).toBe("ok");
    expect((await parkedOf(store, second.call)).state).toBe("let_go");
  });

  test("gateways that park at once do not pass a limit together", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    for (let race = 0; race < 8; race += 1) {
      const { agent } = await tripped(store);
      const limits = { ...ROOMY, callsPerAgent: 3 };
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          index % 2
            ? store.parking.park(one, newParked({ agent }), limits)
            : other.parking.park(two, newParked({ agent }), limits),
        ),
      );
      expect(answers.filter(({ kind }) => kind === "ok")).toHaveLength(3);
    }
  });

  test("copies of one park that race are one call", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { agent } = await tripped(store);
    const asked = newParked({ agent });
    const limits = { ...ROOMY, callsPerAgent: 1 };
    const answers = await Promise.all(
      [store, other, store, other].map(({ parking }) => parking.park(holder, asked, limits)),
    );
    expect(answers.map(({ kind }) => kind)).toEqual(["ok", "ok", "ok", "ok"]);
    expect(await store.parking.list({ agent, limit: 9 })).toHaveLength(1);
  });
}

function attachCases(stores: () => Stores): void {
  /** Two calls that are the same request. */
  const twins = async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const { review } = await tripped(store);
    const same = { key: fresh("key"), task: "task-1", digest: fresh("digest") };
    const first = await parkedBehind(store, holder, review, same);
    const second = await parkedBehind(store, holder, review, same);
    return { store, other, holder, review, same, first, second, next: await liveHolder(other) };
  };

  test("the oldest detached call of the same key, task and digest is taken over", async () => {
    const { store, other, holder, same, first, second, next } = await twins();
    expect(await other.parking.attach(next, same)).toBe(null);
    await store.parking.detach(holder, [second.call, first.call]);
    expect((await parkedOf(other, first.call)).attached).toBe(null);
    for (const change of [{ key: "k" }, { task: "t" }, { digest: "d" }]) {
      expect(await other.parking.attach(next, { ...same, ...change })).toBe(null);
    }
    expect(await other.parking.attach(next, same)).toEqual({ ...first, attached: next });
    expect(await other.parking.attach(next, same)).toEqual({ ...second, attached: next });
    expect(await other.parking.attach(next, same)).toBe(null);
    expect(await parkedOf(store, first.call)).toEqual({ ...first, attached: next });
  });

  test("who asks again for the same request gets the same call", async () => {
    const { store, other, holder, same, first, second, next } = await twins();
    await store.parking.detach(holder, [first.call, second.call]);
    for (let n = 0; n < 2; n += 1) {
      const taken = await other.parking.attach(next, { ...same, by: "request-1" });
      expect(taken).toEqual({ ...first, attached: next });
    }
    const taken = await other.parking.attach(next, { ...same, by: "request-2" });
    expect(taken).toEqual({ ...second, attached: next });
    await other.parking.detach(next, [first.call]);
    const again = await store.parking.attach(holder, { ...same, by: "request-3" });
    expect(again).toEqual({ ...first, attached: holder });
    expect(await other.parking.attach(next, { ...same, by: "request-1" })).toBe(null);
  });

  test("nobody detaches a call that another gateway has", async () => {
    const { store, other, first, next } = await twins();
    await other.parking.detach(next, [first.call, fresh("none")]);
    expect(await parkedOf(store, first.call)).toEqual(first);
  });

  test("a call that was finished while nobody waited is taken over with its answer", async () => {
    const { store, other, holder, review, same, first, second, next } = await twins();
    await store.parking.detach(holder, [first.call, second.call]);
    const after = await mustDecide(store, newDecision(review, "deny", { call: first.call }));
    const taken = await other.parking.attach(next, same);
    expect(taken).toMatchObject({ call: first.call, state: "denied" });
    await mustDecide(store, newDecision(after, "resume"));
    await store.parking.claim(holder, second.call);
    const answer = { kind: "parked", call: second.call, attempt: 1, answer: bytes(4) } as const;
    const batch = { settlements: [], entries: [], anchor: null, answers: [answer] };
    await store.ledger.flush(holder, batch);
    expect(await other.parking.attach(next, same)).toMatchObject({ call: second.call });
    expect(await other.parking.claim(next, second.call)).toMatchObject({
      ...{ kind: "done", answer: bytes(4) },
    });
  });

  test("what is done without an answer has nothing to give to whoever asks again", async () => {
    const { store, other, holder, review, same, first, second, next } = await twins();
    await store.parking.detach(holder, [first.call, second.call]);
    expect(await other.parking.attach(next, { ...same, by: "one" })).toMatchObject({
      call: first.call,
    });
    await mustDecide(store, newDecision(review, "resume"));
    await store.parking.claim(holder, first.call);
    const answer = { kind: "parked", call: first.call, attempt: 1, answer: null } as const;
    await store.ledger.flush(holder, {
      settlements: [],
      entries: [],
      anchor: null,
      answers: [answer],
    });
    const again = await other.parking.attach(next, { ...same, by: "one" });
    expect(again).toMatchObject({ call: second.call });
    await other.parking.detach(next, [first.call]);
    expect(await store.parking.attach(holder, { ...same, by: "two" })).toBeNull();
  });

  test("requests that race take one call each", async () => {
    for (let race = 0; race < 8; race += 1) {
      const { store, other, holder, same, first, second, next } = await twins();
      await store.parking.detach(holder, [first.call, second.call]);
      const taken = await Promise.all([
        store.parking.attach(holder, { ...same, by: "one" }),
        other.parking.attach(next, { ...same, by: "two" }),
        other.parking.attach(next, { ...same, by: "three" }),
      ]);
      const calls = taken.flatMap((each) => (each && "call" in each ? [each.call] : []));
      expect(calls.sort()).toEqual([first.call, second.call].sort());
    }
  });
}

function listCases(stores: () => Stores): void {
  test("calls are listed newest first, by agent, review, call, state and gateway", async () => {
    const { store, other } = stores();
    const [holder, next] = [await liveHolder(store), await liveHolder(other)];
    const { agent, review } = await tripped(store);
    const one = await parkedBehind(store, holder, review);
    const two = await parkedBehind(other, next, review);
    const cause = { cause: "approval", review: fresh("approval") } as const;
    const three = await parkedBehind(store, holder, review, cause);
    await mustDecide(store, newDecision(review, "deny", { call: two.call }));
    const calls = async (filter: Partial<Parameters<typeof other.parking.list>[0]>) =>
      (await other.parking.list({ agent, limit: 9, ...filter })).map(({ call }) => call);
    expect(await calls({})).toEqual([three.call, two.call, one.call]);
    expect(await calls({ limit: 2 })).toEqual([three.call, two.call]);
    expect(await calls({ review: review.id })).toEqual([two.call, one.call]);
    expect(await calls({ call: two.call })).toEqual([two.call]);
    expect(await calls({ states: ["parked"] })).toEqual([three.call, one.call]);
    expect(await calls({ states: ["denied", "done"] })).toEqual([two.call]);
    expect(await calls({ states: [] })).toEqual([]);
    expect(await calls({ attached: next })).toEqual([two.call]);
    expect(await calls({ attached: holder, states: ["parked"] })).toEqual([three.call, one.call]);
    expect(await calls({ agent: fresh("agent") })).toEqual([]);
  });
}
