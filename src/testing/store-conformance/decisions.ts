import { describe, expect, test } from "vitest";
import type { Parked, ReviewDecision, Store } from "../../ports/store.ts";
import { decisionRaces } from "./decision-races.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, type Stores, sharedStores } from "./kit.ts";
import {
  mustDecide,
  mustPark,
  newDecision,
  newParked,
  newReview,
  parkedBehind,
  parkedOf,
  parkedScene,
  reviewOf,
  tripped,
} from "./work-kit.ts";

/** What people decide on reviews, and what becomes of the calls that wait for them. */
export function decisionConformance(open: OpenFixture): void {
  describe("decisions", () => {
    const stores = sharedStores(open);
    versionCases(stores);
    noteCases(stores);
    resumeCases(stores);
    probeCases(stores);
    denyCases(stores);
    nothingCases(stores);
    decisionRaces(stores);
  });
}

async function statesOf(store: Store, calls: readonly Parked[]): Promise<string[]> {
  return await Promise.all(calls.map(async ({ call }) => (await parkedOf(store, call)).state));
}

async function clutchOf(store: Store, agent: string): Promise<string> {
  const found = (await store.clutch.clutches()).find((row) => row.agent === agent);
  return found?.clutch.state ?? "engaged";
}

function noteCases(stores: () => Stores): void {
  test("a note is kept with the decisions, once, and changes nothing else", async () => {
    const { store, other } = stores();
    const { agent, review } = await tripped(store);
    const note = { id: fresh("note"), review: review.id, text: "Äpfel?", by: "ada", at: 7 };
    const about = { task: null, call: null, message: null, proposal: null };
    const kept = { decision: "note", by: "ada", reason: "Äpfel?", at: 7, ...about };
    expect(await store.clutch.note(note)).toEqual({ ...review, decisions: [kept] });
    expect(await other.clutch.note(note)).toEqual({ ...review, decisions: [kept] });
    // It is still the version that was looked at.
    const closed = await mustDecide(store, newDecision(review, "resume"));
    const last = await store.clutch.note({ ...note, id: fresh("note") });
    expect(last).toMatchObject({ version: closed.version, state: "closed" });
    const verbs = last?.decisions.map(({ decision }) => decision);
    expect(verbs).toEqual(["note", "resume", "note"]);
    expect(await store.clutch.note({ ...note, review: fresh("review") })).toBeNull();
    expect(await store.clutch.reviews({ agent, kind: "pause", limit: 9 })).toEqual([]);
    expect(await store.clutch.reviews({ agent, kind: "trip", limit: 9 })).toHaveLength(1);
  });
}

function versionCases(stores: () => Stores): void {
  test("a decision is kept with who made it and why, and raises the version", async () => {
    const { store, other } = stores();
    const { calls, review } = await parkedScene(store, "one", "two");
    const [first] = calls;
    const decision = newDecision(review, "deny", { call: first?.call ?? "", message: "No." });
    const after = await mustDecide(store, decision);
    const { by, reason, at, task, call, message } = decision;
    expect(after).toEqual({
      ...review,
      ...{ version: 1, parked: 1, state: "open" },
      decisions: [{ decision: "deny", by, reason, at, task, call, message, proposal: null }],
    });
    expect(await reviewOf(other, review.id)).toEqual(after);
  });

  test("a repeated decision changes nothing, whatever happened since", async () => {
    const { store, other } = stores();
    const { calls, holder, review } = await parkedScene(store, "one", "two");
    const probe = newDecision(review, "probe", { task: "one" });
    const once = await mustDecide(store, probe);
    expect(await mustDecide(other, probe)).toEqual(once);
    await store.parking.claim(holder, calls[0]?.call ?? "");
    const done = await mustDecide(store, newDecision(once, "resume"));
    expect(await mustDecide(other, probe)).toEqual(done);
    expect(await statesOf(store, calls)).toEqual(["claimed", "let_go"]);
    expect(await clutchOf(store, review.agent)).toBe("engaged");
  });

  test("a decision on another version is a conflict, and changes nothing", async () => {
    const { store, other } = stores();
    const { agent, calls, review } = await parkedScene(store, "one", "two");
    const seen = newDecision(review, "resume");
    const deny = newDecision(review, "deny", { call: calls[0]?.call ?? "" });
    const now = await mustDecide(store, deny);
    expect(await other.clutch.decide(seen)).toEqual({ kind: "conflict", review: now });
    expect(await other.clutch.decide({ ...seen, version: 7 })).toMatchObject({ kind: "conflict" });
    expect(await statesOf(store, calls)).toEqual(["denied", "parked"]);
    expect(await clutchOf(store, agent)).toBe("disengaged");
    expect(await reviewOf(store, review.id)).toEqual(now);
  });
}

function resumeCases(stores: () => Stores): void {
  test("a resume engages the clutch and lets all go one by one, oldest first", async () => {
    const { store, other } = stores();
    const { agent, calls, review } = await parkedScene(store, "one", "two", "one");
    const closed = await mustDecide(other, newDecision(review, "resume", { paceMs: 500 }));
    expect(closed).toMatchObject({ state: "closed", version: 1, parked: 0 });
    expect(await clutchOf(store, agent)).toBe("engaged");
    const rows = await Promise.all(calls.map(({ call }) => parkedOf(store, call)));
    expect(rows.map(({ state }) => state)).toEqual(["let_go", "let_go", "let_go"]);
    const first = rows[0]?.letGoAt ?? Number.NaN;
    expect(rows.map(({ letGoAt }) => (letGoAt ?? 0) - first)).toEqual([0, 500, 1000]);
  });

  test("a resume of one review leaves calls of others alone", async () => {
    const { store } = stores();
    const { agent, holder, review } = await parkedScene(store, "one");
    const { calls: strangers } = await parkedScene(store, "one");
    const asked = newReview({ agent, kind: "budget", subject: "daily" });
    const budget = await store.clutch.open(asked);
    const waiting = newParked({ agent, cause: "budget", review: budget.id });
    const parked = await mustPark(store, holder, waiting);
    await mustDecide(store, newDecision(review, "resume"));
    expect(await statesOf(store, [parked, ...strangers])).toEqual(["parked", "parked"]);
    await mustDecide(store, newDecision(budget, "resume"));
    expect(await statesOf(store, [parked])).toEqual(["let_go"]);
  });

  test("an approval lets its call go, and moves no clutch", async () => {
    const { store } = stores();
    const { agent, holder, review } = await parkedScene(store, "one");
    const approval = await store.clutch.open(newReview({ agent, kind: "approval", subject: "x" }));
    const call = newParked({ agent, cause: "approval", review: approval.id });
    const parked = await mustPark(store, holder, call);
    for (const verb of ["resume", "probe", "calm"] as const) {
      const answer = await store.clutch.decide(newDecision(approval, verb, { task: parked.task }));
      expect(answer.kind).toBe("nothing");
    }
    const onClutch = await store.clutch.decide(newDecision(review, "approve"));
    expect(onClutch).toMatchObject({ kind: "nothing", because: "it asks for no approval" });
    const approved = await mustDecide(store, newDecision(approval, "approve"));
    expect(approved).toMatchObject({ state: "closed", decisions: [{ decision: "approve" }] });
    expect(await statesOf(store, [parked])).toEqual(["let_go"]);
    expect(await clutchOf(store, agent)).toBe("disengaged");
    expect(await store.parking.claim(holder, parked.call)).toMatchObject({ kind: "waits" });
    await mustDecide(store, newDecision(review, "resume"));
    expect(await store.parking.claim(holder, parked.call)).toMatchObject({ kind: "claimed" });
  });

  test.each(["deny", "end"] as const)("an approval closes with a %s of its call", async (verb) => {
    const { store } = stores();
    const { agent, holder } = await parkedScene(store, "one");
    const approval = await store.clutch.open(newReview({ agent, kind: "approval", subject: "x" }));
    const asked = newParked({ agent, cause: "approval", review: approval.id });
    const { call, task } = await mustPark(store, holder, asked);
    const about = verb === "deny" ? { call, message: "no" } : { task, message: "no" };
    const closed = await mustDecide(store, newDecision(approval, verb, about));
    expect(closed).toMatchObject({ state: "closed", parked: 0 });
    expect(await store.parking.claim(holder, call)).toMatchObject({
      kind: "denied",
      parked: { message: "no" },
    });
  });

  test("an approval whose call was never parked is ended, and moves no clutch", async () => {
    const { store } = stores();
    const { agent, review } = await parkedScene(store, "one");
    const approval = await store.clutch.open(newReview({ agent, kind: "approval", subject: "x" }));
    const deny = await store.clutch.decide(newDecision(approval, "deny", { call: "x" }));
    expect(deny).toMatchObject({ kind: "nothing" });
    const ended = await mustDecide(store, newDecision(approval, "end", { task: "t" }));
    expect(ended).toMatchObject({ state: "closed", parked: 0 });
    const [standing] = await store.clutch.reviews({ id: review.id, limit: 1 });
    expect(standing).toMatchObject({ state: "open", parked: 1 });
  });

  test("who waited for its turn when the clutch tripped again comes first", async () => {
    const { store } = stores();
    const { agent, calls, holder, review } = await parkedScene(store, "one", "two", "three");
    await mustDecide(store, newDecision(review, "resume", { paceMs: 3_600_000 }));
    expect(await store.parking.claim(holder, calls[0]?.call ?? "")).toMatchObject({
      kind: "claimed",
    });
    const second = await store.clutch.trip(newReview({ agent }));
    const later = await parkedBehind(store, holder, second);
    await mustDecide(store, newDecision(second, "resume", { paceMs: 250 }));
    const [claimed, two, three, four] = await Promise.all(
      [...calls, later].map(({ call }) => parkedOf(store, call)),
    );
    expect(claimed?.state).toBe("claimed");
    const first = two?.letGoAt ?? Number.NaN;
    expect([three, four].map((row) => (row?.letGoAt ?? 0) - first)).toEqual([250, 500]);
    expect(await store.parking.claim(holder, calls[1]?.call ?? "")).toMatchObject({
      kind: "claimed",
    });
  });
}

function probeCases(stores: () => Stores): void {
  test("a probe lets one task go on, and a calm one the rest", async () => {
    const { store, other } = stores();
    const { agent, calls, holder, review } = await parkedScene(store, "one", "two", "one");
    const probe = newDecision(review, "probe", { task: "one", at: 55, paceMs: 60_000 });
    const probed = await mustDecide(store, probe);
    expect(probed).toMatchObject({ state: "open", version: 1, parked: 1 });
    expect((await store.clutch.clutches()).find((row) => row.agent === agent)?.clutch).toEqual({
      ...{ state: "probing", review: review.id, since: 55, task: "one" },
    });
    expect(await statesOf(store, calls)).toEqual(["let_go", "parked", "let_go"]);
    for (const { call } of calls.filter(({ task }) => task === "one")) {
      expect(await other.parking.claim(holder, call)).toMatchObject({ kind: "claimed" });
    }
    const passing = newParked({ agent, task: "one" });
    expect((await mustPark(store, holder, passing)).state).toBe("let_go");
    expect((await mustPark(store, holder, newParked({ agent, task: "two" }))).state).toBe("parked");
    const calm = await mustDecide(other, newDecision(probed, "calm"));
    expect(calm).toMatchObject({ state: "closed", parked: 0 });
    expect(await clutchOf(store, agent)).toBe("engaged");
    expect(await statesOf(store, calls)).toEqual(["claimed", "let_go", "claimed"]);
  });

  test("a task that has nothing parked is probed by the calls that come", async () => {
    const { store } = stores();
    const { agent, calls, review } = await parkedScene(store, "one");
    await mustDecide(store, newDecision(review, "probe", { task: "none-parked", at: 56 }));
    expect(await statesOf(store, calls)).toEqual(["parked"]);
    const rows = await store.clutch.clutches();
    expect(rows.find((row) => row.agent === agent)?.clutch).toEqual({
      ...{ state: "probing", review: review.id, since: 56, task: "none-parked" },
    });
  });

  test("another task can be probed instead, whose calls alone may go on then", async () => {
    const { store } = stores();
    const { calls, holder, review } = await parkedScene(store, "one", "two");
    const first = await mustDecide(store, newDecision(review, "probe", { task: "one" }));
    await mustDecide(store, newDecision(first, "probe", { task: "two" }));
    const kinds = await Promise.all(
      calls.map(async ({ call }) => (await store.parking.claim(holder, call)).kind),
    );
    expect(kinds).toEqual(["waits", "claimed"]);
  });
}

function denyCases(stores: () => Stores): void {
  test("one call is denied with what the reviewer said", async () => {
    const { store } = stores();
    const { calls, holder, review } = await parkedScene(store, "one", "one");
    const [first] = calls;
    if (!first) throw new Error("two calls are parked");
    const message = "Use the sandbox.";
    await mustDecide(store, newDecision(review, "deny", { call: first.call, message }));
    const denied = await parkedOf(store, first.call);
    expect(denied).toEqual({ ...first, state: "denied", message });
    const answer = await store.parking.claim(holder, first.call);
    expect(answer).toEqual({ kind: "denied", parked: denied });
    expect(await statesOf(store, calls)).toEqual(["denied", "parked"]);
    await mustDecide(store, newDecision(await reviewOf(store, review.id), "resume"));
    expect(await statesOf(store, calls)).toEqual(["denied", "let_go"]);
  });

  test("the end of a task denies what of it is parked, and leaves the clutch", async () => {
    const { store } = stores();
    const { agent, calls, review } = await parkedScene(store, "one", "two", "one");
    const end = newDecision(review, "end", { task: "one", message: "Ended." });
    expect(await mustDecide(store, end)).toMatchObject({ state: "open", parked: 1 });
    expect(await statesOf(store, calls)).toEqual(["denied", "parked", "denied"]);
    expect(await parkedOf(store, calls[2]?.call ?? "")).toMatchObject({ message: "Ended." });
    expect(await clutchOf(store, agent)).toBe("disengaged");
  });
}

function nothingCases(stores: () => Stores): void {
  test("where there is nothing to do it to, nothing is done and nothing kept", async () => {
    const { store } = stores();
    const { calls, holder, review } = await parkedScene(store, "one");
    const elsewhere = await parkedScene(store, "elsewhere");
    const stranger = elsewhere.calls[0]?.call ?? "";
    const cases: readonly Partial<ReviewDecision>[] = [
      { review: fresh("none") },
      { decision: "calm" },
      { decision: "probe", task: null },
      { decision: "deny", call: null },
      { decision: "deny", call: stranger },
      { decision: "end", task: null },
      { decision: "ran", call: calls[0]?.call ?? "" },
      { decision: "did_not_run", call: stranger },
      { decision: "ran", call: null },
    ];
    for (const change of cases) {
      const answer = await store.clutch.decide(newDecision(review, "resume", change));
      expect(answer, JSON.stringify(change)).toMatchObject({ kind: "nothing" });
    }
    expect(await reviewOf(store, review.id)).toMatchObject({
      version: 0,
      decisions: [],
      parked: 1,
    });
    expect(await store.parking.claim(holder, stranger)).toMatchObject({ kind: "waits" });
    const closed = await mustDecide(store, newDecision(review, "resume"));
    const after = await store.clutch.decide(newDecision(closed, "resume"));
    expect(after).toMatchObject({ kind: "nothing" });
    const budget = await store.clutch.open(newReview({ kind: "budget" }));
    const probe = newDecision(budget, "probe", { task: "one" });
    expect(await store.clutch.decide(probe)).toMatchObject({ kind: "nothing" });
  });
}
