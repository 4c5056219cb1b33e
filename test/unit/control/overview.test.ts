import { expect, test } from "vitest";
import { manifestView, overviewView } from "../../../src/control/overview.ts";
import type { ManifestState } from "../../../src/control/overview-state.ts";
import { MANIFEST, OVERVIEW } from "../../../src/control/schemas/overview.ts";
import type { Closest } from "../../../src/guards/breaker/closest.ts";

const STATE: ManifestState = {
  ...{ agent: "support", team: "care", owner: "alice", org: null, observedUntil: 0, models: null },
  tools: [
    {
      ...{ server: "desk", tool: "echo", effect: "read", readOnly: true, asksApproval: false },
      rateLimit: { requests: 100, perMs: 60_000 },
    },
  ],
  blacklisted: ["drop"],
  budgets: [{ name: "all", each: null, unit: "usd", window: "month", onExhausted: "park" }],
};

test("a manifest is shown as its schema says", () => {
  const view = manifestView(STATE);
  expect(MANIFEST.parse(view)).toEqual(view);
  expect(view.observed_until).toBe("1970-01-01T00:00:00.000Z");
  expect(view.tools[0]?.rate_limit).toEqual({ requests: 100, per_ms: 60_000 });
});

const CLOSEST: Closest = {
  ...{ rule: "stuck", signal: "identical_calls", action: "trip", tool: "echo", task: "t1" },
  ...{ value: 7, line: 8, alarmed: false },
};

test("the overview is shown as its schema says", () => {
  const agent = {
    ...{ agent: "support", team: null, owner: null, calls: [0, 3], callsMinute: 1, callsHour: 3 },
    ...{ refusedHour: 1, failedHour: 0, accounts: [{ budget: "all", scope: "" }] },
    ...{ spentToday: 1_500_000_000n, closest: CLOSEST },
  };
  const view = overviewView({ gateways: 2, since: 0, today: 0, barMs: 120_000, agents: [agent] });
  expect(OVERVIEW.parse(view)).toEqual(view);
  expect(view.agents[0]).toMatchObject({ calls_minute: 1, calls_hour: 3, refused_hour: 1 });
  expect(view.agents[0]).toMatchObject({ spent_today_usd: "1.5", closest_breaker: CLOSEST });
});
