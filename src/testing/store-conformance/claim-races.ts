import { expect, test } from "vitest";
import type { HolderId, Store } from "../../ports/store.ts";
import { liveHolder, type Stores } from "./kit.ts";
import {
  callClaim,
  claimedCall,
  flushAnswers,
  mustPark,
  newParked,
  newReview,
  parkedOf,
} from "./work-kit.ts";

const RACES = 10;

/** Claimants, trips and fences at once. */
export function claimRaces(stores: () => Stores): void {
  const winners = async (asks: readonly Promise<{ readonly kind: string }>[]) =>
    (await Promise.all(asks)).filter(({ kind }) => kind === "claimed").length;
  const both = async (): Promise<readonly (readonly [Store, HolderId])[]> => {
    const { store, other } = stores();
    return [
      [store, await liveHolder(store)],
      [other, await liveHolder(other)],
      [store, await liveHolder(store)],
    ];
  };

  test("of claimants that race one wins, for parked calls and for named ones", async () => {
    const { store } = stores();
    const claimants = await both();
    for (let race = 0; race < RACES; race += 1) {
      const parked = await mustPark(store, claimants[0]?.[1] ?? "", newParked());
      const asks = claimants.map(([on, who]) => on.parking.claim(who, parked.call));
      expect(await winners(asks)).toBe(1);
      const claim = callClaim();
      const named = claimants.map(([on, who]) => on.parking.claimCall(who, claim));
      expect(await winners(named)).toBe(1);
    }
  });

  test("a claim that races with a trip is before it, or waits", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    for (let race = 0; race < RACES; race += 1) {
      const { agent, call } = await mustPark(store, holder, newParked());
      const [claim] = await Promise.all([
        store.parking.claim(holder, call),
        other.clutch.trip(newReview({ agent })),
      ]);
      const { state } = await parkedOf(store, call);
      expect(state).toBe(claim.kind === "claimed" ? "claimed" : "let_go");
      const late = await store.parking.claim(holder, call);
      expect(late.kind).toBe(claim.kind);
    }
  });

  test("a fence that races with claims and answers leaves each call in one state", async () => {
    const { store, other } = stores();
    for (let race = 0; race < RACES; race += 1) {
      const holder = await liveHolder(store);
      const next = await liveHolder(other);
      const claimed = await claimedCall(store, next);
      const free = await mustPark(store, next, newParked());
      const claim = callClaim();
      await Promise.all([
        store.parking.claim(holder, free.call),
        store.parking.claimCall(holder, claim),
        flushAnswers(other, next, {
          ...{ kind: "parked", call: claimed.call, attempt: 1, answer: null },
        }),
        other.holders.fence(holder, null),
        other.holders.fence(next, null),
      ]);
      const { claimedBy, state } = await parkedOf(store, free.call);
      // Whether it may have been sent too depends on which of the two is fenced first.
      if (claimedBy === null) expect(["parked", "let_go"]).toContain(state);
      else expect(state).toBe("unknown");
      expect(["done", "unknown"]).toContain((await parkedOf(store, claimed.call)).state);
      const live = await liveHolder(store);
      const kind = (await store.parking.claimCall(live, claim)).kind;
      expect(["claimed", "unknown"]).toContain(kind);
    }
  });
}
