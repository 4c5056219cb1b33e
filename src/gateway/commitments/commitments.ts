/** The commitments as this gateway changes them: each change made of what the store knows now. */
import {
  accruedOf,
  type Commitment,
  cancel,
  type Ended,
  end,
  type Step,
  type Turn,
} from "../../guards/commitment/commitment.ts";
import type { Millis } from "../../guards/money.ts";
import type { AccountState } from "../../ports/store.ts";
import type { Account } from "../account.ts";
import { emit, type Gateway } from "../gateway.ts";
import { inForce } from "./accounts.ts";

/** Others change it too, about once a minute: so often in a row is no race any more. */
const ATTEMPTS_MAX = 20;

/** What is to become of a commitment; null: nothing. */
export type Change = (commitment: Commitment, now: Millis, turns: readonly Turn[]) => Step | null;

/** The commitment after the change, or as it stands where there was nothing to change. */
export async function change(
  id: string,
  how: Change,
  gateway: Gateway,
): Promise<{ readonly after: Commitment; readonly changed: boolean } | null> {
  const { commitments } = gateway.store;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { commitments: found, now } = await commitments.list({ id, limit: 1 });
    const [before] = found;
    if (before === undefined) return null;
    const step = how(before, now, await turnsOf(before, now, gateway));
    if (step === null) return { after: before, changed: false };
    const moved = await commitments.move(step);
    if (moved.kind === "ok") return { after: moved.commitment, changed: true };
    if (moved.kind !== "conflict")
      throw new Error(`commitment ${id}: the store says ${moved.kind}`);
  }
  throw new Error(`commitment ${id} is changed by others all the time`);
}

/** The accounts whose windows have ended, and those that their budgets go on with. */
export async function turnsOf(
  commitment: Commitment,
  now: Millis,
  gateway: Gateway,
): Promise<readonly Turn[]> {
  const ids = commitment.holds.map(({ account }) => account);
  if (ids.length === 0) return [];
  const { ledger } = gateway.store;
  const known = await ledger.accounts({ ids, open: false, limit: ids.length });
  const over = known.filter(({ ends }) => ends !== null && ends <= now);
  if (over.length === 0) return [];
  const accounts = await inForce(commitment, now, gateway);
  return over.flatMap((account) => {
    const next = accounts.find((one) => goesOn(account, one));
    const isNew = next !== undefined && next.id !== account.id;
    return isNew ? [{ from: account.id, endedAt: account.ends ?? now, to: next.id }] : [];
  });
}

function goesOn(
  { budget, scope, window }: AccountState,
  { purse, window: kind }: Account,
): boolean {
  return purse.budget === budget && purse.scope === scope && kind === window;
}

/** Ends it now, and says so; null: it had ended, or there is none. */
export async function endCommitment(
  id: string,
  ended: Ended,
  gateway: Gateway,
): Promise<Commitment | null> {
  const done = await change(id, (one, now, turns) => end(one, now, { ended, turns }), gateway);
  if (done === null || !done.changed) return null;
  tellEnded(done.after, gateway);
  return done.after;
}

/** Nothing was made: what was set aside goes free. */
export async function cancelCommitment(
  id: string,
  reason: string,
  gateway: Gateway,
): Promise<void> {
  const ended = { by: "its call", reason };
  const done = await change(id, (one, now) => cancel(one, now, ended), gateway);
  if (done?.changed) tellEnded(done.after, gateway);
}

export const NEVER_SENT = "it was never sent";

function tellEnded(commitment: Commitment, gateway: Gateway): void {
  const { endedBy, reason } = commitment;
  const why = { by: endedBy ?? "", reason: reason ?? "" };
  emit(gateway, gateway.holding.tenure, {
    kind: "commitment.ended",
    ...toldOf(commitment),
    ...why,
  });
}

/** What every event of a commitment says. */
export function toldOf(commitment: Commitment) {
  const { agent, id, nanoUsdPerHour, server, service, task, tool } = commitment;
  const perHour = nanoUsdPerHour.toString();
  const numbers = { perHour, accrued: accruedOf(commitment).toString() };
  return { decision: id, agent, task, server, tool, service, ...numbers } as const;
}
