/**
 * The permits of one rate limit that this process owns. A limit of R calls in W is R permits, over
 * all gateways together; each is used at most once in any W, by whoever owns it then. Those of a
 * limit on calls at once are never used: a call that has one leaves it as it was when it ends.
 *
 *                           ┌─ never written, or released ──┐
 *                           ▼                               │
 *   ──the store gives it──► held ──old enough, for a call─► taken
 *                           │ ▲                             │
 *                           │ └──── written: used now ──────┘
 *                           └─idle, or wanted by others─► returning ──confirmed──► gone
 *
 * `number` is one higher at every change of owner. A permit that is gone is remembered by its
 * number: an answer that was on its way when it went must not bring it back. All instants are of
 * this process's own monotonic clock, and a pool is that of one holder: after a fence begin with
 * `NO_PERMITS`, and keep answers to the old holder away from it.
 */
import type { Millis } from "../money.ts";
import type { RateLimit } from "../tool/tool.ts";
import { type Denial, deny } from "../verdict.ts";

/** Steps of the store's clock up to this are not seen. */
export const MARGIN_MS = 100;
/** Monotonic clocks run this near to real time (ρ): an age as measured is shortened by it. */
export const CLOCK_DRIFT = 0.001;
/** A permit that could have been used for so long is of more use to another gateway. */
export const IDLE_MS = 1_000;

export interface HeldPermit {
  readonly no: number;
  readonly number: number;
  /** At the latest; null: never since it was made. */
  readonly lastUse: Millis | null;
  /** It came, or was last used here. */
  readonly since: Millis;
}

type Permit =
  | (HeldPermit & { readonly phase: "held" })
  | (HeldPermit & { readonly phase: "taken" })
  | (HeldPermit & { readonly phase: "returning" })
  | { readonly phase: "gone"; readonly no: number; readonly number: number };

export type Permits = readonly Permit[];

/** Which one a call has taken. */
export interface TakenPermit {
  readonly kind: "taken";
  readonly no: number;
  readonly number: number;
}

/** None here is old enough, and the store may have others: ask it, then ask again. */
export interface ShortOfPermits {
  readonly kind: "short";
  /** Until the first of those here is old enough. */
  readonly waitMs: Millis;
}

/** As the store lists it, with its age when the answer was made. */
export interface OwnedPermit {
  readonly no: number;
  readonly number: number;
  readonly ageMs: Millis | null;
}

export interface GivenPermit {
  readonly no: number;
  readonly number: number;
  /** Since its last use, at least; null: it was never used since it was made. */
  readonly idleMs: Millis | null;
}

/** A limit, and whose it is. */
export interface ToolRate extends RateLimit {
  readonly tool: string;
}

export const NO_PERMITS: Permits = [];

/** May a call go on? `asked`: the store has been asked for this call, and has no more. */
export function admit(
  permits: Permits,
  limit: ToolRate,
  asked: boolean,
  now: Millis,
): [Permits, TakenPermit | ShortOfPermits | Denial] {
  let found: (HeldPermit & { phase: "held" }) | null = null;
  for (const permit of permits) {
    if (!isHeld(permit) || permit.no >= limit.requests) continue;
    if (remainingOf(permit, limit, now) > 0) continue;
    // The youngest that is old enough: the others can then be given back.
    if (found === null || lastUseOf(permit) > lastUseOf(found)) found = permit;
  }
  if (found !== null) {
    const { no, number } = found;
    return [replaced(permits, { ...found, phase: "taken" }), { kind: "taken", no, number }];
  }
  const waitMs = smallestRemaining(permits, limit, now);
  const ownsAll = owned(permits, limit).length >= limit.requests;
  if (!asked && !ownsAll) return [permits, { kind: "short", waitMs }];
  return [permits, refuse(limit, waitMs)];
}

/**
 * The call is being written, now. Null: the permit is not this call's any more, and nothing may be
 * written.
 */
export function use(permits: Permits, taken: TakenPermit, now: Millis): Permits | null {
  const permit = permits.find(({ no }) => no === taken.no);
  if (permit?.phase !== "taken" || permit.number !== taken.number) return null;
  return replaced(permits, { ...permit, phase: "held", lastUse: now, since: now });
}

/** The call has ended that had it while it was out, and has used nothing up. */
export function release(permits: Permits, taken: TakenPermit, now: Millis): Permits {
  const permit = permits.find(({ no }) => no === taken.no);
  if (permit?.phase !== "taken" || permit.number !== taken.number) return permits;
  return replaced(permits, { ...permit, phase: "held", since: now });
}

/** The call was never written: the permit is as it was. */
export function drop(permits: Permits, taken: TakenPermit): Permits {
  const permit = permits.find(({ no }) => no === taken.no);
  if (permit?.phase !== "taken" || permit.number !== taken.number) return permits;
  return replaced(permits, { ...permit, phase: "held" });
}

/** The store's answer: all that this holder owned when it was made. Repeated or late: no change. */
export function received(permits: Permits, listed: readonly OwnedPermit[], now: Millis): Permits {
  let after = permits;
  for (const { ageMs, no, number } of listed) {
    const known = after.find((permit) => permit.no === no);
    if (known !== undefined && known.number >= number) continue;
    // What it aged on its way here is not counted.
    const lastUse = ageMs === null ? null : now - Math.max(0, ageMs);
    const permit: Permit = { phase: "held", no, number, lastUse, since: now };
    after = known === undefined ? [...after, permit] : replaced(after, permit);
  }
  return after;
}

/**
 * What to give back now: permits that nobody used for a while though they could be, those that the
 * limit no longer has, and while others want some, what is more than this one keeps (`keepMost`);
 * with those given before whose answer has not come. Each is returning until the store has
 * confirmed it.
 */
export function idle(
  permits: Permits,
  limit: ToolRate,
  keepMost: number,
  now: Millis,
): [Permits, readonly GivenPermit[]] {
  const used = permits.map((permit) =>
    isHeld(permit) && (permit.no >= limit.requests || isIdle(permit, limit, now))
      ? ({ ...permit, phase: "returning" } as const)
      : permit,
  );
  const after = trimmed(used, limit, keepMost);
  const given = after.flatMap((permit) =>
    permit.phase === "returning" ? [{ ...idOf(permit), idleMs: ageOf(permit, now) }] : [],
  );
  return [given.length === 0 ? permits : after, given];
}

/** The store has them back. Of one that is ours again since, this says nothing. */
export function confirmed(
  permits: Permits,
  given: readonly Pick<GivenPermit, "no" | "number">[],
): Permits {
  return permits.map((permit) => {
    const { no, number } = permit;
    const isGiven = given.some((each) => each.no === no && each.number === number);
    return isGiven && permit.phase === "returning" ? { phase: "gone", no, number } : permit;
  });
}

/** Longest unused first, as they are the next that can be used. */
function trimmed(permits: readonly Permit[], limit: ToolRate, keepMost: number): Permit[] {
  const spare = owned(permits, limit).length - keepMost;
  const oldest = permits
    .filter(isHeld)
    .sort((a, b) => lastUseOf(a) - lastUseOf(b))
    .slice(0, Math.max(0, spare));
  return permits.map((permit) =>
    permit.phase === "held" && oldest.includes(permit) ? { ...permit, phase: "returning" } : permit,
  );
}

function isHeld(permit: Permit): permit is HeldPermit & { phase: "held" } {
  return permit.phase === "held";
}

/** Those that calls of this limit may use, now or later. */
function owned(permits: Permits, limit: ToolRate): Permits {
  return permits.filter(
    ({ no, phase }) => no < limit.requests && (phase === "held" || phase === "taken"),
  );
}

function isIdle(permit: HeldPermit, limit: ToolRate, now: Millis): boolean {
  const usable = permit.lastUse === null ? permit.since : permit.lastUse + ageNeeded(limit);
  return now - Math.max(usable, permit.since) >= IDLE_MS;
}

/** On our clock, which may run fast. */
function ageNeeded({ perMs }: ToolRate): Millis {
  return Math.ceil((perMs + MARGIN_MS) / (1 - CLOCK_DRIFT));
}

function remainingOf(permit: HeldPermit, limit: ToolRate, now: Millis): Millis {
  return permit.lastUse === null ? 0 : Math.max(0, permit.lastUse + ageNeeded(limit) - now);
}

/** What is taken is about to be used. Of what others own, only that it may come back is known. */
function smallestRemaining(permits: Permits, limit: ToolRate, now: Millis): Millis {
  const waits = permits.flatMap((permit) => {
    if (permit.no >= limit.requests) return [];
    if (permit.phase === "held") return [remainingOf(permit, limit, now)];
    return permit.phase === "taken" ? [ageNeeded(limit)] : [];
  });
  return waits.length === 0 ? IDLE_MS : Math.min(...waits);
}

/** Never more than the true one. */
function ageOf({ lastUse }: HeldPermit, now: Millis): Millis | null {
  return lastUse === null ? null : Math.max(0, Math.floor((now - lastUse) * (1 - CLOCK_DRIFT)));
}

function lastUseOf({ lastUse }: HeldPermit): number {
  return lastUse ?? Number.NEGATIVE_INFINITY;
}

function idOf({ no, number }: HeldPermit): Pick<GivenPermit, "no" | "number"> {
  return { no, number };
}

function replaced(permits: Permits, permit: Permit): Permits {
  return permits.with(
    permits.findIndex(({ no }) => no === permit.no),
    permit,
  );
}

function refuse({ perMs, requests, tool }: ToolRate, waitMs: Millis): Denial {
  const seconds = Math.ceil(waitMs / 1_000);
  const facts = { tool, requests, per_seconds: perMs / 1_000, retry_seconds: seconds };
  return deny("rate-limit.exceeded", facts, waitMs);
}
