/** What tools have begun and goes on costing, for people: which there are, and ending one. */
import type { CommitmentAsked, CommitmentOutcome, CommitmentRow } from "../control/operations.ts";
import { endCommitment } from "../gateway/commitments/commitments.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { HOLDING } from "../guards/commitment/commitment.ts";

/** Newest first. */
export async function commitmentsOf(
  gateway: Gateway,
  { agent, all, limit }: CommitmentAsked,
): Promise<readonly CommitmentRow[]> {
  const { commitments, ledger } = gateway.store;
  const named = agent === undefined ? {} : { agent };
  const states = all ? {} : { states: HOLDING };
  const { commitments: found } = await commitments.list({ ...named, ...states, limit });
  const ids = [...new Set(found.flatMap(({ holds }) => holds.map(({ account }) => account)))];
  const filter = { ids, open: false, limit: ids.length };
  const accounts = ids.length === 0 ? [] : await ledger.accounts(filter);
  return found.map((commitment) => {
    const held = new Set(commitment.holds.map(({ account }) => account));
    return { commitment, accounts: accounts.filter(({ id }) => held.has(id)) };
  });
}

/** A person says that it is gone; the journal is written at once, for that is to be seen. */
export async function endByHand(
  gateway: Gateway,
  { by, id, reason }: { readonly id: string; readonly reason: string; readonly by: string },
): Promise<CommitmentOutcome> {
  const { commitments } = await gateway.store.commitments.list({ id, limit: 1 });
  // Its call is out: what it makes would cost, and nobody would count it.
  if (commitments[0]?.state === "opening") return { kind: "opening" };
  const commitment = await endCommitment(id, { by, reason }, gateway);
  if (commitment === null) return { kind: "none" };
  await gateway.flusher.flush(gateway.holding.tenure);
  return { kind: "ended", commitment };
}
