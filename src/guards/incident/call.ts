/** One call of a case, as it was written down. */
import type { Millis, NanoUsd } from "../money.ts";

export interface CaseCall {
  readonly at: Millis;
  readonly task: string;
  readonly what: CaseTool | CaseModel;
  readonly verdict: "allowed" | "refused" | "parked";
  /** Of a refusal; one that this version does not know counts as none. */
  readonly code: string | null;
  readonly outcome: string | null;
  /** Digest of its result; null: none is known. */
  readonly result: string | null;
  readonly charged: NanoUsd;
  /** Which call of the runaway it is, from 1; null: it is none of it. */
  readonly runaway: number | null;
  /** From now on it is to be stopped. */
  readonly isToStop: boolean;
}

export interface CaseTool {
  readonly kind: "tool";
  readonly server: string;
  readonly tool: string;
  readonly digest: string;
  readonly bytes: number;
  /** Null: nobody knows them any more. */
  readonly arguments: Readonly<Record<string, unknown>> | null;
}

export interface CaseModel {
  readonly kind: "model";
  readonly model: string;
}
