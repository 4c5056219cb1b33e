/** Forfeits and releases as the control plane's API shows them, and how it refuses a release. */
import type { Proof } from "../guards/budget/release.ts";
import { formatAmount, inUnit, UNIT_NAMES } from "../guards/budget/unit.ts";
import type { Release } from "../ports/store.ts";
import type { ForfeitState, Forfeits, ReleaseOutcome } from "./operations.ts";
import { Problem } from "./problem.ts";
import type { ForfeitsView, ForfeitView, ReleasedView, ReleaseView } from "./schemas/money.ts";
import { iso } from "./views.ts";

export function forfeitsView({ forfeits, releases }: Forfeits): ForfeitsView {
  return { forfeits: forfeits.map(forfeitView), releases: releases.map(releaseView) };
}

function forfeitView({ holder, proof, ...forfeit }: ForfeitState): ForfeitView {
  const { amount, budget, ends, scope, starts, unit } = forfeit;
  return {
    holder: holder.id,
    host: holder.host,
    pid: holder.pid,
    fenced_at: holder.fencedAt === null ? null : iso(holder.fencedAt),
    budget,
    scope,
    unit,
    window_starts_at: ends === null ? null : iso(starts),
    window_ends_at: ends === null ? null : iso(ends),
    ...inUnit(unit, { forfeited: amount }),
    evidence: proof.kind === "gone" ? "gone" : null,
    missing: proof.kind === "gone" ? null : missingOf(proof),
  };
}

function releaseView(release: Release): ReleaseView {
  const { amount, at, billed, budget, evidence, holder, id, operator, reason, scope } = release;
  const mayOverspend = evidence === "none" ? amount : 0n;
  const amounts = { released: amount, billed, may_overspend: mayOverspend };
  return {
    id,
    holder,
    budget,
    scope,
    unit: release.unit,
    ...inUnit(release.unit, amounts),
    evidence,
    operator,
    reason,
    at: iso(at),
  };
}

const MS_PER_SECOND = 1_000;

function missingOf(proof: Exclude<Proof, { kind: "gone" }>): string {
  switch (proof.kind) {
    case "not-fenced":
      return "it has not been fenced";
    case "may-run":
      return "nothing here proves that its process is gone: ask a gateway on its machine";
    case "too-soon": {
      const seconds = Math.ceil(proof.waitMs / MS_PER_SECOND);
      return `what it had sent may still be worked on and billed: wait ${seconds} s`;
    }
  }
}

/** What was released, or the `Problem` that says why nothing was. */
export function releasedView(id: string, holder: string, outcome: ReleaseOutcome): ReleasedView {
  switch (outcome.kind) {
    case "no-forfeit":
      throw new Problem("forfeit.unknown", `${holder} has no such forfeit on an open account.`);
    case "unproven": {
      const { proof } = outcome;
      const missing = proof.kind === "gone" ? "" : missingOf(proof);
      throw new Problem("forfeit.unproven", `The evidence is missing: ${missing}.`);
    }
    case "all-billed": {
      const { most, unit } = outcome;
      const largest = `${formatAmount(unit, most)} ${UNIT_NAMES[unit]}`;
      const message = `No forfeit is above what was billed; the largest is ${largest}.`;
      throw new Problem("forfeit.billed", message);
    }
    case "released":
    case "already": {
      const other = outcome.releases.find((release) => release.holder !== holder);
      if (other) {
        throw new Problem("request.malformed", `id: it names a release of ${other.holder}`);
      }
      const releases = outcome.releases.map(releaseView);
      return { id, already: outcome.kind === "already", releases };
    }
  }
}
