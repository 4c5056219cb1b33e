/** What a manifest says of a tool whose calls go on costing money after they have ended. */
import type { Millis, NanoUsd } from "../money.ts";
import { readPointer } from "../tool/pointer.ts";

export interface CommitmentTerms {
  readonly nanoUsdPerHour: NanoUsd;
  /** Where a call says what it made: RFC 6901, from its arguments or its result. */
  readonly id: string;
  readonly endsWith: Ending;
  /** How many an agent may have at once: those of which nobody knows whether they are there too. */
  readonly activeMax: number;
  /** So far ahead its cost is set aside. */
  readonly horizonMs: Millis;
  /** What is done when the budgets no longer cover another horizon. */
  readonly onUnrenewable: "trip" | "end";
}

/** A tool, and where a call of it says which commitment it is about. */
export interface Ending {
  readonly server: string;
  readonly tool: string;
  readonly id: string;
}

const HOUR_MS = 3_600_000n;

/** What so long costs: nano-USD, rounded up, so that parts of an hour are never given away. */
export function costOf(nanoUsdPerHour: bigint, lengthMs: Millis): bigint {
  return (nanoUsdPerHour * BigInt(lengthMs) + HOUR_MS - 1n) / HOUR_MS;
}

/** What is set aside before a call is sent; the load has seen that it can be counted. */
export function horizonCost(terms: CommitmentTerms | null): NanoUsd {
  return terms === null ? 0 : Number(costOf(BigInt(terms.nanoUsdPerHour), terms.horizonMs));
}

/** Longer ones are no ids: they are compared and shown. */
const ID_CHARACTERS_MAX = 512;

/** A text and a number are two ids. Null: nothing is there that could name anything. */
export function serviceOf(document: object, pointer: string): string | null {
  const found = readPointer(document, pointer);
  const isText = typeof found === "string" && found !== "" && found.length <= ID_CHARACTERS_MAX;
  return isText || Number.isSafeInteger(found) ? JSON.stringify(found) : null;
}
