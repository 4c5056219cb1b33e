import { type Denial, deny } from "../guards/verdict.ts";
import type { Fault } from "../ports/provider.ts";

/** What the agent is told of a provider's fault: which one it was, never how it is reached. */
export function faultDenial(fault: Fault, provider: string): Denial {
  const code = fault.kind === "timeout" ? "provider.timeout" : "provider.unreachable";
  return deny(code, { provider, because: fault.kind });
}

/** It answered, and not as a provider does. */
export function unreachable(because: string): Denial {
  return deny("provider.unreachable", { because });
}
