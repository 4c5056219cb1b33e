import type { Millis } from "../../../guards/money.ts";
import type {
  AccountId,
  AccountSpec,
  AccountState,
  Anchor,
  Bundle,
  Forfeit,
  HolderId,
  HolderInfo,
  JournalEntry,
  KeyRecord,
  ModelFlag,
  PlacedInput,
  PlacedLine,
  Release,
  TaskRecord,
} from "../../../ports/store.ts";
import { type SharedWork, sharedWork } from "./rows.ts";

/** Everything a store knows, in the memory of this process. All handles made on it share it. */
export interface MemoryData extends SharedWork {
  readonly generation: string;
  /** Null until the first holder has registered. */
  configuration: string | null;
  keyId: string | null;
  changeSeq: number;
  counterSeq: number;
  readonly accounts: Map<AccountId, Account>;
  /** Ids by budget, scope, unit, kind of window and its start. */
  readonly accountIds: Map<string, AccountId>;
  readonly holders: Map<HolderId, Holder>;
  /** Calls settled, by id: each counts once. */
  readonly settled: Map<string, HolderId>;
  /** Oldest first. */
  readonly releases: Release[];
  /** By decision, in the order in which they came. */
  readonly inputs: Map<string, PlacedInput>;
  /** By agent and task. */
  readonly transcripts: Map<string, Transcript>;
  /** The last position that a line of one was given. */
  transcriptPosition: number;
  readonly journal: (JournalEntry & { readonly position: number })[];
  readonly anchors: (Anchor & { readonly position: number })[];
  /** `writer/number` of every entry and anchor. */
  readonly written: Set<string>;
  readonly keys: Map<string, KeyRecord>;
  readonly flags: Map<string, ModelFlag>;
  /** By agent, then by id. */
  readonly tasks: Map<string, Map<string, Task>>;
  /** The one kept last stands last. */
  readonly bundles: Map<string, Bundle>;
  readonly watchers: Set<(what: Change) => void>;
}

export type Change = "wants" | "room" | "changes" | "outcomes";

export interface Account {
  readonly id: AccountId;
  readonly spec: AccountSpec;
  /** In force: the larger of what is configured and what a person has raised it to. */
  limit: bigint;
  configured: bigint;
  raised: bigint | null;
  spent: bigint;
  leased: bigint;
  forfeited: bigint;
  committed: bigint;
  open: boolean;
}

export interface Holder {
  readonly info: HolderInfo;
  configuration: string;
  state: "live" | "fenced" | "closed";
  beatNo: number;
  doneNo: number;
  /** By the store's clock: what came later came in its silence. */
  beatAt: Millis;
  fencedAt: Millis | null;
  /** The last change that it says it knows of; null: it serves nobody yet. */
  caughtUp: number | null;
  /** What its fence forfeited, until the journal says so. */
  gap: readonly Forfeit[] | null;
  readonly slices: Map<AccountId, Slice>;
  wants: readonly { readonly account: AccountId; readonly amount: bigint }[];
}

/** A holder's part of an account, in running totals. */
export interface Slice {
  granted: bigint;
  returned: bigint;
  drawn: bigint;
  forfeit: bigint;
}

export interface Transcript {
  lines: readonly PlacedLine[];
  dropped: number;
  erasedAt: Millis | null;
  /** When it was last written to. */
  seenAt: Millis;
}

export interface Task {
  record: TaskRecord;
  readonly unnamed: boolean;
}

/** A store that nothing was written to. */
export function memoryData(generation = "memory"): MemoryData {
  return {
    generation,
    configuration: null,
    keyId: null,
    changeSeq: 0,
    counterSeq: 0,
    ...sharedWork(),
    accounts: new Map(),
    accountIds: new Map(),
    holders: new Map(),
    settled: new Map(),
    releases: [],
    inputs: new Map(),
    transcripts: new Map(),
    transcriptPosition: 0,
    journal: [],
    anchors: [],
    written: new Set(),
    keys: new Map(),
    flags: new Map(),
    tasks: new Map(),
    bundles: new Map(),
    watchers: new Set(),
  };
}

/** An account as others may see it. */
export function stateOf({ configured, raised, spec, ...columns }: Account): AccountState {
  return { ...spec, ...columns };
}

export function heldOf(slice: Slice): bigint {
  return slice.granted - slice.returned - slice.drawn;
}

export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Tells everybody who watches, after the change is done. */
export function tell(data: MemoryData, what: Change): void {
  for (const changed of [...data.watchers]) changed(what);
}

/** A change that every gateway must learn of, at the latest with its next beat. */
export function raiseChange(data: MemoryData): void {
  data.changeSeq += 1;
  tell(data, "changes");
}
