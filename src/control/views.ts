/**
 * What the control plane's API answers: snake_case names, amounts as decimal texts in fields that
 * end in their unit, ISO times.
 */
import type { Issue } from "../config/configuration.ts";
import { formatAmount, type InUnit, inUnit, UNITS, type Unit } from "../guards/budget/unit.ts";
import type { Millis } from "../guards/money.ts";
import type { KeyRecord, ModelFlag, TaskRecord } from "../ports/store.ts";
import { eventOf } from "../telemetry/entry-text.ts";
import type { BudgetState, InputRow, RemoteState, Status, StoredEntry } from "./operations.ts";

/** An instant as ISO text. */
export function iso(at: Millis): string {
  return new Date(at).toISOString();
}

function isoOrNull(at: Millis | null): string | null {
  return at === null ? null : iso(at);
}

type BudgetAmount =
  | "limit"
  | "spent"
  | "reserved"
  | "leased"
  | "forfeited"
  | "committed"
  | "remaining";

export type BudgetView = InUnit<BudgetAmount> & {
  readonly name: string;
  readonly scope: string;
  readonly unit: Unit;
  readonly window_ends_at: string | null;
};

export function budgetView(state: BudgetState): BudgetView {
  const { budget: name, ends, scope, unit } = state;
  const { committed, forfeited, leased, limit, remaining, reserved, spent } = state;
  const amounts = { limit, spent, reserved, leased, forfeited, committed, remaining };
  return { name, scope, unit, ...inUnit(unit, amounts), window_ends_at: isoOrNull(ends) };
}

export interface RemoteView {
  readonly source: string;
  readonly commit: string | null;
  readonly answered_at: string | null;
  readonly lost: { readonly since: string; readonly because: string } | null;
  readonly rejected: {
    readonly commit: string;
    readonly at: string;
    readonly issues: readonly Issue[];
  } | null;
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

export interface StatusView {
  readonly version: string;
  readonly configuration: string;
  readonly commit: string | null;
  readonly remote: RemoteView | null;
  readonly host: string;
  readonly pid: number;
  readonly started_at: string;
  readonly agent_url: string;
  readonly control_url: string;
  readonly ready: boolean;
  readonly because: string | null;
  readonly store: {
    readonly kind: string;
    readonly up: boolean;
    readonly heartbeat_age_ms: number;
    readonly gateways: number;
  };
  readonly calls_in_flight: number;
  readonly agents: readonly string[];
  /** Those of them whose clutch is not engaged. */
  readonly agents_paused: readonly string[];
  readonly providers: readonly { readonly name: string; readonly kind: string }[];
  readonly prices_from: string;
  readonly models_flagged: number;
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

export interface KeyView {
  readonly id: string;
  readonly kind: "agent" | "task" | "operator";
  readonly agent: string | null;
  readonly task: string | null;
  readonly operator: string | null;
  readonly role: string | null;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
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

/** A new key: the only answer that ever holds a secret. */
export interface MadeKeyView extends KeyView {
  readonly key: string;
}

export interface TaskView {
  readonly agent: string;
  readonly task: string;
  readonly parent: string | null;
  readonly opened_at: string;
  readonly last_seen_at: string;
  readonly ended_at: string | null;
  readonly outcome: string | null;
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

export interface FlagView {
  readonly provider: string;
  readonly model: string;
  readonly what: "output" | "input";
  readonly since: string;
  readonly call: string;
}

export function flagView(flag: ModelFlag): FlagView {
  const { provider, model, what, since, call } = flag;
  return { provider, model, what, since: iso(since), call };
}

export interface EntryView {
  readonly position: number;
  readonly writer: string;
  readonly no: number;
  readonly at: string;
  readonly kind: string;
  readonly decision: string | null;
  readonly agent: string | null;
  readonly task: string | null;
  readonly code: string | null;
  readonly hash: string;
  readonly event: Readonly<Record<string, unknown>>;
}

export interface JournalPage {
  readonly entries: readonly EntryView[];
  /** To be given as `after` for what follows; null when there was nothing. */
  readonly next: number | null;
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

/** One call as it was asked: `kind` says of what. */
export interface InputView {
  readonly position: number;
  readonly at: string;
  readonly decision: string;
  readonly [said: string]: unknown;
}

export interface InputPage {
  readonly inputs: readonly InputView[];
  /** The place to ask on from; null: there are no more. */
  readonly next: number | null;
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
