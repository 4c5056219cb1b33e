/**
 * What got wider and what got narrower between two guardrails folders, in words. What is not proven
 * to be narrower, or the same, may be wider.
 */
import { plainChecks } from "../arguments.ts";
import { LIMIT_FIELDS } from "../manifest-schema.ts";
import { type Change, change } from "./change.ts";
import { agentChanges } from "./diff-agents.ts";
import { breakerChanges } from "./diff-breakers.ts";
import { budgetChanges } from "./diff-budgets.ts";
import { fieldChanges, type Rules } from "./diff-fields.ts";
import { policyChanges } from "./diff-policies.ts";
import { serverChanges } from "./diff-servers.ts";
import type { Reading } from "./reading.ts";

/** Of slipclutch.yaml: what has words of its own, and what lets no more and no less through. */
const MAIN: Rules = {
  version: "elsewhere",
  schema_version: "elsewhere",
  budgets: "elsewhere",
  breakers: "elsewhere",
  tool_servers: "elsewhere",
  parking: "other",
  policies: "elsewhere",
  policy_engine: "elsewhere",
  "providers.*": "entry",
  "providers.*.allow_fields": "grants",
  "providers.*.connections_max": "other",
  "providers.*.simulated": "other",
  "limits.max_request_bytes": "amount",
  "limits.calls_in_flight_max": "amount",
  "limits.request_timeout": "amount",
  // Of every agent: told for each of them.
  ...Object.fromEntries(Object.keys(LIMIT_FIELDS).map((key) => [`limits.${key}`, "elsewhere"])),
};

export function changesBetween(before: Reading, after: Reading): readonly Change[] {
  const sides = [before, after] as const;
  const main = { agent: null, rules: MAIN, from: 0 };
  const fits = plainChecks();
  return [
    ...agentChanges(sides, fits),
    ...serverChanges(sides, fits),
    ...budgetChanges(sides),
    ...breakerChanges(sides),
    ...policyChanges(sides),
    ...fieldChanges([before.main, after.main], [], main),
    ...orderChanges(sides),
    ...fieldChanges([before.prices, after.prices], [], { agent: null, rules: {}, from: 0 }).map(
      (one) => ({ ...one, about: `price ${one.about}` }),
    ),
  ];
}

/** The first provider that serves a model is the one that is asked, at its prices. */
function orderChanges(sides: readonly [Reading, Reading]): readonly Change[] {
  const [old = [], now = []] = sides.map(({ main }) => Object.keys(main.data.providers ?? {}));
  const kept = now.filter((name) => old.includes(name));
  if (old.filter((name) => now.includes(name)).join() === kept.join()) return [];
  const about = { agent: null, about: "providers" };
  return [change(about, "may-be-wider", `in another order: ${now.join(", ")}`)];
}
