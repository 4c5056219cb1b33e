import { expect, test } from "vitest";
import { manifestView, overviewView } from "../../../src/control/overview.ts";
import type { ManifestState } from "../../../src/control/overview-state.ts";
import { MANIFEST, OVERVIEW } from "../../../src/control/schemas/overview.ts";
import { type BreakerRule, DEFAULT_RULES } from "../../../src/guards/breaker/rules.ts";

const STATE: ManifestState = {
  ...{ agent: "support", team: "care", owner: "alice", org: null, observedUntil: 0, models: null },
  tools: [
    {
      ...{ server: "desk", tool: "echo", effect: "read", readOnly: true, asksApproval: false },
      rateLimit: { requests: 100, perMs: 60_000 },
    },
  ],
  blacklisted: ["drop"],
  breakers: DEFAULT_RULES,
  budgets: [{ name: "all", each: null, unit: "usd", window: "month", onExhausted: "park" }],
};

test("a manifest is shown as its schema says, with its breakers in words", () => {
  const view = manifestView(STATE);
  expect(MANIFEST.parse(view)).toEqual(view);
  expect(view.observed_until).toBe("1970-01-01T00:00:00.000Z");
  expect(view.tools[0]?.rate_limit).toEqual({ requests: 100, per_ms: 60_000 });
  expect(view.breakers.map(({ name, says }) => `${name}: ${says}`)).toEqual([
    "tool-surge: more than 5 × the average, and 20 calls a minute, for 60\u00a0s",
    "stuck: more than 8 identical calls with the same result in 10 min",
  ]);
});

test.each([
  [{ kind: "value", perMinute: 12 }, "more than 12 calls of a tool a minute"],
  [{ kind: "ewma", sigmas: 4, overMs: 1 }, "more than 4 deviations above the mean"],
  [{ kind: "median", mads: 6, overMs: 1 }, "more than 6 deviations above the median"],
] as const)("a line %j is said in words", (above, says) => {
  const rule: BreakerRule = {
    signal: "calls_per_tool",
    ...{ name: "surge", above, forMs: 5_000, atLeast: 3 },
    action: "alert",
  };
  const [breaker] = manifestView({ ...STATE, breakers: [rule] }).breakers;
  expect(breaker?.says.startsWith(says)).toBe(true);
});

test("the overview is shown as its schema says", () => {
  const agent = {
    ...{ agent: "support", team: null, owner: null, calls: [0, 3], callsMinute: 1, callsHour: 3 },
    ...{ refusedHour: 1, failedHour: 0, accounts: [{ budget: "all", scope: "" }] },
  };
  const view = overviewView({ gateways: 2, since: 0, barMs: 120_000, agents: [agent] });
  expect(OVERVIEW.parse(view)).toEqual(view);
  expect(view.agents[0]).toMatchObject({ calls_minute: 1, calls_hour: 3, refused_hour: 1 });
});
