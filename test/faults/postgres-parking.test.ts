/**
 * What waits for what, in the database: a claim that is under way holds off the trip and the fence
 * that would make it wrong, and never a heartbeat. A lock held from outside stops each where it is.
 */
import { Client } from "pg";
import { expect, test } from "vitest";
import {
  claimedCall,
  mustPark,
  newDecision,
  newParked,
  newReview,
  parkedOf,
  ROOMY,
  tripped,
} from "../../src/testing/store-conformance/work-kit.ts";
import { describePostgres, freshSchema, newHolder, openStore } from "../support/postgres.ts";

/** Longer than a statement that waits for nobody takes. */
const STILL_MS = 300;

async function isStill(answer: Promise<unknown>): Promise<boolean> {
  const waited = new Promise<true>((resolve) => setTimeout(() => resolve(true), STILL_MS));
  return await Promise.race([answer.then(() => false), waited]);
}

describePostgres("parked calls on postgres", (cluster) => {
  const scene = async () => {
    const schema = freshSchema();
    const [store, other] = await Promise.all([
      openStore(cluster(), schema),
      openStore(cluster(), schema),
    ]);
    const client = new Client({ connectionString: cluster().url });
    await client.connect();
    await client.query(`SET search_path = ${schema}`);
    const holder = await newHolder(store);
    return {
      ...{ store, other, holder },
      hold: async (call: string) => {
        await client.query("BEGIN");
        await client.query("SELECT 1 FROM parked WHERE call_id = $1 FOR UPDATE", [call]);
      },
      /** Holds what counts the parked calls of an agent. */
      holdCount: async (agent: string) => {
        await client.query("BEGIN");
        const lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        await client.query(lock, [`${schema} parked ${agent}`]);
      },
      letGo: () => client.query("ROLLBACK"),
      close: async () => {
        await Promise.all([client.end(), store.close(), other.close()]);
      },
    };
  };

  test("a trip waits for a claim under way, and nothing is claimed after it", async () => {
    const { store, other, holder, hold, letGo, close } = await scene();
    const { agent, call } = await mustPark(store, holder, newParked());
    await hold(call);
    const claim = store.parking.claim(holder, call);
    expect(await isStill(claim)).toBe(true);
    const trip = other.clutch.trip(newReview({ agent }));
    expect(await isStill(trip)).toBe(true);
    expect((await store.holders.beat(holder)).kind).toBe("ok");
    await letGo();
    expect((await claim).kind).toBe("claimed");
    await trip;
    await close();
  });

  test("a fence waits for a claim under way, and makes it unknown", async () => {
    const { store, other, holder, hold, letGo, close } = await scene();
    const { call } = await mustPark(store, holder, newParked());
    await hold(call);
    const claim = store.parking.claim(holder, call);
    expect(await isStill(claim)).toBe(true);
    const fence = other.holders.fence(holder, 0);
    expect(await isStill(fence)).toBe(true);
    await letGo();
    expect((await claim).kind).toBe("claimed");
    await fence;
    expect((await parkedOf(other, call)).state).toBe("unknown");
    await close();
  });

  test("the word of a copy waits for a claim under way, and no heartbeat waits for it", async () => {
    const { store, other, holder, hold, letGo, close } = await scene();
    const late = await newHolder(other);
    const { agent, call, digest, key, task } = await mustPark(store, holder, newParked());
    await store.parking.detach(holder, [call]);
    await hold(call);
    const claim = store.parking.claim(holder, call);
    expect(await isStill(claim)).toBe(true);
    const copy = { agent, digest, key, task, at: Date.now() };
    const word = other.parking.catchUp(late, 0, [copy]);
    expect(await isStill(word)).toBe(true);
    for (const id of [holder, late]) expect((await store.holders.beat(id)).kind).toBe("ok");
    await letGo();
    expect((await claim).kind).toBe("claimed");
    await word;
    expect((await parkedOf(store, call)).state).toBe("claimed");
    await store.parking.unclaim(holder, call, 1);
    expect(await parkedOf(store, call)).toMatchObject({ state: "parked", maybeSent: true });
    await close();
  });

  test("a detach waits for the word of a copy, and leaves its call to a person", async () => {
    const { store, other, holder, hold, letGo, close } = await scene();
    const late = await newHolder(other);
    const { agent, call, digest, key, task } = await mustPark(store, holder, newParked());
    await hold(call);
    const word = other.parking.catchUp(late, 0, [{ agent, digest, key, task, at: Date.now() }]);
    expect(await isStill(word)).toBe(true);
    const detach = store.parking.detach(holder, [call]);
    expect(await isStill(detach)).toBe(true);
    await letGo();
    await Promise.all([word, detach]);
    expect(await parkedOf(store, call)).toMatchObject({ state: "parked", maybeSent: true });
    await close();
  });

  test("an unclaim under way holds off the trip that would park it", async () => {
    const { store, other, holder, hold, letGo, close } = await scene();
    const { agent, call } = await claimedCall(store, holder);
    await hold(call);
    const unclaim = store.parking.unclaim(holder, call, 1);
    expect(await isStill(unclaim)).toBe(true);
    const trip = other.clutch.trip(newReview({ agent }));
    expect(await isStill(trip)).toBe(true);
    await letGo();
    await unclaim;
    await trip;
    expect((await parkedOf(store, call)).state).toBe("let_go");
    await close();
  });

  test("a park waits for a resume under way, and is let go", async () => {
    const { store, other, holder, hold, letGo, close } = await scene();
    const { agent, review } = await tripped(store);
    const waits = await mustPark(store, holder, newParked({ agent }));
    await hold(waits.call);
    const resume = other.clutch.decide(newDecision(review, "resume"));
    expect(await isStill(resume)).toBe(true);
    const park = store.parking.park(holder, newParked({ agent }), ROOMY);
    expect(await isStill(park)).toBe(true);
    await letGo();
    expect((await resume).kind).toBe("ok");
    expect(await park).toMatchObject({ parked: { state: "let_go" } });
    await close();
  });

  for (const cause of ["clutch", "budget"] as const) {
    test(`a park under way holds off the resume of its ${cause}, which lets it go`, async () => {
      const { store, other, holder, holdCount, letGo, close } = await scene();
      const { agent, review } = await tripped(store);
      // A budget may be several agents', whose clutches are others.
      const budget = await store.clutch.open(newReview({ kind: "budget" }));
      const which = cause === "budget" ? budget : review;
      await holdCount(agent);
      const asked = newParked({ agent, cause, review: which.id });
      const park = store.parking.park(holder, asked, ROOMY);
      expect(await isStill(park)).toBe(true);
      const resume = other.clutch.decide(newDecision(which, "resume"));
      expect(await isStill(resume)).toBe(true);
      await letGo();
      expect(await park).toMatchObject({ parked: { state: "parked" } });
      expect((await resume).kind).toBe("ok");
      expect((await parkedOf(store, asked.call)).state).toBe("let_go");
      await close();
    });
  }
});
