/** A gateway follows another one's configuration with each heartbeat, and loads it once. */
import { expect, test } from "vitest";
import type { Providers } from "../../../src/compose/providers.ts";
import { Reload } from "../../../src/compose/reload.ts";
import type { Guardrails } from "../../../src/compose/sourced.ts";
import type { Configuration } from "../../../src/config/configuration.ts";
import { Ruleset } from "../../../src/gateway/ruleset.ts";
import { Life } from "../../faults/life.ts";
import { valid } from "../config/folder.ts";

function configurationOf(limitUsd: number): Configuration {
  return valid({
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      providers: { simulated: { kind: "simulated" } },
      budgets: [{ name: "all", limit_usd: limitUsd, window: "lifetime" }],
    }),
    "agents/a.json": JSON.stringify({ version: 1, agent: "a" }),
  });
}

class FollowingLife extends Life {
  protected folder(): Configuration {
    return configurationOf(1);
  }

  protected rulesetOf(configuration: Configuration): Ruleset {
    return new Ruleset(configuration, []);
  }
}

/** A folder whose reading takes until somebody says how it ends. */
function slowGuardrails(configuration: Configuration) {
  const ends: (() => void)[] = [];
  let loads = 0;
  const guardrails: Guardrails = {
    source: null,
    kept: async () => null,
    load: async () => {
      loads += 1;
      if (loads === 1) throw new Error("the disk is gone");
      await new Promise<void>((resolve) => ends.push(resolve));
      return { kind: "ok", configuration, files: new Map(), warnings: [] };
    },
  };
  const end = () => {
    for (const each of ends) each();
  };
  return { guardrails, end, loads: () => loads };
}

test("heartbeats that come while it is loaded wait for that, and a load that failed is tried again", async () => {
  const life = new FollowingLife({ from: 1, count: 0, when: "before" });
  const { gateway } = await life.start();
  const next = configurationOf(2);
  await gateway.store.holders.configure(
    gateway.holding.tenure.id,
    gateway.rules.digest,
    next.digest,
  );
  const slow = slowGuardrails(next);
  const rulesetOf = (configuration: Configuration) => new Ruleset(configuration, []);
  const reload = new Reload({
    gateway,
    // Only these two methods are used: there are no providers here.
    providers: { rulesetOf, closeRetired: async () => 0 } as unknown as Providers,
    guardrails: slow.guardrails,
  });

  const failed = [reload.follow(next.digest), reload.follow(next.digest)];
  for (const { status } of await Promise.allSettled(failed)) expect(status).toBe("rejected");
  expect(slow.loads()).toBe(1);

  const following = [reload.follow(next.digest)];
  for (let beat = 0; beat < 3; beat += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    following.push(reload.follow(next.digest));
  }
  expect(slow.loads()).toBe(2);
  slow.end();
  expect(await life.done(Promise.all(following))).toBe(true);
  expect(gateway.rules.digest).toBe(next.digest);
  await reload.follow(next.digest);
  expect(slow.loads()).toBe(2);
});
