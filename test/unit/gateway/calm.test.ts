/** A probe that stays calm is over by itself; one of which nobody has learned anything is not. */
import { expect, test } from "vitest";
import { decideReview } from "../../../src/compose/deciding.ts";
import type { Configuration } from "../../../src/config/configuration.ts";
import { Ruleset } from "../../../src/gateway/ruleset.ts";
import type { NewReview } from "../../../src/ports/store.ts";
import { Life, type Parts } from "../../faults/life.ts";
import { valid } from "../config/folder.ts";

const SECOND = 1_000;
const NONE = { task: null, call: null, message: null, limit: null, arguments: null };

class ProbedLife extends Life {
  protected folder(): Configuration {
    return valid({
      "slipclutch.yaml": JSON.stringify({
        version: 1,
        providers: { simulated: { kind: "simulated" } },
        budgets: [{ name: "all", limit_usd: 1, window: "lifetime" }],
      }),
      "agents/a.json": JSON.stringify({ version: 1, agent: "a" }),
    });
  }

  protected rulesetOf(configuration: Configuration): Ruleset {
    return new Ruleset(configuration, []);
  }
}

const PAUSE: NewReview = {
  ...{ id: "r-1", kind: "pause", agent: "a", subject: "", reason: "test", evidence: "{}", at: 1 },
};

/** An agent whose task `one` is probed. */
async function probed(): Promise<{ life: ProbedLife; parts: Parts; state: () => string }> {
  const life = new ProbedLife({ from: 1, count: 0, when: "before" });
  const parts = await life.start();
  parts.upkeep.start();
  const { gateway } = parts;
  const manifest = gateway.rules.manifest("a") ?? expect.unreachable("the agent is there");
  await life.done(gateway.tasks.open(manifest, "one", null));
  await life.done(gateway.clutches.pause([PAUSE], "jo"));
  const probe = { ...NONE, review: "r-1", version: 0, decision: "probe", task: "one" } as const;
  await life.done(decideReview({ ...probe, reason: "look" }, "jo", gateway));
  return { life, parts, state: () => gateway.clutches.of("a").state };
}

async function reviewOf({ life }: { life: ProbedLife }) {
  const [review] = await life.failing.store.clutch.reviews({ id: "r-1", limit: 1 });
  return review ?? expect.unreachable("the review is there");
}

test("a minute in which a call of the task has ended well lets the rest follow", async () => {
  const scene = await probed();
  const { life, parts, state } = scene;
  expect(state()).toBe("probing");
  await life.pass(70 * SECOND);
  // Nothing has run: nobody knows more than before.
  expect(state()).toBe("probing");
  parts.gateway.clutches.ended("a", "another");
  await life.pass(5 * SECOND);
  expect(state()).toBe("probing");
  parts.gateway.clutches.ended("a", "one");
  await life.pass(5 * SECOND);
  expect(state()).toBe("engaged");
  const review = await reviewOf(scene);
  expect(review.state).toBe("closed");
  expect(review.decisions.at(-1)).toMatchObject({ decision: "calm", by: "gateway" });
  expect(life.unexpected).toEqual([]);
  await parts.upkeep.stop();
});

test("less than a minute is not calm, and what ended before the probe says nothing of it", async () => {
  const scene = await probed();
  const { life, parts, state } = scene;
  parts.gateway.clutches.ended("a", "one");
  await life.pass(50 * SECOND);
  expect(state()).toBe("probing");
  // Another task: another probe.
  const manifest = parts.gateway.rules.manifest("a") ?? expect.unreachable("it is there");
  await life.done(parts.gateway.tasks.open(manifest, "two", null));
  const { version } = await reviewOf(scene);
  const again = { ...NONE, review: "r-1", version, decision: "probe", task: "two" } as const;
  await life.done(decideReview({ ...again, reason: "look" }, "jo", parts.gateway));
  await life.pass(70 * SECOND);
  expect(state()).toBe("probing");
  await parts.upkeep.stop();
});

test("a trip ends the probe, and no calm comes after it", async () => {
  const { life, parts, state } = await probed();
  parts.gateway.clutches.ended("a", "one");
  await life.pass(30 * SECOND);
  await life.done(parts.gateway.clutches.trip({ ...PAUSE, id: "r-2", kind: "trip" }, "stuck"));
  await life.pass(70 * SECOND);
  expect(state()).toBe("disengaged");
  await parts.upkeep.stop();
});
