/** Every metric by its name, its labels and one sentence: the reference is made from this. */
import type { Unit } from "../guards/budget/unit.ts";
import type { MetricName } from "./series.ts";

function named(name: string, labels: readonly string[], help: string): MetricName {
  return { name: `slipclutch_${name}`, labels, help };
}

const NAMES: Readonly<Record<Unit, string>> = { usd: "USD", tokens: "Tokens", calls: "Calls" };

/** A series for each unit: what is counted in one is never added to another. */
function released(unit: Unit): MetricName {
  const what = `${NAMES[unit]} of forfeits that operators released`;
  return named(
    `forfeits_released_${unit}_total`,
    ["budget", "evidence"],
    `${what}; a budget may be overspent by what had no evidence.`,
  );
}

export const COUNTERS = {
  calls: named(
    "calls_total",
    ["agent", "model", "provider", "outcome"],
    "Calls that ended, by what became of them; refused ones never left the gateway.",
  ),
  denials: named("denials_total", ["agent", "code"], "Calls refused, by the code of the refusal."),
  spared: named(
    "would_deny_total",
    ["agent", "code"],
    "Refusals that an observed agent was spared, by the code that each would have had.",
  ),
  toolCalls: named(
    "tool_calls_total",
    ["agent", "server", "tool", "outcome"],
    "Tool calls by what became of them; refused ones never left the gateway.",
  ),
  unallowed: named(
    "tool_results_unallowed_total",
    ["agent", "code"],
    "Results that agents sent to models of calls that were never allowed, by the code that refuses the call: `none` if it stands nowhere, `other` past 20 of one request.",
  ),
  policiesAsked: named(
    "policies_asked_total",
    ["agent", "policy", "verdict"],
    "Questions of agents to policies (`POST /v1/data/…`) by what was answered; policy `none`: the agent may ask none there.",
  ),
  toolSpend: named(
    "tool_spend_usd_total",
    ["agent", "server", "tool"],
    "USD charged to budgets for tool calls.",
  ),
  policies: named(
    "policy_answers_total",
    ["policy", "answer"],
    "Answers of policies: allow, deny, park, and what refuses as well: undefined, failed.",
  ),
  outcomes: named(
    "outcomes_total",
    ["reported", "became"],
    "Outcomes reported on decisions of this process, here or elsewhere; dropped ones came too late.",
  ),
  tokens: named(
    "tokens_total",
    ["agent", "model", "kind"],
    "Tokens that providers say they billed; reasoning is part of output.",
  ),
  spend: named("spend_usd_total", ["agent", "model"], "USD charged to budgets for settled calls."),
  estimated: named(
    "estimated_total",
    ["provider", "model"],
    "Calls charged without a usage of the provider.",
  ),
  capped: named("capped_total", ["agent", "model"], "Answers that ended because they hit a cap."),
  overbilled: named(
    "overbilled_total",
    ["provider", "model"],
    "Calls that a provider billed above their bound.",
  ),
  overbilledUsd: named(
    "overbilled_usd_total",
    ["provider", "model"],
    "USD that providers billed above the bounds of calls.",
  ),
  overbilledTokens: named(
    "overbilled_tokens_total",
    ["provider", "model"],
    "Tokens above the bounds of calls, where their money was within its own.",
  ),
  releasedUsd: released("usd"),
  releasedTokens: released("tokens"),
  releasedCalls: released("calls"),
  tasksEnded: named(
    "tasks_ended_total",
    ["agent", "outcome"],
    "Tasks that ended; `unknown` are those that nobody went on with.",
  ),
  alarms: named(
    "breaker_alarms_total",
    ["agent", "rule", "action"],
    "Alarms of breakers; with the action `trip` the agent was paused.",
  ),
  notices: named(
    "notices_total",
    ["notifier", "kind", "outcome"],
    "Attempts to tell people, by what became of them: `sent`, `retried`, `given_up`.",
  ),
  faults: named("provider_faults_total", ["provider", "fault"], "Calls that ended in a fault."),
  happened: named("events_total", ["event"], "Events that are worth an alert."),
  journal: named("journal_entries_total", ["event"], "Events recorded for the journal."),
  spans: named(
    "spans_total",
    ["became"],
    "Spans of traces: `exported`, or dropped as `no-room`, `unreachable` or `rejected`.",
  ),
  errors: named("internal_errors_total", ["where"], "Errors inside the gateway; each refused."),
} as const;

const HERE = "observed as it ends, as far as this process served it";

export const HISTOGRAMS = {
  taskTokens: named("task_tokens", ["agent"], `Tokens of a task, all kinds together: ${HERE}.`),
  taskSpend: named("task_spend_usd", ["agent"], `USD charged for a task: ${HERE}.`),
  taskCalls: named("task_calls", ["agent"], `Calls of a task that were sent: ${HERE}.`),
  decision: named("decision_seconds", [], "From a request's last byte to the decision on it."),
  firstByte: named(
    "provider_first_byte_seconds",
    ["provider"],
    "From the decision to the first byte of the provider's answer.",
  ),
  tool: named("tool_seconds", ["server"], "From the decision to the end of a tool's answer."),
  policy: named("policy_seconds", ["policy"], "From a question to a policy to its answer."),
  provider: named("provider_seconds", ["provider"], "From the decision to the answer's end."),
} as const;

const BUDGET_HELP = {
  limit: "The cap of a budget's account.",
  spent: "Charged to the account in this window.",
  reserved: "Set aside for calls in flight of this process.",
  leased: "Held by processes to spend from; reserved amounts included.",
  forfeited: "Held by processes that died, and charged until proven otherwise.",
  committed: "Set aside for what tools have begun and goes on costing.",
  remaining: "What may still be spent, as this process knows it.",
} as const;

export const GAUGES = {
  info: named("info", ["version", "configuration"], "What runs: always 1."),
  agent: named(
    "agent_info",
    ["agent", "team", "org", "owner"],
    "An agent and the labels of its manifest, to route alerts by: always 1.",
  ),
  clutch: named("clutch", ["agent", "state"], "1 for the state that an agent's clutch is in."),
  decisionLog: named(
    "decision_log_entries_total",
    ["fate"],
    "Decisions by policy, by what became of their entries in the decision log.",
  ),
  parked: named("parked_calls", ["agent"], "Calls of an agent that wait for a person, stored."),
  reviews: named("reviews_open", ["agent", "kind"], "Reviews that wait for a person."),
  reviewAge: named(
    "review_oldest_age_seconds",
    ["agent", "kind"],
    "Since the oldest of them was opened.",
  ),
  held: named("held_calls", ["agent"], "Of those, the clients that wait at this process."),
  commitments: named(
    "commitments",
    ["agent", "state"],
    "What tools of an agent have begun and goes on costing: a missing series is none.",
  ),
  commitmentRate: named(
    "commitments_usd_per_hour",
    ["agent", "state"],
    "USD an hour that it costs.",
  ),
  inFlight: named("calls_in_flight", [], "Calls that were admitted and have not ended."),
  storeUp: named("store_up", [], "1 while the store answers."),
  heartbeatAge: named(
    "heartbeat_age_seconds",
    [],
    "Since the sending of the last heartbeat that the store answered.",
  ),
  journalWaiting: named("journal_waiting", [], "Journal entries that are not in the store yet."),
  modelsFlagged: named(
    "models_flagged",
    [],
    "Models reserved at their maximum because they billed above their bound once.",
  ),
  noticesPending: named(
    "notices_pending",
    ["notifier"],
    "Notices that people are still to be told.",
  ),
  remoteUp: named("remote_up", [], "1 while the Git remote answers; what is in force stays."),
  remoteRejected: named(
    "remote_rejected",
    [],
    "1 while the newest commit does not validate and an older one is in force.",
  ),
  remoteAge: named("remote_age_seconds", [], "Since the Git remote last answered."),
  budget: (amount: keyof typeof BUDGET_HELP, unit: Unit) =>
    named(
      `budget_${amount}_${unit}`,
      ["budget", "scope"],
      `${NAMES[unit]}. ${BUDGET_HELP[amount]}`,
    ),
} as const;
