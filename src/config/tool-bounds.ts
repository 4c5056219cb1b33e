/** What bounds the calls of one tool beside its rate. */
import type { GrantedTool } from "../guards/tool/tool.ts";
import type { RawTool } from "./tool-schema.ts";

/** What held for all tools before any could say otherwise: more is of no use to a model. */
const RESULT_BYTES_MAX = 8 * 1024 * 1024;

type Bounds = Pick<GrantedTool, "resultBytesMax" | "concurrentMax" | "repeatsMax">;

/** Holds where the gateway hands results on, and nowhere else. */
export const OF_A_DELIVERY = ["max_result_bytes"] as const satisfies readonly (keyof RawTool)[];

/** The fields that are read here. They hold at a call, so only where calls come by. */
export const OWN_BOUNDS = [
  ...OF_A_DELIVERY,
  ...(["max_concurrent", "repeats"] as const satisfies readonly (keyof RawTool)[]),
];

export function boundsOf(tool: RawTool): Bounds {
  return {
    resultBytesMax: tool.max_result_bytes ?? RESULT_BYTES_MAX,
    concurrentMax: tool.max_concurrent ?? null,
    repeatsMax: tool.repeats?.max ?? null,
  };
}
