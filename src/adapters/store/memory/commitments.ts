import { type Commitment, HOLDING, type Hold } from "../../../guards/commitment/commitment.ts";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type {
  AccountId,
  CommitmentFilter,
  CommitmentKey,
  CommitmentMoved,
  CommitmentOpened,
  CommitmentStore,
  Fenced,
  HolderId,
  NewCommitment,
} from "../../../ports/store.ts";
import { heldOf, type MemoryData, stateOf, tell } from "./data.ts";
import { done } from "./ledger.ts";

/** Commitments on data in memory. */
export function memoryCommitments(data: MemoryData, clock: Clock): CommitmentStore {
  return {
    open: async (holder, opening) => open(data, clock.wall(), { holder, opening }),
    move: async (step) => move(data, step),
    count: async (key) => count(data, key),
    list: async (filter) => ({ now: clock.wall(), commitments: list(data, clock.wall(), filter) }),
    prune: async (before) => {
      for (const [id, { commitment }] of data.commitments) {
        const { endedAt } = commitment;
        if (endedAt !== null && endedAt < before) data.commitments.delete(id);
      }
    },
  };
}

function isOf(commitment: Commitment, { agent, server, tool }: Partial<CommitmentKey>): boolean {
  return (
    (agent === undefined || commitment.agent === agent) &&
    (server === undefined || commitment.server === server) &&
    (tool === undefined || commitment.tool === tool)
  );
}

function count(data: MemoryData, key: CommitmentKey): number {
  const all = [...data.commitments.values()];
  return all.filter(({ commitment: one }) => isOf(one, key) && HOLDING.includes(one.state)).length;
}

function open(
  data: MemoryData,
  now: Millis,
  { holder: id, opening }: { readonly holder: HolderId; readonly opening: NewCommitment },
): CommitmentOpened | Fenced {
  const holder = data.holders.get(id);
  if (holder?.state !== "live") return { kind: "fenced" };
  const known = data.commitments.get(opening.id);
  if (known) return { kind: "opened", commitment: known.commitment, doneNo: holder.doneNo };
  const { activeMax, ...asked } = opening;
  const active = count(data, opening);
  if (active >= activeMax) return { kind: "full", active };
  for (const { account, held } of asked.holds) {
    const slice = holder.slices.get(account);
    if (slice === undefined || heldOf(slice) < held) return { kind: "not-held" };
  }
  for (const { account: accountId, held } of asked.holds) {
    const [account, slice] = [data.accounts.get(accountId), holder.slices.get(accountId)];
    if (!account || !slice) throw new Error("a slice that was found is there");
    slice.drawn += held;
    account.leased -= held;
    account.committed += held;
  }
  const commitment = openedAt(asked, now);
  data.commitments.set(opening.id, { commitment, openedBy: id });
  return { kind: "opened", commitment, doneNo: done(holder) };
}

function openedAt(asked: Omit<NewCommitment, "activeMax">, now: Millis): Commitment {
  return {
    ...{ ...asked, version: 1, state: "opening", service: null, openedAt: now, seenAt: now },
    ...{ elapsedMs: 0, dueAt: null, renewals: 0, unrenewable: false },
    ...{ endedAt: null, endedBy: null, reason: null },
  };
}

function move(
  data: MemoryData,
  { charges, next }: Parameters<CommitmentStore["move"]>[0],
): CommitmentMoved {
  const row = data.commitments.get(next.id);
  if (!row) return { kind: "none" };
  const before = row.commitment;
  if (before.version !== next.version) return { kind: "conflict", commitment: before };
  const accounts = new Set([...before.holds, ...next.holds, ...charges].map((one) => one.account));
  const changes = [...accounts].map((id) => {
    const account = data.accounts.get(id);
    if (!account) throw new Error(`a commitment names account ${id}, which is not there`);
    const charged = charges.reduce((sum, one) => (one.account === id ? sum + one.amount : sum), 0n);
    return { account, charged, more: heldIn(next.holds, id) - heldIn(before.holds, id) };
  });
  const isShort = changes.some(({ account, charged, more }) => {
    const { committed, forfeited, leased, limit, open: isOpen, spent } = account;
    const room = limit - spent - leased - forfeited - committed;
    return more > 0n && !(isOpen && more + charged <= room);
  });
  if (isShort) {
    return { kind: "short", accounts: changes.map(({ account }) => stateOf(account)) };
  }
  for (const { account, charged, more } of changes) {
    account.spent += charged;
    account.committed += more;
  }
  row.commitment = { ...next, version: next.version + 1 };
  if (changes.some(({ charged, more }) => charged + more < 0n)) tell(data, "room");
  return { kind: "ok", commitment: row.commitment };
}

function heldIn(holds: readonly Hold[], id: AccountId): bigint {
  return holds.find(({ account }) => account === id)?.held ?? 0n;
}

function list(data: MemoryData, now: Millis, filter: CommitmentFilter): readonly Commitment[] {
  const { due, id, limit, service, states } = filter;
  const rows = [...data.commitments.values()]
    .map(({ commitment }) => commitment)
    .reverse()
    .filter((one) => isOf(one, filter) && (id === undefined || one.id === id))
    .filter((one) => service === undefined || one.service === service)
    .filter((one) => states === undefined || states.includes(one.state));
  if (due !== true) return rows.slice(0, limit);
  // Seen in what is to come: the clock was set back, and waiting for it would charge nothing.
  const isDue = ({ dueAt, seenAt }: Commitment) => dueAt !== null && (dueAt <= now || seenAt > now);
  const oldest = rows.reverse().filter(isDue);
  return oldest.sort((one, two) => (one.dueAt ?? 0) - (two.dueAt ?? 0)).slice(0, limit);
}

/** Of a holder that is gone: whether its calls made anything, nobody knows. */
export function doubtCommitments(data: MemoryData, holder: HolderId, now: Millis): void {
  for (const row of data.commitments.values()) {
    const { commitment, openedBy } = row;
    if (openedBy !== holder || commitment.state !== "opening") continue;
    const { version } = commitment;
    row.commitment = { ...commitment, state: "unknown", dueAt: now, version: version + 1 };
  }
}
