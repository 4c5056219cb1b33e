/**
 * What the control plane's API answers: snake_case names, amounts as decimal texts in fields that
 * end in their unit, ISO times.
 */
import { formatAmount, inUnit, UNITS, type Unit } from "../guards/budget/unit.ts";
import type { Millis } from "../guards/money.ts";
import type { KeyRecord, ModelFlag, TaskRecord } from "../ports/store.ts";
import { eventOf } from "../telemetry/entry-text.ts";
import type { BudgetState, InputRow, RemoteState, Status, StoredEntry } from "./operations.ts";
import type { FlagView, RemoteView, StatusView } from "./schemas/gateway.ts";
import type { EntryView, InputView } from "./schemas/journal.ts";
import type { BudgetView } from "./schemas/money.ts";
import type { KeyView, TaskView } from "./schemas/people.ts";

/** An instant as ISO text. */
export function iso(at: Millis): string {
  return new Date(at).toISOString();
}

export function isoOrNull(at: Millis | null): string | null {
  return at === null ? null : iso(at);
}

export function budgetView(state: BudgetState): BudgetView {
  const { budget: name, ends, scope, unit } = state;
  const { committed, forfeited, leased, limit, remaining, reserved, spent } = state;
  const amounts = { limit, spent, reserved, leased, forfeited, committed, remaining };
  return { name, scope, unit, ...inUnit(unit, amounts), window_ends_at: isoOrNull(ends) };
}

function remoteView({ answeredAt, commit, lost, rejected, source }: RemoteState): RemoteView {
  return {
    source,
    commit,
    answered_at: isoOrNull(answeredAt),
    lost: lost === null ? null : { ...lost, since: iso(lost.since) },
    rejected: rejected === null ? null : { ...rejected, at: iso(rejected.at) },
  };
}

export function statusView(status: Status): StatusView {
  const { ready, store } = status;
  return {
    version: status.version,
    configuration: status.configuration,
    commit: status.commit,
    remote: status.remote === null ? null : remoteView(status.remote),
    host: status.host,
    pid: status.pid,
    started_at: iso(status.startedAt),
    agent_url: status.agentUrl,
    control_url: status.controlUrl,
    ready: ready.ready,
    because: ready.ready ? null : ready.because,
    store: {
      kind: store.kind,
      up: store.up,
      heartbeat_age_ms: Math.round(store.heartbeatAgeMs),
      gateways: store.gateways,
    },
    calls_in_flight: status.callsInFlight,
    agents: status.agents,
    agents_paused: status.agentsPaused,
    providers: status.providers.map(({ name, kind }) => ({ name, kind })),
    prices_from: status.pricesFrom,
    models_flagged: status.modelsFlagged,
  };
}

/** A key without its hash: nothing here helps to guess it. */
export function keyView(key: KeyRecord): KeyView {
  const { holder } = key;
  return {
    id: key.id,
    kind: holder.kind,
    agent: holder.kind === "operator" ? null : holder.agent,
    task: holder.kind === "task" ? holder.task : null,
    operator: holder.kind === "operator" ? holder.name : null,
    role: holder.kind === "operator" ? holder.role : null,
    created_at: iso(key.createdAt),
    expires_at: isoOrNull(key.expiresAt),
    revoked_at: isoOrNull(key.revokedAt),
  };
}

export function taskView(task: TaskRecord): TaskView {
  return {
    agent: task.agent,
    task: task.id,
    parent: task.parent,
    opened_at: iso(task.openedAt),
    last_seen_at: iso(task.lastSeenAt),
    ended_at: isoOrNull(task.endedAt),
    outcome: task.outcome,
  };
}

export function flagView(flag: ModelFlag): FlagView {
  const { provider, model, what, since, call } = flag;
  return { provider, model, what, since: iso(since), call };
}

/** Fields of events that are amounts, wherever they stand. */
const AMOUNTS: ReadonlySet<string> = new Set([
  ...["reserved", "charged", "billed", "amount"],
  ...["accrued", "left"],
]);
/** What guards say has names of their own, which are nobody's fields. */
const VERBATIM: ReadonlySet<string> = new Set(["numbers", "facts", "serverTools"]);

function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  const unit = unitOf(value);
  const view: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const plain = name.replace(/(?<=[a-z])[A-Z\d]/g, (next) => `_${next.toLowerCase()}`);
    if (name === "perHour") view.usd_per_hour = amountText("usd", inner);
    else if (AMOUNTS.has(name)) view[`${plain}_${unit}`] = amountText(unit, inner);
    else view[plain] = VERBATIM.has(name) ? inner : shown(inner);
  }
  return view;
}

/** Amounts are nano-USD, unless a unit stands beside them. */
function unitOf(value: object): Unit {
  const named = "unit" in value ? value.unit : null;
  return UNITS.find((unit) => unit === named) ?? "usd";
}

function amountText(unit: Unit, amount: number | string | null): string | null {
  return amount === null ? null : formatAmount(unit, BigInt(amount));
}

/** An event for readers: amounts by their unit, names in snake_case. */
export function eventView(event: object): Readonly<Record<string, unknown>> {
  // `shown` turns an object into an object.
  return shown(event) as Readonly<Record<string, unknown>>;
}

export function inputView({ at, decision, position, said }: InputRow): InputView {
  // `as`: the gateway wrote an object.
  return { ...(JSON.parse(said) as object), position, at: iso(at), decision };
}

export function entryView(entry: StoredEntry): EntryView {
  const { position, writer, no, at, kind, decision, agent, task, code, hash } = entry;
  const columns = { position, writer, no, at: iso(at), kind, decision, agent, task, code, hash };
  return { ...columns, event: eventView(eventOf(entry)) };
}
