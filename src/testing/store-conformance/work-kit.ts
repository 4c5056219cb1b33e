import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type {
  Answered,
  CallClaim,
  HolderId,
  NewParked,
  NewReview,
  Parked,
  ParkLimits,
  PermitKey,
  PermitsTaken,
  Review,
  ReviewDecision,
  Store,
} from "../../ports/store.ts";
import { ALL, fresh, liveHolder, type Stores } from "./kit.ts";

/** Room for whatever a case parks. */
export const ROOMY: ParkLimits = { callsPerAgent: ALL, callsPerTask: ALL, bytesPerAgent: 1 << 30 };

const AT = 1_700_000_000_000;

export function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** A limit that no other case has. */
export function permitKey(): PermitKey {
  return { agent: fresh("agent"), server: "tickets", tool: "update", bounds: "rate" };
}

/** What a live holder is given, which must succeed. */
export async function taken(
  store: Store,
  holder: HolderId,
  wish: PermitKey & { readonly requests: number; readonly most: number },
): Promise<PermitsTaken> {
  const answer = await store.permits.take(holder, wish);
  if (answer.kind !== "ok") throw new Error(`${holder} is fenced`);
  return answer;
}

export function newReview(changes: Partial<NewReview> = {}): NewReview {
  return {
    id: fresh("review"),
    kind: "trip",
    agent: fresh("agent"),
    subject: "",
    reason: "Twenty calls in a minute.",
    evidence: '{"calls":20}',
    at: AT,
    ...changes,
  };
}

export function newParked(changes: Partial<NewParked> = {}): NewParked {
  return {
    call: fresh("call"),
    agent: fresh("agent"),
    task: "task-1",
    key: "key-of-agent",
    cause: "clutch",
    review: fresh("review"),
    digest: fresh("digest"),
    about: fresh("about"),
    request: bytes(1, 2, 3),
    at: AT,
    ...changes,
  };
}

export function newDecision(
  review: Review,
  decision: ReviewDecision["decision"],
  changes: Partial<ReviewDecision> = {},
): ReviewDecision {
  return {
    ...{ id: fresh("decision"), review: review.id, version: review.version, decision },
    ...{ by: "ada", reason: "Looked at it.", at: AT + 1 },
    ...{ task: null, call: null, message: null, paceMs: 0 },
    ...changes,
  };
}

/** Decides, which must succeed. */
export async function mustDecide(store: Store, decision: ReviewDecision): Promise<Review> {
  const answer = await store.clutch.decide(decision);
  if (answer.kind !== "ok") throw new Error(`decide answered ${JSON.stringify(answer)}`);
  return answer.review;
}

/** Parks, which must succeed. */
export async function mustPark(store: Store, holder: HolderId, call: NewParked): Promise<Parked> {
  const answer = await store.parking.park(holder, call, ROOMY);
  if (answer.kind !== "ok") throw new Error(`park answered ${JSON.stringify(answer)}`);
  return answer.parked;
}

/** One call as it stands. */
export async function parkedOf(store: Store, call: string): Promise<Parked> {
  const [parked] = await store.parking.list({ call, limit: 1 });
  if (!parked) throw new Error(`call ${call} is gone`);
  return parked;
}

export async function reviewOf(store: Store, id: string): Promise<Review> {
  const [review] = await store.clutch.reviews({ id, limit: 1 });
  if (!review) throw new Error(`review ${id} is gone`);
  return review;
}

/** An agent whose clutch has tripped. */
export async function tripped(store: Store, changes: Partial<NewReview> = {}) {
  const review = await store.clutch.trip(newReview(changes));
  return { agent: review.agent, review };
}

/** A call that is parked behind the clutch of `review`. */
export async function parkedBehind(
  store: Store,
  holder: HolderId,
  review: Review,
  changes: Partial<NewParked> = {},
): Promise<Parked> {
  return await mustPark(store, holder, newParked({ agent: review.agent, ...changes }));
}

/** A call that was let go and claimed. */
export async function claimedCall(
  store: Store,
  holder: HolderId,
  changes: Partial<NewParked> = {},
): Promise<Parked> {
  const { call } = await mustPark(store, holder, newParked(changes));
  const answer = await store.parking.claim(holder, call);
  if (answer.kind !== "claimed") throw new Error(`claim answered ${answer.kind}`);
  return answer.parked;
}

export function callClaim(changes: Partial<CallClaim> = {}): CallClaim {
  return {
    ...{ key: fresh("key"), task: "task-1", callId: fresh("id"), digest: "digest-1", at: AT },
    ...changes,
  };
}

/** Flushes answers alone. */
export async function flushAnswers(
  store: Store,
  holder: HolderId,
  ...answers: readonly Answered[]
): Promise<void> {
  const batch = { settlements: [], entries: [], anchor: null, answers };
  expect(await store.ledger.flush(holder, batch)).toMatchObject({ kind: "ok" });
}

/** Lets time go by: the adapter's, or the real one where it has no other. */
export async function pass({ fixture }: Stores, ms: number): Promise<void> {
  if (fixture.advance) fixture.advance(ms);
  else await sleep(ms);
}

/** A tripped agent with calls parked, one for each task named. */
export async function parkedScene(store: Store, ...tasks: readonly string[]) {
  const { agent, review } = await tripped(store);
  const holder = await liveHolder(store);
  const calls: Parked[] = [];
  for (const task of tasks) calls.push(await parkedBehind(store, holder, review, { task }));
  return { agent, calls, holder, review };
}
