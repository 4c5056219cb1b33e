/** What every form of an export has: spans of one process, and what that process is. */
import type { Attributes, Span } from "../../../ports/spans.ts";

export type Protocol = "http/json" | "http/protobuf";

export interface Export {
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
  /** Of the conventions that the attributes follow. */
  readonly schemaUrl: string;
  readonly spans: readonly Span[];
}

/** `SpanKind` and `Status.code` as the protocol numbers them. */
export const KINDS = { internal: 1, server: 2, client: 3 } as const;
export const FAILED = 2;

const SAMPLED = 1;
/** Whether the parent is in another process is known, and is so. */
const KNOWS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

export function flagsOf({ parent }: Span): number {
  return SAMPLED | KNOWS_REMOTE | (parent?.remote ? IS_REMOTE : 0);
}

const NANOS_PER_MS = 1_000_000;

/** Nanoseconds since 1970: more than a `number` counts, so the fraction is put to it apart. */
export function nanosOf(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * BigInt(NANOS_PER_MS) + BigInt(Math.round((ms - whole) * NANOS_PER_MS));
}
