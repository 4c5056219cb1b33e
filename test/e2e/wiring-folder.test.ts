/** The wiring: for every field of the guardrails folder, one case that fails if it is unhooked. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUDGET_CASES } from "./wiring-budgets.ts";
import { fieldsOfTheFolder } from "./wiring-fields.ts";
import { LIMIT_CASES } from "./wiring-limits.ts";
import { PRICE_CASES } from "./wiring-prices.ts";
import { PROVIDER_CASES } from "./wiring-providers.ts";
import { TOOL_CASES } from "./wiring-tools.ts";
import { WiringWorld } from "./wiring-world.ts";

let world: WiringWorld;

beforeAll(async () => {
  world = await WiringWorld.open();
});

afterAll(() => world.close());

const CASES = {
  "a provider": PROVIDER_CASES,
  "a budget": BUDGET_CASES,
  "a limit or a manifest": LIMIT_CASES,
  "a price": PRICE_CASES,
  "a tool": TOOL_CASES,
};

/** Read once, when a gateway starts: `wiring-start.test.ts` has them. */
const AT_THE_START = [
  "slipclutch.yaml listeners.agent",
  "slipclutch.yaml listeners.control",
  "slipclutch.yaml store.url",
  "slipclutch.yaml store.grace",
  "slipclutch.yaml store.expiry",
  "slipclutch.yaml encryption_key",
];

/**
 * Fields of rates, breakers and parking that nothing in the gateway reads yet. Whoever wires one
 * takes it out of here and adds its case; the first test fails for what is here and is no field.
 */
const NOT_YET = [
  "slipclutch.yaml budgets[].on_exhausted = park",
  "slipclutch.yaml breakers[].name",
  "slipclutch.yaml breakers[].signal = calls_per_tool",
  "slipclutch.yaml breakers[].signal = identical_calls",
  "slipclutch.yaml breakers[].above.value",
  "slipclutch.yaml breakers[].above.times",
  "slipclutch.yaml breakers[].above.of",
  "slipclutch.yaml breakers[].above.over",
  "slipclutch.yaml breakers[].for",
  "slipclutch.yaml breakers[].window",
  "slipclutch.yaml breakers[].at_least",
  "slipclutch.yaml breakers[].same_result",
  "slipclutch.yaml breakers[].action = trip",
  "slipclutch.yaml breakers[].action = alert",
  "slipclutch.yaml breakers[].enabled",
  "slipclutch.yaml parking.hold_for",
  "slipclutch.yaml parking.keep_alive = auto",
  "slipclutch.yaml parking.keep_alive = informational",
  "slipclutch.yaml parking.keep_alive = none",
  "slipclutch.yaml parking.keep_answers_for",
  "slipclutch.yaml parking.max_calls_per_agent",
  "slipclutch.yaml parking.max_calls_per_task",
  "slipclutch.yaml parking.max_bytes_per_agent",
  "agents/*.yaml allowed_tools[].rate_limit.requests",
  "agents/*.yaml allowed_tools[].rate_limit.per_seconds",
];

test("every field has a case, and every case a field", () => {
  const cased = Object.values(CASES).flatMap((cases) => cases.flatMap(({ fields }) => fields));
  const covered = [...cased, ...AT_THE_START, ...NOT_YET];
  expect(covered.toSorted()).toEqual(fieldsOfTheFolder().toSorted());
});

describe.each(Object.entries(CASES))("a field of %s has its effect:", (_, cases) => {
  test.for(cases.map((one) => [one.fields.join(", "), one] as const))("%s", ([, one]) =>
    one.run(world),
  );
});
