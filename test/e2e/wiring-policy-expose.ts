/** Policies that agents may ask themselves. */
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Settings, WiringWorld } from "./wiring-world.ts";

const POLICY = { name: "shown", query: "data.shown.allow", on: "model" };

function bound(more: object) {
  return (settings: Settings) => {
    settings.files = { "policies/shown.rego": "package shown\n\nallow := true\n" };
    settings.slipclutch.policies = [{ ...POLICY, ...more }];
    settings.slipclutch.policy_engine = { timeout: "20s" };
  };
}

export const POLICY_EXPOSE_CASES: readonly WiringCase[] = [
  differs("slipclutch.yaml policies[].expose", {
    base: bound({}),
    set: bound({ expose: true }),
    see: async (world: WiringWorld) => {
      const { json } = await world.guard("POST", "/v1/data/shown/allow", { input: {} });
      return json.result;
    },
    expect: fromTo(undefined, true),
  }),
];
