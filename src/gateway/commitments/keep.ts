/**
 * What commitments need while they run: time is charged, horizons are renewed, and where nothing
 * renews one its agent is stopped. Every gateway looks; whoever changes a row first has done it.
 */

import { hopeOf } from "../../guards/budget/slice.ts";
import {
  accrue,
  type Commitment,
  giveUp,
  horizonOf,
  isAlmostSpent,
  renew,
  type Step,
  wantsRenewal,
} from "../../guards/commitment/commitment.ts";
import { formatUsd, type Millis } from "../../guards/money.ts";
import { type AccountState, type NewReview, StoreUnreachable } from "../../ports/store.ts";
import type { Account } from "../account.ts";
import { emit, type Gateway } from "../gateway.ts";
import { inForce } from "./accounts.ts";
import { toldOf, turnsOf } from "./commitments.ts";
import { Enders } from "./enders.ts";

/** At once; the rest a second later. */
const ROWS_MAX = 200;
/** Where nothing goes on costing as far as is known, others may have begun something. */
const QUIET_MS: Millis = 10_000;
/** Ended ones are shown for so long. */
const KEPT_MS: Millis = 7 * 24 * 3_600_000;
const PRUNE_MS: Millis = 3_600_000;

export class CommitmentUpkeep {
  readonly #gateway: Gateway;
  readonly #enders: Enders;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #prunedAt: Millis;
  #any = true;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#enders = new Enders(gateway);
    this.#prunedAt = gateway.clock.monotonic();
  }

  /** Every second. Rejects if the store cannot be asked. */
  async tick(): Promise<void> {
    const { clock, owedCommitments, store } = this.#gateway;
    await owedCommitments.pay();
    const now = clock.monotonic();
    if (!this.#any && !isGranted(this.#gateway) && now - this.#lookedAt < QUIET_MS) return;
    this.#lookedAt = now;
    const due = await store.commitments.list({ due: true, limit: ROWS_MAX });
    this.#any = due.commitments.length > 0;
    for (const commitment of due.commitments) await this.#lookSurely(commitment, due.now);
    if (now - this.#prunedAt < PRUNE_MS) return;
    this.#prunedAt = now;
    await store.commitments.prune(due.now - KEPT_MS);
  }

  async stop(): Promise<void> {
    await this.#enders.stop();
  }

  /** One that cannot be looked after must not keep the others from it, and is looked at again. */
  async #lookSurely(commitment: Commitment, now: Millis): Promise<void> {
    try {
      await this.#look(commitment, now);
    } catch (error) {
      if (error instanceof StoreUnreachable) throw error;
      const { id } = commitment;
      this.#gateway.metrics.error("commitment");
      this.#gateway.log.error("a commitment was not looked after", { id, error });
    }
  }

  async #look(before: Commitment, now: Millis): Promise<void> {
    const step = accrue(before, now, await turnsOf(before, now, this.#gateway));
    const accrued = await this.#moved(step);
    if (accrued === null) return;
    const told = toldOf(accrued);
    if (accrued.state === "unknown" && before.elapsedMs === 0 && accrued.elapsedMs > 0) {
      this.#emit({ kind: "commitment.unknown", ...told });
    }
    const accounts = await inForce(accrued, now, this.#gateway);
    const ids = accounts.map(({ id }) => id);
    const isConfigured = this.#gateway.rules.manifest(accrued.agent) !== null;
    if (!isConfigured) return this.#unpaid(accrued);
    if (!wantsRenewal(accrued, ids)) return;
    const answer = await this.#gateway.store.commitments.move(renew(accrued, ids));
    if (answer.kind === "ok") {
      this.#emit({ kind: "commitment.renewed", ...told });
    } else if (answer.kind === "short") {
      await this.#short(accrued, accounts, answer.accounts);
    }
  }

  /** Null: another gateway was first. */
  async #moved(step: Step): Promise<Commitment | null> {
    const answer = await this.#gateway.store.commitments.move(step);
    return answer.kind === "ok" ? answer.commitment : null;
  }

  #emit(event: Parameters<typeof emit>[2]): void {
    emit(this.#gateway, this.#gateway.holding.tenure, event);
  }

  /** Its agent has no manifest any more, so no budget is its own: what is set aside runs out. */
  async #unpaid(commitment: Commitment): Promise<void> {
    if (!commitment.unrenewable && isAlmostSpent(commitment)) {
      await this.#unrenewable(commitment, { budget: "", left: 0n });
    }
  }

  /** What others hold for a moment comes back: nothing is given up for that before it must be. */
  async #short(
    commitment: Commitment,
    accounts: readonly Account[],
    states: readonly AccountState[],
  ): Promise<void> {
    const horizon = horizonOf(commitment);
    const held = (id: number) => commitment.holds.find(({ account }) => account === id)?.held ?? 0n;
    const paying = states.filter(({ id }) => accounts.some((account) => account.id === id));
    const least = paying.toSorted((one, two) => (hopeOf(one) < hopeOf(two) ? -1 : 1))[0];
    const isSpent = paying.some((state) => horizon - held(state.id) > hopeOf(state));
    if (commitment.unrenewable || !(isSpent || isAlmostSpent(commitment))) return;
    await this.#unrenewable(commitment, {
      budget: least?.budget ?? "",
      left: least === undefined ? 0n : hopeOf(least),
    });
  }

  async #unrenewable(commitment: Commitment, short: Short): Promise<void> {
    const { agent, server, tool } = commitment;
    const allowed = this.#gateway.rules.manifest(agent)?.tools.allowed ?? [];
    const granted = allowed.find((one) => one.server === server && one.tool === tool);
    const terms = granted?.commitment ?? null;
    if (terms?.onUnrenewable === "end" && commitment.service !== null) {
      const ended = await this.#enders.end(commitment, terms);
      if (ended !== "failed") return;
    }
    await this.#trip(commitment, short);
  }

  /** The trip first: done again by whoever comes next, it is the same one. */
  async #trip(commitment: Commitment, short: Short): Promise<void> {
    const { clutches } = this.#gateway;
    await clutches.trip(reviewOf(commitment, short, this.#gateway), "commitment");
    if ((await this.#moved(giveUp(commitment))) === null) return;
    const left = short.left.toString();
    const told = { ...toldOf(commitment), budget: short.budget, left };
    this.#emit({ kind: "commitment.unrenewable", ...told });
  }
}

/** The budget that has least, and what it still has. */
interface Short {
  readonly budget: string;
  readonly left: bigint;
}

function isGranted({ rules }: Gateway): boolean {
  const manifests = [...rules.configuration.agents.values()];
  return manifests.some(({ tools }) => tools.allowed.some(({ commitment }) => commitment !== null));
}

function reviewOf(commitment: Commitment, { budget, left }: Short, gateway: Gateway): NewReview {
  const { agent, id, nanoUsdPerHour, renewals, server, service, state, tool } = commitment;
  const perHour = formatUsd(nanoUsdPerHour);
  const what = service === null ? `what ${tool} may have begun` : `${tool} ${service}`;
  const money = budget === "" ? "no budget pays for it" : `${budget} has $${formatUsd(left)} left`;
  return {
    id: `unrenewable.${id}.${renewals}`,
    kind: "trip",
    agent,
    subject: "",
    reason: `${what} costs $${perHour} an hour, and ${money}: end it, or raise the budget.`,
    evidence: JSON.stringify({
      ...{ commitment: id, server, tool, service, state, usd_per_hour: perHour },
      ...{ budget, left_usd: formatUsd(left) },
    }),
    at: gateway.holding.storeNow(),
  };
}
