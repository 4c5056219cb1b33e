/** What dead processes had held, what proves them dead, and giving it back. */
import type { Configuration } from "../config/configuration.ts";
import type { Forfeits, ReleaseAsked, ReleaseOutcome } from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { noteRoom } from "../gateway/notices.ts";
import { type Proof, proofOf, UNKNOWN_TIMEOUT_MS } from "../guards/budget/release.ts";
import type { Unit } from "../guards/budget/unit.ts";
import type { Millis } from "../guards/money.ts";
import type { HolderRow, Release, Released } from "../ports/store.ts";
import { isGone, type Machine } from "./machine.ts";

/** Shown at once, and released at once: what is left is there for the next time. */
export const FORFEITS_MAX = 1_000;

export interface ForfeitSettings {
  readonly gateway: Gateway;
  /** Is the process of this holder proven not to run any more? */
  readonly isGone: (holder: HolderRow) => boolean;
}

/**
 * Whoever has the embedded store is alone in it, so every holder but its own is gone. With
 * PostgreSQL only processes of this machine can be looked for.
 */
export function goneFrom(
  store: string,
  machine: Machine,
  { holding }: Gateway,
): (holder: HolderRow) => boolean {
  if (store !== "embedded") return (holder) => isGone(holder, machine);
  return ({ id }) => ![holding.tenure, ...holding.former].some((own) => own.id === id);
}

export async function forfeitsOf(settings: ForfeitSettings): Promise<Forfeits> {
  const { forfeits } = settings.gateway.store;
  const rows = await forfeits.list({ limit: FORFEITS_MAX });
  return {
    forfeits: rows.map((row) => ({ ...row, proof: proofFor(row.holder, settings) })),
    releases: await forfeits.releases({ limit: FORFEITS_MAX }),
  };
}

/** Once for each id; the journal is written at once, for an operator is to be seen doing this. */
export async function releaseForfeits(
  settings: ForfeitSettings,
  asked: ReleaseAsked,
  by: string,
): Promise<ReleaseOutcome> {
  const { gateway } = settings;
  const { forfeits } = gateway.store;
  const { billed, budget, holder, id, reason, scope, unit, withoutEvidence } = asked;
  const before = await forfeits.releases({ id, limit: FORFEITS_MAX });
  if (before.length > 0) return { kind: "already", releases: before };
  const budgets = budget === null ? {} : { budget };
  const scopes = scope === null ? {} : { scope };
  const units = unit === null ? {} : { unit };
  const which = { holder, ...budgets, ...scopes, ...units, limit: FORFEITS_MAX };
  const rows = await forfeits.list(which);
  const [first] = rows;
  if (first === undefined) return { kind: "no-forfeit" };
  // A clock of this machine that was just stepped must not end the wait: the store's is heard anew.
  await gateway.holding.beat();
  const proof = proofFor(first.holder, settings);
  if (proof.kind !== "gone" && !withoutEvidence) return { kind: "unproven", proof };
  const evidence = withoutEvidence ? "none" : "gone";
  const wanted = { id, forfeits: which, billed, evidence, operator: by, reason } as const;
  const answer = await forfeits.release(wanted);
  if (answer.kind === "released") await tell(gateway, answer.releases, unit);
  const amounts = rows.map(({ amount }) => amount);
  return outcomeOf(answer, amounts, unit ?? first.unit);
}

function outcomeOf(answer: Released, amounts: readonly bigint[], unit: Unit): ReleaseOutcome {
  if (answer.kind !== "refused") return answer;
  if (answer.missing === "fence") return { kind: "no-forfeit" };
  const most = amounts.reduce((most, one) => (one > most ? one : most), 0n);
  return { kind: "all-billed", unit, most };
}

/** The other gateways hear of it from the store. */
async function tell(
  gateway: Gateway,
  releases: readonly Release[],
  unit: Unit | null,
): Promise<void> {
  const { flusher, holding } = gateway;
  const [first] = releases;
  if (first === undefined) return;
  noteRoom(holding.tenure);
  const { billed, evidence, holder, id, operator, reason } = first;
  emit(gateway, holding.tenure, {
    kind: "forfeit.released",
    release: id,
    holder,
    evidence,
    unit,
    billed: billed.toString(),
    releases: releases.map(({ amount, budget, scope, unit: of }) => {
      return { budget, scope, unit: of, amount: amount.toString() };
    }),
    by: operator,
    reason,
  });
  await flusher.flush(holding.tenure);
}

function proofFor(holder: HolderRow, { gateway, isGone: gone }: ForfeitSettings): Proof {
  const { holding, rules } = gateway;
  const timeoutMs = timeoutOf(holder, rules.configuration);
  const { fencedAt, state } = holder;
  return proofOf({ state, fencedAt, isGone: gone(holder), timeoutMs }, holding.storeNow());
}

/** The longest that a call of this holder may have been waited for. */
function timeoutOf(holder: HolderRow, { agents, digest }: Configuration): Millis {
  const limits = [...agents.values()].flatMap(({ limits: common, models }) => {
    return [common, ...(models?.values() ?? [])];
  });
  const longest = Math.max(0, ...limits.map(({ timeoutMs }) => timeoutMs));
  return holder.configuration === digest ? longest : Math.max(longest, UNKNOWN_TIMEOUT_MS);
}
