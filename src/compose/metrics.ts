/** The text of a scrape: what is counted here, and what the store knows beside it. */
import type { BudgetAccount, RemoteState } from "../control/operations.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { HOLDING } from "../guards/commitment/commitment.ts";
import type { Millis } from "../guards/money.ts";
import { type Review, StoreUnreachable } from "../ports/store.ts";
import type {
  AgentReading,
  CommitmentReading,
  RemoteReading,
  ReviewReading,
} from "../telemetry/gauges.ts";

const COMMITMENTS_MAX = 10_000;
const OPEN_REVIEWS = { state: "open", limit: 10_000 } as const;

export interface Scraped {
  readonly version: string;
  readonly ready: boolean;
  readonly remote: RemoteState | null;
  readonly budgets: () => Promise<readonly BudgetAccount[]>;
}

export async function metricsText(scraped: Scraped, gateway: Gateway): Promise<string> {
  const { budgets, ready, remote, version } = scraped;
  const rows = ready ? await ifReached(budgets) : null;
  const open = rows === null ? null : await ifReached(() => openReviews(gateway));
  return gateway.metrics.render({
    version,
    configuration: gateway.rules.digest,
    callsInFlight: gateway.inFlight.size,
    storeUp: rows !== null,
    heartbeatAgeMs: gateway.holding.beatAgeMs,
    journalWaiting: gateway.holding.tenure.journal.waiting,
    decisionLog: gateway.records.counts,
    modelsFlagged: gateway.flags.count,
    remote: remote === null ? null : readingOf(remote, gateway.clock.wall()),
    agents: agentsOf(gateway, open === null ? null : parkedOf(open)),
    reviews: open === null ? null : reviewsOf(open, gateway.holding.storeNow()),
    commitments: rows === null ? null : await ifReached(() => commitmentsOf(gateway)),
    notices: rows === null ? null : await ifReached(() => noticesOf(gateway)),
    budgets: rows ?? [],
  });
}

function readingOf({ answeredAt, lost, rejected }: RemoteState, now: Millis): RemoteReading {
  const ageMs = answeredAt === null ? null : Math.max(0, now - answeredAt);
  return { up: lost === null, ageMs, rejected: rejected !== null };
}

function agentsOf(
  { clutches, lot, rules }: Gateway,
  parked: ReadonlyMap<string, number> | null,
): readonly AgentReading[] {
  return [...rules.configuration.agents.values()].map(({ agent, labels }) => {
    const { org = null, owner = null, team = null } = labels;
    return {
      ...{ agent, team: team ?? "", org: org ?? "", owner: owner ?? "" },
      clutch: clutches.of(agent).state,
      held: lot.heldOf(agent),
      parked: parked === null ? null : (parked.get(agent) ?? 0),
    };
  });
}

function openReviews({ store }: Gateway): Promise<readonly Review[]> {
  return store.clutch.reviews(OPEN_REVIEWS);
}

/** By agent and kind. */
function reviewsOf(reviews: readonly Review[], now: Millis): readonly ReviewReading[] {
  const found = new Map<string, ReviewReading>();
  for (const { agent, kind, openedAt } of reviews) {
    const key = `${agent} ${kind}`;
    const { count = 0, oldestAgeMs = 0 } = found.get(key) ?? {};
    const ageMs = Math.max(oldestAgeMs, now - openedAt);
    found.set(key, { agent, kind, count: count + 1, oldestAgeMs: ageMs });
  }
  return [...found.values()];
}

/** By agent, what waits for its open reviews. */
function parkedOf(reviews: readonly Review[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { agent, parked } of reviews) {
    sums.set(agent, (sums.get(agent) ?? 0) + parked);
  }
  return sums;
}

function noticesOf({ rules, store }: Gateway) {
  return store.notices.counts(rules.configuration.notifiers.map(({ road }) => road.name));
}

/** By agent and state. */
async function commitmentsOf({ store }: Gateway): Promise<readonly CommitmentReading[]> {
  const filter = { states: HOLDING, limit: COMMITMENTS_MAX };
  const sums = new Map<string, CommitmentReading>();
  for (const { agent, nanoUsdPerHour, state } of (await store.commitments.list(filter))
    .commitments) {
    const before = sums.get(`${agent} ${state}`);
    sums.set(`${agent} ${state}`, {
      ...{ agent, state, count: (before?.count ?? 0) + 1 },
      nanoUsdPerHour: (before?.nanoUsdPerHour ?? 0n) + nanoUsdPerHour,
    });
  }
  return [...sums.values()];
}

/** Null without the store: everything else is told all the same, for that is when it is read. */
async function ifReached<Value>(ask: () => Promise<Value>): Promise<Value | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof StoreUnreachable) return null;
    throw error;
  }
}
