import { describe, expect, test } from "vitest";
import {
  accrue,
  activate,
  type Commitment,
  end,
  giveUp,
  lose,
  renew,
  type Step,
} from "../../guards/commitment/commitment.ts";
import type { CommitmentKey, HolderId, NewCommitment, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import {
  ALL,
  accountSpec,
  flush,
  fresh,
  liveHolder,
  mustLease,
  openAccount,
  settlement,
  sharedStores,
  stateOf,
} from "./kit.ts";

const HOUR_MS = 3_600_000;
/** A dollar an hour: a horizon of an hour holds this. */
const HORIZON = 1_000_000_000n;

function toolKey(): CommitmentKey {
  return { agent: fresh("agent"), server: "cloud", tool: "create" };
}

function opening(key: CommitmentKey, changes: Partial<NewCommitment> = {}): NewCommitment {
  return {
    ...key,
    ...{ id: fresh("decision"), task: "task-1", key: "key-1", activeMax: ALL },
    ...{ nanoUsdPerHour: HORIZON, horizonMs: HOUR_MS, holds: [] },
    ...changes,
  };
}

/** A commitment on a new account, whose holder has leased its horizon. */
async function opened(store: Store, changes: Partial<NewCommitment> = {}) {
  const account = await openAccount(store, 10n * HORIZON);
  const holder = await liveHolder(store);
  await mustLease(store, holder, account.id, 2n * HORIZON);
  const holds = [{ account: account.id, held: HORIZON }];
  const commitment = await mustOpen(store, holder, opening(toolKey(), { holds, ...changes }));
  return { account: account.id, holder, commitment };
}

async function mustOpen(store: Store, holder: HolderId, asked: NewCommitment) {
  const answer = await store.commitments.open(holder, asked);
  if (answer.kind !== "opened") throw new Error(`open answered ${answer.kind}`);
  return answer.commitment;
}

async function mustMove(store: Store, step: Step | null): Promise<Commitment> {
  if (step === null) throw new Error("there is nothing to move");
  const answer = await store.commitments.move(step);
  if (answer.kind !== "ok") throw new Error(`move answered ${answer.kind}`);
  return answer.commitment;
}

async function commitmentOf(store: Store, id: string): Promise<Commitment> {
  const { commitments } = await store.commitments.list({ id, limit: 1 });
  const [commitment] = commitments;
  if (!commitment) throw new Error(`commitment ${id} is gone`);
  return commitment;
}

const GONE = { by: "ada", reason: "It was switched off." };

export function commitmentConformance(open: OpenFixture): void {
  describe("commitments are opened", () => {
    const stores = sharedStores(open);

    test("with what the holder had leased, and no more of the limit than before", async () => {
      const { store, other } = stores();
      const { account, commitment, holder } = await opened(store);
      expect(commitment).toMatchObject({ state: "opening", version: 1, elapsedMs: 0, dueAt: null });
      expect(commitment.seenAt).toBe(commitment.openedAt);
      const state = await stateOf(other, account);
      expect(state).toMatchObject({ leased: HORIZON, committed: HORIZON, spent: 0n });
      // What is drawn is no longer the holder's to give back.
      await store.ledger.giveBack(holder, [{ account, total: HORIZON }]);
      const after = { leased: 0n, committed: HORIZON };
      expect(await stateOf(store, account)).toMatchObject(after);
      expect(await store.holders.close(holder)).toEqual({ kind: "closed" });
      expect(await commitmentOf(other, commitment.id)).toMatchObject({ state: "unknown" });
    });

    test("and take from what a lease may give", async () => {
      const { store } = stores();
      const { account, holder } = await opened(store);
      const most = 9n * HORIZON;
      const wants = [{ account, least: most + 2n * HORIZON, most: most + 2n * HORIZON }];
      expect(await store.ledger.lease(holder, wants)).toMatchObject({ kind: "short" });
      await mustLease(store, holder, account, 10n * HORIZON);
    });

    test("once for each id, and say how much was done for the holder", async () => {
      const { store } = stores();
      const account = await openAccount(store, 10n * HORIZON);
      const holder = await liveHolder(store);
      await mustLease(store, holder, account.id, HORIZON);
      const asked = opening(toolKey(), { holds: [{ account: account.id, held: HORIZON }] });
      const before = await store.holders.beat(holder);
      const first = await store.commitments.open(holder, asked);
      const again = await store.commitments.open(holder, asked);
      expect(again).toEqual(first);
      const doneNo = before.kind === "ok" ? before.doneNo + 1 : 0;
      expect(first).toMatchObject({ kind: "opened", doneNo });
      expect(await stateOf(store, account.id)).toMatchObject({ leased: 0n, committed: HORIZON });
    });

    test("by a live holder, out of what it holds", async () => {
      const { store } = stores();
      const { account, holder } = await opened(store);
      const more = opening(toolKey(), { holds: [{ account, held: HORIZON + 1n }] });
      expect(await store.commitments.open(holder, more)).toEqual({ kind: "not-held" });
      const nothing = opening(toolKey(), { holds: [{ account, held: 1n }] });
      const stranger = await liveHolder(store);
      expect(await store.commitments.open(stranger, nothing)).toEqual({ kind: "not-held" });
      await store.holders.fence(holder, null);
      const late = await store.commitments.open(holder, opening(toolKey()));
      expect(late).toEqual({ kind: "fenced" });
    });

    test("in places that agents and tools do not share, whatever state they are in", async () => {
      const { store, other } = stores();
      const holder = await liveHolder(store);
      const key = toolKey();
      const asked = () => opening(key, { activeMax: 3 });
      const first = await mustOpen(store, holder, asked());
      const second = await mustOpen(other, holder, asked());
      await mustOpen(store, holder, asked());
      await mustMove(store, activate(first, '"svc-1"', first.openedAt));
      await mustMove(store, lose(second, null, second.openedAt));
      expect(await store.commitments.count(key)).toBe(3);
      expect(await other.commitments.open(holder, asked())).toEqual({ kind: "full", active: 3 });
      await mustOpen(store, holder, opening({ ...key, tool: "create-2" }, { activeMax: 1 }));
      await mustOpen(store, holder, opening({ ...key, agent: fresh("agent") }, { activeMax: 1 }));
      const now = await commitmentOf(store, second.id);
      await mustMove(store, end(now, now.openedAt, { ended: GONE, turns: [] }));
      await mustOpen(other, holder, asked());
    });

    test("never in more places than there are, however many ask at once", async () => {
      const { store, other } = stores();
      const key = toolKey();
      const holders = [await liveHolder(store), await liveHolder(other)];
      const asking = Array.from({ length: 24 }, (_, no) => {
        const holder = holders[no % 2] ?? "";
        return (no % 2 ? other : store).commitments.open(holder, opening(key, { activeMax: 5 }));
      });
      const kinds = (await Promise.all(asking)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === "opened")).toHaveLength(5);
      expect(kinds.filter((kind) => kind === "full")).toHaveLength(19);
    });
  });

  describe("commitments are moved", () => {
    const stores = sharedStores(open);

    test("from what is set aside to what is spent, as time passes", async () => {
      const { store, other } = stores();
      const { account, commitment } = await opened(store);
      const active = await mustMove(store, activate(commitment, '"svc"', commitment.openedAt));
      const step = accrue(active, active.openedAt + HOUR_MS / 4, []);
      const later = await mustMove(other, step);
      expect(later).toEqual({ ...step.next, version: active.version + 1 });
      expect(await commitmentOf(store, later.id)).toEqual(later);
      const quarter = { spent: HORIZON / 4n, committed: (3n * HORIZON) / 4n };
      expect(await stateOf(store, account)).toMatchObject(quarter);
    });

    test("by the version that was seen, so that two do not count the same time", async () => {
      const { store, other } = stores();
      const { account, commitment } = await opened(store);
      const active = await mustMove(store, activate(commitment, "1", commitment.openedAt));
      const step = accrue(active, active.openedAt + HOUR_MS / 2, []);
      const answers = await Promise.all([store, other].map((one) => one.commitments.move(step)));
      expect(answers.map(({ kind }) => kind).sort()).toEqual(["conflict", "ok"]);
      const stands = await commitmentOf(store, commitment.id);
      for (const answer of answers) expect(answer).toMatchObject({ commitment: stands });
      const half = { spent: HORIZON / 2n, committed: HORIZON / 2n };
      expect(await stateOf(store, account)).toMatchObject(half);
      const none = { ...step, next: { ...step.next, id: fresh("decision") } };
      expect(await store.commitments.move(none)).toEqual({ kind: "none" });
    });

    test("to a new horizon within what an open account has left, or not at all", async () => {
      const { store } = stores();
      const { account, commitment, holder } = await opened(store);
      const active = await mustMove(store, activate(commitment, "1", commitment.openedAt));
      const half = await mustMove(store, accrue(active, active.openedAt + HOUR_MS / 2, []));
      // One more nano-USD of somebody else leaves less than half a horizon.
      await mustLease(store, holder, account, 10n * HORIZON - HORIZON / 2n + 1n);
      const short = await store.commitments.move(renew(half, [account]));
      expect(short).toMatchObject({ kind: "short", accounts: [{ id: account }] });
      expect(await commitmentOf(store, commitment.id)).toEqual(half);
      const given = [{ account, total: 8n * HORIZON }];
      await store.ledger.giveBack(holder, given);
      const renewed = await mustMove(store, renew(half, [account]));
      expect(renewed).toMatchObject({ renewals: 1, holds: [{ account, held: HORIZON }] });
      const books = { spent: HORIZON / 2n, committed: HORIZON };
      expect(await stateOf(store, account)).toMatchObject(books);
      const told = await mustMove(store, giveUp(renewed));
      expect(told.unrenewable).toBe(true);
    });

    test("past the limit by what is owed, and by nothing else", async () => {
      const { store } = stores();
      const { account, commitment, holder } = await opened(store);
      const active = await mustMove(store, activate(commitment, "1", commitment.openedAt));
      await mustLease(store, holder, account, 10n * HORIZON);
      const late = await mustMove(store, accrue(active, active.openedAt + 3 * HOUR_MS, []));
      expect(late.holds).toEqual([{ account, held: 0n }]);
      const books = { spent: 3n * HORIZON, committed: 0n, leased: 9n * HORIZON };
      expect(await stateOf(store, account)).toMatchObject(books);
      const again = await store.commitments.move(renew(late, [account]));
      expect(again).toMatchObject({ kind: "short" });
    });

    test("to the account of the next window, where an older one gives nothing", async () => {
      const { store } = stores();
      const budget = fresh("budget");
      const day = { budget, window: "day" } as const;
      const spec = accountSpec(10n * HORIZON, { ...day, starts: 0, ends: 1_000 });
      const [old] = await store.ledger.open([spec]);
      const holder = await liveHolder(store);
      if (!old) throw new Error("open answers every account it was asked for");
      await mustLease(store, holder, old.id, HORIZON);
      const holds = [{ account: old.id, held: HORIZON }];
      const made = await mustOpen(store, holder, opening(toolKey(), { holds }));
      const active = await mustMove(store, activate(made, "1", made.openedAt));
      const [next] = await store.ledger.open([{ ...spec, starts: 1_000, ends: 2_000 }]);
      if (!next) throw new Error("open answers every account it was asked for");
      const closed = { ...active, holds: [{ account: old.id, held: HORIZON + 1n }] };
      const more = await store.commitments.move({ next: closed, charges: [] });
      expect(more).toMatchObject({ kind: "short" });
      const endedAt = active.openedAt + HOUR_MS / 4;
      const turns = [{ from: old.id, endedAt, to: next.id }];
      const now = active.openedAt + HOUR_MS / 2;
      const turned = await mustMove(store, accrue(active, now, turns));
      expect(await stateOf(store, old.id)).toMatchObject({ spent: HORIZON / 4n, committed: 0n });
      expect(await stateOf(store, next.id)).toMatchObject({ spent: HORIZON / 4n, committed: 0n });
      await mustMove(store, renew(turned, [next.id]));
      const after = { spent: HORIZON / 4n, committed: HORIZON };
      expect(await stateOf(store, next.id)).toMatchObject(after);
    });

    test("to their end, which leaves room and tells whoever waits for it", async () => {
      const { store, other } = stores();
      const { account, commitment } = await opened(store);
      const active = await mustMove(store, activate(commitment, '"svc"', commitment.openedAt));
      const heard = new Promise<void>((resolve) => {
        const stop = other.holders.watch((what) => {
          if (what !== "room") return;
          stop();
          resolve();
        });
      });
      const until = active.openedAt + HOUR_MS / 10;
      const ended = await mustMove(store, end(active, until, { ended: GONE, turns: [] }));
      await heard;
      const told = { state: "ended", endedBy: "ada", reason: "It was switched off.", holds: [] };
      expect(ended).toMatchObject({ ...told, endedAt: until, dueAt: null });
      const books = { spent: HORIZON / 10n, committed: 0n };
      expect(await stateOf(store, account)).toMatchObject(books);
    });
  });

  describe("commitments outlive their holder", () => {
    const stores = sharedStores(open);

    test("and are unknown where their call was out, with what they hold", async () => {
      const { store, other } = stores();
      const { account, commitment, holder } = await opened(store);
      const active = await mustOpen(store, holder, opening(toolKey()));
      await mustMove(store, activate(active, '"svc"', active.openedAt));
      await other.holders.fence(holder, null);
      const doubted = await commitmentOf(store, commitment.id);
      expect(doubted).toMatchObject({ state: "unknown", version: 2 });
      expect(doubted.dueAt).not.toBeNull();
      expect(await commitmentOf(store, active.id)).toMatchObject({ state: "active" });
      const books = { leased: 0n, forfeited: HORIZON, committed: HORIZON };
      expect(await stateOf(store, account)).toMatchObject(books);
      // A late flush takes from the forfeit, and leaves the commitment as it is.
      expect(await flush(store, holder, [settlement(account, 10n)])).toBe("ok");
      expect(await stateOf(store, account)).toMatchObject({ spent: 10n, committed: HORIZON });
      await mustMove(store, activate(doubted, '"late"', doubted.openedAt));
    });

    test("and are unknown where a clean stop has forgotten them", async () => {
      const { store } = stores();
      const holder = await liveHolder(store);
      const { id } = await mustOpen(store, holder, opening(toolKey()));
      expect(await store.holders.close(holder)).toEqual({ kind: "closed" });
      expect(await commitmentOf(store, id)).toMatchObject({ state: "unknown" });
    });
  });

  describe("commitments are listed", () => {
    const stores = sharedStores(open);

    test("newest first, by whose they are, what they made and how they are", async () => {
      const { store, other } = stores();
      const key = toolKey();
      const holder = await liveHolder(store);
      const made: Commitment[] = [];
      for (const service of ['"a"', '"b"', '"b"']) {
        const one = await mustOpen(store, holder, opening(key));
        made.push(await mustMove(store, activate(one, service, one.openedAt)));
      }
      const [first, second, third] = made;
      const all = await other.commitments.list({ ...key, limit: ALL });
      expect(all.commitments).toEqual([third, second, first]);
      expect(all.now).toBeGreaterThanOrEqual(third?.openedAt ?? 0);
      const twins = await other.commitments.list({ ...key, service: '"b"', limit: ALL });
      expect(twins.commitments).toEqual([third, second]);
      const one = await other.commitments.list({ agent: key.agent, limit: 1 });
      expect(one.commitments).toEqual([third]);
      const none = await other.commitments.list({ ...key, states: ["unknown"], limit: ALL });
      expect(none.commitments).toEqual([]);
      const active = await other.commitments.list({ ...key, states: ["active"], limit: ALL });
      expect(active.commitments).toHaveLength(3);
    });

    test("as due when their time has come, or when their clock was set back", async () => {
      const { store } = stores();
      const key = toolKey();
      const holder = await liveHolder(store);
      const due = async () => {
        const { commitments } = await store.commitments.list({ ...key, due: true, limit: ALL });
        return commitments.map(({ id }) => id);
      };
      const make = async (change: Partial<Commitment>) => {
        const one = await mustOpen(store, holder, opening(key));
        const next = { ...one, state: "active", service: "1", ...change } as const;
        return await mustMove(store, { next, charges: [] });
      };
      await mustOpen(store, holder, opening(key));
      const { now } = await store.commitments.list({ limit: 1 });
      const late = await make({ dueAt: now - 1_000 });
      const later = await make({ dueAt: now - 5_000 });
      await make({ dueAt: now + HOUR_MS });
      const ahead = await make({ dueAt: now + 2 * HOUR_MS, seenAt: now + HOUR_MS });
      expect(await due()).toEqual([later.id, late.id, ahead.id]);
    });

    test("until they are forgotten, some time after their end", async () => {
      const { store } = stores();
      const key = toolKey();
      const holder = await liveHolder(store);
      const ids: string[] = [];
      for (const at of [1_000, 2_000]) {
        const one = await mustOpen(store, holder, opening(key));
        await mustMove(store, end(one, at, { ended: GONE, turns: [] }));
        ids.push(one.id);
      }
      const running = await mustOpen(store, holder, opening(key));
      await store.commitments.prune(2_000);
      const { commitments } = await store.commitments.list({ ...key, limit: ALL });
      expect(commitments.map(({ id }) => id)).toEqual([running.id, ids[1]]);
    });
  });
}
