import { afterAll, beforeAll, expect } from "vitest";
import type {
  AccountId,
  AccountSpec,
  AccountState,
  HolderId,
  HolderInfo,
  JournalEntry,
  Settlement,
  Store,
} from "../../ports/store.ts";
import type { Fixture, OpenFixture } from "./fixture.ts";

/** Two handles on one store: what one does, the other must see. */
export interface Stores {
  readonly store: Store;
  readonly other: Store;
  readonly fixture: Fixture;
}

/** Configuration and key that every holder of the suites has, unless its case is about them. */
export const CONFIGURATION = "dir:one";
export const KEY_ID = "key-one";
/** More than any case makes. */
export const ALL = 10_000;

/** One store for all cases of a `describe`, which keep apart by names. */
export function sharedStores(open: OpenFixture): () => Stores {
  let stores: Stores | undefined;
  beforeAll(async () => {
    stores = await openStores(open);
  });
  afterAll(async () => {
    await stores?.fixture.dispose();
  });
  return () => {
    if (!stores) throw new Error("the stores are opened before the first case");
    return stores;
  };
}

/** A case on a store of its own: nobody was there before. */
export function onFreshStores(open: OpenFixture, run: (stores: Stores) => Promise<void>) {
  return async (): Promise<void> => {
    const stores = await openStores(open);
    try {
      await run(stores);
    } finally {
      await stores.fixture.dispose();
    }
  };
}

async function openStores(open: OpenFixture): Promise<Stores> {
  const fixture = await open();
  return { store: await fixture.store(), other: await fixture.store(), fixture };
}

let made = 0;

/** A name that no other case has. */
export function fresh(prefix: string): string {
  made += 1;
  return `${prefix}-${made}`;
}

/** A holder's id that no other case has: 128 bits in hex. */
export function freshId(): HolderId {
  made += 1;
  return made.toString(16).padStart(32, "0");
}

/** What a process says of itself when it registers. */
export function holderInfo(changes: Partial<HolderInfo> = {}): HolderInfo {
  return {
    id: freshId(),
    host: "host-1",
    pid: 4321,
    pidStart: "12:00:00.5",
    configuration: CONFIGURATION,
    keyId: KEY_ID,
    ...changes,
  };
}

/** A registered live holder. */
export async function liveHolder(store: Store): Promise<HolderId> {
  const info = holderInfo();
  const answer = await store.holders.register(info);
  expect(answer.kind).toBe("ok");
  return info.id;
}

/** Account of a new budget of money, without a window. */
export function accountSpec(limit: bigint, changes: Partial<AccountSpec> = {}): AccountSpec {
  const lifetime = { window: "lifetime", starts: 0, ends: null } as const;
  return { budget: fresh("budget"), scope: "", unit: "usd", ...lifetime, limit, ...changes };
}

/** Opens one new account. */
export async function openAccount(store: Store, limit: bigint): Promise<AccountState> {
  const [account] = await store.ledger.open([accountSpec(limit)]);
  if (!account) throw new Error("open answers every account it was asked for");
  return account;
}

/** An account as it stands, open or not. */
export async function stateOf(store: Store, id: AccountId): Promise<AccountState> {
  const [account] = await store.ledger.accounts({ ids: [id], open: false, limit: 1 });
  if (!account) throw new Error(`account ${id} is gone`);
  return account;
}

/** Leases exactly `amount` in all for one account, which must succeed. */
export async function mustLease(
  store: Store,
  holder: HolderId,
  account: AccountId,
  amount: bigint,
): Promise<void> {
  const answer = await store.ledger.lease(holder, [{ account, least: amount, most: amount }]);
  expect(answer.kind).toBe("ok");
}

/** One settled call on one account. */
export function settlement(
  account: AccountId,
  drawn: bigint,
  changes: { readonly charged?: bigint; readonly call?: string } = {},
): Settlement {
  const legs = [{ account, drawn, charged: changes.charged ?? drawn }];
  return { call: changes.call ?? fresh("call"), legs, estimated: false };
}

/** Flushes settlements alone; answers its kind. */
export async function flush(
  store: Store,
  holder: HolderId,
  settlements: readonly Settlement[],
): Promise<string> {
  return (await store.ledger.flush(holder, { settlements, entries: [], anchor: null })).kind;
}

/** A journal entry; the hash is made up, for the store does not look at it. */
export function journalEntry(
  writer: HolderId,
  no: number,
  changes: Partial<JournalEntry> = {},
): JournalEntry {
  return {
    writer,
    no,
    at: 1_700_000_000_000 + no,
    kind: "call.settled",
    decision: null,
    agent: null,
    task: null,
    code: null,
    body: `{"no":${no}}`,
    hash: no.toString(16).padStart(64, "0"),
    ...changes,
  };
}
