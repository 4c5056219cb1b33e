/**
 * Where everything that must outlive a process is kept, behind small ports with one adapter object
 * for all of them. Every method is one transaction: it is durable before its answer is given, and
 * it rejects only with `StoreUnreachable` (which leaves open whether it happened; every method may
 * be repeated). Amounts are `bigint`, in their account's unit. Protocol: chapter 11 of the design,
 * "Transactions".
 */

import type { BundleStore } from "./bundles.ts";
import type { ClutchStore } from "./clutch.ts";
import type { CommitmentStore } from "./commitments.ts";
import type { CounterStore } from "./counters.ts";
import type { ForfeitStore } from "./forfeits.ts";
import type { HolderStore } from "./holders.ts";
import type { InputStore } from "./inputs.ts";
import type { JournalStore } from "./journal.ts";
import type { LedgerStore } from "./ledger.ts";
import type { MessageStore } from "./messages.ts";
import type { NoticeStore } from "./notices.ts";
import type { OutcomeStore } from "./outcomes.ts";
import type { OverrideStore } from "./overrides.ts";
import type { ParkingStore } from "./parking.ts";
import type { PermitStore } from "./permits.ts";
import type { Registry } from "./registry.ts";
import type { TaskStore } from "./tasks.ts";
import type { TranscriptStore } from "./transcripts.ts";

export type * from "./bundles.ts";
export type * from "./clutch.ts";
export type * from "./commitments.ts";
export type * from "./counters.ts";
export type * from "./forfeits.ts";
export type * from "./holders.ts";
export type * from "./ids.ts";
export type * from "./inputs.ts";
export type * from "./journal.ts";
export type * from "./ledger.ts";
export type * from "./messages.ts";
export type * from "./notices.ts";
export type * from "./outcomes.ts";
export type * from "./overrides.ts";
export type * from "./parking.ts";
export type * from "./permits.ts";
export type * from "./registry.ts";
export type * from "./tasks.ts";
export type * from "./transcripts.ts";

export class StoreUnreachable extends Error {
  override readonly name = "StoreUnreachable";
}

export interface Store {
  readonly ledger: LedgerStore;
  readonly holders: HolderStore;
  readonly forfeits: ForfeitStore;
  readonly journal: JournalStore;
  readonly registry: Registry;
  readonly tasks: TaskStore;
  readonly permits: PermitStore;
  readonly clutch: ClutchStore;
  readonly messages: MessageStore;
  readonly overrides: OverrideStore;
  readonly parking: ParkingStore;
  readonly counters: CounterStore;
  readonly bundles: BundleStore;
  readonly commitments: CommitmentStore;
  readonly outcomes: OutcomeStore;
  readonly inputs: InputStore;
  readonly transcripts: TranscriptStore;
  readonly notices: NoticeStore;
  /** Releases connections and locks. Nothing in flight is waited for longer than two seconds. */
  close(): Promise<void>;
}
