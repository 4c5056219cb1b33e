/** The wiring: for every field of the guardrails folder, one case that fails if it is unhooked. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BREAKER_CASES } from "./wiring-breakers.ts";
import { BUDGET_CASES } from "./wiring-budgets.ts";
import { COMMAND_CASES } from "./wiring-commands.ts";
import { COMMITMENT_CASES } from "./wiring-commitments.ts";
import { DECISION_LOG_CASES } from "./wiring-decision-log.ts";
import { fieldsOfTheFolder } from "./wiring-fields.ts";
import { HTTP_CASES } from "./wiring-http.ts";
import { LAST_WEEK_CASES } from "./wiring-last-week.ts";
import { LIBRARY_CASES } from "./wiring-library.ts";
import { LIMIT_CASES } from "./wiring-limits.ts";
import { MCP_CASES } from "./wiring-mcp.ts";
import { closeFarEnds, NOTIFIER_CASES } from "./wiring-notifiers.ts";
import { OBSERVE_CASES } from "./wiring-observe.ts";
import { ON_CHANGE_CASES } from "./wiring-on-change.ts";
import { PARKING_CASES } from "./wiring-parking.ts";
import { PIN_CASES } from "./wiring-pin.ts";
import { closeFakeOpas, POLICY_CASES } from "./wiring-policies.ts";
import { POLICY_EXPOSE_CASES } from "./wiring-policy-expose.ts";
import { PRICE_CASES } from "./wiring-prices.ts";
import { PROVIDER_CASES } from "./wiring-providers.ts";
import { SIGNAL_CASES } from "./wiring-signals.ts";
import { SQL_CASES } from "./wiring-sql.ts";
import { TASK_LIMIT_CASES } from "./wiring-task-limits.ts";
import { TOOL_BOUND_CASES } from "./wiring-tool-bounds.ts";
import { TOOL_CASES } from "./wiring-tools.ts";
import { TRANSCRIPT_CASES } from "./wiring-transcripts.ts";
import { UNWRAPS_CASES } from "./wiring-unwraps.ts";
import { WiringWorld } from "./wiring-world.ts";

let world: WiringWorld;

beforeAll(async () => {
  world = await WiringWorld.open();
});

afterAll(async () => {
  await world.close();
  await closeFarEnds();
  await closeFakeOpas();
});

const CASES = {
  "a provider": PROVIDER_CASES,
  "a budget": BUDGET_CASES,
  "a limit or a manifest": LIMIT_CASES,
  "a price": PRICE_CASES,
  "a rate limit or a breaker": BREAKER_CASES,
  "a signal, or a breaker of one agent": SIGNAL_CASES,
  "a line by the week before": LAST_WEEK_CASES,
  "a tool": TOOL_CASES,
  "what goes on costing": COMMITMENT_CASES,
  "a tool over plain HTTP": HTTP_CASES,
  "a tool server that is started": COMMAND_CASES,
  "a pin": PIN_CASES,
  "SQL and resources": SQL_CASES,
  "a call inside a call": UNWRAPS_CASES,
  "a policy": POLICY_CASES,
  "the decision log": DECISION_LOG_CASES,
  "a bound of a tool": TOOL_BOUND_CASES,
  // After those of breakers, which would see the calls of its agent as a surge.
  "a limit on a task": TASK_LIMIT_CASES,
  "how calls wait": PARKING_CASES,
  "a change": ON_CHANGE_CASES,
  "who is told": NOTIFIER_CASES,
  observing: OBSERVE_CASES,
  "a policy that is exposed": POLICY_EXPOSE_CASES,
  "what is kept of tasks": TRANSCRIPT_CASES,
  MCP: MCP_CASES,
  "what is read": LIBRARY_CASES,
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

/** Clients are reassured every 15 s: `parking-clients.test.ts` has them. */
const REASSURED = [
  "slipclutch.yaml parking.keep_alive = auto",
  "slipclutch.yaml parking.keep_alive = informational",
  "slipclutch.yaml parking.keep_alive = none",
];

/** A bundle is built by the real opa: `policy-engines.test.ts` has them. */
const BUILT = ["slipclutch.yaml policy_engine.kind = wasm", "slipclutch.yaml policy_engine.bundle"];

/** What is usual is learned over a minute and more: `wiring-surge.test.ts` has them. */
const LEARNED = [
  "slipclutch.yaml breakers[].above.times",
  "slipclutch.yaml breakers[].above.sigmas",
  "slipclutch.yaml breakers[].above.mads",
  "slipclutch.yaml breakers[].above.of = rolling_average",
  "slipclutch.yaml breakers[].above.of = ewma",
  "slipclutch.yaml breakers[].above.of = median",
  "slipclutch.yaml breakers[].above.over",
];

test("every field has a case, and every case a field", () => {
  const cased = Object.values(CASES).flatMap((cases) => cases.flatMap(({ fields }) => fields));
  const covered = [...cased, ...AT_THE_START, ...BUILT, ...LEARNED, ...REASSURED];
  expect(covered.toSorted()).toEqual(fieldsOfTheFolder().toSorted());
});

describe.each(Object.entries(CASES))("a field of %s has its effect:", (_, cases) => {
  test.for(cases.map((one) => [one.fields.join(", "), one] as const))("%s", ([, one]) =>
    one.run(world),
  );
});
