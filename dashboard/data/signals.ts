/** How an agent stands to its breakers. */
import type { BreakerView, LevelView, SignalsView } from "../../src/control/schemas/signals.ts";
import { useApi } from "./cache.ts";

/** One level with what its rule is about: what a chart draws. */
export interface Drawn extends Pick<BreakerView, "signal" | "action"> {
  readonly level: LevelView;
}

/** Null: it has not come, or there is no such agent. */
export function useSignals(agent: string): SignalsView | null {
  const path = `/api/v1/agents/${encodeURIComponent(agent)}/signals`;
  return useApi<SignalsView>(path).value ?? null;
}
