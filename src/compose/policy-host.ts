/** What evaluating policies needs of this machine, for commands that do so without a gateway. */
import { systemClock } from "../adapters/clock/system.ts";
import { NESTING_MAX, STEPS_MAX } from "../adapters/policy-engine/embedded/engine.ts";
import { nodeHost } from "../adapters/policy-engine/embedded/host.ts";
import { parseYaml } from "../adapters/policy-engine/embedded/yaml.ts";
import type { PolicyEngines } from "../config/policy-rules.ts";
import type { Evaluation } from "../rego/query.ts";
import { enginesForChecking } from "./policy-engines.ts";

export { parseYaml };

/** To look at a guardrails folder with. */
export function checkingEngines(): PolicyEngines {
  return enginesForChecking(systemClock);
}

const NANOSECONDS = 1_000_000n;

export type Means = Pick<Evaluation, "host" | "limits">;

/**
 * For one evaluation each: it has one time, the steps that it has in a gateway, and `timeoutMs`,
 * which may be longer, for a first evaluation waits for code that a gateway has long compiled.
 */
export function policyMeans(timeoutMs: number): () => Means {
  let now = 0n;
  const host = nodeHost(() => now);
  return () => {
    now = BigInt(systemClock.wall()) * NANOSECONDS;
    const until = systemClock.monotonic() + timeoutMs;
    const expired = (): boolean => systemClock.monotonic() > until;
    return { host, limits: { steps: STEPS_MAX, depth: NESTING_MAX, expired } };
  };
}
