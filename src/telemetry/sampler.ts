/** Which traces are told: by the standard samplers of OpenTelemetry. */
import type { Parent } from "../ports/spans.ts";

export interface Sampler {
  /** Whoever calls may have decided already: then that holds. */
  readonly followsParent: boolean;
  /** Of all traces; 0 is none. */
  readonly share: number;
}

const HEX = 16;
/** The last seven bytes of a trace's id are random, in whatever system it began. */
const RANDOM_DIGITS = 14;
const RANDOM_COUNT = HEX ** RANDOM_DIGITS;

/** By the trace's id alone, so that all who see a trace with one share decide alike. */
export function isSampled(traceId: string, parent: Parent | null, sampler: Sampler): boolean {
  if (sampler.followsParent && parent !== null) return parent.sampled;
  return Number.parseInt(traceId.slice(-RANDOM_DIGITS), HEX) < sampler.share * RANDOM_COUNT;
}
