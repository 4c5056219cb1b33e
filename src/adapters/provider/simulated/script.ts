import type { SimulatedScript } from "../../../config/configuration.ts";

/** How simulated answers are made. */
export type Script = SimulatedScript;

/** Used where the configuration gives no script. */
export const DEFAULT_SCRIPT: Script = {
  latencyMs: 0,
  chunkMs: 0,
  chunks: 10,
  outputTokens: 30,
  toolCalls: [],
  overbill: 1,
  fault: null,
  faultEvery: 0,
};
