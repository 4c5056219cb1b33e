/** What is read at the moment of a scrape, as text: this process, its agents, their budgets. */
import { formatAmount, UNITS, type Unit } from "../guards/budget/unit.ts";
import type { Clutch } from "../guards/clutch/clutch.ts";
import type { CommitmentState } from "../guards/commitment/commitment.ts";
import type { Millis } from "../guards/money.ts";
import { GAUGES } from "./metric-names.ts";
import { header, type MetricName, sample } from "./series.ts";

const MS_PER_SECOND = 1_000;
/**
 * Budgets of each unit shown in one scrape: with one account for each of many agents the largest
 * spenders.
 */
export const BUDGET_SERIES_MAX = 1_000;

/** Agents shown in one scrape. */
export const AGENT_SERIES_MAX = 1_000;

/** What is read at the moment of a scrape. */
export interface Reading {
  readonly version: string;
  readonly configuration: string;
  readonly callsInFlight: number;
  readonly storeUp: boolean;
  readonly heartbeatAgeMs: number;
  readonly journalWaiting: number;
  /** Entries of the decision log by what became of them; null: none was ever kept. */
  readonly decisionLog: Readonly<Record<string, number>> | null;
  readonly modelsFlagged: number;
  /** Of Git; null: the configuration comes from a folder. */
  readonly remote: RemoteReading | null;
  /** The agents of the configuration; "" for a label that is not set. */
  readonly agents: readonly AgentReading[];
  /** What waits for a person; null: the store did not say. */
  readonly reviews: readonly ReviewReading[] | null;
  /** What goes on costing, of agents that have some; null: the store did not say. */
  readonly commitments: readonly CommitmentReading[] | null;
  /** What people are still to be told, by notifier; null: the store did not say. */
  readonly notices: readonly { readonly notifier: string; readonly pending: number }[] | null;
  /** Accounts of single tasks are left out by `render`. */
  readonly budgets: readonly BudgetReading[];
}

export interface RemoteReading {
  readonly up: boolean;
  /** Since it last answered; null: not yet. */
  readonly ageMs: Millis | null;
  /** Its newest commit does not hold. */
  readonly rejected: boolean;
}

export interface AgentReading {
  readonly agent: string;
  readonly team: string;
  readonly org: string;
  readonly owner: string;
  readonly clutch: Clutch["state"];
  /** Calls that are stored for its open reviews; null: the store did not say. */
  readonly parked: number | null;
  readonly held: number;
}

/** Open reviews of one agent and kind. */
export interface ReviewReading {
  readonly agent: string;
  readonly kind: string;
  readonly count: number;
  readonly oldestAgeMs: Millis;
}

export interface CommitmentReading {
  readonly agent: string;
  readonly state: CommitmentState;
  readonly count: number;
  readonly nanoUsdPerHour: bigint;
}

export interface BudgetReading {
  readonly budget: string;
  readonly scope: string;
  readonly perTask: boolean;
  /** Of all amounts; money is nano-USD. */
  readonly unit: Unit;
  readonly limit: bigint;
  readonly spent: bigint;
  readonly reserved: bigint;
  readonly leased: bigint;
  readonly forfeited: bigint;
  readonly committed: bigint;
  readonly remaining: bigint;
}

function gauge(metric: MetricName, values: readonly string[], value: string): string {
  return header(metric, "gauge") + sample(metric, values, value);
}

export function gaugesText(reading: Reading): string {
  const budgets = UNITS.map((unit) => budgetGauges(reading.budgets, unit));
  const committed = commitmentGauges(reading.commitments ?? []);
  const waiting = reviewGauges(reading.reviews ?? []);
  const notices = noticeGauges(reading.notices ?? []);
  const all = [processGauges(reading), agentGauges(reading.agents), waiting, committed, notices];
  return [...all, ...budgets].join("");
}

function processGauges(reading: Reading): string {
  return [
    gauge(GAUGES.info, [reading.version, reading.configuration], "1"),
    gauge(GAUGES.inFlight, [], String(reading.callsInFlight)),
    gauge(GAUGES.storeUp, [], reading.storeUp ? "1" : "0"),
    gauge(GAUGES.heartbeatAge, [], String(reading.heartbeatAgeMs / MS_PER_SECOND)),
    gauge(GAUGES.journalWaiting, [], String(reading.journalWaiting)),
    reading.decisionLog === null ? "" : logCounters(reading.decisionLog),
    gauge(GAUGES.modelsFlagged, [], String(reading.modelsFlagged)),
    reading.remote === null ? "" : remoteGauges(reading.remote),
  ].join("");
}

function logCounters(entries: Readonly<Record<string, number>>): string {
  const rows = Object.entries(entries).map(([fate, count]) =>
    sample(GAUGES.decisionLog, [fate], String(count)),
  );
  return header(GAUGES.decisionLog, "counter") + rows.join("");
}

function remoteGauges({ ageMs, rejected, up }: RemoteReading): string {
  const age = ageMs === null ? "" : gauge(GAUGES.remoteAge, [], String(ageMs / MS_PER_SECOND));
  const states = [
    gauge(GAUGES.remoteUp, [], up ? "1" : "0"),
    gauge(GAUGES.remoteRejected, [], rejected ? "1" : "0"),
  ];
  return states.join("") + age;
}

function agentGauges(agents: readonly AgentReading[]): string {
  const shown = agents.slice(0, AGENT_SERIES_MAX);
  const rows = shown.map(({ agent, org, owner, team }) =>
    sample(GAUGES.agent, [agent, team, org, owner], "1"),
  );
  return header(GAUGES.agent, "gauge") + rows.join("") + clutchGauges(agents);
}

/** Of very many agents those that stand still are shown before the rest. */
function clutchGauges(agents: readonly AgentReading[]): string {
  const paused = agents.filter(({ clutch }) => clutch !== "engaged");
  const others = agents.filter(({ clutch }) => clutch === "engaged");
  const shown = [...paused, ...others].slice(0, AGENT_SERIES_MAX);
  const rows = shown.map(({ agent, clutch }) => sample(GAUGES.clutch, [agent, clutch], "1"));
  return header(GAUGES.clutch, "gauge") + rows.join("") + waitingGauges(agents);
}

/** Of agents that have some: a missing series is none, or a store that does not answer. */
function waitingGauges(agents: readonly AgentReading[]): string {
  const some = agents.filter(({ held, parked }) => held > 0 || (parked ?? 0) > 0);
  const shown = some.slice(0, AGENT_SERIES_MAX);
  const known = shown.filter(({ parked }) => parked !== null);
  const parked = known.map((one) => sample(GAUGES.parked, [one.agent], String(one.parked)));
  const held = shown.map((one) => sample(GAUGES.held, [one.agent], String(one.held)));
  const headers = [header(GAUGES.parked, "gauge"), header(GAUGES.held, "gauge")];
  return [headers[0], ...parked, headers[1], ...held].join("");
}

/** A missing series is none, or a store that does not answer; of too many the oldest. */
function reviewGauges(reviews: readonly ReviewReading[]): string {
  const sorted = [...reviews].sort((a, b) => b.oldestAgeMs - a.oldestAgeMs);
  const shown = sorted.slice(0, AGENT_SERIES_MAX);
  const counts = shown.map(({ agent, count, kind }) =>
    sample(GAUGES.reviews, [agent, kind], String(count)),
  );
  const ages = shown.map(({ agent, kind, oldestAgeMs }) =>
    sample(GAUGES.reviewAge, [agent, kind], String(oldestAgeMs / MS_PER_SECOND)),
  );
  const headers = [header(GAUGES.reviews, "gauge"), header(GAUGES.reviewAge, "gauge")];
  return [headers[0], ...counts, headers[1], ...ages].join("");
}

function commitmentGauges(commitments: readonly CommitmentReading[]): string {
  const shown = commitments.slice(0, AGENT_SERIES_MAX);
  const counts = shown.map(({ agent, count, state }) =>
    sample(GAUGES.commitments, [agent, state], String(count)),
  );
  const rates = shown.map(({ agent, nanoUsdPerHour, state }) =>
    sample(GAUGES.commitmentRate, [agent, state], formatAmount("usd", nanoUsdPerHour)),
  );
  const headers = [header(GAUGES.commitments, "gauge"), header(GAUGES.commitmentRate, "gauge")];
  return [headers[0], ...counts, headers[1], ...rates].join("");
}

function noticeGauges(notices: NonNullable<Reading["notices"]>): string {
  const rows = notices.map(({ notifier, pending }) =>
    sample(GAUGES.noticesPending, [notifier], String(pending)),
  );
  return rows.length === 0 ? "" : header(GAUGES.noticesPending, "gauge") + rows.join("");
}

const BUDGET_AMOUNTS = [
  "limit",
  "spent",
  "reserved",
  "leased",
  "forfeited",
  "committed",
  "remaining",
] as const;

function budgetGauges(budgets: readonly BudgetReading[], unit: Unit): string {
  const shown = budgets
    .filter((budget) => !budget.perTask && budget.unit === unit)
    .sort((a, b) => (a.spent < b.spent ? 1 : a.spent > b.spent ? -1 : 0))
    .slice(0, BUDGET_SERIES_MAX);
  let text = "";
  for (const amount of BUDGET_AMOUNTS) {
    const metric = GAUGES.budget(amount, unit);
    text += header(metric, "gauge");
    for (const budget of shown) {
      const value = formatAmount(unit, budget[amount]);
      text += sample(metric, [budget.budget, budget.scope], value);
    }
  }
  return text;
}
