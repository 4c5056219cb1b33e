/** Commitments as the control plane's API shows them, and how it says that one was not ended. */
import { accruedOf } from "../guards/commitment/commitment.ts";
import { formatUsd } from "../guards/money.ts";
import type { CommitmentOutcome, CommitmentRow } from "./operations.ts";
import { Problem } from "./problem.ts";
import type { CommitmentView } from "./schemas/money.ts";
import { iso } from "./views.ts";

const HOURS_A_DAY = 24n;

export function commitmentView({ accounts, commitment }: CommitmentRow): CommitmentView {
  const { agent, endedAt, endedBy, holds, id, nanoUsdPerHour, openedAt, reason } = commitment;
  const { server, service, state, task, tool, unrenewable } = commitment;
  return {
    ...{ id, agent, task, server, tool, state },
    // `as`: only texts and numbers are kept, as JSON.
    service: service === null ? null : (JSON.parse(service) as string | number),
    usd_per_hour: formatUsd(nanoUsdPerHour),
    usd_per_day: formatUsd(nanoUsdPerHour * HOURS_A_DAY),
    opened_at: iso(openedAt),
    accrued_usd: formatUsd(accruedOf(commitment)),
    holds: holds.flatMap(({ account: holdOf, held }) => {
      const account = accounts.find(({ id: known }) => known === holdOf);
      if (account === undefined) return [];
      return [{ budget: account.budget, scope: account.scope, held_usd: formatUsd(held) }];
    }),
    renewable: !unrenewable,
    ended_at: endedAt === null ? null : iso(endedAt),
    ended_by: endedBy,
    reason,
  };
}

/** As it ended, or the `Problem` that says why it was not ended. */
export function endedView(id: string, outcome: CommitmentOutcome): CommitmentView {
  switch (outcome.kind) {
    case "ended":
      return commitmentView({ commitment: outcome.commitment, accounts: [] });
    case "none":
      throw new Problem("commitment.unknown", `There is no commitment ${id} that has not ended.`);
    case "opening": {
      const message = `The call of ${id} is in flight: what it makes is known when it has ended.`;
      throw new Problem("commitment.opening", message);
    }
  }
}
