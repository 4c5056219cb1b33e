import { expect, test } from "vitest";
import type { NewParked } from "../../ports/store.ts";
import { fresh, liveHolder, type Stores } from "./kit.ts";
import { mustPark, newDecision, newParked, newReview, parkedScene, reviewOf } from "./work-kit.ts";

const RACES = 10;

/** Decisions, trips and parks at once. */
export function decisionRaces(stores: () => Stores): void {
  test("of decisions that race on one version one is done", async () => {
    const { store, other } = stores();
    for (let race = 0; race < RACES; race += 1) {
      const { calls, review } = await parkedScene(store, "one", "two");
      const [first, second] = calls;
      const asked = [
        newDecision(review, "deny", { call: first?.call ?? "" }),
        newDecision(review, "deny", { call: second?.call ?? "" }),
        newDecision(review, "resume"),
      ];
      const answers = await Promise.all(
        asked.map((decision, index) => (index % 2 ? store : other).clutch.decide(decision)),
      );
      expect(answers.filter(({ kind }) => kind === "ok")).toHaveLength(1);
      expect((await reviewOf(store, review.id)).decisions).toHaveLength(1);
    }
  });

  test("a call parked while a resume runs is let go, before it or by it", async () => {
    const { store, other } = stores();
    for (let race = 0; race < RACES; race += 1) {
      const { agent, holder, review } = await parkedScene(store, "one");
      const calls: NewParked[] = Array.from({ length: 4 }, () => newParked({ agent }));
      const [resumed, ...parks] = await Promise.all([
        other.clutch.decide(newDecision(review, "resume")),
        ...calls.map((call) => mustPark(store, holder, call)),
      ]);
      expect(resumed.kind).toBe("ok");
      expect(parks).toHaveLength(4);
      const rows = await store.parking.list({ agent, limit: 9 });
      expect(rows.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => "let_go"));
    }
  });

  test("a call parked while a trip runs waits for it, or was let go before it", async () => {
    const { store, other } = stores();
    for (let race = 0; race < RACES; race += 1) {
      const agent = fresh("agent");
      const holder = await liveHolder(store);
      const calls = Array.from({ length: 4 }, () => newParked({ agent }));
      const tripping = other.clutch.trip(newReview({ agent }));
      await Promise.all(calls.map((call) => mustPark(store, holder, call)));
      const review = await tripping;
      for (const row of await store.parking.list({ agent, limit: 9 })) {
        if (row.state === "parked") expect(row.review).toBe(review.id);
        else expect(row.state).toBe("let_go");
        expect(await store.parking.claim(holder, row.call)).toMatchObject({ kind: "waits" });
      }
    }
  });
}
