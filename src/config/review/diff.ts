/**
 * What got wider and what got narrower between two guardrails folders, in words. What is not proven
 * to be narrower, or the same, may be wider.
 */
import { plainChecks } from "../arguments.ts";
import { LIMIT_FIELDS } from "../manifest-schema.ts";
import type { Change } from "./change.ts";
import { agentChanges } from "./diff-agents.ts";
import { breakerChanges, budgetChanges } from "./diff-budgets.ts";
import { fieldChanges, type Rules } from "./diff-fields.ts";
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
  "providers.*": "entry",
  "providers.*.models": "grants",
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
  return [
    ...agentChanges(sides, plainChecks()),
    ...serverChanges(sides),
    ...budgetChanges(sides),
    ...breakerChanges(sides),
    ...fieldChanges([before.main, after.main], [], main),
    ...fieldChanges([before.prices, after.prices], [], { agent: null, rules: {}, from: 0 }).map(
      (one) => ({ ...one, about: `price ${one.about}` }),
    ),
  ];
}
