import { describe, expect, test } from "vitest";
import type { Edit, Proposal, Review, ReviewDecision, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { ALL, fresh, type Stores, sharedStores } from "./kit.ts";
import {
  bytes,
  mustDecide,
  mustPark,
  newDecision,
  newParked,
  newReview,
  parkedOf,
  parkedScene,
  reviewOf,
} from "./work-kit.ts";

/** What is changed before an agent goes on, and decisions that take two. */
export function changeConformance(open: OpenFixture): void {
  describe("changes", () => {
    const stores = sharedStores(open);
    raiseCases(stores);
    editCases(stores);
    messageCases(stores);
    secondCases(stores);
    proposalCases(stores);
  });
}

function raiseCases(stores: () => Stores): void {
  test("a limit is raised with the decision that lets its calls go", async () => {
    const { store, other } = stores();
    const { account, review } = await budgetScene(store);
    const decision = newDecision(review, "change", { change: { raise: { account, limit: 90n } } });
    const after = await mustDecide(store, decision);
    expect(after).toMatchObject({ state: "closed", parked: 0 });
    const [found] = await other.ledger.accounts({ ids: [account], limit: 1 });
    expect(found?.limit).toBe(90n);
    const raised = (await other.overrides.list(ALL)).filter((each) => each.account === account);
    const { by, id, reason, at } = decision;
    expect(raised).toMatchObject([{ id, by, reason, at, limit: 90n, review: review.id }]);
  });

  test("nothing is raised by a decision that is not made", async () => {
    const { store } = stores();
    const { account, review } = await budgetScene(store);
    const change = { raise: { account, limit: 90n } };
    const stale = newDecision(review, "change", { change, version: review.version + 1 });
    expect(await store.clutch.decide(stale)).toMatchObject({ kind: "conflict" });
    const edit = newEdit(fresh("call"));
    const unfit = newDecision(review, "change", { change: { ...change, edit } });
    expect(await store.clutch.decide(unfit)).toMatchObject({ kind: "nothing" });
    const gone = newDecision(review, "change", { change: { raise: { account: ALL, limit: 9n } } });
    expect(await store.clutch.decide(gone)).toMatchObject({ kind: "nothing" });
    const [found] = await store.ledger.accounts({ ids: [account], limit: 1 });
    expect(found?.limit).toBe(10n);
    expect(await reviewOf(store, review.id)).toEqual(review);
  });
}

async function budgetScene(store: Store): Promise<{ account: number; review: Review }> {
  const window = { window: "lifetime", starts: 0, ends: null } as const;
  const spec = { budget: fresh("budget"), scope: "", unit: "usd", ...window, limit: 10n } as const;
  const [account] = await store.ledger.open([spec]);
  const review = await store.clutch.open(newReview({ kind: "budget", subject: fresh("account") }));
  if (!account) throw new Error("an account that was asked for is there");
  return { account: account.id, review };
}

function newEdit(call: string): Edit {
  return { call, request: bytes(9, 8, 7), about: "edited", evidence: null };
}

function editCases(stores: () => Stores): void {
  test("a call goes on with other arguments, and is still what its client asked", async () => {
    const { store, other } = stores();
    const { calls, holder, review } = await parkedScene(store, "one", "two");
    const [first, second] = calls;
    if (!first || !second) throw new Error("two calls are parked");
    expect(await other.parking.request(first.call)).toEqual(bytes(1, 2, 3));
    const edit = newEdit(first.call);
    await mustDecide(store, newDecision(review, "change", { change: { edit } }));
    const { digest } = first;
    expect(await parkedOf(other, first.call)).toMatchObject({
      ...{ digest, about: "edited", edited: true, state: "let_go" },
    });
    expect(await parkedOf(other, second.call)).toMatchObject({ edited: false, state: "let_go" });
    const claimed = await store.parking.claim(holder, first.call);
    expect(claimed).toMatchObject({ kind: "claimed", request: bytes(9, 8, 7) });
    expect(await store.parking.request(first.call)).toBeNull();
  });

  test("an approval is given for the edited call, whose evidence is another", async () => {
    const { store, other } = stores();
    const { holder } = await parkedScene(store, "one");
    const review = await store.clutch.open(newReview({ kind: "approval", subject: fresh("call") }));
    const asked = newParked({ agent: review.agent, cause: "approval", review: review.id });
    const { call } = await mustPark(store, holder, asked);
    const edit = { ...newEdit(call), evidence: '{"binding":"other"}' };
    const after = await mustDecide(store, newDecision(review, "change", { change: { edit } }));
    expect(after).toMatchObject({ state: "closed", evidence: '{"binding":"other"}' });
    expect(await parkedOf(other, call)).toMatchObject({ state: "let_go", edited: true });
  });

  test("only a call that waits for this review can be edited", async () => {
    const { store } = stores();
    const { review } = await parkedScene(store, "one");
    const { calls } = await parkedScene(store, "one");
    const before = await reviewOf(store, review.id);
    const edit = newEdit(calls[0]?.call ?? "");
    const answer = await store.clutch.decide(newDecision(review, "change", { change: { edit } }));
    expect(answer).toMatchObject({ kind: "nothing", because: "it has no such call parked" });
    expect(await reviewOf(store, review.id)).toEqual(before);
  });
}

async function toldTo(store: Store, agent: string): Promise<string[]> {
  const pending = await store.messages.pending(ALL);
  return pending.filter((each) => each.agent === agent).map(({ task, text }) => `${task}: ${text}`);
}

function messageCases(stores: () => Stores): void {
  test("each task that has a call parked is told once, until a model has heard it", async () => {
    const { store, other } = stores();
    const { agent, review } = await parkedScene(store, "one", "two", "one");
    const decision = newDecision(review, "resume", { message: "Stop retrying. Ä" });
    await mustDecide(store, decision);
    await other.clutch.decide(decision);
    expect(await toldTo(other, agent)).toEqual(["one: Stop retrying. Ä", "two: Stop retrying. Ä"]);
    const [first] = (await store.messages.pending(ALL)).filter((each) => each.agent === agent);
    expect(first).toEqual({
      ...{ id: decision.id, agent, task: "one", text: "Stop retrying. Ä" },
      ...{ by: decision.by, at: decision.at },
    });
    await other.messages.told([{ id: decision.id, task: "one" }]);
    await other.messages.told([{ id: decision.id, task: "one" }]);
    expect(await toldTo(store, agent)).toEqual(["two: Stop retrying. Ä"]);
  });

  test("the task that is named is told, and nobody else", async () => {
    const { store } = stores();
    const { agent, review } = await parkedScene(store, "one", "two");
    const about = { task: "two", message: "You first." };
    const probed = await mustDecide(store, newDecision(review, "probe", about));
    expect(await toldTo(store, agent)).toEqual(["two: You first."]);
    const more = { task: "nobody-parked", message: "You too." };
    await mustDecide(store, newDecision(probed, "change", more));
    expect(await toldTo(store, agent)).toEqual(["two: You first.", "nobody-parked: You too."]);
  });

  test("where nobody waits and nobody is named, nothing is decided", async () => {
    const { store } = stores();
    const { review } = await parkedScene(store);
    const answer = await store.clutch.decide(newDecision(review, "resume", { message: "Hello?" }));
    expect(answer.kind).toBe("nothing");
    expect(await reviewOf(store, review.id)).toEqual(review);
  });

  test("a denial's message is the answer of its call, and told to no model", async () => {
    const { store } = stores();
    const { agent, calls, review } = await parkedScene(store, "one");
    const about = { call: calls[0]?.call ?? "", message: "No." };
    await mustDecide(store, newDecision(review, "deny", about));
    expect(await toldTo(store, agent)).toEqual([]);
  });
}

function proposing(
  review: Review,
  by: string,
  changes: Partial<ReviewDecision> = {},
): ReviewDecision {
  const second = { digest: "resume", sealed: "c2VhbGVk" };
  return newDecision(review, "resume", { by, second, ...changes });
}

async function mustPropose(store: Store, decision: ReviewDecision): Promise<Review> {
  const answer = await store.clutch.decide(decision);
  if (answer.kind !== "proposed") throw new Error(`decide answered ${JSON.stringify(answer)}`);
  return answer.review;
}

function secondCases(stores: () => Stores): void {
  test("what takes two is proposed first, and done by another's same word", async () => {
    const { store, other } = stores();
    const { calls, review } = await parkedScene(store, "one");
    const first = proposing(review, "ada");
    const proposed = await mustPropose(store, first);
    const version = review.version + 1;
    const proposal: Proposal = { id: first.id, digest: "resume", sealed: "c2VhbGVk", version };
    expect(proposed).toMatchObject({ version, state: "open", parked: 1 });
    expect(proposed.decisions).toMatchObject([{ decision: "proposed", by: "ada", proposal }]);
    expect(await reviewOf(other, review.id)).toEqual(proposed);
    const done = await mustDecide(other, proposing(proposed, "grace"));
    expect(done).toMatchObject({ version: version + 1, state: "closed", parked: 0 });
    expect(done.decisions[1]).toMatchObject({ decision: "resume", by: "grace", proposal: null });
    expect((await parkedOf(store, calls[0]?.call ?? "")).state).toBe("let_go");
  });

  test("nobody agrees with themselves", async () => {
    const { store } = stores();
    const { review } = await parkedScene(store, "one");
    const first = await mustPropose(store, proposing(review, "ada"));
    const again = await mustPropose(store, proposing(first, "ada"));
    expect(again).toMatchObject({ state: "open", parked: 1, version: review.version + 2 });
  });

  test("a repeated proposal is one, and no agreement", async () => {
    const { store, other } = stores();
    const { review } = await parkedScene(store, "one");
    const asked = proposing(review, "ada");
    const first = await mustPropose(store, asked);
    expect(await mustPropose(other, asked)).toEqual(first);
  });
}

function proposalCases(stores: () => Stores): void {
  test("who says something else has proposed that instead", async () => {
    const { store } = stores();
    const { review } = await parkedScene(store, "one");
    const first = await mustPropose(store, proposing(review, "ada"));
    const second = { digest: "other", sealed: "b3RoZXI=" };
    const other = await mustPropose(store, proposing(first, "grace", { second }));
    const third = await mustPropose(store, proposing(other, "hedy"));
    expect(third.decisions.map(({ proposal }) => proposal?.digest)).toEqual([
      ...["resume", "other", "resume"],
    ]);
    await mustDecide(store, proposing(third, "grace"));
  });

  test("a proposal is over once anything else was decided", async () => {
    const { store } = stores();
    const { calls, review } = await parkedScene(store, "one", "two");
    const first = await mustPropose(store, proposing(review, "ada"));
    const denied = newDecision(first, "deny", { call: calls[0]?.call ?? "", message: "No." });
    const after = await mustDecide(store, denied);
    await mustPropose(store, proposing(after, "grace"));
  });

  test("a note does not end a proposal", async () => {
    const { store } = stores();
    const { review } = await parkedScene(store, "one");
    const first = await mustPropose(store, proposing(review, "ada"));
    await store.clutch.note({ id: fresh("note"), review: review.id, text: "!", by: "eve", at: 7 });
    await mustDecide(store, proposing(first, "grace"));
  });

  test("what cannot be done is not done by two either", async () => {
    const { store } = stores();
    const { review } = await parkedScene(store, "one");
    const about = { call: fresh("call"), message: "No." };
    const second = { digest: "deny", sealed: "ZGVueQ==" };
    const asked = (from: Review, by: string) => newDecision(from, "deny", { by, second, ...about });
    const first = await mustPropose(store, asked(review, "ada"));
    expect(await store.clutch.decide(asked(first, "grace"))).toMatchObject({ kind: "nothing" });
    expect(await reviewOf(store, review.id)).toEqual(first);
  });
}
