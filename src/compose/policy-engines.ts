/** One engine for each kind of `policy_engine`. */
import { embeddedEngine } from "../adapters/policy-engine/embedded/engine.ts";
import { opaEngine } from "../adapters/policy-engine/opa/engine.ts";
import { wasmEngine } from "../adapters/policy-engine/wasm/engine.ts";
import type { PolicyEngineSettings } from "../config/bound-policies.ts";
import type { PolicyEngines, ToLoad } from "../config/policy-rules.ts";
import type { Clock } from "../ports/clock.ts";
import { type PolicyEngine, PolicyProblems } from "../ports/policy-engine.ts";

export function policyEngines(clock: Clock): PolicyEngines {
  return (settings, asked) => loaded(engineOf(settings, clock), asked);
}

/** For a look at a folder: nothing is asked, and an OPA need not run for that. */
export function enginesForChecking(clock: Clock): PolicyEngines {
  return (settings, asked) => {
    return loaded(settings.kind === "opa" ? UNSEEN : engineOf(settings, clock), asked);
  };
}

async function loaded(engine: PolicyEngine, { queries, sources }: ToLoad) {
  try {
    return { kind: "ok", set: await engine.load(sources, queries) } as const;
  } catch (error) {
    if (!(error instanceof PolicyProblems)) throw error;
    return { kind: "invalid", problems: error.problems } as const;
  }
}

function engineOf(settings: PolicyEngineSettings, clock: Clock): PolicyEngine {
  switch (settings.kind) {
    case "embedded":
      return embeddedEngine(clock);
    case "wasm":
      return wasmEngine(clock);
    case "opa":
      return opaEngine(settings, clock);
  }
}

const UNSEEN: PolicyEngine = {
  kind: "opa",
  load: async ({ revision }) => ({
    revision,
    notes: ["Whether OPA has the policies that are bound is not looked at here."],
    ask: async () => ({ kind: "failed", code: "unreachable", because: "no OPA is asked here" }),
    close: async () => {},
  }),
};
